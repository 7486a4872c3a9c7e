//! How it came to the first violation: what was done and what changed before it, in order.

use reports::{Answer, Check, Entry, EntryKind, Importance, Moment, Sentence};

/// The most sentences of a story; the last ones before the violation matter most.
const MOST_SENTENCES: usize = 12;

pub(super) fn story(checks: &[Check], timeline: &[Entry]) -> Vec<Sentence> {
    let violated = checks.iter().filter(|check| check.answer == Answer::Violated);
    let Some(end) = violated.filter_map(|check| check.evidence).map(|evidence| evidence.at).min() else {
        return Vec::new();
    };
    let before = timeline.iter().filter(|entry| entry.at <= end && entry.importance == Importance::Major);
    let first_deed = before.clone().find(|entry| matches!(entry.kind, EntryKind::Step | EntryKind::Fault));
    let from = first_deed.map_or(Moment(0), |entry| entry.at);
    let chain: Vec<&Entry> = before.filter(|entry| entry.at >= from).collect();
    chain[chain.len().saturating_sub(MOST_SENTENCES)..].iter().map(|entry| sentence(entry)).collect()
}

fn sentence(entry: &Entry) -> Sentence {
    let who = match (&entry.lane, &entry.component) {
        (Some(lane), Some(component)) => format!("{lane} {component}: "),
        (Some(lane), None) => format!("{lane}: "),
        _ => String::new(),
    };
    let english = format!("{} {who}{}", entry.at, entry.text.en);
    match &entry.text.zh {
        Some(chinese) => Sentence::new(english, format!("{} {who}{chinese}", entry.at)),
        None => Sentence::english(english),
    }
}
