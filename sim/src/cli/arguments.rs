//! What can be typed.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::crash_states::CrashStatesArguments;
use crate::explore::plan::AskedShard;
use crate::scenario::values::parse_duration;

/// Rehearses failures of database clusters in a deterministic simulation.
#[derive(Parser, Debug)]
#[command(
    name = "simrun",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "`simrun FILE` is `simrun run FILE`. Exit codes: simrun explain exit-codes."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to run, if no command is given.
    #[command(flatten)]
    pub run: RunArguments,
    /// Say more about what happens, with model time (-v info, -vv debug); RUST_LOG chooses in detail.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Colour: auto follows the terminal, NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, value_enum, default_value_t = Colour::Auto, global = true)]
    pub color: Colour,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run scenarios and judge them.
    Run(RunArguments),
    /// Read scenario files and say what they do, without running anything.
    Check {
        /// Scenario files or folders.
        #[arg(required = true)]
        scenarios: Vec<PathBuf>,
        /// How mistakes are shown.
        #[arg(long, value_enum, default_value_t = MistakeFormat::Carets)]
        format: MistakeFormat,
    },
    /// Try every state a device may be in after a power cut at a moment: the product recovers from each.
    CrashStates(CrashStatesArguments),
    /// Run many seeds of a scenario and tell the drill as a distribution.
    Rehearse(RehearseArguments),
    /// Type a command at any moment of a run and show what it prints there.
    At(AtArguments),
    /// Hold the logs of a real cluster against a product's model.
    Conform(ConformArguments),
    /// List what there is.
    List {
        /// What to list.
        #[arg(value_enum)]
        what: Listed,
        /// Only what belongs to this product (for events).
        #[arg(long)]
        product: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Explain a check, a fault or step verb, a mistake's code (S014) or the exit codes.
    Explain {
        /// What to explain.
        topic: String,
    },
    /// Run many seeds, and tell which fail, in how many ways, and what is left unseen.
    Explore(ExploreArguments),
    /// Make the smallest scenario that still fails in the same way.
    Shrink(ShrinkArguments),
    /// Run seeds once more from their folders, and compare everything with what is there.
    Replay(ReplayArguments),
    /// Tell of runs from their folders, for people or for CI; nothing is run.
    Report(ReportArguments),
    /// Try every single fault at every event of a procedure, sets of faults along its lineage, or every slip of its
    /// operator.
    Sweep(SweepArguments),
    /// Put the results of a campaign's shares together.
    Merge(MergeArguments),
    /// Judge histories that were recorded elsewhere: Jepsen's EDN maps, its console log, or our JSON lines.
    Judge(JudgeArguments),
    /// Print the JSON Schema of scenario files.
    Schema,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// What to run, and how.
#[derive(Args, Debug, Clone)]
pub struct RunArguments {
    /// Scenario files or folders.
    #[arg(required = true)]
    pub scenarios: Vec<PathBuf>,
    /// Run this seed (default: the first of the scenario's `seeds`).
    #[arg(long, conflicts_with = "seeds")]
    pub seed: Option<u64>,
    /// Run these seeds, both ends included: 1..50.
    #[arg(long, value_name = "A..B")]
    pub seeds: Option<Seeds>,
    /// How many seeds to run at once (default: one for each core).
    #[arg(long)]
    pub jobs: Option<usize>,
    /// Stop after the first seed that does not end as expected.
    #[arg(long)]
    pub fail_fast: bool,
    /// Write reports, records and the nodes' own logs below this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = Format::Pretty)]
    pub format: Format,
    /// The language of the screen.
    #[arg(long, value_enum, default_value_t = Lang::Auto)]
    pub lang: Lang,
    /// Run each seed twice and name the first event that differs.
    #[arg(long)]
    pub check_determinism: bool,
    /// What a CI system shows.
    #[command(flatten)]
    pub ci: CiArguments,
}

/// Files for a CI system.
#[derive(Args, Debug, Clone, Default)]
pub struct CiArguments {
    /// Write JUnit XML to this file: a suite for each scenario, a case for each check.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Add the job summary in Markdown to this file, such as $GITHUB_STEP_SUMMARY.
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
}

/// Which seeds to explore, and how.
#[derive(Args, Debug, Clone)]
#[command(
    after_help = "Results are JSON lines in the order of seeds, in DIR/explore.jsonl. A campaign that was killed \
                        goes on with --resume, and its file is then the same as that of one nobody disturbed."
)]
pub struct ExploreArguments {
    /// Scenario files or folders.
    #[arg(required = true)]
    pub scenarios: Vec<PathBuf>,
    /// Run these seeds, both ends included (default: each scenario's own seeds).
    #[arg(long, value_name = "A..B")]
    pub seeds: Option<Seeds>,
    /// Stop after this time, such as 10m; without --seeds, seeds do not end before.
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub time: Option<Duration>,
    /// How many seeds to run at once (default: one for each core).
    #[arg(long)]
    pub jobs: Option<usize>,
    /// Draw a configuration for each seed: which faults, how many, how long, where, which parameters, which slips. Steps,
    /// traffic and safety checks are the scenario's own.
    #[arg(long)]
    pub swarm: bool,
    /// Draw configurations as --swarm does, keep those that show a new situation, and go on from them.
    #[arg(long, conflicts_with = "swarm")]
    pub guided: bool,
    /// At a drawn moment of each seed heal a drawn core of hosts, leave all others as they are for ever, and require that
    /// the core serves within a bound made of the product's own time-outs.
    #[arg(long)]
    pub liveness: bool,
    /// Stop after the first seed that does not end as expected.
    #[arg(long)]
    pub fail_fast: bool,
    /// Write results to DIR/explore.jsonl, and a report for each distinct failure.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Go on behind the last whole line of DIR/explore.jsonl.
    #[arg(long, requires = "out")]
    pub resume: bool,
    /// Run only share K of N; auto takes both from the variables of a job array (Slurm, GitLab, CircleCI, Buildkite),
    /// auto/N only the index (Kubernetes JOB_COMPLETION_INDEX, AWS Batch).
    #[arg(long, value_name = "K/N")]
    pub shard: Option<AskedShard>,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = CampaignFormat::Plain)]
    pub format: CampaignFormat,
    /// What a CI system shows.
    #[command(flatten)]
    pub ci: CiArguments,
}

