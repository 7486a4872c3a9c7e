//! The fault that orders messages by priorities.

use std::time::Duration;

use reports::{Sentence, sentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Verb;
use crate::scenario::located::Located;
use crate::scenario::reader::Reader;
use crate::scenario::values::print_duration;

/// Holds messages up by the priority of who sends them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Prioritize {
    /// How many orderings a defect may need.
    pub depth: u32,
    /// Among how many messages priorities change.
    pub messages: u64,
    /// How long the messages of the lowest are held up.
    pub latency: Duration,
}

/// The default of `depth`: most defects of concurrency need two or three orderings.
const DEPTH: u32 = 3;

/// The default of `messages`.
const MESSAGES: u64 = 1_000;

/// More orderings than this nobody finds by chance.
const MOST: i64 = 10;

/// `prioritize` as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawPrioritize {
    /// How long the messages of the process with the lowest priority are held up: "50ms". Those of the others less, evenly.
    pub latency: Option<Located<String>>,
    /// How many orderings a defect may need, from 1 to 10: priorities change one time less. Default: 3.
    pub depth: Option<Located<i64>>,
    /// Among how many messages they change. Default: 1000.
    pub messages: Option<Located<i64>>,
}

impl Verb for Prioritize {
    type Raw = RawPrioritize;
    const LASTS: bool = true;

    fn lower(raw: &Located<RawPrioritize>, reader: &mut Reader<'_>) -> Option<Self> {
        let arguments = raw.value();
        let latency = reader.required(&arguments.latency, "latency", raw.span());
        let latency = latency.and_then(|latency| reader.value(latency));
        let depth = reader.optional(&arguments.depth, |reader, depth| reader.number(depth, 1, MOST));
        let messages = reader.count(&arguments.messages);
        Some(Prioritize {
            depth: depth?.and_then(|depth| u32::try_from(depth).ok()).unwrap_or(DEPTH),
            messages: messages?.unwrap_or(MESSAGES),
            latency: latency?,
        })
    }

    fn story(&self) -> Sentence {
        sentence!(
            "holds messages up by up to {}, by the priority of who sends them (depth {})",
            "按发送进程的优先级延迟报文，最多 {}（深度 {}）",
            print_duration(self.latency),
            self.depth
        )
    }
}
