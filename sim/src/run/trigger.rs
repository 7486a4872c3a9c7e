//! Waiting for the moment at which a step or a fault begins.

use nodes::world::time::Instant;
use nodes::world::trace::What;

use super::stage::Stage;
use crate::draws::DrawnWhen;
use crate::scenario::model::{NodeSelector, Trigger};

/// Waits until the moment has come; never returns if it never comes.
pub(super) async fn wait(stage: &Stage, when: &DrawnWhen) {
    match when {
        DrawnWhen::At { at } => stage.world().sleep_until(Instant::START + *at).await,
        DrawnWhen::After { after, delay, nth } => {
            match after {
                // A step or a fault begins and ends once.
                Trigger::Step(..) | Trigger::Fault(..) if *nth > 1 => std::future::pending().await,
                Trigger::Step(name, moment) | Trigger::Fault(name, moment) => {
                    stage.signals().wait(name, *moment).await;
                }
                Trigger::Announced { node, event } => announced(stage, node, event, *nth).await,
            }
            let begin = stage.world().now() + *delay;
            stage.world().sleep_until(begin).await;
        }
    }
}

/// Waits until a node has announced an event `nth` times from now on. Who the node is, is asked at each announcement.
pub(super) async fn announced(stage: &Stage, node: &NodeSelector, name: &str, nth: u32) {
    let world = stage.world();
    let mut read = world.with_trace(|trace| trace.events().len());
    let mut remaining = nth as usize;
    while remaining > 0 {
        world.announced(None, name, 1).await;
        // Several may have come in one turn.
        let heard = world.with_trace(|trace| {
            let new = &trace.events()[std::mem::replace(&mut read, trace.events().len())..];
            new.iter().filter(|event| is_called(&event.what, name) && stage.is_from(trace, event, node)).count()
        });
        remaining = remaining.saturating_sub(heard);
    }
}

/// Whether this is an announcement of that name, or what happened to a process under that name.
fn is_called(what: &What, name: &str) -> bool {
    match what {
        What::Announced { name: announced, .. } => *announced == name,
        What::Process(change) => change.event_name() == name,
        _ => false,
    }
}
