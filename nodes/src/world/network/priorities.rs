//! Messages by the priority of who sends them: probabilistic concurrency testing (PCT, ASPLOS 2010), as far as a
//! network decides what comes first.
//!
//! Every process has a priority of its own, drawn once. The lower it is, the longer its messages take, up to a bound. At
//! a few messages, drawn as well, whoever sends falls behind all others. A defect that needs messages of several
//! processes in one order shows more often so than under delays that know nothing of each other: those even out.
//!
//! The paper draws the numbers of the steps at which priorities change. Here each message is such a step with a chance
//! of its own, keyed by its moment and content, so that removing one moves no other; as many come out on average, and
//! never more. A chain of messages has the priority of the process that sends its next one.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::world::streams::{Stream, StreamKey};
use crate::world::trace::ProcessId;

/// How messages are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriorityOptions {
    /// How many orderings a defect may need: priorities change one time less.
    pub depth: u32,
    /// Among how many messages they change.
    pub messages: u64,
    /// How long the messages of the lowest are held up.
    pub bound: Duration,
}

/// The priorities while a rule holds.
pub(super) struct Priorities {
    key: StreamKey,
    /// Lowest last: those that fell come behind all that did not.
    order: BTreeMap<ProcessId, Rank>,
    fallen: u32,
}

/// How many times somebody had fallen when this one did, and what was drawn.
type Rank = (u32, u64);

impl Priorities {
    pub(super) fn new(key: StreamKey) -> Self {
        Priorities { key, order: BTreeMap::new(), fallen: 0 }
    }

    /// How long a message of this process is held up. `draws` are those of the message.
    pub(super) fn hold_up(&mut self, options: PriorityOptions, sender: ProcessId, draws: &mut Stream) -> Duration {
        let drawn = self.key.at(u64::from(sender.0)).bits();
        self.order.entry(sender).or_insert((0, drawn));
        let changes = options.depth.saturating_sub(1);
        if self.fallen < changes && draws.chance(u64::from(changes), options.messages) {
            self.fallen += 1;
            self.order.insert(sender, (self.fallen, drawn));
        }
        let own = self.order[&sender];
        let before = self.order.values().filter(|rank| **rank < own).count() as u32;
        let others = (self.order.len() as u32 - 1).max(1);
        options.bound * before / others
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::streams::Seed;

    const OPTIONS: PriorityOptions = PriorityOptions { depth: 3, messages: 100, bound: Duration::from_millis(90) };

    /// The hold-ups of so many rounds of one message from each of four processes.
    fn rounds(seed: u64, options: PriorityOptions, rounds: u64) -> Vec<Vec<Duration>> {
        let mut priorities = Priorities::new(Seed(seed).stream_key("priorities"));
        let messages = Seed(seed).stream_key("messages");
        let mut message = |round: u64, sender: u16| {
            priorities.hold_up(options, ProcessId(sender), &mut messages.at(round * 4 + u64::from(sender)))
        };
        (0..rounds).map(|round| (0..4).map(|sender| message(round, sender)).collect()).collect()
    }

    #[test]
    fn each_process_has_a_place_of_its_own_and_keeps_it_between_changes() {
        let still = rounds(1, PriorityOptions { depth: 1, ..OPTIONS }, 50);
        let mut places = still[1].clone();
        places.sort();
        assert_eq!(places, [0, 30, 60, 90].map(Duration::from_millis));
        assert!(still[1..].iter().all(|round| *round == still[1]), "with depth 1 nothing changes");
        assert_ne!(rounds(2, OPTIONS, 2)[1], still[1], "another seed, another order");
    }

    #[test]
    fn priorities_change_as_often_as_the_depth_allows_and_who_changes_comes_last() {
        let mut seen = 0;
        for seed in 1..=40 {
            let rounds = rounds(seed, OPTIONS, 25);
            let changes = rounds[1..].windows(2).filter(|pair| pair[0] != pair[1]).count();
            seen += changes;
            // A change in the middle of a round is seen in that round and in the next.
            assert!(changes <= 4, "seed {seed}: {changes}");
        }
        assert!(seen > 20, "{seen} changes in 40 seeds");
        let falls = PriorityOptions { depth: 2, messages: 1, ..OPTIONS };
        let mut priorities = Priorities::new(Seed(1).stream_key("priorities"));
        let mut draws = Seed(1).stream("message");
        priorities.hold_up(PriorityOptions { depth: 1, ..falls }, ProcessId(1), &mut draws);
        priorities.hold_up(PriorityOptions { depth: 1, ..falls }, ProcessId(2), &mut draws);
        assert_eq!(priorities.hold_up(falls, ProcessId(1), &mut draws), falls.bound);
        assert_eq!(priorities.hold_up(falls, ProcessId(2), &mut draws), Duration::ZERO);
    }
}
