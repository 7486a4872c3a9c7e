//! `fail-vip`: binding or unbinding the virtual address does not succeed.

use nodes::product::VIRTUAL_ADDRESS;

use super::fail_command::breaks;
use super::{Begun, Inject, Scene};
use crate::scenario::verbs::outside::FailVip;

impl Inject for FailVip {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        breaks(scene, &self.on, pick, VIRTUAL_ADDRESS, self.how, self.count)
    }
}
