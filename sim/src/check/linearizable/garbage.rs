//! Values that nobody wrote, found before any search.
//!
//! A search refuses such a history only when it has tried every order of what came before, which takes for ever; that a
//! value comes from nowhere is seen by looking at each answer once.

use std::collections::{BTreeMap, BTreeSet};

use reports::{Sentence, sentence};

use super::Violation;
use super::deeds::spelled;
use super::project::KeyOperation;
use crate::history::{Action, History, Key, Reply, Value};

/// The earliest answer after which some answer shows a value that can have come from nowhere. None where values are added
/// up, for there every sum may come from somewhere.
///
/// A comparison counts as a source until its client was told that it failed: before, nobody could know that it was none.
pub fn first(history: &History, key: Key, operations: &[KeyOperation<'_>]) -> Option<Violation> {
    let adds = |(action, _): &(&Action, Option<&Reply>)| matches!(action, Action::Add { .. });
    if operations.iter().any(|operation| operation.actions.iter().any(adds)) {
        return None;
    }
    let mut by_call: Vec<&KeyOperation<'_>> = operations.iter().collect();
    by_call.sort_by_key(|operation| operation.interval.called);
    let mut by_answer = by_call.clone();
    by_answer.sort_by_key(|operation| operation.interval.returned);
    let mut sources = Sources::default();
    sources.written.extend(spelled(history, history.initial_row(key)));
    let mut called = by_call.into_iter().peekable();
    let mut first: Option<(Shown, Value)> = None;
    for answered in by_answer {
        let position = answered.interval.returned;
        if first.as_ref().is_some_and(|(shown, _)| shown.position <= position) {
            break;
        }
        while let Some(operation) = called.next_if(|operation| operation.interval.called < position) {
            sources.begin(history, operation);
        }
        for (_, reply) in &answered.actions {
            let Some(Reply::Row(row)) = reply else { continue };
            for value in spelled(history, row) {
                let Some(shown) = sources.shown_to_be_none(value, answered) else { continue };
                if first.as_ref().is_none_or(|(earlier, _)| shown.position < earlier.position) {
                    first = Some((shown, value));
                }
            }
        }
    }
    let (shown, value) = first?;
    let explanation = explain(history, key, &shown, value);
    Some(Violation { operation: shown.answer, position: shown.position, explanation })
}

/// A value that comes from nowhere, and how one knows.
struct Shown {
    /// The operation that saw it.
    reader: usize,
    /// The operation whose answer leaves no source: the reader, or a comparison that turns out to have failed.
    answer: usize,
    /// The position of that answer.
    position: usize,
}

/// Where the values of a row may have come from by a moment.
#[derive(Default)]
struct Sources {
    /// Values that somebody had begun to write.
    written: BTreeSet<Value>,
    /// Values that only comparisons would have written which failed, with the last of those answers.
    denied: BTreeMap<Value, (usize, usize)>,
}

impl Sources {
    fn begin(&mut self, history: &History, operation: &KeyOperation<'_>) {
        for (action, reply) in &operation.actions {
            match **action {
                Action::Write { value, .. } | Action::Append { value, .. } => {
                    self.written.extend(spelled(history, &[value]));
                }
                Action::CompareAndSet { new, .. } if *reply == Some(&Reply::Matched(false)) => {
                    let answer = (operation.interval.returned, operation.operation);
                    for value in spelled(history, &[new]) {
                        let last = self.denied.entry(value).or_insert(answer);
                        *last = answer.max(*last);
                    }
                }
                Action::CompareAndSet { new, .. } => self.written.extend(spelled(history, &[new])),
                Action::Read { .. } | Action::Add { .. } => {}
            }
        }
    }

    /// When one knows that a value which a reader saw has no source, if it has none.
    fn shown_to_be_none(&self, value: Value, reader: &KeyOperation<'_>) -> Option<Shown> {
        if self.written.contains(&value) {
            return None;
        }
        let read = (reader.interval.returned, reader.operation);
        let (position, answer) = self.denied.get(&value).copied().map_or(read, |denial| denial.max(read));
        Some(Shown { reader: reader.operation, answer, position })
    }
}

fn explain(history: &History, key: Key, shown: &Shown, value: Value) -> Vec<Sentence> {
    let tell = |operation: usize| sentence!("{}.", "{}。", history.tell_on(&history.operations[operation], key));
    let nobody = if history.texts {
        (
            "But part of that text was in nothing that anybody had begun to write by then.",
            "但其中一部分文字到那时还没有任何人开始写。",
        )
            .into()
    } else {
        sentence!(
            "But nobody had begun to write {} by then.",
            "但到那时还没有任何人开始写 {}。",
            history.value_name(value)
        )
    };
    if shown.answer == shown.reader {
        return vec![tell(shown.reader), nobody];
    }
    let denied = sentence!(
        "Only a comparison could have written that, and it failed: {}",
        "只有一次比较并设置可能写入它,而那次失败了:{}",
        tell(shown.answer)
    );
    vec![tell(shown.reader), denied]
}
