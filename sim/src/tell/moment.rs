//! Model time as a report tells it, and names of places.

use std::time::Duration;

use nodes::world::time::{Instant, nanos};
use nodes::world::trace::{Place, Trace};
use reports::{Moment, Span};

pub(super) fn moment(at: Instant) -> Moment {
    Moment(at.as_nanos())
}

pub(super) fn span(length: Duration) -> Span {
    Span(nanos(length))
}

/// The host of a place and, if it is a process, its own name.
pub(super) fn host_and_process(trace: &Trace, place: Place) -> (Option<String>, Option<String>) {
    let host = trace.host_of(place).map(|host| trace.host_name(host).to_owned());
    let process = match place {
        Place::Process(process, _) => trace.processes.get(usize::from(process.0)).map(|name| name.name.to_string()),
        Place::Outside | Place::Host(_) => None,
    };
    (host, process)
}
