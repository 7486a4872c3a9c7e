//! Hosts and processes: start, exit, kill, pause, slow, power.
//!
//! One life of a process is an [`Incarnation`]: whatever the process did before it was killed (timers, messages on the
//! wire, disk requests) belongs to the old one and cannot reach the new one unnoticed. Supervisors are ordinary
//! processes that use [`Process::start_local`] and [`Process::local_state`]; the world restarts nothing by itself,
//! except what a host starts at boot.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::World;
use super::clock::{Clock, WallTime};
use super::device::Fate;
use super::executor::{Elapsed, LocalFuture, Occurrence, Sleep, first_of};
use super::port::Ports;
use super::streams::StreamKey;
use super::time::Instant;
use super::trace::{Fields, HostChange, HostId, Incarnation, Place, ProcessChange, ProcessId, ProcessName, What};

/// What a process runs: called once for each incarnation; its result is the exit code.
pub type Program = Rc<dyn Fn(Process) -> LocalFuture<i32>>;

/// A machine: it has power or not, a network card, clocks, and small local files that survive a power loss.
pub(crate) struct Host {
    pub(crate) name: Arc<str>,
    pub(crate) powered: bool,
    pub(crate) nic_up: bool,
    /// How many packets came to its network card, from either side, while that was down.
    pub(crate) lost_at_card: u64,
    pub(crate) clock: Clock,
    files: BTreeMap<String, Vec<u8>>,
}

/// How a process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was never started.
    NeverStarted,
    /// It runs.
    Running,
    /// It is stopped in its tracks (SIGSTOP).
    Paused,
    /// It ended by itself with this code.
    Exited(i32),
    /// It was killed.
    Killed,
}

impl Status {
    /// Whether `ps` would show it.
    pub fn exists(self) -> bool {
        matches!(self, Status::Running | Status::Paused)
    }
}

pub(crate) struct ProcessState {
    pub(crate) host: HostId,
    program: Program,
    pub(crate) incarnation: Incarnation,
    pub(crate) status: Status,
    held: Vec<Waker>,
    slow: Option<Slow>,
    node: Option<madsim::task::NodeId>,
    starts_at_boot: bool,
    exit_watchers: Vec<Waker>,
    pub(crate) ports: Ports,
}

/// A process that gets less CPU than it could use.
#[derive(Clone, Copy)]
struct Slow {
    /// The CPU time of one turn.
    turn: Duration,
    /// When the CPU is free again.
    free: Instant,
    /// How many turns had to wait.
    delayed: u64,
}

impl World {
    /// Adds a host; it has power.
    pub fn add_host(&self, name: &str) -> HostId {
        let name: Arc<str> = name.into();
        let mut hosts = self.inner.hosts.borrow_mut();
        hosts.push(Host {
            name: name.clone(),
            powered: true,
            nic_up: true,
            lost_at_card: 0,
            clock: Clock::new(self.inner.wall_start),
            files: BTreeMap::new(),
        });
        self.inner.trace.borrow_mut().hosts.push(name);
        HostId((hosts.len() - 1) as u16)
    }

    /// Lets go of what the processes would run: it may hold this world, which would then never be freed.
    pub(crate) fn forget_programs(&self) {
        let mut forgotten: Vec<Program> = Vec::new();
        for state in self.inner.processes.borrow_mut().iter_mut() {
            forgotten.push(std::mem::replace(&mut state.program, Rc::new(|_| Box::pin(async { 0 }))));
        }
        // Dropped without a borrow: what a program holds may come back here.
        drop(forgotten);
    }

