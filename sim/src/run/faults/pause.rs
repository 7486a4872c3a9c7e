//! `pause`: a process stops in its tracks, accepts connections and never answers.

use nodes::world::trace::{Incarnation, ProcessId};

use super::{Begun, Effects, Inject, Injection, Scene, hit};
use crate::run::stage::Stage;
use crate::scenario::verbs::process::Pause;

struct Paused {
    processes: Vec<(ProcessId, Incarnation)>,
    effects: Effects,
}

impl Inject for Pause {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let world = scene.stage.world();
        let (mut frozen, mut missed, mut processes) = (Vec::new(), Vec::new(), Vec::new());
        for process in scene.stage.processes(&self.target, pick) {
            let name = scene.stage.process_name(process);
            if world.pause(process) {
                processes.push((process, world.incarnation(process)));
                frozen.push(name);
            } else {
                missed.push(name);
            }
        }
        let effects =
            hit(&frozen, &missed, ("was frozen, signal STOP", "did not run"), ("已冻结,信号 STOP", "未在运行"));
        Begun { targets: [frozen, missed].concat(), injection: Box::new(Paused { processes, effects }) }
    }
}

impl Injection for Paused {
    fn effects(&self, _: &Stage) -> Effects {
        self.effects.clone()
    }

    fn end(&mut self, stage: &Stage) {
        for (process, incarnation) in &self.processes {
            // One that was killed and started meanwhile is not ours to wake.
            if stage.world().incarnation(*process) == *incarnation {
                stage.world().resume(*process);
            }
        }
    }
}
