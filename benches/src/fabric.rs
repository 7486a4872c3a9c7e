//! The price of a message: the same traffic on our network, on madsim's `Endpoint` and on turmoil.
//!
//! Two nodes play ping-pong with one message in flight, so nothing is amortised over a batch: every message pays for
//! its own timer, wake-up and poll. Then five nodes exchange heartbeats for ten simulated minutes, which is what an
//! idle cluster costs.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::error::Error;
use crate::measure::side_by_side;
use crate::table::{grouped, one_decimal};
use crate::{madsim_endpoint, ours, turmoil_udp};

/// The shortest way of a message, in every contestant: madsim's default.
pub const SHORTEST_LATENCY: Duration = Duration::from_millis(1);
/// The longest.
pub const LONGEST_LATENCY: Duration = Duration::from_millis(10);
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
    simrun_ns: f64,
    madsim_endpoint_ns: f64,
    turmoil_ns: f64,
}

/// Simulated seconds a real second buys while five nodes exchange heartbeats.
#[derive(Serialize)]
struct Heartbeats {
    simrun_x: f64,
    turmoil_x: f64,
}

/// Measures and gives the text to print.
pub fn run(options: &Options) -> Result<String, Error> {
    let figures = Figures { fabric: ping_pong(options)?, heartbeats: heartbeats(options)? };
    if options.json { Ok(serde_json::to_string_pretty(&figures)? + "\n") } else { Ok(describe(options, &figures)) }
}

fn ping_pong(options: &Options) -> Result<PingPong, Error> {
    let contestants = [ours::ping_pong, madsim_endpoint::ping_pong, turmoil_udp::ping_pong];
    let times = side_by_side(contestants, options.round_trips, options.repetitions)?;
    let messages = 2.0 * options.round_trips as f64;
    let [simrun_ns, madsim_endpoint_ns, turmoil_ns] =
        times.map(|time| one_decimal(time.as_secs_f64() * 1e9 / messages));
    Ok(PingPong { simrun_ns, madsim_endpoint_ns, turmoil_ns })
}

fn heartbeats(options: &Options) -> Result<Heartbeats, Error> {
    let times = side_by_side([ours::heartbeats, turmoil_udp::heartbeats], HEARTBEAT_SECONDS, options.repetitions)?;
    let [simrun_x, turmoil_x] = times.map(|time| one_decimal(HEARTBEAT_SECONDS as f64 / time.as_secs_f64()));
    Ok(Heartbeats { simrun_x, turmoil_x })
}

fn describe(options: &Options, figures: &Figures) -> String {
    let (ping_pong, heartbeats) = (describe_ping_pong(&figures.fabric), describe_heartbeats(&figures.heartbeats));
    let (round_trips, repetitions) = (grouped(options.round_trips as f64), options.repetitions);
    format!(
        "Ping-pong between two nodes, one message in flight, {round_trips} round trips (fastest of {repetitions})\n\n\
         {ping_pong}\n\
         {HEARTBEAT_NODES} nodes, a heartbeat a second from each to each other, {HEARTBEAT_SECONDS} simulated seconds \
         (fastest of {repetitions})\n\n\
         {heartbeats}"
    )
}

fn describe_ping_pong(figures: &PingPong) -> String {
    let mut text = format!("  {:<18}{:>12}{:>14}   simrun is\n", "", "ns/message", "messages/s");
    let contestants = [
        ("simrun", figures.simrun_ns),
        ("madsim Endpoint", figures.madsim_endpoint_ns),
        ("turmoil (UDP)", figures.turmoil_ns),
    ];
    for (name, nanoseconds) in contestants {
        let advantage = advantage(nanoseconds / figures.simrun_ns);
        let per_second = grouped(1e9 / nanoseconds);
        text.push_str(&format!("  {name:<18}{:>12}{per_second:>14}{advantage}\n", grouped(nanoseconds)));
    }
    text
}

fn describe_heartbeats(figures: &Heartbeats) -> String {
    let mut text = format!("  {:<18}{:>26}   simrun is\n", "", "simulated s/real s");
    for (name, ratio) in [("simrun", figures.simrun_x), ("turmoil (UDP)", figures.turmoil_x)] {
        let advantage = advantage(figures.simrun_x / ratio);
        text.push_str(&format!("  {name:<18}{:>26}{advantage}\n", grouped(ratio)));
    }
    text
}

/// How many times faster we are; nothing in our own row.
fn advantage(times: f64) -> String {
    if times == 1.0 { String::new() } else { format!("{times:>10.1}x faster") }
}
