//! The commands of cm_ctl, for the product's description.

use crate::product::{ArgumentKind, CommandWord, OptionWord};

const fn flag(flags: &'static [&'static str], doc: &'static str) -> OptionWord {
    OptionWord { flags, value: None, required: false, doc }
}

const fn option(flags: &'static [&'static str], kind: ArgumentKind, required: bool, doc: &'static str) -> OptionWord {
    OptionWord { flags, value: Some(kind), required, doc }
}

const WAIT: OptionWord = option(&["-t"], ArgumentKind::Integer, false, "how long to wait, in seconds");
const MODE: OptionWord = option(
    &["-m"],
    ArgumentKind::OneOf(&["f", "fast", "i", "immediate", "s", "smart"]),
    false,
    "how to stop: fast (default) or immediate",
);
const NODE: OptionWord = option(&["-n"], ArgumentKind::Integer, false, "the number of the node, from 1");
const DIRECTORY: OptionWord = option(&["-D"], ArgumentKind::Path, false, "the data directory of the instance");

const fn command(words: &'static [&'static str], options: &'static [OptionWord], doc: &'static str) -> CommandWord {
    CommandWord { program: "cm_ctl", words, options, positionals: &[], doc }
}

/// The commands of cm_ctl.
pub const COMMANDS: &[CommandWord] = &[
    command(
        &["query"],
        &[
            flag(&["-C"], "paired columns"),
            flag(&["-v"], "every instance"),
            flag(&["-i"], "with addresses"),
            flag(&["-p"], "with ports"),
            flag(&["-d"], "with data directories"),
            flag(&["-w"], "one datanode on each line"),
            flag(&["-Cv", "-Cvi", "-Cvp", "-Cvd", "-Cvip", "-Cvipd", "-Cvipdw", "-Cvw"], "several of these at once"),
        ],
        "shows the state of the cluster",
    ),
    command(
        &["switchover"],
        &[
            option(&["-n"], ArgumentKind::Integer, true, "the number of the node that shall become primary"),
            option(&["-D"], ArgumentKind::Path, true, "its data directory"),
            WAIT,
            flag(&["-f"], "a fast switchover"),
        ],
        "makes a standby primary; waits 120 s unless told otherwise",
    ),
    command(&["start"], &[NODE, DIRECTORY, WAIT], "starts the cluster, a node or an instance"),
    command(&["stop"], &[NODE, DIRECTORY, MODE, WAIT], "stops the cluster, a node or an instance"),
    command(&["pause"], &[], "no arbitration and no reformer lock until resume"),
    command(&["resume"], &[], "ends a pause"),
];
