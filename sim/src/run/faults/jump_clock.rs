//! `jump-clock`: the wall clock of a host shows another time; its timers go on as before.

use nodes::world::trace::HostId;

use super::{Begun, Effects, Inject, Injection, Scene, listed};
use crate::run::clock::{ahead, told};
use crate::run::stage::Stage;
use crate::scenario::verbs::clock::JumpClock;

struct Jumped {
    hosts: Vec<HostId>,
    by: i64,
    effects: Effects,
}

impl Inject for JumpClock {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let world = scene.stage.world();
        let by = self.by.value().0;
        let hosts = scene.stage.hosts(&self.host, pick);
        let mut moved = Vec::new();
        for host in &hosts {
            let before = ahead(world, *host);
            world.jump_clock(*host, by);
            let after = ahead(world, *host);
            if after != before {
                moved.push(format!("{} {}", world.host_name(*host), told(after - before)));
            }
        }
        let effects = Effects::seen(
            moved.len() as u64,
            format!("wall clocks jumped: {}", listed(&moved)),
            format!("系统时间跳变:{}", listed(&moved)),
        );
        Begun { targets: scene.stage.host_names(&hosts), injection: Box::new(Jumped { hosts, by, effects }) }
    }
}

impl Injection for Jumped {
    fn effects(&self, _: &Stage) -> Effects {
        self.effects.clone()
    }

    fn end(&mut self, stage: &Stage) {
        for host in &self.hosts {
            stage.world().jump_clock(*host, -self.by);
        }
    }
}
