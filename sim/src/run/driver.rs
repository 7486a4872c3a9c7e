//! Builds the world, lets everything loose in it, and writes down what came of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use nodes::product::{ClusterPlan, Product};
use nodes::world::disk::DeviceId;
use nodes::world::executor::{Ending, Limits};
use nodes::world::streams::Seed;
use nodes::world::time::Instant;
use nodes::world::{World, WorldOptions};

use super::core::{self, Watcher};
use super::cut::{self, Cuts, Wanted};
use super::faults::{Damage, Injector, Shelf};
use super::observer::Sightings;
use super::record::{CoreRecord, DeviceRecord, Record};
use super::setup::{cluster_plan, set_links};
use super::stage::Stage;
use super::steps::{Logbook, Operator};
use super::storage::{self, Weather};
use super::workload::{self, Ledger};
use super::{RunError, RunOptions};
use crate::draws::Draws;
use crate::scenario::Scenario;

/// No run lasts as long.
const FAR_AWAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The name of the clients' machine; no host of a scenario can have it.
const CLIENTS: &str = "clients";

/// Runs one seed to its end. Whatever the models do wrong comes out of it as a panic.
pub(super) fn drive(
    scenario: &Scenario,
    product: &Product,
    draws: &Draws,
    options: &RunOptions,
) -> Result<Record, RunError> {
    drive_with(scenario, product, draws, options, |_| {})
}

/// Runs one seed until the moments of a cut have come.
pub(super) fn drive_to_cut(
    scenario: &Scenario,
    product: &Product,
    draws: &Draws,
    options: &RunOptions,
    wanted: &Wanted,
) -> Result<(Record, Cuts), RunError> {
    let kept: Rc<RefCell<Cuts>> = Rc::default();
    let record = drive_with(scenario, product, draws, options, |stage| {
        stage.world().spawn_outside(cut::wait(stage.clone(), wanted.clone(), kept.clone()));
    })?;
    let cuts = kept.take();
    Ok((record, cuts))
}

/// Runs one seed; `beside` may let loose something more, which watches and does nothing.
pub(super) fn drive_with(
    scenario: &Scenario,
    product: &Product,
    draws: &Draws,
    options: &RunOptions,
    beside: impl FnOnce(&Stage),
) -> Result<Record, RunError> {
    let world = World::new(WorldOptions { seed: Seed(draws.seed), keep: options.keep, ..WorldOptions::default() });
    let wanted_core = core::Wanted::of(scenario, draws.seed);
    // The watcher of a core ends the run itself: by the time-outs of the product, which the cluster knows.
    let time = if wanted_core.is_some() { FAR_AWAY } else { scenario.run.time_limit };
    let limits =
        Limits { time: Instant::START + time, events: scenario.run.steps_limit, interrupted: options.interrupted };
    let plan = cluster_plan(scenario, product);
    let staged: RefCell<Option<Result<Scene, RunError>>> = RefCell::new(None);
    let ending = world.run(limits, |world| {
        let mut scene = Scene::build(world, scenario, product, &plan);
        match &mut scene {
            Ok(scene) => {
                scene.begin(scenario, draws, wanted_core);
                beside(&scene.stage);
            }
            Err(_) => world.stop(),
        }
        *staged.borrow_mut() = Some(scene);
    });
    match staged.take() {
        Some(scene) => Ok(scene?.write_down(&world, draws.seed, plan, ending)),
        None => unreachable!("a run begins before it ends"),
    }
}

/// Everything that is let loose, and the books it is written down in.
struct Scene {
    stage: Stage,
    logbook: Logbook,
    damage: Damage,
    ledger: Ledger,
    sightings: Sightings,
    weather: Weather,
    core: Rc<RefCell<Option<CoreRecord>>>,
}

