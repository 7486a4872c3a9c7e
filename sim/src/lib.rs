//! Everything that drives the simulated world: scenarios, draws, runs, checks, and the command line.

pub mod check;
pub mod cli;
pub mod closeup;
pub mod conform;
pub mod crash_states;
pub mod document;
pub mod draws;
mod error;
pub mod explore;
pub mod guided;
pub mod history;
pub mod judge;
pub mod mutants;
pub mod rehearse;
pub mod run;
pub mod scenario;
pub mod shrink;
pub mod swarm;
pub mod sweep;
pub mod tell;
pub mod verdict;
pub mod vocabulary;

pub use error::Error;
