//! The Report: everything there is to tell about one run of one seed, as plain data.
//!
//! It exists so that telling is separate from knowing. `sim` writes a Report from a run's scenario, record and
//! verdicts; every renderer reads nothing else. A Report holds no reference to the simulation, no path of the
//! machine it was made on and no wall clock: the same run gives the same Report, and the same Report the same
//! bytes in every format. Times are nanoseconds of simulated time.
//!
//! Its JSON form carries a version and changes only by adding.

mod drill;
mod moment;
mod read;
mod runbook;
mod sentence;
mod service;
mod timeline;
mod verdict;
mod world;

use serde::{Deserialize, Serialize};

pub use drill::{Cluster, DrillCard, DrillKind, Node};
pub use moment::{Moment, Span};
pub use runbook::{EffectCounts, Fault, Step, StepKind, StepOutcome};
pub use sentence::{Language, Sentence, Words};
pub use service::{
    ClientBucket, ClientStatistics, Landmark, LatencyQuantiles, LostCommit, Met, Objectives, Outage, RecoveryPoint,
    RecoveryTime, Service,
};
pub use timeline::{
    Entry, EntryKind, Importance, Lane, LaneInterval, Message, Standing, WriteConflict, WriteInterval, write_conflicts,
};
pub use verdict::{Answer, Check, Evidence, Expectation, ExpectedVerdict, Mode, Outcome, ShortestPlan, Verdict};
pub use world::{Limits, LogExcerpt, LogLine, Origin, Setting, StatusOutput};

/// The version of every JSON shape this crate writes.
pub const FORMAT: u32 = 1;

/// Which run this is, and how to have it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The version of simrun that made it.
    pub version: String,
    /// The scenario file as it was named on the command line.
    pub scenario: String,
    /// The scenario's short name: its path below `scenarios/` without `.toml`.
    pub name: String,
    /// The seed.
    pub seed: u64,
    /// The hash of the trace: equal hashes mean equal runs.
    pub hash: String,
    /// How many events the trace has.
    pub events: u64,
    /// How much simulated time passed.
    pub simulated: Span,
    /// The command that replays it.
    pub again: String,
    /// The text of the scenario file.
    pub scenario_text: Option<String>,
}

/// Everything there is to tell about one run of one seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The version of this shape, [`FORMAT`].
    pub format: u32,
    /// Which run this is.
    pub run: Run,
    /// The drill card.
    pub drill: DrillCard,
    /// The cluster under drill.
    pub cluster: Cluster,
    /// The verdict on the run.
    pub verdict: Verdict,
    /// RTO and RPO.
    pub objectives: Objectives,
    /// The checks, in the scenario's order.
    pub checks: Vec<Check>,
    /// The operator's steps, in the order they began; those that never did come last.
    pub runbook: Vec<Step>,
    /// The faults, in the scenario's order.
    pub faults: Vec<Fault>,
    /// What happened, in order of time.
    pub timeline: Vec<Entry>,
    /// Roles over time, one lane for each node, in the scenario's order.
    pub lanes: Vec<Lane>,
    /// Who could write when, in order of time.
    pub writers: Vec<WriteInterval>,
    /// The service as its clients knew it.
    pub service: Service,
    /// The causal chain in sentences, from the first unusual event to the finding.
    pub story: Vec<Sentence>,
    /// Messages around the finding, in the order they were sent.
    pub messages: Vec<Message>,
    /// What the product's status command would have printed, at each moment its output changed.
    pub status: Vec<StatusOutput>,
    /// Excerpts of native logs.
    pub logs: Vec<LogExcerpt>,
    /// Every setting that was in force, by name.
    pub settings: Vec<Setting>,
    /// What is missing here.
    pub limits: Limits,
}

impl Report {
    /// The moment the run ended.
    pub fn end(&self) -> Moment {
        Moment(self.run.simulated.0)
    }

    /// Every stretch in which two nodes could write the same log.
    pub fn write_conflicts(&self) -> Vec<WriteConflict> {
        write_conflicts(&self.writers, self.end())
    }

    /// The moment a closer look is for: the first violation; without one, the first fault that fired, or the first step
    /// that changed something.
    pub fn finding(&self) -> Option<Moment> {
        let violation = self.first_violation().and_then(|check| check.evidence).map(|evidence| evidence.at);
        let fault = || self.faults.iter().filter_map(|fault| fault.fired).filter(|at| at.0 > 0).min();
        let step = || {
            let changes = self.runbook.iter().filter(|step| step.kind == StepKind::Change);
            changes.filter_map(|step| step.started).min()
        };
        violation.or_else(fault).or_else(step)
    }

    /// The first violated check in order of evidence: what a reader wants to jump to.
    pub fn first_violation(&self) -> Option<&Check> {
        self.checks
            .iter()
            .filter(|check| check.answer == Answer::Violated)
            .min_by_key(|check| check.evidence.map_or((Moment(u64::MAX), u64::MAX), |it| (it.at, it.event)))
    }
}
