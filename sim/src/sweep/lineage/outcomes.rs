//! The good outcomes of a run: what it promised and kept, and the service that came back.

use nodes::product::events;
use nodes::world::time::Instant;
use nodes::world::trace::{Place, What};

use super::cone::{Answered, Goal};
use super::flow::{Actor, Lives};
use crate::check::Answer;
use crate::run::Record;
use crate::scenario::Scenario;
use crate::scenario::model::{Check, Promise};
use crate::tell;
use crate::verdict::liveness::{self, Reached};
use crate::verdict::{Mode, Verdict};

/// Something good that a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// When it was there.
    pub at: Instant,
    /// Where a walk back from it begins.
    pub goal: Goal,
}

/// What the runs of a scenario can come to: each thing that is to be so eventually, and the service.
pub fn names(scenario: &Scenario) -> Vec<String> {
    let promised = scenario.checks.iter().filter_map(promised);
    promised.chain(["service after its last outage".to_owned()]).collect()
}

fn promised(check: &Check) -> Option<String> {
    match &check.promise {
        Promise::Eventually { after: Some(trigger), .. } => Some(format!("{} after {trigger}", check.name())),
        Promise::Eventually { .. } | Promise::Progress { .. } => Some(check.name()),
        Promise::Always(_) | Promise::Survives(_) | Promise::Sometimes(_) => None,
    }
}

/// What a run came to, in the order of [`names`]; `None` for what it did not.
pub fn outcomes(scenario: &Scenario, record: &Record, verdict: &Verdict, lives: &Lives) -> Vec<Option<Outcome>> {
    let kept = verdict.checks.iter().filter(|check| check.mode == Mode::Eventually).map(|check| {
        let finding = Some(&check.finding).filter(|finding| finding.answer == Answer::Holds)?;
        Some(Reached { at: finding.at?, event: finding.event })
    });
    let reached = kept.chain([service(scenario, record)]);
    reached.map(|reached| Some(outcome(scenario, record, lives, reached?))).collect()
}

/// The first durable write after the last outage; if there was none, after the last step.
fn service(scenario: &Scenario, record: &Record) -> Option<Reached> {
    if let Some(outage) = tell::outages(record, scenario).last() {
        let back = outage.first_durable.as_ref()?;
        return Some(Reached { at: Instant(back.at.0), event: back.event });
    }
    let over = record.steps.iter().filter_map(|step| step.ended).max().unwrap_or_default();
    (liveness::find("writable")?.reached)(record, over)
}

fn outcome(scenario: &Scenario, record: &Record, lives: &Lives, reached: Reached) -> Outcome {
    let Reached { at, event } = reached;
    let shown = event.and_then(|number| {
        let events = record.trace.events();
        events.binary_search_by_key(&number, |event| event.number).ok().map(|index| &events[index])
    });
    let goal = match shown.map(|event| (&event.what, Actor::at(event.place))) {
        Some((What::Client { operation, .. }, Some(client))) => answered(record, *operation, client),
        Some((_, Some(actor))) => Goal { needs: vec![(actor, at)], operation: None },
        _ => Goal { needs: as_they_look(scenario, record, lives, at), operation: None },
    };
    Outcome { at, goal }
}

fn answered(record: &Record, operation: u64, client: Actor) -> Goal {
    let operation = usize::try_from(operation).ok().and_then(|number| record.history.operations.get(number));
    let answered = operation
        .and_then(|operation| Some(Answered { client, called: operation.called, returned: operation.returned? }));
    Goal { needs: Vec::new(), operation: answered }
}

/// The announcements that say what a host is.
const LOOKS: [&str; 2] = [events::ROLE_CHANGED, events::STATE_CHANGED];

/// Whoever last said of a host what it is, for each host: it must live and look like this.
fn as_they_look(scenario: &Scenario, record: &Record, lives: &Lives, at: Instant) -> Vec<(Actor, Instant)> {
    let of_looks = |what: &What| matches!(what, What::Announced { name, .. } if LOOKS.contains(name));
    let until = record.trace.events().partition_point(|event| event.at <= at);
    let said = |host: &str| {
        let earlier = record.trace.events()[..until].iter().rev().filter(|event| of_looks(&event.what));
        let mut of_host = earlier.filter(|event| {
            record.trace.host_of(event.place).is_some_and(|place| record.trace.host_name(place) == host)
        });
        let Place::Process(process, _) = of_host.next()?.place else { return None };
        Some((lives.at(process, at)?, at))
    };
    scenario.nodes.iter().filter_map(|node| said(&node.name)).collect()
}
