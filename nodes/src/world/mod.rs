//! The simulated world: one file per simulated thing, on madsim's executor.

pub mod clock;
pub mod digest;
pub mod latency;
pub mod streams;
pub mod time;
pub mod trace;
