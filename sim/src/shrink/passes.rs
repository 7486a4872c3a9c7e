//! Candidates: files with something large taken away, or something simpler in its place. Each function lists what may be
//! tried on a file, the boldest first.

use std::time::Duration;

use nodes::world::time::Instant;
use toml::{Table, Value};

use super::values;
use crate::document::{Document, Kind, name, verb};
use crate::explore::signature::Signature;

/// Only the check that is broken, with the expectation that the scenario had about it.
pub(super) fn only_the_check(document: &Document, signature: &Signature) -> Document {
    let mut alone = document.clone();
    let is_it = |check: &Table| {
        let names = ["always", "eventually", "sometimes"].into_iter().filter_map(|mode| check.get(mode)?.as_str());
        names.into_iter().any(|name| name == signature.check)
    };
    if !document.tables("check").any(is_it) {
        return alone;
    }
    alone.retain("check", is_it);
    alone.remove(&["objectives"]);
    let of =
        |value: &Value| value.as_array().is_some_and(|of| of.iter().any(|it| it.as_str() == Some(&signature.check)));
    let expects_violation = document.get(&["expect", "verdict"]).and_then(Value::as_str) == Some("violation");
    let is_expected = expects_violation && document.get(&["expect", "of"]).is_none_or(of);
    alone.remove(&["expect"]);
    if is_expected {
        alone.set(&["expect", "verdict"], "violation");
        alone.set(&["expect", "of"], Value::Array(vec![signature.check.clone().into()]));
        if let Some(because) = document.get(&["expect", "because"]) {
            alone.set(&["expect", "because"], because.clone());
        }
    }
    alone
}

/// Shorter runs, the shortest first: just behind the violation, and a few later ends for checks that look at the end.
pub(super) fn nearer_horizons(document: &Document, at: Option<Instant>) -> Vec<Document> {
    let Some(now) = values::duration(document.get(&["run", "time-limit"])) else { return Vec::new() };
    let mut ends: Vec<Duration> = [1, 2, 4, 6].into_iter().map(|eighths| whole_seconds(now * eighths / 8)).collect();
    if let Some(at) = at.map(Instant::elapsed) {
        ends.retain(|end| *end > at);
        ends.extend([1, 5, 15].map(|more| whole_seconds(at) + Duration::from_secs(more)));
    }
    ends.retain(|end| *end < now && !end.is_zero());
    ends.sort();
    ends.dedup();
    let ending = |end: Duration| {
        let mut shorter = document.clone();
        shorter.set(&["run", "time-limit"], values::length(end));
        shorter
    };
    ends.into_iter().map(ending).collect()
}

/// Traffic that begins later, the latest first.
pub(super) fn later_starts(document: &Document, at: Option<Instant>) -> Vec<Document> {
    let (Some(at), Some(_)) = (at, document.get(&["workload"])) else { return Vec::new() };
    let now = values::duration(document.get(&["workload", "start"])).unwrap_or_default();
    let starts = [7, 6, 4, 2].map(|eighths| Duration::from_secs((at.elapsed() * eighths / 8).as_secs()));
    let beginning = |start: Duration| {
        let mut later = document.clone();
        later.set(&["workload", "start"], values::length(start));
        later
    };
    starts.into_iter().filter(|start| *start > now).map(beginning).collect()
}

/// Without the weather that the scenario sets: the product's own is simpler to read.
pub(super) fn usual_weather(document: &Document) -> Vec<Document> {
    [&["network"][..], &["storage"]].into_iter().filter_map(|path| without_path(document, path)).collect()
}

/// Without all faults of one verb, one host, the traffic or most of it, one defect, one parameter.
pub(super) fn without_classes(document: &Document) -> Vec<Document> {
    let mut candidates = Vec::new();
    let mut verbs: Vec<&str> = document.tables("fault").filter_map(verb).collect();
    verbs.sort_unstable();
    verbs.dedup();
    for class in verbs {
        let faults = document.tables("fault").filter(|fault| verb(fault) == Some(class));
        candidates.push(document.without(&faults.filter_map(name).map(str::to_owned).collect()));
    }
    for path in [&["workload"][..], &["workload", "pause"]] {
        candidates.extend(without_path(document, path));
    }
    for node in document.tables("node").filter_map(name) {
        let mut smaller = document.clone();
        smaller.retain("node", |it| name(it) != Some(node));
        candidates.push(smaller);
    }
    candidates.extend(fewer(document, &["workload", "clients"], 8, &[1, 2, 4]));
    candidates.extend(fewer(document, &["workload", "keys"], 64, &[1, 2, 8]));
    if let Some(Value::Table(set)) = document.get(&["product", "set"]) {
        candidates.extend(set.keys().filter_map(|key| without_path(document, &["product", "set", key])));
    }
    if let Some(Value::Array(defects)) = document.get(&["product", "defects"]) {
        for number in 0..defects.len() {
            let mut fewer = defects.clone();
            fewer.remove(number);
            let mut sounder = document.clone();
            if fewer.is_empty() {
                sounder.remove(&["product", "defects"]);
            } else {
                sounder.set(&["product", "defects"], Value::Array(fewer));
            }
            candidates.push(sounder);
        }
    }
    candidates
}

