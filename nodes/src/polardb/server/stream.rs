//! What walsender and walreceiver say to each other.
//!
//! A replica is told how far the log is durable on the disk that both reach, and reads it there; a standby is sent the
//! bytes themselves (messages `y`, `p` and `w` of the real protocol).

use crate::parts::wal::Lsn;

use super::super::shared::slots::NodeKind;

/// `START_REPLICATION SLOT "x" lsn TIMELINE n POLAR_VERSION v POLAR_REPL_MODE "replica"`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct StartReplication {
    pub(super) slot: Option<String>,
    pub(super) from: Lsn,
    pub(super) timeline: u64,
    pub(super) standby: bool,
}

impl StartReplication {
    /// The kind of node that asks.
    pub(super) fn kind(&self) -> NodeKind {
        if self.standby { NodeKind::Standby } else { NodeKind::Replica }
    }
}

/// How far a receiver has come (message `r`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Feedback {
    pub(super) write: Lsn,
    pub(super) apply: Lsn,
}

/// To a walsender.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum ToSender {
    /// Begin.
    Start(StartReplication),
    /// A report.
    Reply(Feedback),
    /// The receiver ends the stream in good order.
    Finish,
}

/// The answer to [`ToSender::Start`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum StartAnswer {
    /// The stream begins.
    Streaming,
    /// It does not, in the server's words.
    Refused(String),
}

/// To a walreceiver.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum ToReceiver {
    /// The log is durable up to here, and pages older than `consistent` are on the disk.
    Meta { flushed: Lsn, consistent: Lsn },
    /// Bytes of the log from a position on, and how far it is durable with them.
    Wal { from: u64, bytes: Vec<u8>, flushed: Lsn },
}
