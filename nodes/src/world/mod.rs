//! The simulated world: one file per simulated thing, on madsim's executor.
//!
//! | file | what it holds |
//! |---|---|
//! | `executor` | the order of events, tasks, timers |
//! | `process` | hosts, processes, supervisors' tools: start, kill, pause, power |
//! | `network`, `port` | links, rules, connections, typed mailboxes and calls |
//! | `device`, `disk` | block devices with real bytes; how processes use them |
//! | `clock`, `time` | what a host believes the time is; what it is |
//! | `streams`, `latency`, `digest` | random draws keyed by what they belong to |
//! | `trace` | every event, and the hash of the run |

use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub mod clock;
pub mod device;
pub mod digest;
pub mod disk;
pub mod executor;
pub mod latency;
pub mod network;
pub mod port;
pub mod process;
pub mod streams;
pub mod time;
pub mod trace;
mod watch;

use executor::{Executor, Sleep};
use network::Network;
use process::{Host, ProcessState};
use streams::{Seed, StreamKey};
use time::Instant;
use trace::{Event, Fields, Keep, Place, Trace, What};

/// What a world is made with.
#[derive(Clone, Copy, Debug)]
pub struct WorldOptions {
    /// The seed of every draw.
    pub seed: Seed,
    /// What correct wall clocks show when the run begins, in nanoseconds since 1970.
    pub wall_start: u64,
    /// How much the trace keeps.
    pub keep: Keep,
}

impl Default for WorldOptions {
    fn default() -> Self {
        // 2026-01-01 09:00:00
        WorldOptions { seed: Seed(0), wall_start: 1_767_258_000_000_000_000, keep: Keep::default() }
    }
}

/// A handle to the world of one run; cheap to clone, never leaves its thread.
#[derive(Clone)]
pub struct World {
    pub(crate) inner: Rc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) seed: Seed,
    pub(crate) wall_start: u64,
    pub(crate) now: Cell<Instant>,
    pub(crate) executor: Executor,
    pub(crate) hosts: RefCell<Vec<Host>>,
    pub(crate) processes: RefCell<Vec<ProcessState>>,
    pub(crate) network: RefCell<Network>,
    pub(crate) devices: RefCell<Vec<disk::Slot>>,
    pub(crate) trace: RefCell<Trace>,
    pub(crate) watchers: RefCell<watch::Watchers>,
}

impl World {
    /// An empty world.
    pub fn new(options: WorldOptions) -> Self {
        World {
            inner: Rc::new(Inner {
                seed: options.seed,
                wall_start: options.wall_start,
                now: Cell::new(Instant::START),
                executor: Executor::default(),
                hosts: RefCell::default(),
                processes: RefCell::default(),
                network: RefCell::new(Network::new(options.seed)),
                devices: RefCell::default(),
                trace: RefCell::new(Trace::new(options.keep)),
                watchers: RefCell::default(),
            }),
        }
    }

    /// The present moment of model time.
    pub fn now(&self) -> Instant {
        self.inner.now.get()
    }

    /// The seed of the run.
    pub fn seed(&self) -> Seed {
        self.inner.seed
    }

    /// The key of the random stream called `name`.
    pub fn stream(&self, name: &str) -> StreamKey {
        self.inner.seed.stream_key(name)
    }

    /// Waits until a moment of model time (for tasks outside every process; a process uses its own clock).
    pub fn sleep_until(&self, until: Instant) -> Sleep {
        Sleep::new(self.clone(), until)
    }

    /// Records an event and wakes whoever waits for it.
    pub fn record(&self, place: Place, what: What) -> u64 {
        self.log(place, &what);
        let number = self.inner.trace.borrow_mut().record(self.now(), place, what.clone());
        match &what {
            What::Announced { name, fields } => self.wake_watchers(place, name, fields),
            What::Process(change) => self.wake_watchers(place, change.event_name(), &Fields::new()),
            _ => {}
        }
        number
    }

    /// What `-v` and `RUST_LOG` show of an event: what a reader of the story wants at `info`, the rest at `debug`.
    fn log(&self, place: Place, what: &What) {
        if !tracing::enabled!(target: "simrun", tracing::Level::INFO) {
            return;
        }
        let name = || self.inner.trace.borrow().place_name(place);
        match what {
            What::Announced { name: event, fields } => {
                let values: String = fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
                tracing::info!(target: "simrun", "{} {event}{values}", name());
            }
            What::Process(change) => tracing::info!(target: "simrun", "{} {}", name(), change.event_name()),
            What::Host(text) => tracing::info!(target: "simrun", "{} {text}", name()),
            What::Fault { name, text } => tracing::info!(target: "simrun", "fault {name}: {text}"),
            What::Step { name, text } => tracing::info!(target: "simrun", "step {name}: {text}"),
            What::Log { file, line } => tracing::debug!(target: "simrun", "{} {file}: {line}", name()),
            other => tracing::debug!(target: "simrun", "{} {other:?}", name()),
        }
    }

    fn wake_watchers(&self, place: Place, name: &'static str, fields: &Fields) {
        self.inner.watchers.borrow_mut().announced(&self.inner.trace.borrow(), self.now(), place, name, fields);
    }

    /// Announces something on behalf of `place`.
    pub fn announce(&self, place: Place, name: &'static str, fields: Fields) -> u64 {
        self.record(place, What::Announced { name, fields })
    }

    /// Reads the trace so far.
    pub fn with_trace<T>(&self, read: impl FnOnce(&Trace) -> T) -> T {
        read(&self.inner.trace.borrow())
    }

    /// The kept events from number `from` on (an index into the kept ones), for an observer during the run.
    pub fn events_since(&self, from: usize) -> Vec<Event> {
        self.inner.trace.borrow().events().get(from..).map(<[Event]>::to_vec).unwrap_or_default()
    }

    /// Takes the trace out, at the end of the run.
    pub fn take_trace(&self) -> Trace {
        self.inner.trace.take()
    }
}

/// What tests ask of a finished run.
impl World {
    /// How many tasks exist.
    pub fn tasks_alive(&self) -> usize {
        self.inner.executor.alive()
    }

    /// Something that can be had until the last handle to this world is gone.
    pub fn downgrade(&self) -> std::rc::Weak<dyn std::any::Any> {
        let inner: Rc<dyn std::any::Any> = self.inner.clone();
        Rc::downgrade(&inner)
    }

    /// How many handles to this world exist.
    pub fn handles(&self) -> usize {
        Rc::strong_count(&self.inner)
    }
}
