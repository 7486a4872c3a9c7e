//! The verbs: what a step or a fault can do, one type each.
//!
//! A verb knows how it is written, how it is checked against the cluster, what a seed has to choose about it, and how
//! to say itself in a sentence. How it is *done* is the driver's business, not the language's.
//!
//! To add one, write its type in the file of its family, implement `Verb`, and add a line to the list in `fault.rs`
//! or `step.rs`. The key in the file, the JSON Schema, the enum and `simrun list` follow from that line.

pub mod clock;
pub mod device;
mod fault;
pub mod host;
pub mod network;
pub mod operator;
pub mod outside;
pub mod priorities;
pub mod process;
mod step;

pub(crate) use fault::RawFault;
pub use fault::{FAULT_VERBS, FaultVerb};
pub(crate) use step::RawStep;
pub use step::{STEP_VERBS, StepVerb};

use reports::{Sentence, sentence};

use super::located::Located;
use super::reader::Reader;
use crate::draws::drawer::Drawer;

/// What every verb offers.
pub(crate) trait Verb: Clone {
    /// What stands right of the `=` in the file.
    type Raw;

    /// True if it goes on for a while, so that `for` makes sense.
    const LASTS: bool;

    /// Checks what was written; `None` after a mistake has been reported.
    fn lower(raw: &Located<Self::Raw>, reader: &mut Reader<'_>) -> Option<Self>;

    /// What it does, as the rest of a sentence that began with who does it.
    fn story(&self) -> Sentence;

    /// What is left to do about it when a drill is given up; `None` if nothing is. What lasts is lifted.
    fn undo(&self) -> Option<Sentence> {
        Self::LASTS.then(|| sentence!("lift it if it is still in force: it {}", "若仍有效则撤除:{}", self.story()))
    }

    /// The same verb with everything decided that a seed has to choose.
    fn draw(&self, _drawer: &Drawer) -> Self {
        self.clone()
    }
}

/// A verb in a list for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerbWord {
    /// The key in the file.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// How it is written, in an entry that has a name and a time.
    pub example: &'static str,
    /// True if it can have a `for`.
    pub lasts: bool,
}

/// From one list of verbs: the table as it is written in a file, the enum of lowered verbs, the list for people.
macro_rules! verbs {
    (
        $(#[$raw_doc:meta])* raw $raw:ident { $($(#[$common_doc:meta])* $common:ident: $common_type:ty,)+ }
        $(#[$enum_doc:meta])* verbs $verb:ident, $list:ident {
            $($(#[doc = $doc:literal])+ $field:ident $name:literal $example:literal => $type:ident,)+
        }
    ) => {
        $(#[$raw_doc])*
        #[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        #[schemars(extend("required" = ["name"]))]
        pub(crate) struct $raw {
            $($(#[$common_doc])* pub $common: Option<$common_type>,)+
            $($(#[doc = $doc])+ pub $field: Option<Located<<$type as Verb>::Raw>>,)+
        }

        $(#[$enum_doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $verb {
            $($(#[doc = $doc])+ $type($type),)+
        }

        /// Every verb, in the order of the documentation.
        pub const $list: &[VerbWord] = &[
            $(VerbWord { name: $name, doc: concat!($($doc),+), example: $example, lasts: <$type as Verb>::LASTS },)+
        ];

        impl $raw {
            /// The verbs the entry carries, and where.
            pub(crate) fn verbs(&self) -> Vec<(&'static str, Span)> {
                let mut given = Vec::new();
                $(if let Some(raw) = &self.$field {
                    given.push(($name, raw.span()));
                })+
                given
            }

            /// The entry's verb, checked; `None` if there is none or it has mistakes, which have been reported.
            pub(crate) fn lower_verb(&self, reader: &mut Reader<'_>) -> Option<$verb> {
                $(if let Some(raw) = &self.$field {
                    return <$type as Verb>::lower(raw, reader).map($verb::$type);
                })+
                None
            }
        }

        impl $verb {
            /// The key in the file.
            pub fn name(&self) -> &'static str {
                match self { $($verb::$type(_) => $name,)+ }
            }

            /// What it does, as the rest of a sentence that began with who does it.
            pub fn story(&self) -> ::reports::Sentence {
                match self { $($verb::$type(verb) => verb.story(),)+ }
            }

            /// What is left to do about it when a drill is given up; `None` if nothing is.
            pub fn undo(&self) -> Option<::reports::Sentence> {
                match self { $($verb::$type(verb) => verb.undo(),)+ }
            }

            /// The same verb with everything decided that a seed has to choose.
            pub(crate) fn draw(&self, drawer: &Drawer) -> Self {
                match self { $($verb::$type(verb) => $verb::$type(verb.draw(drawer)),)+ }
            }

        }
    };
}
pub(crate) use verbs;
