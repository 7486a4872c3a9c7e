//! In which way a run failed: two runs with one signature are one finding.
//!
//! A signature is the name of the check, what it answered, and its first sentence with every number taken out, so that
//! times, positions and the numbers of nodes do not make one bug look like a hundred. Shrinking keeps it, and a campaign
//! counts by it.

use std::fmt;

use crate::check::Answer;
use crate::run::RunError;
use crate::verdict::{Judged, Outcome, Verdict};

/// The way in which a run failed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    /// The check that was broken; `expectation` if an expected violation did not appear or nothing was proved, and
    /// `model` if the model panicked.
    pub check: String,
    /// What happened to it: `violated`, `absent`, `inconclusive` or `panicked`.
    pub kind: &'static str,
    /// Its first sentence without numbers.
    pub message: String,
}

/// The name that stands for the scenario's own expectation.
const EXPECTATION: &str = "expectation";

impl Signature {
    /// What is wrong with a run, or what an expected hazard showed; `None` if there is nothing to find in it.
    ///
    /// A violation nobody expected comes first, then an expected one, then an absent one, then a doubt.
    pub fn of(verdict: &Verdict) -> Option<Signature> {
        Signature::of_failure(verdict).or_else(|| {
            let shown = verdict.checks.iter().filter(|check| check.finding.answer == Answer::Violated);
            shown.min_by_key(|check| (check.finding.at, check.finding.event)).map(of_check)
        })
    }

    /// What is wrong with a run; `None` if it ended as expected.
    pub fn of_failure(verdict: &Verdict) -> Option<Signature> {
        let unexpected = verdict.checks.iter().filter(|it| it.finding.answer == Answer::Violated && !it.expected);
        if let Some(first) = unexpected.min_by_key(|check| (check.finding.at, check.finding.event)) {
            return Some(of_check(first));
        }
        let kind = match verdict.outcome {
            Outcome::AsExpected => return None,
            Outcome::Inconclusive => "inconclusive",
            Outcome::NotAsExpected => "absent",
        };
        let cause = verdict.cause.as_ref().map_or("", |cause| cause.en.as_str());
        Some(Signature { check: EXPECTATION.to_owned(), kind, message: without_numbers(cause) })
    }

    /// The signature of a run that could not be finished.
    pub fn of_error(error: &RunError) -> Signature {
        let kind = if error.is_our_bug() { "panicked" } else { "refused" };
        // The seed is in the message, and no number of it means anything to the next seed.
        Signature { check: "model".to_owned(), kind, message: without_numbers(&error.to_string()) }
    }

    /// Whether a run shows this, whatever else it shows.
    pub fn is_shown_by(&self, verdict: &Verdict) -> bool {
        match self.kind {
            "violated" => self.shown_in(verdict).is_some(),
            _ => Signature::of_failure(verdict).as_ref() == Some(self),
        }
    }

    /// The check of a run that shows this.
    pub fn shown_in<'v>(&self, verdict: &'v Verdict) -> Option<&'v Judged> {
        let violated = |check: &&Judged| check.finding.answer == Answer::Violated && check.name == self.check;
        verdict.checks.iter().filter(violated).find(|check| of_check(check) == *self)
    }
}

fn of_check(check: &Judged) -> Signature {
    let said = check.finding.explanation.first().map_or("", |said| said.en.as_str());
    Signature { check: check.name.clone(), kind: "violated", message: without_numbers(said) }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.check, self.kind, self.message)
    }
}

/// A sentence in which every word that holds a digit is `#`, except for the letters before its first digit: `dn2` and
/// `dn3` become `dn#`, `0/3A10` becomes `#/#`, `21.204s` becomes `#.#`.
pub fn without_numbers(sentence: &str) -> String {
    let mut plain = String::with_capacity(sentence.len());
    let mut word = String::new();
    for letter in sentence.chars().chain([' ']) {
        if letter.is_alphanumeric() {
            word.push(letter);
            continue;
        }
        match word.find(|letter: char| letter.is_ascii_digit()) {
            // Hexadecimal digits before the first decimal one are part of the number.
            Some(at) if word[..at].chars().all(|letter| letter.is_ascii_hexdigit() && letter.is_uppercase()) => {
                plain.push('#');
            }
            Some(at) => {
                plain.push_str(&word[..at]);
                plain.push('#');
            }
            None => plain.push_str(&word),
        }
        word.clear();
        plain.push(letter);
    }
    plain.pop();
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::testing::{accepted, run};
    use crate::verdict::judge;

    #[test]
    fn numbers_of_every_sort_go_and_words_stay() {
        let said = "pb1 and pb2 both append at 0/3A10 from 21.204s, FF01 is lost: 12 events";
        assert_eq!(without_numbers(said), "pb# and pb# both append at #/# from #.#, # is lost: # events");
        assert_eq!(without_numbers("nothing to take out"), "nothing to take out");
    }

    const HAZARD: &str = r#"
[[step]]
name = "promote"
at = "5s"
promote = "b"
[[step]]
name = "stop-old"
at = "10s"
stop = "a"
[[check]]
always = "linearizable"
"#;

    #[test]
    fn the_same_bug_in_other_seeds_has_the_same_signature() {
        let scenario = accepted(HAZARD).scenario;
        let signature = |seed| Signature::of_failure(&judge(&scenario, &run(HAZARD, seed)));
        let first = signature(1).expect("the hazard shows");
        assert_eq!((first.check.as_str(), first.kind), ("linearizable", "violated"));
        assert!(first.is_shown_by(&judge(&scenario, &run(HAZARD, 1))));
        let other = "[[check]]\nalways = \"linearizable\"\n";
        let quiet = judge(&accepted(other).scenario, &run(other, 1));
        assert_eq!(Signature::of(&quiet), None);
        assert!(!first.is_shown_by(&quiet));
    }

    #[test]
    fn an_expected_hazard_is_no_failure_and_has_a_signature_all_the_same() {
        let expected = format!("{HAZARD}[expect]\nverdict = \"violation\"\nof = [\"linearizable\"]\n");
        let verdict = judge(&accepted(&expected).scenario, &run(&expected, 1));
        assert_eq!(Signature::of_failure(&verdict), None);
        assert_eq!(Signature::of(&verdict).map(|it| it.check), Some("linearizable".to_owned()));
    }
}
