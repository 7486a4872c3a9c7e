//! What a walsender and a walreceiver say to each other.

use std::fmt;
use std::rc::Rc;

use super::names::Timeline;
use crate::parts::service::{Key, Row};
use crate::parts::wal::Lsn;
use crate::world::port::PortNumber;

/// The port for replication connections.
pub const REPLICATION_PORT: PortNumber = PortNumber(5433);

/// Bytes of a log. They are printed by their number only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Bytes(Rc<[u8]>);

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes(bytes.into())
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// A message of a stream. `stream` counts the attempts of a receiver: what belongs to an older one is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Replication {
    /// Which attempt of the receiver this belongs to.
    pub stream: u64,
    /// What is said.
    pub say: Say,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Say {
    /// Receiver: send from here on.
    Start {
        /// Its `application_name`.
        name: String,
        /// The slot that keeps the log for it.
        slot: Option<String>,
        /// The database it belongs to.
        system: u64,
        /// The timeline it is on.
        timeline: Timeline,
        /// From where.
        position: Lsn,
    },
    /// Receiver: this far.
    Status {
        /// Written.
        write: Lsn,
        /// Durable.
        flush: Lsn,
        /// Replayed.
        replay: Lsn,
    },
    /// Sender: begins to stream.
    Accepted {
        /// The timeline of the server.
        timeline: Timeline,
    },
    /// Sender: no, for this reason.
    Refused {
        /// The server's words.
        reason: String,
    },
    /// Sender: some records.
    Records {
        /// The timeline of the server now.
        timeline: Timeline,
        /// The position of the first byte.
        from: u64,
        /// The bytes.
        bytes: Bytes,
        /// Where the record behind them begins.
        next: Lsn,
    },
    /// Sender: the timeline of the receiver ends here; the next records belong to another.
    EndOfTimeline {
        /// The next timeline.
        timeline: Timeline,
        /// Where it begins.
        fork: Lsn,
        /// Its history file.
        history: String,
    },
    /// Sender: I am here.
    Keepalive {
        /// How far its log goes.
        end: Lsn,
    },
    /// Sender: the server stops, everything was sent. Receiver: it wants no more.
    Ending,
}

/// A request of a tool that copies from a running server (rewind, base backup).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CopyRequest {
    /// Which database, which history, how far.
    Identify,
    /// The rows of these pages as they are now, with the position up to which they are complete.
    Pages(Vec<u64>),
    /// A checkpoint, and then who it is: where a base backup begins.
    Checkpoint,
    /// Records of the log from a position on, as the bytes they are.
    Log {
        /// Where the first record begins.
        from: Lsn,
        /// None that begins here or later.
        to: Lsn,
    },
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CopyAnswer {
    /// The server says who it is.
    Identity {
        /// The database.
        system: u64,
        /// The timeline it is on.
        timeline: Timeline,
        /// The timeline its control page speaks of.
        control_timeline: Timeline,
        /// The history file of that timeline.
        history: String,
        /// How far its log goes.
        end: Lsn,
        /// Where its last checkpoint's redo begins.
        redo: Lsn,
        /// Where its last checkpoint record is.
        checkpoint: Lsn,
    },
    /// Pages.
    Pages {
        /// The rows of each page asked for.
        rows: Vec<(u64, Vec<(Key, Row)>)>,
        /// They are complete up to here.
        end: Lsn,
    },
    /// Records of the log.
    Log {
        /// The position of the first byte.
        from: u64,
        /// The bytes.
        bytes: Bytes,
        /// Where the record behind them begins.
        next: Lsn,
    },
    /// Not now.
    Refused(String),
}

/// The port for [`CopyRequest`].
pub const COPY_PORT: PortNumber = PortNumber(5434);
