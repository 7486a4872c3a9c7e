//! `limit-bandwidth`: only so many bytes pass in a second; what is more must queue.

use nodes::world::network::Effect;

use super::links::{Words, rule, ways};
use super::{Begun, Inject, Scene};
use crate::scenario::verbs::network::LimitBandwidth;

impl Inject for LimitBandwidth {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let (targets, ways) = ways(scene, &self.link, pick);
        let words = Words { english: "passed the narrowed link", chinese: "经过限速链路" };
        rule(scene, targets, ways, Effect::Bandwidth(self.bandwidth.0), words)
    }
}
