//! V6: no timeline begins twice. Both sides of a split do it: each takes the next number.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use nodes::world::trace::Trace;
use reports::{Sentence, sentence};

use super::{Check, Example, Finding, answer, device_files, judge_written, number};
use crate::run::Record;

/// The check.
pub const CHECK: Check = Check {
    name: "kb-timeline-begins-once",
    promise: "No two promotions begin the same timeline.",
    promise_zh: "不会有两次提升产生同一条时间线。",
    example: Example {
        story: "node2 and node3 both begin timeline 2, at different positions.",
        text: "\
10s node2/kingbase timeline.started timeline=2 fork=4000
11s node3/kingbase timeline.started timeline=2 fork=5000
",
        judge: |text| judge_written(text, &CHECK, |trace| judge(&announced(trace))),
    },
};

/// One word about the beginning of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    timeline: i64,
    fork: i64,
    /// Who says so.
    whose: Sentence,
    /// A promotion itself says so, and not a history file, which may be a copy.
    is_promotion: bool,
    at: Instant,
    event: Option<u64>,
}

/// Judges a record: history files on the devices, and what promotions announced (a rewind removes a history file).
pub fn check(record: &Record) -> Finding {
    let mut all = announced(&record.trace);
    all.extend(in_history_files(record));
    judge(&all)
}

fn announced(trace: &Trace) -> Vec<Beginning> {
    let beginning = |(event, fields): (&nodes::world::trace::Event, &nodes::world::trace::Fields)| {
        let (timeline, fork) = (number(fields, "timeline")?, number(fields, "fork")?);
        let whose = trace.place_name(event.place).into();
        Some(Beginning { timeline, fork, whose, is_promotion: true, at: event.at, event: Some(event.number) })
    };
    trace.announced("timeline.started").filter_map(beginning).collect()
}

fn in_history_files(record: &Record) -> Vec<Beginning> {
    let mut all = Vec::new();
    for node in device_files::of(record) {
        for (name, content) in node.below("data/sys_wal/") {
            let Some(timeline) = name.strip_suffix(".history").and_then(|it| i64::from_str_radix(it, 16).ok()) else {
                continue;
            };
            let text = String::from_utf8_lossy(content);
            let Some(fork) = text.lines().last().and_then(|line| position(line.split('\t').nth(1)?)) else { continue };
            let whose = sentence!("the history file of {}", "{} 的历史文件", node.node);
            all.push(Beginning { timeline, fork, whose, is_promotion: false, at: record.ended, event: None });
        }
    }
    all
}

/// `0/8CADF138`
fn position(text: &str) -> Option<i64> {
    let (high, low) = text.split_once('/')?;
    Some(i64::from_str_radix(high, 16).ok()? << 32 | i64::from_str_radix(low, 16).ok()?)
}

/// Judges what was said of beginnings.
pub fn judge(all: &[Beginning]) -> Finding {
    let mut begun: BTreeMap<i64, &Beginning> = BTreeMap::new();
    for one in all {
        match begun.get(&one.timeline) {
            Some(other) if other.fork != one.fork || (other.is_promotion && one.is_promotion) => {
                let Beginning { timeline, fork, whose, .. } = one;
                let text = sentence!(
                    "Timeline {timeline} begins at {fork} by {2}, and began at {0} by {1}.",
                    "时间线 {timeline} 按{2}始于 {fork},而按{1}始于 {0}。",
                    other.fork,
                    other.whose,
                    *whose
                );
                return Finding::violated(CHECK.name, one.event, Some(one.at), vec![text]);
            }
            _ => {
                begun.insert(one.timeline, one);
            }
        }
    }
    answer(&CHECK, !all.is_empty(), ("no timeline was begun", "没有开始过时间线"))
}
