//! Faults of a device as a whole, or of one host's requests to it.

use reports::{Sentence, sentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Verb;
use crate::scenario::located::Located;
use crate::scenario::reader::Reader;
use crate::scenario::target::DeviceTarget;
use crate::scenario::values::{Bandwidth, DurationRange, Size};

/// A device as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawDevice {
    /// The device. Default: the product's first one.
    pub device: Option<Located<String>>,
    /// Whose requests are meant on a shared device (default: everyone's); whose device if every host has one.
    pub host: Option<Located<String>>,
}

/// Verbs that take nothing but a device.
macro_rules! on_a_device {
    ($($(#[$doc:meta])* $name:ident, lasts: $lasts:literal, says: $story:literal, $story_zh:literal
        $(, undone: $undo:literal, $undo_zh:literal)?;)+) => {$(
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
                let device = reader.device_target(&arguments.device, &arguments.host, raw.span())?;
                Some($name { device })
            }

            fn story(&self) -> Sentence {
                sentence!($story, $story_zh, self.device.spoken())
            }
$(
            fn undo(&self) -> Option<Sentence> {
                Some(sentence!($undo, $undo_zh, self.device.spoken()))
            }
)?        }
    )+};
}

on_a_device! {
    /// Cuts the power of a device.
    PowerCut, lasts: true, says: "cuts the power {}", "切断{}的电源";
    /// Makes a device forget its reservations.
    LoseReservation, lasts: false, says: "forgets the reservations {}", "清除{}的预留",
        undone: "let every host register {} again", "{}的预留由各主机重新注册";
}

/// Verbs that take a device and one thing more.
macro_rules! on_a_device_with {
    ($(
        $(#[$doc:meta])* $name:ident,
        $(#[$raw_doc:meta])* raw $raw:ident { $(#[$key_doc:meta])* $key:ident: $type:ty, default $default:expr }
        says: $story:literal, $story_zh:literal;
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

            fn story(&self) -> Sentence {
                sentence!($story, $story_zh, self.$key, self.device.spoken())
            }
        }
    )+};
}

on_a_device_with! {
    /// Limits how much a device does in a second.
    LimpDevice,
    /// `limp-device` as it is written.
    raw RawLimpDevice {
        /// How much goes through: "1MB/s".
        bandwidth: Bandwidth, default None
    }
    says: "limits requests {1} to {0}", "将{1}的请求限速至 {0}";
    /// Fills a device up.
    FillDevice,
    /// `fill-device` as it is written.
    raw RawFillDevice {
        /// How much space is left: "16MB". Default: none.
        leave: Size, default Some(Size(0))
    }
    says: "leaves {0} of space {1}", "使{1}只剩 {0} 空间";
    /// Lets writes in flight of a host that dies or is fenced land later all the same.
    LateWrite,
    /// `late-write` as it is written.
    raw RawLateWrite {
        /// How much later each such write lands: "5s", or a range from which each write draws, "0s..30s".
        delay: DurationRange, default None
    }
    says: "lets writes in flight {1} land {0} later, once their host is dead or fenced", "{1}的在途写在其主机宕机或被隔离后迟 {0} 才落盘";
}
