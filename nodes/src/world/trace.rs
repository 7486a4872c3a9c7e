//! The trace of a run: every event that matters, typed, with a running hash.
//!
//! The trace is the run: equal hashes mean equal runs. Every message, device request, log line and client operation
//! goes into the hash. What happened inside the cluster's own view (announcements, process changes, logs, client
//! operations, steps and faults) is also kept; messages and device requests ("detail") are kept only when asked,
//! because there are a hundred thousand of them in a minute.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::digest::Digest;
use super::time::Instant;

/// A host, by its number in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct HostId(pub u16);

/// A process, by its number in the order of creation; it keeps the number over restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ProcessId(pub u16);

/// Which life of a process: 1 after its first start, one more after each restart, 0 before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Incarnation(pub u32);

/// One value of an announcement.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A number.
    Number(i64),
    /// A word or a sentence.
    Text(Arc<str>),
}

impl Value {
    /// The number, if it is one.
    pub fn number(&self) -> Option<i64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Text(_) => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Number(_) => None,
            Value::Text(text) => Some(text),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number) => number.fmt(f),
            Value::Text(text) => text.fmt(f),
        }
    }
}

macro_rules! value_from_integer {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Value {
            fn from(number: $integer) -> Self {
                Value::Number(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }
    )*};
}
value_from_integer!(u8, u16, u32, u64, usize, i32, i64);

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Value::Number(i64::from(yes))
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.into())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text.into())
    }
}
impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Value::Text(text.as_str().into())
    }
}

/// The named values of an announcement, in the order they were given.
pub type Fields = Vec<(&'static str, Value)>;

/// Builds [`Fields`]: `fields! { owner: 2, version: 7 }`.
#[macro_export]
macro_rules! fields {
    () => { ::std::vec::Vec::new() };
    ($($name:ident : $value:expr),+ $(,)?) => {
        ::std::vec![$((stringify!($name), $crate::world::trace::Value::from($value))),+]
    };
}

/// Where an event happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Place {
    /// Outside the cluster: the operator, the fault injector, the run itself.
    Outside,
    /// A host.
    Host(HostId),
    /// One life of a process.
    Process(ProcessId, Incarnation),
}

/// What happened to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum ProcessChange {
    /// A new incarnation runs.
    Started,
    /// It ended by itself with this code.
    Exited(i32),
    /// It was killed (SIGKILL, or its host lost power).
    Killed,
    /// It was stopped in its tracks (SIGSTOP).
    Paused,
    /// It goes on (SIGCONT).
    Resumed,
}

impl ProcessChange {
    /// The name by which a scenario can wait for it.
    pub fn event_name(self) -> &'static str {
        match self {
            ProcessChange::Started => "process.started",
            ProcessChange::Exited(_) => "process.exited",
            ProcessChange::Killed => "process.killed",
            ProcessChange::Paused => "process.paused",
            ProcessChange::Resumed => "process.resumed",
        }
    }
}

/// What happened to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum MessageFate {
    /// It left its sender.
    Sent,
    /// It was put into its receiver's mailbox.
    Delivered,
    /// It was lost: cut link, loss, dead receiver, full link.
    Dropped,
}

/// How the world changed under a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostChange {
    /// It lost its power.
    PowerLost,
    /// It has its power back.
    PowerRestored,
    /// Its wall clock moved by so many nanoseconds.
    ClockJumps(i64),
    /// Its clock runs fast by so many parts per billion.
    ClockDrifts(i64),
    /// Its network card was plugged in or out.
    NetworkCard {
        /// Whether it is in.
        up: bool,
    },
    /// It lost a path to the device of this number.
    PathLost(u16),
    /// It has a path to the device of this number back.
    PathRestored(u16),
    /// The device of this number, built into it, lost its power.
    DevicePowerLost(u16),
    /// It died, and this became of its writes on the way to a device that it shares.
    WritesInFlight {
        /// The device's number.
        device: u16,
        /// How many were dropped.
        dropped: usize,
        /// How many were carried out.
        applied: usize,
        /// How many are still to land.
        late: usize,
        /// How many were torn.
        torn: usize,
    },
}

