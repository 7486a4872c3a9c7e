//! The stretch of a run in which something changed: what every picture of it should show large.
//!
//! A drill of three minutes is decided within twenty seconds; drawn evenly, those would be a thumb wide.

use crate::report::{Moment, Report, StepKind};

/// From just before the first change to just after the last, within the run. Never empty.
pub(super) fn stretch_of_interest(report: &Report) -> (Moment, Moment) {
    let moments = moments_of_change(report);
    let first = moments.iter().min().copied().unwrap_or_default();
    let last = moments.iter().max().copied().unwrap_or(report.end());
    // A tenth of air on both sides shows what was there before and what remains.
    let air = last.since(first).0 / 10 + 1_000_000;
    let from = first.0.saturating_sub(air);
    let until = (last.0 + air).min(report.end().0).max(from + 1);
    (Moment(from), Moment(until))
}

/// Every moment at which a step, a fault, a role or the right to write changed, the start of the run aside.
fn moments_of_change(report: &Report) -> Vec<Moment> {
    let changes = report.runbook.iter().filter(|step| step.kind == StepKind::Change);
    let steps = changes.filter_map(|step| step.started);
    let faults = report.faults.iter().flat_map(|fault| [fault.fired, fault.ended]).flatten();
    let writers = report.writers.iter().flat_map(|writer| [Some(writer.from), writer.until]).flatten();
    let roles = report
        .lanes
        .iter()
        .flat_map(|lane| &lane.intervals)
        .flat_map(|interval| [Some(interval.from), interval.until])
        .flatten();
    let served = report
        .service
        .outages
        .iter()
        .flat_map(|outage| [Some(outage.first_failed.at), outage.first_durable.as_ref().map(|durable| durable.at)])
        .flatten();
    let bounds = Moment(0)..report.end();
    steps.chain(faults).chain(writers).chain(roles).chain(served).filter(|at| at.0 > 0 && bounds.contains(at)).collect()
}
