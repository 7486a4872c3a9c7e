//! `start`: a process that is down runs again.

use super::{Begun, Inject, Scene, hit};
use crate::scenario::verbs::process::StartProcess;

impl Inject for StartProcess {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let (mut started, mut missed) = (Vec::new(), Vec::new());
        for process in scene.stage.processes(&self.target, pick) {
            let runs = scene.stage.world().start(process);
            if runs { &mut started } else { &mut missed }.push(scene.stage.process_name(process));
        }
        let english = ("was started", "could not be started: it runs already or its host has no power");
        let effects = hit(&started, &missed, english, ("已启动", "无法启动:已在运行或主机无电"));
        Begun::done([started, missed].concat(), effects)
    }
}
