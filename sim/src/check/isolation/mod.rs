//! `isolation-kept`: transactions do not disturb each other more than their isolation level allows.
//!
//! The workload appends unique values to lists and reads whole lists, after Elle (Kingsbury and Alvaro): a list
//! tells in which order it was written, so the dependencies between transactions can be read off the answers of
//! the clients. A cycle of dependencies means that no order of the transactions explains what was seen; its kind
//! says which levels forbid it.
//!
//! `versions` reads the lists, `lists` finds what one list shows by itself, `graph` collects who must come before
//! whom, `cycles` finds the knots, `words` tells them. A transaction whose outcome is unknown counts if somebody
//! saw a value of it.
//!
//! Not judged: keys that are also written otherwise than by appending, and predicates (phantoms).

mod components;
mod cycles;
mod graph;
mod level;
mod lists;
mod versions;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use reports::{Language, Sentence, sentence};

use super::catalogue::{Check, Example};
use super::{Budget, Finding};
use crate::history::{History, Interval};
use graph::Graph;
pub use level::{LEVELS, Level};
use lists::Shown;
use versions::Lists;

/// The name of the check.
pub const NAME: &str = "isolation-kept";

/// The entry in the catalogue.
pub const CHECK: Check = Check {
    name: NAME,
    promise: "What transactions saw of each other is allowed by the isolation level.",
    promise_zh: "事务之间相互看到的内容都在隔离级别允许的范围之内。",
    example: Example {
        story: "Client 0 looks at list 1, finds nothing and appends to list 2. Client 1 does it the other way round. \
                Whoever came second should have seen the other's append: a write skew, which no serial order allows.",
        text: include_str!("../examples/isolation-kept.jsonl"),
        judge: |text| {
            super::judge_written_history(NAME, text, |history| check(history, Level::default(), Budget::default()))
        },
    },
};

/// Judges the history by an isolation level.
pub fn check(history: &History, level: Level, mut budget: Budget) -> Finding {
    let lists = match Lists::of(history) {
        Ok(lists) => lists,
        Err(twice) => {
            let (key, value) = (history.key_name(twice.key), history.value_name(twice.value));
            let reason = sentence!(
                "Two transactions appended {value} to key {key}: values must be unique to be traced.",
                "两个事务都向键 {key} 追加了 {value}:值必须唯一才能追踪。"
            );
            return Finding::could_not_tell(NAME, reason);
        }
    };
    if lists.keys.values().all(|versions| versions.longest_reader.is_none()) {
        return Finding::could_not_tell(
            NAME,
            ("No client read a list that others append to.", "没有客户端读取过被追加的列表。"),
        );
    }
    let intervals = history.intervals();
    let mut shown = lists::find(history, &lists);
    shown.retain(|shown| level.forbids(shown.anomaly));
    let graph = Graph::of(history, &lists, &intervals);
    if shown.is_empty() && graph.memory() > budget.memory {
        return Finding::could_not_tell(
            NAME,
            ("The dependencies of the history do not fit into the memory allowed.", "历史的依赖关系超出允许的内存。"),
        );
    }
    if graph.memory() <= budget.memory {
        shown.extend(cycles_shown(history, &graph, level, &mut budget.steps));
    }
    match shown.iter().min_by_key(|shown| (moment(shown, &intervals), shown.anomaly)) {
        None => Finding::holds(NAME),
        Some(first) => violated(history, level, &intervals, first, &shown),
    }
}

fn cycles_shown(history: &History, graph: &Graph, level: Level, steps: &mut u64) -> Vec<Shown> {
    let cycles = cycles::find(graph, level, steps);
    cycles
        .iter()
        .map(|cycle| Shown {
            anomaly: cycle.anomaly,
            operations: words::operations(graph, cycle),
            sentences: words::explain(history, graph, cycle),
        })
        .collect()
}

/// The position of the last answer that shows an anomaly.
fn moment(shown: &Shown, intervals: &[Interval]) -> usize {
    shown.operations.iter().map(|operation| known_until(intervals[*operation])).max().unwrap_or(0)
}

/// The position at which an operation was known: its answer, or its call if it never had one.
fn known_until(interval: Interval) -> usize {
    if interval.returned == crate::history::END { interval.called } else { interval.returned }
}

fn violated(history: &History, level: Level, intervals: &[Interval], first: &Shown, all: &[Shown]) -> Finding {
    let last = first.operations.iter().max_by_key(|operation| known_until(intervals[**operation]));
    let last = last.map(|operation| &history.operations[*operation]);
    let mut sentences =
        vec![sentence!("{}, which {} forbids:", "{},为 {} 所禁止:", first.anomaly.told(), level.name())];
    sentences.extend(first.sentences.iter().cloned());
    sentences.extend(others(first, all));
    let event = last.and_then(|operation| operation.returned_event);
    Finding::violated(NAME, event, last.and_then(|operation| operation.returned), sentences)
}

/// What else was found, counted by kind.
fn others(first: &Shown, all: &[Shown]) -> Option<Sentence> {
    let mut counts = BTreeMap::new();
    for shown in all {
        *counts.entry(shown.anomaly).or_insert(0u64) += 1;
    }
    counts.entry(first.anomaly).and_modify(|count| *count -= 1);
    counts.retain(|_, count| *count > 0);
    let told = |language| {
        let each = counts.iter().map(|(anomaly, count)| format!("{count} × {}", anomaly.told().words(language)));
        each.collect::<Vec<_>>().join(", ")
    };
    let (english, chinese) = (told(Language::English), told(Language::Chinese));
    (!counts.is_empty()).then(|| Sentence::new(format!("Found besides: {english}."), format!("此外还发现:{chinese}。")))
}
