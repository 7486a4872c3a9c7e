//! A timeline and its ancestors: where each forked off, as the history file tells it.
//!
//! A history file has a line for every ancestor: its number, a tab, the position at which the next one begins, a tab,
//! why. Source: PostgreSQL's timeline.c; the measured files of the KingbaseES reference, section 2.5.

use super::names::{Timeline, parse_lsn};
use crate::parts::wal::Lsn;

/// Where an ancestor ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fork {
    /// The ancestor.
    pub timeline: Timeline,
    /// The first position that is not of it any more.
    pub at: Lsn,
    /// Why, in the server's words.
    pub reason: String,
}

/// A timeline with its ancestors, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct History {
    /// The newest timeline.
    pub timeline: Timeline,
    /// Those it comes from.
    pub ancestors: Vec<Fork>,
}

impl History {
    /// A timeline without ancestors.
    pub fn root(timeline: Timeline) -> Self {
        History { timeline, ancestors: Vec::new() }
    }

    /// The next timeline, which begins at `at`.
    pub fn descend(&self, timeline: Timeline, at: Lsn, reason: &str) -> Self {
        let mut ancestors = self.ancestors.clone();
        ancestors.push(Fork { timeline: self.timeline, at, reason: reason.to_owned() });
        History { timeline, ancestors }
    }

    /// Reads the history file of `timeline`. Lines that make no sense are an error with their text.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn parse(timeline: Timeline, text: &str) -> Result<Self, String> {
        let mut ancestors = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut parts = line.splitn(3, '\t');
            let parent = parts.next().and_then(|number| number.parse().ok());
            let at = parts.next().and_then(parse_lsn);
            let (Some(timeline), Some(at)) = (parent, at) else { return Err(line.to_owned()) };
            ancestors.push(Fork { timeline, at, reason: parts.next().unwrap_or_default().to_owned() });
        }
        Ok(History { timeline, ancestors })
    }

    /// The text of its history file.
    pub fn text(&self) -> String {
        let line = |fork: &Fork| format!("{}\t{}\t{}\n", fork.timeline, fork.at, fork.reason);
        self.ancestors.iter().map(line).collect()
    }

    /// Where an ancestor ends; `None` if it is none, or the newest timeline itself, which has no end.
    pub fn fork_of(&self, timeline: Timeline) -> Option<Lsn> {
        self.ancestors.iter().find(|fork| fork.timeline == timeline).map(|fork| fork.at)
    }

    /// Whether `timeline` is this one or one of its ancestors.
    pub fn knows(&self, timeline: Timeline) -> bool {
        timeline == self.timeline || self.fork_of(timeline).is_some()
    }

    /// Whether a node that is on `timeline` and has the log up to `position` can go on with this history.
    pub fn continues(&self, timeline: Timeline, position: Lsn) -> bool {
        match self.fork_of(timeline) {
            Some(fork) => position <= fork,
            None => timeline == self.timeline,
        }
    }

    /// The timeline that owns the record beginning at `position`.
    pub fn timeline_at(&self, position: Lsn) -> Timeline {
        let owner = self.ancestors.iter().find(|fork| position < fork.at);
        owner.map_or(self.timeline, |fork| fork.timeline)
    }

    /// The timeline behind `timeline` and where it begins.
    pub fn successor(&self, timeline: Timeline) -> Option<(Timeline, Lsn)> {
        let index = self.ancestors.iter().position(|fork| fork.timeline == timeline)?;
        let next = self.ancestors.get(index + 1).map_or(self.timeline, |fork| fork.timeline);
        Some((next, self.ancestors[index].at))
    }
}

/// Where two histories part: the newest timeline both know and the last position both share; `None` if they share
/// nothing.
pub fn common_ancestor(one: &History, one_end: Lsn, other: &History, other_end: Lsn) -> Option<(Timeline, Lsn)> {
    let mut known = one.ancestors.iter().map(|fork| fork.timeline).chain([one.timeline]);
    let shared = known.rfind(|timeline| other.knows(*timeline))?;
    let end = |history: &History, end: Lsn| history.fork_of(shared).unwrap_or(end);
    Some((shared, end(one, one_end).min(end(other, other_end))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn third() -> History {
        History::root(1).descend(2, Lsn(0x93000a0), "no recovery target specified").descend(
            3,
            Lsn(0x11a000a0),
            "no recovery target specified",
        )
    }

    #[test]
    fn the_file_has_a_line_for_each_ancestor() {
        let text = "1\t0/93000A0\tno recovery target specified\n2\t0/11A000A0\tno recovery target specified\n";
        assert_eq!(third().text(), text);
        assert_eq!(History::parse(3, text), Ok(third()));
        assert!(History::parse(3, "1 0/93000A0").is_err());
        assert_eq!(History::root(1).descend(2, Lsn(0x8cadf138), "no recovery target specified").text().len(), 42);
    }

    #[test]
    fn a_node_goes_on_only_if_it_is_not_past_the_fork() {
        let history = third();
        assert!(history.continues(2, Lsn(0x11a000a0)));
        assert!(!history.continues(2, Lsn(0x11a000a8)));
        assert!(history.continues(3, Lsn(0x2000_0000)));
        assert!(!history.continues(4, Lsn(1)));
        assert_eq!(history.timeline_at(Lsn(0x93000a0)), 2);
        assert_eq!(history.successor(1), Some((2, Lsn(0x93000a0))));
        assert_eq!(history.successor(3), None);
    }

    #[test]
    fn two_second_timelines_share_only_the_first() {
        let one = History::root(1).descend(2, Lsn(500), "a");
        let other = History::root(1).descend(3, Lsn(400), "b");
        assert_eq!(common_ancestor(&one, Lsn(900), &other, Lsn(800)), Some((1, Lsn(400))));
        assert_eq!(common_ancestor(&History::root(1), Lsn(700), &one, Lsn(900)), Some((1, Lsn(500))));
        assert_eq!(common_ancestor(&History::root(7), Lsn(700), &one, Lsn(900)), None);
    }
}
