//! The contract a product fulfils: a description in plain data, and a cluster that can be built in a world.
//!
//! The description is what a scenario may say (roles, parameters, commands, defects, events). The cluster is what a
//! driver may do: start it, type a command on a host, ask who is who. A driver never reaches into a process, and a
//! checker sees only what the cluster announced, logged and wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use crate::Error;
use crate::operations::{Told, begins};
use crate::parts::service::{Key, Row};
use crate::parts::shell::Shell;
use crate::parts::standstill::Reason;
use crate::world::World;
use crate::world::device::{DeviceError, DeviceOptions, Redundancy};
use crate::world::disk::DeviceId;
use crate::world::executor::LocalFuture;
use crate::world::port::Address;
use crate::world::process::Process;
use crate::world::trace::{HostId, ProcessId};

/// A name and one sentence about it.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// The name, as a scenario writes it.
    pub name: &'static str,
    /// What it is, with its source where it models something real.
    pub doc: &'static str,
}

/// A role a host can have.
#[derive(Clone, Copy, Debug)]
pub struct RoleWord {
    /// Its name: `standby`.
    pub name: &'static str,
    /// What such a host does.
    pub doc: &'static str,
    /// The process meant by the bare name of a host.
    pub database: &'static str,
    /// What runs there, the database process included.
    pub processes: &'static [&'static str],
}

/// A block device of a product.
#[derive(Clone, Copy, Debug)]
pub struct DeviceWord {
    /// Its name: `shared`.
    pub name: &'static str,
    /// What is on it.
    pub doc: &'static str,
    /// Whether several hosts reach it.
    pub shared: bool,
    /// Named parts of it.
    pub regions: &'static [Word],
}

/// What a parameter can be.
#[derive(Clone, Copy, Debug)]
pub enum ParameterKind {
    /// A length of time; a bare integer counts units of so many milliseconds (0: a unit must be written).
    Duration {
        /// Milliseconds in one unit of a bare integer.
        bare_unit_ms: u64,
    },
    /// A whole number between both bounds.
    Integer {
        /// The smallest.
        low: i64,
        /// The largest.
        high: i64,
    },
    /// A fraction such as `1/10`.
    Ratio,
    /// A number of bytes such as `16MB`.
    Size,
    /// Any text.
    Text,
    /// `true`, `false`, `on`, `off`.
    Boolean,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// A parameter of a product, under its real name.
#[derive(Clone, Copy, Debug)]
pub struct ParameterWord {
    /// Its name.
    pub name: &'static str,
    /// What it sets.
    pub doc: &'static str,
    /// What it can be.
    pub kind: ParameterKind,
    /// Its default, as a scenario would write it.
    pub default: &'static str,
}

/// An option of a command.
#[derive(Clone, Copy, Debug)]
pub struct OptionWord {
    /// Its spellings.
    pub flags: &'static [&'static str],
    /// Whether it takes a value, and of which kind.
    pub value: Option<ArgumentKind>,
    /// Whether the command needs it.
    pub required: bool,
    /// What it means.
    pub doc: &'static str,
}

/// An argument that is not an option.
#[derive(Clone, Copy, Debug)]
pub struct PositionalWord {
    /// Its name in help.
    pub name: &'static str,
    /// What it can be.
    pub kind: ArgumentKind,
    /// Whether the command needs it.
    pub required: bool,
    /// Whether it can be given more than once; such an argument is the last.
    pub repeated: bool,
}

/// What an argument can be.
#[derive(Clone, Copy, Debug)]
pub enum ArgumentKind {
    /// Anything.
    Text,
    /// A whole number.
    Integer,
    /// A path.
    Path,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// A command an operator can type.
#[derive(Clone, Copy, Debug)]
pub struct CommandWord {
    /// The program.
    pub program: &'static str,
    /// The words that choose what it does.
    pub words: &'static [&'static str],
    /// Its options.
    pub options: &'static [OptionWord],
    /// Its other arguments.
    pub positionals: &'static [PositionalWord],
    /// What it does.
    pub doc: &'static str,
}

/// A portable verb and the product's command it stands for.
#[derive(Clone, Copy, Debug)]
pub struct VerbWord {
    /// The verb: `switchover`.
    pub verb: &'static str,
    /// The command, for people to read.
    pub command: &'static str,
}

