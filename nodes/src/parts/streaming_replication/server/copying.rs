//! What a tool can copy from a running server: who it is, and its pages.

use std::rc::Rc;

use super::{Mode, Server};
use crate::parts::streaming_replication::messages::{COPY_PORT, CopyAnswer, CopyRequest};

impl Server {
    pub(super) async fn serve_copies(self: Rc<Self>) {
        let port = self.process.bind::<CopyRequest>(COPY_PORT);
        loop {
            let incoming = port.recv().await;
            let answer = self.copy(&incoming.message);
            port.reply(&incoming, answer);
        }
    }

    fn copy(&self, request: &CopyRequest) -> CopyAnswer {
        if !matches!(self.mode.get(), Mode::Primary | Mode::Standby) {
            return CopyAnswer::Refused("the database system is not ready".to_owned());
        }
        let end = self.log_end();
        match request {
            CopyRequest::Identify => {
                let control = self.control();
                CopyAnswer::Identity {
                    system: self.place.shape.system,
                    timeline: self.timeline.get(),
                    control_timeline: control.timeline,
                    history: self.history.borrow().text(),
                    end,
                    redo: control.redo,
                    checkpoint: control.checkpoint,
                }
            }
            CopyRequest::Pages(pages) => {
                let (rows, shape) = (self.buffer.borrow().rows(), *self.store.pages.shape());
                let of_page = |page: &u64| {
                    let on_it = rows.iter().filter(|(key, _)| shape.page_of(**key) == *page);
                    (*page, on_it.map(|(key, row)| (*key, row.clone())).collect())
                };
                CopyAnswer::Pages { rows: pages.iter().map(of_page).collect(), end }
            }
        }
    }
}
