//! A glance into a run: somebody types one command at one moment, and the run ends when it has answered.
//!
//! It exists so that any moment of a report can be asked what a status command would have shown. The run up to the
//! moment is the run without the glance: nothing of the world is drawn or moved by somebody who has not typed yet. What
//! comes after it is nobody's business, so the command may be any command.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use nodes::product::Product;
use nodes::world::executor::first_of;
use nodes::world::time::Instant;

use super::driver::drive_with;
use super::record::{CommandRecord, Record};
use super::stage::Stage;
use super::{RunError, RunOptions, panics};
use crate::draws::Draws;
use crate::scenario::Scenario;

/// How long a command may take before one stops looking.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is typed, where and when.
#[derive(Clone, Debug)]
pub struct Glance {
    /// When.
    pub at: Duration,
    /// On which host; the first one that has power if none is named.
    pub host: Option<String>,
    /// The words.
    pub words: Vec<String>,
}

/// Runs a seed up to a moment and types a command there: the run so far and what the command showed. Nothing was
/// typed if the run was over before, or no host was there to type on.
///
/// # Errors
/// As [`super::run_scenario`].
pub fn glance(
    scenario: &Scenario,
    product: &Product,
    draws: &Draws,
    options: &RunOptions,
    glance: &Glance,
) -> Result<(Record, Option<CommandRecord>), RunError> {
    let seen: Rc<RefCell<Option<CommandRecord>>> = Rc::default();
    let run = || {
        let (glance, seen) = (glance.clone(), seen.clone());
        drive_with(scenario, product, draws, options, |stage| {
            let stage = stage.clone();
            stage.world().clone().spawn_outside(look(stage, glance, seen));
        })
    };
    let record =
        panics::catch(run).map_err(|panic| RunError::Panicked { seed: draws.seed, panic }).and_then(|done| done)?;
    let command = seen.borrow_mut().take();
    Ok((record, command))
}

async fn look(stage: Stage, glance: Glance, seen: Rc<RefCell<Option<CommandRecord>>>) {
    let world = stage.world().clone();
    world.sleep_until(Instant::START + glance.at).await;
    let named = glance.host.as_ref().map(|name| world.find_host(name));
    let host = named.unwrap_or_else(|| stage.everyone().into_iter().find(|host| world.is_powered(*host)));
    let Some(host) = host else { return world.stop() };
    let mut command = CommandRecord {
        host: world.host_name(host).to_string(),
        words: glance.words.clone(),
        began: world.now(),
        ended: None,
        exit_code: None,
        lines: Vec::new(),
    };
    if world.is_powered(host) {
        let running = stage.cluster().shell(host).begin(glance.words);
        let limit = world.sleep_until(world.now() + PATIENCE);
        command.exit_code = first_of(running.exit_code(), limit).await.ok();
        command.ended = command.exit_code.map(|_| world.now());
        command.lines = running.lines();
    } else {
        command.lines.push((world.now(), format!("{}: no route to host", command.host)));
    }
    *seen.borrow_mut() = Some(command);
    world.stop();
}
