//! Faults that hit certain requests to a device, or certain sectors.

use reports::{Sentence, sentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Verb;
use crate::scenario::located::Located;
use crate::scenario::reader::Reader;
use crate::scenario::target::DeviceTarget;
use crate::scenario::values::{Ratio, SectorRange};

/// Which requests to a device are hit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestTarget {
    /// The device, and whose requests.
    #[serde(flatten)]
    pub device: DeviceTarget,
    /// The named part of it; `None` is all of it.
    pub region: Option<String>,
    /// Sectors, counted from the beginning of the region or the device; `None` is all of them.
    pub sectors: Option<SectorRange>,
    /// How many of the requests are hit.
    pub ratio: Ratio,
    /// After how many hits it is over; `None` is as long as the fault lasts.
    pub count: Option<u64>,
}

/// A region of a device in a sentence, if it is about one.
fn in_region(region: &Option<String>) -> Sentence {
    region.as_ref().map(|region| sentence!(", region {region}", "区域 {region} ")).unwrap_or_default()
}

impl RequestTarget {
    fn spoken(&self, requests: &str) -> Sentence {
        let kind = match requests {
            "reads" => "读请求",
            "writes" => "写请求",
            _ => "刷盘请求",
        };
        let share = match (self.count, self.ratio) {
            (Some(1), Ratio::ONE) => {
                let one = requests.strip_suffix('s').unwrap_or(requests);
                sentence!("the next {one}", "的下一个{kind}")
            }
            (Some(count), Ratio::ONE) => sentence!("the next {count} {requests}", "接下来 {count} 个{kind}"),
            (None, Ratio::ONE) => sentence!("all {requests}", "的全部{kind}"),
            (Some(count), ratio) => {
                sentence!("{ratio} of the {requests}, {count} at most,", "按比例 {ratio}、至多 {count} 个{kind}")
            }
            (None, ratio) => sentence!("{ratio} of the {requests}", "按比例 {ratio} 的{kind}"),
        };
        sentence!("{} {}{}", "{1}{2}{0}", share, self.device.spoken(), self.part())
    }

    /// The part of the device, if it is not all of it.
    pub(super) fn part(&self) -> Sentence {
        let sectors = self.sectors.map(|sectors| sentence!(", sectors {sectors}", "扇区 {sectors} "));
        Sentence::joined(&[in_region(&self.region), sectors.unwrap_or_default()], "")
    }
}

