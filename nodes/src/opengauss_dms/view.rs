//! How every node looks from outside, read from what the processes announce.
//!
//! No process keeps this: whoever drives a cluster follows the trace, as an operator follows logs and status output.

use crate::product::{NodeState, events};
use crate::world::trace::{Event, Fields, Place, ProcessChange, What, field};

use super::messages::InstanceId;
use super::plan::NodeProcesses;

/// What the trace has told so far.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// How many events of the trace have been read.
    read: usize,
    states: Vec<NodeState>,
    /// Every instance that has become primary, in order.
    primaries: Vec<InstanceId>,
    /// Who asked last to become primary.
    candidate: Option<InstanceId>,
    /// Who last saw the reformer lock at itself.
    reformer: Option<InstanceId>,
    /// Whose cm_server said last that it is primary, if it has not said the opposite since.
    cm_primary: Option<InstanceId>,
}

impl View {
    /// Of a cluster of so many nodes, before anything has happened.
    pub(super) fn new(nodes: usize) -> Self {
        View {
            read: 0,
            states: vec![NodeState::default(); nodes],
            primaries: Vec::new(),
            candidate: None,
            reformer: None,
            cm_primary: None,
        }
    }

    /// Reads on in the events of a trace from where it stopped last.
    pub(super) fn follow(&mut self, events: &[Event], nodes: &[NodeProcesses]) {
        for event in events.get(self.read..).unwrap_or_default() {
            self.take(event, nodes);
        }
        self.read = events.len();
    }

    fn take(&mut self, event: &Event, nodes: &[NodeProcesses]) {
        let Place::Process(process, _) = event.place else { return };
        let node = |which: fn(&NodeProcesses) -> crate::world::trace::ProcessId| {
            nodes.iter().position(|node| which(node) == process)
        };
        if let Some(index) = node(|node| node.gaussdb) {
            match &event.what {
                What::Process(ProcessChange::Started) => self.states[index] = starting(),
                What::Announced { name, fields } => self.hear(index, name, fields),
                _ => {}
            }
        } else if let (Some(index), What::Announced { name, .. }) = (node(|node| node.cm_server), &event.what) {
            match *name {
                "cms.primary" => self.cm_primary = Some(index as InstanceId),
                "cms.standby" => self.cm_primary = None,
                _ => {}
            }
        }
    }

    fn hear(&mut self, index: usize, name: &str, fields: &Fields) {
        let instance = index as InstanceId;
        let text = |name| field(fields, name).and_then(|value| value.text());
        let state = &mut self.states[index];
        match name {
            events::ROLE_CHANGED => {
                let primary = text("role") == Some("primary");
                state.role = if primary { "Primary" } else { "Standby" }.to_owned();
                self.primaries.extend(primary.then_some(instance));
            }
            events::STATE_CHANGED => state.state = text("state").unwrap_or_default().to_owned(),
            events::WRITES_OPENED => {
                state.writable = true;
                let epoch = field(fields, "epoch").and_then(|value| value.number());
                state.epoch = epoch.map_or(0, i64::unsigned_abs);
            }
            events::WRITES_CLOSED => (state.writable, state.epoch) = (false, 0),
            "switchover.requested" => self.candidate = Some(instance),
            "reformer-lock.acquired" => self.reformer = Some(instance),
            _ => {}
        }
    }

    /// The nodes as they last looked, whether their processes are still there or not.
    pub(super) fn states(&self) -> &[NodeState] {
        &self.states
    }

    /// The instance that became primary last.
    pub(super) fn primary(&self) -> Option<InstanceId> {
        self.primaries.last().copied()
    }

    /// The instance that is to become primary, or did so last.
    pub(super) fn new_primary(&self) -> Option<InstanceId> {
        self.candidate.or(self.primary())
    }

    /// The primary before the new one.
    pub(super) fn old_primary(&self) -> Option<InstanceId> {
        let new = self.new_primary();
        self.primaries.iter().rev().copied().find(|instance| Some(*instance) != new)
    }

    /// Who last saw the reformer lock at itself.
    pub(super) fn reformer(&self) -> Option<InstanceId> {
        self.reformer
    }

    /// Whose cm_server is primary, as far as it has said.
    pub(super) fn cm_primary(&self) -> Option<InstanceId> {
        self.cm_primary
    }
}

/// A gaussdb that has just been started.
fn starting() -> NodeState {
    NodeState { role: "Standby".to_owned(), state: "Starting".to_owned(), ..NodeState::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields;
    use crate::world::time::Instant;
    use crate::world::trace::{HostId, Incarnation, ProcessId};

    fn nodes() -> Vec<NodeProcesses> {
        let process = |node: u16, number: u16| ProcessId(node * 10 + number);
        let node = |node: u16| NodeProcesses {
            host: HostId(node),
            gaussdb: process(node, 0),
            dssserver: process(node, 1),
            cm_agent: process(node, 2),
            cm_server: process(node, 3),
            om_monitor: process(node, 4),
        };
        (0..3).map(node).collect()
    }

    fn event(process: u16, what: What) -> Event {
        Event { number: 0, at: Instant::START, place: Place::Process(ProcessId(process), Incarnation(1)), what }
    }

    fn said(process: u16, name: &'static str, fields: Fields) -> Event {
        event(process, What::Announced { name, fields })
    }

    #[test]
    fn the_view_follows_what_is_announced_and_reads_nothing_twice() {
        let nodes = nodes();
        let mut events = vec![
            event(0, What::Process(ProcessChange::Started)),
            said(0, events::ROLE_CHANGED, fields! { role: "primary" }),
            said(0, events::STATE_CHANGED, fields! { state: "Normal" }),
            said(0, events::WRITES_OPENED, fields! { epoch: 4 }),
            said(0, "reformer-lock.acquired", fields! { owner: 0 }),
            said(13, "cms.primary", fields! { node: 2 }),
            said(11, events::ROLE_CHANGED, fields! { role: "primary" }),
        ];
        let mut view = View::new(3);
        view.follow(&events, &nodes);
        let first = &view.states()[0];
        assert_eq!(
            (first.role.as_str(), first.state.as_str(), first.writable, first.epoch),
            ("Primary", "Normal", true, 4)
        );
        assert_eq!((view.primary(), view.reformer(), view.cm_primary()), (Some(0), Some(0), Some(1)));
        assert_eq!((view.new_primary(), view.old_primary()), (Some(0), None));

        events.push(said(10, "switchover.requested", fields! { instance: 1 }));
        events.push(said(0, events::WRITES_CLOSED, fields! {}));
        events.push(said(13, "cms.standby", fields! { node: 2 }));
        view.follow(&events, &nodes);
        assert_eq!((view.new_primary(), view.old_primary()), (Some(1), Some(0)));
        assert_eq!((view.states()[0].writable, view.cm_primary()), (false, None));
        view.follow(&events, &nodes);
        assert_eq!(view.primaries, [0]);
    }

    #[test]
    fn a_new_life_looks_like_one() {
        let mut view = View::new(3);
        let told = [
            said(20, events::ROLE_CHANGED, fields! { role: "primary" }),
            said(20, events::WRITES_OPENED, fields! { epoch: 9 }),
            event(20, What::Process(ProcessChange::Started)),
        ];
        view.follow(&told, &nodes());
        assert_eq!(view.states()[2], starting());
        assert_eq!(view.primary(), Some(2), "it was primary all the same");
    }
}