/// Rounder and shorter times, a lower rate.
pub(super) fn simpler_values(document: &Document) -> Vec<Document> {
    let mut candidates = Vec::new();
    for kind in Kind::ALL {
        for entry in document.tables(kind.key()) {
            let Some(name) = name(entry) else { continue };
            for key in ["at", "delay", "for", "timeout"] {
                let Some(now) = values::duration(entry.get(key)) else { continue };
                candidates.extend(simpler(key, now).into_iter().map(|length| with_length(document, name, key, length)));
            }
        }
    }
    let rate = document.get(&["workload", "rate"]).and_then(Value::as_str).unwrap_or("100/s");
    let now = rate
        .strip_suffix("/s")
        .and_then(|rate| rate.parse::<u64>().ok())
        .filter(|_| document.get(&["workload"]).is_some());
    for slower in [5_u64, 20, 50].into_iter().filter(|rate| now.is_some_and(|now| *rate < now)) {
        let mut calmer = document.clone();
        calmer.set(&["workload", "rate"], format!("{slower}/s"));
        candidates.push(calmer);
    }
    candidates
}

/// Latencies without chance: the middle of their range.
pub(super) fn less_noise(document: &Document) -> Vec<Document> {
    let default = Value::String("100us..1ms".to_owned());
    let mut both = document.clone();
    let mut candidates = Vec::new();
    for table in ["network", "storage"] {
        let Some((low, high)) = values::range(Some(document.get(&[table, "latency"]).unwrap_or(&default))) else {
            continue;
        };
        let mut quiet = document.clone();
        for document in [&mut quiet, &mut both] {
            document.set(&[table, "latency"], values::length((low + high) / 2));
        }
        candidates.push(quiet);
    }
    if candidates.len() == 2 {
        candidates.insert(0, both);
    }
    candidates
}

/// Lengths of time that are simpler than this one, the simplest first. What lasts and what waits only gets shorter, and
/// a moment only rounder, or simplifying would never end.
fn simpler(key: &str, now: Duration) -> Vec<Duration> {
    let mut lengths = Vec::new();
    let shrinks = key == "for" || key == "delay";
    if key == "delay" {
        lengths.push(Duration::ZERO);
    }
    if shrinks {
        lengths.push(rounded_down(now / 2, Duration::from_millis(10)));
    }
    for unit in [1_000, 100, 10].map(Duration::from_millis) {
        let down = rounded_down(now, unit);
        if down == now {
            break;
        }
        lengths.push(if shrinks { down } else { rounded(now, unit) });
    }
    lengths.retain(|length| *length != now && (key != "for" || !length.is_zero()));
    lengths
}

fn rounded_down(length: Duration, unit: Duration) -> Duration {
    let units = length.as_nanos() / unit.as_nanos();
    unit * u32::try_from(units).unwrap_or(u32::MAX)
}

fn rounded(length: Duration, unit: Duration) -> Duration {
    let units = (length.as_nanos() + unit.as_nanos() / 2) / unit.as_nanos();
    unit * u32::try_from(units).unwrap_or(u32::MAX)
}

/// The file with another length of time in an entry; none at all if it is zero.
pub(super) fn with_length(document: &Document, name: &str, key: &str, length: Duration) -> Document {
    let mut other = document.clone();
    if let Some(entry) = other.entry_mut(name) {
        if length.is_zero() && key == "delay" {
            entry.remove(key);
        } else {
            entry.insert(key.to_owned(), values::length(length).into());
        }
    }
    other
}

fn without_path(document: &Document, path: &[&str]) -> Option<Document> {
    let mut smaller = document.clone();
    smaller.remove(path).then_some(smaller)
}

/// The file with a smaller number at a path, where the table of that path exists.
fn fewer(document: &Document, path: &[&str], default: i64, numbers: &[i64]) -> Vec<Document> {
    if path.split_last().is_none_or(|(_, table)| document.get(table).is_none()) {
        return Vec::new();
    }
    let now = document.get(path).and_then(Value::as_integer).unwrap_or(default);
    let with = |number: i64| {
        let mut smaller = document.clone();
        smaller.set(path, number);
        smaller
    };
    numbers.iter().copied().filter(|number| *number < now).map(with).collect()
}

fn whole_seconds(length: Duration) -> Duration {
    Duration::from_secs(length.as_secs() + u64::from(length.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simplifying_a_length_ends_wherever_it_begins() {
        for key in ["at", "delay", "for", "timeout"] {
            for nanos in [1_u64, 4_999_999, 5_000_000, 499_000_000, 500_000_000, 1_000_000_000, 59_999_999_999] {
                // Always the last, least bold candidate: the longest way there is.
                let mut now = Duration::from_nanos(nanos);
                let mut rounds = 0;
                while let Some(next) = simpler(key, now).last() {
                    now = *next;
                    rounds += 1;
                    assert!(rounds < 100, "{key} goes round in circles at {now:?}");
                }
            }
        }
    }
}