impl fmt::Display for HostChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostChange::PowerLost => write!(f, "power lost"),
            HostChange::PowerRestored => write!(f, "power restored"),
            HostChange::ClockJumps(nanoseconds) => write!(f, "wall clock jumps by {nanoseconds} ns"),
            HostChange::ClockDrifts(parts_per_billion) => write!(f, "clock drifts by {parts_per_billion} ppb"),
            HostChange::NetworkCard { up } => write!(f, "network card {}", if *up { "up" } else { "down" }),
            HostChange::PathLost(device) => write!(f, "path to device {device} lost"),
            HostChange::PathRestored(device) => write!(f, "path to device {device} restored"),
            HostChange::DevicePowerLost(device) => write!(f, "device {device} lost its power"),
            HostChange::WritesInFlight { device, dropped, applied, late, torn } => {
                write!(
                    f,
                    "device {device}: writes in flight dropped {dropped}, applied {applied}, still to land {late}"
                )?;
                if *torn == 0 { Ok(()) } else { write!(f, ", torn {torn}") }
            }
        }
    }
}

/// As its words: the hash of a trace is that of what it says.
impl Hash for HostChange {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.to_string().hash(state);
    }
}

impl Serialize for HostChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum What {
    /// A node announced something by name; scenarios can wait for it.
    Announced {
        /// The event's name, kebab-case with dots.
        name: &'static str,
        /// Its values.
        fields: Fields,
    },
    /// A node wrote a line into one of its log files.
    Log {
        /// The file's name below the host's log directory.
        file: Arc<str>,
        /// The line, as a DBA would see it.
        line: Arc<str>,
    },
    /// A process started, ended, paused or resumed.
    Process(ProcessChange),
    /// The world changed under a host: power, clock, network card.
    Host(HostChange),
    /// A fault of the scenario.
    Fault {
        /// The fault's name in the scenario.
        name: Arc<str>,
        /// What it did or proved.
        text: Arc<str>,
    },
    /// A step of the operator.
    Step {
        /// The step's name in the scenario.
        name: Arc<str>,
        /// What was typed or came back.
        text: Arc<str>,
    },
    /// A client called or got an answer.
    Client {
        /// The client's number.
        client: u32,
        /// The operation's number in the history.
        operation: u64,
        /// `called`, `ok`, `failed` or `unknown`.
        phase: &'static str,
        /// The digest of the actions or results.
        digest: u64,
    },
    /// Something happened to a message (detail).
    Message {
        /// Its sender.
        from: ProcessId,
        /// Its receiver.
        to: ProcessId,
        /// What happened to it.
        fate: MessageFate,
        /// Its content, printed; empty unless detail is kept.
        text: Arc<str>,
        /// The digest of its content.
        digest: u64,
    },
    /// A device request was accepted or completed (detail).
    Device {
        /// The device's number.
        device: u16,
        /// What it was, printed; empty unless detail is kept.
        text: Arc<str>,
        /// The digest of the request and its bytes.
        digest: u64,
    },
}

impl What {
    /// Whether this is kept only when detail was asked for.
    pub fn is_detail(&self) -> bool {
        matches!(self, What::Message { .. } | What::Device { .. })
    }
}

/// One event of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its number in the run, detail included.
    pub number: u64,
    /// When.
    pub at: Instant,
    /// Where.
    pub place: Place,
    /// What.
    pub what: What,
}

/// The names behind [`ProcessId`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProcessName {
    /// Its host.
    pub host: HostId,
    /// Its own name (`gaussdb`).
    pub name: Arc<str>,
}

/// The events of a run, and their hash.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Host names by [`HostId`].
    pub hosts: Vec<Arc<str>>,
    /// Process names by [`ProcessId`].
    pub processes: Vec<ProcessName>,
    events: Vec<Event>,
    count: u64,
    digest: Digest,
    keep_detail: bool,
    prefix_hashes: Option<Vec<u64>>,
}

/// How much of a run its trace keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Keep messages and device requests too.
    pub detail: bool,
    /// Keep the hash after each event, to find the first difference of two runs.
    pub prefix_hashes: bool,
}

impl Trace {
    /// An empty trace.
    pub fn new(keep: Keep) -> Self {
        Trace { keep_detail: keep.detail, prefix_hashes: keep.prefix_hashes.then(Vec::new), ..Trace::default() }
    }

