//! What came before something good and could have led to it, found by walking backwards through a run.

use std::collections::BTreeMap;

use nodes::world::time::Instant;

use super::flow::{Actor, Flow, Flows};

/// Where a walk backwards begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Goal {
    /// Actors that had to live and act until a moment.
    pub needs: Vec<(Actor, Instant)>,
    /// An operation of a client that had to be answered.
    pub operation: Option<Answered>,
}

/// An operation of a client: what it waited for came between its call and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The client.
    pub client: Actor,
    /// When it called.
    pub called: Instant,
    /// When it was answered.
    pub returned: Instant,
}

impl Answered {
    fn waits_at(&self, at: Instant) -> bool {
        self.called <= at && at <= self.returned
    }
}

/// What a goal rests on.
#[derive(Clone, Debug, Default)]
pub struct Cone {
    /// Until when each actor was needed.
    pub needed: BTreeMap<Actor, Instant>,
    /// What passed between them.
    pub flows: Vec<Flow>,
}

impl Cone {
    /// Everything from which a goal could be reached through what passed between actors. What only repeats leads
    /// nowhere, except while the operation of the goal waits: an acknowledgement may say what a thousand others said
    /// before it.
    pub fn of(goal: &Goal, flows: &Flows) -> Cone {
        let mut cone = Cone::default();
        let mut open = goal.needs.clone();
        if let Some(Answered { client, called, returned }) = goal.operation {
            // Nothing that the client did before is needed.
            let before = called.as_nanos().checked_sub(1).map(Instant);
            for flow in flows.taken_up(client, before, returned) {
                open.push((flow.from, flow.left));
                cone.flows.push(*flow);
            }
        }
        while let Some((actor, until)) = open.pop() {
            let known = cone.needed.get(&actor).copied();
            if known.is_some_and(|known| known >= until) {
                continue;
            }
            cone.needed.insert(actor, until);
            for flow in flows.taken_up(actor, known, until) {
                let waits = goal.operation.is_some_and(|operation| operation.waits_at(flow.arrived));
                if !flow.repeats || waits {
                    open.push((flow.from, flow.left));
                    cone.flows.push(*flow);
                }
            }
        }
        cone
    }

    /// Whether an actor was needed at a moment or later.
    pub fn needs(&self, actor: Actor, at: Instant) -> bool {
        self.needed.get(&actor).is_some_and(|until| *until >= at)
    }
}
