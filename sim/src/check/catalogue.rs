//! The list of all checks: name, promise, and a history that breaks it.
//!
//! `simrun list checks` and `simrun explain` read it, and a test proves that every example breaks its promise.

use nodes::product::joined;

use super::{
    Finding, dm_dsc, fenced_means_silent, isolation, kingbase, linearizable, log_intact, no_lost_commit, no_stale_read,
    one_lock_holder, opengauss_dms, opengauss_ha, polardb, single_writer, total_conserved,
};

/// One check as a reader meets it.
pub struct Check {
    /// Its name, in kebab-case.
    pub name: &'static str,
    /// What it promises when it holds, in one sentence.
    pub promise: &'static str,
    /// The same in Chinese.
    pub promise_zh: &'static str,
    /// A small story that breaks the promise.
    pub example: Example,
}

/// A written example that breaks a promise.
pub struct Example {
    /// What happens in it, in a sentence or two.
    pub story: &'static str,
    /// The example in its written form.
    pub text: &'static str,
    /// Judges the example.
    pub judge: fn(&str) -> Finding,
}

impl Check {
    /// The finding that the check makes of its own example.
    pub fn judge_example(&self) -> Finding {
        (self.example.judge)(self.example.text)
    }
}

/// Every check, in the order in which they are shown.
pub const CHECKS: &[&Check] =
    &joined::<
        &Check,
        {
            SHARED.len()
                + opengauss_dms::CHECKS.len()
                + polardb::CHECKS.len()
                + kingbase::CHECKS.len()
                + opengauss_ha::CHECKS.len()
                + dm_dsc::CHECKS.len()
        },
    >(&[SHARED, opengauss_dms::CHECKS, polardb::CHECKS, kingbase::CHECKS, opengauss_ha::CHECKS, dm_dsc::CHECKS]);

/// Those of every product.
pub const SHARED: &[&Check] = &[
    &single_writer::CHECK,
    &log_intact::CHECK,
    &no_lost_commit::CHECK,
    &one_lock_holder::CHECK,
    &fenced_means_silent::CHECK,
    &linearizable::CHECK,
    &no_stale_read::CHECK,
    &isolation::CHECK,
    &total_conserved::CHECK,
];

/// The check with this name.
pub fn find(name: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    #[test]
    fn every_example_breaks_its_promise() {
        for check in CHECKS {
            let finding = check.judge_example();
            assert_eq!(finding.answer, Answer::Violated, "{}: {:?}", check.name, finding.explanation);
            assert_eq!(finding.check, check.name);
            assert!(finding.event.is_some() || finding.at.is_some(), "{} names no moment", check.name);
            assert!(!finding.explanation.is_empty(), "{} explains nothing", check.name);
        }
    }

    #[test]
    fn where_there_is_nothing_to_judge_a_check_cannot_tell() {
        for check in CHECKS {
            let finding = (check.example.judge)("");
            assert_eq!(finding.answer, Answer::CouldNotTell, "{}", check.name);
            assert!(!finding.explanation.is_empty(), "{} does not say why", check.name);
        }
    }

    #[test]
    fn names_are_kebab_case_and_unique() {
        for check in CHECKS {
            assert!(check.name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-'), "{}", check.name);
            let listed = CHECKS.iter().filter(|other| other.name == check.name).count();
            assert_eq!(listed, 1, "{} is listed more than once", check.name);
            assert!(check.promise.ends_with('.'), "{}", check.name);
            assert!(check.promise_zh.ends_with('。'), "{}", check.name);
        }
    }
}
