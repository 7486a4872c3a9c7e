//! The CM clients of the node: gaussdb and dssserver ask the agent, the agent asks the primary cm_server.

use std::time::Duration;

use super::{Agent, resource_index};
use crate::opengauss_dms::cm::messages::ToServer;
use crate::opengauss_dms::messages::{ClientAnswer, ClientRequest, Resource};
use crate::world::port::CallId;
use crate::world::time::Instant;

/// How long a client's request waits for cm_server.
const REQUEST_WAIT: Duration = Duration::from_secs(5);

/// A client that waits for cm_server.
pub(super) struct Waiting {
    call: CallId,
    until: Instant,
}

impl Agent {
    pub(super) async fn serve_clients(&self) {
        loop {
            let incoming = self.clients.recv().await;
            let Some(call) = incoming.call else { continue };
            if let Some(answer) = self.answer_at_once(&incoming.message) {
                self.process.reply(call, answer);
            } else {
                self.pass_on(call, incoming.message);
            }
        }
    }

    /// Status lists are here; while `cm_ctl pause` is in force nobody takes the reformer lock.
    fn answer_at_once(&self, request: &ClientRequest) -> Option<ClientAnswer> {
        match request {
            ClientRequest::Status(resource) => {
                Some(ClientAnswer::Status(self.state.borrow().lists[resource_index(*resource)].clone()))
            }
            ClientRequest::Lock(Resource::Dms, _) if self.paused() => Some(ClientAnswer::CannotDo),
            _ if self.state.borrow().primary.is_none() => Some(ClientAnswer::ConnectionError),
            _ => None,
        }
    }

    fn pass_on(&self, call: CallId, request: ClientRequest) {
        let mut state = self.state.borrow_mut();
        let Some(primary) = state.primary else { return };
        let number = state.next_number;
        state.next_number += 1;
        state.waiting.insert(number, Waiting { call, until: self.process.monotonic() + REQUEST_WAIT });
        drop(state);
        self.tell_server(self.plan.processes().cm_server[primary], ToServer::ClientRequest { number, request });
    }

    pub(super) fn answer_client(&self, number: u64, answer: ClientAnswer) {
        let waiting = self.state.borrow_mut().waiting.remove(&number);
        if let Some(waiting) = waiting {
            self.process.reply(waiting.call, answer);
        }
    }

    /// Requests that cm_server has not answered in time.
    pub(super) fn expire_waiting(&self) {
        let now = self.process.monotonic();
        self.end_waiting(ClientAnswer::TimedOut, |waiting| now >= waiting.until);
    }

    /// The connection with cm_server is gone.
    pub(super) fn fail_waiting(&self) {
        self.end_waiting(ClientAnswer::ConnectionError, |_| true);
    }

    fn end_waiting(&self, answer: ClientAnswer, which: impl Fn(&Waiting) -> bool) {
        let mut ended = Vec::new();
        self.state.borrow_mut().waiting.retain(|_, waiting| {
            let ends = which(waiting);
            if ends {
                ended.push(waiting.call);
            }
            !ends
        });
        for call in ended {
            self.process.reply(call, answer.clone());
        }
    }
}
