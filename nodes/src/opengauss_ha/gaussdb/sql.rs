//! What tools ask a server over SQL: its state, its control file, its pages, its log.

use std::rc::Rc;

use super::super::messages::{Bytes, CopiedPage, SQL_PORT, Shown, Sql, SqlReply};
use super::super::rules::state::db_state;
use super::super::store::StoreError;
use super::Server;
use crate::parts::wal::Lsn;

/// The most bytes of the log in one answer.
const CHUNK: u64 = 256 * 1024;

impl Server {
    pub(super) async fn serve_sql(self: Rc<Self>) {
        let port = self.process.bind::<Sql>(SQL_PORT);
        loop {
            let incoming = port.recv().await;
            let Some(call) = incoming.call else { continue };
            let server = self.clone();
            self.process.spawn(async move {
                let reply = match server.answer(incoming.message).await {
                    Ok(reply) => reply,
                    Err(error) => SqlReply::Refused(error.to_string()),
                };
                server.process.reply(call, reply);
            });
        }
    }

    async fn answer(&self, request: Sql) -> Result<SqlReply, StoreError> {
        if let Sql::Query = request {
            return Ok(SqlReply::Shown(Rc::new(self.shown())));
        }
        let writer = self.writer.borrow().clone().filter(|_| !self.recovering.get() && !self.stop.get());
        let Some(writer) = writer else {
            return Ok(SqlReply::Refused("the database system is not a primary that takes connections".to_owned()));
        };
        Ok(match request {
            Sql::Query | Sql::Control => SqlReply::Control(self.control.borrow().1),
            Sql::FlushPosition => {
                writer.flush_to(writer.end()).await?;
                SqlReply::Position(writer.flushed())
            }
            Sql::Checkpoint => {
                self.checkpoint(false).await?;
                SqlReply::Control(self.control.borrow().1)
            }
            Sql::Pages(pages) => SqlReply::Pages(self.pages(&pages, writer.end())),
            Sql::Log(from) => self.log_from(from, self.store.reach(writer.flushed())).await?,
            Sql::File(name) => SqlReply::File(self.process.read_file(&name)),
        })
    }

    fn shown(&self) -> Shown {
        Shown {
            mode: self.mode.get(),
            state: if self.recovering.get() { "Starting" } else { db_state(&self.standing()).words() },
            detail: self.detail(),
            peers: self.plan.nodes().len() - 1,
            term: self.term(),
            last: self.writer.borrow().as_ref().map_or(self.last.get().lsn, |writer| writer.log_end().last),
            senders: self.senders_shown(),
            receiver: self.receiver_shown(),
        }
    }

    /// Pages as they are now: they hold the log up to `end`.
    fn pages(&self, pages: &[u64], end: Lsn) -> Vec<CopiedPage> {
        let (rows, shape) = (self.buffer.borrow().rows(), self.plan.shape.page_shape());
        let of_page = |page: &u64| {
            let on_it = rows.iter().filter(|(key, _)| shape.page_of(**key) == *page);
            let rows = on_it.map(|(key, row)| (*key, row.clone())).collect();
            CopiedPage { number: *page, lsn: end, rows }
        };
        pages.iter().map(of_page).collect()
    }

    async fn log_from(&self, from: u64, flushed: u64) -> Result<SqlReply, StoreError> {
        let segment_size = self.plan.shape.segment_size;
        if from / segment_size < self.oldest_segment.get() {
            let text = format!("requested WAL segment {} has already been removed", from / segment_size);
            return Ok(SqlReply::Refused(text));
        }
        let to = flushed.max(from).min((from / CHUNK + 1) * CHUNK).min((from / segment_size + 1) * segment_size);
        let bytes = self.store.read_bytes(from, to).await?;
        Ok(SqlReply::Log { bytes: Bytes(bytes.into()), flushed })
    }
}
