//! What a healed core came to: it served, it may stand still and that is proved, or it is stuck and this is what each
//! node waits for.

use super::liveness::{self, last_write, shown};
use crate::check::{Answer, Finding};
use crate::run::Record;
use crate::run::record::CoreRecord;
use crate::scenario::model::PROGRESS;
use crate::scenario::values::print_duration;

/// Judges the core of a run.
pub(super) fn judge(record: &Record) -> Finding {
    let Some(core) = &record.core else {
        return Finding::could_not_tell(PROGRESS, "the moment at which the core was to be healed never came");
    };
    if core.bound.is_zero() {
        let reason = "the model does not say how long its own time-outs are; write `within`";
        return Finding::could_not_tell(PROGRESS, reason);
    }
    let deadline = core.began + core.bound;
    let found = liveness::find(PROGRESS).and_then(|check| (check.reached)(record, core.began));
    match found {
        Some(reached) if reached.at <= deadline => {
            let took = print_duration(reached.at.since(core.began));
            let served = format!("{} served {took} after being healed; {}.", listed(&core.hosts), outside(core));
            Finding {
                event: reached.event,
                at: Some(reached.at),
                explanation: vec![served],
                ..Finding::holds(PROGRESS)
            }
        }
        _ => match &core.excuse {
            Some(proof) => {
                let stop = format!("Justified stop: {proof}.");
                Finding { at: Some(deadline.min(record.ended)), explanation: vec![stop], ..Finding::holds(PROGRESS) }
            }
            None if record.ended < deadline => {
                let ended = format!("the run ended at {}, before the bound of the core", record.ended);
                Finding { answer: Answer::CouldNotTell, explanation: vec![ended], ..Finding::holds(PROGRESS) }
            }
            None if !record.history.operations.iter().any(|it| it.called >= core.began && liveness::is_write(it)) => {
                Finding::could_not_tell(PROGRESS, "no client wrote anything after the healing")
            }
            None => Finding::violated(PROGRESS, None, Some(deadline), stuck(record, core)),
        },
    }
}

fn stuck(record: &Record, core: &CoreRecord) -> Vec<String> {
    let bound = print_duration(core.bound);
    let first = format!("{} did not serve within {bound} of being healed; {}.", listed(&core.hosts), outside(core));
    let waits = core.waits.iter().map(|(name, length)| format!("{name} {}", print_duration(*length)));
    let waits: Vec<String> = waits.collect();
    let bound = match waits.as_slice() {
        [] => Vec::new(),
        waits => vec![format!("Three times the longest way back: {}.", waits.join(", "))],
    };
    [vec![first], bound, pending(record)].concat()
}

/// What each node looks like and waits for.
pub(super) fn pending(record: &Record) -> Vec<String> {
    let nodes = record.states.last().map(|snapshot| snapshot.nodes.as_slice()).unwrap_or_default();
    let in_core = |host: &String| record.core.as_ref().is_some_and(|core| core.hosts.contains(host));
    let look = |node: &nodes::product::NodeState| {
        let place = if in_core(&node.host) { "core" } else { "outside" };
        format!("{} ({place}) is `{}`", node.host, shown(node))
    };
    let mut told: Vec<String> = nodes.iter().map(look).collect();
    told.extend(record.waiting_for.iter().map(|waits| format!("waiting: {waits}")));
    told.push(last_write(record));
    told
}

fn outside(core: &CoreRecord) -> String {
    match core.outside.as_slice() {
        [] => "nobody was left outside".to_owned(),
        hosts => format!("{} stayed as before", listed(hosts)),
    }
}

fn listed(hosts: &[String]) -> String {
    if hosts.is_empty() { "nobody".to_owned() } else { hosts.join(", ") }
}
