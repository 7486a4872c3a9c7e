//! The side-by-side benchmarks: what a simulated message costs here and elsewhere.
//!
//! They exist because a simulator is worth the number of seeds it gets through: every figure the README states comes
//! out of one of these commands, measured in one run on one machine. They are not tests and judge nothing; a benchmark
//! fails only when the work it was to time did not happen.

mod checkers;
mod crash_states;
mod defects;
mod device;
mod error;
mod fabric;
mod growth;
mod madsim_endpoint;
mod measure;
mod ours;
mod scenario;
mod search;
mod shrinking;
mod table;
mod turmoil_udp;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Side-by-side benchmarks of simrun.
#[derive(Parser)]
#[command(name = "benches")]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Subcommand)]
enum Benchmark {
    /// What a message costs, and how far ahead of real time an idle cluster runs
    Fabric(fabric::Options),
    /// What a request to a block device costs
    Device(device::Options),
    /// How far ahead of real time a whole drill runs, and what it needs
    Scenario(scenario::Options),
    /// How many seeds it takes to find each planted defect, and which check finds it
    Defects(defects::Options),
    /// How many seeds plain, swarm and guided need for some planted defects, beside each other
    Search(search::Options),
    /// What shrinking makes of every planted defect
    Shrink(shrinking::Options),
    /// How many operations a second the checkers judge, beside stateright's tester
    Checkers(checkers::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().benchmark {
        Benchmark::Fabric(options) => fabric::run(&options),
        Benchmark::Device(options) => device::run(&options),
        Benchmark::Scenario(options) => scenario::run(&options),
        Benchmark::Defects(options) => defects::run(&options),
        Benchmark::Search(options) => search::run(&options),
        Benchmark::Shrink(options) => shrinking::run(&options),
        Benchmark::Checkers(options) => checkers::run(&options),
    };
    match outcome {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
