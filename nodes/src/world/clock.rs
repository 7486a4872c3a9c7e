//! The clocks of a host: a monotonic one that drifts, and a wall clock that can also be wrong or jump.
//!
//! Time-outs of real systems run on the monotonic clock, stamps in logs and on voting disks on the wall clock; a
//! drill that jumps the clock must move the second and leave the first alone.

use std::time::Duration;

use super::time::{Instant, nanos};

/// Parts per billion by which a clock runs fast (positive) or slow (negative).
pub type PartsPerBillion = i64;

const BILLION: i128 = 1_000_000_000;

/// Both clocks of one host.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Nanoseconds since 1970 that the wall clock showed, without its offset, when the run began.
    wall_start: i128,
    /// How much the wall clock is ahead of the truth.
    offset: i128,
    drift: PartsPerBillion,
    /// The last moment the drift changed, in model time and on the monotonic clock.
    anchor: (Instant, u64),
}

impl Clock {
    /// A correct clock, in a run that begins at `wall_start` nanoseconds since 1970.
    pub fn new(wall_start: u64) -> Self {
        Clock { wall_start: i128::from(wall_start), offset: 0, drift: 0, anchor: (Instant::START, 0) }
    }

    /// What the monotonic clock shows: nanoseconds since the run began, as this host counts them.
    pub fn monotonic(&self, now: Instant) -> Instant {
        let (anchor_true, anchor_local) = self.anchor;
        let elapsed = i128::from(nanos(now.since(anchor_true)));
        Instant(anchor_local + (elapsed + elapsed * i128::from(self.drift) / BILLION) as u64)
    }

    /// What the wall clock shows: nanoseconds since 1970.
    pub fn wall(&self, now: Instant) -> WallTime {
        WallTime((self.wall_start + self.offset + i128::from(self.monotonic(now).as_nanos())).max(0) as u64)
    }

    /// How long `local` on this host's monotonic clock really takes.
    pub fn real_length(&self, local: Duration) -> Duration {
        if self.drift == 0 {
            return local;
        }
        Duration::from_nanos((i128::from(nanos(local)) * BILLION / (BILLION + i128::from(self.drift))) as u64)
    }

    /// Moves the wall clock by `nanoseconds`.
    pub fn jump(&mut self, nanoseconds: i64) {
        self.offset += i128::from(nanoseconds);
    }

    /// Lets the clock run fast or slow from now on.
    pub fn set_drift(&mut self, now: Instant, drift: PartsPerBillion) {
        self.anchor = (now, self.monotonic(now).as_nanos());
        self.drift = drift.clamp(-900_000_000, 900_000_000);
    }
}

/// Nanoseconds since 1970-01-01 00:00 as a host believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct WallTime(pub u64);

impl WallTime {
    /// Year, month, day, hour, minute, second, nanosecond, in the run's only time zone.
    pub fn civil(self) -> Civil {
        let seconds = self.0 / 1_000_000_000;
        let (year, month, day) = civil_from_days(seconds / 86_400);
        Civil {
            year,
            month,
            day,
            hour: seconds / 3_600 % 24,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            nanosecond: self.0 % 1_000_000_000,
        }
    }

    /// `2024-10-09 15:07:52.019`.
    pub fn with_millis(self) -> String {
        let Civil { year, month, day, hour, minute, second, nanosecond } = self.civil();
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{:03}", nanosecond / 1_000_000)
    }

    /// `2024-10-09 15:07:52`.
    pub fn with_seconds(self) -> String {
        let mut text = self.with_millis();
        text.truncate(19);
        text
    }

    /// Whole seconds since 1970.
    pub fn seconds(self) -> u64 {
        self.0 / 1_000_000_000
    }
}

/// A date and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct Civil {
    pub year: u64,
    pub month: u64,
    pub day: u64,
    pub hour: u64,
    pub minute: u64,
    pub second: u64,
    pub nanosecond: u64,
}

/// The proleptic Gregorian date `days` days after 1970-01-01. Years are counted from March, so that the leap day is
/// the last of its year.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OCTOBER_9: u64 = 1_728_486_472_019_000_000;

    #[test]
    fn wall_time_prints_as_logs_do() {
        assert_eq!(WallTime(OCTOBER_9).with_millis(), "2024-10-09 15:07:52.019");
        assert_eq!(WallTime(951_782_400_000_000_000).with_seconds(), "2000-02-29 00:00:00");
        assert_eq!(WallTime(0).with_seconds(), "1970-01-01 00:00:00");
    }

    #[test]
    fn a_jump_moves_the_wall_clock_only() {
        let mut clock = Clock::new(OCTOBER_9);
        let now = Instant(5_000_000_000);
        let before = (clock.monotonic(now), clock.wall(now));
        clock.jump(-300_000_000_000);
        assert_eq!(clock.monotonic(now), before.0);
        assert_eq!(clock.wall(now).0, before.1.0 - 300_000_000_000);
    }

    #[test]
    fn a_fast_clock_ends_its_timers_early() {
        let mut clock = Clock::new(0);
        clock.set_drift(Instant(1_000), 1_000_000);
        assert_eq!(clock.monotonic(Instant(1_000)), Instant(1_000));
        assert_eq!(clock.monotonic(Instant(1_000 + 1_000_000_000)), Instant(1_000 + 1_001_000_000));
        assert!(clock.real_length(Duration::from_secs(10)) < Duration::from_secs(10));
    }
}
