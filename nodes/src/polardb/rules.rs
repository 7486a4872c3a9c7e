//! What PolarDB decides, as pure functions: nothing here waits, reads a disk or knows a world.
//!
//! Sources are given as in the protocol reference: `PG15:` is the lineage of the incident's build.

use crate::parts::wal::Lsn;

/// What kind of node a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The writer (RW).
    Primary,
    /// A reader on the same disk (RO).
    Replica,
    /// A copy with a disk of its own.
    Standby,
}

impl Role {
    /// As a report says it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Primary => "primary",
            Role::Replica => "replica",
            Role::Standby => "standby",
        }
    }
}

/// The role that the local files give a node; `None` if they contradict each other, which is FATAL. Nothing else is
/// asked: a node without a file is the writer (PG15:src/backend/storage/file/polar_fd.c).
pub fn role_from_files(replica_signal: bool, standby_signal: bool) -> Option<Role> {
    match (replica_signal, standby_signal) {
        (false, false) => Some(Role::Primary),
        (true, false) => Some(Role::Replica),
        (false, true) => Some(Role::Standby),
        (true, true) => None,
    }
}

/// Which path a promote takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromotePath {
    /// Online promote: drain, remount, same timeline.
    Online,
    /// The stock path of PostgreSQL: no remount, a new timeline.
    Stock,
}

/// `POLAR_LOGINDEX_ENABLE_ONLINE_PROMOTE` (PG15:src/include/access/polar_logindex_redo.h).
pub fn promote_path(role: Role, logindex: bool) -> PromotePath {
    if role == Role::Replica && logindex { PromotePath::Online } else { PromotePath::Stock }
}

/// What the writer knows of a slot when it computes how far its replicas have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotView {
    /// Whether a replica on the same disk uses it; unknown counts as no.
    pub replica: bool,
    /// Whether its peer is connected.
    pub active: bool,
    /// Up to where the peer has applied the log.
    pub apply: Lsn,
}

/// The oldest position that a replica has applied; `NONE` if no slot of a replica is in use. While the server shuts
/// down, slots whose peer is gone may be left out (test 050_shutdown_disconnected_replica.pl).
pub fn oldest_apply(slots: impl IntoIterator<Item = SlotView>, only_active: bool) -> Lsn {
    let counted = slots.into_iter().filter(|slot| slot.replica && (slot.active || !only_active));
    counted.map(|slot| slot.apply).min().unwrap_or(Lsn::NONE)
}

/// Whether a dirty page may be written: its log is durable, and no replica would find it newer than what it has
/// applied (`polar_buffer_can_be_flushed`, src/backend/storage/buffer/polar_bufmgr.c).
pub fn may_flush(page: Lsn, flushed: Lsn, oldest_apply: Lsn) -> bool {
    page <= flushed && (oldest_apply == Lsn::NONE || page <= oldest_apply)
}

/// Everything older is on the disk: the oldest position at which a page that is still dirty became so, or the end of
/// the log if none is.
pub fn consistent_lsn(dirty_since: impl IntoIterator<Item = Lsn>, end: Lsn) -> Lsn {
    dirty_since.into_iter().min().unwrap_or(end)
}

/// Whether a checkpoint with this redo position may complete (`polar_is_checkpoint_legal`, PG15:xlog.c).
pub fn checkpoint_is_legal(redo: Lsn, consistent: Lsn) -> bool {
    consistent >= redo
}

/// What a replica makes of the page it read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageAge {
    /// Newer than what the replica has replayed: it must not be used.
    Future,
    /// At most as new: the log says what is missing.
    Past,
}

/// How a page on the disk stands to a replica that has replayed up to `replayed`.
pub fn page_age(page: Lsn, replayed: Lsn) -> PageAge {
    if page > replayed { PageAge::Future } else { PageAge::Past }
}

/// The one guard of promote: a valid record right behind the last one replayed means that the log goes on, so the
/// replica must not become its writer (`polar_check_before_promote`, PG15:xlogrecovery.c; not found in PG11).
pub fn guard_refuses(next_record_is_valid: bool, has_guard: bool) -> bool {
    next_record_is_valid && has_guard
}

