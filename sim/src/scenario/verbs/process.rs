//! Faults of one process: kill, start, pause, resume, slow CPU.

use reports::{Sentence, sentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Verb;
use crate::scenario::located::Located;
use crate::scenario::reader::Reader;
use crate::scenario::target::NodeSelector;
use crate::scenario::values::Ratio;

/// Verbs that take nothing but a process.
macro_rules! on_a_process {
    ($($(#[$doc:meta])* $name:ident, lasts: $lasts:literal, says: $story:literal, $story_zh:literal
        $(, undone: $undo:literal, $undo_zh:literal)?;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct $name {
            /// The process; without one, the host's database process.
            pub target: NodeSelector,
        }

        impl Verb for $name {
            type Raw = String;
            const LASTS: bool = $lasts;

            fn lower(raw: &Located<String>, reader: &mut Reader<'_>) -> Option<Self> {
                Some($name { target: reader.process(raw)? })
            }

            fn story(&self) -> Sentence {
                sentence!($story, $story_zh, spoken(&self.target))
            }
$(
            fn undo(&self) -> Option<Sentence> {
                Some(sentence!($undo, $undo_zh, spoken(&self.target)))
            }
)?        }
    )+};
}

on_a_process! {
    /// Kills a process at once.
    Kill, lasts: false, says: "kills {}", "杀死 {}",
        undone: "start {} again if nothing else has done so", "若 {} 尚未被拉起,则启动它";
    /// Starts a process that is down.
    StartProcess, lasts: false, says: "starts {}", "启动 {}";
    /// Stops a process from running without ending it.
    Pause, lasts: true, says: "freezes {}", "冻结 {}";
    /// Lets a paused process run again.
    Resume, lasts: false, says: "lets {} run again", "让 {} 继续运行";
}

/// Makes a process slow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SlowCpu {
    /// The process; without one, the host's database process.
    pub target: NodeSelector,
    /// Its speed, as a part of the usual one; never 0.
    pub speed: Ratio,
}

/// `slow-cpu` as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawSlowCpu {
    /// The process: "dn1" is its database process, "dn1/cm_agent" another.
    pub target: Option<Located<String>>,
    /// Its speed as a part of the usual one: "1/10".
    pub speed: Option<Located<String>>,
}

impl Verb for SlowCpu {
    type Raw = RawSlowCpu;
    const LASTS: bool = true;

    fn lower(raw: &Located<RawSlowCpu>, reader: &mut Reader<'_>) -> Option<Self> {
        let arguments = raw.value();
        let target = reader.required(&arguments.target, "target", raw.span());
        let speed = reader.required(&arguments.speed, "speed", raw.span());
        let target = target.and_then(|target| reader.process(target));
        let speed = speed.and_then(|speed| reader.positive_ratio(speed));
        Some(SlowCpu { target: target?, speed: speed? })
    }

    fn story(&self) -> Sentence {
        sentence!("slows {} down to {} of its speed", "{} 降速至 {}", spoken(&self.target), self.speed)
    }
}

/// A process in a sentence.
pub(super) fn spoken(target: &NodeSelector) -> Sentence {
    match &target.process {
        Some(process) => sentence!("{process} on {}", "{} 上的 {process}", target.host),
        None => sentence!("the database process of {}", "{} 的数据库进程", target.host),
    }
}
