//! I10: of EPs that no longer reach each other one part stays, and it is connected.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nodes::world::time::Instant;
use reports::sentence;

use super::story::{Ep, Group, OPEN_STATUS, SYS_HALT, Story, What};
use super::{Check, Example, Finding, judge_written, violated};

/// How long two open EPs may be cut off from each other before one of them must have been told to end.
const BOUND: Duration = Duration::from_secs(60);
/// After how long without a write of its slot an EP no longer counts as open.
const SILENT: Duration = Duration::from_secs(5);

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-split-leaves-one-part",
    promise: "Two open EPs that report each other as out of reach do not both stay open for longer than a minute.",
    promise_zh: "互相不可达的两个 EP 不会在超过一分钟后仍同时处于 OPEN 状态。",
    example: Example {
        story: "DSC0 reports that it cannot reach DSC1, and both are open a minute later.",
        text: "\
1s dsc1/dmserver slot DB.1 guid=8 status=3
1s dsc0/dmserver slot DB.0 guid=7 status=3 unreachable=2
62s dsc1/dmserver slot DB.1 guid=8 status=3
62s dsc0/dmserver slot DB.0 guid=7 status=3 unreachable=2
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

#[derive(Default)]
struct Slots {
    /// Open EPs: since when they have been seen last, and their life.
    open: BTreeMap<Ep, (Instant, u64)>,
    killed: BTreeSet<u64>,
    /// Pairs cut off from each other, since when.
    cut: BTreeMap<(Ep, Ep), Instant>,
}

impl Slots {
    fn is_open(&self, ep: Ep, now: Instant) -> bool {
        self.open.get(&ep).is_some_and(|(seen, guid)| now.since(*seen) < SILENT && !self.killed.contains(guid))
    }
}

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    let mut slots = Slots::default();
    let mut was_tested = false;
    for note in &story.notes {
        match &note.what {
            What::Order { group: Group::Db, guid, command: SYS_HALT, .. } => drop(slots.killed.insert(*guid)),
            What::Slot { group: Group::Db, ep, guid, status, unreachable, .. } => {
                match *status == OPEN_STATUS {
                    true => drop(slots.open.insert(*ep, (note.at, *guid))),
                    false => drop(slots.open.remove(ep)),
                }
                for peer in (0..8).filter(|peer| peer != ep) {
                    let cut = unreachable >> peer & 1 == 1;
                    let both_open = slots.is_open(*ep, note.at) && slots.open.contains_key(&peer);
                    let peer_lives = slots.open.get(&peer).is_some_and(|(_, guid)| !slots.killed.contains(guid));
                    if !(cut && both_open && peer_lives) {
                        slots.cut.remove(&(*ep, peer));
                        continue;
                    }
                    was_tested = true;
                    let since = *slots.cut.entry((*ep, peer)).or_insert(note.at);
                    if note.at.since(since) >= BOUND && slots.is_open(peer, note.at) {
                        let text = sentence!(
                            "At {} EP {ep} and EP {peer} are both open; EP {ep} has not reached EP {peer} since \
                             {since}.",
                            "{} 时,EP {ep} 与 EP {peer} 同时处于 OPEN;而自 {since} 起 EP {ep} 就无法访问 EP {peer}。",
                            note.at
                        );
                        return violated(&CHECK, note, text);
                    }
                }
            }
            _ => {}
        }
    }
    if !was_tested {
        return Finding::could_not_tell(
            CHECK.name,
            ("no EP ever reported that it cannot reach another one", "没有 EP 报告过无法访问其他 EP"),
        );
    }
    match slots.cut.values().min() {
        Some(since) => {
            let text = sentence!(
                "the run ended before the split of {since} had lasted for a minute",
                "{since} 开始的网络分裂未满一分钟,运行即结束"
            );
            Finding::could_not_tell(CHECK.name, text)
        }
        None => Finding::holds(CHECK.name),
    }
}
