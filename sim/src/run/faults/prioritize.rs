//! `prioritize`: messages are held up by the priority of who sends them.

use nodes::world::network::{Effect, PriorityOptions};

use super::links::{Words, every_way, rule};
use super::{Begun, Inject, Scene};
use crate::scenario::verbs::priorities::Prioritize;

impl Inject for Prioritize {
    fn begin(&self, scene: &Scene<'_>, _pick: u32) -> Begun {
        let (targets, ways) = every_way();
        let words = Words { english: "were held up", chinese: "被延迟" };
        let options = PriorityOptions { depth: self.depth, messages: self.messages, bound: self.latency };
        rule(scene, targets, ways, Effect::Priorities(options), words)
    }
}
