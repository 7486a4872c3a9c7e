//! A glance into a run: somebody types one command at one moment, and the run ends when it has answered.
//!
//! It exists so that any moment of a report can be asked what a status command would have shown. The run up to the
//! moment is the run without the glance: nothing of the world is drawn or moved by somebody who has not typed yet. What
//! comes after it is nobody's business.
//!
//! [`glances`] types many commands into one run that goes on to its end. There each look could disturb what comes after
//! it, so whoever asks compares what the nodes did with a run without looks (see [`crate::closeup`]).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use nodes::operations::Whom;
use nodes::product::{PortableStep, Product};
use nodes::world::executor::first_of;
use nodes::world::time::Instant;
use nodes::world::trace::HostId;

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

/// A command that is typed into a run that goes on.
#[derive(Clone, Debug)]
pub struct Look {
    /// When.
    pub at: Instant,
    /// Where.
    pub whom: Whom,
    /// The words.
    pub words: Vec<String>,
}

/// Runs a seed to its end and types a command at each of some moments: the run, and for each look what was typed where
/// and what it showed. A look that was not answered before the end of the run has shown nothing.
///
/// # Errors
/// As [`super::run_scenario`].
pub fn glances(
    scenario: &Scenario,
    product: &Product,
    draws: &Draws,
    options: &RunOptions,
    looks: &[Look],
) -> Result<(Record, Vec<Vec<CommandRecord>>), RunError> {
    let seen: Rc<RefCell<Vec<Vec<CommandRecord>>>> = Rc::new(RefCell::new(vec![Vec::new(); looks.len()]));
    let run = || {
        let seen = seen.clone();
        drive_with(scenario, product, draws, options, |stage| {
            for (number, look) in looks.iter().cloned().enumerate() {
                let (stage, seen) = (stage.clone(), seen.clone());
                stage.world().clone().spawn_outside(async move {
                    stage.world().sleep_until(look.at).await;
                    let shown = ask(&stage, &look).await;
                    seen.borrow_mut()[number] = shown;
                });
            }
        })
    };
    let record =
        panics::catch(run).map_err(|panic| RunError::Panicked { seed: draws.seed, panic }).and_then(|done| done)?;
    let shown = seen.take();
    Ok((record, shown))
}

/// Runs a seed up to a look, which nothing was typed before: what it showed.
///
/// # Errors
/// As [`super::run_scenario`].
pub fn look_alone(
    scenario: &Scenario,
    product: &Product,
    draws: &Draws,
    options: &RunOptions,
    look: &Look,
) -> Result<Vec<CommandRecord>, RunError> {
    let seen: Rc<RefCell<Vec<CommandRecord>>> = Rc::default();
    let run = || {
        let (seen, look) = (seen.clone(), look.clone());
        drive_with(scenario, product, draws, options, |stage| {
            let stage = stage.clone();
            stage.world().clone().spawn_outside(async move {
                stage.world().sleep_until(look.at).await;
                let shown = ask(&stage, &look).await;
                *seen.borrow_mut() = shown;
                stage.world().stop();
            });
        })
    };
    panics::catch(run).map_err(|panic| RunError::Panicked { seed: draws.seed, panic }).and_then(|done| done)?;
    Ok(seen.take())
}

/// The command a portable verb about a host would stand for at a moment of a run, and the host to type it on; none if
/// the product has no such command then.
///
/// # Errors
/// As [`super::run_scenario`].
pub fn portable_command(
    scenario: &Scenario,
    product: &Product,
    draws: &Draws,
    at: Instant,
    (verb, about): (&str, &str),
) -> Result<Option<(String, Vec<String>)>, RunError> {
    let seen = Rc::new(RefCell::new(None));
    let run = || {
        let (seen, verb, about) = (seen.clone(), verb.to_owned(), about.to_owned());
        drive_with(scenario, product, draws, &RunOptions::default(), |stage| {
            let stage = stage.clone();
            stage.world().clone().spawn_outside(async move {
                let world = stage.world();
                world.sleep_until(at).await;
                let step = world.find_host(&about).map(|target| PortableStep { verb, target });
                let command = step.and_then(|step| stage.cluster().command_for(&step));
                *seen.borrow_mut() = command.map(|(host, words)| (world.host_name(host).to_string(), words));
                world.stop();
            });
        })
    };
    panics::catch(run).map_err(|panic| RunError::Panicked { seed: draws.seed, panic }).and_then(|done| done)?;
    Ok(seen.take())
}

/// Runs a seed up to a moment: the record so far.
///
/// # Errors
/// As [`super::run_scenario`].
pub fn run_until(
    scenario: &Scenario,
    product: &Product,
    draws: &Draws,
    options: &RunOptions,
    until: Instant,
) -> Result<Record, RunError> {
    let run = || {
        drive_with(scenario, product, draws, options, |stage| {
            let world = stage.world().clone();
            stage.world().spawn_outside(async move {
                world.sleep_until(until).await;
                world.stop();
            });
        })
    };
    panics::catch(run).map_err(|panic| RunError::Panicked { seed: draws.seed, panic }).and_then(|done| done)
}

/// Types a command where the look says. One that fails on a host is tried on the next if any host will do.
async fn ask(stage: &Stage, look: &Look) -> Vec<CommandRecord> {
    let world = stage.world();
    let mut shown = Vec::new();
    for host in stage.nodes().iter().copied() {
        let command = match world.is_powered(host) {
            true => type_on(stage, host, look.words.clone()).await,
            false => unreachable_host(stage, host, look.words.clone()),
        };
        let answered = command.exit_code == Some(0);
        match look.whom {
            Whom::Every => shown.push(command),
            Whom::Any => shown = vec![command],
        }
        if look.whom == Whom::Any && answered {
            break;
        }
    }
    shown
}

async fn type_on(stage: &Stage, host: HostId, words: Vec<String>) -> CommandRecord {
    let world = stage.world();
    let running = stage.cluster().shell(host).begin(words.clone());
    let began = world.now();
    let exit_code = first_of(running.exit_code(), world.sleep_until(began + PATIENCE)).await.ok();
    CommandRecord {
        host: world.host_name(host).to_string(),
        words,
        began,
        ended: exit_code.map(|_| world.now()),
        exit_code,
        lines: running.lines(),
    }
}

async fn look(stage: Stage, glance: Glance, seen: Rc<RefCell<Option<CommandRecord>>>) {
    let world = stage.world().clone();
    world.sleep_until(Instant::START + glance.at).await;
    let named = glance.host.as_ref().map(|name| world.find_host(name));
    let host = named.unwrap_or_else(|| stage.everyone().into_iter().find(|host| world.is_powered(*host)));
    let Some(host) = host else { return world.stop() };
    let command = match world.is_powered(host) {
        true => type_on(&stage, host, glance.words).await,
        false => unreachable_host(&stage, host, glance.words),
    };
    *seen.borrow_mut() = Some(command);
    world.stop();
}

fn unreachable_host(stage: &Stage, host: HostId, words: Vec<String>) -> CommandRecord {
    let world = stage.world();
    let (name, began) = (world.host_name(host).to_string(), world.now());
    let lines = vec![(began, format!("{name}: no route to host"))];
    CommandRecord { host: name, words, began, ended: None, exit_code: None, lines }
}
