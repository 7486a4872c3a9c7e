//! Who is meant by a name of the scenario at an event of the record.

use nodes::product::events;
use nodes::world::time::Instant;
use nodes::world::trace::{Event, Place, What, field};

use super::liveness::Reached;
use crate::run::Record;
use crate::scenario::model::{HostSelector, NodeSelector, RoleSelector};

/// The first event called `name` that `selector` announced at or after a moment.
pub(super) fn first_event(record: &Record, selector: &NodeSelector, name: &str, from: Instant) -> Option<Reached> {
    let events = record.trace.events();
    let later = &events[events.partition_point(|event| event.at < from)..];
    let found = later.iter().find(|event| is_called(&event.what, name) && is_from(record, event, selector))?;
    Some(Reached { at: found.at, event: Some(found.number) })
}

fn is_called(what: &What, name: &str) -> bool {
    match what {
        What::Announced { name: announced, .. } => *announced == name,
        What::Process(change) => change.event_name() == name,
        _ => false,
    }
}

fn is_from(record: &Record, event: &Event, selector: &NodeSelector) -> bool {
    let Some(host) = record.trace.host_of(event.place).map(|host| record.trace.host_name(host)) else { return false };
    let process_fits = selector.process.as_ref().is_none_or(|wanted| match event.place {
        Place::Process(process, _) => record.trace.process_name(process).ends_with(&format!("/{wanted}")),
        _ => false,
    });
    process_fits
        && match &selector.host {
            HostSelector::Named(name) => name == host,
            HostSelector::Role(role) => has_role(record, event, host, role),
        }
}

/// Whether a host had a role when an event happened, as far as announcements tell.
fn has_role(record: &Record, event: &Event, host: &str, role: &RoleSelector) -> bool {
    let mut reigns = primaries_until(record, event.number).into_iter().rev();
    let newest = reigns.next();
    match role {
        RoleSelector::All => true,
        RoleSelector::Primary | RoleSelector::NewPrimary => newest == Some(host),
        RoleSelector::OldPrimary => reigns.next() == Some(host),
        RoleSelector::AnyStandby | RoleSelector::EveryStandby => newest != Some(host),
        RoleSelector::Clients => false,
        // Which host a product's own role meant is not in the record.
        RoleSelector::Product(_) => true,
    }
}

fn primaries_until(record: &Record, number: u64) -> Vec<&str> {
    let mut primaries: Vec<&str> = Vec::new();
    for (event, fields) in record.trace.announced(events::ROLE_CHANGED) {
        let became_primary = field(fields, "role").and_then(|role| role.text()) == Some("primary");
        let host = record.trace.host_of(event.place).map(|host| record.trace.host_name(host));
        if let Some(host) = host.filter(|_| became_primary && event.number <= number)
            && primaries.last() != Some(&host)
        {
            primaries.push(host);
        }
    }
    primaries
}