/// Which lines of what a status command prints tell how the databases are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusOutput {
    /// None that stand out.
    Plain,
    /// It prints blocks under headings in brackets (`[  Datanode State   ]`), that of its databases last.
    LastBlock,
}

impl StatusOutput {
    /// Those lines.
    pub fn excerpt(self, output: &[String]) -> &[String] {
        let heading = match self {
            StatusOutput::Plain => None,
            StatusOutput::LastBlock => {
                output.iter().rposition(|line| line.starts_with('[') && line.trim_end().ends_with(']'))
            }
        };
        heading.map_or(&[], |heading| &output[heading..])
    }
}

/// Builds a cluster in a world.
pub type Build = fn(&World, &ClusterPlan) -> Result<Rc<dyn Cluster>, BuildError>;

/// A product, as a scenario may speak of it, and how to build it.
#[derive(Clone, Copy)]
pub struct Product {
    /// Its module name.
    pub model: &'static str,
    /// What an operator calls it.
    pub title: &'static str,
    /// Versions whose behaviour differs; the first is the default.
    pub profiles: &'static [Word],
    /// Roles of hosts.
    pub roles: &'static [RoleWord],
    /// Roles bound at trigger time that only this product has; `primary`, `old-primary`, `new-primary` and
    /// `any-standby` are everybody's.
    pub selectors: &'static [Word],
    /// Block devices; the first is the default of a device fault.
    pub devices: &'static [DeviceWord],
    /// Parameters.
    pub parameters: &'static [ParameterWord],
    /// Real bugs that can be switched back on.
    pub defects: &'static [Word],
    /// Events its processes announce, beyond those of [`events`].
    pub events: &'static [Word],
    /// The names of those that tell a run's story: what a person reads on the one screen. Empty: all that are rare.
    pub headlines: &'static [&'static str],
    /// Procedures that announce each of their steps as `<procedure>-step.<step>`. There are many of those, and a
    /// procedure announces its beginning and its end as well.
    pub procedures: &'static [&'static str],
    /// Commands.
    pub commands: &'static [CommandWord],
    /// Command lines that change nothing, by their first words as typed, `cm_ctl query`; a last word that is a
    /// statement may go on.
    pub looking: &'static [&'static [&'static str]],
    /// Which lines of what a status command prints tell how the databases are.
    pub status_output: StatusOutput,
    /// Portable verbs it has a command for.
    pub verbs: &'static [VerbWord],
    /// Files a fault can remove.
    pub files: &'static [Word],
    /// Commands its processes call that a fault can break.
    pub external_commands: &'static [Word],
    /// What the model leaves out, one sentence each.
    pub limits: &'static [Told],
    /// Builds a cluster in a world. Nothing runs before [`Cluster::start`].
    pub build: Build,
}

impl Product {
    /// Builds a cluster of it in a world. Nothing runs before [`Cluster::start`].
    ///
    /// # Errors
    /// [`Error::Build`] if the plan asks for what there cannot be.
    pub fn build_in(&self, world: &World, plan: &ClusterPlan) -> Result<Rc<dyn Cluster>, Error> {
        Ok((self.build)(world, plan)?)
    }

    /// The command of its table with this program and the words that choose what it does.
    pub fn command(&self, program: &str, words: &[String]) -> Option<&'static CommandWord> {
        self.commands.iter().find(|command| command.program == program && words.iter().eq(command.words))
    }

    /// Whether a typed command line changes nothing.
    pub fn only_looks<W: AsRef<str>>(&self, words: &[W]) -> bool {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        self.looking.iter().any(|known| begins(known, &words))
    }

    /// Whether an event announces a step of one of its procedures.
    pub fn is_step(&self, event: &str) -> bool {
        let of = |procedure: &str| event.strip_prefix(procedure).is_some_and(|rest| rest.starts_with("-step."));
        self.procedures.iter().any(|procedure| of(procedure))
    }
}

/// Puts lists of words together, for descriptions whose parts live in several files.
///
/// # Panics
/// At compile time, if `N` is not the length of all parts together.
pub const fn joined<T: Copy, const N: usize>(parts: &[&[T]]) -> [T; N] {
    let mut first = 0;
    while parts[first].is_empty() {
        first += 1;
    }
    let mut all = [parts[first][0]; N];
    let (mut part, mut filled) = (0, 0);
    while part < parts.len() {
        let mut index = 0;
        while index < parts[part].len() {
            all[filled] = parts[part][index];
            index += 1;
            filled += 1;
        }
        part += 1;
    }
    assert!(filled == N, "the length of the joined list is wrong");
    all
}

