//! Clients: transactions in, answers out when they are durable here and where the setting asks for.

use std::rc::Rc;

use super::{Mode, Server, SynchronousCommit};
use crate::parts::service::{self, Answer, Reply, Transaction, evaluate};
use crate::parts::streaming_replication::synchronous::SyncRule;
use crate::parts::wal::{Body, Lsn, WalError};

impl Server {
    pub(super) async fn serve_clients(self: Rc<Self>) {
        let answer = |transaction: Transaction| {
            let server = self.clone();
            async move { server.carry_out(&transaction).await }
        };
        service::answer_calls(&self.process, service::PORT, answer).await;
    }

    async fn carry_out(&self, transaction: &Transaction) -> Answer {
        let refusal = match self.mode.get() {
            Mode::Primary if self.surroundings.serves_clients() => None,
            Mode::Primary => Some("a witness serves nobody"),
            Mode::Starting => Some("the database system is starting up"),
            Mode::Stopping => Some("the database system is shutting down"),
            Mode::Standby => Some("session is read-only"),
        };
        if let Some(refusal) = refusal {
            return Answer::Refused(refusal.to_owned());
        }
        self.running.set(self.running.get() + 1);
        let answer = self.commit(transaction).await;
        self.running.set(self.running.get() - 1);
        self.changed.notify();
        answer
    }

    async fn commit(&self, transaction: &Transaction) -> Answer {
        let (replies, until) = match self.submit(transaction) {
            Ok(submitted) => submitted,
            Err(WalError::Closed) => return Answer::Refused("the database system is shutting down".to_owned()),
            Err(error) => self.panic(error).await,
        };
        let waits_for = self.settings().synchronous_commit;
        if waits_for == SynchronousCommit::Off {
            return Answer::Committed(replies);
        }
        match self.flush(until).await {
            Ok(()) => {}
            Err(WalError::Closed) => return Answer::Unknown("the server was stopped".to_owned()),
            Err(error) => self.panic(error).await,
        }
        if waits_for == SynchronousCommit::On && !self.confirmed(until).await {
            let warning = "canceling the wait for synchronous replication and terminating connection";
            return Answer::Unknown(warning.to_owned());
        }
        Answer::Committed(replies)
    }

    fn submit(&self, transaction: &Transaction) -> Result<(Vec<Reply>, Lsn), WalError> {
        let mut buffer = self.buffer.borrow_mut();
        let (replies, changes) = evaluate(&transaction.actions, |key| buffer.row(key).cloned().unwrap_or_default());
        if changes.is_empty() {
            return Ok((replies, self.log_end()));
        }
        let appended = self.append(Some(transaction.id), &Body::Commit { changes: changes.clone() })?;
        buffer.apply(changes, appended.end);
        Ok((replies, appended.end))
    }

    /// Waits until the standbys that count have everything before a position; false if the server stops first.
    async fn confirmed(&self, until: Lsn) -> bool {
        self.changed
            .wait_for(|| match self.is_confirmed(until) {
                true => Some(true),
                false => (self.mode.get() != Mode::Primary).then_some(false),
            })
            .await
    }

    fn is_confirmed(&self, until: Lsn) -> bool {
        let Ok(Some(rule)) = SyncRule::parse(&self.settings.borrow().synchronous_standby_names) else { return true };
        let peers = self.peers.borrow();
        let streaming = peers.values().filter(|peer| peer.view.streaming);
        let standbys: Vec<(String, Lsn)> = streaming.map(|peer| (peer.view.name.clone(), peer.view.flush)).collect();
        rule.confirmed(&standbys).is_some_and(|confirmed| confirmed >= until)
    }
}