/// Segments before this position may be removed: neither recovery nor a slot nor `wal_keep_size` needs them.
pub fn removable_before(redo: Lsn, slots: impl IntoIterator<Item = Lsn>, end: Lsn, keep: u64) -> Lsn {
    let kept = Lsn(end.0.saturating_sub(keep));
    slots.into_iter().chain([redo, kept]).min().unwrap_or(redo)
}

/// What PG11's worker does when it has read the marks of the shared storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fencing {
    /// Go on.
    Own,
    /// Another server holds the storage: mark it dead and PANIC.
    Lost,
    /// Somebody has marked it dead: PANIC.
    Dead,
}

/// PG11:src/backend/storage/file/polar_io_fencing.c.
pub fn fencing(owner_is_self: bool, dead: bool) -> Fencing {
    match (dead, owner_is_self) {
        (true, _) => Fencing::Dead,
        (false, true) => Fencing::Own,
        (false, false) => Fencing::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_without_a_role_file_is_the_writer() {
        assert_eq!(role_from_files(false, false), Some(Role::Primary));
        assert_eq!(role_from_files(true, false), Some(Role::Replica));
        assert_eq!(role_from_files(false, true), Some(Role::Standby));
        assert_eq!(role_from_files(true, true), None);
    }

    #[test]
    fn only_a_replica_with_logindex_is_promoted_online() {
        assert_eq!(promote_path(Role::Replica, true), PromotePath::Online);
        assert_eq!(promote_path(Role::Replica, false), PromotePath::Stock);
        assert_eq!(promote_path(Role::Standby, true), PromotePath::Stock);
    }

    fn slot(replica: bool, active: bool, apply: u64) -> SlotView {
        SlotView { replica, active, apply: Lsn(apply) }
    }

    #[test]
    fn a_dead_replica_counts_until_only_the_living_do() {
        let slots = [slot(true, true, 900), slot(true, false, 300), slot(false, true, 100)];
        assert_eq!(oldest_apply(slots, false), Lsn(300));
        assert_eq!(oldest_apply(slots, true), Lsn(900));
        assert_eq!(oldest_apply([slot(false, true, 100)], false), Lsn::NONE);
    }

    #[test]
    fn a_page_is_written_after_its_log_and_after_every_replica_has_applied_it() {
        assert!(may_flush(Lsn(5), Lsn(5), Lsn(5)));
        assert!(may_flush(Lsn(5), Lsn(9), Lsn::NONE), "without replicas the log alone decides");
        assert!(!may_flush(Lsn(6), Lsn(5), Lsn::NONE));
        assert!(!may_flush(Lsn(6), Lsn(9), Lsn(5)));
    }

    #[test]
    fn a_checkpoint_waits_for_the_oldest_dirty_page() {
        let consistent = consistent_lsn([Lsn(70), Lsn(40)], Lsn(100));
        assert_eq!(consistent, Lsn(40));
        assert!(!checkpoint_is_legal(Lsn(50), consistent));
        assert!(checkpoint_is_legal(Lsn(50), consistent_lsn([], Lsn(100))));
    }

    #[test]
    fn a_page_of_the_future_is_one_newer_than_replay() {
        assert_eq!(page_age(Lsn(10), Lsn(9)), PageAge::Future);
        assert_eq!(page_age(Lsn(10), Lsn(10)), PageAge::Past);
    }

    #[test]
    fn the_guard_sees_only_a_record_that_is_there() {
        assert!(guard_refuses(true, true));
        assert!(!guard_refuses(false, true), "an idle or hung writer leaves nothing to see");
        assert!(!guard_refuses(true, false), "PG11 has no such check");
    }

    #[test]
    fn nothing_is_removed_that_a_slot_or_recovery_needs() {
        assert_eq!(removable_before(Lsn(80), [Lsn(60), Lsn(90)], Lsn(100), 0), Lsn(60));
        assert_eq!(removable_before(Lsn(80), [], Lsn(100), 0), Lsn(80));
        assert_eq!(removable_before(Lsn(80), [], Lsn(100), 70), Lsn(30));
    }

    #[test]
    fn the_loser_marks_the_storage_dead_and_the_mark_ends_everybody() {
        assert_eq!(fencing(true, false), Fencing::Own);
        assert_eq!(fencing(false, false), Fencing::Lost);
        assert_eq!(fencing(true, true), Fencing::Dead);
    }
}
