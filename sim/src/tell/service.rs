//! The service as its clients knew it: counts, latencies, losses.

use std::time::Duration;

use nodes::world::time::Instant;
use reports::{ClientBucket, ClientStatistics, LatencyQuantiles, LostCommit, Moment, Outage, Service, Span};

use super::Tale;
use super::moment::{moment, span};
use crate::check::{Answer, no_lost_commit};
use crate::history::{Operation, Outcome};
use crate::run::Record;

/// The width of a bucket.
const BUCKET: Duration = Duration::from_secs(1);

pub(super) fn service(record: &Record, outages: Vec<Outage>, lost_commits: Vec<LostCommit>) -> Service {
    Service { outages, lost_commits, clients: statistics(record) }
}

/// Acknowledged commits that are gone; `None` where nobody asked, or where it could not be found out.
pub(super) fn losses(tale: &Tale<'_>) -> Option<Vec<LostCommit>> {
    let judged = tale.verdict.checks.iter().find(|check| check.name == no_lost_commit::NAME);
    let answer = match judged {
        Some(check) => check.finding.answer,
        None if tale.scenario.objectives.rpo.is_some() => no_lost_commit::check(tale.record).answer,
        None => Answer::CouldNotTell,
    };
    match answer {
        Answer::Holds => Some(Vec::new()),
        Answer::Violated => Some(no_lost_commit::lost(tale.record).into_iter().map(lost_commit).collect()),
        Answer::CouldNotTell => None,
    }
}

fn lost_commit(lost: no_lost_commit::Acknowledged) -> LostCommit {
    let (client, number) = lost.transaction;
    LostCommit {
        name: format!("transaction {number}"),
        client: format!("client {client}"),
        acknowledged: moment(lost.at),
        position: "in no log at the end".to_owned(),
    }
}

/// The last acknowledgement before the loss.
pub(super) fn writing_stopped(service: &Service, lost: &[LostCommit]) -> Moment {
    let newest = lost.iter().map(|commit| commit.acknowledged).max().unwrap_or_default();
    let failed = service.outages.iter().map(|outage| outage.first_failed.at).find(|at| *at >= newest);
    failed.unwrap_or(newest)
}

fn statistics(record: &Record) -> ClientStatistics {
    let operations = &record.history.operations;
    let mut latencies: Vec<Duration> = operations.iter().filter(|it| it.is_ok()).filter_map(latency).collect();
    latencies.sort();
    let count = |fits: fn(&Outcome) -> bool| operations.iter().filter(|it| fits(&it.outcome)).count() as u64;
    ClientStatistics {
        ok: count(|outcome| matches!(outcome, Outcome::Ok(_))),
        failed: count(|outcome| matches!(outcome, Outcome::Failed(_))),
        unknown: count(|outcome| matches!(outcome, Outcome::Unknown)),
        latency: quantiles(&latencies),
        bucket: span(BUCKET),
        buckets: buckets(record),
    }
}

fn latency(operation: &Operation) -> Option<Duration> {
    Some(operation.returned?.since(operation.called))
}

fn quantiles(sorted: &[Duration]) -> Option<LatencyQuantiles> {
    let rank = |per_thousand: usize| {
        let rank = (sorted.len() * per_thousand).div_ceil(1_000).max(1);
        sorted.get(rank - 1).copied().map(span)
    };
    Some(LatencyQuantiles {
        p50: rank(500)?,
        p90: rank(900)?,
        p99: rank(990)?,
        p999: rank(999)?,
        slowest: rank(1_000)?,
    })
}

/// The run cut into buckets; an operation counts where it ended, or where it began if it never did.
fn buckets(record: &Record) -> Vec<ClientBucket> {
    let width = nodes::world::time::nanos(BUCKET);
    let number = |at: Instant| (at.as_nanos() / width) as usize;
    let count = (record.ended.as_nanos().div_ceil(width) as usize).max(1);
    let mut seen: Vec<(ClientBucket, Vec<Duration>)> = (0..count)
        .map(|number| (ClientBucket { from: Moment(number as u64 * width), ..ClientBucket::default() }, Vec::new()))
        .collect();
    for operation in &record.history.operations {
        let at = operation.returned.unwrap_or(operation.called);
        let (bucket, latencies) = &mut seen[number(at).min(count - 1)];
        match &operation.outcome {
            Outcome::Ok(_) => {
                bucket.ok += 1;
                latencies.extend(latency(operation));
            }
            Outcome::Failed(_) => bucket.failed += 1,
            Outcome::Unknown => bucket.unknown += 1,
        }
    }
    seen.into_iter().map(|(bucket, latencies)| with_latencies(bucket, latencies)).collect()
}

fn with_latencies(bucket: ClientBucket, mut latencies: Vec<Duration>) -> ClientBucket {
    latencies.sort();
    let median: Option<Span> = latencies.get(latencies.len() / 2).copied().map(span);
    ClientBucket { median, slowest: latencies.last().copied().map(span), ..bucket }
}
