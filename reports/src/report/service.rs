//! What clients noticed: outages, losses, throughput and latency, and the objectives they are held against.
//!
//! RTO and RPO are computed here from outages and losses, so that no renderer and no caller can measure
//! them differently. An objective has four answers: nobody set it, it was met, it was not, or the run
//! ended too early to know.

use serde::{Deserialize, Serialize};

use super::{Moment, Sentence, Span};

/// A moment something is measured from or to, and what happened then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landmark {
    /// When.
    pub at: Moment,
    /// Its number in the trace.
    pub event: Option<u64>,
    /// What happened.
    pub what: Sentence,
}

/// A stretch of time in which no write became durable although clients tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// The first operation that failed.
    pub first_failed: Landmark,
    /// The first operation after it that became durable; none when service never returned.
    pub first_durable: Option<Landmark>,
}

impl Outage {
    /// How long it lasted; none when service never returned.
    pub fn length(&self) -> Option<Span> {
        self.first_durable.as_ref().map(|durable| durable.at.since(self.first_failed.at))
    }
}

/// Whether an objective was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Met {
    /// Nobody set an objective.
    NoTarget,
    /// It was met.
    Met,
    /// It was not met.
    NotMet,
    /// The run ended before it could be said.
    CouldNotTell,
}

/// The recovery time: target, measured, and the two moments it is measured between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryTime {
    /// The objective.
    pub target: Option<Span>,
    /// The longest outage, zero without any; none when service never returned.
    pub measured: Option<Span>,
    /// Whether it was met.
    pub met: Met,
    /// Where the measured outage begins; none without an outage.
    pub from: Option<Landmark>,
    /// Where it ends; none without an outage or when service never returned.
    pub until: Option<Landmark>,
}

impl RecoveryTime {
    /// Measures the recovery time of a run that lasted until `end`: its longest outage, the earlier one of
    /// two equals. An outage that never ended beats all others.
    pub fn measure(target: Option<Span>, outages: &[Outage], end: Moment) -> Self {
        if let Some(open) = outages.iter().find(|outage| outage.first_durable.is_none()) {
            let lasted = end.since(open.first_failed.at);
            let met = judge(target, |target| if lasted > target { Met::NotMet } else { Met::CouldNotTell });
            return Self { target, measured: None, met, from: Some(open.first_failed.clone()), until: None };
        }
        let longest = outages.iter().rev().max_by_key(|outage| outage.length());
        let measured = longest.and_then(Outage::length).unwrap_or_default();
        Self {
            target,
            measured: Some(measured),
            met: judge(target, |target| if measured <= target { Met::Met } else { Met::NotMet }),
            from: longest.map(|outage| outage.first_failed.clone()),
            until: longest.and_then(|outage| outage.first_durable.clone()),
        }
    }
}

/// A commit that was acknowledged to a client and is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostCommit {
    /// Which one, in the workload's words: `transfer 1204`.
    pub name: String,
    /// The client that was told it is safe.
    pub client: String,
    /// When it was told so.
    pub acknowledged: Moment,
    /// Where its record had been, in the product's words: `dn1, LSN 0/3A10`.
    pub position: String,
}

/// The recovery point: how much of what was acknowledged is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryPoint {
    /// The objective.
    pub target: Option<Span>,
    /// Acknowledged commits that are gone; none when that could not be found out.
    pub lost_commits: Option<u64>,
    /// The time from the oldest lost acknowledgement to the moment writing stopped; zero when nothing is lost.
    pub window: Option<Span>,
    /// Whether it was met.
    pub met: Met,
}

impl RecoveryPoint {
    /// Measures the recovery point from the lost commits: the window reaches from the oldest of them to
    /// `writing_stopped`, the last acknowledgement before the loss.
    pub fn measure(target: Option<Span>, lost: &[LostCommit], writing_stopped: Moment) -> Self {
        let oldest = lost.iter().map(|commit| commit.acknowledged).min();
        let window = oldest.map(|oldest| writing_stopped.since(oldest)).unwrap_or_default();
        // Losing one commit at the very last instant is a window of zero, and still a loss.
        let met = judge(target, |target| {
            if lost.is_empty() || (target > Span(0) && window <= target) { Met::Met } else { Met::NotMet }
        });
        Self { target, lost_commits: Some(lost.len() as u64), window: Some(window), met }
    }

    /// The recovery point of a run whose final storage could not be read back.
    pub fn unknown(target: Option<Span>) -> Self {
        Self { target, lost_commits: None, window: None, met: judge(target, |_| Met::CouldNotTell) }
    }
}