/// What to shrink, and how much to spend on it.
#[derive(Args, Debug, Clone)]
pub struct ShrinkArguments {
    /// A scenario file, or the folder of a seed that run or explore has written.
    #[arg(value_name = "DIR|FILE")]
    pub target: PathBuf,
    /// The seed that fails (default: that of the folder, or the first of the scenario's own seeds).
    #[arg(long)]
    pub seed: Option<u64>,
    /// How many candidates may be run.
    #[arg(long, default_value_t = 1000)]
    pub runs: u64,
    /// How many other seeds are tried on the result.
    #[arg(long, default_value_t = 20)]
    pub other_seeds: u64,
    /// How many candidates to run at once (default: one for each core); the result does not depend on it.
    #[arg(long)]
    pub jobs: Option<usize>,
    /// Write the result to this file (default: shrunk.toml in the folder of the seed).
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What to replay.
#[derive(Args, Debug, Clone)]
pub struct ReplayArguments {
    /// The folder of a seed that `run … --out` or `explore … --out` has written, or one with such folders below it.
    #[arg(value_name = "DIR", required = true)]
    pub folders: Vec<PathBuf>,
}

/// What to tell of, and how.
#[derive(Args, Debug, Clone)]
pub struct ReportArguments {
    /// The folder of a seed that `run … --out` or `explore … --out` has written, or one with such folders below it.
    #[arg(value_name = "DIR", required = true)]
    pub folders: Vec<PathBuf>,
    /// Write page, Perfetto trace and ShiViz log of each seed anew, from its report.json.
    #[arg(long)]
    pub pages: bool,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = Format::Pretty)]
    pub format: Format,
    /// The language of the screen.
    #[arg(long, value_enum, default_value_t = Lang::Auto)]
    pub lang: Lang,
    /// What a CI system shows.
    #[command(flatten)]
    pub ci: CiArguments,
}

