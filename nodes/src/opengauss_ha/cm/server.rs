//! cm_server: hears the agents, and answers each with what its node shall do.

use std::collections::BTreeMap;

use super::super::plan::Shared;
use super::super::rules::arbitration::{Arbiter, Order, Report, arbitrate};
use super::super::rules::state::ServerMode;
use super::super::rules::term;
use super::{Ordered, PORT, Reported};
use crate::fields;
use crate::world::process::Process;
use crate::world::time::Instant;

/// What the arbiter remembers.
struct Memory {
    heard: BTreeMap<usize, (Instant, Report)>,
    /// When a primary was last heard of.
    primary_heard: Instant,
    /// When it last ordered somebody to reign.
    ordered: Option<Instant>,
    term: u64,
}

/// The program of the arbiter.
pub(in super::super) async fn cm_server(process: Process, plan: Shared) -> i32 {
    let port = process.bind::<Reported>(PORT);
    let begun = process.monotonic();
    let mut memory = Memory { heard: BTreeMap::new(), primary_heard: begun, ordered: None, term: term::FIRST };
    loop {
        let incoming = port.recv().await;
        let Reported { node, report } = incoming.message;
        let now = process.monotonic();
        memory.heard.insert(node, (now, report));
        if report.mode == Some(ServerMode::Primary) {
            memory.primary_heard = now;
        }
        let order = memory.order_for(&process, &plan, node, now);
        port.reply(&incoming, Ordered(order));
    }
}

impl Memory {
    fn order_for(&mut self, process: &Process, plan: &Shared, node: usize, now: Instant) -> Order {
        let parameters = &plan.parameters;
        let is_fresh = |(at, report): &(Instant, Report)| {
            (now.since(*at) < parameters.instance_heartbeat_timeout).then_some(*report)
        };
        let reports: Vec<Option<Report>> =
            (0..plan.nodes().len()).map(|node| self.heard.get(&node).and_then(is_fresh)).collect();
        let is_over = |moment: Instant| now.since(moment) >= parameters.failover_delay;
        let arbiter =
            Arbiter { term: self.term, may_replace: is_over(self.primary_heard) && self.ordered.is_none_or(is_over) };
        let (orders, term) = arbitrate(&reports, arbiter);
        let order = orders[node];
        if let Order::Reign { .. } = order {
            (self.term, self.ordered) = (term, Some(now));
        } else {
            self.term = reports.iter().flatten().map(|report| report.term).fold(self.term, u64::max);
        }
        if order != Order::Stay {
            process.announce("cm.ordered", fields! { node: node, order: order.word(), term: self.term });
        }
        order
    }
}
