//! The expectation of a scenario against what was found.

use reports::{Sentence, sentence};

use super::{Judged, Mode, Outcome, Verdict};
use crate::check::Answer;
use crate::run::Record;
use crate::run::record::{StepOutcome, StepRecord, Unproved};
use crate::scenario::Scenario;
use crate::scenario::model::{Expect, ExpectedVerdict};

/// Marks each check whose answer is the one the scenario expects.
pub(super) fn mark(expect: &Expect, checks: &mut [Judged]) {
    for check in checks {
        check.expected = match (check.finding.answer, &expect.verdict) {
            (Answer::Holds, _) => !must_break(expect, &check.name),
            (Answer::Violated, ExpectedVerdict::Violation(of)) => of.is_empty() || must_break(expect, &check.name),
            (Answer::Violated, ExpectedVerdict::Pass) | (Answer::CouldNotTell, _) => false,
        };
    }
}

/// Judges no liveness: where storage may be damaged without bounds the last good copy may be gone, and a cluster that
/// stands still is right to. What came true all the same is still shown as true.
pub(super) fn excuse(check: &mut Judged) {
    if check.finding.answer == Answer::Violated {
        check.finding.answer = Answer::CouldNotTell;
        let why = (
            "not judged: damage to the storage is unbounded, and then only safety is",
            "未判定:存储损坏无上限时只判定安全性",
        )
            .into();
        check.finding.explanation.insert(0, why);
    }
    check.expected = true;
}

/// Whether the scenario names this check as one that breaks.
fn must_break(expect: &Expect, name: &str) -> bool {
    matches!(&expect.verdict, ExpectedVerdict::Violation(of) if of.iter().any(|known| known == name))
}

/// The verdict: a violation nobody expected, then an expected one that is missing, then doubts.
pub(super) fn decide(scenario: &Scenario, record: &Record, checks: Vec<Judged>) -> Verdict {
    let expects_violation = matches!(scenario.expect.verdict, ExpectedVerdict::Violation(_));
    let (outcome, cause) = if let Some(cause) = surprise(&checks) {
        (Outcome::NotAsExpected, Some(cause))
    } else if let Some(cause) = absent(&scenario.expect, &checks) {
        (Outcome::NotAsExpected, Some(cause))
    } else if let Some(cause) = doubt(record, &checks) {
        (Outcome::Inconclusive, Some(cause))
    } else {
        (Outcome::AsExpected, None)
    };
    let hazard_shown = expects_violation && outcome == Outcome::AsExpected;
    Verdict { outcome, hazard_shown, cause, checks }
}

/// The earliest violation that nobody expected.
fn surprise(checks: &[Judged]) -> Option<Sentence> {
    let unexpected = checks.iter().filter(|check| check.finding.answer == Answer::Violated && !check.expected);
    let first = unexpected.min_by_key(|check| (check.finding.at, check.finding.event))?;
    let said = first.finding.explanation.first().cloned();
    Some(said.unwrap_or_else(|| sentence!("{} is violated", "{} 被违反", first.name)))
}

/// An expected violation that did not appear.
fn absent(expect: &Expect, checks: &[Judged]) -> Option<Sentence> {
    let ExpectedVerdict::Violation(of) = &expect.verdict else { return None };
    let answers = |name: &str, answer| checks.iter().any(|it| it.name == name && it.finding.answer == answer);
    if let Some(name) = of.iter().find(|name| answers(name, Answer::Holds)) {
        let english = format!("{name} was expected to be violated, and it holds");
        return Some(Sentence::new(english, format!("预期 {name} 被违反,实际成立")));
    }
    let all_hold = checks.iter().all(|check| check.finding.answer == Answer::Holds);
    (of.is_empty() && all_hold)
        .then(|| Sentence::new("a violation was expected, and every check holds", "预期出现违反,实际所有检查均成立"))
}

/// What keeps the run from proving anything.
fn doubt(record: &Record, checks: &[Judged]) -> Option<Sentence> {
    if !record.is_complete() {
        return Some(cut_short(record));
    }
    // Once a core is healed nobody does anything any more: what was still to come, or to end, is not owed.
    let is_owed = |why: &Unproved| record.core.is_none() || *why == Unproved::NoEffect;
    let unproved = record.faults.iter().find_map(|fault| Some((fault, fault.unproved().filter(is_owed)?)));
    if let Some((fault, why)) = unproved {
        let (english, chinese) = match why {
            Unproved::NeverFired => ("never fired", "从未触发"),
            Unproved::NoEffect => ("had no effect that was seen", "未观察到效果"),
            Unproved::NeverEnded => ("was to end and did not", "应当结束而未结束"),
        };
        let name = &fault.name;
        return Some(Sentence::new(format!("the fault {name} {english}"), format!("故障 {name} {chinese}")));
    }
    let never_started = |step: &&StepRecord| step.outcome == StepOutcome::NeverStarted && record.core.is_none();
    if let Some(step) = record.steps.iter().find(never_started) {
        let name = &step.name;
        return Some(Sentence::new(format!("the step {name} never began"), format!("步骤 {name} 从未开始")));
    }
    let open = checks.iter().find(|check| check.finding.answer == Answer::CouldNotTell && !check.expected)?;
    let name = &open.name;
    Some(match open.mode {
        Mode::Sometimes => Sentence::new(format!("{name} was never reached"), format!("{name} 从未达到")),
        _ => Sentence::new(format!("{name} could not be decided"), format!("{name} 无法判定")),
    })
}

fn cut_short(record: &Record) -> Sentence {
    use nodes::world::executor::Ending;
    let at = record.ended;
    match record.ending {
        Ending::Interrupted => Sentence::new(format!("the run was interrupted at {at}"), format!("运行在 {at} 被中断")),
        _ => Sentence::new(
            format!("the run reached its limit on events at {at}, before its end"),
            format!("运行在 {at} 达到事件数上限,未到终点"),
        ),
    }
}
