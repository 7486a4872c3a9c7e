//! `no-lost-commit`: whatever a client was told is committed is in the log at the end.

use std::collections::{BTreeMap, BTreeSet};

use nodes::product::Content;
use nodes::world::time::Instant;
use reports::{Sentence, sentence};

use super::Finding;
use super::catalogue::{Check, Example};
use super::{log_reader, recycled_log};
use crate::history::{History, Operation, Outcome};
use crate::run::Record;

/// Its name.
pub const NAME: &str = "no-lost-commit";

/// The check.
pub const CHECK: Check = Check {
    name: NAME,
    promise: "Every transaction that a client was told is committed is in the log at the end of the run.",
    promise_zh: "凡已向客户端确认提交的事务,运行结束时都在日志中。",
    example: Example {
        story: "Client 1 was told that its transactions 0 and 1 are committed; the log holds only the first.",
        text: "acknowledged 1 0\nacknowledged 1 1\nin-the-log 1 0\n",
        judge: |text| {
            let pairs = |word: &str| -> Vec<(u32, u32)> {
                let lines = text.lines().filter_map(|line| line.strip_prefix(word));
                lines
                    .filter_map(|rest| {
                        let mut numbers = rest.split_whitespace().filter_map(|number| number.parse().ok());
                        Some((numbers.next()?, numbers.next()?))
                    })
                    .collect()
            };
            let acknowledged: Vec<Acknowledged> = pairs("acknowledged")
                .into_iter()
                .map(|transaction| Acknowledged { transaction, at: Instant(1), event: Some(1) })
                .collect();
            judge(&acknowledged, &pairs("in-the-log").into_iter().collect())
        },
    },
};

/// A writing transaction whose client was told that it is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The client and its count.
    pub transaction: (u32, u32),
    /// When the client was told.
    pub at: Instant,
    /// The event of the answer.
    pub event: Option<u64>,
}

/// Judges a record.
pub fn check(record: &Record) -> Finding {
    judge(&acknowledged(&record.history), &in_the_logs(record))
}

/// The transactions lost, for the report's recovery point.
pub fn lost(record: &Record) -> Vec<Acknowledged> {
    let kept = in_the_logs(record);
    acknowledged(&record.history).into_iter().filter(|one| !kept.contains(&one.transaction)).collect()
}

/// The writing transactions whose clients were told that they are committed.
///
/// A client's operations are numbered as its transactions are: from 0, in the order of its calls.
pub fn acknowledged(history: &History) -> Vec<Acknowledged> {
    let mut counts: BTreeMap<u64, u32> = BTreeMap::new();
    let mut acknowledged = Vec::new();
    for operation in &history.operations {
        let count = counts.entry(operation.client).or_default();
        let number = *count;
        *count += 1;
        if let (Some(returned), true) = (operation.returned, is_committed_write(operation)) {
            let transaction = (operation.client as u32, number);
            acknowledged.push(Acknowledged { transaction, at: returned, event: operation.returned_event });
        }
    }
    acknowledged
}

fn is_committed_write(operation: &Operation) -> bool {
    let Outcome::Ok(replies) = &operation.outcome else { return false };
    let changes = |(action, reply): (&crate::history::Action, &crate::history::Reply)| {
        !action.is_read() && *reply != crate::history::Reply::Matched(false)
    };
    operation.actions.iter().zip(replies).any(changes)
}

/// What is in the logs, and what was in the segments they have forgotten.
fn in_the_logs(record: &Record) -> BTreeSet<(u32, u32)> {
    let mut kept = BTreeSet::new();
    for region in record.regions.iter().filter(|region| region.content == Content::Log) {
        let device = record.device(region.device);
        let Some(log) = device.and_then(|device| log_reader::read(&device.visible, region)) else { continue };
        if let Some(first) = log.records.first().filter(|first| first.previous.0 != 0) {
            kept.extend(recycled_log::commits_before(record, first.previous));
        }
        kept.extend(log.records.into_iter().filter(|one| one.commit).map(|one| one.transaction));
    }
    kept
}

/// Judges what was acknowledged against what is in the logs.
pub fn judge(acknowledged: &[Acknowledged], kept: &BTreeSet<(u32, u32)>) -> Finding {
    if acknowledged.is_empty() {
        return Finding::could_not_tell(NAME, ("no writing transaction was ever acknowledged", "从未确认过写事务"));
    }
    let lost: Vec<&Acknowledged> = acknowledged.iter().filter(|one| !kept.contains(&one.transaction)).collect();
    let Some(first) = lost.first() else { return Finding::holds(NAME) };
    let name = |one: &Acknowledged| {
        sentence!("client {} transaction {}", "客户端 {} 的事务 {}", one.transaction.0, one.transaction.1)
    };
    let mut explanation = vec![sentence!(
        "{} of {} acknowledged transactions are not in the log; the first is {}, acknowledged at {}.",
        "已确认的 {1} 个事务中有 {0} 个不在日志中;首个为{2},确认于 {3}。",
        lost.len(),
        acknowledged.len(),
        name(first),
        first.at
    )];
    if lost.len() > 1 {
        let others: Vec<Sentence> = lost.iter().skip(1).take(9).map(|one| name(one)).collect();
        explanation.push(sentence!("Others: {}.", "其余:{}。", Sentence::joined(&others, ", ")));
    }
    Finding::violated(NAME, first.event, Some(first.at), explanation)
}
