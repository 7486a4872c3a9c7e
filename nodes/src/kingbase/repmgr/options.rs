//! What was typed after `repmgr`, as data, and the table of its commands.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::product::{ArgumentKind, CommandWord, OptionWord};

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Options {
    /// `standby switchover` and so on.
    pub(in super::super) words: Vec<String>,
    given: BTreeMap<String, String>,
}

/// What is wrong with what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(in super::super) enum OptionError {
    #[error("unrecognized option \"{0}\"")]
    Unknown(String),
    #[error("option \"{0}\" needs a value")]
    NoValue(String),
}

impl Options {
    pub(in super::super) fn parse(words: &[String]) -> Result<Options, OptionError> {
        let mut options = Options::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if !word.starts_with('-') {
                options.words.push(word.clone());
                continue;
            }
            let (flag, attached) = match word.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                // `-LERROR`
                None if word.starts_with("-L") && word.len() > 2 => ("-L", Some(word[2..].to_owned())),
                None => (word.as_str(), None),
            };
            let known = COMMANDS.iter().flat_map(|command| command.options).find(|known| known.flags.contains(&flag));
            let known = known.ok_or_else(|| OptionError::Unknown(flag.to_owned()))?;
            let value = match (known.value.is_some(), attached) {
                (false, _) => String::new(),
                (true, Some(value)) => value,
                (true, None) => rest.next().cloned().ok_or_else(|| OptionError::NoValue(flag.to_owned()))?,
            };
            options.given.insert(known.flags[0].to_owned(), value);
        }
        Ok(options)
    }

    /// Whether an option was given, by its first spelling.
    pub(in super::super) fn has(&self, flag: &str) -> bool {
        self.given.contains_key(flag)
    }

    /// The value of an option.
    pub(in super::super) fn value(&self, flag: &str) -> Option<&str> {
        self.given.get(flag).map(String::as_str)
    }

    /// Options as if they had been typed.
    pub(in super::super) fn of(words: &[&str]) -> Options {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Options::parse(&words).unwrap_or_default()
    }
}

const fn flag(flags: &'static [&'static str], doc: &'static str) -> OptionWord {
    OptionWord { flags, value: None, required: false, doc }
}

const fn value(flags: &'static [&'static str], doc: &'static str) -> OptionWord {
    OptionWord { flags, value: Some(ArgumentKind::Text), required: false, doc }
}

const fn command(words: &'static [&'static str], options: &'static [OptionWord], doc: &'static str) -> CommandWord {
    CommandWord { program: "repmgr", words, options, positionals: &[], doc }
}

const FORCE: OptionWord = flag(&["--force", "-F"], "goes on in spite of what can be overridden");
const DRY_RUN: OptionWord = flag(&["--dry-run"], "checks and says what would be done");
const REWIND: OptionWord = flag(&["--force-rewind"], "rewinds the old primary if it is past the fork");
const CSV: OptionWord = flag(&["--csv"], "prints values separated by commas");
const COMPACT: OptionWord = flag(&["--compact"], "leaves the connection strings out");
const UPSTREAM: OptionWord = flag(&["--upstream"], "checks whom the node is attached to");
const TERSE: OptionWord = flag(&["--terse", "-t"], "leaves details and hints out");
const LOG_LEVEL: OptionWord = value(&["-L", "--log-level"], "prints messages of this level and worse");

