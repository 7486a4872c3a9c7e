//! The wall clock, for progress and speed: the one place of this crate that reads it. Nothing under a seed may.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "no run sees it, and no result holds it")]

use std::time::{Duration, Instant};

/// Tells how long ago it was started.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts one.
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// How long ago that was.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
