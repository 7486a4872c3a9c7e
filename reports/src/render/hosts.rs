//! The hosts of a report in the order every diagram draws them.

use std::collections::BTreeSet;

use crate::report::Report;

/// The database nodes in the scenario's order, then every other host that did something, by name.
pub(super) fn hosts(report: &Report) -> Vec<&str> {
    let mut hosts: Vec<&str> = report.cluster.nodes.iter().map(|node| node.name.as_str()).collect();
    let lanes = report.lanes.iter().map(|lane| lane.node.as_str());
    let entries = report.timeline.iter().filter_map(|entry| entry.lane.as_deref());
    let messages = report.messages.iter().flat_map(|message| [message.from.as_str(), message.to.as_str()]);
    let writers = report.writers.iter().map(|writer| writer.node.as_str());
    let seen: BTreeSet<&str> = lanes.chain(entries).chain(messages).chain(writers).collect();
    let others: Vec<&str> = seen.into_iter().filter(|host| !hosts.contains(host)).collect();
    hosts.extend(others);
    hosts
}
