//! Steps, faults, checks, the expectation and the limits of a run.

use std::fmt;
use std::time::Duration;

use reports::Sentence;

use super::fault_count::FaultCount;
use crate::scenario::source::Place;
use crate::scenario::target::{HostSelector, NodeSelector};
use crate::scenario::values::{DurationRange, SeedRange};
use crate::scenario::verbs::{FaultVerb, StepVerb};

/// Something the operator does.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name, used once among steps and faults.
    pub name: String,
    /// When it begins.
    pub when: When,
    /// What is done.
    pub verb: StepVerb,
    /// On which host it is typed; `None` leaves the choice to the product.
    pub on: Option<NodeSelector>,
    /// How long the operator waits for it; `None` is as long as the command itself does.
    pub timeout: Option<Duration>,
    /// What becomes of later steps when it fails.
    pub if_fails: IfFails,
    /// Where it stands in the file.
    pub place: Place,
}

/// What becomes of later steps when a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IfFails {
    /// The operator puts the runbook aside: no later step is done.
    Stop,
    /// The operator carries on.
    Continue,
}

impl IfFails {
    pub(crate) const WORDS: &[(&str, IfFails)] = &[("stop", IfFails::Stop), ("continue", IfFails::Continue)];
}

/// Something the world does.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its name, used once among steps and faults.
    pub name: String,
    /// When it begins.
    pub when: When,
    /// What happens.
    pub verb: FaultVerb,
    /// How long it lasts; `None` is until something else ends it, or for good.
    pub lasts: Option<DurationRange>,
    /// Where it stands in the file.
    pub place: Place,
}

/// When a step or a fault begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// At a time of the run.
    At(DurationRange),
    /// After something else.
    After {
        /// What it waits for.
        trigger: Trigger,
        /// How much later it begins.
        delay: DurationRange,
        /// Which occurrence counts, from 1.
        nth: u32,
    },
}

/// What a step, a fault or a check waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A step of this scenario. Its bare name means that it has ended.
    Step(String, Moment),
    /// A fault of this scenario. Its bare name means that it has begun.
    Fault(String, Moment),
    /// An event that a node announces.
    Announced {
        /// Who announces it.
        node: NodeSelector,
        /// The event's dotted name.
        event: String,
    },
}

/// Which end of a step or a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It begins.
    Started,
    /// It is over.
    Ended,
}

impl Trigger {
    /// The step or fault it waits for.
    pub fn entry(&self) -> Option<&str> {
        match self {
            Trigger::Step(name, _) | Trigger::Fault(name, _) => Some(name),
            Trigger::Announced { .. } => None,
        }
    }
}

impl fmt::Display for Trigger {
    /// As a scenario writes it, always with the moment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trigger::Step(name, moment) | Trigger::Fault(name, moment) => {
                let moment = match moment {
                    Moment::Started => "started",
                    Moment::Ended => "ended",
                };
                write!(f, "{name}.{moment}")
            }
            Trigger::Announced { node, event } => write!(f, "{node}.{event}"),
        }
    }
}

impl serde::Serialize for Trigger {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Something that must hold.
#[derive(Clone, Debug)]
pub struct Check {
    /// What is promised.
    pub promise: Promise,
    /// Where it stands in the file.
    pub place: Place,
}

/// What a check promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promise {
    /// The named check never breaks.
    Always(String),
    /// The cluster lives through the named fault.
    Survives(String),
    /// It comes true.
    Eventually {
        /// What comes true.
        what: Reached,
        /// Counted from here; `None` is from the end of the last fault and step.
        after: Option<Trigger>,
        /// How soon; `None` is before the run ends.
        within: Option<Duration>,
    },
    /// The run gets there at least once.
    Sometimes(Reached),
    /// From a moment on some hosts are healed and all others stay as they are; those must serve, or may stand still for a
    /// reason that can be proved.
    Progress {
        /// The moment; `None` is one that the seed draws from the middle half of the run.
        after: Option<Trigger>,
        /// The hosts; `None` for a choice of the seed.
        core: Option<Vec<HostSelector>>,
        /// How soon; `None` for a bound made of the product's own time-outs.
        within: Option<Duration>,
    },
}

/// The name of the check that a healed core is asked for.
pub const PROGRESS: &str = "progress";

/// What a run can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// A check of the catalogue comes true.
    Check(String),
    /// A node announces an event.
    Announced {
        /// Who announces it.
        node: NodeSelector,
        /// The event's dotted name.
        event: String,
    },
    /// What a fault came to was counted.
    Counted {
        /// The fault.
        fault: String,
        /// What of it.
        count: FaultCount,
    },
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reached::Check(name) => f.write_str(name),
            Reached::Announced { node, event } => write!(f, "{node}.{event}"),
            Reached::Counted { fault, count } => write!(f, "{fault}.{}", count.word().name),
        }
    }
}

impl Check {
    /// The name a report and `[expect] of` use: the check's own, or the event's.
    pub fn name(&self) -> String {
        match &self.promise {
            Promise::Always(name) => name.clone(),
            Promise::Survives(fault) => format!("{fault}.{}", FaultCount::Survived.word().name),
            Promise::Eventually { what, .. } | Promise::Sometimes(what) => what.to_string(),
            Promise::Progress { .. } => PROGRESS.to_owned(),
        }
    }
}

/// What the run is expected to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// Whether everything holds.
    pub verdict: ExpectedVerdict,
    /// Why.
    pub because: Option<Sentence>,
    /// Whether a defect leaves a line in a log that no sound model explains.
    pub stray_log: bool,
}

/// Whether everything is expected to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedVerdict {
    /// Every check holds.
    Pass,
    /// The named checks break; if none is named, at least one of the declared ones.
    Violation(Vec<String>),
}

/// Seeds and limits; the command line wins over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The seeds of `explore` and `rehearse`; `run` takes the first.
    pub seeds: SeedRange,
    /// How long the run may last, in model time.
    pub time_limit: Duration,
    /// How many events the run may have.
    pub steps_limit: u64,
}
