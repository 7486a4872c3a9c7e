//! Faults of the way from a host to a device: all of a host's paths, or one of several.

use reports::{Sentence, sentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Verb;
use crate::scenario::located::Located;
use crate::scenario::reader::Reader;
use crate::scenario::target::DeviceTarget;

/// The most paths a host can have to a device.
const MOST_PATHS: i64 = 8;

/// A host's paths to a device, as they are written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawPath {
    /// The device. Default: the product's first one.
    pub device: Option<Located<String>>,
    /// Whose path. Required.
    pub host: Option<Located<String>>,
    /// Which of its paths, from 1, where `[storage] paths` says that there are several. Default: all of them.
    pub path: Option<Located<i64>>,
}

/// Verbs that take a host's paths to a device.
macro_rules! on_paths {
    ($($(#[$doc:meta])* $name:ident, lasts: $lasts:literal, says: $story:literal, $story_zh:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct $name {
            /// The device, and whose path to it.
            #[serde(flatten)]
            pub device: DeviceTarget,
            /// Which of the host's paths, from 1; `None` is all of them.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub path: Option<u8>,
        }

        impl Verb for $name {
            type Raw = RawPath;
            const LASTS: bool = $lasts;

            fn lower(raw: &Located<RawPath>, reader: &mut Reader<'_>) -> Option<Self> {
                let arguments = raw.value();
                if arguments.host.is_none() {
                    reader.missing(raw.span(), "`host`");
                    return None;
                }
                let device = reader.device_target(&arguments.device, &arguments.host, raw.span());
                let path = reader.optional(&arguments.path, |reader, path| reader.number(path, 1, MOST_PATHS));
                Some($name { device: device?, path: path?.and_then(|path| u8::try_from(path).ok()) })
            }

            fn story(&self) -> Sentence {
                let which = match self.path {
                    Some(path) => sentence!("path {path}", "路径 {path}"),
                    None => ("the path", "路径").into(),
                };
                sentence!($story, $story_zh, which, self.device.spoken())
            }
        }
    )+};
}

on_paths! {
    /// Cuts one host's paths to a device, or one of them.
    LosePath, lasts: true, says: "cuts {} {}", "切断{1}的{0}";
    /// Gives a host its paths to a device back, or one of them.
    RestorePath, lasts: false, says: "restores {} {}", "恢复{1}的{0}";
}
