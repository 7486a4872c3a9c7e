//! Faults of the network.

use reports::{Sentence, sentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Verb;
use super::host::on_a_host;
use crate::scenario::located::Located;
use crate::scenario::reader::Reader;
use crate::scenario::target::{HostSelector, NodeSelector};
use crate::scenario::values::{Bandwidth, DurationRange, Ratio};

/// A list of nodes as it is written.
type Names = Located<Vec<Located<String>>>;

/// Which way over a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Both ways.
    Both,
    /// From the first to the second; of isolated nodes: what they send.
    To,
    /// From the second to the first; of isolated nodes: what they receive.
    From,
}

impl Direction {
    const WORDS: &[(&str, Direction)] = &[("both", Direction::Both), ("to", Direction::To), ("from", Direction::From)];
}

/// The links a fault is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkTarget {
    /// The two ends; `None` is every link.
    pub between: Option<[NodeSelector; 2]>,
    /// Which way.
    pub direction: Direction,
}

impl LinkTarget {
    fn spoken(&self) -> Sentence {
        let Some([first, second]) = &self.between else { return ("on every link", "所有链路上").into() };
        match self.direction {
            Direction::Both => sentence!("between {first} and {second}", "{first} 与 {second} 之间"),
            Direction::To => sentence!("from {first} to {second}", "{first} 到 {second} 方向"),
            Direction::From => sentence!("from {second} to {first}", "{second} 到 {first} 方向"),
        }
    }

    fn lower(link: &Option<Names>, direction: &Option<Located<String>>, reader: &mut Reader<'_>) -> Option<Self> {
        let way = reader.word_or(direction, Direction::WORDS, Direction::Both);
        let between = match link {
            Some(link) => Some(reader.two_ends(link)?),
            None => {
                if let Some(direction) = direction {
                    reader.not_together(direction.span(), "`direction` needs a `link`", "add `link = [A, B]`");
                    return None;
                }
                None
            }
        };
        Some(LinkTarget { between, direction: way? })
    }
}

/// Which links are cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partition {
    /// Between two ends.
    Between(LinkTarget),
    /// Between some nodes and everyone else.
    Isolate {
        /// The nodes that are cut off; they still reach each other.
        nodes: Vec<NodeSelector>,
        /// Which way.
        direction: Direction,
    },
    /// Between groups; nodes in no group reach everyone.
    Groups(Vec<Vec<NodeSelector>>),
}

/// `partition` as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawPartition {
    /// The two ends of the link that is cut, hosts or processes: ["dn1", "dn2"].
    pub between: Option<Names>,
    /// The nodes that are cut off from everyone else: ["dn1"].
    pub isolate: Option<Names>,
    /// Groups that do not reach each other: [["dn1"], ["dn2", "dn3"]].
    pub groups: Option<Located<Vec<Names>>>,
    /// Which way is cut: "both" (default); "to" from the first to the second, or what isolated nodes send; "from" the other way.
    #[schemars(extend("enum" = ["both", "to", "from"]))]
    pub direction: Option<Located<String>>,
}

impl Verb for Partition {
    type Raw = RawPartition;
    const LASTS: bool = true;

    fn lower(raw: &Located<RawPartition>, reader: &mut Reader<'_>) -> Option<Self> {
        let arguments = raw.value();
        let shapes = [
            ("between", arguments.between.as_ref().map(Located::span)),
            ("isolate", arguments.isolate.as_ref().map(Located::span)),
            ("groups", arguments.groups.as_ref().map(Located::span)),
        ];
        reader.exactly_one(&shapes, raw.span())?;
        if arguments.between.is_some() {
            return LinkTarget::lower(&arguments.between, &arguments.direction, reader).map(Partition::Between);
        }
        if let Some(nodes) = &arguments.isolate {
            let direction = reader.word_or(&arguments.direction, Direction::WORDS, Direction::Both);
            let nodes = reader.endpoints(nodes);
            return Some(Partition::Isolate { nodes: nodes?, direction: direction? });
        }
        if let Some(direction) = &arguments.direction {
            reader.not_together(direction.span(), "groups are cut both ways", "remove `direction`");
        }
        Self::lower_groups(arguments.groups.as_ref()?, reader)
    }

