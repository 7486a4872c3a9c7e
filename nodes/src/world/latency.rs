//! How long something takes: a range drawn evenly, with a rare long tail.
//!
//! Integers only, so that a seed draws the same delay on every machine. FoundationDB's simulator uses the same shape
//! for its network (a short range, and about one packet in a thousand that takes far longer).

use std::time::Duration;

use super::streams::Stream;

/// A distribution of delays: even between `low` and `high`, but one draw in `tail_every` reaches up to `tail_high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// The shortest delay.
    pub low: Duration,
    /// The longest ordinary delay.
    pub high: Duration,
    /// One draw in so many is from the tail (`high` to `tail_high`); 0 means no tail.
    pub tail_every: u64,
    /// The longest delay of the tail.
    pub tail_high: Duration,
}

impl Latency {
    /// Always the same delay.
    pub const fn fixed(delay: Duration) -> Self {
        Latency::even(delay, delay)
    }

    /// Even between both ends.
    pub const fn even(low: Duration, high: Duration) -> Self {
        Latency { low, high, tail_every: 0, tail_high: high }
    }

    /// The same, with one draw in `every` between `high` and `tail_high`.
    pub const fn with_tail(self, every: u64, tail_high: Duration) -> Self {
        Latency { tail_every: every, tail_high, ..self }
    }

    /// One delay.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> Duration {
        if self.tail_every != 0 && stream.below(self.tail_every) == 0 {
            return stream.duration(self.high, self.tail_high);
        }
        stream.duration(self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::streams::Seed;

    #[test]
    fn the_tail_is_rare_and_long() {
        let latency = Latency::even(Duration::from_micros(100), Duration::from_micros(900))
            .with_tail(1000, Duration::from_millis(100));
        let mut stream = Seed(1).stream("test");
        let long = (0..100_000).filter(|_| latency.draw(&mut stream) > latency.high).count();
        assert!((60..150).contains(&long), "{long} of 100,000 draws were from the tail");
    }
}
