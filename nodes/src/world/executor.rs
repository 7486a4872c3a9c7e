//! The order of events: one queue of deadlines, one task at a time, on madsim's executor.
//!
//! A task is polled only when the world grants it a turn. The world pops the earliest event, delivers it, grants a turn
//! to each task it woke, in the order they were woken, and goes on when none is left. So nothing is left for madsim's
//! random choice among runnable tasks to decide, and removing an event that does nothing moves no other.
//!
//! All of this happens inside one poll of one madsim task: a poll by madsim costs more than sending a message. madsim
//! gives the run its sealed surroundings (no threads, no real clock, seeded hashing) and stands for each process with a
//! node.
//!
//! Model time is the nominal instant of the event being delivered. madsim's clock follows it (it is advanced through
//! one `Sleep`, never more than `CLOCK_LAG` behind) but is never read for a decision.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::World;
use super::network::Packet;
use super::time::Instant;
use super::trace::{Incarnation, ProcessId};

/// How far madsim's clock may stay behind model time before it is advanced. Nothing reads it, and advancing it costs as
/// much as a message.
const CLOCK_LAG: Duration = Duration::from_secs(1);

/// A future of the model; it never leaves its thread.
pub type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// Who a task belongs to: a life of a process, or nobody (the operator, the fault injector).
pub(crate) type Owner = Option<(ProcessId, Incarnation)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskId(u32);

/// What happens at a moment of the queue.
pub(crate) enum Occurrence {
    /// A timer ends: wake its task.
    Wake(Waker),
    /// A message arrives.
    Deliver(Box<Packet>),
    /// Something else in the world happens.
    Call(Box<dyn FnOnce(&World)>),
}

/// Names an entry of the queue, to cancel it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    slot: u32,
    sequence: u64,
}

/// The future events, earliest first; of two at one instant the one scheduled first.
#[derive(Default)]
struct Queue {
    order: BinaryHeap<Reverse<(Instant, u64, u32)>>,
    slots: Vec<Option<(u64, Occurrence)>>,
    free: Vec<u32>,
    sequence: u64,
}

impl Queue {
    fn push(&mut self, at: Instant, occurrence: Occurrence) -> Ticket {
        let sequence = self.sequence;
        self.sequence += 1;
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some((sequence, occurrence));
                slot
            }
            None => {
                self.slots.push(Some((sequence, occurrence)));
                (self.slots.len() - 1) as u32
            }
        };
        self.order.push(Reverse((at, sequence, slot)));
        Ticket { slot, sequence }
    }

    fn cancel(&mut self, ticket: Ticket) {
        if let Some(entry) = self.slots.get_mut(ticket.slot as usize)
            && matches!(entry, Some((sequence, _)) if *sequence == ticket.sequence)
        {
            *entry = None;
            self.free.push(ticket.slot);
        }
    }

    /// The moment of the next event that was not cancelled.
    fn next_at(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, sequence, slot))) = self.order.peek() {
            if matches!(&self.slots[*slot as usize], Some((entry, _)) if entry == sequence) {
                return Some(*at);
            }
            self.order.pop();
        }
        None
    }

    fn pop(&mut self) -> Option<(Instant, Occurrence)> {
        self.next_at()?;
        let Reverse((at, _, slot)) = self.order.pop()?;
        let (_, occurrence) = self.slots[slot as usize].take()?;
        self.free.push(slot);
        Some((at, occurrence))
    }
}

/// The tasks waiting for a turn, in the order they were woken. It belongs to the thread, because a [`Waker`] must be
/// `Send`; one world at a time runs on a thread.
#[derive(Default)]
struct Ready {
    queue: VecDeque<TaskId>,
    queued: Vec<bool>,
}

impl Ready {
    fn pop(&mut self) -> Option<TaskId> {
        let id = self.queue.pop_front()?;
        self.queued[id.0 as usize] = false;
        Some(id)
    }
}

thread_local! {
    static READY: RefCell<Ready> = RefCell::default();
    static CURRENT: RefCell<Option<World>> = const { RefCell::new(None) };
}

struct TaskWaker(TaskId);

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        READY.with_borrow_mut(|ready| {
            if let Some(queued) = ready.queued.get_mut(self.0.0 as usize)
                && !std::mem::replace(queued, true)
            {
                ready.queue.push_back(self.0);
            }
        });
    }
}

struct Task {
    owner: Owner,
    /// `None` while the task has its turn, and when it is over.
    future: Option<LocalFuture<()>>,
    waker: Waker,
    alive: bool,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Somebody asked for it with [`World::stop`].
    Stopped,
    /// The time limit was reached.
    TimeLimit,
    /// The limit on events was reached.
    EventLimit,
    /// Nothing was left that could ever happen.
    Idle,
    /// The person in front of it interrupted it.
    Interrupted,
}

