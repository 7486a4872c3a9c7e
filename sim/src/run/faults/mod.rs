//! What the world does to the cluster: one file for each fault verb, one list of them all.
//!
//! A fault must prove that it bit (packets lost, turns delayed, a process gone) and, where it was to end, that it
//! ended. The proof is what the world counted, never what was planned: a drill whose fault missed has tested nothing.
//!
//! To add a verb, write its file with an [`Inject`] for the verb's type and add it to the list in [`injectable`].

mod device;
mod drop;
mod duplicate;
mod fail_command;
mod fail_vip;
mod jump_clock;
mod kill;
mod limit_bandwidth;
mod links;
mod lose_power;
mod nic_down;
mod partition;
mod pause;
mod prioritize;
mod remove_file;
mod reorder;
mod restore_file;
mod restore_power;
mod resume;
mod skew_clock;
mod slow;
mod slow_cpu;
mod start;

pub(super) use reorder::HELD_BACK;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use nodes::world::trace::{HostId, Place, What};

use super::record::{Effects, FaultRecord};
use super::stage::Stage;
use super::trigger;
use crate::draws::Drawn;
use crate::scenario::model::{Fault, Moment};
use crate::scenario::verbs::FaultVerb;

/// A verb that can be carried out.
pub(super) trait Inject {
    /// Does it to whoever is meant now. `pick` decides where one of several is meant.
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun;
}

/// What a fault acts on.
pub(super) struct Scene<'a> {
    pub(super) stage: &'a Stage,
    pub(super) shelf: &'a Shelf,
}

/// Removed files, until somebody puts them back.
pub(super) type Shelf = Rc<RefCell<BTreeMap<(HostId, String), Vec<u8>>>>;

/// A fault that has acted.
pub(super) struct Begun {
    /// Whom it hit, roles bound to names.
    pub(super) targets: Vec<String>,
    /// How to end it, and what it did.
    pub(super) injection: Box<dyn Injection>,
}

/// A fault in force.
pub(super) trait Injection {
    /// What it has done so far.
    fn effects(&self, stage: &Stage) -> Effects;

    /// Takes it back.
    fn end(&mut self, _stage: &Stage) {}

    /// Whether its effects still grow when it is over, because they are found later.
    fn goes_on_counting(&self) -> bool {
        false
    }
}

/// A fault that is over as soon as it has acted.
pub(super) struct Done(pub(super) Effects);

impl Injection for Done {
    fn effects(&self, _: &Stage) -> Effects {
        self.0.clone()
    }
}

impl Begun {
    /// A fault that is over as soon as it has acted.
    fn done(targets: Vec<String>, effects: Effects) -> Begun {
        Begun { targets, injection: Box::new(Done(effects)) }
    }
}

/// The list: how each verb is carried out.
fn injectable(verb: &FaultVerb) -> &dyn Inject {
    match verb {
        FaultVerb::Kill(verb) => verb,
        FaultVerb::StartProcess(verb) => verb,
        FaultVerb::Pause(verb) => verb,
        FaultVerb::Resume(verb) => verb,
        FaultVerb::SlowCpu(verb) => verb,
        FaultVerb::LosePower(verb) => verb,
        FaultVerb::RestorePower(verb) => verb,
        FaultVerb::Partition(verb) => verb,
        FaultVerb::NicDown(verb) => verb,
        FaultVerb::Slow(verb) => verb,
        FaultVerb::Drop(verb) => verb,
        FaultVerb::Duplicate(verb) => verb,
        FaultVerb::Reorder(verb) => verb,
        FaultVerb::LimitBandwidth(verb) => verb,
        FaultVerb::Prioritize(verb) => verb,
        FaultVerb::SkewClock(verb) => verb,
        FaultVerb::JumpClock(verb) => verb,
        FaultVerb::FailCommand(verb) => verb,
        FaultVerb::FailVip(verb) => verb,
        FaultVerb::RemoveFile(verb) => verb,
        FaultVerb::RestoreFile(verb) => verb,
        FaultVerb::LosePath(verb) => verb,
        FaultVerb::RestorePath(verb) => verb,
        FaultVerb::PowerCut(verb) => verb,
        FaultVerb::TornWrite(verb) => verb,
        FaultVerb::ReadError(verb) => verb,
        FaultVerb::WriteError(verb) => verb,
        FaultVerb::BitRot(verb) => verb,
        FaultVerb::MisdirectWrite(verb) => verb,
        FaultVerb::StaleRead(verb) => verb,
        FaultVerb::LoseWrite(verb) => verb,
        FaultVerb::FailFlush(verb) => verb,
        FaultVerb::LieAboutFlush(verb) => verb,
        FaultVerb::FillDevice(verb) => verb,
        FaultVerb::SlowDevice(verb) => verb,
        FaultVerb::StallDevice(verb) => verb,
        FaultVerb::LimpDevice(verb) => verb,
        FaultVerb::LateWrite(verb) => verb,
        FaultVerb::LoseReservation(verb) => verb,
        FaultVerb::LoseData(verb) => verb,
    }
}

/// What the faults have done so far.
#[derive(Clone, Default)]
pub(super) struct Damage {
    faults: Rc<RefCell<Vec<Page>>>,
}

struct Page {
    record: FaultRecord,
    injection: Option<Box<dyn Injection>>,
}

