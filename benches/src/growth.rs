//! By how much the memory of a drill grows with each simulated minute.
//!
//! The drill runs as it is and then four times as long, and the peak of the process's memory is read after each, as the
//! kernel counts it. What grows is what a record keeps: the trace, the history, the journals. Only Linux tells.

use std::path::Path;
use std::time::Duration;

use simrun::draws::Draws;
use simrun::run::{RunOptions, run_scenario};
use simrun::scenario::{self, Scenario};
use simrun::vocabulary;

use crate::error::Error;

const DRILL: &str = "scenarios/dm_dsc/kill_and_rejoin.toml";
const TIMES_LONGER: u32 = 4;

/// Bytes a simulated minute; `None` where the kernel does not tell the peak.
pub fn bytes_per_simulated_minute() -> Result<Option<u64>, Error> {
    let mut scenario = drill()?;
    let usual = scenario.run.time_limit;
    run(&scenario)?;
    let Some(before) = peak_bytes() else { return Ok(None) };
    scenario.run.time_limit = usual * TIMES_LONGER;
    run(&scenario)?;
    let more = (usual * (TIMES_LONGER - 1)).max(Duration::from_secs(60));
    let grown = peak_bytes().unwrap_or(before).saturating_sub(before);
    Ok(Some(grown * 60 / more.as_secs()))
}

fn drill() -> Result<Scenario, Error> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(DRILL);
    match scenario::load(&path, &vocabulary::known()) {
        Ok(accepted) => Ok(accepted.scenario),
        Err(rejected) => Err(Error::Drill(rejected.to_string())),
    }
}

fn run(scenario: &Scenario) -> Result<(), Error> {
    let Some(product) = nodes::catalogue::find(&scenario.product.model) else {
        return Err(Error::Drill(format!("no product is called {}", scenario.product.model)));
    };
    let record = run_scenario(scenario, product, &Draws::of(scenario, 1), &RunOptions::default());
    record.map(drop).map_err(|error| Error::Drill(error.to_string()))
}

/// The most memory this process has ever had, in bytes.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
