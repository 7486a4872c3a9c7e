//! `drop`: messages are lost; on a connection they come a retransmission later.

use nodes::world::network::Effect;

use super::links::{Words, rule, ways};
use super::{Begun, Inject, Scene};
use crate::scenario::verbs::network::Drop;

impl Inject for Drop {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let (targets, ways) = ways(scene, &self.link, pick);
        let words = Words { english: "were lost", chinese: "丢失" };
        rule(scene, targets, ways, Effect::Drop((self.ratio.numerator, self.ratio.denominator)), words)
    }
}