    /// Adds a process to a host; it does not run before [`World::start`].
    pub fn add_process<F>(&self, host: HostId, name: &str, program: impl Fn(Process) -> F + 'static) -> ProcessId
    where
        F: Future<Output = i32> + 'static,
    {
        let mut processes = self.inner.processes.borrow_mut();
        processes.push(ProcessState {
            host,
            program: Rc::new(move |process| Box::pin(program(process))),
            incarnation: Incarnation(0),
            status: Status::NeverStarted,
            held: Vec::new(),
            slow: None,
            node: None,
            starts_at_boot: false,
            exit_watchers: Vec::new(),
            ports: Ports::default(),
        });
        self.inner.trace.borrow_mut().processes.push(ProcessName { host, name: name.into() });
        ProcessId((processes.len() - 1) as u16)
    }

    /// Whether the process is started whenever its host gets power.
    pub fn set_starts_at_boot(&self, process: ProcessId, yes: bool) {
        self.with_process(process, |state| state.starts_at_boot = yes);
    }

    /// Whether the process is started whenever its host gets power.
    pub fn starts_at_boot(&self, process: ProcessId) -> bool {
        self.with_process(process, |state| state.starts_at_boot)
    }

    /// Starts a new incarnation. False if it runs already or its host has no power.
    pub fn start(&self, process: ProcessId) -> bool {
        let state = self.status(process);
        if state.exists() || !self.is_powered(self.host_of(process)) {
            return false;
        }
        let (incarnation, node) = self.with_process(process, |state| {
            state.incarnation.0 += 1;
            state.status = Status::Running;
            state.slow = None;
            (state.incarnation, state.node)
        });
        self.record(Place::Process(process, incarnation), What::Process(ProcessChange::Started));
        let handle = madsim::runtime::Handle::current();
        match node {
            Some(node) => handle.restart(node),
            None => {
                let node = handle.create_node().init(move || begin_life(process)).build().id();
                self.inner.executor.nodes.borrow_mut().push(node);
                self.with_process(process, |state| state.node = Some(node));
            }
        }
        true
    }

    /// Kills a process (SIGKILL): its connections are reset at once. False if it does not run.
    pub fn kill(&self, process: ProcessId) -> bool {
        let killed = self.end(process, Status::Killed, ProcessChange::Killed);
        if killed {
            self.reset_connections_of(process);
        }
        killed
    }

    /// The process ended by itself.
    pub(crate) fn exited(&self, process: ProcessId, incarnation: Incarnation, code: i32) {
        if self.incarnation(process) == incarnation
            && self.end(process, Status::Exited(code), ProcessChange::Exited(code))
        {
            self.reset_connections_of(process);
        }
    }

    fn end(&self, process: ProcessId, status: Status, change: ProcessChange) -> bool {
        if !self.status(process).exists() {
            return false;
        }
        let (incarnation, node, watchers) = self.with_process(process, |state| {
            state.status = status;
            state.held.clear();
            state.ports = Ports::default();
            (state.incarnation, state.node, std::mem::take(&mut state.exit_watchers))
        });
        self.record(Place::Process(process, incarnation), What::Process(change));
        if let Some(node) = node {
            madsim::runtime::Handle::current().kill(node);
        }
        self.inner.executor.end_tasks_of(process, incarnation);
        for watcher in watchers {
            watcher.wake();
        }
        true
    }

    /// Stops a process in its tracks (SIGSTOP): its connections stay open and accept, and nobody answers.
    pub fn pause(&self, process: ProcessId) -> bool {
        self.change_running(process, Status::Running, Status::Paused, ProcessChange::Paused)
    }

    /// Lets a paused process go on (SIGCONT).
    pub fn resume(&self, process: ProcessId) -> bool {
        let resumed = self.change_running(process, Status::Paused, Status::Running, ProcessChange::Resumed);
        if resumed {
            for waker in self.with_process(process, |state| std::mem::take(&mut state.held)) {
                waker.wake();
            }
        }
        resumed
    }

    fn change_running(&self, process: ProcessId, from: Status, to: Status, change: ProcessChange) -> bool {
        if self.status(process) != from {
            return false;
        }
        let incarnation = self.with_process(process, |state| {
            state.status = to;
            state.incarnation
        });
        self.record(Place::Process(process, incarnation), What::Process(change));
        true
    }

    /// Makes every turn of a process take `turn` of CPU time; `None` ends it, and so does a restart.
    pub fn slow(&self, process: ProcessId, turn: Option<Duration>) {
        let now = self.now();
        self.with_process(process, |state| state.slow = turn.map(|turn| Slow { turn, free: now, delayed: 0 }));
    }

    /// How many turns of a process had to wait because it is slowed.
    pub fn delayed_turns(&self, process: ProcessId) -> u64 {
        self.with_process(process, |state| state.slow.map_or(0, |slow| slow.delayed))
    }

    /// Cuts the power of a host: its processes are gone without a word to anybody.
    pub fn lose_power(&self, host: HostId) -> bool {
        if !self.is_powered(host) {
            return false;
        }
        self.with_host(host, |state| state.powered = false);
        self.record(Place::Host(host), What::Host(HostChange::PowerLost));
        for process in self.processes_of(host) {
            self.end(process, Status::Killed, ProcessChange::Killed);
        }
        self.host_died_at_devices(host, Fate::Drawn);
        true
    }

    /// Gives a host its power back; what starts at boot is started.
    pub fn restore_power(&self, host: HostId) -> bool {
        if self.is_powered(host) {
            return false;
        }
        self.with_host(host, |state| state.powered = true);
        self.record(Place::Host(host), What::Host(HostChange::PowerRestored));
        self.host_revived_at_devices(host);
        for process in self.processes_of(host) {
            if self.with_process(process, |state| state.starts_at_boot) {
                self.start(process);
            }
        }
        true
    }

    /// Moves the wall clock of a host.
    pub fn jump_clock(&self, host: HostId, nanoseconds: i64) {
        self.with_host(host, |state| state.clock.jump(nanoseconds));
        self.record(Place::Host(host), What::Host(HostChange::ClockJumps(nanoseconds)));
    }

    /// Lets the clock of a host run fast (or slow, if negative) by parts per billion.
    pub fn skew_clock(&self, host: HostId, parts_per_billion: i64) {
        let now = self.now();
        self.with_host(host, |state| state.clock.set_drift(now, parts_per_billion));
        self.record(Place::Host(host), What::Host(HostChange::ClockDrifts(parts_per_billion)));
    }

    /// Plugs the network card of a host in or out.
    pub fn set_nic(&self, host: HostId, up: bool) {
        self.with_host(host, |state| state.nic_up = up);
        self.record(Place::Host(host), What::Host(HostChange::NetworkCard { up }));
    }

    /// Whether the network card of a host is up.
    pub fn nic_is_up(&self, host: HostId) -> bool {
        self.with_host(host, |state| state.nic_up)
    }

    /// How many packets came to the network card of a host, from either side, while it was down.
    pub fn lost_at_card(&self, host: HostId) -> u64 {
        self.with_host(host, |state| state.lost_at_card)
    }

    /// Whether a host has power.
    pub fn is_powered(&self, host: HostId) -> bool {
        self.with_host(host, |state| state.powered)
    }

    /// How a process stands.
    pub fn status(&self, process: ProcessId) -> Status {
        self.with_process(process, |state| state.status)
    }

    /// The present (or last) incarnation of a process.
    pub fn incarnation(&self, process: ProcessId) -> Incarnation {
        self.with_process(process, |state| state.incarnation)
    }

    /// The host of a process.
    pub fn host_of(&self, process: ProcessId) -> HostId {
        self.with_process(process, |state| state.host)
    }

    /// The name of a host.
    pub fn host_name(&self, host: HostId) -> Arc<str> {
        self.with_host(host, |state| state.name.clone())
    }

    /// The host called `name`.
    pub fn find_host(&self, name: &str) -> Option<HostId> {
        let hosts = self.inner.hosts.borrow();
        hosts.iter().position(|host| &*host.name == name).map(|index| HostId(index as u16))
    }

    /// The process called `name` on a host.
    pub fn find_process(&self, host: HostId, name: &str) -> Option<ProcessId> {
        let trace = self.inner.trace.borrow();
        let mut names = trace.processes.iter();
        names.position(|process| process.host == host && &*process.name == name).map(|index| ProcessId(index as u16))
    }

    /// The processes of a host, in the order they were added.
    pub fn processes_of(&self, host: HostId) -> Vec<ProcessId> {
        let processes = self.inner.processes.borrow();
        let ids = (0..processes.len()).filter(|index| processes[*index].host == host);
        ids.map(|index| ProcessId(index as u16)).collect()
    }

    /// What the wall clock of a host shows.
    pub fn wall_clock(&self, host: HostId) -> WallTime {
        let now = self.now();
        self.with_host(host, |state| state.clock.wall(now))
    }

    /// What a correct wall clock shows.
    pub fn true_wall_clock(&self) -> WallTime {
        Clock::new(self.inner.wall_start).wall(self.now())
    }

    /// A local file of a host.
    pub fn read_file(&self, host: HostId, name: &str) -> Option<Vec<u8>> {
        self.with_host(host, |state| state.files.get(name).cloned())
    }

    /// Writes a local file of a host; it survives everything but [`World::remove_file`].
    pub fn write_file(&self, host: HostId, name: &str, bytes: Vec<u8>) {
        self.with_host(host, |state| state.files.insert(name.to_owned(), bytes));
    }

    /// Removes a local file of a host; its content, if it was there.
    pub fn remove_file(&self, host: HostId, name: &str) -> Option<Vec<u8>> {
        self.with_host(host, |state| state.files.remove(name))
    }

    /// The names of the local files of a host that begin with `prefix`.
    pub fn list_files(&self, host: HostId, prefix: &str) -> Vec<String> {
        self.with_host(host, |state| state.files.keys().filter(|name| name.starts_with(prefix)).cloned().collect())
    }

    pub(crate) fn with_host<T>(&self, host: HostId, read: impl FnOnce(&mut Host) -> T) -> T {
        read(&mut self.inner.hosts.borrow_mut()[usize::from(host.0)])
    }

    pub(crate) fn with_process<T>(&self, process: ProcessId, read: impl FnOnce(&mut ProcessState) -> T) -> T {
        read(&mut self.inner.processes.borrow_mut()[usize::from(process.0)])
    }

    /// Whether a task of this incarnation may take a turn now; if not, its waker is kept for later or forgotten.
    pub(crate) fn may_run(&self, process: ProcessId, incarnation: Incarnation, waker: &Waker) -> bool {
        let now = self.now();
        let mut processes = self.inner.processes.borrow_mut();
        let state = &mut processes[usize::from(process.0)];
        if state.incarnation != incarnation {
            return false;
        }
        match state.status {
            Status::Running => {}
            Status::Paused => {
                state.held.push(waker.clone());
                return false;
            }
            _ => return false,
        }
        if let Some(slow) = &mut state.slow {
            if now < slow.free {
                slow.delayed += 1;
                self.inner.executor.schedule(slow.free, Occurrence::Wake(waker.clone()));
                return false;
            }
            slow.free = now + slow.turn;
        }
        true
    }
}

/// Gives a process that was started its first task. madsim calls this when it starts the node that stands for the
/// process; what it gets back is all that madsim itself runs there.
fn begin_life(process: ProcessId) -> impl Future<Output = ()> + 'static {
    if let Some(world) = World::current() {
        let (incarnation, program) = world.with_process(process, |state| (state.incarnation, state.program.clone()));
        let handle = Process { world: world.clone(), id: process, host: world.host_of(process), incarnation };
        let after = world.clone();
        let body = async move {
            let code = program(handle).await;
            after.exited(process, incarnation, code);
        };
        world.spawn_for((process, incarnation), body);
    }
    std::future::pending()
}

