//! What servers and tools say to each other.
//!
//! The handshake and what a build asks are calls; the stream and its answers are messages on one connection. Every
//! message of a stream carries the number of its attempt, so that nothing of an older attempt is taken for news.

use std::fmt;
use std::rc::Rc;

use super::pg_control::ControlData;
use super::rules::handshake::{Identity, Mark};
use super::rules::state::ServerMode;
use crate::parts::service::{Key, Row};
use crate::parts::wal::Lsn;
use crate::world::port::PortNumber;

/// Where a server answers handshakes.
pub(super) const HANDSHAKE_PORT: PortNumber = PortNumber(15_401);
/// Where a server hears standbys that stream from it.
pub(super) const SENDER_PORT: PortNumber = PortNumber(15_402);
/// Where a standby hears the server it streams from.
pub(super) const RECEIVER_PORT: PortNumber = PortNumber(15_403);
/// The channel of heartbeats.
pub(super) const HEARTBEAT_PORT: PortNumber = PortNumber(15_405);
/// Where a server answers SQL of gs_ctl and gs_rewind.
pub(super) const SQL_PORT: PortNumber = PortNumber(15_400);
/// Where a server hears signals of gs_ctl on its host.
pub(super) const SIGNAL_PORT: PortNumber = PortNumber(10);
/// Where a host takes commands over ssh.
pub(super) const SSH_PORT: PortNumber = PortNumber(22);

/// Bytes of a log; printed as their number and checksum.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Bytes(pub(super) Rc<[u8]>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes {:08x}", self.0.len(), crc32c::crc32c(&self.0))
    }
}

/// A command of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Handshake {
    /// IDENTIFY_VERSION, IDENTIFY_MODE, IDENTIFY_SYSTEM.
    Identify,
    /// IDENTIFY_CONSISTENCE: the record at this position.
    Consistence(Lsn),
}

/// Its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum HandshakeReply {
    Identity(Identity),
    /// The record asked for (CRC 0 if there is none), and the last record of the log.
    Consistence {
        asked: Mark,
        last: Mark,
    },
    /// The server is not ready.
    NotReady,
}

/// What a standby says on a stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Up {
    /// CREATE_REPLICATION_SLOT, START_REPLICATION.
    Start { from: u64, flushed: Lsn },
    /// `r`
    Reply { receive: Lsn, write: Lsn, flush: Lsn, apply: Lsn },
    /// `s`
    SwitchRequest,
}

/// What a primary says on a stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Down {
    /// "requested WAL segment has already been removed".
    SegmentRemoved {
        segment: u64,
    },
    /// `w`
    Wal {
        from: u64,
        bytes: Bytes,
        end: Lsn,
        catchup: bool,
    },
    Keepalive {
        end: Lsn,
        catchup: bool,
        reply_requested: bool,
    },
    /// `p`: promote now.
    Promote,
    /// The primary ends this stream in order.
    Ending,
}

/// A message of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Streamed<M> {
    pub(super) attempt: u64,
    pub(super) say: M,
}

/// A sign of life on its own channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Heartbeat;

/// A signal of gs_ctl to the postmaster of its host, after the file that says what is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum PostmasterSignal {
    /// SIGUSR1: look for signal files.
    Look,
    /// SIGHUP: read the settings anew.
    Reload,
    /// SIGINT: stop, fast.
    StopFast,
}

/// What tools ask a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sql {
    /// What `gs_ctl query` shows.
    Query,
    /// pg_control.
    Control,
    /// The flush position, behind which everything a page can hold is durable.
    FlushPosition,
    /// A checkpoint now; its redo position is where a full copy begins.
    Checkpoint,
    /// Some pages as they are now.
    Pages(Vec<u64>),
    /// The bytes of the log from a position on.
    Log(u64),
    /// A configuration file.
    File(String),
}

/// A page as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CopiedPage {
    pub(super) number: u64,
    /// It holds the log up to here.
    pub(super) lsn: Lsn,
    pub(super) rows: Vec<(Key, Row)>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum SqlReply {
    Shown(Rc<Shown>),
    Control(ControlData),
    Position(Lsn),
    Pages(Vec<CopiedPage>),
    Log { bytes: Bytes, flushed: u64 },
    File(Option<Vec<u8>>),
    Refused(String),
}

/// What `gs_ctl query` learns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shown {
    pub(super) mode: ServerMode,
    pub(super) state: &'static str,
    pub(super) detail: &'static str,
    pub(super) peers: usize,
    pub(super) term: u64,
    /// The last record of its log.
    pub(super) last: Lsn,
    pub(super) senders: Vec<SenderShown>,
    pub(super) receiver: Option<ReceiverShown>,
}

/// A walsender as `gs_ctl query` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SenderShown {
    pub(super) pid: u64,
    pub(super) state: &'static str,
    pub(super) end: Lsn,
    pub(super) sent: Lsn,
    pub(super) write: Lsn,
    pub(super) flush: Lsn,
    pub(super) replay: Lsn,
    pub(super) sync_state: &'static str,
    pub(super) most_available: bool,
    pub(super) channel: String,
}

/// A walreceiver as `gs_ctl query` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ReceiverShown {
    pub(super) pid: u64,
    pub(super) peer_state: &'static str,
    pub(super) received: Lsn,
    pub(super) replayed: Lsn,
    pub(super) channel: String,
}

/// A command line sent to another host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RemoteCommand(pub(super) Vec<String>);

/// What it printed and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RemoteOutput {
    pub(super) exit_code: i32,
    pub(super) lines: Vec<String>,
}
