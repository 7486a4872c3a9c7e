//! The drill card and the cluster: what the scenario says about itself before anything ran.
//!
//! Printed, never interpreted: a level or a tag is whatever its author meant by it.

use serde::{Deserialize, Serialize};

use super::Sentence;

/// What kind of drill this is, as drill guides grade them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DrillKind {
    /// Talked through at a table (桌面演练).
    Tabletop,
    /// Run in a simulation (仿真演练), which replaces no drill on a real cluster.
    #[default]
    Simulation,
    /// Meant for a real cluster (实战演练).
    Live,
}

/// The drill card: `[drill]` of the scenario.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DrillCard {
    /// The drill's own number, for example `GD-001`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its title in Chinese.
    pub title_zh: Option<String>,
    /// What kind of drill it is.
    pub kind: DrillKind,
    /// The author's own scale.
    pub level: Option<String>,
    /// The steady-state hypothesis.
    pub hypothesis: Option<String>,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hypothesis_zh: Option<String>,
    /// The blast radius.
    pub scope: Option<String>,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_zh: Option<String>,
    /// How to get back.
    pub rollback: Option<String>,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_zh: Option<String>,
    /// Who is responsible.
    pub owner: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
}

impl DrillCard {
    /// The steady-state hypothesis as a sentence.
    pub fn hypothesis(&self) -> Option<Sentence> {
        Sentence::of(self.hypothesis.as_deref(), self.hypothesis_zh.as_deref())
    }

    /// The blast radius as a sentence.
    pub fn scope(&self) -> Option<Sentence> {
        Sentence::of(self.scope.as_deref(), self.scope_zh.as_deref())
    }

    /// How to get back, as a sentence.
    pub fn rollback(&self) -> Option<Sentence> {
        Sentence::of(self.rollback.as_deref(), self.rollback_zh.as_deref())
    }
}

/// One database node as the scenario declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name, which is also the name of its lane.
    pub name: String,
    /// The role the scenario gives it at the start.
    pub role: String,
}

/// The cluster under drill.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cluster {
    /// The product model, by its module name.
    pub model: String,
    /// The version or flavour of the product that is modelled.
    pub profile: Option<String>,
    /// Defects of the real product that this run switched back on.
    pub defects: Vec<String>,
    /// The database nodes, in the scenario's order.
    pub nodes: Vec<Node>,
    /// The workload in a few words, for example `bank-transfer, 8 clients, 100/s`.
    pub workload: Option<String>,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_zh: Option<String>,
}

impl Cluster {
    /// The workload as a sentence.
    pub fn workload(&self) -> Option<Sentence> {
        Sentence::of(self.workload.as_deref(), self.workload_zh.as_deref())
    }
}