impl Scene {
    fn build(world: &World, scenario: &Scenario, product: &Product, plan: &ClusterPlan) -> Result<Self, RunError> {
        let cluster = product.build_in(world, plan)?;
        let missing = scenario.nodes.iter().find(|node| world.find_host(&node.name).is_none());
        if let Some(node) = missing {
            return Err(RunError::HostMissing { model: product.model, host: node.name.clone() });
        }
        let hosts = scenario.nodes.iter().filter_map(|node| world.find_host(&node.name)).collect();
        let clients = scenario.workload.as_ref().map(|_| world.add_host(CLIENTS));
        let stage = Stage::new(world, cluster, hosts, clients);
        set_links(world, scenario, &stage);
        let weather = storage::set(world, scenario, product, &stage)?;
        Ok(Scene {
            stage,
            logbook: Logbook::of(&scenario.steps),
            damage: Damage::default(),
            ledger: Ledger::default(),
            sightings: Sightings::default(),
            weather,
            core: Rc::default(),
        })
    }

    /// Lets everything loose. Whoever waits for something waits before anything can happen.
    fn begin(&mut self, scenario: &Scenario, draws: &Draws, wanted_core: Option<core::Wanted>) {
        let world = self.stage.world().clone();
        self.sightings.begin(&self.stage);
        self.begin_traffic(scenario);
        for (number, (step, drawn)) in scenario.steps.iter().zip(&draws.steps).enumerate() {
            let operator = Operator {
                stage: self.stage.clone(),
                logbook: self.logbook.clone(),
                number,
                step: step.clone(),
                drawn: drawn.clone(),
            };
            world.spawn_outside(operator.work());
        }
        self.damage = Damage::of(&scenario.faults, &draws.faults);
        let shelf = Shelf::default();
        for (number, drawn) in draws.faults.iter().enumerate() {
            let injector = Injector {
                stage: self.stage.clone(),
                shelf: Rc::clone(&shelf),
                damage: self.damage.clone(),
                number,
                drawn: drawn.clone(),
            };
            world.spawn_outside(injector.work());
        }
        self.weather.begin(&self.stage);
        if let Some(wanted) = wanted_core {
            let watcher = Watcher {
                stage: self.stage.clone(),
                damage: self.damage.clone(),
                weather: self.weather.clone(),
                ledger: self.ledger.clone(),
                kept: Rc::clone(&self.core),
            };
            world.spawn_outside(watcher.watch(wanted));
        }
        let stage = self.stage.clone();
        world.spawn_outside(async move { stage.cluster().start() });
    }

    fn begin_traffic(&self, scenario: &Scenario) {
        let (Some(traffic), Some(machine)) = (&scenario.workload, self.stage.clients()) else { return };
        let Some(word) = workload::find(&traffic.kind) else { return };
        let clients = workload::add_clients(&self.stage, machine, word, traffic, &self.ledger);
        self.stage.world().spawn_outside(clients.begin(self.stage.clone()));
    }

    fn write_down(self, world: &World, seed: u64, plan: ClusterPlan, ending: Ending) -> Record {
        self.sightings.look(&self.stage);
        let cluster = self.stage.cluster();
        Record {
            seed,
            history: self.ledger.take(plan.initial),
            devices: (0..world.device_count()).map(|number| device_record(world, DeviceId(number))).collect(),
            regions: cluster.regions(),
            steps: self.logbook.take(),
            faults: self.damage.take(&self.stage),
            weather: self.weather.counted(world),
            states: self.sightings.take(),
            core: self.core.take(),
            ending,
            ended: world.now(),
            waiting_for: cluster.waiting_for(),
            trace: world.take_trace(),
        }
    }
}

fn device_record(world: &World, device: DeviceId) -> DeviceRecord {
    let now = world.now();
    let host = world.host_of_device(device).map(|host| world.host_name(host).to_string());
    world.with_device(device, |device| DeviceRecord {
        name: device.options().name.clone(),
        host,
        visible: device.visible_image(now),
        journal: device.journal().clone(),
    })
}
