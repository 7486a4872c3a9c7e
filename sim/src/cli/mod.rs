//! The command line: what was typed, what is done about it, and how the program ends.
//!
//! Results go to standard output, everything else to standard error. A closed pipe is no error.

pub mod arguments;
mod at;
mod campaign;
mod catalogue;
mod ci;
mod conform;
pub mod crash_states;
mod determinism;
mod exit;
mod explore;
mod files;
mod interrupt;
mod judge;
mod language;
mod logging;
mod merge;
mod progress;
mod rehearse;
mod rehearse_papers;
mod replay;
mod report;
mod results;
mod run;
mod seed_folder;
mod shrink;
mod stopwatch;
mod sweep;
mod teller;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{CommandFactory, Parser};

pub use exit::Exit;

use crate::Error as CliError;
use crate::explore::file::FileError;
use crate::scenario::schema_json;
use crate::shrink::ShrinkError;
use crate::vocabulary;
use arguments::{Arguments, Colour, Command, MistakeFormat};

/// How the program ends when a command could not be carried out.
fn exit_of(error: &CliError) -> Exit {
    match error {
        CliError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::AsExpected,
        CliError::Output(_) | CliError::Unwritable { .. } => Exit::OurBug,
        CliError::Campaign(FileError::Different(_)) => Exit::NotDeterministic,
        CliError::Shrink(ShrinkError::NotReproduced { .. }) => Exit::NotDeterministic,
        CliError::Shrink(ShrinkError::Run(error)) if error.is_our_bug() => Exit::OurBug,
        CliError::Run(error) if error.is_our_bug() => Exit::OurBug,
        CliError::Campaign(FileError::Io { source, .. }) if source.kind() != io::ErrorKind::NotFound => Exit::OurBug,
        _ => Exit::Usage,
    }
}

/// Does what the command line says; the exit code.
pub fn main() -> u8 {
    let arguments = Arguments::parse();
    match arguments.color {
        Colour::Auto => {}
        Colour::Always => anstream::ColorChoice::Always.write_global(),
        Colour::Never => anstream::ColorChoice::Never.write_global(),
    }
    logging::start(arguments.verbose);
    interrupt::listen();
    let done = match arguments.command {
        None => run::run(&arguments.run),
        Some(command) => carry_out(command),
    };
    match done {
        Ok(exit) => exit.code(),
        Err(error) => {
            let exit = exit_of(&error);
            if exit != Exit::AsExpected && !matches!(error, CliError::Rejected(_)) {
                anstream::eprintln!("error: {error}");
            }
            exit.code()
        }
    }
}

fn carry_out(command: Command) -> Result<Exit, CliError> {
    let mut out = anstream::stdout().lock();
    match command {
        Command::Run(arguments) => {
            drop(out);
            return run::run(&arguments);
        }
        Command::Rehearse(arguments) => {
            drop(out);
            return rehearse::rehearse(&arguments);
        }
        Command::At(arguments) => {
            drop(out);
            return at::at(&arguments);
        }
        Command::Conform(arguments) => {
            drop(out);
            return conform::conform(&arguments);
        }
        Command::Check { scenarios, format } => return check(&scenarios, format),
        Command::Explore(arguments) => {
            drop(out);
            return explore::run(&arguments);
        }
        Command::Shrink(arguments) => {
            drop(out);
            return shrink::run(&arguments);
        }
        Command::Replay(arguments) => {
            drop(out);
            return replay::run(&arguments);
        }
        Command::Report(arguments) => {
            drop(out);
            return report::run(&arguments);
        }
        Command::Sweep(arguments) => {
            drop(out);
            return sweep::run(&arguments);
        }
        Command::Merge(arguments) => {
            drop(out);
            return merge::run(&arguments);
        }
        Command::Judge(arguments) => {
            drop(out);
            return judge::run(&arguments);
        }
        Command::CrashStates(arguments) => {
            drop(out);
            return crash_states::crash_states(&arguments);
        }
        Command::List { what, product, json } => catalogue::list(&mut out, what, product.as_deref(), json)?,
        Command::Explain { topic } => catalogue::explain(&mut out, &topic)?,
        Command::Schema => writeln!(out, "{}", schema_json())?,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "simrun", &mut script);
            out.write_all(&script)?;
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
            out.write_all(&page)?;
        }
    }
    Ok(Exit::AsExpected)
}

/// Reads every file, explains those that are sound and shows the mistakes of the others.
fn check(paths: &[PathBuf], format: MistakeFormat) -> Result<Exit, CliError> {
    let vocabulary = vocabulary::known();
    let mut exit = Exit::AsExpected;
    let mut out = anstream::stdout().lock();
    for file in files::scenarios(paths)? {
        match files::load(&file, &vocabulary) {
            Ok(accepted) => {
                files::show_warnings(&accepted, format);
                if format == MistakeFormat::Carets {
                    writeln!(out, "{}", crate::scenario::explain(&accepted.scenario))?;
                }
            }
            Err(rejected) => {
                exit = Exit::Usage;
                files::show_mistakes(&rejected, format);
            }
        }
    }
    Ok(exit)
}
