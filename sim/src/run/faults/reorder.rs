//! `reorder`: datagrams are held back, so that later ones overtake them; a connection keeps its order.

use std::time::Duration;

use nodes::world::latency::Latency;
use nodes::world::network::Effect;

use super::links::{Words, rule, ways};
use super::{Begun, Inject, Scene};
use crate::scenario::verbs::network::Reorder;

/// For how long: longer than a message usually takes, so that others overtake it.
pub(in crate::run) const HELD_BACK: Latency = Latency::even(Duration::from_millis(1), Duration::from_millis(50));

impl Inject for Reorder {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let (targets, ways) = ways(scene, &self.link, pick);
        let words = Words { english: "were held back", chinese: "被延后" };
        rule(scene, targets, ways, Effect::Reorder((self.ratio.numerator, self.ratio.denominator), HELD_BACK), words)
    }
}
