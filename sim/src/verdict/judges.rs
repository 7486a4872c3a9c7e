//! The safety checks that judge a record, by name.

use crate::check::{Budget, Finding, linearizable};
use crate::run::Record;

/// A check that judges a whole record.
pub type Judge = fn(&Record) -> Finding;

/// Every check that judges a record. Their names and promises are in [`crate::check::catalogue`].
pub const JUDGES: &[(&str, Judge)] =
    &[(linearizable::NAME, |record| linearizable::check(&record.history, Budget::default()))];

/// What the check called `name` finds.
pub fn find(name: &str, record: &Record) -> Finding {
    match JUDGES.iter().find(|(known, _)| *known == name) {
        Some((_, judge)) => judge(record),
        None => Finding::could_not_tell(name, "this check judges histories from files, not runs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::catalogue;

    #[test]
    fn every_judge_is_in_the_catalogue_and_every_check_has_a_judge() {
        let judged: Vec<&str> = JUDGES.iter().map(|(name, _)| *name).collect();
        let listed: Vec<&str> = catalogue::CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(judged, listed);
    }
}
