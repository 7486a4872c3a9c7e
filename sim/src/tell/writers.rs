//! Who could write when: from the announcement that writes are open to the one that they are closed, or to the end of
//! the process, whichever comes first.

use std::collections::BTreeMap;

use nodes::product::{Region, events};
use nodes::world::device::EntryKind;
use nodes::world::time::Instant;
use nodes::world::trace::{Fields, HostId, Place, ProcessChange, ProcessId, Value, What, field};
use reports::WriteInterval;

use super::Tale;
use super::moment::moment;

/// A stretch in which one process could write one log.
struct Open<'a> {
    from: Instant,
    /// The log that the announcement names; none where the product has only one.
    log: Option<&'a str>,
}

/// The intervals in order of time.
pub(super) fn writers(tale: &Tale<'_>) -> Vec<WriteInterval> {
    let mut open: BTreeMap<ProcessId, Open<'_>> = BTreeMap::new();
    let mut found: Vec<(Open<'_>, Option<Instant>, ProcessId)> = Vec::new();
    for event in tale.record.trace.events() {
        let Place::Process(process, _) = event.place else { continue };
        match &event.what {
            What::Announced { name: events::WRITES_OPENED, fields } => {
                open.entry(process).or_insert(Open { from: event.at, log: named_log(fields) });
            }
            What::Announced { name: events::WRITES_CLOSED, .. }
            | What::Process(ProcessChange::Exited(_) | ProcessChange::Killed) => {
                found.extend(open.remove(&process).map(|from| (from, Some(event.at), process)));
            }
            _ => {}
        }
    }
    found.extend(open.into_iter().map(|(process, from)| (from, None, process)));
    found.sort_by_key(|(open, until, process)| (open.from, *until, *process));
    found.into_iter().map(|(open, until, process)| interval(tale, &open, until, process)).collect()
}

fn named_log(fields: &Fields) -> Option<&str> {
    match field(fields, "log") {
        Some(Value::Text(log)) => Some(log),
        _ => None,
    }
}

fn interval(tale: &Tale<'_>, open: &Open<'_>, until: Option<Instant>, process: ProcessId) -> WriteInterval {
    let trace = &tale.record.trace;
    let host = trace.processes.get(usize::from(process.0)).map(|name| name.host);
    let node = host.map_or_else(|| "?".to_owned(), |host| trace.host_name(host).to_owned());
    let region = log_of(tale, open.log, &node);
    WriteInterval {
        log: region.map_or_else(|| "log".to_owned(), |region| region.name.clone()),
        writes: host.zip(region).map_or(0, |(host, region)| writes(tale, host, region, open.from, until)),
        node,
        from: moment(open.from),
        until: until.map(moment),
    }
}

/// The log that a node has opened: the one it named, else its own where every node has one, else the only one.
fn log_of<'a>(tale: &Tale<'a>, named: Option<&str>, node: &str) -> Option<&'a Region> {
    let mut logs = tale.record.regions.iter().filter(|region| region.content.is_log());
    let of_that_name = named.and_then(|name| logs.clone().find(|region| region.name == name));
    let own = || logs.clone().find(|region| region.name.split(' ').any(|word| word == node));
    of_that_name.or_else(own).or_else(|| logs.next())
}

/// How many writes of a host to a log took effect in a stretch of time.
fn writes(tale: &Tale<'_>, host: HostId, region: &Region, from: Instant, until: Option<Instant>) -> u64 {
    let Some(device) = tale.record.device(region.device) else { return 0 };
    let sector = device.visible.sector_size();
    let (first, end) = (region.offset / sector, (region.offset + region.length).div_ceil(sector));
    let entries = device.journal.entries().iter().filter(|entry| {
        let in_time = entry.applied.is_some_and(|at| at >= from && until.is_none_or(|until| at <= until));
        let in_place = entry.range.first < end && first < entry.range.end;
        entry.origin.host == host.0 && matches!(entry.kind, EntryKind::Write { .. }) && in_time && in_place
    });
    entries.count() as u64
}
