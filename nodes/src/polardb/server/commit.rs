//! Transactions of a writer: numbered, logged, applied to pages, and acknowledged when the log is durable.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::parts::encoding::Encoder;
use crate::parts::pages::PageError;
use crate::parts::service::{self, Answer, Transaction, evaluate};
use crate::parts::wal::{Appended, Body, RowChange, WalError};

use super::super::log::{Level, Part};
use super::super::rules::Role;
use super::super::shared::PAGES;
use super::super::shared::clog::Status;
use super::pages::read_page;
use super::{Server, kind};

impl Server {
    pub(super) async fn serve_clients(self: Rc<Self>) {
        let answer = |transaction: Transaction| {
            let server = self.clone();
            async move { server.carry_out(&transaction).await }
        };
        service::answer_calls(&self.process, service::PORT, answer).await;
    }

    async fn carry_out(&self, transaction: &Transaction) -> Answer {
        if let Some(refusal) = self.refusal() {
            return Answer::Refused(refusal.to_owned());
        }
        self.sessions.set(self.sessions.get() + 1);
        let answer = self.execute(transaction).await;
        self.sessions.set(self.sessions.get() - 1);
        self.changed.notify();
        answer
    }

    /// Why a session that wants to write cannot begin. Clients ask for a writer (`target_session_attrs=read-write`),
    /// so a reader turns all of them away.
    fn refusal(&self) -> Option<&'static str> {
        match (self.accepting.get(), self.role.get()) {
            _ if self.stopping.get() => Some("the database system is shutting down"),
            (false, _) => Some("the database system is starting up"),
            (true, Role::Replica | Role::Standby) => Some("session is read-only"),
            (true, Role::Primary) => None,
        }
    }

    async fn execute(&self, transaction: &Transaction) -> Answer {
        let pages: BTreeSet<u64> = transaction.actions.iter().map(|action| PAGES.page_of(action.key())).collect();
        for number in pages {
            if let Err(error) = self.make_current(number).await {
                self.log.write(Part::Backend, Level::Error, &error.to_string());
                return Answer::Refused(error.to_string());
            }
        }
        let (replies, changes) = evaluate(&transaction.actions, |key| self.pages.row(key));
        let Some(writer) = self.writer() else { return Answer::Refused("there is no log writer".to_owned()) };
        let numbered = if changes.is_empty() { None } else { Some(self.log_transaction(transaction, changes)) };
        let until = match numbered {
            None => writer.end(),
            Some(Ok((_, appended))) => appended.end,
            Some(Err(WalError::Full { .. } | WalError::TooLarge { .. })) => {
                return Answer::Refused("no space left in pg_wal".to_owned());
            }
            Some(Err(error)) => match self.lose_log(error).await {},
        };
        if let (Some(Ok((xid, _))), true) = (&numbered, self.plan.has_defect("clog-before-log")) {
            self.clog.borrow_mut().set(*xid, Status::Committed);
        }
        if let Err(error) = writer.flush_to(until).await {
            match self.lose_log(error).await {}
        }
        if let Some(Ok((xid, _))) = numbered {
            self.clog.borrow_mut().set(xid, Status::Committed);
        }
        self.changed.notify();
        Answer::Committed(replies)
    }

    /// Gives a transaction its number and puts it into the log and the pages, all at one moment.
    fn log_transaction(&self, transaction: &Transaction, changes: Vec<RowChange>) -> Result<(u64, Appended), WalError> {
        let writer = self.writer().ok_or(WalError::Closed)?;
        let xid = self.next_xid.get();
        let mut payload = Encoder::new();
        payload.u64(xid);
        writer.append(None, &Body::Product { kind: kind::TRANSACTION, payload: payload.into_bytes() })?;
        let body = Body::Commit { changes };
        let appended = writer.append(Some(transaction.id), &body)?;
        self.next_xid.set(xid + 1);
        if let Body::Commit { changes } = body {
            self.pages.change(changes, appended.lsn, appended.end);
        }
        self.plan.show(self.me, |state| state.log_position = appended.end.0);
        Ok((xid, appended))
    }

    /// Brings a page into memory with everything the logindex has for it. After an online promote a session does this
    /// for the pages it touches, before the background replay comes to them.
    ///
    /// # Errors
    /// See [`PageError`].
    pub(super) async fn make_current(&self, number: u64) -> Result<(), PageError> {
        if !self.pages.has(number) {
            self.pages.keep(read_page(&self.storage().pages, number).await?);
        }
        let replay = self.progress.background_replay.get();
        if let Some((from, until)) = replay {
            self.pages.catch_up(number, until, Some(from));
        }
        Ok(())
    }
}
