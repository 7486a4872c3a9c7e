//! Heartbeats between nodes, on a channel of their own: a fresh one extends both time-outs of a stream.

use std::rc::Rc;

use super::super::messages::{HEARTBEAT_PORT, Heartbeat};
use super::Server;
use crate::world::port::Address;

impl Server {
    pub(super) async fn send_heartbeats(self: Rc<Self>) {
        loop {
            self.process.sleep(self.plan.parameters.heartbeat_interval).await;
            if self.heartbeat_off.get() {
                continue;
            }
            for peer in self.plan.peers_of(self.me) {
                let to = Address::new(self.plan.node(peer).database, HEARTBEAT_PORT);
                self.process.send_datagram(to, Heartbeat);
            }
        }
    }

    pub(super) async fn hear_heartbeats(self: Rc<Self>) {
        let port = self.process.bind::<Heartbeat>(HEARTBEAT_PORT);
        loop {
            let incoming = port.recv().await;
            if let Some(node) = self.plan.number_of(incoming.from.process) {
                self.heartbeats.borrow_mut().insert(node, self.process.monotonic());
            }
        }
    }
}
