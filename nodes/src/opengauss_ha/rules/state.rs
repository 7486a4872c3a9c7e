//! The state vocabulary: roles, `db_state`, reasons for repair, and which of them a node shows.
//!
//! Source: reference sections 1.1, 2.1 and 2.2 (`replicainternal.h`, `postmaster.cpp get_local_dbstate`,
//! `walreceiverfuncs.cpp wal_get_rebuild_reason_string`).

use std::collections::BTreeMap;

/// The role of a server (`ServerMode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerMode {
    /// Not known yet.
    Unknown,
    /// Stand-alone: writable, never waits for a standby.
    Normal,
    /// Takes writes and sends its log.
    Primary,
    /// Follows a primary.
    Standby,
    /// Follows a standby.
    CascadeStandby,
    /// Has recovered and waits to be told its role.
    Pending,
}

impl ServerMode {
    /// Every role, in the order of the enumeration of the source.
    pub const ALL: [ServerMode; 6] = [
        ServerMode::Unknown,
        ServerMode::Normal,
        ServerMode::Primary,
        ServerMode::Standby,
        ServerMode::CascadeStandby,
        ServerMode::Pending,
    ];

    /// As `gs_ctl query` prints it.
    pub const fn words(self) -> &'static str {
        match self {
            ServerMode::Unknown => "Unknown",
            ServerMode::Normal => "Normal",
            ServerMode::Primary => "Primary",
            ServerMode::Standby => "Standby",
            ServerMode::CascadeStandby => "Cascade Standby",
            ServerMode::Pending => "Pending",
        }
    }

    /// As `-M` takes it; `None` for a word it does not know.
    pub fn of_option(word: &str) -> Option<Self> {
        match word {
            "primary" => Some(ServerMode::Primary),
            "standby" => Some(ServerMode::Standby),
            "cascade_standby" => Some(ServerMode::CascadeStandby),
            "pending" => Some(ServerMode::Pending),
            _ => None,
        }
    }

    /// As it is told to observers and written into `postmaster.opts`.
    pub const fn option(self) -> &'static str {
        match self {
            ServerMode::Unknown => "unknown",
            ServerMode::Normal => "normal",
            ServerMode::Primary => "primary",
            ServerMode::Standby => "standby",
            ServerMode::CascadeStandby => "cascade_standby",
            ServerMode::Pending => "pending",
        }
    }

    /// Whether a server in this role takes writes.
    pub const fn is_writable(self) -> bool {
        matches!(self, ServerMode::Normal | ServerMode::Primary)
    }

    /// Whether a server in this role follows another one.
    pub const fn is_follower(self) -> bool {
        matches!(self, ServerMode::Standby | ServerMode::CascadeStandby)
    }
}

/// The state of a node, `db_state` of `gs_ctl query`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DbState {
    /// Nobody knows.
    Unknown,
    /// As it should be.
    Normal,
    /// A standby without a live, validated stream.
    NeedRepair,
    /// On its way up.
    Starting,
    /// A standby has asked the primary to hand over.
    WaitPromoting,
    /// A standby becomes primary.
    Promoting,
    /// A primary becomes standby.
    Demoting,
    /// `gs_ctl build` works on the data directory.
    Building,
    /// A standby receives what it missed.
    Catchup,
    /// The server ended with a core dump.
    Coredump,
}

impl DbState {
    /// As `gs_ctl query` prints it.
    pub const fn words(self) -> &'static str {
        match self {
            DbState::Unknown => "Unknown",
            DbState::Normal => "Normal",
            DbState::NeedRepair => "Need repair",
            DbState::Starting => "Starting",
            DbState::WaitPromoting => "Wait promoting",
            DbState::Promoting => "Promoting",
            DbState::Demoting => "Demoting",
            DbState::Building => "Building",
            DbState::Catchup => "Catchup",
            DbState::Coredump => "Coredump",
        }
    }
}

/// Why a standby needs repair, kept for each peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RebuildReason {
    /// None: nothing is wrong, or nothing has been found out yet.
    #[default]
    None,
    /// My last record is not in the primary's log with the same CRC, or the segment I need was recycled.
    WalSegment,
    /// The connection to the peer failed.
    Connect,
    /// The timelines differ.
    Timeline,
    /// Different initdb.
    SystemId,
    /// The server versions or protocols differ.
    Version,
    /// Documented ("two standby nodes are connected"), and set by no code path of 2.0.0.
    Mode,
}

impl RebuildReason {
    /// Every reason, in the order of the enumeration of the source.
    pub const ALL: [RebuildReason; 7] = [
        RebuildReason::None,
        RebuildReason::WalSegment,
        RebuildReason::Connect,
        RebuildReason::Timeline,
        RebuildReason::SystemId,
        RebuildReason::Version,
        RebuildReason::Mode,
    ];

    /// As `detail_information` prints it for a standby without a running walreceiver.
    pub const fn words(self) -> &'static str {
        match self {
            RebuildReason::None => "Connecting...",
            RebuildReason::WalSegment => "WAL segment removed",
            RebuildReason::Connect => "Disconnected",
            RebuildReason::Timeline => "Timeline not matched",
            RebuildReason::SystemId => "System id not matched",
            RebuildReason::Version => "Version not matched",
            RebuildReason::Mode => "Mode not matched",
        }
    }
}