/// When a run must end, whatever happens.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The last moment of the run.
    pub time: Instant,
    /// The most events it may have, and the most turns of tasks at one moment.
    pub events: u64,
    /// Asked now and then: true ends the run.
    pub interrupted: fn() -> bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { time: Instant::NEVER, events: u64::MAX, interrupted: || false }
    }
}

#[derive(Default)]
pub(crate) struct Executor {
    queue: RefCell<Queue>,
    tasks: RefCell<Vec<Task>>,
    alive: Cell<usize>,
    stop: Cell<Option<Ending>>,
    /// The madsim nodes of the processes, killed at the end.
    pub(crate) nodes: RefCell<Vec<madsim::task::NodeId>>,
    current: Cell<Owner>,
}

impl Executor {
    fn add_task(&self, owner: Owner, future: LocalFuture<()>) {
        let mut tasks = self.tasks.borrow_mut();
        let id = TaskId(tasks.len() as u32);
        let waker = Waker::from(Arc::new(TaskWaker(id)));
        READY.with_borrow_mut(|ready| ready.queued.push(false));
        waker.wake_by_ref();
        tasks.push(Task { owner, future: Some(future), waker, alive: true });
        self.alive.set(self.alive.get() + 1);
    }

    /// Ends the tasks that `chosen` picks; one that has its turn ends with it.
    fn end_tasks(&self, chosen: impl Fn(Owner) -> bool) {
        let mut ended = Vec::new();
        for task in self.tasks.borrow_mut().iter_mut().filter(|task| task.alive && chosen(task.owner)) {
            task.alive = false;
            self.alive.set(self.alive.get() - 1);
            ended.extend(task.future.take());
        }
        // Dropped without a borrow: what a future drops may come back here.
        drop(ended);
    }

    /// Puts the future of a task back after its turn, unless the task is over.
    fn end_turn(&self, id: TaskId, future: LocalFuture<()>, polled: Poll<()>) {
        let mut tasks = self.tasks.borrow_mut();
        let task = &mut tasks[id.0 as usize];
        if task.alive && polled.is_pending() {
            task.future = Some(future);
        } else {
            if std::mem::take(&mut task.alive) {
                self.alive.set(self.alive.get() - 1);
            }
            // What a future drops may come back here.
            drop(tasks);
            drop(future);
        }
    }

    /// Ends all tasks of one life of a process.
    pub(crate) fn end_tasks_of(&self, process: ProcessId, incarnation: Incarnation) {
        self.end_tasks(|owner| owner == Some((process, incarnation)));
    }

    pub(crate) fn schedule(&self, at: Instant, occurrence: Occurrence) -> Ticket {
        self.queue.borrow_mut().push(at, occurrence)
    }

    pub(crate) fn cancel(&self, ticket: Ticket) {
        self.queue.borrow_mut().cancel(ticket);
    }

    pub(crate) fn alive(&self) -> usize {
        self.alive.get()
    }

    /// Whose turn it is.
    pub(crate) fn current(&self) -> Owner {
        self.current.get()
    }
}

impl World {
    /// The world that runs on this thread, if one does.
    pub fn current() -> Option<World> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// A task of that life of a process.
    pub(crate) fn spawn_for(&self, owner: (ProcessId, Incarnation), future: impl Future<Output = ()> + 'static) {
        self.inner.executor.add_task(Some(owner), Box::pin(future));
    }

    /// A further task of the process whose turn it is.
    pub(crate) fn spawn_in_current(&self, owner: (ProcessId, Incarnation), future: impl Future<Output = ()> + 'static) {
        assert_eq!(self.inner.executor.current(), Some(owner), "a process spawns tasks only from its own turn");
        self.spawn_for(owner, future);
    }

    /// Runs a future that belongs to no process: the operator, the fault injector, an observer.
    pub fn spawn_outside(&self, future: impl Future<Output = ()> + 'static) {
        self.inner.executor.add_task(None, Box::pin(future));
    }

    /// Ends the run after the present turn.
    pub fn stop(&self) {
        self.inner.executor.stop.set(Some(Ending::Stopped));
    }

    /// Runs this world to its end: `begin` is called first (it adds hosts, processes and outside tasks).
    ///
    /// All tasks are gone when this returns, because madsim would leak those that are still alive; and so is what the
    /// processes were to run, so that a world can run only once.
    pub fn run(&self, limits: Limits, begin: impl FnOnce(&World)) -> Ending {
        let runtime = madsim::runtime::Runtime::with_seed_and_config(self.inner.seed.0, madsim::Config::default());
        let _current = CurrentWorld::enter(self);
        runtime.block_on(async {
            begin(self);
            let ending = self.pump(limits).await;
            self.end_all_tasks().await;
            ending
        })
    }