fn judge(target: Option<Span>, answer: impl FnOnce(Span) -> Met) -> Met {
    target.map_or(Met::NoTarget, answer)
}

/// Both objectives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objectives {
    /// Recovery time.
    pub rto: RecoveryTime,
    /// Recovery point.
    pub rpo: RecoveryPoint,
}

/// What clients saw in one bucket of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClientBucket {
    /// When the bucket begins.
    pub from: Moment,
    /// Operations that succeeded.
    pub ok: u64,
    /// Operations that were refused or failed, certainly without effect.
    pub failed: u64,
    /// Operations whose effect the client cannot know, time-outs above all.
    pub unknown: u64,
    /// The median latency of the successful ones.
    pub median: Option<Span>,
    /// The slowest successful one.
    pub slowest: Option<Span>,
}

/// Latency of the successful operations of the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LatencyQuantiles {
    /// Half are faster.
    pub p50: Span,
    /// Nine in ten are faster.
    pub p90: Span,
    /// Ninety-nine in a hundred are faster.
    pub p99: Span,
    /// 999 in a thousand are faster.
    pub p999: Span,
    /// The slowest.
    pub slowest: Span,
}

/// What all clients saw together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClientStatistics {
    /// Successful operations of the run.
    pub ok: u64,
    /// Failed ones.
    pub failed: u64,
    /// Ones of unknown effect.
    pub unknown: u64,
    /// Their latency; none when nothing succeeded.
    pub latency: Option<LatencyQuantiles>,
    /// Width of a bucket.
    pub bucket: Span,
    /// The run cut into buckets, in order, none left out.
    pub buckets: Vec<ClientBucket>,
}

/// The service as its clients knew it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Service {
    /// Outages in order of time.
    pub outages: Vec<Outage>,
    /// Acknowledged commits that are gone, in order of acknowledgement.
    pub lost_commits: Vec<LostCommit>,
    /// Counts and latencies.
    pub clients: ClientStatistics,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn landmark(milliseconds: u64) -> Landmark {
        Landmark { at: Moment::from_millis(milliseconds), event: None, what: "a write".into() }
    }

    fn outage(from: u64, until: Option<u64>) -> Outage {
        Outage { first_failed: landmark(from), first_durable: until.map(landmark) }
    }

    fn lost(milliseconds: u64) -> LostCommit {
        LostCommit {
            name: "transfer 1".into(),
            client: "c1".into(),
            acknowledged: Moment::from_millis(milliseconds),
            position: "0/10".into(),
        }
    }

    const MINUTE: Option<Span> = Some(Span::from_secs(60));
    const END: Moment = Moment::from_millis(180_000);

    #[test]
    fn the_longest_outage_is_the_recovery_time_and_the_earlier_of_two_equals_counts() {
        let outages = [outage(0, Some(5)), outage(10, Some(30)), outage(40, Some(60))];
        let rto = RecoveryTime::measure(MINUTE, &outages, END);
        assert_eq!((rto.measured, rto.met), (Some(Span::from_millis(20)), Met::Met));
        assert_eq!(rto.from.expect("an outage").at, Moment::from_millis(10));
    }

    #[test]
    fn service_that_never_returns_fails_the_objective_only_once_the_target_has_passed() {
        let early = RecoveryTime::measure(MINUTE, &[outage(0, Some(5)), outage(20_000, None)], END);
        assert_eq!((early.measured, early.met), (None, Met::NotMet));
        let late = RecoveryTime::measure(MINUTE, &[outage(170_000, None)], END);
        assert_eq!((late.measured, late.met), (None, Met::CouldNotTell));
    }

    #[test]
    fn no_outage_is_a_recovery_time_of_zero() {
        let rto = RecoveryTime::measure(None, &[], END);
        assert_eq!((rto.measured, rto.met, rto.from), (Some(Span(0)), Met::NoTarget, None));
    }

    #[test]
    fn one_lost_commit_breaks_a_target_of_zero_even_at_the_last_instant() {
        let rpo = RecoveryPoint::measure(Some(Span(0)), &[lost(500)], Moment::from_millis(500));
        assert_eq!((rpo.lost_commits, rpo.window, rpo.met), (Some(1), Some(Span(0)), Met::NotMet));
    }

    #[test]
    fn losses_within_the_window_meet_a_target_above_zero() {
        let rpo = RecoveryPoint::measure(MINUTE, &[lost(900), lost(500)], Moment::from_millis(1_000));
        assert_eq!((rpo.window, rpo.met), (Some(Span::from_millis(500)), Met::Met));
        assert_eq!(RecoveryPoint::unknown(MINUTE).met, Met::CouldNotTell);
    }
}
