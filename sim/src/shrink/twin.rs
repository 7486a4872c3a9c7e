//! The nearest passing twin: the smallest change to the shrunk scenario that makes it pass.
//!
//! What separates the two is the shortest explanation there is: "it fails unless the kill comes a second later". Times
//! are moved first, by little and then by more; only then is something left out.

use std::collections::BTreeSet;
use std::time::Duration;

use toml::Value;

use super::oracle::Oracle;
use super::passes::with_length;
use super::{all_names, values};
use crate::document::{Document, Kind};

/// A scenario that differs in one thing and passes.
pub struct Twin {
    /// It.
    pub document: Document,
    /// What differs, as the end of "it passes if".
    pub change: String,
}

/// By how much times are moved.
const SHIFTS: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// The first of all small changes, in order of size, after which the check holds.
pub(super) fn nearest(document: &Document, oracle: &mut Oracle<'_>) -> Option<Twin> {
    let mut twins: Vec<Twin> = SHIFTS.into_iter().flat_map(|shift| moved(document, shift)).collect();
    twins.extend(left_out(document));
    let candidates: Vec<Document> = twins.iter().map(|twin| twin.document.clone()).collect();
    let number = oracle.first_passing(&candidates)?;
    twins.into_iter().nth(number)
}

/// Every time of every entry, moved by so much in both directions.
fn moved(document: &Document, shift: Duration) -> Vec<Twin> {
    let mut twins = Vec::new();
    for name in all_names(document) {
        let Some((_, entry)) = document.entry(&name) else { continue };
        for key in ["at", "delay", "for"] {
            let waits = key == "delay" && entry.contains_key("after");
            let now = values::duration(entry.get(key)).or(waits.then_some(Duration::ZERO));
            let Some(now) = now else { continue };
            let later = now + shift;
            let earlier = now.checked_sub(shift).filter(|earlier| key != "for" || !earlier.is_zero());
            for length in [Some(later), earlier].into_iter().flatten() {
                let change =
                    format!("`{key}` of {name} is {} rather than {}", values::length(length), values::length(now));
                twins.push(Twin { document: with_length(document, &name, key, length), change });
            }
        }
    }
    twins
}

/// The scenario without one fault, one step, one defect.
fn left_out(document: &Document) -> Vec<Twin> {
    let without = |name: String| {
        let document = document.without(&BTreeSet::from([name.clone()]));
        Twin { document, change: format!("{name} is left out") }
    };
    let entries = [Kind::Fault, Kind::Step].into_iter().flat_map(|kind| document.names(kind));
    let mut twins: Vec<Twin> = entries.map(without).collect();
    if let Some(Value::Array(defects)) = document.get(&["product", "defects"]) {
        for number in 0..defects.len() {
            let mut fewer = defects.clone();
            let gone = fewer.remove(number);
            let mut sounder = document.clone();
            sounder.set(&["product", "defects"], Value::Array(fewer));
            let gone = gone.as_str().unwrap_or_default().to_owned();
            twins.push(Twin { document: sounder, change: format!("the defect {gone} is switched off") });
        }
    }
    twins
}
