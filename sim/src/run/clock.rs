//! How wrong the wall clock of a host is, for the faults that make it wrong.

use std::time::Duration;

use nodes::world::World;
use nodes::world::trace::HostId;

use crate::scenario::values::print_duration;

/// By how many nanoseconds the wall clock of a host is ahead of a correct one.
pub(super) fn ahead(world: &World, host: HostId) -> i64 {
    let shown = i128::from(world.wall_clock(host).0);
    i64::try_from(shown - i128::from(world.true_wall_clock().0)).unwrap_or(i64::MAX)
}

/// `+300s` or `-2ms`, to the microsecond.
pub(super) fn told(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "+" };
    let micros = nanoseconds.unsigned_abs() / 1_000;
    format!("{sign}{}", print_duration(Duration::from_micros(micros)))
}
