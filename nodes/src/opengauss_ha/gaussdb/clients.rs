//! Clients: a commit is answered when it is durable here and confirmed by the standbys it waits for.
//!
//! A read waits for the same, because openGauss shows a commit to others only when its own wait is over.

use std::rc::Rc;

use super::super::rules::quorum::Confirmed;
use super::{SenderState, Server};
use crate::fields;
use crate::parts::service::{self, Answer, Reply, Transaction, evaluate};
use crate::parts::wal::{Body, Lsn, WalError, Writer};

impl Server {
    pub(super) async fn serve_clients(self: Rc<Self>) {
        let process = self.process.clone();
        service::answer_calls(&process, service::PORT, move |transaction: Transaction| {
            let server = self.clone();
            async move { server.carry_out(&transaction).await }
        })
        .await;
    }

    fn takes_writes(&self) -> Result<Writer, &'static str> {
        if self.stop.get() {
            return Err("the database system is shutting down");
        }
        if self.demoting.get() {
            return Err("the database system is demoting");
        }
        if self.recovering.get() || self.promoting.get() {
            return Err("the database system is starting up");
        }
        match &*self.writer.borrow() {
            Some(writer) if self.mode.get().is_writable() => Ok(writer.clone()),
            _ => Err("cannot execute in a read-only transaction"),
        }
    }

    async fn carry_out(&self, transaction: &Transaction) -> Answer {
        let writer = match self.takes_writes() {
            Ok(writer) => writer,
            Err(refusal) => return Answer::Refused(refusal.to_owned()),
        };
        self.running.set(self.running.get() + 1);
        let answer = self.commit(&writer, transaction).await;
        self.running.set(self.running.get() - 1);
        self.changed.notify();
        answer
    }

    async fn commit(&self, writer: &Writer, transaction: &Transaction) -> Answer {
        let (replies, until) = match self.submit(writer, transaction) {
            Ok(submitted) => submitted,
            Err(WalError::Closed) => return Answer::Refused("the database system is shutting down".to_owned()),
            Err(error) => self.panic(error).await,
        };
        let level = self.plan.parameters.synchronous_commit.as_str();
        if level == "off" {
            return Answer::Committed(replies);
        }
        match writer.flush_to(until).await {
            Ok(()) => self.changed.notify(),
            Err(WalError::Closed) => return Answer::Unknown("the server was stopped".to_owned()),
            Err(error) => self.panic(error).await,
        }
        let waits = level != "local" && self.mode.get() == super::ServerMode::Primary;
        if waits && !self.plan.has_defect("commit-waits-for-nobody") && !self.is_confirmed_in_time(until).await {
            return Answer::Unknown(
                "canceling wait for synchronous replication: already committed locally, but might not have been \
                 replicated to the standby"
                    .to_owned(),
            );
        }
        Answer::Committed(replies)
    }

    fn submit(&self, writer: &Writer, transaction: &Transaction) -> Result<(Vec<Reply>, Lsn), WalError> {
        let mut buffer = self.buffer.borrow_mut();
        let (replies, changes) = evaluate(&transaction.actions, |key| buffer.row(key).cloned().unwrap_or_default());
        if changes.is_empty() {
            return Ok((replies, writer.end()));
        }
        let appended = writer.append(Some(transaction.id), &Body::Commit { changes: changes.clone() })?;
        buffer.apply(changes, appended.end);
        Ok((replies, appended.end))
    }

    /// Waits until the standbys that count have everything before a position; false if the reign ends first.
    async fn is_confirmed_in_time(&self, until: Lsn) -> bool {
        let until = Lsn(self.store.reach(until));
        let begun = self.reconnections.get();
        // The real defect: a walsender that begins anew forgets whom it had to wake.
        let is_forgotten = || self.plan.has_defect("waiters-lost-on-reconnect") && self.reconnections.get() != begun;
        self.changed
            .wait_for(|| match self.confirmed.get() >= until || self.nobody_is_waited_for() {
                true => (!is_forgotten()).then_some(true),
                false if is_forgotten() => None,
                false => (self.stop.get() || self.demoting.get()).then_some(false),
            })
            .await
    }

    fn nobody_is_waited_for(&self) -> bool {
        self.plan.sync.is_none() || self.standalone.get()
    }

    /// Counts anew how far commits are confirmed, after the standby of `reporter` has said how far it is or has gone.
    pub(super) fn count_confirmations(&self, reporter: Option<usize>) {
        let Some(rule) = &self.plan.sync else { return };
        let level = self.plan.parameters.synchronous_commit.as_str();
        let (living, of_reporter): (Vec<(String, Lsn)>, Option<Lsn>) = {
            let senders = self.senders.borrow();
            let position = |sender: &super::Sender| match level {
                "remote_receive" => sender.receive,
                "remote_write" => sender.write,
                "remote_apply" => sender.apply,
                _ => sender.flush,
            };
            let streaming = senders.iter().filter(|(_, sender)| sender.state == SenderState::Streaming);
            let living = streaming.map(|(node, sender)| (self.plan.node(*node).name.clone(), position(sender)));
            (living.collect(), reporter.and_then(|node| senders.get(&node)).map(position))
        };
        let confirmed = rule.confirmed(&living, self.most_available.get());
        self.note_standalone(confirmed == Confirmed::Standalone);
        if let Confirmed::UpTo(position) = confirmed {
            // The real defect: whoever reported last releases the waiters up to his own position.
            let reached = match of_reporter {
                Some(own) if self.plan.has_defect("quorum-takes-reporters-position") => own,
                _ => position,
            };
            self.confirmed.set(self.confirmed.get().max(reached));
        }
        self.changed.notify();
    }

    fn note_standalone(&self, standalone: bool) {
        if self.standalone.replace(standalone) != standalone {
            let text = match standalone {
                true => "synchronous master is now standalone",
                false => "standalone synchronous master now have synchronous standby",
            };
            self.log("LOG", text);
            self.process.announce("sync.standalone", fields! { standalone: standalone });
        }
    }
}
