//! The server a build copies from.

use std::time::Duration;

use super::super::super::messages::{CopiedPage, HANDSHAKE_PORT, Handshake, HandshakeReply, SQL_PORT, Sql, SqlReply};
use super::super::super::pg_control::ControlData;
use super::super::super::rules::handshake::{Identity, VERSION};
use super::super::super::rules::state::ServerMode;
use super::super::super::rules::term;
use super::super::super::store::Store;
use super::super::Tool;
use super::BuildError;
use crate::parts::pages::{Page, PageStamp};
use crate::parts::wal::{Lsn, WriterTag};
use crate::world::port::Address;

/// How long a build waits for a connection and for an answer.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(120);
/// How long it waited while its read time-out was too short.
const SHORT_ANSWER: Duration = Duration::from_secs(10);
/// How many pages are asked for at a time.
const PAGES_AT_ONCE: usize = 4;

impl Tool {
    /// The first peer in `replconninfo` that fits and runs as primary, or stand-alone. Where two nodes are primary, the
    /// order of the list decides which of two histories survives.
    pub(super) async fn find_source(&self) -> Result<usize, BuildError> {
        let own_term = self.options.term.max(term::FIRST);
        for peer in self.plan.peers_of(self.me) {
            let to = Address::new(self.plan.node(peer).database, HANDSHAKE_PORT);
            let answer = self.process.call::<HandshakeReply>(to, Handshake::Identify, CONNECT).await;
            let Ok(HandshakeReply::Identity(Identity { version, term, mode, .. })) = answer else { continue };
            let fits = version == VERSION && term >= own_term;
            if fits && matches!(mode, ServerMode::Primary | ServerMode::Normal) {
                return Ok(peer);
            }
        }
        Err(BuildError::NoSource)
    }

    pub(super) async fn ask(&self, source: usize, request: Sql) -> Result<SqlReply, BuildError> {
        let to = Address::new(self.plan.node(source).database, SQL_PORT);
        let limit = if self.plan.has_defect("build-reads-too-shortly") { SHORT_ANSWER } else { ANSWER };
        match self.process.call::<SqlReply>(to, request, limit).await? {
            SqlReply::Refused(why) => Err(BuildError::Refused(why)),
            reply => Ok(reply),
        }
    }

    pub(super) async fn control_of(&self, source: usize, request: Sql) -> Result<ControlData, BuildError> {
        match self.ask(source, request).await? {
            SqlReply::Control(control) => Ok(control),
            _ => Err(BuildError::Refused("an answer that makes no sense".to_owned())),
        }
    }

    /// The CRC of the source's record at a position; each question is a connection of its own.
    pub(super) async fn crc_of(&self, source: usize, lsn: Lsn) -> Result<u32, BuildError> {
        let to = Address::new(self.plan.node(source).database, HANDSHAKE_PORT);
        match self.process.call::<HandshakeReply>(to, Handshake::Consistence(lsn), CONNECT).await? {
            HandshakeReply::Consistence { asked, .. } => Ok(asked.crc),
            _ => Err(BuildError::Refused("the source is not ready".to_owned())),
        }
    }

    /// Where the source's log is durable now.
    pub(super) async fn end_of(&self, source: usize) -> Result<Lsn, BuildError> {
        match self.ask(source, Sql::FlushPosition).await? {
            SqlReply::Position(position) => Ok(position),
            _ => Err(BuildError::Refused("an answer that makes no sense".to_owned())),
        }
    }

    /// Copies pages over the local ones, in place and not flushed.
    pub(super) async fn copy_pages(&self, source: usize, store: &Store, pages: &[u64]) -> Result<(), BuildError> {
        for some in pages.chunks(PAGES_AT_ONCE) {
            let SqlReply::Pages(copied) = self.ask(source, Sql::Pages(some.to_vec())).await? else { continue };
            let writer = WriterTag { process: self.process.id().0, incarnation: self.process.incarnation().0 };
            for CopiedPage { number, lsn, rows } in copied {
                let stamp = PageStamp { lsn, epoch: self.options.term, writer };
                store.pages.write(&Page { number, stamp, rows: rows.into_iter().collect() }).await?;
            }
            self.take_time().await;
        }
        Ok(())
    }

    /// The primary's pg_hba.conf: no build leaves it out, so a build mends a missing one.
    pub(super) async fn copy_configuration(&self, source: usize, file: &str) -> Result<(), BuildError> {
        if let SqlReply::File(Some(bytes)) = self.ask(source, Sql::File(file.to_owned())).await? {
            self.process.write_file(file, bytes);
        }
        Ok(())
    }
}