/// Events that every product announces, so that checkers and reports need not know the product.
pub mod events {
    use super::Word;

    /// A database process has taken a role: `{ role }` with `primary`, `standby`, `pending`…
    pub const ROLE_CHANGED: &str = "role.changed";
    /// The state a status command would show has changed: `{ state }`.
    pub const STATE_CHANGED: &str = "state.changed";
    /// A database process accepts writing transactions from now on: `{ epoch }`.
    pub const WRITES_OPENED: &str = "writes.opened";
    /// It accepts none from now on: `{}`. The end of the process means the same.
    pub const WRITES_CLOSED: &str = "writes.closed";
    /// A lock has a new owner: `{ lock, owner, version }`; announced by the lock service when the change is durable.
    pub const LOCK_CHANGED: &str = "lock.changed";
    /// A node has been fenced: `{ host, key }`; no write of it may be accepted later. Announced when it is complete.
    pub const FENCED: &str = "node.fenced";
    /// Replay of the log has begun: `{ from }`.
    pub const REPLAY_STARTED: &str = "replay.started";
    /// Replay of the log has ended: `{ to }`.
    pub const REPLAY_FINISHED: &str = "replay.finished";
    /// The cluster has reached the state in which the drill may begin (announced once, by any process).
    pub const CLUSTER_READY: &str = "cluster.ready";

    /// All of them, for the catalogue; the last five are announced by the world itself.
    pub const ALL: &[Word] = &[
        Word { name: ROLE_CHANGED, doc: "a database process has taken a role" },
        Word { name: STATE_CHANGED, doc: "the state that a status command would show has changed" },
        Word { name: WRITES_OPENED, doc: "a database process accepts writing transactions from now on" },
        Word { name: WRITES_CLOSED, doc: "a database process accepts no writing transactions from now on" },
        Word { name: LOCK_CHANGED, doc: "a lock of the lock service has a new owner" },
        Word { name: FENCED, doc: "a host has been fenced: none of its writes may be accepted any more" },
        Word { name: REPLAY_STARTED, doc: "replay of a log has begun" },
        Word { name: REPLAY_FINISHED, doc: "replay of a log has ended" },
        Word { name: CLUSTER_READY, doc: "every node has reached its normal state for the first time" },
        Word { name: "process.started", doc: "a process runs; NODE alone means any process of that host" },
        Word { name: "process.exited", doc: "a process has ended by itself" },
        Word { name: "process.killed", doc: "a process was killed, or its host lost power" },
        Word { name: "process.paused", doc: "a process was stopped in its tracks" },
        Word { name: "process.resumed", doc: "a paused process goes on" },
    ];
}

/// A host of the cluster to build.
#[derive(Clone, Debug)]
pub struct HostPlan {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: String,
}

/// What to build.
#[derive(Clone, Debug, Default)]
pub struct ClusterPlan {
    /// The hosts, in order.
    pub hosts: Vec<HostPlan>,
    /// The profile; empty for the default.
    pub profile: String,
    /// Parameters that differ from their defaults.
    pub set: BTreeMap<String, ParameterValue>,
    /// Defects switched on.
    pub defects: BTreeSet<String>,
    /// The weather of devices by name; a device that is not named has the product's own.
    pub devices: BTreeMap<String, DeviceOptions>,
    /// The rows that exist when the run begins.
    pub initial: BTreeMap<i64, Vec<i64>>,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterValue {
    /// A length of time.
    Duration(Duration),
    /// A whole number.
    Integer(i64),
    /// A fraction.
    Ratio(u64, u64),
    /// A number of bytes.
    Size(u64),
    /// Any text, one of the words too.
    Text(String),
    /// On or off.
    Boolean(bool),
}

impl ClusterPlan {
    /// A length of time, or its default.
    pub fn duration(&self, name: &str, default: Duration) -> Duration {
        match self.set.get(name) {
            Some(ParameterValue::Duration(length)) => *length,
            _ => default,
        }
    }

