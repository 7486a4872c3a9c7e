//! What must hold after a recovery, whatever a power cut left.
//!
//! The log is read by the checkers' own reader, never by the product's. What is judged is what clients had been told by
//! the moment of the cut, and what had ever been written by then.

use std::collections::{BTreeMap, BTreeSet};

use nodes::product::{Content, Region, Restored};
use nodes::world::device::Device;
use nodes::world::time::Instant;

use super::trial::Recovered;
use crate::check::log_reader;
use crate::check::no_lost_commit;
use crate::run::Record;

/// The product opens again.
pub const RECOVERS: &str = "recovers";
/// What clients were told is committed is there.
pub const NO_LOST_COMMIT: &str = no_lost_commit::NAME;
/// The log that is left is a beginning of the one that was written.
pub const LOG_PREFIX: &str = "log-prefix";
/// What the product serves after recovery is what the log says.
pub const ROWS_OF_THE_LOG: &str = "rows-of-the-log";
/// Recovering once more gives the same rows.
pub const RECOVERY_REPEATS: &str = "recovery-repeats";

/// A rule that is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) rule: &'static str,
    pub(super) explanation: String,
}

/// A transaction: the client and its count.
type Transaction = (u32, u32);

/// What is known of the moment of a cut.
pub(super) struct Facts {
    logs: Vec<Region>,
    /// The commits of each log, in order, if everything survives.
    written: BTreeMap<String, Vec<Transaction>>,
    /// What clients had been told is committed.
    acknowledged: BTreeSet<Transaction>,
}

impl Facts {
    /// What is known at `at`; `whole` are the devices if everything that was sent to them survives.
    pub(super) fn of(record: &Record, at: Instant, whole: &[Device]) -> Self {
        let logs: Vec<Region> = record.regions.iter().filter(|it| it.content == Content::Log).cloned().collect();
        let told = no_lost_commit::acknowledged(&record.history).into_iter().filter(|one| one.at <= at);
        let acknowledged = told.map(|one| one.transaction).collect();
        let written = logs.iter().map(|log| (log.name.clone(), commits(log, whole))).collect();
        Facts { logs, written, acknowledged }
    }

    /// What is broken after a recovery.
    pub(super) fn judge(&self, recovered: &Recovered) -> Vec<Broken> {
        let restored = match &recovered.outcome {
            Ok(restored) => restored,
            Err(reason) => {
                return vec![Broken { rule: RECOVERS, explanation: format!("the database does not open: {reason}") }];
            }
        };
        let mut broken = Vec::new();
        let mut kept = BTreeSet::new();
        for log in &self.logs {
            let commits = commits(log, &recovered.devices);
            let written = &self.written[&log.name];
            let agreed = commits.iter().zip(written).take_while(|(one, other)| one == other).count();
            if agreed < commits.len() {
                let (client, number) = commits[agreed];
                let explanation = format!(
                    "in {} commit {agreed} is that of client {client} transaction {number}, which was not written there",
                    log.name
                );
                broken.push(Broken { rule: LOG_PREFIX, explanation });
            }
            kept.extend(commits);
        }
        let lost: Vec<&Transaction> = self.acknowledged.difference(&kept).collect();
        if let Some((client, number)) = lost.first() {
            let explanation = format!(
                "{} of {} acknowledged transactions are gone; the first is client {client} transaction {number}",
                lost.len(),
                self.acknowledged.len()
            );
            broken.push(Broken { rule: NO_LOST_COMMIT, explanation });
        }
        broken.extend(self.rows_differ(restored, &recovered.devices));
        broken
    }

    /// What is served where the logs say something else. Rows that no commit in them touches are not judged: a log that
    /// forgets its oldest segments does not have all of them. A log that is the beginning of another one is a standby's copy
    /// of it, which lags and from which nobody is served.
    fn rows_differ(&self, restored: &Restored, devices: &[Device]) -> Option<Broken> {
        let mut changes: Vec<(u64, i64, Vec<i64>)> = Vec::new();
        let all: Vec<Vec<Transaction>> = self.logs.iter().map(|log| commits(log, devices)).collect();
        for (_, log) in self.logs.iter().enumerate().filter(|(place, _)| !is_copy(*place, &all)) {
            let image = devices.get(usize::from(log.device.0))?.clone().visible_image(Instant::NEVER);
            for record in log_reader::read(&image, log).map(|read| read.records).unwrap_or_default() {
                let rows = log_reader::rows(&image, log, &record).unwrap_or_default();
                changes.extend(rows.into_iter().map(|(key, row)| (record.epoch, key, row)));
            }
        }
        // Logs of several writers are merged by the number that each commit carries; one log is in order by itself.
        changes.sort_by_key(|(epoch, ..)| *epoch);
        let last: BTreeMap<i64, Vec<i64>> = changes.into_iter().map(|(_, key, row)| (key, row)).collect();
        let wrong = last.iter().find(|(key, row)| restored.rows.get(key) != Some(row))?;
        let (key, row) = wrong;
        let served = restored.rows.get(key);
        let explanation = format!("the last commit of the log leaves row {key} as {row:?}, and {served:?} is served");
        Some(Broken { rule: ROWS_OF_THE_LOG, explanation })
    }
}

/// Whether a log is the beginning of another one. Of two that are the same the first counts.
fn is_copy(place: usize, logs: &[Vec<Transaction>]) -> bool {
    let of = |(other, log): (usize, &Vec<Transaction>)| {
        other != place && log.starts_with(&logs[place]) && (log.len() > logs[place].len() || other < place)
    };
    logs.iter().enumerate().any(of)
}

/// What is broken if a second recovery does not find what the first one found.
pub(super) fn repeats(first: &Restored, again: &Recovered) -> Option<Broken> {
    let explanation = match &again.outcome {
        Ok(second) if second == first => return None,
        Ok(second) => {
            let differ = |key: &&i64| first.rows.get(key) != second.rows.get(key);
            let keys: BTreeSet<&i64> = first.rows.keys().chain(second.rows.keys()).collect();
            let key = keys.into_iter().find(differ);
            key.map_or_else(String::new, |key| format!("row {key} differs when the product recovers a second time"))
        }
        Err(reason) => format!("the product recovers once and not a second time: {reason}"),
    };
    Some(Broken { rule: RECOVERY_REPEATS, explanation })
}

/// The commits of clients in a log, in order.
fn commits(log: &Region, devices: &[Device]) -> Vec<Transaction> {
    let Some(device) = devices.get(usize::from(log.device.0)) else { return Vec::new() };
    let read = log_reader::read(&device.clone().visible_image(Instant::NEVER), log);
    let records = read.map(|log| log.records).unwrap_or_default();
    records.into_iter().filter(|one| one.commit).map(|one| one.transaction).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_lags_behind_another_is_its_copy_and_logs_of_two_writers_are_none() {
        let logs = vec![vec![(1, 1), (2, 1)], vec![(1, 1)], vec![(1, 1), (2, 1)], vec![(3, 1)]];
        let copies: Vec<bool> = (0..logs.len()).map(|place| is_copy(place, &logs)).collect();
        assert_eq!(copies, [false, true, true, false]);
    }
}
