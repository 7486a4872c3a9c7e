//! The stopwatch: how long a piece of work takes on this machine.
//!
//! Contestants take turns instead of running one after the other, so that a busy minute of the machine is shared by
//! all of them, and the fastest turn of each counts: noise only ever adds time. Nothing here runs inside a simulation.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "measuring real time is what benchmarks are for; no seeded run ever calls this module"
)]

use std::time::{Duration, Instant};

use crate::error::Error;

/// A piece of work of the given size.
pub type Work = fn(size: u64) -> Result<(), Error>;

/// Times each contestant `repetitions` times, in turns, and gives the fastest time of each, in their order.
pub fn side_by_side<const N: usize>(
    contestants: [Work; N],
    size: u64,
    repetitions: u32,
) -> Result<[Duration; N], Error> {
    let mut fastest = [Duration::MAX; N];
    for _ in 0..repetitions {
        for (work, best) in contestants.iter().zip(&mut fastest) {
            *best = time(*work, size)?.min(*best);
        }
    }
    Ok(fastest)
}

/// Does a piece of work and tells how long it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}

/// A stretch of time after which nothing new is begun.
#[derive(Clone, Copy)]
pub struct Allowance {
    start: Instant,
    length: Duration,
}

impl Allowance {
    /// It begins now.
    pub fn of_seconds(seconds: u64) -> Allowance {
        Allowance { start: Instant::now(), length: Duration::from_secs(seconds) }
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.start.elapsed() >= self.length
    }
}

/// How long a process took that is running already; `None` if it failed or was not over in time and was stopped.
pub fn ends_within(child: &mut std::process::Child, limit: Duration) -> std::io::Result<Option<Duration>> {
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success().then(|| start.elapsed()));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

fn time(work: Work, size: u64) -> Result<Duration, Error> {
    let start = Instant::now();
    work(size)?;
    Ok(start.elapsed())
}
