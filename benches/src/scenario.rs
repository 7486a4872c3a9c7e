//! Whole drills: how far ahead of real time they run on one core, and what they need. `switchover_fail` has 100
//! transactions a second, PolarDB's `switchover_and_back` has 200 and three replicas.
//!
//! One seed after the other is simulated, with the load of the scenario file, everything a checker needs kept, and
//! nothing judged or told: that part is measured beside it. The fastest seed counts, because
//! noise only ever adds time; the memory is the most the whole process has ever held.

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use simrun::draws::Draws;
use simrun::run::{Record, RunOptions, run_scenario};
use simrun::scenario::source::Source;
use simrun::scenario::{self, Scenario};
use simrun::{verdict, vocabulary};

use crate::error::Error;
use crate::measure::timed;
use crate::table::{grouped, one_decimal};

/// A drill that is measured.
struct Measured {
    file: &'static str,
    text: &'static str,
}

const SWITCHOVER_FAIL: Measured =
    Measured { file: "scenarios/switchover_fail.toml", text: include_str!("../../scenarios/switchover_fail.toml") };

const SWITCHOVER_AND_BACK: Measured = Measured {
    file: "scenarios/polardb/switchover_and_back.toml",
    text: include_str!("../../scenarios/polardb/switchover_and_back.toml"),
};

/// How long to measure, and how to print it.
#[derive(Args)]
pub struct Options {
    /// How many seeds are run, from 1
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// All figures of this benchmark, as `--json` prints them.
#[derive(Serialize)]
struct Figures {
    /// `switchover_fail`.
    scenario: Drill,
    /// PolarDB's `switchover_and_back`.
    polardb_switchover_and_back: Drill,
}

/// What a drill costs.
#[derive(Serialize)]
struct Drill {
    /// Simulated time over real time.
    x_real_time: f64,
    /// Events of the trace in a second of real time.
    events_per_s: f64,
    /// The most memory the process ever held, in megabytes; null where the system does not tell.
    peak_rss_mb: Option<f64>,
}

/// One seed under the stopwatch.
struct Lap {
    simulated: Duration,
    events: u64,
    running: Duration,
    judging: Duration,
}

/// Measures and gives the text to print.
pub fn run(options: &Options) -> Result<String, Error> {
    let switchover_fail = fastest(&SWITCHOVER_FAIL, options.seeds)?;
    let figure = drill(&switchover_fail);
    let switchover_and_back = fastest(&SWITCHOVER_AND_BACK, options.seeds)?;
    let figures = Figures { scenario: figure, polardb_switchover_and_back: drill(&switchover_and_back) };
    if options.json {
        return Ok(serde_json::to_string_pretty(&figures)? + "\n");
    }
    let first = describe(options, &SWITCHOVER_FAIL, &switchover_fail, &figures.scenario);
    let second = describe(options, &SWITCHOVER_AND_BACK, &switchover_and_back, &figures.polardb_switchover_and_back);
    Ok(first + "\n" + &second)
}

fn fastest(measured: &Measured, seeds: u64) -> Result<Lap, Error> {
    let laps = laps(measured, seeds)?;
    Ok(laps.into_iter().min_by_key(|lap| lap.running).expect("at least one seed ran"))
}

fn laps(measured: &Measured, seeds: u64) -> Result<Vec<Lap>, Error> {
    let accepted = scenario::check(Source::new(measured.file, measured.text), &vocabulary::known());
    let scenario = accepted.map_err(|rejected| Error::Scenario(rejected.to_string()))?.scenario;
    (1..=seeds).map(|seed| lap(&scenario, seed)).collect()
}

fn lap(scenario: &Scenario, seed: u64) -> Result<Lap, Error> {
    let product =
        nodes::catalogue::find(&scenario.product.model).ok_or_else(|| Error::Scenario(scenario.path.clone()))?;
    let draws = Draws::of(scenario, seed);
    let (record, running) = timed(|| run_scenario(scenario, product, &draws, &RunOptions::default()));
    let record: Record = record?;
    let (_, judging) = timed(|| verdict::judge(scenario, &record));
    Ok(Lap { simulated: record.ended.elapsed(), events: record.trace.count(), running, judging })
}

fn drill(lap: &Lap) -> Drill {
    let seconds = lap.running.as_secs_f64();
    Drill {
        x_real_time: one_decimal(lap.simulated.as_secs_f64() / seconds),
        events_per_s: (lap.events as f64 / seconds).round(),
        peak_rss_mb: peak_memory().map(|bytes| one_decimal(bytes as f64 / 1e6)),
    }
}

fn describe(options: &Options, measured: &Measured, lap: &Lap, drill: &Drill) -> String {
    let milliseconds = |time: Duration| one_decimal(time.as_secs_f64() * 1e3);
    let mut text = format!(
        "{}: {} events in {} s of model time, one core (fastest of {} seeds)\n\n",
        measured.file,
        grouped(lap.events as f64),
        lap.simulated.as_secs(),
        options.seeds
    );
    let memory = drill.peak_rss_mb.map_or("not told by this system".to_owned(), |peak| format!("{peak} MB"));
    let rows = [
        ("times real time", grouped(drill.x_real_time)),
        ("events per second", grouped(drill.events_per_s)),
        ("one run", format!("{} ms", milliseconds(lap.running))),
        ("judging it", format!("{} ms", milliseconds(lap.judging))),
        ("peak memory", memory),
    ];
    for (name, value) in rows {
        let _ = writeln!(text, "  {name:<20}{value:>16}");
    }
    text
}

/// The most memory this process has ever held, in bytes, as Linux tells it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_a_run_to_its_end() {
        let ends = [(&SWITCHOVER_FAIL, 120), (&SWITCHOVER_AND_BACK, 80)];
        let laps = ends.map(|(measured, seconds)| {
            let lap = fastest(measured, 1).unwrap_or_else(|error| panic!("{}: {error}", measured.file));
            assert_eq!(lap.simulated, Duration::from_secs(seconds), "{}", measured.file);
            assert!(lap.events >= 50_000, "{}", measured.file);
            drill(&lap)
        });
        let [scenario, polardb_switchover_and_back] = laps;
        let figures = serde_json::to_value(Figures { scenario, polardb_switchover_and_back }).expect("JSON");
        let drills: Vec<&String> = figures.as_object().expect("an object").keys().collect();
        assert_eq!(drills, ["polardb_switchover_and_back", "scenario"]);
        let keys: Vec<&String> = figures["scenario"].as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["events_per_s", "peak_rss_mb", "x_real_time"]);
    }
}
