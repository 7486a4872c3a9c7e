//! The price of an I/O request on the simulated block device, as a process of a product pays it.
//!
//! One process sends 8 KiB requests through its disk and waits for each, with everything a drill has: latency draws,
//! checksums, the volatile cache, the journal and the hash of the trace. A few pages are made once and sent again and
//! again, because filling a buffer is the writer's work and not the device's.
//!
//! Two more figures stand beside it: how many states after a power cut are gone through in a second, and by how much
//! the memory of a drill grows with each simulated minute.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use clap::Args;
use nodes::world::device::{DeviceOptions, IoError};
use nodes::world::disk::Disk;
use nodes::world::executor::Limits;
use nodes::world::process::Process;
use nodes::world::streams::Seed;
use nodes::world::{World, WorldOptions};
use serde::Serialize;

use crate::error::{Error, require_all};
use crate::measure::side_by_side;
use crate::table::{grouped, one_decimal};
use crate::{crash_states, growth};

const PAGE_BYTES: u64 = 8192;
/// The requests go round an area of 8 MiB.
const PAGES: u64 = 1024;
const SECTORS: u64 = PAGES * PAGE_BYTES / 512;
/// How many different contents are written.
const CONTENTS: u8 = 64;

/// How long to measure, and how to print it.
#[derive(Args)]
pub struct Options {
    /// Requests of each kind
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..))]
    requests: u64,
    /// How often everything is measured; the fastest time counts
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    repetitions: u32,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// All figures of this benchmark, as `--json` prints them.
#[derive(Serialize)]
struct Figures {
    device: Requests,
    crash_states_per_second: f64,
    heap_bytes_per_simulated_minute: Option<u64>,
}

/// Nanoseconds a request takes.
#[derive(Serialize)]
struct Requests {
    write_ns: f64,
    flush_ns: f64,
    read_ns: f64,
}

/// Measures and gives the text to print.
pub fn run(options: &Options) -> Result<String, Error> {
    let figures = Figures {
        device: measure(options)?,
        crash_states_per_second: crash_states::per_second(options.repetitions)?,
        heap_bytes_per_simulated_minute: growth::bytes_per_simulated_minute()?,
    };
    if options.json { Ok(serde_json::to_string_pretty(&figures)? + "\n") } else { Ok(describe(options, &figures)) }
}

fn measure(options: &Options) -> Result<Requests, Error> {
    let work = [write, write_and_flush, read];
    let times = side_by_side(work, options.requests, options.repetitions)?;
    let [write, write_and_flush, read] = times.map(|time| time.as_secs_f64() * 1e9 / options.requests as f64);
    Ok(Requests {
        write_ns: one_decimal(write),
        flush_ns: one_decimal(write_and_flush - write),
        read_ns: one_decimal(read),
    })
}

fn describe(options: &Options, figures: &Figures) -> String {
    let mut text = format!(
        "Requests of 8 KiB to a block device, one at a time, {} of each (fastest of {})\n\n  {:<28}{:>12}{:>14}\n",
        grouped(options.requests as f64),
        options.repetitions,
        "",
        "ns/request",
        "requests/s"
    );
    let rows = [
        ("write", figures.device.write_ns),
        ("flush after each write", figures.device.flush_ns),
        ("read", figures.device.read_ns),
    ];
    for (name, nanoseconds) in rows {
        text.push_str(&format!("  {name:<28}{:>12}{:>14}\n", grouped(nanoseconds), grouped(1e9 / nanoseconds)));
    }
    text.push_str(&format!(
        "\nStates after a power cut of 64 open writes, each restored: {} a second\n",
        grouped(figures.crash_states_per_second)
    ));
    if let Some(bytes) = figures.heap_bytes_per_simulated_minute {
        text.push_str(&format!(
            "Memory of the drill dm_dsc/kill_and_rejoin: {} bytes more for each simulated minute\n",
            grouped(bytes as f64)
        ));
    }
    text
}

fn write(requests: u64) -> Result<(), Error> {
    let contents = contents();
    one_by_one(requests, async move |disk, number| disk.write(place(number), content(&contents, number)).await)
}

fn write_and_flush(requests: u64) -> Result<(), Error> {
    let contents = contents();
    one_by_one(requests, async move |disk, number| {
        disk.write(place(number), content(&contents, number)).await?;
        disk.flush().await
    })
}

fn read(requests: u64) -> Result<(), Error> {
    let area: Arc<[u8]> = contents().concat().repeat((PAGES / u64::from(CONTENTS)) as usize).into();
    one_by_one(requests, async move |disk, number| {
        if number == 0 {
            disk.write(0, area.clone()).await?;
        }
        disk.read(place(number), PAGE_BYTES).await.map(drop)
    })
}

/// Runs a world with one host, one device, and one process that takes one step after the other.
fn one_by_one(requests: u64, step: impl AsyncFn(&Disk, u64) -> Result<(), IoError> + 'static) -> Result<(), Error> {
    let world = World::new(WorldOptions { seed: Seed(1), ..WorldOptions::default() });
    let device = world.add_shared_device(DeviceOptions::new("shared", SECTORS))?;
    let (answered, step) = (Rc::new(Cell::new(0)), Rc::new(step));
    let count = answered.clone();
    let program = move |process: Process| {
        let (count, step) = (count.clone(), step.clone());
        async move {
            let disk = process.disk(device);
            for number in 0..requests {
                if step(&disk, number).await.is_err() {
                    return 1;
                }
                count.set(number + 1);
            }
            0
        }
    };
    let process = world.add_process(world.add_host("node1"), "writer", program);
    world.run(Limits::default(), |world| {
        world.start(process);
    });
    require_all("the device", answered.get(), requests)
}

fn contents() -> Vec<Arc<[u8]>> {
    (0..CONTENTS).map(|content| vec![content; PAGE_BYTES as usize].into()).collect()
}

fn content(contents: &[Arc<[u8]>], number: u64) -> Arc<[u8]> {
    contents[number as usize % contents.len()].clone()
}

fn place(number: u64) -> u64 {
    number % PAGES * PAGE_BYTES
}