/// What a process sees of the world: its own incarnation, its host's clocks, its ports and disks.
#[derive(Clone)]
pub struct Process {
    pub(crate) world: World,
    pub(crate) id: ProcessId,
    pub(crate) host: HostId,
    pub(crate) incarnation: Incarnation,
}

impl Process {
    /// The world it lives in.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The number of this process.
    pub fn id(&self) -> ProcessId {
        self.id
    }

    /// The host it runs on.
    pub fn host(&self) -> HostId {
        self.host
    }

    /// Which life of the process this is.
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// The name of its host.
    pub fn host_name(&self) -> Arc<str> {
        self.world.host_name(self.host)
    }

    /// This incarnation as a place of the trace.
    pub fn place(&self) -> Place {
        Place::Process(self.id, self.incarnation)
    }

    /// The monotonic clock of the host.
    pub fn monotonic(&self) -> Instant {
        let now = self.world.now();
        self.world.with_host(self.host, |state| state.clock.monotonic(now))
    }

    /// The wall clock of the host.
    pub fn wall_clock(&self) -> WallTime {
        self.world.wall_clock(self.host)
    }

    /// Waits for `length` on the host's monotonic clock.
    pub fn sleep(&self, length: Duration) -> Sleep {
        let real = self.world.with_host(self.host, |state| state.clock.real_length(length));
        Sleep::new(self.world.clone(), self.world.now() + real)
    }