/// What to sweep, and how far.
#[derive(Args, Debug, Clone)]
pub struct SweepArguments {
    /// A scenario file; its own faults are left out, unless slips of the operator are tried.
    #[arg(value_name = "FILE")]
    pub scenario: PathBuf,
    /// The seed of every run (default: the first of the scenario's own seeds).
    #[arg(long)]
    pub seed: Option<u64>,
    /// Try slips of the operator instead of faults: steps left out, repeated, swapped, elsewhere, too early, too late.
    #[arg(long)]
    pub operator: bool,
    /// Only sets of faults that take away what a good outcome of the run rests on, the smallest first, until one
    /// breaks something or none is left (lineage-driven fault injection).
    #[arg(long, conflicts_with_all = ["operator", "pairs"])]
    pub lineage: bool,
    /// With --lineage: so many faults at once at most.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=9))]
    pub max_faults: u32,
    /// Only these faults: kill, pause, nic-down, lose-power; with --lineage also partition, one way between two hosts,
    /// and pause only if it is named.
    #[arg(long, value_delimiter = ',', value_name = "VERB,VERB")]
    pub faults: Vec<String>,
    /// Only at events whose name contains one of these words: switchover,role (default: at every event).
    #[arg(long, value_delimiter = ',', value_name = "WORD,WORD")]
    pub events: Vec<String>,
    /// Of what one host announces again and again, so many announcements at most: the first, the last, and others evenly
    /// between them (default: all).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub occurrences: Option<u32>,
    /// Then pairs of faults on different hosts, at events that lie within this time.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub pairs: Option<Duration>,
    /// Try so many at most, spread over all events and faults (default: all single faults, 500 pairs); with --lineage
    /// so many sets of each size (default: all single faults, 500 of each larger size).
    #[arg(long)]
    pub limit: Option<usize>,
    /// How many runs at once (default: one for each core); the result does not depend on it.
    #[arg(long)]
    pub jobs: Option<usize>,
    /// Write what broke to this folder, each finding once, as scenarios that can be run.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Which results to put together.
#[derive(Args, Debug, Clone)]
pub struct MergeArguments {
    /// Files with results, or folders that hold an explore.jsonl.
    #[arg(required = true)]
    pub results: Vec<PathBuf>,
    /// Write the results of all to this file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = CampaignFormat::Plain)]
    pub format: CampaignFormat,
}

/// How a campaign is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CampaignFormat {
    /// A table at the end.
    Plain,
    /// One JSON object for each seed, and a summary.
    Jsonl,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| format!("{error}; {}", error.help))
}

/// Which histories to judge, and how.
#[derive(Args, Debug, Clone)]
#[command(after_help = "The answer is holds (exit code 0), violated (1) or could not tell (3); a history that cannot \
                        be read is named by line (2). An operation with :info may or may not have happened.")]
pub struct JudgeArguments {
    /// Files with histories; `-` is standard input.
    #[arg(required = true, value_name = "HISTORY")]
    pub histories: Vec<PathBuf>,
    /// What the history is a history of.
    #[arg(long, value_enum)]
    pub model: HistoryModel,
    /// With list-append: the isolation level to hold it to, such as serializable (default: strict-serializable).
    #[arg(long)]
    pub level: Option<String>,
    /// With bank: what all accounts sum up to (default: what the first read sums up to).
    #[arg(long)]
    pub total: Option<i64>,
    /// How many steps a search may take before the answer is "could not tell" (default: 50000000).
    #[arg(long)]
    pub steps: Option<u64>,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = JudgeFormat::Plain)]
    pub format: JudgeFormat,
}

/// What a history is a history of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HistoryModel {
    /// One or many registers: read, write, compare-and-set.
    Register,
    /// Strings by key: get, put, append.
    KeyValue,
    /// Accounts: transfer, and read all.
    Bank,
    /// Transactions of appends to lists and reads.
    ListAppend,
}

impl From<HistoryModel> for crate::judge::Model {
    fn from(model: HistoryModel) -> Self {
        match model {
            HistoryModel::Register => Self::Register,
            HistoryModel::KeyValue => Self::KeyValue,
            HistoryModel::Bank => Self::Bank,
            HistoryModel::ListAppend => Self::ListAppend,
        }
    }
}

/// How findings on histories are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum JudgeFormat {
    /// In sentences.
    Plain,
    /// One JSON object for each finding.
    Jsonl,
}

/// What to rehearse.
#[derive(Args, Debug, Clone)]
pub struct RehearseArguments {
    /// The scenario file.
    pub scenario: PathBuf,
    /// The seeds, both ends included: 1..1000 (default: all of the scenario's `seeds`).
    #[arg(long, value_name = "A..B")]
    pub seeds: Option<Seeds>,
    /// How many seeds to run at once (default: one for each core).
    #[arg(long)]
    pub jobs: Option<usize>,
    /// Write the page of the rehearsal and the plan of the drill (plan.html, plan.md, plan.zh.md) below this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = TextFormat::Plain)]
    pub format: TextFormat,
    /// The language of the screen.
    #[arg(long, value_enum, default_value_t = Lang::Auto)]
    pub lang: Lang,
}

