//! Every single fault at every step, and every slip of the operator: what breaks a procedure, and what was tried.
//!
//! Seeds sample; a sweep enumerates. It takes the events that a run without faults announces, and injects each kind of
//! fault into each target at each of them, once; then pairs of them within a window. So "no single fault at any step
//! breaks it" is a sentence with a count behind it. For the runbook it does the same with the ways in which people go
//! wrong: a step left out, done twice, swapped with the next, on the wrong host, too early, too late.
//!
//! | file | what it holds |
//! |---|---|
//! | [`events`] | the moments that a fault can wait for |
//! | [`faults`] | single faults and pairs of them |
//! | [`operator`] | slips |
//! | [`lineage`] | only the sets of faults that take away what good outcomes rest on |
//! | [`report`] | what was tried and what broke |
//!
//! Every attempt is a scenario file that can be written out and run again. All of them run the same seed.

pub mod events;
pub mod faults;
pub mod lineage;
pub mod operator;
pub mod report;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use nodes::product::Product;
use nodes::world::trace::Keep;
use reports::{Outcome, Sentence};

use crate::document::Document;
use crate::explore::line::ExploredSeed;
use crate::explore::trial::{self, Trial};
use crate::explore::workers;
use crate::scenario::Scenario;
use crate::scenario::vocabulary::Vocabulary;

/// One thing to try.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What is done: `kill dn1`, or the slip.
    pub what: Sentence,
    /// At which event or step.
    pub at: String,
    /// The scenario that does it.
    pub document: Document,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Every check held although the fault bit.
    Held,
    /// The fault was never due, or had no effect that was seen: nothing was tried.
    DidNotBite,
    /// A check could not tell.
    CouldNotTell,
    /// A check was broken, or the model panicked.
    Broke,
    /// It is no scenario: the step cannot be done so.
    Refused,
}

impl Answer {
    /// Whether nothing broke and nothing is open: what did not bite breaks nothing.
    pub fn breaks_nothing(self) -> bool {
        matches!(self, Answer::Held | Answer::DidNotBite)
    }
}

/// An attempt that was made.
#[derive(Clone, Debug)]
pub struct Tried {
    /// What was tried.
    pub attempt: Attempt,
    /// What came of it.
    pub answer: Answer,
    /// The line of its run; none if it was refused.
    pub line: Option<ExploredSeed>,
}

impl Tried {
    /// In which way it failed.
    pub fn signature(&self) -> &str {
        self.line.as_ref().and_then(|line| line.signature.as_deref()).unwrap_or("no result")
    }
}

/// What attempts are run with.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The path under which the scenarios are read.
    pub path: &'a str,
    /// The words they may use.
    pub vocabulary: &'a Vocabulary,
    /// The product.
    pub product: &'static Product,
    /// The seed of all of them.
    pub seed: u64,
    /// How many run at once; what comes out does not depend on it.
    pub jobs: usize,
    /// Asked now and then: true ends the sweep with what was tried by then.
    pub interrupted: fn() -> bool,
}

/// Makes every attempt; `each` hears of it in their order.
pub fn make(setting: Setting<'_>, attempts: Vec<Attempt>, mut each: impl FnMut(&Tried)) -> Vec<Tried> {
    let mut tried = Vec::with_capacity(attempts.len());
    let one = |attempt| {
        let made = make_one(setting, attempt);
        (!(setting.interrupted)()).then_some(made)
    };
    workers::in_order(attempts.into_iter(), setting.jobs, setting.interrupted, one, |made: Tried| {
        each(&made);
        tried.push(made);
        ControlFlow::Continue(())
    });
    tried
}

fn make_one(setting: Setting<'_>, attempt: Attempt) -> Tried {
    make_and_look(setting, attempt, Keep::default(), |_, _| ()).0
}

/// Makes an attempt with so much of its run kept. If every check held, `look` sees the run before it is forgotten.
fn make_and_look<T>(
    setting: Setting<'_>,
    attempt: Attempt,
    keep: Keep,
    look: impl FnOnce(&Scenario, &Trial) -> T,
) -> (Tried, Option<T>) {
    let Ok(accepted) = attempt.document.accept(setting.path, setting.vocabulary) else {
        return (Tried { attempt, answer: Answer::Refused, line: None }, None);
    };
    let (scenario, product) = (&accepted.scenario, setting.product);
    let Ok(trial) = trial::run_keeping(scenario, product, setting.seed, keep, setting.interrupted) else {
        let line = ExploredSeed::of(&accepted, product, setting.seed, setting.interrupted);
        return (Tried { attempt, answer: Answer::Broke, line: Some(line) }, None);
    };
    let bit = trial.record.faults.iter().all(|fault| fault.fired.is_some() && fault.effects.observed > 0);
    let line = ExploredSeed::finished(&accepted, product, &trial);
    let answer = match line.line.verdict {
        Outcome::NotAsExpected => Answer::Broke,
        _ if !bit => Answer::DidNotBite,
        Outcome::Inconclusive => Answer::CouldNotTell,
        Outcome::AsExpected => Answer::Held,
    };
    let seen = (answer == Answer::Held).then(|| look(scenario, &trial));
    (Tried { attempt, answer, line: Some(line) }, seen)
}
