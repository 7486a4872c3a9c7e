//! Faults of block devices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Verb;
use crate::scenario::located::Located;
use crate::scenario::reader::Reader;
pub use crate::scenario::target::DeviceTarget;
use crate::scenario::values::{Bandwidth, DurationRange, Ratio, SectorRange, Size};

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

impl RequestTarget {
    fn spoken(&self, requests: &str) -> String {
        let share = match (self.count, self.ratio) {
            (Some(1), Ratio::ONE) => format!("the next {}", requests.strip_suffix('s').unwrap_or(requests)),
            (Some(count), Ratio::ONE) => format!("the next {count} {requests}"),
            (None, Ratio::ONE) => format!("all {requests}"),
            (Some(count), ratio) => format!("{ratio} of the {requests}, {count} at most,"),
            (None, ratio) => format!("{ratio} of the {requests}"),
        };
        let part = self.region.as_ref().map_or(String::new(), |region| format!(", region {region}"));
        let sectors = self.sectors.map_or(String::new(), |sectors| format!(", sectors {sectors}"));
        format!("{share} {}{part}{sectors}", self.device.spoken())
    }
}

/// A device as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawDevice {
    /// The device. Default: the product's first one.
    pub device: Option<Located<String>>,
    /// Whose requests are meant on a shared device (default: everyone's); whose device if every host has one.
    pub host: Option<Located<String>>,
}

/// Which requests to a device, as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawRequests {
    /// The device. Default: the product's first one.
    pub device: Option<Located<String>>,
    /// Whose requests are meant on a shared device (default: everyone's); whose device if every host has one.
    pub host: Option<Located<String>>,
    /// A named part of the device, such as "wal". Default: all of it.
    pub region: Option<Located<String>>,
    /// Sectors, both ends included: "100..200". Default: all of them.
    pub sectors: Option<Located<String>>,
    /// How many of the requests are hit: "1/100". Default: all.
    pub ratio: Option<Located<String>>,
    /// After how many hits it is over. Default: as long as the fault lasts.
    pub count: Option<Located<i64>>,
}

impl RequestTarget {
    fn lower(raw: &Located<RawRequests>, reader: &mut Reader<'_>) -> Option<Self> {
        let arguments = raw.value();
        let device = reader.device_target(&arguments.device, &arguments.host, raw.span());
        let name = device.as_ref().map(|target| target.device.as_str());
        let region = reader.optional(&arguments.region, |reader, region| reader.region(region, name));
        let sectors = reader.optional(&arguments.sectors, Reader::value);
        let ratio = reader.optional(&arguments.ratio, Reader::probability);
        let count = reader.count(&arguments.count);
        Some(RequestTarget {
            device: device?,
            region: region?,
            sectors: sectors?,
            ratio: ratio?.unwrap_or(Ratio::ONE),
            count: count?,
        })
    }
}

/// Verbs that hit certain requests and take nothing else.
macro_rules! on_requests {
    ($($(#[$doc:meta])* $name:ident, $requests:literal, says: $story:literal;)+) => {$(
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
                Some($name { requests: RequestTarget::lower(raw, reader)? })
            }

            fn story(&self) -> String {
                format!($story, self.requests.spoken($requests))
            }
        }
    )+};
}

