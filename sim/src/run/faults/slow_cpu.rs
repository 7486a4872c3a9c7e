//! `slow-cpu`: every turn of a process takes CPU time, so its work piles up.
//!
//! A model computes in no time at all. A process at full speed is taken to spend [`USUAL_TURN`] on each turn, and one
//! at a tenth of its speed ten times that.

use std::time::Duration;

use nodes::world::trace::ProcessId;

use super::{Begun, Effects, Inject, Injection, Scene, listed};
use crate::run::stage::Stage;
use crate::scenario::verbs::process::SlowCpu;

/// What one turn (a message handled, a timer served) costs at full speed.
const USUAL_TURN: Duration = Duration::from_micros(50);

struct Slowed {
    processes: Vec<ProcessId>,
    names: Vec<String>,
}

impl Inject for SlowCpu {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let processes = scene.stage.processes(&self.target, pick);
        let nanos = nodes::world::time::nanos(USUAL_TURN).saturating_mul(self.speed.denominator);
        let turn = Duration::from_nanos(nanos / self.speed.numerator.max(1));
        for process in &processes {
            scene.stage.world().slow(*process, Some(turn));
        }
        let names: Vec<String> = processes.iter().map(|process| scene.stage.process_name(*process)).collect();
        Begun { targets: names.clone(), injection: Box::new(Slowed { processes, names }) }
    }
}

impl Injection for Slowed {
    fn effects(&self, stage: &Stage) -> Effects {
        let delayed = self.processes.iter().map(|process| stage.world().delayed_turns(*process)).sum();
        let names = listed(&self.names);
        Effects::seen(
            delayed,
            format!("{delayed} turns of {names} had to wait for the CPU"),
            format!("{names} 有 {delayed} 次执行等待 CPU"),
        )
    }

    fn end(&mut self, stage: &Stage) {
        for process in &self.processes {
            stage.world().slow(*process, None);
        }
    }
}
