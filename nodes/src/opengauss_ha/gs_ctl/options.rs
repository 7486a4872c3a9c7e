//! What was typed after `gs_ctl`, as data.

use thiserror::Error;

use super::super::rules::state::ServerMode;
use super::super::rules::term;

/// What gs_ctl shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Start,
    Stop,
    Switchover,
    Failover,
    Build,
    Query,
    QueryBuild,
    Notify,
}

impl Operation {
    const ALL: [Operation; 8] = [
        Operation::Start,
        Operation::Stop,
        Operation::Switchover,
        Operation::Failover,
        Operation::Build,
        Operation::Query,
        Operation::QueryBuild,
        Operation::Notify,
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Operation::Start => "start",
            Operation::Stop => "stop",
            Operation::Switchover => "switchover",
            Operation::Failover => "failover",
            Operation::Build => "build",
            Operation::Query => "query",
            Operation::QueryBuild => "querybuild",
            Operation::Notify => "notify",
        }
    }

    /// Whether it holds `pg_ctl.lock`.
    pub(super) fn takes_the_lock(self) -> bool {
        matches!(self, Operation::Start | Operation::Switchover | Operation::Failover | Operation::Build)
    }
}

/// How a build is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BuildMode {
    /// Incremental once, then full.
    Auto,
    Incremental,
    Full,
}

/// The options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) operation: Operation,
    /// `-D`
    pub(super) directory: Option<String>,
    /// `-M`
    pub(super) mode: Option<ServerMode>,
    /// `-b`
    pub(super) build: BuildMode,
    /// `-t`, in seconds
    pub(super) wait_seconds: u64,
    /// `-T`
    pub(super) term: u64,
}

/// What is wrong with what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum OptionError {
    #[error("no operation specified")]
    NoOperation,
    #[error("unrecognized operation mode \"{0}\"")]
    UnknownOperation(String),
    #[error("invalid option -- '{0}'")]
    UnknownOption(String),
    #[error("option requires an argument -- '{0}'")]
    NoArgument(String),
    #[error("invalid argument \"{argument}\" for option {option}")]
    BadArgument { option: String, argument: String },
}

impl Options {
    pub(super) fn parse(words: &[String]) -> Result<Options, OptionError> {
        let (operation, rest) = words.split_first().ok_or(OptionError::NoOperation)?;
        let known = Operation::ALL.into_iter().find(|known| known.word() == operation);
        let mut options = Options {
            operation: known.ok_or_else(|| OptionError::UnknownOperation(operation.clone()))?,
            directory: None,
            mode: None,
            build: BuildMode::Auto,
            wait_seconds: 60,
            term: term::FIRST,
        };
        let mut words = rest.iter();
        while let Some(option) = words.next() {
            if !matches!(option.as_str(), "-D" | "-M" | "-b" | "-t" | "-T" | "-m") {
                return Err(OptionError::UnknownOption(option.clone()));
            }
            let argument = words.next().ok_or_else(|| OptionError::NoArgument(option.clone()))?;
            let bad = || OptionError::BadArgument { option: option.clone(), argument: argument.clone() };
            options.take(option, argument).ok_or_else(bad)?;
        }
        Ok(options)
    }

    fn take(&mut self, option: &str, argument: &str) -> Option<()> {
        match option {
            "-D" => self.directory = Some(argument.to_owned()),
            "-M" => self.mode = Some(ServerMode::of_option(argument)?),
            "-b" => {
                self.build = match argument {
                    "auto" => BuildMode::Auto,
                    "incremental" => BuildMode::Incremental,
                    "full" => BuildMode::Full,
                    _ => return None,
                }
            }
            "-t" => self.wait_seconds = argument.parse().ok()?,
            "-T" => self.term = argument.parse().ok()?,
            // Only the fast mode is modelled; `-m fast` says so, anything else would be untrue.
            _ => return (argument == "fast" || argument == "f").then_some(()),
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, OptionError> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_commands_of_the_incident_are_understood() {
        let start = parse("start -D /opt/huawei/install/data/d2/ -M primary").expect("a command");
        assert_eq!((start.operation, start.mode), (Operation::Start, Some(ServerMode::Primary)));
        let build = parse("build -D /opt/huawei/install/data/d1/").expect("a command");
        assert_eq!((build.operation, build.build, build.wait_seconds), (Operation::Build, BuildMode::Auto, 60));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(parse(""), Err(OptionError::NoOperation));
        assert_eq!(parse("swichover"), Err(OptionError::UnknownOperation("swichover".to_owned())));
        assert_eq!(parse("start -x"), Err(OptionError::UnknownOption("-x".to_owned())));
        assert_eq!(parse("start -M"), Err(OptionError::NoArgument("-M".to_owned())));
        for line in ["start -M master", "build -b half", "switchover -t soon", "switchover -m smart"] {
            assert!(matches!(parse(line), Err(OptionError::BadArgument { .. })), "{line}");
        }
    }
}
