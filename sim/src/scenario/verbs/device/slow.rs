//! `slow-device` and `stall-device`: certain requests take longer, or hang for a while.

use reports::{Sentence, sentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Verb;
use super::requests::{RequestTarget, raw_requests};
use crate::scenario::located::Located;
use crate::scenario::reader::Reader;
use crate::scenario::target::DeviceTarget;
use crate::scenario::values::{DurationRange, Ratio};

/// The kinds of request that can be meant.
const WRITES_ONLY: &[(&str, bool)] = &[("all", false), ("writes", true)];

/// Lets requests to a device take longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SlowDevice {
    /// Which requests.
    pub requests: RequestTarget,
    /// How much longer a request takes.
    pub latency: DurationRange,
    /// Whether only writes do, and reads and flushes do not.
    pub writes_only: bool,
}

raw_requests! {
    /// `slow-device` as it is written.
    RawSlowDevice, count: " After how many hits it is over. Default: as long as the fault lasts.",
    own: {
        /// How much longer a request takes: "100ms", or a range from which each request draws, "50ms..2s". Required.
        latency,
        /// What is hit: "all" (default), or only "writes", as on an array whose write cache has gone.
        #[schemars(extend("enum" = ["all", "writes"]))]
        requests
    }
}

impl Verb for SlowDevice {
    type Raw = RawSlowDevice;
    const LASTS: bool = true;

    fn lower(raw: &Located<RawSlowDevice>, reader: &mut Reader<'_>) -> Option<Self> {
        let arguments = raw.value();
        let latency = reader.required(&arguments.latency, "latency", raw.span()).and_then(|text| reader.value(text));
        let writes_only = reader.word_or(&arguments.requests, WRITES_ONLY, false);
        let requests = RawSlowDevice::target(raw, reader);
        Some(SlowDevice { requests: requests?, latency: latency?, writes_only: writes_only? })
    }

    fn story(&self) -> Sentence {
        let kind = kind(self.writes_only);
        let requests = match (self.requests.ratio, self.requests.count) {
            (Ratio::ONE, None) => kind,
            (Ratio::ONE, Some(count)) => sentence!("the next {count} {}", "接下来 {count} 个{}", kind),
            (ratio, None) => sentence!("{ratio} of the {}", "按比例 {ratio} 的{}", kind),
            (ratio, Some(count)) => {
                sentence!("{ratio} of the {}, {count} at most,", "按比例 {ratio}、至多 {count} 个{}", kind)
            }
        };
        sentence!(
            "lets {} {}{} take {} longer",
            "{1}{2}的{0}延长 {3}",
            requests,
            self.requests.device.spoken(),
            self.requests.part(),
            self.latency
        )
    }
}

/// Which requests.
fn kind(writes_only: bool) -> Sentence {
    if writes_only { ("writes", "写请求").into() } else { ("requests", "请求").into() }
}

/// Lets requests to a device hang; they go on when the fault ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StallDevice {
    /// The device, and whose requests.
    #[serde(flatten)]
    pub device: DeviceTarget,
    /// Whether only writes do, and reads and flushes do not.
    pub writes_only: bool,
}

/// `stall-device` as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawStallDevice {
    /// The device. Default: the product's first one.
    pub device: Option<Located<String>>,
    /// Whose requests are meant on a shared device (default: everyone's); whose device if every host has one.
    pub host: Option<Located<String>>,
    /// What hangs: "all" (default), or only "writes".
    #[schemars(extend("enum" = ["all", "writes"]))]
    pub requests: Option<Located<String>>,
}

impl Verb for StallDevice {
    type Raw = RawStallDevice;
    const LASTS: bool = true;

    fn lower(raw: &Located<RawStallDevice>, reader: &mut Reader<'_>) -> Option<Self> {
        let arguments = raw.value();
        let device = reader.device_target(&arguments.device, &arguments.host, raw.span());
        let writes_only = reader.word_or(&arguments.requests, WRITES_ONLY, false);
        Some(StallDevice { device: device?, writes_only: writes_only? })
    }

    fn story(&self) -> Sentence {
        sentence!("lets all {} {} hang", "{1}的全部{0}挂起", kind(self.writes_only), self.device.spoken())
    }
}
