//! What passes between actors without a message: commands, screens, starts of processes, remains of earlier lives.

use nodes::parts::shell::SHELL;
use nodes::world::time::Instant;
use nodes::world::trace::{Incarnation, ProcessId, Trace, What};

use super::flow::{Actor, Flow, Lives, Medium};
use crate::run::Record;
use crate::scenario::Scenario;
use crate::scenario::model::{HostSelector, NodeSelector, Trigger, When};
use crate::scenario::verbs::StepVerb;

fn at_once(from: Actor, to: Actor, at: Instant) -> Flow {
    Flow { from, left: at, to, arrived: at, medium: Medium::Other, repeats: false }
}

/// Starts of processes. Who starts one is not in the trace: it is taken to be any process that runs on its host then. A
/// process that ended by itself left the world as its next life finds it.
pub fn starts(lives: &Lives) -> Vec<Flow> {
    let mut flows = Vec::new();
    for (born, life) in lives.iter().filter(|(_, life)| life.started > Instant::START) {
        let runs = |other: &Actor, started: Instant, ended: Option<Instant>| {
            *other != born && started < life.started && ended.is_none_or(|ended| ended > life.started)
        };
        let there = lives.iter().filter(|(_, other)| other.host == life.host);
        let running = there.filter(|(other, time)| runs(other, time.started, time.ended));
        flows.extend(running.map(|(other, _)| at_once(other, born, life.started)));
        flows.extend(remains(lives, born, life.started));
    }
    flows
}

fn remains(lives: &Lives, born: Actor, started: Instant) -> Option<Flow> {
    let Actor::Life(process, incarnation) = born else { return None };
    let earlier = Incarnation(incarnation.0.checked_sub(1)?);
    let ended = lives.get(process, earlier).filter(|life| life.ended_by_itself)?.ended?;
    let flow = at_once(Actor::Life(process, earlier), born, started);
    Some(Flow { left: ended, ..flow })
}

/// What the operator types, reads and waits for.
pub fn steps(scenario: &Scenario, record: &Record, lives: &Lives) -> Vec<Flow> {
    let mut flows = Vec::new();
    for (step, done) in scenario.steps.iter().zip(&record.steps) {
        for command in &done.commands {
            let Some(shell) = shell(&record.trace, &command.host) else { continue };
            let life = |at| lives.at(shell, at);
            flows.extend(life(command.began).map(|shell| at_once(Actor::Operator, shell, command.began)));
            let read = command.lines.iter().map(|(at, _)| *at).chain(command.ended);
            flows.extend(read.filter_map(|at| Some(at_once(life(at)?, Actor::Operator, at))));
        }
        if let (When::After { trigger: Trigger::Announced { node, event }, .. }, Some(began)) = (&step.when, done.began)
        {
            flows.extend(heard(record, node, event, began));
        }
        if let (StepVerb::WaitFor(wait), Some(ended)) = (&step.verb, done.ended) {
            flows.extend(heard(record, &wait.node, &wait.event, ended));
        }
    }
    flows
}

fn shell(trace: &Trace, host: &str) -> Option<ProcessId> {
    let is_shell =
        |process: &nodes::world::trace::ProcessName| &*process.name == SHELL && trace.host_name(process.host) == host;
    trace.processes.iter().position(is_shell).map(|index| ProcessId(index as u16))
}

/// The announcement that the operator acted on: the last of its name, of a host that may be meant.
fn heard(record: &Record, node: &NodeSelector, name: &str, at: Instant) -> Option<Flow> {
    let is_meant = |host: &str| match &node.host {
        HostSelector::Named(meant) => meant == host,
        HostSelector::Role(_) => true,
    };
    let earlier = record.trace.events().iter().rev().filter(|event| event.at <= at);
    let mut announced = earlier.filter(|event| match event.what {
        What::Announced { name: announced, .. } => announced == name,
        What::Process(change) => change.event_name() == name,
        _ => false,
    });
    let event = announced
        .find(|event| record.trace.host_of(event.place).is_some_and(|host| is_meant(record.trace.host_name(host))))?;
    let flow = at_once(Actor::at(event.place)?, Actor::Operator, at);
    Some(Flow { left: event.at, ..flow })
}
