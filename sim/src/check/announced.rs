//! What nodes announced, as the invariants of products read it: lives, fields, ends, and a finding at an event.
//!
//! The checks of every product ask the same few things of a trace. They are here once, so that a product's own folder
//! holds only what is its own, and no product imports another.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use nodes::world::trace::{Event, Fields, Incarnation, Place, ProcessChange, ProcessId, Trace, What, field};
use reports::Sentence;

use super::catalogue::Check;
use super::{Finding, written_trace};

/// A check that judges a trace.
pub type TraceJudge = fn(&Trace) -> Finding;

/// One life of a process.
pub(super) type Life = (ProcessId, Incarnation);

pub(super) fn life(place: Place) -> Option<Life> {
    match place {
        Place::Process(process, incarnation) => Some((process, incarnation)),
        Place::Outside | Place::Host(_) => None,
    }
}

/// An announcement, if the event is one.
pub(super) fn announcement(event: &Event) -> Option<(&'static str, &Fields)> {
    match &event.what {
        What::Announced { name, fields } => Some((name, fields)),
        _ => None,
    }
}

/// Whether the event is the end of a process.
pub(super) fn is_end(event: &Event) -> bool {
    matches!(event.what, What::Process(ProcessChange::Exited(_) | ProcessChange::Killed))
}

pub(super) fn number(fields: &Fields, name: &str) -> Option<i64> {
    field(fields, name)?.number()
}

pub(super) fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    field(fields, name)?.text()
}

/// Which processes say of themselves that they accept writes, and since when.
#[derive(Default)]
pub(super) struct OpenForWrites {
    pub(super) open: BTreeMap<Life, Instant>,
}

impl OpenForWrites {
    /// Takes an event in; true if it opened a process for writes.
    pub(super) fn take(&mut self, event: &Event) -> bool {
        let Some(life) = life(event.place) else { return false };
        match announcement(event) {
            Some(("writes.opened", _)) => {
                self.open.insert(life, event.at);
                return true;
            }
            Some(("writes.closed", _)) => {
                self.open.remove(&life);
            }
            _ if is_end(event) => {
                self.open.remove(&life);
            }
            _ => {}
        }
        false
    }
}

/// A violation at an event, told in sentences.
pub(super) fn violated(check: &Check, event: &Event, explanation: Vec<Sentence>) -> Finding {
    Finding::violated(check.name, Some(event.number), Some(event.at), explanation)
}

/// A violation at an event, told in one sentence.
pub(super) fn violated_in_a_sentence(check: &Check, event: &Event, explanation: Sentence) -> Finding {
    violated(check, event, vec![explanation])
}

/// Judges a written example.
pub(super) fn judge_written(text: &str, check: &Check, judge: TraceJudge) -> Finding {
    match written_trace::read(text) {
        Ok(trace) => judge(&trace),
        Err(error) => Finding::could_not_tell(check.name, error.to_string()),
    }
}
