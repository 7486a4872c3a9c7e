//! The order of calls and answers, as plain numbers.
//!
//! Checkers ask only which of two moments came first. Two moments may carry the same time; here each gets a
//! position of its own, once, so that no checker has to think about ties again.

use nodes::world::time::Instant;

use super::{History, Outcome};

/// The position of an answer that never came, or cannot be relied on: after everything.
pub const END: usize = usize::MAX;

/// The positions of a call and of its answer among all calls and answers. Positions begin at 1: 0 is the moment
/// before the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The position of the call.
    pub called: usize,
    /// The position of the answer; [`END`] if the outcome is unknown, for the effect may come at any time.
    pub returned: usize,
}

impl Interval {
    /// Whether this operation was answered before the other was called.
    pub fn before(&self, other: &Interval) -> bool {
        self.returned < other.called
    }
}

/// A call or an answer while it is being put in order.
struct Edge {
    at: Instant,
    event: u64,
    is_return: bool,
    operation: usize,
}

impl History {
    /// The interval of each operation.
    ///
    /// Where every moment has its event number, that number breaks ties. Otherwise a call goes before an answer of
    /// the same time: the two operations then count as concurrent, which can hide a violation but invents none.
    pub fn intervals(&self) -> Vec<Interval> {
        let mut edges = self.edges();
        edges.sort_by_key(|edge| (edge.at, edge.event, edge.is_return, edge.operation));
        let mut intervals = vec![Interval { called: 0, returned: END }; self.operations.len()];
        for (position, edge) in (1..).zip(&edges) {
            let interval = &mut intervals[edge.operation];
            if edge.is_return {
                interval.returned = position;
            } else {
                interval.called = position;
            }
        }
        intervals
    }

    fn edges(&self) -> Vec<Edge> {
        let numbered = self.operations.iter().all(|operation| {
            operation.called_event.is_some() && operation.returned.is_some() == operation.returned_event.is_some()
        });
        let mut edges = Vec::with_capacity(self.operations.len() * 2);
        for (number, operation) in self.operations.iter().enumerate() {
            let called = Edge {
                at: operation.called,
                event: operation.called_event.filter(|_| numbered).unwrap_or(0),
                is_return: false,
                operation: number,
            };
            edges.push(called);
            if let (Some(at), false) = (operation.returned, operation.outcome == Outcome::Unknown) {
                let event = operation.returned_event.filter(|_| numbered).unwrap_or(0);
                // An answer before its own call is nonsense that a reader refuses; here it must only do no harm.
                let at = at.max(operation.called);
                edges.push(Edge { at, event, is_return: true, operation: number });
            }
        }
        edges
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Action, Operation, Reply};

    fn write(client: u64, called: u64, returned: u64, outcome: Outcome) -> Operation {
        let action = Action::Write { key: 1, value: client as i64 };
        Operation::new(client, Instant(called), Some(Instant(returned)), vec![action], outcome)
    }

    fn done() -> Outcome {
        Outcome::Ok(vec![Reply::Done])
    }

    #[test]
    fn a_call_at_the_time_of_an_answer_is_concurrent_with_it() {
        let intervals = History::of(vec![write(0, 1, 5, done()), write(1, 5, 9, done())]).intervals();
        assert!(!intervals[0].before(&intervals[1]));
        assert!(!intervals[1].before(&intervals[0]));
    }

    #[test]
    fn event_numbers_break_ties() {
        let mut history = History::of(vec![write(0, 1, 5, done()), write(1, 5, 9, done())]);
        for (number, operation) in (0u64..).zip(&mut history.operations) {
            operation.called_event = Some(number * 2);
            operation.returned_event = Some(number * 2 + 1);
        }
        let intervals = history.intervals();
        assert!(intervals[0].before(&intervals[1]));
    }

    #[test]
    fn an_unknown_outcome_never_returns() {
        let intervals = History::of(vec![write(0, 1, 2, Outcome::Unknown), write(1, 5, 9, done())]).intervals();
        assert_eq!(intervals[0].returned, END);
        assert!(!intervals[0].before(&intervals[1]));
    }
}