on_requests! {
    /// Tears writes that are in flight at a power cut.
    TornWrite, "writes", says: "tears {}, if power is cut meanwhile";
    /// Lets writes land on another sector.
    MisdirectWrite, "writes", says: "misdirects {}";
    /// Lets reads give what was there before the last write.
    StaleRead, "reads", says: "gives the previous content to {}";
    /// Acknowledges writes and drops them.
    LoseWrite, "writes", says: "acknowledges and drops {}";
    /// Lets flushes fail.
    FailFlush, "flushes", says: "fails {}";
    /// Acknowledges flushes without doing them.
    LieAboutFlush, "flushes", says: "acknowledges {} without doing them";
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
        $(#[$raw_doc:meta])* raw $raw:ident { $(#[$mode_doc:meta])* mode } says: $story:literal;
    )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct $name {
            /// Which requests.
            pub requests: RequestTarget,
            /// How long a sector that gave an error goes on giving it.
            pub mode: ErrorMode,
        }

        $(#[$raw_doc])*
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
            /// How many of the requests are hit: "1/100". Default: all.
            pub ratio: Option<Located<String>>,
            /// After how many hits it is over. Default: as long as the fault lasts.
            pub count: Option<Located<i64>>,
            $(#[$mode_doc])*
            pub mode: Option<Located<String>>,
        }

        impl Verb for $name {
            type Raw = $raw;
            const LASTS: bool = true;

            fn lower(raw: &Located<$raw>, reader: &mut Reader<'_>) -> Option<Self> {
                let arguments = raw.value().clone();
                let mode = reader.word_or(&arguments.mode, ErrorMode::$words, ErrorMode::Once);
                let requests = Located::new(
                    RawRequests {
                        device: arguments.device,
                        host: arguments.host,
                        region: arguments.region,
                        sectors: arguments.sectors,
                        ratio: arguments.ratio,
                        count: arguments.count,
                    },
                    raw.span(),
                );
                let requests = RequestTarget::lower(&requests, reader);
                Some($name { requests: requests?, mode: mode? })
            }

            fn story(&self) -> String {
                format!($story, self.requests.spoken($requests))
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
    says: "gives an error to {}";
    /// Lets writes fail.
    WriteError, "writes", OF_WRITES,
    /// `write-error` as it is written.
    raw RawWriteError {
        /// "once" (default): a repeated write succeeds; "sticky": the sector fails while the fault lasts.
        #[schemars(extend("enum" = ["once", "sticky"]))]
        mode
    }
    says: "gives an error to {}";
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

    fn story(&self) -> String {
        let part = self.region.as_ref().map_or(String::new(), |region| format!(", region {region}"));
        let sectors = if self.count == 1 { "one sector" } else { "sectors" };
        match self.count {
            1 => format!("flips a bit in {sectors} {}{part}", self.device.spoken()),
            count => format!("flips a bit in each of {count} {sectors} {}{part}", self.device.spoken()),
        }
    }
}

/// Verbs that take nothing but a device.
macro_rules! on_a_device {
    ($($(#[$doc:meta])* $name:ident, lasts: $lasts:literal, path: $path:literal, says: $story:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct $name {
            /// The device, and whose.
            #[serde(flatten)]
            pub device: DeviceTarget,
        }

        impl Verb for $name {
            type Raw = RawDevice;
            const LASTS: bool = $lasts;

            fn lower(raw: &Located<RawDevice>, reader: &mut Reader<'_>) -> Option<Self> {
                let arguments = raw.value();
                if $path && arguments.host.is_none() {
                    reader.missing(raw.span(), "`host`");
                    return None;
                }
                let device = reader.device_target(&arguments.device, &arguments.host, raw.span())?;
                Some($name { device })
            }

            fn story(&self) -> String {
                format!($story, device = self.device.spoken())
            }
        }
    )+};
}

on_a_device! {
    /// Cuts the power of a device.
    PowerCut, lasts: true, path: false, says: "cuts the power {device}";
    /// Lets requests to a device hang; they go on when the fault ends.
    StallDevice, lasts: true, path: false, says: "lets all requests {device} hang";
    /// Cuts one host's path to a device.
    LosePath, lasts: true, path: true, says: "cuts the path {device}";
    /// Gives a host its path to a device back.
    RestorePath, lasts: false, path: true, says: "restores the path {device}";
    /// Makes a device forget its reservations.
    LoseReservation, lasts: false, path: false, says: "forgets the reservations {device}";
}

/// Verbs that take a device and one thing more.
macro_rules! on_a_device_with {
    ($(
        $(#[$doc:meta])* $name:ident,
        $(#[$raw_doc:meta])* raw $raw:ident { $(#[$key_doc:meta])* $key:ident: $type:ty, default $default:expr }
        says: $story:literal;
    )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct $name {
            /// The device, and whose.
            #[serde(flatten)]
            pub device: DeviceTarget,
            $(#[$key_doc])*
            pub $key: $type,
        }

        $(#[$raw_doc])*
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct $raw {
            /// The device. Default: the product's first one.
            pub device: Option<Located<String>>,
            /// Whose requests are meant on a shared device (default: everyone's); whose device if every host has one.
            pub host: Option<Located<String>>,
            $(#[$key_doc])*
            pub $key: Option<Located<String>>,
        }

        impl Verb for $name {
            type Raw = $raw;
            const LASTS: bool = true;

            fn lower(raw: &Located<$raw>, reader: &mut Reader<'_>) -> Option<Self> {
                let arguments = raw.value();
                let device = reader.device_target(&arguments.device, &arguments.host, raw.span());
                let default: Option<$type> = $default;
                let $key = match (&arguments.$key, default) {
                    (None, Some(default)) => Some(default),
                    ($key, _) => {
                        reader.required($key, stringify!($key), raw.span()).and_then(|text| reader.value(text))
                    }
                };
                Some($name { device: device?, $key: $key? })
            }

            fn story(&self) -> String {
                format!($story, value = self.$key, device = self.device.spoken())
            }
        }
    )+};
}

on_a_device_with! {
    /// Gives requests to a device another latency.
    SlowDevice,
    /// `slow-device` as it is written.
    raw RawSlowDevice {
        /// How long a request takes: "100ms", or a range from which each request draws, "50ms..2s".
        latency: DurationRange, default None
    }
    says: "lets requests {device} take {value}";
    /// Limits how much a device does in a second.
    LimpDevice,
    /// `limp-device` as it is written.
    raw RawLimpDevice {
        /// How much goes through: "1MB/s".
        bandwidth: Bandwidth, default None
    }
    says: "limits requests {device} to {value}";
    /// Fills a device up.
    FillDevice,
    /// `fill-device` as it is written.
    raw RawFillDevice {
        /// How much space is left: "16MB". Default: none.
        leave: Size, default Some(Size(0))
    }
    says: "leaves {value} of space {device}";
    /// Lets writes in flight of a host that dies or is fenced land later all the same.
    LateWrite,
    /// `late-write` as it is written.
    raw RawLateWrite {
        /// How much later each such write lands: "5s", or a range from which each write draws, "0s..30s".
        delay: DurationRange, default None
    }
    says: "lets writes in flight {device} land {value} later, once their host is dead or fenced";
}
