//! When the service was away, as its clients noticed.
//!
//! An outage is a stretch between two durable writes in which some write failed or was never answered. It is measured
//! from the first of those failures to the next durable write: before that failure nobody had noticed anything, and a
//! stretch without failures is a lull, not an outage. What fails before the first durable write is a cluster that has
//! not begun to serve, and what is shorter than [`SHORTEST`] is a client that tries one server after the other while the
//! rest are served.

use std::collections::BTreeMap;
use std::time::Duration;

use nodes::world::time::Instant;
use reports::{Landmark, Outage, Sentence};

use super::moment::{moment, span};
use crate::history::{Operation, Outcome};
use crate::run::Record;
use crate::scenario::Scenario;
use crate::verdict::liveness::{is_durable_write, is_write};

/// Shorter stretches without a durable write are not outages.
const SHORTEST: Duration = Duration::from_millis(100);

/// A durable write: when its client was told, and its number in the history.
type Acknowledged = (Instant, usize);

pub(crate) fn outages(record: &Record, scenario: &Scenario) -> Vec<Outage> {
    let operations = &record.history.operations;
    let acknowledged = acknowledged(operations);
    let mut gaps: BTreeMap<usize, (Instant, usize)> = BTreeMap::new();
    for (number, operation) in operations.iter().enumerate().filter(|(_, operation)| is_failing(operation)) {
        // A write that waited long began in one stretch and failed in another; it belongs to both.
        for at in [Some(operation.called), operation.returned].into_iter().flatten() {
            let Some(gap) = acknowledged.partition_point(|(told, _)| *told <= at).checked_sub(1) else { continue };
            let failing = (operation.called.max(acknowledged[gap].0), number);
            let first = gaps.entry(gap).or_insert(failing);
            *first = failing.min(*first);
        }
    }
    let outage = |(gap, (at, number)): (usize, (Instant, usize))| Outage {
        first_failed: failed(operations, scenario, number, at),
        first_durable: acknowledged.get(gap + 1).map(|(at, number)| durable(operations, scenario, *number, *at)),
    };
    let lasting = |outage: &Outage| outage.length().is_none_or(|length| length >= span(SHORTEST));
    gaps.into_iter().map(outage).filter(lasting).collect()
}

fn acknowledged(operations: &[Operation]) -> Vec<Acknowledged> {
    let durable = operations.iter().enumerate().filter(|(_, operation)| is_durable_write(operation));
    let mut told: Vec<Acknowledged> =
        durable.filter_map(|(number, operation)| Some((operation.returned?, number))).collect();
    told.sort();
    told
}

/// A write that did not become durable, and is over: one under way at the end of the run has not failed yet.
fn is_failing(operation: &Operation) -> bool {
    is_write(operation) && !operation.is_ok() && operation.returned.is_some()
}

fn failed(operations: &[Operation], scenario: &Scenario, number: usize, at: Instant) -> Landmark {
    let operation = &operations[number];
    let who = told(operation, scenario, number);
    let node = operation.node.as_deref().unwrap_or("?");
    let what = match &operation.outcome {
        Outcome::Failed(why) => Sentence::new(
            format!("{} failed on {node}: {why}", who.en),
            format!("{}在 {node} 上失败:{why}", chinese(&who)),
        ),
        _ => Sentence::new(
            format!("{} got no answer from {node}", who.en),
            format!("{}未得到 {node} 的应答", chinese(&who)),
        ),
    };
    Landmark { at: moment(at), event: operation.called_event, what }
}

fn durable(operations: &[Operation], scenario: &Scenario, number: usize, at: Instant) -> Landmark {
    let operation = &operations[number];
    let who = told(operation, scenario, number);
    let node = operation.node.as_deref().unwrap_or("?");
    let chinese = format!("{}在 {node} 上已持久化", chinese(&who));
    let what = Sentence::new(format!("{} is durable on {node}", who.en), chinese);
    Landmark { at: moment(at), event: operation.returned_event, what }
}

/// `transfer 1204 of client 3`.
fn told(operation: &Operation, scenario: &Scenario, number: usize) -> Sentence {
    let kind = scenario.workload.as_ref().map(|workload| workload.kind.as_str());
    let (noun, noun_zh) = match kind {
        Some("bank-transfer") => ("transfer", "转账"),
        Some("list-append") => ("append", "追加"),
        _ => ("write", "写入"),
    };
    let client = operation.client;
    Sentence::new(format!("{noun} {number} of client {client}"), format!("客户端 {client} 的{noun_zh} {number} "))
}

fn chinese(sentence: &Sentence) -> &str {
    sentence.zh.as_deref().unwrap_or(&sentence.en)
}
