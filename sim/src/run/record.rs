//! The record of a run: all that happened, as plain data.
//!
//! It is the only thing that checks, reports and comparisons see, so a run can be judged on another thread, stored, or
//! compared with another one. It holds what an observer outside could have written down: the trace, what clients were
//! told, what devices accepted and hold in the end, what the operator typed and read, what the faults did. It never
//! holds a node's private state.

use std::time::Duration;

use nodes::product::{NodeState, Region};
use nodes::world::device::{FaultCounts, FaultKind, Image, Journal};
use nodes::world::disk::DeviceId;
use nodes::world::executor::Ending;
use nodes::world::time::Instant;
use nodes::world::trace::Trace;
use reports::Sentence;

use crate::history::History;
use crate::scenario::command::joined;

/// All that happened in one run.
#[derive(Clone, Debug)]
pub struct Record {
    /// The seed of the run.
    pub seed: u64,
    /// Every event, and the hash of the run.
    pub trace: Trace,
    /// What the clients asked for and were told.
    pub history: History,
    /// The devices, by their number.
    pub devices: Vec<DeviceRecord>,
    /// What is where on the devices.
    pub regions: Vec<Region>,
    /// What the operator did, in the order of the scenario.
    pub steps: Vec<StepRecord>,
    /// What the world did, in the order of the scenario.
    pub faults: Vec<FaultRecord>,
    /// Faults of the storage that strike by themselves, and what came of each.
    pub weather: Vec<WeatherRecord>,
    /// How the nodes looked from outside, whenever that changed.
    pub states: Vec<Snapshot>,
    /// The hosts that were healed while the rest stayed as it was, if the scenario asks what they come to.
    pub core: Option<CoreRecord>,
    /// Why the run ended.
    pub ending: Ending,
    /// When the run ended.
    pub ended: Instant,
    /// The nodes that still waited for something at the end, as they looked.
    pub waiting_for: Vec<NodeState>,
}

/// One device and what became of it.
#[derive(Clone, Debug)]
pub struct DeviceRecord {
    /// Its name.
    pub name: String,
    /// The host it is built into; `None` if hosts share it.
    pub host: Option<String>,
    /// What it accepted, from whom.
    pub journal: Journal,
    /// What a reader would see at the end.
    pub visible: Image,
}

/// A core: hosts that were healed at a moment, while everything else stayed as it was from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreRecord {
    /// The moment.
    pub began: Instant,
    /// Its hosts.
    pub hosts: Vec<String>,
    /// The other hosts of the cluster.
    pub outside: Vec<String>,
    /// What was done to heal it, one thing each.
    pub healed: Vec<String>,
    /// Hosts of it whose database did not run then and which nobody but an operator starts.
    pub stopped: Vec<String>,
    /// The product's own waits on the longest way back into service.
    pub waits: Vec<(String, Duration)>,
    /// How soon it must serve; zero if the model does not say how long anything takes.
    pub bound: Duration,
    /// Why it may stand still, by what was so at the end; `None` if it must serve.
    pub excuse: Option<Sentence>,
}

/// One operator step.
#[derive(Clone, Debug)]
pub struct StepRecord {
    /// Its name in the scenario.
    pub name: String,
    /// When it began; `None` if it never did.
    pub began: Option<Instant>,
    /// When it was over for the operator.
    pub ended: Option<Instant>,
    /// How it ended.
    pub outcome: StepOutcome,
    /// What was typed where; more than one if the step was about several hosts.
    pub commands: Vec<CommandRecord>,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// Every command returned 0, or what was waited for happened.
    Succeeded,
    /// It could not be done, or a command said that it failed.
    Failed,
    /// The operator gave up waiting.
    TimedOut,
    /// The run ended before it did.
    Unfinished,
    /// What it waits for never happened.
    NeverStarted,
    /// The operator had put the runbook aside because the named step failed.
    PutAside(String),
}

/// One command that was typed.
#[derive(Clone, Debug)]
pub struct CommandRecord {
    /// On which host.
    pub host: String,
    /// The words.
    pub words: Vec<String>,
    /// When.
    pub began: Instant,
    /// When it returned.
    pub ended: Option<Instant>,
    /// What it returned to the shell.
    pub exit_code: Option<i32>,
    /// What it printed, and when.
    pub lines: Vec<(Instant, String)>,
}

impl CommandRecord {
    /// The command as one line that can be typed.
    pub fn line(&self) -> String {
        joined(&self.words)
    }
}

