//! The command table of gs_ctl, for scenarios and help.

use crate::product::{ArgumentKind, CommandWord, OptionWord};

const fn option(flags: &'static [&'static str], value: ArgumentKind, doc: &'static str) -> OptionWord {
    OptionWord { flags, value: Some(value), required: false, doc }
}

const DIRECTORY: OptionWord = option(&["-D"], ArgumentKind::Path, "the data directory");
const WAIT: OptionWord = option(&["-t"], ArgumentKind::Integer, "how long to wait, in seconds (60)");
const TERM: OptionWord = option(&["-T"], ArgumentKind::Integer, "the term to promote under (1)");
const FAST: OptionWord =
    option(&["-m"], ArgumentKind::OneOf(&["fast", "f"]), "the shutdown mode; only fast is modelled");
const MODE: OptionWord = option(
    &["-M"],
    ArgumentKind::OneOf(&["primary", "standby", "cascade_standby", "pending"]),
    "the role to start in; without it the server is stand-alone",
);
const BUILD: OptionWord = option(&["-b"], ArgumentKind::OneOf(&["auto", "incremental", "full"]), "how to build (auto)");

const fn command(words: &'static [&'static str], options: &'static [OptionWord], doc: &'static str) -> CommandWord {
    CommandWord { program: "gs_ctl", words, options, positionals: &[], doc }
}

/// The commands of gs_ctl.
pub(in super::super) const COMMANDS: &[CommandWord] = &[
    command(&["start"], &[DIRECTORY, MODE, WAIT], "Starts the server of this host in a role."),
    command(&["stop"], &[DIRECTORY, FAST, WAIT], "Stops the server of this host."),
    command(&["switchover"], &[DIRECTORY, FAST, WAIT, TERM], "Asks the primary to hand over to this standby."),
    command(&["failover"], &[DIRECTORY, WAIT, TERM], "Promotes this standby, whatever the primary does."),
    command(&["build"], &[DIRECTORY, BUILD, WAIT, TERM], "Makes this node a standby of the primary again."),
    command(&["query"], &[DIRECTORY], "Shows role, state, senders and receiver of this node."),
    command(&["querybuild"], &[DIRECTORY], "Shows how the last build stands."),
    command(&["notify"], &[DIRECTORY, MODE, TERM], "Gives a pending server its role."),
];
