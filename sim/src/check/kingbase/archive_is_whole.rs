//! What an archive is for: every segment of the log is in one, or still waits for it on a node that has to archive it.
//!
//! A segment that is in neither is a gap: a restore from a backup made before it ends where the gap begins, and no moment
//! inside it can be restored to (KingbaseES reference, section 4.1, the first remedy). A standby's copy marked as done is
//! no archive: its next checkpoint may remove it.

use std::collections::{BTreeMap, BTreeSet};

use nodes::world::time::Instant;
use reports::{Sentence, sentence};

use super::device_files::{self, segment_number};
use super::{Check, Example, Finding, answer};
use crate::check::log_reader;
use crate::run::Record;

/// The check.
pub const CHECK: Check = Check {
    name: "kb-archive-is-whole",
    promise: "Every segment of the log is in an archive, or waits for it in the sys_wal of a node.",
    promise_zh: "日志的每个段要么已归档,要么仍在某节点的 sys_wal 中等待归档。",
    example: Example {
        story: "Segments 6 to 9 were written; 7 and 8 are in no archive, and no node keeps them for one.",
        text: "\
node1 archived 6
node1 waits 9
node2 copy 8
node1 began 6 10
node1 began 7 20
node1 began 8 30
node1 began 9 40
",
        judge: |text| judge(&read_written(text), Instant::START),
    },
};

/// What is known of segments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segments {
    /// In an archive.
    archived: BTreeSet<u64>,
    /// In the sys_wal of a node, and not marked as done there.
    waits: BTreeSet<u64>,
    /// In the sys_wal of a node, marked as done: by node.
    copies: BTreeMap<String, BTreeSet<u64>>,
    /// When each was first written to.
    began: BTreeMap<u64, Instant>,
    /// Names of segments, for what is said.
    names: BTreeMap<u64, String>,
}

fn read_written(text: &str) -> Segments {
    let mut segments = Segments::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(number) = words.get(2).and_then(|word| word.parse().ok()) else { continue };
        match words[1] {
            "archived" => _ = segments.archived.insert(number),
            "waits" => _ = segments.waits.insert(number),
            "copy" => _ = segments.copies.entry(words[0].to_owned()).or_default().insert(number),
            _ => {
                let seconds: u64 = words.get(3).and_then(|word| word.parse().ok()).unwrap_or(0);
                segments.began.insert(number, Instant(seconds * 1_000_000_000));
            }
        }
    }
    segments
}

/// Judges a record by the archives, status files and logs on the devices.
pub fn check(record: &Record) -> Finding {
    judge(&known(record), record.ended)
}

fn known(record: &Record) -> Segments {
    let mut segments = Segments::default();
    let mut size = 0;
    for region in record.regions.iter().filter(|region| region.name.starts_with("sys_wal of ")) {
        let Some(device) = record.device(region.device) else { continue };
        let Some(segment_size) = log_reader::segment_size(&device.visible, region) else { continue };
        size = segment_size;
        note_beginnings(&mut segments.began, device, region, segment_size);
    }
    for node in device_files::of(record) {
        let done = node.with_status(".done");
        for name in node.below("archive/").into_keys() {
            let bare = name.strip_suffix(".partial").unwrap_or(name);
            segments.archived.extend(segment_number(bare, size));
        }
        for name in node.below("data/sys_wal/").into_keys() {
            let Some(number) = segment_number(name, size) else { continue };
            segments.names.insert(number, name.to_owned());
            match done.contains(name) {
                true => _ = segments.copies.entry(node.node.clone()).or_default().insert(number),
                false => _ = segments.waits.insert(number),
            }
        }
    }
    segments
}

/// When each segment got its header: the write that covers its first byte.
fn note_beginnings(
    began: &mut BTreeMap<u64, Instant>,
    device: &crate::run::DeviceRecord,
    region: &nodes::product::Region,
    segment_size: u64,
) {
    let sector = device.visible.sector_size();
    for entry in device.journal.applied_writes() {
        let (first, end) = (entry.range.first * sector, entry.range.end * sector);
        if first < region.offset || end > region.offset + region.length {
            continue;
        }
        let (Some(bytes), Some(at)) = (&entry.bytes, entry.applied) else { continue };
        // Headers lie at multiples of the segment size.
        let skip = (first - region.offset).next_multiple_of(segment_size) - (first - region.offset);
        let header = bytes.get(skip as usize..skip as usize + 24).filter(|header| header.starts_with(b"SIMRWAL1"));
        let number = header.and_then(|header| Some(u64::from_le_bytes(header[16..24].try_into().ok()?)));
        if let Some(number) = number {
            let known = began.entry(number).or_insert(at);
            *known = (*known).min(at);
        }
    }
}

/// Judges what is known of segments.
pub fn judge(segments: &Segments, ended: Instant) -> Finding {
    let Segments { archived, waits, copies, began, names } = segments;
    let (Some(first), Some(newest)) = (began.keys().next(), began.keys().next_back()) else {
        return answer(&CHECK, false, ("no log was written", "没有写过日志"));
    };
    if archived.is_empty() && waits.is_empty() {
        return answer(&CHECK, false, ("no node archives", "没有节点归档"));
    }
    let missing: Vec<u64> =
        (*first..=*newest).filter(|number| !archived.contains(number) && !waits.contains(number)).collect();
    let (Some(low), Some(high)) = (missing.first(), missing.last()) else { return Finding::holds(CHECK.name) };
    let name = |number: &u64| {
        names.get(number).cloned().map_or_else(|| sentence!("number {number}", "第 {number} 个"), Sentence::from)
    };
    let (from, until) = (began.get(low).copied().unwrap_or(ended), began.get(&(high + 1)).copied().unwrap_or(ended));
    let mut explanation = vec![
        sentence!(
            "{} segments are in no archive and on no node that would archive them: {} to {}.",
            "有 {} 个日志段不在任何归档中,也没有节点会再归档它们:{} 至 {}。",
            missing.len(),
            name(low),
            name(high)
        ),
        sentence!(
            "Gone for point-in-time recovery: every moment from {from} to {until}; a restore from a backup made \
             before {from} ends there.",
            "{from} 至 {until} 的任何时刻都无法做时间点恢复;用 {from} 之前的备份恢复只能到此为止。"
        ),
    ];
    for (node, copied) in copies {
        let saved = missing.iter().filter(|number| copied.contains(number)).count();
        if saved > 0 {
            explanation.push(sentence!(
                "{node} still has copies of {saved} of them, marked as done: nobody archives these.",
                "{node} 上仍有其中 {saved} 个的副本,但已标记为归档完成,不会再有人归档。"
            ));
        }
    }
    Finding::violated(CHECK.name, None, Some(from), explanation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    #[test]
    fn the_moments_that_cannot_be_restored_are_named() {
        let finding = CHECK.judge_example();
        assert_eq!(finding.answer, Answer::Violated);
        assert!(finding.explanation[0].en.starts_with("2 segments are in no archive"), "{:?}", finding.explanation);
        assert!(finding.explanation[1].en.contains("from 20.000000s to 40.000000s"), "{:?}", finding.explanation);
        assert!(finding.explanation[2].en.contains("node2 still has copies of 1"), "{:?}", finding.explanation);
        let whole = read_written("node1 archived 6\nnode1 waits 7\nnode1 began 6 10\nnode1 began 7 20\n");
        assert_eq!(judge(&whole, Instant::START).answer, Answer::Holds);
    }
}
