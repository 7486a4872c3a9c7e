//! A glance into a run: somebody types one command at one moment, and the run ends when it has answered.
//!
//! It exists so that any moment of a report can be asked what a status command would have shown. The run up to the
//! moment is the run without the glance: nothing of the world is drawn or moved by somebody who has not typed yet. What
//! comes after it is nobody's business.
//!
//! [`glances`] types many commands into one run that goes on to its end. There each look could disturb what comes after
//! it, so whoever asks compares what the nodes did with a run without looks (see [`crate::closeup`]). What is typed has
//! a shell of its own on every host, an [`OBSERVER`], so that a look shares no connection with a command of the drill.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use nodes::operations::Whom;
use nodes::parts::shell::Shell;
use nodes::product::{PortableStep, Product};
use nodes::world::World;
use nodes::world::executor::first_of;
use nodes::world::time::Instant;
use nodes::world::trace::HostId;

use super::driver::drive_with;
use super::record::{CommandRecord, Record};
use super::stage::Stage;
use super::{RunError, RunOptions, panics};
use crate::draws::Draws;
use crate::scenario::Scenario;

/// The process on each host in which looks are typed.
pub const OBSERVER: &str = "observer";

/// How long a command may take before one stops looking.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command that is typed at a moment of a run.
#[derive(Clone, Debug)]
pub struct Look {
    /// When.
    pub at: Instant,
    /// On this host, whatever comes of it; else where `whom` says.
    pub host: Option<String>,
    /// Where.
    pub whom: Whom,
    /// The words.
    pub words: Vec<String>,
}

/// The run that is looked into: which one, and how it is done.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Its product.
    pub product: &'a Product,
    /// What its seed draws.
    pub draws: &'a Draws,
    /// What is kept of it.
    pub options: RunOptions,
}

impl Subject<'_> {
    /// Runs the seed with something beside it that keeps what it sees.
    fn beside<T: Default + 'static>(
        &self,
        begin: impl FnOnce(&Stage, &Rc<RefCell<T>>),
    ) -> Result<(Record, T), RunError> {
        let seen: Rc<RefCell<T>> = Rc::default();
        let run = || drive_with(self.scenario, self.product, self.draws, &self.options, |stage| begin(stage, &seen));
        let seed = self.draws.seed;
        let record = panics::catch(run).map_err(|panic| RunError::Panicked { seed, panic }).and_then(|done| done)?;
        Ok((record, seen.take()))
    }

    /// Runs the seed up to a moment, does something there and ends: the run so far and what was seen; nothing was if
    /// the run was over before. What has to be there from the start, `prepare` does before it gives the work.
    fn until<T: Default + 'static, F: Future<Output = T> + 'static>(
        &self,
        at: Instant,
        prepare: impl FnOnce(&Stage) -> F,
    ) -> Result<(Record, T), RunError> {
        self.beside(|stage, seen| {
            let (work, world, seen) = (prepare(stage), stage.world().clone(), seen.clone());
            stage.world().spawn_outside(async move {
                world.sleep_until(at).await;
                let saw = work.await;
                *seen.borrow_mut() = saw;
                world.stop();
            });
        })
    }
}

/// The shells of whoever looks.
#[derive(Clone)]
struct Observer {
    stage: Stage,
    shells: Rc<BTreeMap<HostId, Shell>>,
}

impl Observer {
    /// Sits down at every host, before the run begins: what befalls a host befalls whoever looks from there as well.
    fn sit_down(stage: &Stage) -> Self {
        let world = stage.world();
        let open = |host: &HostId| {
            let shell = stage.cluster().shell(*host).another(world, OBSERVER);
            world.start(shell.process());
            (*host, shell)
        };
        Observer { stage: stage.clone(), shells: Rc::new(stage.nodes().iter().map(open).collect()) }
    }

    fn world(&self) -> &World {
        self.stage.world()
    }

    /// Types a command where the look says. One that fails on a host is tried on the next if any host will do.
    async fn ask(&self, look: &Look) -> Vec<CommandRecord> {
        let world = self.world();
        let named = look.host.as_ref().map(|name| world.find_host(name).into_iter().collect());
        let hosts: Vec<HostId> = named.unwrap_or_else(|| self.stage.nodes().to_vec());
        let mut shown = Vec::new();
        for host in hosts {
            let command = match self.shells.get(&host) {
                Some(shell) if world.is_powered(host) => self.type_into(shell, host, look.words.clone()).await,
                _ => self.unreachable_host(host, look.words.clone()),
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

    async fn type_into(&self, shell: &Shell, host: HostId, words: Vec<String>) -> CommandRecord {
        let world = self.world();
        let running = shell.begin(words.clone());
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

    fn unreachable_host(&self, host: HostId, words: Vec<String>) -> CommandRecord {
        let world = self.world();
        let (name, began) = (world.host_name(host).to_string(), world.now());
        let lines = vec![(began, format!("{name}: no route to host"))];
        CommandRecord { host: name, words, began, ended: None, exit_code: None, lines }
    }
}

/// Runs a seed to its end and types a command at each of some moments: the run, and for each look what was typed where
/// and what it showed. A look that was not answered before the end of the run has shown nothing.
///
/// # Errors
/// As [`super::run_scenario`].
pub fn glances(subject: &Subject<'_>, looks: &[Look]) -> Result<(Record, Vec<Vec<CommandRecord>>), RunError> {
    let (record, mut shown) = subject.beside(|stage, seen: &Rc<RefCell<Vec<Vec<CommandRecord>>>>| {
        seen.borrow_mut().resize(looks.len(), Vec::new());
        let observer = Observer::sit_down(stage);
        for (number, look) in looks.iter().cloned().enumerate() {
            let (observer, seen) = (observer.clone(), seen.clone());
            stage.world().spawn_outside(async move {
                observer.world().sleep_until(look.at).await;
                let shown = observer.ask(&look).await;
                seen.borrow_mut()[number] = shown;
            });
        }
    })?;
    shown.resize(looks.len(), Vec::new());
    Ok((record, shown))
}

/// Runs a seed up to a look, which nothing was typed before: the run so far, and what was typed and what it showed.
/// Nothing was typed if the run was over before, or no host was there to type on.
///
/// # Errors
/// As [`super::run_scenario`].
pub fn glance(subject: &Subject<'_>, look: &Look) -> Result<(Record, Vec<CommandRecord>), RunError> {
    subject.until(look.at, |stage| {
        let (observer, look) = (Observer::sit_down(stage), look.clone());
        async move { observer.ask(&look).await }
    })
}

/// The command a portable verb about a host would stand for at a moment of a run, and the host to type it on; none if
/// the product has no such command then.
///
/// # Errors
/// As [`super::run_scenario`].
pub fn portable_command(
    subject: &Subject<'_>,
    at: Instant,
    (verb, about): (&str, &str),
) -> Result<Option<(String, Vec<String>)>, RunError> {
    let (verb, about) = (verb.to_owned(), about.to_owned());
    let (_, command) = subject.until(at, |stage| {
        let stage = stage.clone();
        async move {
            let world = stage.world();
            let step = world.find_host(&about).map(|target| PortableStep { verb, target });
            let command = step.and_then(|step| stage.cluster().command_for(&step));
            command.map(|(host, words)| (world.host_name(host).to_string(), words))
        }
    })?;
    Ok(command)
}

/// Runs a seed up to a moment: the record so far.
///
/// # Errors
/// As [`super::run_scenario`].
pub fn run_until(subject: &Subject<'_>, until: Instant) -> Result<Record, RunError> {
    let (record, ()) = subject.until(until, |_| async {})?;
    Ok(record)
}