impl Damage {
    /// A page for each fault.
    pub(super) fn of(faults: &[Fault], drawn: &[Drawn<FaultVerb>]) -> Self {
        let page = |(fault, drawn): (&Fault, &Drawn<FaultVerb>)| Page {
            record: FaultRecord {
                name: fault.name.clone(),
                verb: drawn.verb.name(),
                targets: Vec::new(),
                fired: None,
                lasts: drawn.lasts,
                ended: None,
                effects: Effects::default(),
            },
            injection: None,
        };
        Damage { faults: Rc::new(RefCell::new(faults.iter().zip(drawn).map(page).collect())) }
    }

    /// Everything the faults did; those still in force are counted now.
    pub(super) fn take(&self, stage: &Stage) -> Vec<FaultRecord> {
        let count = |mut page: Page| {
            if let Some(injection) = &page.injection {
                page.record.effects = injection.effects(stage);
            }
            page.record
        };
        self.faults.take().into_iter().map(count).collect()
    }
}

/// Faults of links: what is between the hosts of a core is healed by itself, and the rest of such a fault stays.
const OF_LINKS: [&str; 8] =
    ["partition", "nic-down", "slow", "drop", "duplicate", "reorder", "limit-bandwidth", "prioritize"];

impl Damage {
    /// Ends what is still at work on these hosts alone, or on what all hosts share; says what that was.
    pub(super) fn heal(&self, stage: &Stage, hosts: &[String]) -> Vec<String> {
        let mut healed = Vec::new();
        for page in self.faults.borrow_mut().iter_mut() {
            let FaultRecord { name, verb, targets, ended, effects, .. } = &mut page.record;
            let everybody = stage.host_names(stage.nodes());
            let about: Vec<&String> = everybody.iter().filter(|host| is_about(targets, host)).collect();
            let is_theirs = about.iter().all(|host| hosts.contains(host));
            if OF_LINKS.contains(verb) || !is_theirs {
                continue;
            }
            let Some(mut injection) = page.injection.take_if(|_| ended.is_none()) else { continue };
            *effects = injection.effects(stage);
            injection.end(stage);
            *ended = Some(stage.world().now());
            healed.push(format!("the fault {name} ({verb})"));
            page.injection = Some(injection).filter(|injection| injection.goes_on_counting());
        }
        healed
    }
}

impl Damage {
    /// Whether a fault is at work that cuts this host off, from some or from all.
    pub(super) fn cuts_off(&self, host: &str) -> bool {
        self.faults.borrow().iter().any(|page| {
            let record = &page.record;
            let is_at_work = record.fired.is_some() && record.ended.is_none();
            is_at_work && ["partition", "nic-down"].contains(&record.verb) && is_about(&record.targets, host)
        })
    }
}

/// Whether a host is among what people read as the targets of a fault (`dn1/gaussdb`, `data of dn1`).
fn is_about(targets: &[String], host: &str) -> bool {
    targets.iter().any(|target| target.split([' ', ',', '[', ']', '/']).any(|word| word == host))
}

/// One fault in the hands of the injector.
pub(super) struct Injector {
    pub(super) stage: Stage,
    pub(super) shelf: Shelf,
    pub(super) damage: Damage,
    pub(super) number: usize,
    pub(super) drawn: Drawn<FaultVerb>,
}

impl Injector {
    /// Does what the fault says when its moment has come, and takes it back when that is over.
    pub(super) async fn work(self) {
        trigger::wait(&self.stage, &self.drawn.when).await;
        self.stage.unless_frozen().await;
        self.begin();
        self.stage.signals().give(&self.drawn.name, Moment::Started);
        if let Some(length) = self.drawn.lasts {
            let end = self.stage.world().now() + length;
            self.stage.world().sleep_until(end).await;
            self.stage.unless_frozen().await;
            self.end();
        }
        self.stage.signals().give(&self.drawn.name, Moment::Ended);
    }

    fn begin(&self) {
        let verb = injectable(&self.drawn.verb);
        self.note(&self.drawn.verb.story().en);
        let fired = self.stage.world().now();
        let Begun { targets, injection } =
            verb.begin(&Scene { stage: &self.stage, shelf: &self.shelf }, self.drawn.pick);
        let page = &mut self.damage.faults.borrow_mut()[self.number];
        page.record.targets = targets;
        page.record.fired = Some(fired);
        page.injection = Some(injection);
    }

    fn end(&self) {
        let injection = self.damage.faults.borrow_mut()[self.number].injection.take();
        let Some(mut injection) = injection else { return };
        // Some counters go with the fault they belong to.
        let effects = injection.effects(&self.stage);
        injection.end(&self.stage);
        self.note(&format!("ended: {}", effects.account.en));
        let page = &mut self.damage.faults.borrow_mut()[self.number];
        page.record.ended = Some(self.stage.world().now());
        page.record.effects = effects;
        page.injection = Some(injection).filter(|injection| injection.goes_on_counting());
    }

    fn note(&self, text: &str) {
        let name = self.drawn.name.as_str().into();
        self.stage.world().record(Place::Outside, What::Fault { name, text: text.into() });
    }
}

/// `dn1, dn2`.
fn listed(names: &[String]) -> String {
    names.join(", ")
}

/// Effects of a fault that hits each of some targets or misses it: how many were hit, and how that is told.
fn hit(done: &[String], missed: &[String], english: (&str, &str), chinese: (&str, &str)) -> Effects {
    if done.is_empty() {
        let names = if missed.is_empty() { "nobody".to_owned() } else { listed(missed) };
        let names_zh = if missed.is_empty() { "无目标".to_owned() } else { listed(missed) };
        return Effects::none(format!("{names} {}", english.1), format!("{names_zh} {}", chinese.1));
    }
    let names = listed(done);
    Effects::seen(done.len() as u64, format!("{names} {}", english.0), format!("{names} {}", chinese.0))
}
