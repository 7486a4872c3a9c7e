//! Faults of what surrounds the product on its host: external commands, the virtual address, files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Verb;
use crate::scenario::located::Located;
use crate::scenario::reader::Reader;
use crate::scenario::target::HostSelector;

/// How an external command breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandFailure {
    /// It ends with an error.
    Fail,
    /// It never ends while the fault lasts.
    Hang,
    /// It is refused before it begins (no permission, connection refused).
    Refuse,
}

impl CommandFailure {
    const WORDS: &[(&str, CommandFailure)] =
        &[("fail", CommandFailure::Fail), ("hang", CommandFailure::Hang), ("refuse", CommandFailure::Refuse)];

    fn spoken(self) -> &'static str {
        match self {
            CommandFailure::Fail => "fail",
            CommandFailure::Hang => "hang",
            CommandFailure::Refuse => "be refused",
        }
    }
}

/// Breaks an external command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailCommand {
    /// The host or hosts on which it is called.
    pub on: HostSelector,
    /// The command: `ssh`, `archive_command`.
    pub command: String,
    /// How it breaks.
    pub how: CommandFailure,
    /// How many calls; `None` is every call while the fault lasts.
    pub count: Option<u64>,
}

/// `fail-command` as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawFailCommand {
    /// The host on which it is called.
    pub on: Option<Located<String>>,
    /// The command, such as "ssh": one of those the product's processes call.
    pub command: Option<Located<String>>,
    /// How it breaks: "fail" (default), "hang" or "refuse".
    #[schemars(extend("enum" = ["fail", "hang", "refuse"]))]
    pub how: Option<Located<String>>,
    /// How many calls break. Default: every call while the fault lasts.
    pub count: Option<Located<i64>>,
}

impl Verb for FailCommand {
    type Raw = RawFailCommand;
    const LASTS: bool = true;

    fn lower(raw: &Located<RawFailCommand>, reader: &mut Reader<'_>) -> Option<Self> {
        let arguments = raw.value();
        let on = reader.required(&arguments.on, "on", raw.span());
        let command = reader.required(&arguments.command, "command", raw.span());
        let on = on.and_then(|on| reader.host(on));
        let command = command.and_then(|command| reader.external_command(command));
        let how = reader.word_or(&arguments.how, CommandFailure::WORDS, CommandFailure::Fail);
        let count = reader.count(&arguments.count);
        Some(FailCommand { on: on?, command: command?, how: how?, count: count? })
    }

    fn story(&self) -> String {
        let calls = calls(self.count);
        format!("lets {calls} of `{}` on {} {}", self.command, self.on, self.how.spoken())
    }
}

/// Lets binding or unbinding the virtual address fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailVip {
    /// The host or hosts.
    pub on: HostSelector,
    /// How it breaks.
    pub how: CommandFailure,
    /// How many calls; `None` is every call while the fault lasts.
    pub count: Option<u64>,
}

/// `fail-vip` as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawFailVip {
    /// The host on which the virtual address is bound or unbound.
    pub on: Option<Located<String>>,
    /// How it breaks: "fail" (default), "hang" or "refuse".
    #[schemars(extend("enum" = ["fail", "hang", "refuse"]))]
    pub how: Option<Located<String>>,
    /// How many calls break. Default: every call while the fault lasts.
    pub count: Option<Located<i64>>,
}

impl Verb for FailVip {
    type Raw = RawFailVip;
    const LASTS: bool = true;

    fn lower(raw: &Located<RawFailVip>, reader: &mut Reader<'_>) -> Option<Self> {
        let arguments = raw.value();
        let on = reader.required(&arguments.on, "on", raw.span()).and_then(|on| reader.host(on));
        let how = reader.word_or(&arguments.how, CommandFailure::WORDS, CommandFailure::Fail);
        let count = reader.count(&arguments.count);
        Some(FailVip { on: on?, how: how?, count: count? })
    }

    fn story(&self) -> String {
        let calls = calls(self.count);
        format!("lets {calls} for the virtual address on {} {}", self.on, self.how.spoken())
    }
}

fn calls(count: Option<u64>) -> String {
    match count {
        None => "every call".to_owned(),
        Some(1) => "one call".to_owned(),
        Some(count) => format!("{count} calls"),
    }
}

/// A file of the product on a host, as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawFile {
    /// The host.
    pub host: Option<Located<String>>,
    /// The file, such as "pg_hba.conf": one of those the product's model reads.
    pub file: Option<Located<String>>,
}

/// Verbs that take a file on a host.
macro_rules! on_a_file {
    ($($(#[$doc:meta])* $name:ident, lasts: $lasts:literal, says: $story:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct $name {
            /// The host or hosts.
            pub host: HostSelector,
            /// The file.
            pub file: String,
        }

        impl Verb for $name {
            type Raw = RawFile;
            const LASTS: bool = $lasts;

            fn lower(raw: &Located<RawFile>, reader: &mut Reader<'_>) -> Option<Self> {
                let arguments = raw.value();
                let host = reader.required(&arguments.host, "host", raw.span());
                let file = reader.required(&arguments.file, "file", raw.span());
                let host = host.and_then(|host| reader.host(host));
                let file = file.and_then(|file| reader.file(file));
                Some($name { host: host?, file: file? })
            }

            fn story(&self) -> String {
                format!($story, self.file, self.host)
            }
        }
    )+};
}

on_a_file! {
    /// Takes a file away. With `for`, it is back after that.
    RemoveFile, lasts: true, says: "removes {} on {}";
    /// Puts a removed file back.
    RestoreFile, lasts: false, says: "puts {} back on {}";
}
