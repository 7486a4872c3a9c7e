//! I4: the history of a lock is one sequence of changes, each by somebody who may make it.

use std::collections::{BTreeMap, BTreeSet};

use nodes::world::trace::Trace;
use reports::{Sentence, sentence};

use super::{Check, Example, Finding, announcement, judge_written, kept, number, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dms-lock-history",
    promise: "Every change of a CM lock has a higher version number and another owner, and is made by its owner, by the kick of its owner, or while it is free.",
    promise_zh: "CM 锁的每次变更版本号递增且持有者改变,并且只由持有者发起、因持有者被踢出、或在锁空闲时发生。",
    example: Example {
        story: "The same version number is given out twice.",
        text: "\
1s dn1/cm_server lock.changed lock=dms_reformer_lock owner=0 version=1 why=first-reform by=0
2s dn2/cm_server lock.changed lock=dms_reformer_lock owner=1 version=1 why=lock by=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// What the DDB says for a lock that nobody owns.
const NOBODY: i64 = -1;

/// One change of one lock, and what is known of how things stood before it.
struct Change<'a> {
    before: i64,
    owner: i64,
    why: &'a str,
    by: i64,
    /// Whether the owner before had been kicked out of the cluster.
    before_is_out: bool,
}

/// Why nobody may make this change, if so.
fn objection(change: &Change) -> Option<Sentence> {
    let Change { before, owner, why, by, before_is_out } = change;
    match *why {
        "lock" | "first-reform" if *before != NOBODY => {
            Some(sentence!("it was taken although instance {before} owned it", "锁由实例 {before} 持有时被取走"))
        }
        "lock" | "first-reform" if owner != by => Some(sentence!(
            "instance {by} asked and instance {owner} got it",
            "申请者是实例 {by},得到锁的却是实例 {owner}"
        )),
        "transfer" | "unlock" if before != by => {
            Some(sentence!("instance {by} gave it away and did not own it", "实例 {by} 未持有锁却将其让出"))
        }
        "transfer" if *owner == NOBODY => Some(("it was transferred to nobody", "锁被转移给了无人").into()),
        "release" | "unlock" if *owner != NOBODY => {
            Some(sentence!("it was given up and instance {owner} got it", "锁被放弃,却由实例 {owner} 得到"))
        }
        "release" if !before_is_out => Some(sentence!(
            "it was released and its owner {before} had not been kicked",
            "锁被释放,而持有者 {before} 并未被踢出"
        )),
        _ => None,
    }
}

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut locks: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let mut out: BTreeSet<i64> = BTreeSet::new();
    for event in trace.events() {
        let Some((name, fields)) = announcement(event) else { continue };
        match (name, number(fields, "node")) {
            ("member.kicked", Some(node)) => drop(out.insert(node - 1)),
            ("member.joined", Some(node)) => drop(out.remove(&(node - 1))),
            _ => {}
        }
        let ("lock.changed", Some(lock), Some(owner), Some(version)) =
            (name, text(fields, "lock"), number(fields, "owner"), number(fields, "version"))
        else {
            continue;
        };
        let known = locks.insert(lock.to_owned(), (owner, version));
        let (before, last) = known.unwrap_or((NOBODY, 0));
        if known.is_some() && (version <= last || owner == before) {
            let text = sentence!(
                "At {} {lock} went from owner {before} (version {last}) to owner {owner} (version {version}).",
                "{} 时,{lock} 的持有者由 {before}(版本 {last})变为 {owner}(版本 {version})。",
                event.at
            );
            return violated(&CHECK, event, vec![text]);
        }
        // Between two changes that do not follow one another the owner is not known.
        let (Some(why), Some(by), true) = (text(fields, "why"), number(fields, "by"), version == last + 1) else {
            continue;
        };
        let change = Change { before, owner, why, by, before_is_out: out.contains(&before) };
        if let Some(why) = objection(&change) {
            let text = sentence!(
                "At {} {lock} went from owner {before} to owner {owner}: {}.",
                "{} 时,{lock} 的持有者由 {before} 变为 {owner}:{}。",
                event.at,
                why
            );
            return violated(&CHECK, event, vec![text]);
        }
    }
    kept(&CHECK, !locks.is_empty(), ("no lock ever had an owner", "没有锁有过持有者"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    fn answer(lines: &[&str]) -> Answer {
        let told: Vec<String> = lines
            .iter()
            .map(|line| line.replace(" X ", " dn1/cm_server lock.changed lock=dms_reformer_lock "))
            .collect();
        judge_written(&told.join("\n"), &CHECK, judge).answer
    }

    #[test]
    fn the_four_ways_a_lock_may_change() {
        let history = [
            "1s X owner=0 version=1 why=first-reform by=0",
            "2s X owner=1 version=2 why=transfer by=0",
            "3s X owner=-1 version=3 why=unlock by=1",
            "4s X owner=2 version=4 why=lock by=2",
            "5s dn1/cm_server member.kicked node=3 host=dn3",
            "5s X owner=-1 version=5 why=release by=2",
        ];
        assert_eq!(answer(&history), Answer::Holds);
    }

    #[test]
    fn each_way_done_by_somebody_who_may_not() {
        let first = "1s X owner=0 version=1 why=first-reform by=0";
        for wrong in [
            "2s X owner=1 version=2 why=lock by=1",
            "2s X owner=1 version=2 why=transfer by=1",
            "2s X owner=-1 version=2 why=unlock by=1",
            "2s X owner=-1 version=2 why=release by=0",
            "2s X owner=1 version=2 why=release by=0",
            "2s X owner=0 version=2 why=transfer by=0",
        ] {
            assert_eq!(answer(&[first, wrong]), Answer::Violated, "{wrong}");
        }
    }
}
