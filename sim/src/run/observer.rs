//! Writes down how the nodes look from outside, whenever that may have changed.
//!
//! It asks what a status command could ask, at the moments at which something was announced or happened to a process.
//! It changes nothing: a run with the observer has the same trace as one without.

use std::cell::RefCell;
use std::rc::Rc;

use nodes::product::events;
use nodes::world::trace::ProcessChange;

use super::record::Snapshot;
use super::stage::Stage;

const OCCASIONS: [&str; 6] = [
    events::ROLE_CHANGED,
    events::STATE_CHANGED,
    events::WRITES_OPENED,
    events::WRITES_CLOSED,
    events::LOCK_CHANGED,
    events::FENCED,
];

/// What the observer has seen so far.
#[derive(Clone, Default)]
pub(super) struct Sightings {
    snapshots: Rc<RefCell<Vec<Snapshot>>>,
}

impl Sightings {
    /// Sets the observer to work.
    pub(super) fn begin(&self, stage: &Stage) {
        let ends = [ProcessChange::Started, ProcessChange::Exited(0), ProcessChange::Killed];
        for occasion in OCCASIONS.into_iter().chain(ends.map(ProcessChange::event_name)) {
            let (sightings, stage) = (self.clone(), stage.clone());
            let world = stage.world().clone();
            world.spawn_outside(async move {
                loop {
                    stage.world().announced(None, occasion, 1).await;
                    sightings.look(&stage);
                }
            });
        }
    }

    /// Looks once.
    pub(super) fn look(&self, stage: &Stage) {
        let (at, nodes) = (stage.world().now(), stage.cluster().nodes());
        let mut snapshots = self.snapshots.borrow_mut();
        match snapshots.last_mut() {
            Some(last) if last.nodes == nodes => {}
            Some(last) if last.at == at => last.nodes = nodes,
            _ => snapshots.push(Snapshot { at, nodes }),
        }
    }

    /// Everything seen.
    pub(super) fn take(&self) -> Vec<Snapshot> {
        self.snapshots.take()
    }
}
