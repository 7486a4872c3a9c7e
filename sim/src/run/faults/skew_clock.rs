//! `skew-clock`: both clocks of a host run at another speed.

use std::time::Duration;

use nodes::world::clock::PartsPerBillion;
use nodes::world::trace::HostId;

use super::{Begun, Effects, Inject, Injection, Scene, listed};
use crate::run::clock::{ahead, told};
use crate::run::stage::Stage;
use crate::scenario::values::Ratio;
use crate::scenario::verbs::clock::SkewClock;

/// The smallest deviation that counts as one.
const NOTICEABLE: Duration = Duration::from_micros(1);

struct Skewed {
    /// The hosts, and how far their clocks were ahead before.
    hosts: Vec<(HostId, i64)>,
}

impl Inject for SkewClock {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let world = scene.stage.world();
        let hosts = scene.stage.hosts(&self.host, pick);
        let targets = scene.stage.host_names(&hosts);
        for host in &hosts {
            world.skew_clock(*host, drift(self.rate));
        }
        let hosts = hosts.into_iter().map(|host| (host, ahead(world, host))).collect();
        Begun { targets, injection: Box::new(Skewed { hosts }) }
    }
}

/// How much faster than true, in parts per billion.
fn drift(rate: Ratio) -> PartsPerBillion {
    let billion = 1_000_000_000_i128;
    let speed = billion * i128::from(rate.numerator) / i128::from(rate.denominator.max(1));
    i64::try_from(speed - billion).unwrap_or(i64::MAX)
}

impl Injection for Skewed {
    fn effects(&self, stage: &Stage) -> Effects {
        let moved: Vec<(HostId, i64)> =
            self.hosts.iter().map(|(host, before)| (*host, ahead(stage.world(), *host) - before)).collect();
        let noticeable = nodes::world::time::nanos(NOTICEABLE);
        let wrong = moved.iter().filter(|(_, by)| by.unsigned_abs() >= noticeable).count();
        let told: Vec<String> =
            moved.iter().map(|(host, by)| format!("{} {}", stage.world().host_name(*host), told(*by))).collect();
        Effects::seen(
            wrong as u64,
            format!("clocks went apart: {}", listed(&told)),
            format!("时钟偏离:{}", listed(&told)),
        )
    }

    fn end(&mut self, stage: &Stage) {
        for (host, _) in &self.hosts {
            stage.world().skew_clock(*host, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_becomes_a_drift() {
        assert_eq!(drift(Ratio { numerator: 1001, denominator: 1000 }), 1_000_000);
        assert_eq!(drift(Ratio { numerator: 1, denominator: 2 }), -500_000_000);
        assert_eq!(drift(Ratio::ONE), 0);
    }
}
