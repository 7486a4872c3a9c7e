//! Who is meant: a host by name, a role bound when the moment comes, a process on either, a device.

use std::fmt;

use reports::{Sentence, sentence};

/// Who is meant by `dn2`, `dn2/cm_agent`, `primary` or `new-primary/cm_agent`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeSelector {
    /// Which host or hosts.
    pub host: HostSelector,
    /// Which process on it; `None` is the database process for verbs that take a process, and the host as a whole
    /// for verbs that take a host.
    pub process: Option<String>,
}

/// Which host or hosts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostSelector {
    /// The host of this name.
    Named(String),
    /// The hosts that have this role when the moment comes.
    Role(RoleSelector),
}

/// A role, bound to hosts when the moment comes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoleSelector {
    /// The host that serves writes now.
    Primary,
    /// The host that served writes before the last change of primary began.
    OldPrimary,
    /// The host that is being made, or was last made, primary.
    NewPrimary,
    /// One host that could become primary; which one is the seed's choice.
    AnyStandby,
    /// All hosts that could become primary.
    EveryStandby,
    /// All hosts.
    All,
    /// The machines of the workload's clients.
    Clients,
    /// A role of the product's own.
    Product(String),
}

impl RoleSelector {
    /// The words of the language and what they mean.
    pub const WORDS: &'static [(&'static str, RoleSelector)] = &[
        ("primary", RoleSelector::Primary),
        ("old-primary", RoleSelector::OldPrimary),
        ("new-primary", RoleSelector::NewPrimary),
        ("any-standby", RoleSelector::AnyStandby),
        ("every-standby", RoleSelector::EveryStandby),
        ("all", RoleSelector::All),
        ("clients", RoleSelector::Clients),
    ];

    /// The word a scenario writes.
    pub fn word(&self) -> &str {
        match self {
            RoleSelector::Product(word) => word,
            known => Self::WORDS.iter().find(|(_, role)| role == known).map_or("", |(word, _)| word),
        }
    }
}

impl NodeSelector {
    /// The host of this name.
    pub fn named(host: impl Into<String>) -> Self {
        NodeSelector { host: HostSelector::Named(host.into()), process: None }
    }

    /// The hosts of this role.
    pub fn role(role: RoleSelector) -> Self {
        NodeSelector { host: HostSelector::Role(role), process: None }
    }

    /// The name of the host, if it does not depend on the run.
    pub fn host_name(&self) -> Option<&str> {
        match &self.host {
            HostSelector::Named(name) => Some(name),
            HostSelector::Role(_) => None,
        }
    }
}

impl fmt::Display for HostSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HostSelector::Named(name) => name,
            HostSelector::Role(role) => role.word(),
        })
    }
}

impl fmt::Display for NodeSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.fmt(f)?;
        match &self.process {
            Some(process) => write!(f, "/{process}"),
            None => Ok(()),
        }
    }
}

impl serde::Serialize for HostSelector {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl serde::Serialize for NodeSelector {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A device, and whose.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DeviceTarget {
    /// The device's name.
    pub device: String,
    /// Whose requests are meant on a shared device (`None`: everyone's), or whose device if every host has one.
    pub host: Option<HostSelector>,
}

impl DeviceTarget {
    /// The device in a sentence about requests.
    pub(crate) fn spoken(&self) -> Sentence {
        match &self.host {
            Some(host) => sentence!("of {host} on device {}", "{host} 在设备 {} 上", self.device),
            None => sentence!("on device {}", "设备 {} 上", self.device),
        }
    }
}
