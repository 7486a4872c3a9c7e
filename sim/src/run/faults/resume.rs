//! `resume`: a paused process goes on.

use super::{Begun, Inject, Scene, hit};
use crate::scenario::verbs::process::Resume;

impl Inject for Resume {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let (mut woken, mut missed) = (Vec::new(), Vec::new());
        for process in scene.stage.processes(&self.target, pick) {
            let resumed = scene.stage.world().resume(process);
            if resumed { &mut woken } else { &mut missed }.push(scene.stage.process_name(process));
        }
        let effects =
            hit(&woken, &missed, ("went on, signal CONT", "was not paused"), ("已继续,信号 CONT", "未被暂停"));
        Begun::done([woken, missed].concat(), effects)
    }
}
