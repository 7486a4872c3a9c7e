//! The lines of the incident, and copies of them with one thing changed.

use super::*;
use crate::grammar::{Replay, Taken, Tracker};

const INCIDENT: &str = include_str!("../../../../tests/fixtures/dms_run_switchover_fail.log");

fn messages() -> Vec<String> {
    INCIDENT.lines().filter_map(split).map(|line| line.message.to_owned()).collect()
}

fn first_unexplained(messages: &[String]) -> Option<usize> {
    let mut replay = Tracker::new(Rounds);
    messages.iter().position(|message| matches!(replay.take(message), Taken::Unexplained(_)))
}

#[test]
fn the_exit_of_the_old_primary_is_explained() {
    let all = messages();
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|message| Rounds.knows(message)), "{all:?}");
    assert_eq!(first_unexplained(&all), None);
}

#[test]
fn an_abort_needs_a_version_that_is_neither_the_reformers_nor_the_requesters() {
    let mut copy = messages();
    copy[0] = copy[0].replace("(1, 781801668325620)", "(1, 781783739740808)");
    assert_eq!(first_unexplained(&copy), Some(0));
    copy[0] = messages()[0].replace("781801668325620", "781783739740807");
    assert_eq!(first_unexplained(&copy), Some(0), "a life that began before the last one");
}

#[test]
fn only_the_demoted_ends_itself_and_only_when_the_lock_is_anothers() {
    for (from, to) in [("demote id:0", "demote id:2"), ("reformer id:1", "reformer id:0")] {
        let mut copy = messages();
        copy[2] = copy[2].replace(from, to);
        assert_eq!(first_unexplained(&copy), Some(2), "{to}");
    }
}

#[test]
fn order_and_completeness_are_judged() {
    for first in 0..3 {
        let mut copy = messages();
        copy.swap(first, first + 1);
        assert!(first_unexplained(&copy).is_some(), "lines {first} and {}", first + 1);
    }
    let mut copy = messages();
    copy.remove(1);
    assert_eq!(first_unexplained(&copy), Some(1));
}
