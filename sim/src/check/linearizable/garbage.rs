//! Values that nobody wrote, found before any search.
//!
//! A search refuses such a history only when it has tried every order of what came before, which takes for ever; that a
//! value comes from nowhere is seen by looking at each answer once.

use std::collections::BTreeSet;

use super::Violation;
use super::deeds::spelled;
use super::project::KeyOperation;
use crate::history::{Action, History, Key, Reply, Value};

/// The earliest answer that shows a value which nobody had begun to write by then. None where values are added up, for
/// there every sum may come from somewhere.
pub fn first(history: &History, key: Key, operations: &[KeyOperation<'_>]) -> Option<Violation> {
    let adds = |(action, _): &(&Action, Option<&Reply>)| matches!(action, Action::Add { .. });
    if operations.iter().any(|operation| operation.actions.iter().any(adds)) {
        return None;
    }
    let mut by_call: Vec<&KeyOperation<'_>> = operations.iter().collect();
    by_call.sort_by_key(|operation| operation.interval.called);
    let mut by_answer = by_call.clone();
    by_answer.sort_by_key(|operation| operation.interval.returned);
    let mut written: BTreeSet<Value> = spelled(history, history.initial_row(key)).into_iter().collect();
    let mut called = by_call.into_iter().peekable();
    for answered in by_answer {
        let position = answered.interval.returned;
        while let Some(operation) = called.next_if(|operation| operation.interval.called < position) {
            written.extend(operation.actions.iter().flat_map(|(action, reply)| values_of(history, action, *reply)));
        }
        for (_, reply) in &answered.actions {
            let Some(Reply::Row(row)) = reply else { continue };
            let unknown = spelled(history, row).into_iter().find(|value| !written.contains(value));
            if let Some(value) = unknown {
                let explanation = explain(history, key, answered.operation, value);
                return Some(Violation { operation: answered.operation, position, explanation });
            }
        }
    }
    None
}

/// What an action may leave in the row.
fn values_of(history: &History, action: &Action, reply: Option<&Reply>) -> Vec<Value> {
    match *action {
        Action::Write { value, .. } | Action::Append { value, .. } => spelled(history, &[value]),
        Action::CompareAndSet { new, .. } if reply != Some(&Reply::Matched(false)) => spelled(history, &[new]),
        Action::CompareAndSet { .. } | Action::Read { .. } | Action::Add { .. } => Vec::new(),
    }
}

fn explain(history: &History, key: Key, operation: usize, value: Value) -> Vec<String> {
    let read = format!("{}.", history.tell_on(&history.operations[operation], key));
    let nobody = if history.texts {
        "But part of that text was in nothing that anybody had begun to write by then.".to_owned()
    } else {
        format!("But nobody had begun to write {} by then.", history.value_name(value))
    };
    vec![read, nobody]
}