    /// A whole number, or its default.
    pub fn integer(&self, name: &str, default: i64) -> i64 {
        match self.set.get(name) {
            Some(ParameterValue::Integer(number)) => *number,
            _ => default,
        }
    }

    /// On or off, or its default.
    pub fn boolean(&self, name: &str, default: bool) -> bool {
        match self.set.get(name) {
            Some(ParameterValue::Boolean(on)) => *on,
            _ => default,
        }
    }

    /// A text, or its default.
    pub fn text(&self, name: &str, default: &str) -> String {
        match self.set.get(name) {
            Some(ParameterValue::Text(text)) => text.clone(),
            _ => default.to_owned(),
        }
    }

    /// A number of bytes, or its default.
    pub fn size(&self, name: &str, default: u64) -> u64 {
        match self.set.get(name) {
            Some(ParameterValue::Size(bytes)) => *bytes,
            _ => default,
        }
    }

    /// Whether a defect is switched on.
    pub fn has_defect(&self, name: &str) -> bool {
        self.defects.contains(name)
    }

    /// The places, in the order of hosts, of those with a role.
    pub fn with_role(&self, role: &str) -> Vec<usize> {
        (0..self.hosts.len()).filter(|index| self.hosts[*index].role == role).collect()
    }
}

/// Why a cluster cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// There are too few or too many hosts of a role.
    #[error("{model} needs {needs}, the scenario has {has}")]
    Hosts {
        /// The product.
        model: &'static str,
        /// What it needs.
        needs: &'static str,
        /// What there is.
        has: String,
    },
    /// A device cannot be made.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// A part of a device and what is on it, for readers that come after the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its name: `wal`, `wal of dsc0`, `control`.
    pub name: String,
    /// The device.
    pub device: DeviceId,
    /// Its first byte.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
    /// What is in it.
    pub content: Content,
}

impl Region {
    /// The `length` bytes of a device from `offset` on.
    pub fn new(name: &str, device: DeviceId, offset: u64, length: u64, content: Content) -> Self {
        Region { name: name.to_owned(), device, offset, length, content }
    }
}

/// What a region holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A log that one writer at a time appends to.
    Log,
    /// Such a log, kept beside the one that counts: a standby's copy, or what was left behind at a fork. Nobody is
    /// served from it, so what only it holds is lost for clients.
    LogCopy,
    /// Pages of which each has one writer at a time.
    Pages,
    /// Control data: slots, flags, heartbeats.
    Control,
}

/// What a product's own recovery found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The rows of the database.
    pub rows: BTreeMap<Key, Row>,
}

/// How a product recovers from its devices alone, as when every host had lost its power: one process that reads them,
/// repairs what it would repair, and says what it has, or why the database does not open.
///
/// It can be run in any world that has devices with the same numbers as the cluster's own, so that every state a power
/// cut may leave can be tried.
#[derive(Clone)]
pub struct Recovery(Rc<dyn Fn(Process) -> LocalFuture<Result<Restored, String>>>);

impl Recovery {
    /// A recovery.
    pub fn new<F: Future<Output = Result<Restored, String>> + 'static>(
        recover: impl Fn(Process) -> F + 'static,
    ) -> Self {
        Recovery(Rc::new(move |process| Box::pin(recover(process))))
    }

    /// Runs it as a process.
    ///
    /// # Errors
    /// Why the database does not open, in the product's own words.
    pub async fn run(&self, process: Process) -> Result<Restored, String> {
        (self.0)(process).await
    }
}

/// Copies of the same data: as long as enough of them are good at each place, nothing is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copies {
    /// What there are copies of: `control page`.
    pub name: String,
    /// Where each copy begins: the device and the byte.
    pub places: Vec<(DeviceId, u64)>,
    /// The length of each copy in bytes.
    pub length: u64,
    /// What is good or bad as a whole, in bytes: a page, or the whole copy.
    pub unit: u64,
    /// How many copies may be bad at one place.
    pub redundancy: Redundancy,
}

impl Content {
    /// Whether it is a log, be it the one that counts or a copy.
    pub fn is_log(self) -> bool {
        matches!(self, Content::Log | Content::LogCopy)
    }
}

