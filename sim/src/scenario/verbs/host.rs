//! Faults of a whole host: power and data.

use reports::{Sentence, sentence};
use serde::Serialize;

use super::Verb;
use crate::scenario::located::Located;
use crate::scenario::reader::Reader;
use crate::scenario::target::HostSelector;

/// Verbs that take nothing but a host.
macro_rules! on_a_host {
    ($($(#[$doc:meta])* $name:ident, lasts: $lasts:literal, says: $story:literal, $story_zh:literal
        $(, undone: $undo:literal, $undo_zh:literal)?;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct $name {
            /// The host or hosts.
            pub host: HostSelector,
        }

        impl Verb for $name {
            type Raw = String;
            const LASTS: bool = $lasts;

            fn lower(raw: &Located<String>, reader: &mut Reader<'_>) -> Option<Self> {
                Some($name { host: reader.host(raw)? })
            }

            fn story(&self) -> Sentence {
                sentence!($story, $story_zh, self.host)
            }
$(
            fn undo(&self) -> Option<Sentence> {
                Some(sentence!($undo, $undo_zh, self.host))
            }
)?        }
    )+};
}
pub(super) use on_a_host;

on_a_host! {
    /// Cuts the power of a host. With `for`, power returns after that.
    LosePower, lasts: true, says: "cuts the power of {}", "切断 {} 的电源";
    /// Gives a host its power back.
    RestorePower, lasts: false, says: "gives {} its power back", "恢复 {} 的供电";
    /// Wipes the devices that belong to one host alone.
    LoseData, lasts: false, says: "wipes the devices that belong to {} alone", "清空 {} 独占的设备",
        undone: "build the data of {} anew, from its peers or from the backup", "用其他节点或备份重建 {} 的数据";
}
