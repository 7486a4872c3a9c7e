//! The one error of this crate.

use std::io;
use std::path::PathBuf;

use crate::check::written_trace::WrittenTraceError;
use crate::crash_states::CrashStatesError;
use crate::explore::file::FileError;
use crate::explore::plan::ShardError;
use crate::history::json_lines::ReadError;
use crate::judge::JudgeError;
use crate::run::RunError;
use crate::scenario::Rejected;
use crate::scenario::values::ValueError;
use crate::shrink::ShrinkError;

/// Why something asked of this crate could not be done. Each area has an error of its own, with all it knows; whoever works
/// with several of them takes this one, and finds the area's as its source.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A scenario file has mistakes; they have been shown.
    #[error("{0}")]
    Rejected(Box<Rejected>),
    /// There is nothing to run.
    #[error("no scenario files below {}: a scenario is a file that ends in .toml", .0.display())]
    NoScenarios(PathBuf),
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file named like a command.
    #[error(
        "`{0}` is a command, not a file: options of a command come after it (`simrun {0} …`); a file of that name is ./{0}"
    )]
    CommandAsFile(String),
    /// Nothing is known by a name.
    #[error("nothing here is called `{name}`{}", hint.as_ref().map_or(String::new(), |hint| format!("; {hint}")))]
    Unknown {
        /// The name.
        name: String,
        /// What may be meant.
        hint: Option<String>,
    },
    /// Results cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritable {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder holds no report of a seed.
    #[error("{}: {source}", path.display())]
    NoReport {
        /// The file that was looked for.
        path: PathBuf,
        /// Why it is none.
        source: reports::Error,
    },
    /// A folder without results.
    #[error("no results below {}: the folder of a seed holds a report.json, which `simrun run … --out DIR` writes", .0.display())]
    NoSeeds(PathBuf),
    /// A folder where one scenario is wanted.
    #[error("{} is a folder: name one scenario file", .0.display())]
    OneScenario(PathBuf),
    /// What is to be swept fails without any fault.
    #[error("{scenario} does not end as expected without its faults, so no fault can be blamed: {cause}")]
    NotSound {
        /// The scenario.
        scenario: String,
        /// Why it fails.
        cause: String,
    },
    /// A seed cannot be run.
    #[error("{0}")]
    Run(#[from] RunError),
    /// There is nothing to shrink.
    #[error("{0}")]
    Shrink(#[from] ShrinkError),
    /// Results of a campaign cannot be used.
    #[error("{0}")]
    Campaign(#[from] FileError),
    /// It is not known which share of a campaign this is.
    #[error("{0}")]
    Shard(#[from] ShardError),
    /// A command cannot be typed into a run.
    #[error("nothing was typed: {0}")]
    NotTyped(String),
    /// A command that may change something, typed into a glance.
    #[error("nothing was typed: `{command}` is not known to change nothing; of {model} these can be typed: {}", readable.join(", "))]
    NotReadOnly {
        /// The command.
        command: String,
        /// The product.
        model: String,
        /// How commands begin that change nothing.
        readable: Vec<String>,
    },
    /// Standard output is gone or full.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    /// A recorded history cannot be read.
    #[error(transparent)]
    History(#[from] ReadError),
    /// A recorded history cannot be judged.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// The states after a power cut cannot be tried.
    #[error(transparent)]
    CrashStates(#[from] CrashStatesError),
    /// A value of a scenario or of the command line means nothing.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// A written trace cannot be read.
    #[error(transparent)]
    WrittenTrace(#[from] WrittenTraceError),
    /// Something of the simulated world cannot be built.
    #[error(transparent)]
    Nodes(#[from] nodes::Error),
    /// A stored report cannot be used.
    #[error(transparent)]
    Report(#[from] reports::Error),
}