/// How a node looks from outside: what a status command, a report or a search for new situations can know of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeState {
    /// The host.
    pub host: String,
    /// Its role now.
    pub role: String,
    /// Its state in the product's words.
    pub state: String,
    /// Whether it accepts writes.
    pub writable: bool,
    /// The reign it serves under (term, timeline, reform version).
    pub epoch: u64,
    /// The locks it holds.
    pub locks: Vec<String>,
    /// How far its log goes.
    pub log_position: u64,
    /// Whether it is fenced.
    pub fenced: bool,
}

/// A portable verb of a step, to be turned into the product's own command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortableStep {
    /// The verb.
    pub verb: String,
    /// The host it is about.
    pub target: HostId,
}

/// The external command that binds and unbinds a virtual address, under the name every product knows it by.
pub const VIRTUAL_ADDRESS: &str = "vip";

/// How an external command breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breakage {
    /// What its caller meets.
    pub how: CommandFailure,
    /// How many calls break; `None` for every call until it is mended.
    pub calls: Option<u64>,
}

/// What the caller of a broken command meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandFailure {
    /// It ends with an error.
    Fails,
    /// It never ends until it is mended.
    Hangs,
    /// It is refused before it begins (no permission, connection refused).
    Refused,
}

/// One wait on the way back into service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The parameter or the phase: `instance_heartbeat_timeout`, `replay`.
    pub name: &'static str,
    /// How long it is at most when everybody that matters is whole.
    pub length: Duration,
}

/// A cluster in a world.
pub trait Cluster {
    /// Starts what runs when the run begins.
    fn start(&self);

    /// The shell of a host.
    fn shell(&self, host: HostId) -> Shell;

    /// The database process of a host.
    fn database(&self, host: HostId) -> ProcessId;

    /// Where clients connect, in the order they try.
    fn services(&self) -> Vec<Address>;

    /// Whether all of [`Cluster::services`] serve at once, so that clients spread over them from the start; else they
    /// all begin with the first.
    fn serves_everywhere(&self) -> bool {
        false
    }

    /// The host that has a role now (`primary`, `any-standby`, or one of the product's selectors).
    fn select(&self, role: &str) -> Option<HostId>;

    /// The command a portable verb stands for, and the host to type it on.
    fn command_for(&self, step: &PortableStep) -> Option<(HostId, Vec<String>)>;

    /// What is where on the devices.
    fn regions(&self) -> Vec<Region>;

    /// How the product recovers from its devices alone; `None` if its model does not say.
    fn recovery(&self) -> Option<Recovery> {
        None
    }

    /// What the product keeps more than once, so that it survives the loss of a copy. Whatever is not in here is kept
    /// once.
    fn copies(&self) -> Vec<Copies> {
        Vec::new()
    }

    /// Every node as it looks now.
    fn nodes(&self) -> Vec<NodeState>;

    /// The nodes that still wait for something, as they look now; for runs that do not converge.
    fn waiting_for(&self) -> Vec<NodeState> {
        Vec::new()
    }

    /// The waits along the longest way back into service: detection, leases, fencing, election, replay. Empty if the
    /// model does not say; then nobody can say by when a cluster must have recovered.
    fn recovery_path(&self) -> Vec<Wait> {
        Vec::new()
    }

    /// Why a cluster of which only these hosts are whole may stand still, while the rest stays as it is: no majority, no
    /// primary among them where nobody promotes by himself. `None` if it must serve. The answer follows from the
    /// configuration and from what is so (who runs, who has power), never from what a process believes.
    fn may_stand_still(&self, _whole: &[HostId]) -> Option<Reason> {
        None
    }

    /// Whether something on this host starts a database that has died there, without an operator.
    fn starts_databases(&self, _host: HostId) -> bool {
        true
    }

    /// Breaks an external command (`ssh`, a VIP script) on a host, or mends it; false if it calls no such command.
    fn set_external_command(&self, _host: HostId, _command: &str, _breakage: Option<Breakage>) -> bool {
        false
    }

    /// How many calls of an external command on a host have met a [`Breakage`] so far.
    fn broken_calls(&self, _host: HostId, _command: &str) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_block_begins_at_the_last_heading() {
        let lines = ["[ A ]", "a", "", "[ B ]", "b"].map(str::to_owned);
        assert_eq!(StatusOutput::LastBlock.excerpt(&lines), &lines[3..]);
        assert!(StatusOutput::LastBlock.excerpt(&lines[1..3]).is_empty());
        assert!(StatusOutput::Plain.excerpt(&lines).is_empty());
    }
}
