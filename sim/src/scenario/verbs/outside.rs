//! Faults of what surrounds the product on its host: external commands, the virtual address, files.

use reports::{Sentence, sentence};
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

    fn spoken(self) -> Sentence {
        match self {
            CommandFailure::Fail => ("fail", "失败").into(),
            CommandFailure::Hang => ("hang", "挂起").into(),
            CommandFailure::Refuse => ("be refused", "被拒绝").into(),
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

    fn story(&self) -> Sentence {
        let calls = calls(self.count);
        sentence!(
            "lets {} of `{}` on {} {}",
            "使 {2} 上{0} `{1}` 调用{3}",
            calls,
            self.command,
            self.on,
            self.how.spoken()
        )
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

    fn story(&self) -> Sentence {
        let calls = calls(self.count);
        sentence!(
            "lets {} for the virtual address on {} {}",
            "使 {1} 上{0}虚拟 IP 操作{2}",
            calls,
            self.on,
            self.how.spoken()
        )
    }
}

fn calls(count: Option<u64>) -> Sentence {
    match count {
        None => ("every call", "每次").into(),
        Some(1) => ("one call", "一次").into(),
        Some(count) => sentence!("{count} calls", " {count} 次"),
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
    ($($(#[$doc:meta])* $name:ident, lasts: $lasts:literal, says: $story:literal, $story_zh:literal;)+) => {$(
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

            fn story(&self) -> Sentence {
                sentence!($story, $story_zh, self.file, self.host)
            }
        }
    )+};
}

on_a_file! {
    /// Takes a file away. With `for`, it is back after that.
    RemoveFile, lasts: true, says: "removes {} on {}", "移走 {1} 上的 {0}";
    /// Puts a removed file back.
    RestoreFile, lasts: false, says: "puts {} back on {}", "放回 {1} 上的 {0}";
}