    /// Records an event; returns its number.
    pub fn record(&mut self, at: Instant, place: Place, what: What) -> u64 {
        let digest = Digest::of(&(place, &what));
        if what.is_detail() && !self.keep_detail {
            return self.count_in(at, digest);
        }
        let number = self.count_in(at, digest);
        self.events.push(Event { number, at, place, what });
        number
    }

    /// Folds a detail event into the hash without building it, when detail is not kept.
    #[inline]
    pub(crate) fn record_detail(&mut self, at: Instant, place: Place, digest: u64, what: impl FnOnce() -> What) -> u64 {
        let number = self.count_in(at, digest);
        if self.keep_detail {
            self.events.push(Event { number, at, place, what: what() });
        }
        number
    }

    #[inline]
    fn count_in(&mut self, at: Instant, digest: u64) -> u64 {
        self.digest.word(at.as_nanos());
        self.digest.word(digest);
        if let Some(hashes) = &mut self.prefix_hashes {
            hashes.push(self.digest.value());
        }
        let number = self.count;
        self.count += 1;
        number
    }

    /// The kept events, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How many events the run had, detail included.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The hash of all events so far.
    pub fn hash(&self) -> u64 {
        self.digest.value()
    }

    /// The hash after each event, if it was asked for.
    pub fn prefix_hashes(&self) -> Option<&[u64]> {
        self.prefix_hashes.as_deref()
    }

    /// The host of a place, if it has one.
    pub fn host_of(&self, place: Place) -> Option<HostId> {
        match place {
            Place::Outside => None,
            Place::Host(host) => Some(host),
            Place::Process(process, _) => self.processes.get(usize::from(process.0)).map(|name| name.host),
        }
    }

    /// `dn1`, `dn1/gaussdb` or `outside`.
    pub fn place_name(&self, place: Place) -> String {
        match place {
            Place::Outside => "outside".to_owned(),
            Place::Host(host) => self.host_name(host).to_owned(),
            Place::Process(process, _) => self.process_name(process),
        }
    }

    /// A host's name.
    pub fn host_name(&self, host: HostId) -> &str {
        self.hosts.get(usize::from(host.0)).map_or("?", |name| name)
    }

    /// `dn1/gaussdb`.
    pub fn process_name(&self, process: ProcessId) -> String {
        match self.processes.get(usize::from(process.0)) {
            Some(name) => format!("{}/{}", self.host_name(name.host), name.name),
            None => format!("process {}", process.0),
        }
    }

    /// The announcements called `name`, in order.
    pub fn announced<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a Event, &'a Fields)> + 'a {
        self.events.iter().filter_map(move |event| match &event.what {
            What::Announced { name: announced, fields } if *announced == name => Some((event, fields)),
            _ => None,
        })
    }
}

/// The value called `name` among `fields`.
pub fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a Value> {
    fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(name: &'static str) -> What {
        What::Announced { name, fields: fields! { owner: 2 } }
    }

    #[test]
    fn the_hash_covers_time_place_and_content_and_detail_that_is_not_kept() {
        let hash = |at, place, what| {
            let mut trace = Trace::new(Keep::default());
            trace.record(at, place, what);
            trace.hash()
        };
        let message = |digest| What::Message {
            from: ProcessId(0),
            to: ProcessId(1),
            fate: MessageFate::Sent,
            text: "".into(),
            digest,
        };
        let base = hash(Instant(1), Place::Outside, announced("a"));
        assert_ne!(base, hash(Instant(2), Place::Outside, announced("a")));
        assert_ne!(base, hash(Instant(1), Place::Host(HostId(0)), announced("a")));
        assert_ne!(base, hash(Instant(1), Place::Outside, announced("b")));
        assert_ne!(hash(Instant(1), Place::Outside, message(1)), hash(Instant(1), Place::Outside, message(2)));
    }

    #[test]
    fn numbers_count_detail_whether_kept_or_not() {
        for detail in [false, true] {
            let mut trace = Trace::new(Keep { detail, prefix_hashes: true });
            let device = What::Device { device: 0, text: "".into(), digest: 5 };
            trace.record(Instant(1), Place::Outside, device);
            assert_eq!(trace.record(Instant(1), Place::Outside, announced("a")), 1);
            assert_eq!(trace.events().len(), 1 + usize::from(detail));
            assert_eq!(trace.prefix_hashes().map(<[u64]>::len), Some(2));
        }
    }
}
