//! The book in which all clients of a run write what they did and were told.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use nodes::parts::service::{self, Row};
use nodes::world::digest::Digest;
use nodes::world::process::Process;
use nodes::world::time::Instant;
use nodes::world::trace::What;

use crate::history::{Action, History, Key, Operation, Outcome, Reply};

/// The ledger of one run; clones share it.
#[derive(Clone, Default)]
pub(in crate::run) struct Ledger {
    operations: Rc<RefCell<Vec<Operation>>>,
}

/// An operation under way.
pub(super) struct Entry {
    number: usize,
}

impl Ledger {
    /// A client calls.
    pub(super) fn call(
        &self,
        process: &Process,
        session: u64,
        node: &str,
        transaction: &service::Transaction,
    ) -> Entry {
        let client = transaction.id.client;
        let number = self.operations.borrow().len();
        let event = note(process, client, number, "called", Digest::of(&transaction.actions));
        self.operations.borrow_mut().push(Operation {
            client: u64::from(client),
            session,
            called: process.world().now(),
            returned: None,
            called_event: Some(event),
            returned_event: None,
            node: Some(node.to_owned()),
            replica_read: false,
            actions: transaction.actions.iter().map(action).collect(),
            outcome: Outcome::Unknown,
        });
        Entry { number }
    }

    /// A client was answered, or gave up.
    pub(super) fn close(&self, process: &Process, entry: &Entry, outcome: Outcome) {
        let phase = match outcome {
            Outcome::Ok(_) => "ok",
            Outcome::Failed(_) => "failed",
            Outcome::Unknown => "unknown",
        };
        let client = self.operations.borrow()[entry.number].client as u32;
        let event = note(process, client, entry.number, phase, digest_of(&outcome));
        let operation = &mut self.operations.borrow_mut()[entry.number];
        operation.returned = Some(process.world().now());
        operation.returned_event = Some(event);
        operation.outcome = outcome;
    }

    /// Whether a write that these hosts were asked for since a moment is durable.
    pub(in crate::run) fn has_durable_write(&self, since: Instant, hosts: &[String]) -> bool {
        let operations = self.operations.borrow();
        let mut later = operations.iter().rev().take_while(|it| it.called >= since);
        later.any(|it| it.is_durable_write() && it.is_answered_by(hosts))
    }

    /// Everything written down.
    pub(in crate::run) fn take(&self, initial: BTreeMap<Key, Row>) -> History {
        History { initial, operations: self.operations.take(), ..History::default() }
    }
}

fn note(process: &Process, client: u32, number: usize, phase: &'static str, digest: u64) -> u64 {
    process.world().record(process.place(), What::Client { client, operation: number as u64, phase, digest })
}

fn digest_of(outcome: &Outcome) -> u64 {
    let mut digest = Digest::new();
    if let Outcome::Ok(replies) = outcome {
        for reply in replies {
            match reply {
                Reply::Row(row) => digest.word(Digest::of(row)),
                Reply::Matched(matched) => digest.word(u64::from(*matched) + 1),
                Reply::Done => digest.word(3),
            }
        }
    }
    digest.value()
}

fn action(action: &service::Action) -> Action {
    match *action {
        service::Action::Read { key } => Action::Read { key },
        service::Action::Write { key, value } => Action::Write { key, value },
        service::Action::CompareAndSet { key, expected, new } => Action::CompareAndSet { key, expected, new },
        service::Action::Append { key, value } => Action::Append { key, value },
        service::Action::Add { key, delta } => Action::Add { key, delta },
    }
}

/// A reply of the service as a history tells it.
pub(super) fn reply(reply: &service::Reply) -> Reply {
    match reply {
        service::Reply::Row(row) => Reply::Row(row.clone()),
        service::Reply::Matched(matched) => Reply::Matched(*matched),
        service::Reply::Done => Reply::Done,
    }
}
