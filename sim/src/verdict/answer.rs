//! One check of a scenario, answered from the record.

use std::time::Duration;

use nodes::world::time::Instant;
use reports::{Sentence, sentence};

use super::liveness::{self, Reached};
use super::places::first_event;
use super::{Judged, Mode, core, judges, survival};
use crate::check::{Answer, Finding, catalogue};
use crate::run::Record;
use crate::scenario::model::{Check, FaultCount, Moment, PROGRESS, Promise, Reached as Goal, Trigger};
use crate::scenario::values::print_duration;

/// Answers a check.
pub(super) fn answer(check: &Check, record: &Record) -> Judged {
    let (mode, finding) = match &check.promise {
        Promise::Always(name) => (Mode::Always, judges::find(name, record)),
        Promise::Survives(fault) => (Mode::Always, survival::survived(record, &check.name(), fault)),
        Promise::Eventually { what, after, within } => {
            (Mode::Eventually, eventually(record, what, after.as_ref(), *within))
        }
        Promise::Sometimes(what) => (Mode::Sometimes, sometimes(record, what)),
        Promise::Progress { .. } => (Mode::Eventually, core::judge(record)),
    };
    Judged { name: check.name(), mode, promise: promise(check), finding, expected: false, line: check.place.line }
}

fn promise(check: &Check) -> Sentence {
    match &check.promise {
        Promise::Always(name) => {
            let known = catalogue::find(name).map(|check| Sentence::new(check.promise, check.promise_zh));
            known.unwrap_or_default()
        }
        Promise::Survives(_) => count_promise(FaultCount::Survived),
        Promise::Eventually { what, within, .. } => {
            let goal = goal_promise(what);
            let Some(within) = within.map(print_duration) else { return goal };
            let chinese = goal.zh.unwrap_or_default();
            Sentence::new(format!("Within {within}: {}", goal.en), format!("{within} 内:{chinese}"))
        }
        Promise::Sometimes(what) => goal_promise(what),
        Promise::Progress { .. } => goal_promise(&Goal::Check(PROGRESS.to_owned())),
    }
}

fn goal_promise(what: &Goal) -> Sentence {
    match what {
        Goal::Check(name) => {
            let known = liveness::find(name).map(|check| Sentence::new(check.promise, check.promise_zh));
            known.unwrap_or_default()
        }
        Goal::Announced { node, event } => {
            Sentence::new(format!("{node} announces {event}."), format!("{node} 发出 {event}。"))
        }
        Goal::Counted { count, .. } => count_promise(*count),
    }
}

fn count_promise(count: FaultCount) -> Sentence {
    Sentence::new(count.word().promise, count.word().promise_zh)
}

fn reached(record: &Record, what: &Goal, from: Instant) -> Option<Reached> {
    match what {
        Goal::Check(name) => (liveness::find(name)?.reached)(record, from),
        Goal::Announced { node, event } => first_event(record, node, event, from),
        // A count has no moment; it is read when the run is over.
        Goal::Counted { fault, count } => {
            survival::reached(record, fault, *count).then_some(Reached { at: record.ended, event: None })
        }
    }
}

fn missing(record: &Record, what: &Goal) -> Vec<Sentence> {
    match what {
        Goal::Check(name) => liveness::find(name).map(|check| (check.missing)(record)).unwrap_or_default(),
        Goal::Announced { node, event } => vec![sentence!("{node} did not announce {event}", "{node} 未发出 {event}")],
        Goal::Counted { fault, .. } => survival::missing(record, fault),
    }
}

fn sometimes(record: &Record, what: &Goal) -> Finding {
    let name = what.to_string();
    match reached(record, what, Instant::START) {
        Some(Reached { at, event }) => Finding { event, at: Some(at), ..Finding::holds(&name) },
        None => could_not_tell(&name, missing(record, what)),
    }
}

fn eventually(record: &Record, what: &Goal, after: Option<&Trigger>, within: Option<Duration>) -> Finding {
    let name = what.to_string();
    let from = match after {
        Some(trigger) => match moment_of(record, trigger) {
            Some(from) => from,
            None => return Finding::could_not_tell(&name, sentence!("{trigger} never happened", "{trigger} 从未发生")),
        },
        None => end_of_the_plan(record),
    };
    let deadline = within.map_or(record.ended, |within| from + within);
    match reached(record, what, from) {
        Some(Reached { at, event }) if at <= deadline => Finding { event, at: Some(at), ..Finding::holds(&name) },
        Some(Reached { at, event }) => {
            let late = sentence!(
                "it came true {} after the deadline",
                "在时限过后 {} 才实现",
                print_duration(at.since(deadline))
            );
            Finding::violated(&name, event, Some(deadline), vec![late])
        }
        None if record.ended < deadline || !record.is_complete() => {
            let ended = sentence!("the run ended at {}, before the deadline", "运行于 {} 结束,早于时限", record.ended);
            could_not_tell(&name, [vec![ended], missing(record, what)].concat())
        }
        None => Finding::violated(&name, None, Some(deadline), missing(record, what)),
    }
}

fn could_not_tell(name: &str, explanation: Vec<Sentence>) -> Finding {
    Finding { answer: Answer::CouldNotTell, explanation, ..Finding::holds(name) }
}

/// When what a check waits for happened first.
fn moment_of(record: &Record, trigger: &Trigger) -> Option<Instant> {
    match trigger {
        Trigger::Step(name, Moment::Started) => record.step(name)?.began,
        Trigger::Step(name, Moment::Ended) => record.step(name)?.ended,
        Trigger::Fault(name, Moment::Started) => record.fault(name)?.fired,
        Trigger::Fault(name, Moment::Ended) => {
            let fault = record.fault(name)?;
            if fault.lasts.is_some() { fault.ended } else { fault.fired }
        }
        Trigger::Announced { node, event } => first_event(record, node, event, Instant::START).map(|it| it.at),
    }
}

/// When the last step and the last fault were over: from then on the cluster is left alone.
fn end_of_the_plan(record: &Record) -> Instant {
    let steps = record.steps.iter().filter_map(|step| step.ended.or(step.began));
    let faults = record.faults.iter().filter_map(|fault| fault.ended.or(fault.fired));
    steps.chain(faults).max().unwrap_or(Instant::START)
}