/// What a server knows of itself when it is asked for its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its role.
    pub mode: ServerMode,
    /// A demotion is in progress.
    pub demoting: bool,
    /// A switchover was requested, and the answer is awaited.
    pub wait_promoting: bool,
    /// It is being promoted.
    pub promoting: bool,
    /// The reason recorded for the peer that is tried now.
    pub reason: RebuildReason,
    /// The walreceiver is there, connecting or streaming.
    pub receiver_running: bool,
    /// The walreceiver streams from a primary.
    pub receiver_online: bool,
    /// The primary says that it is still catching up.
    pub catchup: bool,
}

/// The state of a running node; the first condition that holds decides.
pub fn db_state(standing: &Standing) -> DbState {
    let Standing { mode, demoting, wait_promoting, promoting, reason, receiver_running, receiver_online, catchup } =
        *standing;
    if demoting {
        DbState::Demoting
    } else if wait_promoting {
        DbState::WaitPromoting
    } else if promoting {
        DbState::Promoting
    } else if mode.is_writable() {
        DbState::Normal
    } else if reason != RebuildReason::None || !receiver_running {
        DbState::NeedRepair
    } else if catchup {
        DbState::Catchup
    } else if !receiver_online {
        DbState::Starting
    } else {
        DbState::Normal
    }
}

/// `detail_information` of a running node. With several peers, a bare "Connecting..." gives way to a recorded system id
/// or WAL reason of any peer.
pub fn detail(standing: &Standing, of_peers: &BTreeMap<usize, RebuildReason>) -> &'static str {
    if standing.mode.is_writable() || (standing.reason == RebuildReason::None && standing.receiver_running) {
        return "Normal";
    }
    let graver = [RebuildReason::SystemId, RebuildReason::WalSegment];
    match standing.reason {
        RebuildReason::None => {
            let recorded = graver.into_iter().find(|reason| of_peers.values().any(|of_peer| of_peer == reason));
            recorded.unwrap_or(RebuildReason::None).words()
        }
        reason => reason.words(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAMING: Standing = Standing {
        mode: ServerMode::Standby,
        demoting: false,
        wait_promoting: false,
        promoting: false,
        reason: RebuildReason::None,
        receiver_running: true,
        receiver_online: true,
        catchup: false,
    };

    #[test]
    fn the_first_condition_that_holds_decides() {
        let primary = Standing { mode: ServerMode::Primary, receiver_running: false, ..STREAMING };
        let rows = [
            (STREAMING, DbState::Normal),
            (Standing { catchup: true, ..STREAMING }, DbState::Catchup),
            (Standing { receiver_online: false, ..STREAMING }, DbState::Starting),
            (Standing { receiver_running: false, ..STREAMING }, DbState::NeedRepair),
            (Standing { reason: RebuildReason::WalSegment, ..STREAMING }, DbState::NeedRepair),
            (Standing { mode: ServerMode::Pending, receiver_running: false, ..STREAMING }, DbState::NeedRepair),
            (primary, DbState::Normal),
            (Standing { mode: ServerMode::Normal, ..primary }, DbState::Normal),
            (Standing { demoting: true, ..primary }, DbState::Demoting),
            (Standing { wait_promoting: true, receiver_running: false, ..STREAMING }, DbState::WaitPromoting),
            (Standing { promoting: true, receiver_running: false, ..STREAMING }, DbState::Promoting),
            (Standing { demoting: true, promoting: true, ..primary }, DbState::Demoting),
        ];
        for (standing, expected) in rows {
            assert_eq!(db_state(&standing), expected, "{standing:?}");
        }
    }

    #[test]
    fn a_recorded_wal_reason_of_any_peer_hides_connecting() {
        let connecting = Standing { receiver_running: false, ..STREAMING };
        assert_eq!(detail(&connecting, &BTreeMap::new()), "Connecting...");
        let recorded = BTreeMap::from([(0, RebuildReason::Connect), (1, RebuildReason::WalSegment)]);
        assert_eq!(detail(&connecting, &recorded), "WAL segment removed");
        let disconnected = Standing { reason: RebuildReason::Connect, ..connecting };
        assert_eq!(detail(&disconnected, &recorded), "Disconnected");
        assert_eq!(detail(&STREAMING, &recorded), "Normal");
        assert_eq!(detail(&Standing { mode: ServerMode::Primary, ..connecting }, &recorded), "Normal");
    }

    #[test]
    fn roles_are_read_as_gs_ctl_takes_them() {
        for word in ["primary", "standby", "cascade_standby", "pending"] {
            assert_eq!(ServerMode::of_option(word).map(ServerMode::option), Some(word));
        }
        assert_eq!(ServerMode::of_option("master"), None);
        assert!(ServerMode::ALL.iter().filter(|mode| mode.is_writable()).count() == 2);
        assert!(RebuildReason::ALL.iter().all(|reason| !reason.words().is_empty()));
    }
}