    /// `future`, or [`Elapsed`] after `length` on the host's monotonic clock.
    pub async fn timeout<T>(&self, length: Duration, future: impl Future<Output = T>) -> Result<T, Elapsed> {
        first_of(future, self.sleep(length)).await
    }

    /// Runs another task in this process; it ends with the process.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.world.spawn_in_current((self.id, self.incarnation), task);
    }

    /// Announces something by name; scenarios can wait for it, checkers can count on it.
    pub fn announce(&self, name: &'static str, fields: Fields) -> u64 {
        self.world.announce(self.place(), name, fields)
    }

    /// Writes a line into a log file of the host.
    pub fn log(&self, file: impl Into<Arc<str>>, line: impl Into<Arc<str>>) {
        self.world.record(self.place(), What::Log { file: file.into(), line: line.into() });
    }

    /// The key of a random stream of this process. It does not change over restarts; put the incarnation into the
    /// draw's key where a restart must draw anew.
    pub fn stream(&self, name: &str) -> StreamKey {
        let process = self.world.with_trace(|trace| trace.process_name(self.id));
        self.world.stream(&format!("{process}/{name}"))
    }

    /// Ends this process; the call never returns.
    pub async fn exit(&self, code: i32) -> std::convert::Infallible {
        self.world.exited(self.id, self.incarnation, code);
        std::future::pending().await
    }

    /// Starts a process of the same host. False if it runs already.
    pub fn start_local(&self, process: ProcessId) -> bool {
        self.is_local(process) && self.world.start(process)
    }

    /// Kills a process of the same host (SIGKILL).
    pub fn kill_local(&self, process: ProcessId) -> bool {
        self.is_local(process) && self.world.kill(process)
    }

    /// How a process of the same host stands, as `ps` and `waitpid` would tell.
    pub fn local_state(&self, process: ProcessId) -> Option<Status> {
        self.is_local(process).then(|| self.world.status(process))
    }

    /// Waits until a process of the same host does not run.
    pub async fn local_exit(&self, process: ProcessId) -> Status {
        poll_fn(|cx| {
            let status = self.world.status(process);
            if !status.exists() {
                return Poll::Ready(status);
            }
            self.world.with_process(process, |state| state.exit_watchers.push(cx.waker().clone()));
            Poll::Pending
        })
        .await
    }

    fn is_local(&self, process: ProcessId) -> bool {
        self.world.host_of(process) == self.host
    }

    /// Reads a local file.
    pub fn read_file(&self, name: &str) -> Option<Vec<u8>> {
        self.world.read_file(self.host, name)
    }

    /// Writes a local file.
    pub fn write_file(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.world.write_file(self.host, name, bytes.into());
    }

    /// Removes a local file; whether it was there.
    pub fn remove_file(&self, name: &str) -> bool {
        self.world.remove_file(self.host, name).is_some()
    }

    /// The names of the local files that begin with `prefix`.
    pub fn list_files(&self, prefix: &str) -> Vec<String> {
        self.world.list_files(self.host, prefix)
    }
}
