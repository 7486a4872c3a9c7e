//! The commands an operator can type, for scenarios.

use crate::product::{ArgumentKind, CommandWord, OptionWord, PositionalWord};

const fn flag(flags: &'static [&'static str], doc: &'static str) -> OptionWord {
    OptionWord { flags, value: None, required: false, doc }
}

const fn valued(flags: &'static [&'static str], value: ArgumentKind, required: bool, doc: &'static str) -> OptionWord {
    OptionWord { flags, value: Some(value), required, doc }
}

const fn argument(name: &'static str, kind: ArgumentKind, repeated: bool) -> PositionalWord {
    PositionalWord { name, kind, required: true, repeated }
}

const DIRECTORY: OptionWord = valued(&["-D", "--pgdata"], ArgumentKind::Path, true, "the local data directory");
const SECONDS: OptionWord =
    valued(&["-t", "--timeout"], ArgumentKind::Integer, false, "seconds to wait, 60 by default");

const START: &[OptionWord] = &[DIRECTORY, SECONDS];
const STOP: &[OptionWord] = &[
    DIRECTORY,
    SECONDS,
    valued(&["-m", "--mode"], ArgumentKind::OneOf(&["fast", "immediate"]), false, "how it ends, fast by default"),
];
const PSQL: &[OptionWord] =
    &[valued(&["-c"], ArgumentKind::Text, true, "the statement"), flag(&["-x"], "one column a line")];
const RM: &[OptionWord] = &[flag(&["-r"], "folders too"), flag(&["-f"], "no complaint if it is not there")];
const MODE: &[OptionWord] = &[valued(&["-m"], ArgumentKind::Text, false, "permissions")];
const RECURSIVE: &[OptionWord] = &[flag(&["-R"], "everything below")];

const ONE_PATH: &[PositionalWord] = &[argument("PATH", ArgumentKind::Path, false)];
const MODE_AND_PATH: &[PositionalWord] =
    &[argument("MODE", ArgumentKind::Text, false), argument("PATH", ArgumentKind::Path, false)];
const ECHO: &[PositionalWord] = &[
    argument("TEXT", ArgumentKind::Text, false),
    argument(">>", ArgumentKind::OneOf(&[">>", ">"]), false),
    argument("FILE", ArgumentKind::Path, false),
];
const COPY: &[PositionalWord] =
    &[argument("FILES", ArgumentKind::Path, false), argument("DIRECTORY", ArgumentKind::Path, false)];
const SUDO: &[PositionalWord] = &[argument("COMMAND", ArgumentKind::Text, true)];
const POLAR_INITDB: &[PositionalWord] = &[
    argument("LOCAL", ArgumentKind::Path, false),
    argument("SHARED", ArgumentKind::Path, false),
    argument("TYPE", ArgumentKind::OneOf(&["primary", "replica", "standby"]), false),
];

const fn pg_ctl(words: &'static [&'static str], options: &'static [OptionWord], doc: &'static str) -> CommandWord {
    CommandWord { program: "pg_ctl", words, options, positionals: &[], doc }
}

const fn shell(
    program: &'static str,
    options: &'static [OptionWord],
    positionals: &'static [PositionalWord],
    doc: &'static str,
) -> CommandWord {
    CommandWord { program, words: &[], options, positionals, doc }
}

/// Every command.
pub(in crate::polardb) const COMMANDS: &[CommandWord] = &[
    pg_ctl(&["start"], START, "Starts the server in a directory; its role is what the files there say."),
    pg_ctl(&["stop"], STOP, "Stops the server and waits until it is gone."),
    pg_ctl(&["restart"], STOP, "Stops the server and starts it again."),
    pg_ctl(&["promote"], START, "Makes a replica or standby the writer and waits for it; asks nobody else."),
    pg_ctl(&["status"], START, "Says whether the server runs."),
    shell("psql", PSQL, &[], "Sends one statement to the server of this host."),
    shell("touch", &[], ONE_PATH, "Makes an empty file, such as a role file."),
    shell("rm", RM, ONE_PATH, "Removes a file, or a folder with all that is in it."),
    shell("mkdir", MODE, ONE_PATH, "Makes a folder."),
    shell("chmod", RECURSIVE, MODE_AND_PATH, "Changes permissions, which the model does not have."),
    shell("chown", RECURSIVE, MODE_AND_PATH, "Changes the owner, which the model does not have."),
    shell("echo", &[], ECHO, "Puts text at the end of a file, or in its place."),
    shell("initdb", &[DIRECTORY], &[], "Makes a directory with an initial configuration."),
    shell("cp", &[], COPY, "Copies files into a directory."),
    shell("sudo", RECURSIVE, SUDO, "Runs the command behind it; the model has no permissions."),
    shell("polar-initdb.sh", &[], POLAR_INITDB, "Makes the local directory of a node of a shared volume."),
];
