//! The price of a message: the same traffic on our network, on madsim's `Endpoint` and on turmoil.
//!
//! Two nodes play ping-pong with one message in flight, so nothing is amortised over a batch: every message pays for
//! its own timer, wake-up and poll. Then five nodes exchange heartbeats for ten simulated minutes, which is what an
//! idle cluster costs.

use std::fmt::Write;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::error::Error;
use crate::measure::side_by_side;
use crate::table::{grouped, one_decimal};
use crate::{madsim_endpoint, turmoil_udp};

/// How many nodes exchange heartbeats, all with all.
pub const HEARTBEAT_NODES: u64 = 5;
/// How often each of them sends one to each other.
pub const HEARTBEAT_PERIOD: Duration = Duration::from_secs(1);
/// For how many simulated seconds: ten minutes.
const HEARTBEAT_SECONDS: u64 = 600;

/// How many heartbeats all nodes together receive in so many seconds.
pub const fn heartbeats_in(seconds: u64) -> u64 {
    seconds * HEARTBEAT_NODES * (HEARTBEAT_NODES - 1)
}

/// How long to measure, and how to print it.
#[derive(Args)]
pub struct Options {
    /// Round trips of the ping-pong
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    round_trips: u64,
    /// How often everything is measured; the fastest time counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    repetitions: u32,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// All figures of this benchmark, as `--json` prints them.
#[derive(Serialize)]
struct Figures {
    fabric: PingPong,
    heartbeats: Heartbeats,
}

/// Nanoseconds a message takes in a ping-pong.
#[derive(Serialize)]
struct PingPong {
    madsim_endpoint_ns: f64,
    turmoil_ns: f64,
}

/// Simulated seconds a real second buys while five nodes exchange heartbeats.
#[derive(Serialize)]
struct Heartbeats {
    turmoil_x: f64,
}

/// Measures and gives the text to print.
pub fn run(options: &Options) -> Result<String, Error> {
    let figures = Figures { fabric: ping_pong(options)?, heartbeats: heartbeats(options)? };
    if options.json { Ok(serde_json::to_string_pretty(&figures)?) } else { Ok(describe(options, &figures)) }
}

fn ping_pong(options: &Options) -> Result<PingPong, Error> {
    let contestants = [madsim_endpoint::ping_pong, turmoil_udp::ping_pong];
    let times = side_by_side(contestants, options.round_trips, options.repetitions)?;
    let messages = 2.0 * options.round_trips as f64;
    let [madsim_endpoint_ns, turmoil_ns] = times.map(|time| one_decimal(time.as_secs_f64() * 1e9 / messages));
    Ok(PingPong { madsim_endpoint_ns, turmoil_ns })
}

fn heartbeats(options: &Options) -> Result<Heartbeats, Error> {
    let times = side_by_side([turmoil_udp::heartbeats], HEARTBEAT_SECONDS, options.repetitions)?;
    let [turmoil_x] = times.map(|time| one_decimal(HEARTBEAT_SECONDS as f64 / time.as_secs_f64()));
    Ok(Heartbeats { turmoil_x })
}

fn describe(options: &Options, figures: &Figures) -> String {
    let PingPong { madsim_endpoint_ns, turmoil_ns } = figures.fabric;
    let mut text = format!(
        "Ping-pong between two nodes, one message in flight, {} round trips (fastest of {})\n\n",
        grouped(options.round_trips as f64),
        options.repetitions
    );
    let _ = writeln!(text, "  {:<20}{:>12}{:>14}{:>10}", "", "ns/message", "messages/s", "times");
    for (name, nanoseconds) in [("madsim Endpoint", madsim_endpoint_ns), ("turmoil (UDP)", turmoil_ns)] {
        let per_second = grouped(1e9 / nanoseconds);
        let times = nanoseconds / madsim_endpoint_ns;
        let _ = writeln!(text, "  {name:<20}{:>12}{per_second:>14}{times:>9.1}x", grouped(nanoseconds));
    }
    let _ = write!(
        text,
        "\n{HEARTBEAT_NODES} nodes, a heartbeat a second from each to each other, {HEARTBEAT_SECONDS} simulated \
         seconds (fastest of {})\n\n  {:<20}{:>12}\n  {:<20}{:>11}x",
        options.repetitions,
        "",
        "real time",
        "turmoil (UDP)",
        grouped(figures.heartbeats.turmoil_x)
    );
    text
}
