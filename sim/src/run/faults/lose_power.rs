//! `lose-power`: a host is dark; nobody is told, and what was not flushed is at risk.

use nodes::world::trace::HostId;

use super::{Begun, Effects, Inject, Injection, Scene, hit};
use crate::run::stage::Stage;
use crate::scenario::verbs::host::LosePower;

struct Dark {
    hosts: Vec<HostId>,
    effects: Effects,
}

impl Inject for LosePower {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let world = scene.stage.world();
        let meant = scene.stage.hosts(&self.host, pick);
        let (hosts, missed): (Vec<HostId>, Vec<HostId>) = meant.into_iter().partition(|host| world.lose_power(*host));
        let (dark, missed) = (scene.stage.host_names(&hosts), scene.stage.host_names(&missed));
        let effects = hit(&dark, &missed, ("was without power", "had no power already"), ("已断电", "此前已无电"));
        Begun { targets: [dark, missed].concat(), injection: Box::new(Dark { hosts, effects }) }
    }
}

impl Injection for Dark {
    fn effects(&self, _: &Stage) -> Effects {
        self.effects.clone()
    }

    fn end(&mut self, stage: &Stage) {
        for host in &self.hosts {
            stage.world().restore_power(*host);
        }
    }
}
