//! `kill`: a process is gone at once.

use nodes::world::process::Status;

use super::{Begun, Inject, Scene, hit};
use crate::scenario::verbs::process::Kill;

impl Inject for Kill {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let world = scene.stage.world();
        let (mut gone, mut missed) = (Vec::new(), Vec::new());
        for process in scene.stage.processes(&self.target, pick) {
            let killed = world.kill(process) && world.status(process) == Status::Killed;
            if killed { &mut gone } else { &mut missed }.push(scene.stage.process_name(process));
        }
        let effects = hit(&gone, &missed, ("was gone, signal 9", "did not run"), ("已消失,信号 9", "未在运行"));
        Begun::done([gone, missed].concat(), effects)
    }
}