/// One fault.
#[derive(Clone, Debug)]
pub struct FaultRecord {
    /// Its name in the scenario.
    pub name: String,
    /// Its verb.
    pub verb: &'static str,
    /// Whom it was about, roles bound to names.
    pub targets: Vec<String>,
    /// When it acted; `None` if it never did.
    pub fired: Option<Instant>,
    /// How long it was to last; `None` if it was not to end by itself.
    pub lasts: Option<Duration>,
    /// When it was taken back.
    pub ended: Option<Instant>,
    /// What it did.
    pub effects: Effects,
}

/// A fault of the storage that strikes by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeatherRecord {
    /// The device.
    pub device: String,
    /// What strikes.
    pub kind: FaultKind,
    /// What came of it.
    pub counts: FaultCounts,
}

/// What a fault did, as the world counted it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// How many effects were seen: packets lost, turns delayed, a process gone.
    pub observed: u64,
    /// The proof in one sentence, or why there is none.
    pub account: Sentence,
    /// What a device counted, for a fault of a device.
    pub counts: Option<FaultCounts>,
}

impl Effects {
    /// So many effects, told in a sentence of both languages.
    pub fn seen(observed: u64, english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Effects { observed, account: Sentence::new(english, chinese), counts: None }
    }

    /// What a device counted. A fault of a device has bitten when it struck, whether anybody noticed or not.
    pub fn counted(counts: FaultCounts, english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Effects { counts: Some(counts), ..Effects::seen(counts.fired, english, chinese) }
    }

    /// No effect, for this reason.
    pub fn none(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Effects::seen(0, english, chinese)
    }
}

/// What a fault still owes as a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproved {
    /// It never acted.
    NeverFired,
    /// It acted and nothing came of it.
    NoEffect,
    /// It was to end and did not.
    NeverEnded,
}

impl FaultRecord {
    /// What keeps the fault from being proved; `None` if it bit, and ended where it was to end.
    pub fn unproved(&self) -> Option<Unproved> {
        match self {
            FaultRecord { fired: None, .. } => Some(Unproved::NeverFired),
            FaultRecord { effects: Effects { observed: 0, .. }, .. } => Some(Unproved::NoEffect),
            FaultRecord { lasts: Some(_), ended: None, .. } => Some(Unproved::NeverEnded),
            _ => None,
        }
    }
}

/// How all nodes looked at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// When they began to look like this.
    pub at: Instant,
    /// The nodes.
    pub nodes: Vec<NodeState>,
}

impl Record {
    /// The device with this number.
    pub fn device(&self, device: DeviceId) -> Option<&DeviceRecord> {
        self.devices.get(usize::from(device.0))
    }

    /// The step called `name`.
    pub fn step(&self, name: &str) -> Option<&StepRecord> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// The fault called `name`.
    pub fn fault(&self, name: &str) -> Option<&FaultRecord> {
        self.faults.iter().find(|fault| fault.name == name)
    }

    /// How the nodes looked at a moment; `None` before anybody had looked.
    pub fn states_at(&self, at: Instant) -> Option<&Snapshot> {
        let after = self.states.partition_point(|snapshot| snapshot.at <= at);
        self.states.get(after.checked_sub(1)?)
    }

    /// How the nodes looked just before a moment; `None` before anybody had looked.
    pub fn states_before(&self, at: Instant) -> Option<&Snapshot> {
        let until = self.states.partition_point(|snapshot| snapshot.at < at);
        self.states.get(until.checked_sub(1)?)
    }

    /// Whether the run came to the end it was meant to have, and not to a limit on events or an interruption.
    pub fn is_complete(&self) -> bool {
        matches!(self.ending, Ending::TimeLimit | Ending::Idle | Ending::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_can_go_to_another_thread() {
        fn is_send<T: Send + 'static>() {}
        is_send::<Record>();
    }

    #[test]
    fn a_fault_owes_a_proof_until_it_bit_and_ended() {
        let mut fault = FaultRecord {
            name: "cut".into(),
            verb: "partition",
            targets: vec!["dn1".into()],
            fired: None,
            lasts: Some(Duration::from_secs(1)),
            ended: None,
            effects: Effects::default(),
        };
        assert_eq!(fault.unproved(), Some(Unproved::NeverFired));
        fault.fired = Some(Instant(1));
        assert_eq!(fault.unproved(), Some(Unproved::NoEffect));
        fault.effects = Effects::seen(3, "3 packets lost", "丢包 3 个");
        assert_eq!(fault.unproved(), Some(Unproved::NeverEnded));
        fault.ended = Some(Instant(2));
        assert_eq!(fault.unproved(), None);
    }
}
