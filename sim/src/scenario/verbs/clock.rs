//! Faults of a host's clock.

use reports::{Sentence, sentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Verb;
use crate::draws::drawer::Drawer;
use crate::scenario::located::Located;
use crate::scenario::reader::Reader;
use crate::scenario::target::HostSelector;
use crate::scenario::values::{Choice, Offset, Ratio};

/// Lets a host's clock run at another speed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkewClock {
    /// The host or hosts.
    pub host: HostSelector,
    /// How far the clock moves in one true second: `1001/1000` gains a millisecond. Never 0.
    pub rate: Ratio,
}

/// `skew-clock` as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawSkewClock {
    /// The host.
    pub host: Option<Located<String>>,
    /// How far its clock moves in one true second: "1001/1000" gains a millisecond each second.
    pub rate: Option<Located<String>>,
}

impl Verb for SkewClock {
    type Raw = RawSkewClock;
    const LASTS: bool = true;

    fn lower(raw: &Located<RawSkewClock>, reader: &mut Reader<'_>) -> Option<Self> {
        let arguments = raw.value();
        let host = reader.required(&arguments.host, "host", raw.span());
        let rate = reader.required(&arguments.rate, "rate", raw.span());
        let host = host.and_then(|host| reader.host(host));
        let rate = rate.and_then(|rate| reader.clock_rate(rate));
        Some(SkewClock { host: host?, rate: rate? })
    }

    fn story(&self) -> Sentence {
        sentence!(
            "lets the clock of {} run at {} of its true speed",
            "{} 的时钟按真实速度的 {} 走",
            self.host,
            self.rate
        )
    }
}

/// Moves a host's wall clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JumpClock {
    /// The host or hosts.
    pub host: HostSelector,
    /// How far; negative is back.
    pub by: Choice<Offset>,
}

/// `jump-clock` as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawJumpClock {
    /// The host.
    pub host: Option<Located<String>>,
    /// How far: "300s", "-300s", or a range that the seed draws from, "-5m..5m".
    pub by: Option<Located<String>>,
}

impl Verb for JumpClock {
    type Raw = RawJumpClock;
    const LASTS: bool = true;

    fn lower(raw: &Located<RawJumpClock>, reader: &mut Reader<'_>) -> Option<Self> {
        let arguments = raw.value();
        let host = reader.required(&arguments.host, "host", raw.span());
        let by = reader.required(&arguments.by, "by", raw.span());
        let host = host.and_then(|host| reader.host(host));
        let by = by.and_then(|by| reader.value(by));
        Some(JumpClock { host: host?, by: by? })
    }

    fn story(&self) -> Sentence {
        sentence!("moves the wall clock of {} by {}", "{} 的系统时间跳变 {}", self.host, self.by)
    }

    fn draw(&self, drawer: &Drawer) -> Self {
        JumpClock { host: self.host.clone(), by: drawer.offset("by", self.by) }
    }
}