/// The commands an operator can type.
pub(in super::super) const COMMANDS: &[CommandWord] = &[
    command(
        &["standby", "switchover"],
        &[
            FORCE,
            DRY_RUN,
            REWIND,
            flag(&["--always-promote"], "promotes although the candidate is behind"),
            flag(&["--siblings-follow"], "lets the other standbys follow the new primary"),
            flag(&["--repmgrd-no-pause"], "leaves repmgrd as it is"),
            flag(&["--repmgrd-force-unpause"], "unpauses every repmgrd at the end, paused before or not"),
            value(&["-S", "--superuser"], "the superuser to use on the old primary"),
        ],
        "Exchanges the roles of this standby and its primary.",
    ),
    command(&["standby", "promote"], &[FORCE, DRY_RUN], "Makes this standby the primary."),
    command(
        &["standby", "clone"],
        &[
            FORCE,
            DRY_RUN,
            value(&["-h", "--host"], "the host of the source"),
            value(&["-d", "--dbname"], "the connection string of the source"),
        ],
        "Copies another node onto this one, which must be stopped.",
    ),
    command(
        &["standby", "follow"],
        &[DRY_RUN, value(&["--upstream-node-id"], "the node to follow; the primary if not given")],
        "Attaches this standby to another node.",
    ),
    command(
        &["standby", "register"],
        &[FORCE, value(&["--upstream-node-id"], "the node it follows; the primary if not given")],
        "Writes this standby into the nodes table.",
    ),
    command(&["witness", "register"], &[FORCE], "Writes this witness into the nodes table."),
    command(
        &["node", "rejoin"],
        &[
            FORCE,
            DRY_RUN,
            REWIND,
            value(&["-d", "--dbname"], "the connection string of the primary"),
            value(&["-h", "--host"], "the host of the primary"),
            value(&["--config-files"], "files that a rewind must not replace"),
            flag(&["--no-wait"], "does not wait until the node streams"),
            flag(&["--no-check-wal"], "takes a node whose timeline is ahead, with --force-rewind"),
        ],
        "Brings a stopped node back as a standby.",
    ),
    command(
        &["node", "check"],
        &[
            flag(&["--role"], "checks the role"),
            flag(&["--replication-lag"], "checks the replay lag"),
            flag(&["--archive-ready"], "checks the files waiting to be archived"),
            UPSTREAM,
            flag(&["--downstream"], "checks the attached standbys"),
            flag(&["--slots"], "checks the replication slots"),
            flag(&["--missing-slots"], "checks for slots that should exist"),
            flag(&["--data-directory-config"], "checks the data directory"),
            flag(&["--repmgrd"], "checks whether repmgrd runs"),
            flag(&["--db-connection"], "checks the connection to the database"),
            flag(&["--replication-config-owner"], "checks who owns the file that ALTER SYSTEM writes"),
            flag(&["--optformat"], "prints for other programs"),
            flag(&["--nagios"], "prints for Nagios"),
            CSV,
            TERSE,
            LOG_LEVEL,
        ],
        "Checks this node.",
    ),
    command(
        &["node", "status"],
        &[flag(&["--is-shutdown-cleanly"], "says how the server stopped"), CSV],
        "Shows how this node stands.",
    ),
    command(
        &["node", "service"],
        &[
            OptionWord {
                flags: &["--action"],
                value: Some(ArgumentKind::OneOf(&["start", "stop", "restart", "reload", "promote"])),
                required: true,
                doc: "what to do",
            },
            flag(&["--checkpoint"], "issues a checkpoint before"),
        ],
        "Starts, stops, reloads or promotes the server of this node.",
    ),
    command(&["cluster", "show"], &[COMPACT, CSV, TERSE], "Shows every node as this node's database has it."),
    command(&["service", "status"], &[flag(&["--detail"], "adds columns"), CSV], "Shows every repmgrd."),
    command(&["service", "pause"], &[], "Pauses every repmgrd."),
    command(&["service", "unpause"], &[], "Lets every repmgrd go on."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_incident_are_understood() {
        let options = Options::of(&["node", "check", "--terse", "-LERROR", "--archive-ready", "--optformat"]);
        assert_eq!(options.words, ["node", "check"]);
        assert!(options.has("--archive-ready") && options.has("--optformat") && options.has("--terse"));
        assert_eq!(options.value("-L"), Some("ERROR"));
    }

    #[test]
    fn short_and_long_spellings_are_one_option() {
        assert!(Options::of(&["standby", "switchover", "-F"]).has("--force"));
        let rejoin = Options::of(&["node", "rejoin", "-d", "host=a", "--force-rewind"]);
        assert_eq!(rejoin.value("-d"), Some("host=a"));
        let words = ["standby".to_owned(), "--sideways".to_owned()];
        assert_eq!(Options::parse(&words), Err(OptionError::Unknown("--sideways".to_owned())));
    }
}
