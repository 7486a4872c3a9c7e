//! Packets: what is on the wire, and what the trace says of it.

use std::rc::Rc;

use super::Message;
use crate::world::World;
use crate::world::digest::Digest;
use crate::world::port::Address;
use crate::world::trace::{Incarnation, MessageFate, Place, What};

/// What is inside a packet.
#[derive(Clone)]
pub(crate) enum Body {
    Message { payload: Rc<dyn Message>, call: Option<u64>, reply_to: Option<(u64, Incarnation)> },
    Reset { established: bool },
}

/// A packet on the wire.
pub(crate) struct Packet {
    pub(super) from: Address,
    pub(super) from_incarnation: Incarnation,
    pub(super) to: Address,
    pub(super) body: Body,
    pub(super) digest: u64,
    pub(super) datagram: bool,
    pub(super) epoch: u32,
}

impl Body {
    pub(super) fn payload(&self) -> Option<&Rc<dyn Message>> {
        match self {
            Body::Message { payload, .. } => Some(payload),
            Body::Reset { .. } => None,
        }
    }

    pub(super) fn is_reply(&self) -> bool {
        matches!(self, Body::Message { reply_to: Some(_), .. })
    }

    /// A rough size on the wire: the memory of the value and a header.
    pub(super) fn size(&self) -> u64 {
        self.payload().map_or(60, |payload| 60 + size_of_val(&**payload) as u64)
    }

    pub(super) fn printed(&self) -> String {
        match self {
            Body::Message { payload, reply_to: None, .. } => format!("{payload:?}"),
            Body::Message { payload, .. } => format!("reply {payload:?}"),
            Body::Reset { .. } => "reset".to_owned(),
        }
    }
}

pub(super) fn is_plain(body: &Body) -> bool {
    matches!(body, Body::Message { call: None, reply_to: None, .. })
}

pub(super) fn digest_of(to: Address, body: &Body) -> u64 {
    let mut digest = Digest::new();
    digest.word(u64::from(to.port.0));
    match body {
        Body::Message { payload, call, reply_to } => {
            digest.word(u64::from(call.is_some()) | u64::from(reply_to.is_some()) << 1);
            payload.fold(&mut digest);
        }
        Body::Reset { .. } => digest.word(4),
    }
    digest.value()
}

impl World {
    pub(super) fn note(
        &self,
        from: Address,
        to: Address,
        incarnation: Incarnation,
        fate: MessageFate,
        digest: u64,
        body: &Body,
    ) {
        let (process, folded) = match fate {
            MessageFate::Sent => (from.process, 1),
            MessageFate::Delivered => (to.process, 2),
            MessageFate::Dropped => (to.process, 3),
        };
        let place = Place::Process(process, incarnation);
        let mut folding = Digest::new();
        folding.word(digest);
        folding.word(u64::from(from.process.0) << 40 | u64::from(to.process.0) << 16 | folded);
        self.inner.trace.borrow_mut().record_detail(self.now(), place, folding.value(), || What::Message {
            from: from.process,
            to: to.process,
            fate,
            text: body.printed().into(),
            digest,
        });
    }

    pub(super) fn note_dropped(&self, packet: &Packet) {
        self.note_dropped_parts(packet.from, packet.to, packet.digest, &packet.body);
    }

    pub(super) fn note_dropped_parts(&self, from: Address, to: Address, digest: u64, body: &Body) {
        let incarnation = self.incarnation(to.process);
        self.note(from, to, incarnation, MessageFate::Dropped, digest, body);
    }
}
