//! What an operator does in words that every product understands; each stands for a command of the product.

use reports::{Sentence, sentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Verb;
use crate::scenario::command::Command;
use crate::scenario::located::Located;
use crate::scenario::reader::Reader;
use crate::scenario::target::{HostSelector, NodeSelector};

/// Verbs that take a table with the host that shall be primary.
macro_rules! towards_a_host {
    ($($(#[$doc:meta])* $name:ident, $verb:literal, says: $story:literal, $story_zh:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct $name {
            /// The host that shall be primary.
            pub to: HostSelector,
        }

        impl Verb for $name {
            type Raw = RawTo;
            const LASTS: bool = false;

            fn lower(raw: &Located<RawTo>, reader: &mut Reader<'_>) -> Option<Self> {
                reader.portable($verb, raw.span());
                let to = reader.required(&raw.value().to, "to", raw.span())?;
                Some($name { to: reader.host(to)? })
            }

            fn story(&self) -> Sentence {
                sentence!($story, $story_zh, self.to)
            }
        }
    )+};
}

/// `switchover` and `failover` as they are written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawTo {
    /// The host that shall be primary.
    pub to: Option<Located<String>>,
}

towards_a_host! {
    /// Hands the primary's role over, in good order.
    Switchover, "switchover", says: "switches over to {}", "主备倒换至 {}";
    /// Makes another host primary because the old one is gone.
    Failover, "failover", says: "fails over to {}", "故障切换至 {}";
}

/// Verbs that take nothing but a host.
macro_rules! on_a_database {
    ($($(#[$doc:meta])* $name:ident, $verb:literal, says: $story:literal, $story_zh:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct $name {
            /// The host or hosts.
            pub host: HostSelector,
        }

        impl Verb for $name {
            type Raw = String;
            const LASTS: bool = false;

            fn lower(raw: &Located<String>, reader: &mut Reader<'_>) -> Option<Self> {
                reader.portable($verb, raw.span());
                Some($name { host: reader.host(raw)? })
            }

            fn story(&self) -> Sentence {
                sentence!($story, $story_zh, self.host)
            }
        }
    )+};
}

on_a_database! {
    /// Makes a standby primary, whatever the others do.
    Promote, "promote", says: "promotes {}", "提升 {} 为主";
    /// Makes a primary a standby.
    Demote, "demote", says: "makes {} a standby", "将 {} 降为备";
    /// Starts the database on a host.
    StartDatabase, "start", says: "starts the database on {}", "启动 {} 上的数据库";
    /// Stops the database on a host, in good order.
    StopDatabase, "stop", says: "stops the database on {}", "停止 {} 上的数据库";
    /// Stops and starts the database on a host.
    RestartDatabase, "restart", says: "restarts the database on {}", "重启 {} 上的数据库";
    /// Keeps a host from writing to shared storage.
    Fence, "fence", says: "fences {}", "隔离 {}";
    /// Lets a fenced host write again.
    Unfence, "unfence", says: "lifts the fence around {}", "解除对 {} 的隔离";
}

/// Waits until a node announces an event, counted from when the step begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitFor {
    /// Who announces it.
    pub node: NodeSelector,
    /// The event's dotted name.
    pub event: String,
}

impl Verb for WaitFor {
    type Raw = String;
    const LASTS: bool = false;

    fn lower(raw: &Located<String>, reader: &mut Reader<'_>) -> Option<Self> {
        let (node, event) = reader.announced(raw)?;
        Some(WaitFor { node, event })
    }

    fn story(&self) -> Sentence {
        sentence!("waits until {} announces {}", "等待 {} 发出 {}", self.node, self.event)
    }
}

impl Verb for Command {
    type Raw = String;
    const LASTS: bool = false;

    fn lower(raw: &Located<String>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.command(raw)
    }

    fn story(&self) -> Sentence {
        sentence!("types `{}`", "执行 `{}`", self.line)
    }
}
