//! `log-intact`: what the devices hold at the end is one unbroken log, written by writers that followed one another.

use nodes::product::Region;
use nodes::world::device::{EntryKind, Outcome};
use reports::{Sentence, sentence};

use super::Finding;
use super::catalogue::{Check, Example};
use super::log_reader::{self, LogRecord, ReadLog};
use crate::run::{DeviceRecord, Record};

/// Its name.
pub const NAME: &str = "log-intact";

/// The check.
pub const CHECK: Check = Check {
    name: NAME,
    promise: "Every log reads as one unbroken chain to its end, and no older writer's record stands behind a newer one's.",
    promise_zh: "每个日志从头到尾是一条完整的校验链,旧写入者的记录不会出现在新写入者之后。",
    example: Example {
        story: "A record of the reign 3 stands in the log behind one of the reign 4.",
        text: "4096 reign 3\n4160 reign 4\n4224 reign 3\n",
        judge: |text| {
            let records = text.lines().filter_map(read_written).collect();
            judge("wal", &ReadLog { records, end: 5000, stopped: ("end", "末尾").into() }, 0)
        },
    },
};

fn read_written(line: &str) -> Option<LogRecord> {
    let mut words = line.split_whitespace();
    let position = words.next()?.parse().ok()?;
    let epoch = words.nth(1)?.parse().ok()?;
    Some(LogRecord { position, incarnation: 1, epoch, ..LogRecord::default() })
}

/// Judges a record of a run.
pub fn check(record: &Record) -> Finding {
    let mut read_any = false;
    for region in record.regions.iter().filter(|region| region.content.is_log()) {
        let Some(device) = record.device(region.device) else { continue };
        let Some(log) = log_reader::read(&device.visible, region) else { continue };
        let mut finding = judge(&region.name, &log, stable_end(device, region));
        read_any |= finding.answer != super::Answer::CouldNotTell;
        if finding.answer == super::Answer::Violated {
            finding.at = finding.at.or(Some(record.ended));
            return finding;
        }
    }
    if read_any {
        Finding::holds(NAME)
    } else {
        Finding::could_not_tell(NAME, ("no log was ever written", "从未写过日志"))
    }
}

/// The end of the last stable write of the newest writer of a log, as an offset into its region: the log must read at
/// least so far, give or take the sector in which it ends.
fn stable_end(device: &DeviceRecord, region: &Region) -> u64 {
    let sector = device.visible.sector_size();
    let mut newest = (0, 0, 0);
    let mut end = 0;
    for entry in device.journal.applied_writes() {
        let (first, last) = (entry.range.first * sector, entry.range.end * sector);
        let inside = last > region.offset && first < region.offset + region.length;
        let whole = matches!(entry.kind, EntryKind::Write { .. }) && entry.outcome == Outcome::Done;
        if !inside || !whole {
            continue;
        }
        let writer = (entry.origin.epoch, entry.origin.process, entry.origin.incarnation);
        if writer != newest {
            newest = writer;
            end = 0;
        }
        if entry.stable.is_some() {
            end = end.max(last - region.offset);
        }
    }
    end
}

/// Judges one log as it was read. `stable_end` is how far it must reach, as an offset into its region.
pub fn judge(name: &str, log: &ReadLog, stable_end: u64) -> Finding {
    if log.records.is_empty() && stable_end == 0 {
        return Finding::could_not_tell(
            NAME,
            sentence!("nothing was ever written into {name}", "{name} 从未写入任何内容"),
        );
    }
    let violated = |text: Sentence| Finding::violated(NAME, None, None, vec![text]);
    for pair in log.records.windows(2) {
        let [before, after] = pair else { continue };
        if after.epoch < before.epoch {
            return Finding {
                event: None,
                at: Some(nodes::world::time::Instant::START),
                ..violated(sentence!(
                    "In {name} the record at {} was written under reign {}, behind one of reign {}.",
                    "{name} 中位于 {} 的记录属于第 {} 任,却排在第 {} 任的记录之后。",
                    after.position,
                    after.epoch,
                    before.epoch
                ))
            };
        }
    }
    if log.end + 4096 < stable_end {
        return violated(sentence!(
            "{name} can be read up to {} ({}), but a stable write of its newest writer reaches {stable_end}.",
            "{name} 只能读到 {}({}),而最新写入者已持久化的写入到达 {stable_end}。",
            log.end,
            log.stopped
        ));
    }
    Finding::holds(NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    #[test]
    fn a_log_that_ends_before_its_stable_end_is_broken() {
        let log = ReadLog { records: vec![], end: 4096, stopped: "the record at 4096 has a wrong checksum".into() };
        assert_eq!(judge("wal", &log, 100_000).answer, Answer::Violated);
        assert_eq!(judge("wal", &log, 4608).answer, Answer::Holds);
    }
}
