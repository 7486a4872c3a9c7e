//! `single-writer`: a log has one writer at a time.
//!
//! A writer is one reign of one life of one process: a process that was demoted and promoted again in one life writes
//! under a new reign. Writers may follow one another; a writer that has been followed by another one may never write
//! again. A writer takes over when it opens for writes, not when it first writes: what an older one appends after that
//! will be overwritten. Where a product keeps one log for each instance (DSC), the rule holds for each log by
//! itself: several instances write at once, never into one log.

use std::collections::BTreeMap;

use reports::{Sentence, sentence};

use super::Finding;
use super::catalogue::{Check, Example};
use super::log_writes::{self, LogWrite};
use crate::run::Record;

/// Its name.
pub const NAME: &str = "single-writer";

/// The check.
pub const CHECK: Check = Check {
    name: NAME,
    promise: "Once another process has taken a log over, the one that wrote it before never writes it again.",
    promise_zh: "日志一旦被新的进程接管,原写入进程就不再写入。",
    example: Example {
        story: "dn2 is promoted and appends to the log; dn1 was never stopped and appends again.",
        text: "1s dn1/gaussdb 1.1 wal 0\n2s dn2/gaussdb 1.2 wal 512\n3s dn1/gaussdb 1.1 wal 512\n",
        judge: |text| match log_writes::read_written(text) {
            Ok(writes) => judge(&writes),
            Err(problem) => Finding::could_not_tell(NAME, problem),
        },
    },
};

/// Judges a record.
pub fn check(record: &Record) -> Finding {
    let mut writes = log_writes::of(record);
    let openings = log_writes::openings(record, &writes);
    writes.extend(openings);
    writes.sort_by_key(|write| write.applied);
    judge(&writes)
}

/// Judges writes in the order in which they took effect.
pub fn judge(writes: &[LogWrite]) -> Finding {
    if writes.is_empty() {
        return Finding::could_not_tell(NAME, ("nobody wrote a log", "没有节点写过日志"));
    }
    let mut logs: BTreeMap<&str, Vec<&LogWrite>> = BTreeMap::new();
    for write in writes {
        // The first write of each writer, in the order in which they came.
        let writers = logs.entry(&write.log).or_default();
        match writers.iter().position(|first| first.same_writer(write)) {
            None => writers.push(write),
            Some(position) if position + 1 == writers.len() => {}
            Some(position) => return violated(write, writers[position + 1], writes),
        }
    }
    Finding::holds(NAME)
}

fn violated(write: &LogWrite, follower: &LogWrite, writes: &[LogWrite]) -> Finding {
    let overlap = writes.iter().find(|other| {
        other.log == write.log
            && other.same_writer(follower)
            && other.applied <= write.applied
            && other.offset < write.offset + write.length
            && write.offset < other.offset + other.length
    });
    let mut explanation = vec![
        sentence!("{} took {} over at {}.", "{} 于 {2} 接管了 {1}。", follower.writer(), write.log, follower.applied),
        sentence!(
            "{} wrote it again at {}, {} bytes from byte {} on{}.",
            "{} 又于 {} 写入它:自字节 {3} 起 {2} 字节{4}。",
            write.writer(),
            write.applied,
            write.length,
            write.offset,
            if write.late {
                Sentence::from((", after its host had died (a late write)", ",此时其主机已经宕机(迟到的写)"))
            } else {
                Sentence::default()
            }
        ),
    ];
    if let Some(lost) = overlap {
        explanation.push(sentence!(
            "That is over what {} had written there at {}.",
            "这覆盖了 {} 于 {} 写在该处的内容。",
            lost.writer(),
            lost.applied
        ));
    }
    Finding::violated(NAME, None, Some(write.applied), explanation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    fn answer(text: &str) -> Answer {
        judge(&log_writes::read_written(text).expect("writes")).answer
    }

    #[test]
    fn writers_may_follow_one_another() {
        assert_eq!(
            answer("1s dn1/g 1.1 wal 0\n2s dn2/g 1.2 wal 512\n3s dn2/g 1.2 wal 1024\n4s dn1/g 1.3 wal 1536\n"),
            Answer::Holds
        );
    }

    #[test]
    fn every_log_has_its_own_writer() {
        assert_eq!(
            answer("1s a/d 1.0 log0 0\n2s b/d 1.0 log1 0\n3s a/d 1.0 log0 512\n4s b/d 1.0 log1 512\n"),
            Answer::Holds
        );
    }

    #[test]
    fn a_writer_that_was_followed_may_not_come_back() {
        assert_eq!(answer("1s dn1/g 1.1 wal 0\n2s dn1/g 2.1 wal 512\n3s dn1/g 1.1 wal 1024\n"), Answer::Violated);
    }
}
