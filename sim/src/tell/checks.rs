//! The verdict and the checks.

use reports::{Answer, Check, Evidence, Expectation, ExpectedVerdict, Mode, Outcome, RecoveryTime, Sentence, Verdict};

use super::Tale;
use super::moment::moment;
use crate::check;
use crate::scenario::model;
use crate::verdict::{self, Judged};

pub(super) fn checks(verdict: &verdict::Verdict) -> Vec<Check> {
    verdict.checks.iter().map(check).collect()
}

fn check(judged: &Judged) -> Check {
    let finding = &judged.finding;
    Check {
        name: judged.name.clone(),
        promise: judged.promise.clone(),
        mode: match judged.mode {
            verdict::Mode::Always => Mode::Always,
            verdict::Mode::Eventually => Mode::Eventually,
            verdict::Mode::Sometimes => Mode::Sometimes,
        },
        answer: match finding.answer {
            check::Answer::Holds => Answer::Holds,
            check::Answer::Violated => Answer::Violated,
            check::Answer::CouldNotTell => Answer::CouldNotTell,
        },
        evidence: finding.event.zip(finding.at).map(|(event, at)| Evidence { event, at: moment(at) }),
        explanation: finding.explanation.clone(),
        expected: judged.expected,
        line: u32::try_from(judged.line).ok(),
    }
}

pub(super) fn outcome(verdict: &verdict::Verdict) -> Outcome {
    match verdict.outcome {
        verdict::Outcome::AsExpected => Outcome::AsExpected,
        verdict::Outcome::Inconclusive => Outcome::Inconclusive,
        verdict::Outcome::NotAsExpected => Outcome::NotAsExpected,
    }
}

pub(super) fn verdict(tale: &Tale<'_>, rto: &RecoveryTime) -> Verdict {
    let verdict = tale.verdict;
    let outcome = outcome(verdict);
    let cause = verdict.cause.clone().unwrap_or_else(|| calm(tale, rto));
    Verdict { outcome, hazard_shown: verdict.hazard_shown, cause, expectation: expectation(tale), shortest: None }
}

fn expectation(tale: &Tale<'_>) -> Expectation {
    let expect = &tale.scenario.expect;
    let (verdict, of) = match &expect.verdict {
        model::ExpectedVerdict::Pass => (ExpectedVerdict::Pass, Vec::new()),
        model::ExpectedVerdict::Violation(of) => (ExpectedVerdict::Violation, of.clone()),
    };
    let because = expect.because.as_ref();
    Expectation {
        verdict,
        of,
        because: because.map(|said| said.en.clone()),
        because_zh: because.and_then(|said| said.zh.clone()),
    }
}

/// What there is to say when nothing is wrong: how long the service was away, or why the hazard was expected.
fn calm(tale: &Tale<'_>, rto: &RecoveryTime) -> Sentence {
    if let (true, Some(because)) = (tale.verdict.hazard_shown, &tale.scenario.expect.because) {
        return because.clone();
    }
    match (rto.measured, &rto.from) {
        (Some(measured), Some(_)) => Sentence::new(
            format!("The service was away for {measured} at most and came back."),
            format!("服务最长中断 {measured},之后恢复。"),
        ),
        (Some(_), None) => Sentence::new("The service was never away.", "服务始终可用。"),
        (None, _) => Sentence::new("The service did not come back.", "服务未恢复。"),
    }
}
