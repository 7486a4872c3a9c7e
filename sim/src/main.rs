//! `simrun`: rehearse failures of database clusters in a deterministic simulation.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(simrun::cli::main())
}
