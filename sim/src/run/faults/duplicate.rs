//! `duplicate`: datagrams arrive twice; on a connection nobody notices.

use nodes::world::network::Effect;

use super::links::{Words, rule, ways};
use super::{Begun, Inject, Scene};
use crate::scenario::verbs::network::Duplicate;

impl Inject for Duplicate {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let (targets, ways) = ways(scene, &self.link, pick);
        let words = Words { english: "arrived twice", chinese: "重复到达" };
        rule(scene, targets, ways, Effect::Duplicate((self.ratio.numerator, self.ratio.denominator)), words)
    }
}