/// The arguments of a verb that hits requests, as they are written: the keys that all of them have, and its own. (They are
/// not a struct in a struct, because the reader would lose the place in the file of what stands in the inner one.)
macro_rules! raw_requests {
    (
        $(#[$doc:meta])* $raw:ident, count: $count:literal,
        own: { $($(#[$key_doc:meta])* $key:ident),* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct $raw {
            /// The device. Default: the product's first one.
            pub device: Option<Located<String>>,
            /// Whose requests are meant on a shared device (default: everyone's); whose device if every host has one.
            pub host: Option<Located<String>>,
            /// A named part of the device, such as "wal". Default: all of it.
            pub region: Option<Located<String>>,
            /// Sectors, both ends included: "100..200". Default: all of them.
            pub sectors: Option<Located<String>>,
            $($(#[$key_doc])* pub $key: Option<Located<String>>,)*
            /// How many of the requests are hit: "1/100". Default: all.
            pub ratio: Option<Located<String>>,
            #[doc = $count]
            pub count: Option<Located<i64>>,
        }

        impl $raw {
            /// Which requests are hit.
            fn target(raw: &Located<$raw>, reader: &mut Reader<'_>) -> Option<RequestTarget> {
                let $raw { device, host, region, sectors, ratio, count, .. } = raw.value();
                let device = reader.device_target(device, host, raw.span());
                let name = device.as_ref().map(|target| target.device.as_str());
                let region = reader.optional(region, |reader, region| reader.region(region, name));
                let sectors = reader.optional(sectors, Reader::value);
                let ratio = reader.optional(ratio, Reader::probability);
                let count = reader.count(count);
                Some(RequestTarget {
                    device: device?,
                    region: region?,
                    sectors: sectors?,
                    ratio: ratio?.unwrap_or(Ratio::ONE),
                    count: count?,
                })
            }
        }
    };
}
pub(super) use raw_requests;

raw_requests! {
    /// Which requests to a device, as it is written.
    RawRequests, count: " After how many hits it is over. Default: as long as the fault lasts.",
    own: {}
}

/// Verbs that hit certain requests and take nothing else.
macro_rules! on_requests {
    ($($(#[$doc:meta])* $name:ident, $requests:literal, says: $story:literal, $story_zh:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct $name {
            /// Which requests.
            pub requests: RequestTarget,
        }

        impl Verb for $name {
            type Raw = RawRequests;
            const LASTS: bool = true;

            fn lower(raw: &Located<RawRequests>, reader: &mut Reader<'_>) -> Option<Self> {
                Some($name { requests: RawRequests::target(raw, reader)? })
            }

            fn story(&self) -> Sentence {
                sentence!($story, $story_zh, self.requests.spoken($requests))
            }
        }
    )+};
}

on_requests! {
    /// Tears writes that are in flight at a power cut.
    TornWrite, "writes", says: "tears {}, if power is cut meanwhile", "若期间断电,撕裂{}";
    /// Lets writes land on another sector.
    MisdirectWrite, "writes", says: "misdirects {}", "把{}落到错误位置";
    /// Lets reads give what was there before the last write.
    StaleRead, "reads", says: "gives the previous content to {}", "对{}返回之前的旧内容";
    /// Acknowledges writes and drops them.
    LoseWrite, "writes", says: "acknowledges and drops {}", "应答成功但丢弃{}";
    /// Lets flushes fail.
    FailFlush, "flushes", says: "fails {}", "使{}失败";
    /// Acknowledges flushes without doing them.
    LieAboutFlush, "flushes", says: "acknowledges {} without doing them", "应答{}成功但实际不执行";
}

/// How long a sector that gave an error goes on giving it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorMode {
    /// The same request succeeds when it is repeated.
    Once,
    /// The sector fails as long as the fault lasts.
    Sticky,
    /// The sector fails until it is written again.
    Latent,
}

impl ErrorMode {
    const OF_READS: &[(&str, ErrorMode)] =
        &[("once", ErrorMode::Once), ("sticky", ErrorMode::Sticky), ("latent", ErrorMode::Latent)];
    const OF_WRITES: &[(&str, ErrorMode)] = &[("once", ErrorMode::Once), ("sticky", ErrorMode::Sticky)];
}

/// Verbs that let requests fail.
macro_rules! errors {
    ($(
        $(#[$doc:meta])* $name:ident, $requests:literal, $words:ident,
        $(#[$raw_doc:meta])* raw $raw:ident { $(#[$mode_doc:meta])* mode } says: $story:literal, $story_zh:literal;
    )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct $name {
            /// Which requests.
            pub requests: RequestTarget,
            /// How long a sector that gave an error goes on giving it.
            pub mode: ErrorMode,
        }

        raw_requests! {
            $(#[$raw_doc])*
            $raw, count: " After how many hits it is over. Default: one for the mode \"once\" without a ratio, else as long as the fault lasts.",
            own: { $(#[$mode_doc])* mode }
        }

        impl Verb for $name {
            type Raw = $raw;
            const LASTS: bool = true;

            fn lower(raw: &Located<$raw>, reader: &mut Reader<'_>) -> Option<Self> {
                let mode = reader.word_or(&raw.value().mode, ErrorMode::$words, ErrorMode::Once);
                let requests = $raw::target(raw, reader);
                let (mut requests, mode) = (requests?, mode?);
                // An error that is to come once cannot come to every request.
                if mode == ErrorMode::Once && requests.ratio == Ratio::ONE {
                    requests.count = requests.count.or(Some(1));
                }
                Some($name { requests, mode })
            }

            fn story(&self) -> Sentence {
                sentence!($story, $story_zh, self.requests.spoken($requests))
            }
        }
    )+};
}

errors! {
    /// Lets reads fail.
    ReadError, "reads", OF_READS,
    /// `read-error` as it is written.
    raw RawReadError {
        /// "once" (default): a repeated read succeeds; "sticky": the sector fails while the fault lasts; "latent": it fails until it is written again.
        #[schemars(extend("enum" = ["once", "sticky", "latent"]))]
        mode
    }
    says: "gives an error to {}", "使{}返回错误";
    /// Lets writes fail.
    WriteError, "writes", OF_WRITES,
    /// `write-error` as it is written.
    raw RawWriteError {
        /// "once" (default): a repeated write succeeds; "sticky": the sector fails while the fault lasts.
        #[schemars(extend("enum" = ["once", "sticky"]))]
        mode
    }
    says: "gives an error to {}", "使{}返回错误";
}

/// Changes one bit of each of some sectors, for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BitRot {
    /// The device, and whose if every host has one.
    #[serde(flatten)]
    pub device: DeviceTarget,
    /// The named part of it; `None` is all of it.
    pub region: Option<String>,
    /// Sectors; `None` is all of them.
    pub sectors: Option<SectorRange>,
    /// How many sectors, drawn among those that have been written.
    pub count: u64,
}

/// `bit-rot` as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawBitRot {
    /// The device. Default: the product's first one.
    pub device: Option<Located<String>>,
    /// Whose device, if every host has one.
    pub host: Option<Located<String>>,
    /// A named part of the device, such as "wal". Default: all of it.
    pub region: Option<Located<String>>,
    /// Sectors, both ends included: "100..200". Default: all of them.
    pub sectors: Option<Located<String>>,
    /// How many sectors, drawn among those that have been written. Default: 1.
    pub count: Option<Located<i64>>,
}

impl Verb for BitRot {
    type Raw = RawBitRot;
    const LASTS: bool = false;

    fn lower(raw: &Located<RawBitRot>, reader: &mut Reader<'_>) -> Option<Self> {
        let arguments = raw.value();
        let device = reader.device_target(&arguments.device, &arguments.host, raw.span());
        let name = device.as_ref().map(|target| target.device.as_str());
        let region = reader.optional(&arguments.region, |reader, region| reader.region(region, name));
        let sectors = reader.optional(&arguments.sectors, Reader::value);
        let count = reader.count(&arguments.count);
        Some(BitRot { device: device?, region: region?, sectors: sectors?, count: count?.unwrap_or(1) })
    }

    fn story(&self) -> Sentence {
        let (device, part) = (self.device.spoken(), in_region(&self.region));
        match self.count {
            1 => sentence!("flips a bit in one sector {}{}", "翻转{}{}一个扇区中的一位", device, part),
            count => sentence!(
                "flips a bit in each of {count} sectors {}{}",
                "翻转{}{} {count} 个扇区中的各一位",
                device,
                part
            ),
        }
    }

    fn undo(&self) -> Option<Sentence> {
        Some(sentence!(
            "check all data {} and mend them from a copy",
            "校验{}的全部数据并用副本修复",
            self.device.spoken()
        ))
    }
}
