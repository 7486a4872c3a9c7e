//! Slips: the ways in which a person goes wrong with a runbook.

use std::collections::BTreeSet;
use std::time::Duration;

use nodes::world::streams::Seed;
use reports::{Sentence, sentence};
use toml::{Table, Value};

use super::Attempt;
use crate::document::{Document, Kind, name, verb};
use crate::scenario::values::{parse_duration, print_duration};

/// How much too early or too late a person is: the time to read a screen, to the time of a telephone call.
const REACTION: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// Each step: left out, repeated, done twice at once, swapped with the next, on each wrong host, too early, too late.
pub fn slips(document: &Document, seed: u64) -> Vec<Attempt> {
    let steps = document.names(Kind::Step);
    let mut slips = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let mut slip = |what: Sentence, document: Option<Document>| {
            slips.extend(document.map(|document| Attempt { what, at: step.clone(), document }));
        };
        slip(("left out", "遗漏").into(), Some(document.without(&BTreeSet::from([step.clone()]))));
        slip(("repeated when it has ended", "结束后重复执行").into(), repeated(document, step, true));
        slip(("done twice at once", "两人同时执行").into(), repeated(document, step, false));
        if let Some(next) = steps.get(number + 1) {
            slip(sentence!("swapped with {next}", "与 {next} 对调"), swapped(document, step, next));
        }
        for host in document.tables("node").filter_map(name) {
            slip(sentence!("on {host} instead", "误在 {host} 上执行"), elsewhere(document, step, host));
        }
        let reaction = Seed(seed).stream(&format!("sweep/{step}/reaction")).duration(REACTION.0, REACTION.1);
        let reaction = Duration::from_secs(reaction.as_secs());
        slip(sentence!("{} too early", "早了 {}", print_duration(reaction)), moved(document, step, reaction, true));
        slip(sentence!("{} too late", "晚了 {}", print_duration(reaction)), moved(document, step, reaction, false));
    }
    slips
}

/// The step once more: after its end, or at the same moment by somebody else.
fn repeated(document: &Document, step: &str, after_its_end: bool) -> Option<Document> {
    let mut again = document.entry(step)?.1.clone();
    again.insert("name".to_owned(), format!("{step}-again").into());
    if after_its_end {
        again.retain(|key, _| !["at", "after", "delay", "nth"].contains(&key));
        again.insert("after".to_owned(), format!("{step}.ended").into());
    }
    // A second attempt that fails, as it should, must not end the runbook.
    again.insert("if-fails".to_owned(), "continue".into());
    let mut document = document.clone();
    document.push("step", again);
    Some(document)
}

/// Two steps with what is done exchanged; when they are done stays.
fn swapped(document: &Document, step: &str, next: &str) -> Option<Document> {
    let (first, second) = (document.entry(step)?.1, document.entry(next)?.1);
    let mut swapped = document.clone();
    for (when, what) in [(first, second), (second, first)] {
        let entry = swapped.entry_mut(name(when)?)?;
        let is_deed = |key: &str| Some(key) == verb(when) || key == "on" || key == "timeout";
        entry.retain(|key, _| !is_deed(key));
        let deed: Table = what
            .iter()
            .filter(|(key, _)| Some(key.as_str()) == verb(what) || *key == "on" || *key == "timeout")
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        entry.extend(deed);
    }
    Some(swapped)
}

/// The step on another host: where it is typed, or whom it is about. `None` if that is where it was meant to be.
fn elsewhere(document: &Document, step: &str, host: &str) -> Option<Document> {
    let mut wrong = document.clone();
    let entry = wrong.entry_mut(step)?;
    let before = entry.clone();
    let verb = verb(entry)?.to_owned();
    if entry.contains_key("on") {
        entry.insert("on".to_owned(), host.into());
    } else {
        match entry.get_mut(&verb)? {
            Value::String(target) => *target = host.to_owned(),
            Value::Table(arguments) => {
                arguments.get("to")?;
                arguments.insert("to".to_owned(), host.into());
            }
            _ => return None,
        }
    }
    (*entry != before).then_some(wrong)
}

/// The step earlier or later. `None` if it cannot be earlier, because it waits for something to happen.
fn moved(document: &Document, step: &str, by: Duration, earlier: bool) -> Option<Document> {
    let mut other = document.clone();
    let entry = other.entry_mut(step)?;
    let key = if entry.contains_key("at") { "at" } else { "delay" };
    let now = entry.get(key).and_then(Value::as_str).map_or(Some(Duration::ZERO), |text| parse_duration(text).ok())?;
    let then = if earlier { now.checked_sub(by)? } else { now + by };
    entry.insert(key.to_owned(), print_duration(then).into());
    Some(other)
}
