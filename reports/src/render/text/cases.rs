//! Sentences about a check over many seeds, which every CI format words the same way.

use super::Text;
use crate::suite::{Case, CaseAnswer, Suite};

/// What happened to a case over all seeds, in one sentence; none when it passed.
pub fn case_headline(text: &Text, suite: &Suite<'_>, case: &Case<'_>) -> Option<String> {
    let check = case.check;
    let seeds = suite.summary.seeds;
    match (case.answer, check.first_violating_seed) {
        (CaseAnswer::Passed, _) => None,
        (CaseAnswer::HazardShown | CaseAnswer::Failed, Some(first)) => {
            Some((text.phrases.violated_seeds)(&check.name, check.violated, seeds, first))
        }
        (CaseAnswer::HazardShown | CaseAnswer::Failed, None) => {
            Some((text.phrases.expected_violation_missing)(&check.name, seeds))
        }
        (CaseAnswer::Undecided, _) => {
            Some((text.phrases.could_not_tell_seeds)(&check.name, check.could_not_tell, seeds))
        }
    }
}

/// What the example run knows about a case, and the command that shows it again.
pub fn case_lines(text: &Text, suite: &Suite<'_>, case: &Case<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(example) = case.example {
        let when = example.evidence.filter(|_| case.answer != CaseAnswer::Undecided);
        lines.extend(when.map(|evidence| (text.phrases.first_bad)(evidence.at, evidence.event)));
        lines.extend(example.explanation.iter().map(|line| line.words(text.language).to_owned()));
    }
    let seed = case.check.first_violating_seed.or(suite.summary.worst_seed);
    // Prefer the run that the lines above are about.
    let seed = if case.example.is_some() { Some(suite.example.run.seed) } else { seed };
    let again = seed.map(|seed| format!("{}{}{}", text.labels.again, text.marks.colon, suite.again(seed)));
    lines.extend(again.filter(|_| case.answer != CaseAnswer::Passed));
    lines
}
