//! `restore-power`: a dark host boots.

use nodes::world::trace::HostId;

use super::{Begun, Inject, Scene, hit};
use crate::scenario::verbs::host::RestorePower;

impl Inject for RestorePower {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let world = scene.stage.world();
        let meant = scene.stage.hosts(&self.host, pick);
        let (lit, missed): (Vec<HostId>, Vec<HostId>) = meant.into_iter().partition(|host| world.restore_power(*host));
        let (lit, missed) = (scene.stage.host_names(&lit), scene.stage.host_names(&missed));
        let effects = hit(&lit, &missed, ("has power again", "had not lost its power"), ("已恢复供电", "并未断电"));
        Begun::done([lit, missed].concat(), effects)
    }
}