/// What to type into a run, and when.
#[derive(Args, Debug, Clone)]
pub struct AtArguments {
    /// The scenario file.
    pub scenario: PathBuf,
    /// When, in model time since the beginning of the run: 21.5s.
    pub moment: String,
    /// A command of the product that changes nothing, in quotes: 'cm_ctl query -Cvipd'.
    pub command: String,
    /// The seed (default: the first of the scenario's `seeds`).
    #[arg(long)]
    pub seed: Option<u64>,
    /// On which host it is typed (default: the first on which it succeeds, else the last).
    #[arg(long, value_name = "HOST")]
    pub on: Option<String>,
}

/// Which logs to hold against which model.
#[derive(Args, Debug, Clone)]
pub struct ConformArguments {
    /// Log files.
    #[arg(required = true)]
    pub logs: Vec<PathBuf>,
    /// The product that wrote them: dm_dsc, kingbase, opengauss_dms, opengauss_ha, polardb.
    #[arg(long)]
    pub product: String,
    /// Compare how long each phase took with the seeds of this scenario: the drill as it was rehearsed.
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
    /// With --against: the seeds, both ends included (default: all of the scenario's `seeds`).
    #[arg(long, value_name = "A..B", requires = "against")]
    pub seeds: Option<Seeds>,
    /// The host's clock was set during the log: a time going back is no mistake.
    #[arg(long)]
    pub clock_jumps: bool,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = TextFormat::Plain)]
    pub format: TextFormat,
    /// The language of the screen.
    #[arg(long, value_enum, default_value_t = Lang::Auto)]
    pub lang: Lang,
}

/// How a single result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextFormat {
    /// Text for people.
    Plain,
    /// One JSON object.
    Json,
}

/// A range of seeds, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl FromStr for Seeds {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a range of seeds such as 1..50");
        let (first, last) = text.split_once("..").ok_or_else(wrong)?;
        let seeds = Seeds { first: first.parse().map_err(|_| wrong())?, last: last.parse().map_err(|_| wrong())? };
        if seeds.last < seeds.first {
            return Err(format!("`{text}` ends before it begins: both ends are included, the smaller comes first"));
        }
        Ok(seeds)
    }
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One screen for people.
    Pretty,
    /// The same without colour.
    Plain,
    /// One JSON object for each seed, and a summary.
    Jsonl,
    /// JUnit XML.
    Junit,
    /// Annotations for GitHub.
    Github,
    /// A job summary in Markdown.
    Markdown,
}

/// How mistakes in scenario files are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MistakeFormat {
    /// Underlined, for people.
    Carets,
    /// One JSON object a line.
    Jsonl,
    /// GitHub annotations.
    Github,
}

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// As LC_ALL, LC_MESSAGES or LANG say.
    Auto,
    /// English.
    En,
    /// Chinese.
    Zh,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Listed {
    /// Checks and what they promise.
    Checks,
    /// Fault verbs.
    Faults,
    /// Step verbs.
    Steps,
    /// Product models.
    Models,
    /// Scenario files below the folder `scenarios`.
    Scenarios,
    /// Events that nodes announce.
    Events,
    /// Real bugs that can be switched back on.
    Defects,
    /// Parameters of products.
    Parameters,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn seeds_are_a_range_with_both_ends() {
        assert_eq!("1..50".parse(), Ok(Seeds { first: 1, last: 50 }));
        assert!("50..1".parse::<Seeds>().is_err());
        assert!("1-50".parse::<Seeds>().is_err());
    }

    #[test]
    fn a_file_alone_is_run() {
        let arguments = Arguments::parse_from(["simrun", "x.toml", "--seed", "7"]);
        assert!(arguments.command.is_none());
        assert_eq!(arguments.run.seed, Some(7));
        let spelled_out = Arguments::parse_from(["simrun", "run", "x.toml", "--seed", "7"]);
        assert!(matches!(spelled_out.command, Some(Command::Run(run)) if run.seed == Some(7)));
    }
}
