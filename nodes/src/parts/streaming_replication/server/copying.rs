//! What a tool can copy from a running server: who it is, its pages, its log.

use std::rc::Rc;

use super::{Mode, Server};
use crate::parts::streaming_replication::chunk;
use crate::parts::streaming_replication::messages::{COPY_PORT, CopyAnswer, CopyRequest};
use crate::parts::streaming_replication::names;
use crate::parts::wal::Lsn;

impl Server {
    pub(super) async fn serve_copies(self: Rc<Self>) {
        let port = self.process.bind::<CopyRequest>(COPY_PORT);
        loop {
            let incoming = port.recv().await;
            if !matches!(incoming.message, CopyRequest::Checkpoint | CopyRequest::Log { .. }) {
                let answer = self.copy(&incoming.message);
                port.reply(&incoming, answer);
                continue;
            }
            let Some(call) = incoming.call else { continue };
            let server = self.clone();
            self.process.spawn(async move {
                let answer = server.copy_slowly(&incoming.message).await;
                server.process.reply(call, answer);
            });
        }
    }

    /// What needs the device.
    async fn copy_slowly(&self, request: &CopyRequest) -> CopyAnswer {
        if !self.is_open() {
            return not_ready();
        }
        match request {
            CopyRequest::Checkpoint => match self.checkpoint().await {
                Ok(()) => self.copy(&CopyRequest::Identify),
                Err(error) => CopyAnswer::Refused(error.to_string()),
            },
            CopyRequest::Log { from, to } => self.copy_log(*from, *to).await,
            other => self.copy(other),
        }
    }

    async fn copy_log(&self, from: Lsn, to: Lsn) -> CopyAnswer {
        let segment = self.place_of(from);
        if !self.files.has_segment(segment) {
            let name = names::segment_name(self.timeline.get(), segment, self.files.segment_size());
            return CopyAnswer::Refused(format!("requested WAL segment {name} has already been removed"));
        }
        match chunk::read(&self.store.log, from, to.min(self.flushed())).await {
            Ok(Some(chunk)) => CopyAnswer::Log { from: chunk.from, bytes: chunk.bytes, next: chunk.next },
            Ok(None) => CopyAnswer::Refused(format!("could not read from log at {from}: invalid record")),
            Err(error) => CopyAnswer::Refused(error.to_string()),
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.mode.get(), Mode::Primary | Mode::Standby)
    }

    fn copy(&self, request: &CopyRequest) -> CopyAnswer {
        if !self.is_open() {
            return not_ready();
        }
        match request {
            CopyRequest::Pages(pages) => {
                let (rows, shape) = (self.buffer.borrow().rows(), *self.store.pages.shape());
                let of_page = |page: &u64| {
                    let on_it = rows.iter().filter(|(key, _)| shape.page_of(**key) == *page);
                    (*page, on_it.map(|(key, row)| (*key, row.clone())).collect())
                };
                CopyAnswer::Pages { rows: pages.iter().map(of_page).collect(), end: self.log_end() }
            }
            CopyRequest::Identify | CopyRequest::Checkpoint | CopyRequest::Log { .. } => {
                let control = self.control();
                CopyAnswer::Identity {
                    system: self.place.shape.system,
                    timeline: self.timeline.get(),
                    control_timeline: control.timeline,
                    history: self.history.borrow().text(),
                    end: self.log_end(),
                    redo: control.redo,
                    checkpoint: control.checkpoint,
                }
            }
        }
    }
}

fn not_ready() -> CopyAnswer {
    CopyAnswer::Refused("the database system is not ready".to_owned())
}
