//! A scenario as the rest of the program sees it: checked, typed, with every default filled in.
//!
//! It says what the operator wrote and nothing about one seed; `Draws` is this scenario for one seed. Places in the
//! file are kept for steps, faults and checks, so that a report can point at their lines.

mod cluster;
mod entries;
mod fault_count;
mod weather;

pub use super::defaults::DefaultUsed;
pub use super::target::{HostSelector, NodeSelector, RoleSelector};
pub use cluster::{Drill, DrillKind, Node, Objectives, ParameterValue, ProductChoice};
pub use entries::{
    Check, Expect, ExpectedVerdict, Fault, IfFails, Moment, PROGRESS, Promise, Reached, Run, Step, Trigger, When,
};
pub use fault_count::{FaultCount, FaultCountWord};
pub use weather::{
    Damage, DeviceWeather, Limp, Link, LinkWeather, Network, Outage, Pause, Recurrence, Storage, Tail, Workload,
};

/// A scenario file, checked and complete.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its path below `scenarios/`, without `.toml`.
    pub name: String,
    /// The path of the file, as it was given.
    pub path: String,
    /// What the report prints about the drill.
    pub drill: Drill,
    /// What is measured and compared.
    pub objectives: Objectives,
    /// Which product, and how it is set up.
    pub product: ProductChoice,
    /// The hosts, in the order of the file.
    pub nodes: Vec<Node>,
    /// The network when nothing is wrong.
    pub network: Network,
    /// The storage when nothing is wrong.
    pub storage: Storage,
    /// The traffic; `None` if there is none.
    pub workload: Option<Workload>,
    /// What the operator does, in the order of the file.
    pub steps: Vec<Step>,
    /// What the world does, in the order of the file.
    pub faults: Vec<Fault>,
    /// What must hold, in the order of the file.
    pub checks: Vec<Check>,
    /// What the run is expected to show.
    pub expect: Expect,
    /// Seeds and limits.
    pub run: Run,
    /// Every key that was omitted, with the value it got.
    pub defaults: Vec<DefaultUsed>,
}

impl Scenario {
    /// The host called `name`.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The step called `name`.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// The fault called `name`.
    pub fn fault(&self, name: &str) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.name == name)
    }
}
