//! `slow`: messages take longer.

use nodes::world::latency::Latency;
use nodes::world::network::Effect;

use super::links::{Words, rule, ways};
use super::{Begun, Inject, Scene};
use crate::scenario::verbs::network::Slow;

impl Inject for Slow {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let (targets, ways) = ways(scene, &self.link, pick);
        let words = Words { english: "took longer", chinese: "被延迟" };
        rule(scene, targets, ways, Effect::Delay(Latency::even(self.latency.low, self.latency.high)), words)
    }
}
