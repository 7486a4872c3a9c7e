//! The service as its clients knew it: counts, latencies, losses.

use std::time::Duration;

use nodes::world::time::Instant;
use reports::{ClientBucket, ClientStatistics, LatencyQuantiles, LostCommit, Moment, Outage, Service, Span};

use super::Tale;
use super::moment::span;
use crate::check::Answer;
use crate::history::{Operation, Outcome};
use crate::run::Record;
use crate::verdict::judges;

/// The width of a bucket.
const BUCKET: Duration = Duration::from_secs(1);

/// The check that knows what was lost.
const NO_LOST_COMMIT: &str = "no-lost-commit";

pub(super) fn service(record: &Record, outages: Vec<Outage>) -> Service {
    Service { outages, lost_commits: Vec::new(), clients: statistics(record) }
}

/// Acknowledged commits that are gone; `None` where that could not be found out.
pub(super) fn losses(tale: &Tale<'_>) -> Option<Vec<LostCommit>> {
    let judged = tale.verdict.checks.iter().find(|check| check.name == NO_LOST_COMMIT);
    let answer = judged.map_or_else(|| judges::find(NO_LOST_COMMIT, tale.record).answer, |it| it.finding.answer);
    (answer == Answer::Holds).then(Vec::new)
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
