//! Who is alive: heartbeats that change, compared with the CSS's own clock only.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::world::time::Instant;

use super::super::group::{Group, Present, Sight};
use super::super::vote::{Heartbeat, Picture, Status};
use super::super::words::{GroupKind, Seqno};

#[derive(Clone, Copy, Debug)]
struct Watched {
    beat: (u64, u64),
    since: Instant,
    /// Whether it has changed while somebody looked: an old slot says nothing.
    moved: bool,
}

/// What one CSS has seen of all heartbeats.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    slots: BTreeMap<(GroupKind, Seqno), Watched>,
    /// Lives that an operator has declared dead.
    declared_dead: BTreeSet<(GroupKind, u64)>,
    /// Lives that the CSS of their host, this one too, knows to be dead.
    known_dead: BTreeSet<(GroupKind, u64)>,
    /// Since when a host does not answer pings.
    unreached: BTreeMap<Seqno, Instant>,
}

/// How long a heartbeat may stand still.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// `DCR_GRP_DSKCHK_CNT`.
    pub(super) disk: Duration,
    /// `DMDCR_CRASH_CHECK_OPT_COUNT`, where all heartbeats of a host stand still and the network says the same; zero for
    /// none.
    pub(super) fast: Duration,
    /// How long without a heartbeat makes an EP's word about its links old.
    pub(super) fresh: Duration,
}

impl Watch {
    /// Takes a new picture in.
    pub(super) fn look(&mut self, picture: &Picture, members: &BTreeSet<Seqno>, now: Instant) {
        for kind in GroupKind::ALL {
            for ep in members {
                self.see(kind, *ep, picture.heartbeat(kind, *ep), now);
            }
        }
        for ep in members {
            let dead = picture.heartbeat(GroupKind::Css, *ep).dead_here;
            self.known_dead.extend([(GroupKind::Asm, dead[0]), (GroupKind::Db, dead[1])]);
        }
    }

    fn see(&mut self, kind: GroupKind, ep: Seqno, beat: Heartbeat, now: Instant) {
        let beat = (beat.guid, beat.ts);
        match self.slots.get_mut(&(kind, ep)) {
            Some(watched) if watched.beat == beat => {}
            Some(watched) => *watched = Watched { beat, since: now, moved: true },
            None => {
                self.slots.insert((kind, ep), Watched { beat, since: now, moved: false });
            }
        }
    }

    /// Whether a host answers pings.
    pub(super) fn heard(&mut self, host: Seqno, answers: bool, now: Instant) {
        match answers {
            true => drop(self.unreached.remove(&host)),
            false => drop(self.unreached.entry(host).or_insert(now)),
        }
    }

    /// How long the heartbeats of an EP may stand still now.
    fn limit(&self, ep: Seqno, now: Instant, limits: Limits) -> Duration {
        let silent = |kind| self.slots.get(&(kind, ep)).is_none_or(|slot| now.since(slot.since) >= limits.fast);
        let unreached = self.unreached.get(&ep).is_some_and(|since| now.since(*since) >= limits.fast);
        let fast = !limits.fast.is_zero() && unreached && GroupKind::ALL.into_iter().all(silent);
        if fast { limits.fast } else { limits.disk }
    }

    /// A life is dead without doubt.
    pub(super) fn is_dead(&mut self, kind: GroupKind, guid: u64) {
        self.known_dead.insert((kind, guid));
    }

    /// An operator says that a life is dead.
    pub(super) fn declare_dead(&mut self, kind: GroupKind, guid: u64) {
        self.declared_dead.insert((kind, guid));
    }

    /// Whether a heartbeat is that of a living EP. `trusted` is a life that belongs to the group already, and is
    /// believed until its heartbeat has stood still for too long.
    pub(super) fn is_alive(
        &self,
        kind: GroupKind,
        ep: Seqno,
        picture: &Picture,
        trusted: Option<u64>,
        now: Instant,
        limits: Limits,
    ) -> bool {
        let beat = picture.heartbeat(kind, ep);
        let dead = [&self.known_dead, &self.declared_dead].iter().any(|dead| dead.contains(&(kind, beat.guid)));
        let Some(watched) = self.slots.get(&(kind, ep)) else { return false };
        let believed = watched.moved || trusted == Some(beat.guid);
        beat.guid != 0
            && beat.status != Status::Shutdown
            && !dead
            && believed
            && now.since(watched.since) < self.limit(ep, now, limits)
    }

    /// The living EPs of a group.
    pub(super) fn sight(&self, group: &Group, picture: &Picture, now: Instant, limits: Limits) -> Sight {
        let kind = group.kind;
        let living = group.members.iter().filter(|ep| {
            let trusted = group.guids.get(ep).copied();
            self.is_alive(kind, **ep, picture, trusted, now, limits)
        });
        living.map(|ep| (*ep, self.present(kind, *ep, picture, now, limits))).collect()
    }

    fn present(&self, kind: GroupKind, ep: Seqno, picture: &Picture, now: Instant, limits: Limits) -> Present {
        let beat = picture.heartbeat(kind, ep);
        let silent = self.slots.get(&(kind, ep)).is_none_or(|watched| now.since(watched.since) >= limits.fresh);
        Present {
            guid: beat.guid,
            waiting: beat.status == Status::Startup2,
            done: beat.done,
            oldest_dirty: beat.report.oldest_dirty,
            crash_lsn: beat.report.crash_lsn,
            unreachable: beat.report.unreachable,
            third_party: beat.report.third_party,
            silent,
        }
    }
}