    async fn pump(&self, limits: Limits) -> Ending {
        let executor = &self.inner.executor;
        let mut sleep = std::pin::pin!(madsim::time::sleep(Duration::ZERO));
        let origin = madsim_now();
        let mut clock = Instant::START;
        let mut rounds = 0u32;
        let mut turns = 0u64;
        poll_fn(|cx| {
            loop {
                if let Some(ending) = executor.stop.get() {
                    return Poll::Ready(ending);
                }
                rounds = rounds.wrapping_add(1);
                if rounds.is_multiple_of(1024) && (limits.interrupted)() {
                    return Poll::Ready(Ending::Interrupted);
                }
                // Tasks that wake each other for ever let no moment pass.
                if turns >= limits.events || self.inner.trace.borrow().count() >= limits.events {
                    return Poll::Ready(Ending::EventLimit);
                }
                if self.run_next_turn() {
                    turns += 1;
                    continue;
                }
                turns = 0;
                let Some(at) = executor.queue.borrow_mut().next_at() else { return Poll::Ready(Ending::Idle) };
                if at > limits.time {
                    self.inner.now.set(limits.time);
                    return Poll::Ready(Ending::TimeLimit);
                }
                if at.since(clock) > CLOCK_LAG {
                    clock = at;
                    sleep.as_mut().reset(origin + at.elapsed());
                    if sleep.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
                let next = executor.queue.borrow_mut().pop();
                if let Some((at, occurrence)) = next {
                    self.inner.now.set(at);
                    self.occur(occurrence);
                }
            }
        })
        .await
    }

    fn occur(&self, occurrence: Occurrence) {
        match occurrence {
            Occurrence::Wake(waker) => waker.wake(),
            Occurrence::Deliver(packet) => self.deliver(packet),
            Occurrence::Call(call) => call(self),
        }
    }

    /// Gives the task that was woken first its turn; false if none waits.
    fn run_next_turn(&self) -> bool {
        let Some(id) = READY.with_borrow_mut(Ready::pop) else { return false };
        if let Some((owner, waker, mut future)) = self.take_for_turn(id) {
            let executor = &self.inner.executor;
            executor.current.set(owner);
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            executor.current.set(None);
            executor.end_turn(id, future, polled);
        }
        true
    }

    /// Takes out the future of a task that may run now.
    fn take_for_turn(&self, id: TaskId) -> Option<(Owner, Waker, LocalFuture<()>)> {
        let mut tasks = self.inner.executor.tasks.borrow_mut();
        let task = &mut tasks[id.0 as usize];
        if let Some((process, incarnation)) = task.owner
            && task.alive
            && !self.may_run(process, incarnation, &task.waker)
        {
            return None;
        }
        Some((task.owner, task.waker.clone(), task.future.take()?))
    }

    /// Ends every task, and kills every madsim node.
    async fn end_all_tasks(&self) {
        let executor = &self.inner.executor;
        executor.end_tasks(|_| true);
        let handle = madsim::runtime::Handle::current();
        for node in self.inner.executor.nodes.borrow().iter() {
            handle.kill(*node);
        }
        // madsim drops the task of a killed node when it next comes across it.
        madsim::time::sleep(CLOCK_LAG).await;
        *executor.queue.borrow_mut() = Queue::default();
        executor.tasks.borrow_mut().clear();
        self.forget_programs();
    }
}

/// madsim's own clock, which follows model time and decides nothing.
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "madsim's virtual clock, not the wall")]
fn madsim_now() -> madsim::time::Instant {
    madsim::time::Instant::now()
}

/// Makes a world the thread's current one, and cleans up after it.
struct CurrentWorld;

impl CurrentWorld {
    fn enter(world: &World) -> Self {
        READY.set(Ready::default());
        CURRENT.set(Some(world.clone()));
        CurrentWorld
    }
}

impl Drop for CurrentWorld {
    fn drop(&mut self) {
        CURRENT.set(None);
        READY.set(Ready::default());
    }
}

/// Waits until a moment of model time. Dropping it cancels the timer.
#[must_use = "a sleep does nothing unless awaited"]
pub struct Sleep {
    world: World,
    until: Instant,
    ticket: Option<Ticket>,
}

impl Sleep {
    pub(crate) fn new(world: World, until: Instant) -> Self {
        Sleep { world, until, ticket: None }
    }
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.world.now() >= self.until {
            self.ticket = None;
            return Poll::Ready(());
        }
        if self.ticket.is_none() {
            let wake = Occurrence::Wake(cx.waker().clone());
            self.ticket = Some(self.world.inner.executor.schedule(self.until, wake));
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.world.inner.executor.cancel(ticket);
        }
    }
}

/// The time was over first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("timed out")]
pub struct Elapsed;

/// `future`, or [`Elapsed`] when `sleep` ends first.
pub async fn first_of<T>(future: impl Future<Output = T>, sleep: Sleep) -> Result<T, Elapsed> {
    let mut future = std::pin::pin!(future);
    let mut sleep = std::pin::pin!(sleep);
    poll_fn(|cx| {
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(value));
        }
        sleep.as_mut().poll(cx).map(|()| Err(Elapsed))
    })
    .await
}
