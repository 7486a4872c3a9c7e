//! The safety checks that judge a record, by name.

use crate::check::announced::TraceJudge;
use crate::check::{
    Budget, Finding, dm_dsc, fenced_means_silent, isolation, kingbase, linearizable, log_intact, no_lost_commit,
    no_stale_read, one_lock_holder, opengauss_dms, opengauss_ha, polardb, single_writer, total_conserved,
};
use crate::run::Record;

/// A check that judges a whole record.
pub type Judge = fn(&Record) -> Finding;

/// Every shared check that judges a record. Their names and promises are in [`crate::check::catalogue`].
pub const JUDGES: &[(&str, Judge)] = &[
    (single_writer::NAME, single_writer::check),
    (log_intact::NAME, log_intact::check),
    (no_lost_commit::NAME, no_lost_commit::check),
    (one_lock_holder::NAME, one_lock_holder::check),
    (fenced_means_silent::NAME, fenced_means_silent::check),
    (linearizable::NAME, |record| linearizable::check(&record.history, Budget::default())),
    (no_stale_read::NAME, |record| no_stale_read::check(&record.history, no_stale_read::DEFAULT_BOUND)),
    (isolation::NAME, |record| isolation::check(&record.history, isolation::Level::default(), Budget::default())),
    (total_conserved::NAME, |record| total_conserved::check(&record.history, None)),
];

/// The invariants of the products that are judged on what nodes announced.
pub const PRODUCT_JUDGES: &[&[(&str, TraceJudge)]] = &[opengauss_dms::JUDGES];

/// The invariants of the products that are judged on the whole record, with the bytes of the devices.
pub const PRODUCT_RECORD_JUDGES: &[&[(&str, Judge)]] =
    &[polardb::JUDGES, kingbase::JUDGES, dm_dsc::JUDGES, opengauss_ha::JUDGES];

/// What the check called `name` finds.
pub fn find(name: &str, record: &Record) -> Finding {
    let of_records = PRODUCT_RECORD_JUDGES.iter().copied().flatten();
    if let Some((_, judge)) = JUDGES.iter().chain(of_records).find(|(known, _)| *known == name) {
        return judge(record);
    }
    match PRODUCT_JUDGES.iter().copied().flatten().find(|(known, _)| *known == name) {
        Some((_, judge)) => judge(&record.trace),
        None => Finding::could_not_tell(
            name,
            ("this check judges histories from files, not runs", "该检查只判定历史文件,不判定运行"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::catalogue;

    #[test]
    fn every_judge_is_in_the_catalogue_and_every_check_has_a_judge() {
        let products = PRODUCT_JUDGES.iter().copied().flatten().map(|(name, _)| *name);
        let of_records = PRODUCT_RECORD_JUDGES.iter().copied().flatten().map(|(name, _)| *name);
        let mut judged: Vec<&str> = JUDGES.iter().map(|(name, _)| *name).chain(products).chain(of_records).collect();
        let mut listed: Vec<&str> = catalogue::CHECKS.iter().map(|check| check.name).collect();
        judged.sort_unstable();
        listed.sort_unstable();
        assert_eq!(judged, listed);
    }
}