    fn story(&self) -> Sentence {
        match self {
            Partition::Between(link) => sentence!("cuts the network {}", "切断{}的网络", link.spoken()),
            Partition::Isolate { nodes, direction } => {
                let nodes = spoken_list(nodes);
                match direction {
                    Direction::Both => {
                        sentence!("cuts {nodes} off from everyone else", "将 {nodes} 与其他所有节点断开")
                    }
                    Direction::To => sentence!("loses everything sent by {nodes}", "丢弃 {nodes} 发出的一切报文"),
                    Direction::From => sentence!("loses everything sent to {nodes}", "丢弃发往 {nodes} 的一切报文"),
                }
            }
            Partition::Groups(groups) => {
                let groups: Vec<String> = groups.iter().map(|group| format!("[{}]", spoken_list(group))).collect();
                Sentence::new(
                    format!("splits the network into {}", groups.join(" and ")),
                    format!("将网络分裂为 {}", groups.join("、")),
                )
            }
        }
    }
}

impl Partition {
    fn lower_groups(groups: &Located<Vec<Names>>, reader: &mut Reader<'_>) -> Option<Self> {
        if groups.value().len() < 2 {
            reader.out_of_bounds(groups.span(), "a split needs at least two groups", "add a group");
            return None;
        }
        let lowered: Vec<_> = groups.value().iter().map(|group| reader.endpoints(group)).collect();
        lowered.into_iter().collect::<Option<_>>().map(Partition::Groups)
    }
}

fn spoken_list(nodes: &[NodeSelector]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

on_a_host! {
    /// Takes a host's network card down.
    NicDown, lasts: true, says: "takes the network card of {} down", "关闭 {} 的网卡";
}

/// Verbs that give certain links one property.
macro_rules! on_links {
    ($(
        $(#[$doc:meta])* $name:ident,
        $(#[$raw_doc:meta])* raw $raw:ident { $(#[$key_doc:meta])* $key:ident: $type:ty, by $method:ident }
        says: $story:literal, $story_zh:literal;
    )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct $name {
            /// Which links.
            pub link: LinkTarget,
            $(#[$key_doc])*
            pub $key: $type,
        }

        $(#[$raw_doc])*
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct $raw {
            /// The two ends of the link, hosts or processes: ["dn1", "dn2"]. Default: every link.
            pub link: Option<Names>,
            /// Which way: "both" (default), "to" from the first to the second, "from" the other way.
            #[schemars(extend("enum" = ["both", "to", "from"]))]
            pub direction: Option<Located<String>>,
            $(#[$key_doc])*
            pub $key: Option<Located<String>>,
        }

        impl Verb for $name {
            type Raw = $raw;
            const LASTS: bool = true;

            fn lower(raw: &Located<$raw>, reader: &mut Reader<'_>) -> Option<Self> {
                let arguments = raw.value();
                let link = LinkTarget::lower(&arguments.link, &arguments.direction, reader);
                let $key = reader.required(&arguments.$key, stringify!($key), raw.span());
                let $key = $key.and_then(|$key| reader.$method($key));
                Some($name { link: link?, $key: $key? })
            }

            fn story(&self) -> Sentence {
                sentence!($story, $story_zh, self.$key, self.link.spoken())
            }
        }
    )+};
}

on_links! {
    /// Gives messages another latency.
    Slow,
    /// `slow` as it is written.
    raw RawSlow {
        /// How long a message takes: "100ms", or a range from which each message draws, "50ms..200ms".
        latency: DurationRange, by value
    }
    says: "lets messages take {} {}", "{1}的报文延迟变为 {0}";
    /// Loses messages.
    Drop,
    /// `drop` as it is written.
    raw RawDrop {
        /// How many messages are lost: "1/10".
        ratio: Ratio, by probability
    }
    says: "loses {} of the messages {}", "{1}的报文按比例 {0} 丢失";
    /// Delivers messages twice.
    Duplicate,
    /// `duplicate` as it is written.
    raw RawDuplicate {
        /// How many messages arrive twice: "1/10".
        ratio: Ratio, by probability
    }
    says: "delivers {} of the messages twice {}", "{1}的报文按比例 {0} 重复送达";
    /// Lets messages overtake each other.
    Reorder,
    /// `reorder` as it is written.
    raw RawReorder {
        /// How many messages are overtaken by later ones: "1/10".
        ratio: Ratio, by probability
    }
    says: "lets {} of the messages be overtaken {}", "{1}的报文按比例 {0} 乱序";
    /// Limits how much goes through in a second.
    LimitBandwidth,
    /// `limit-bandwidth` as it is written.
    raw RawLimitBandwidth {
        /// How much goes through: "1MB/s" or "10Mbit/s".
        bandwidth: Bandwidth, by value
    }
    says: "lets only {} through {}", "{1}的带宽限制为 {0}";
}
