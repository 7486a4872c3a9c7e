//! The shared memory between pfsd and its clients.
//!
//! A client puts a request there and waits for its answer without limit: while pfsd is dead nothing fails, everything
//! waits. A pfsd that starts again raises the epoch by two and answers every open request `ESTALE`, upon which the
//! client sends it again. When a client dies, a request that pfsd has already taken is still carried out
//! (PFS:src/pfsd/pfsd_shm.cc): that is how a killed server can write afterwards.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use crate::parts::signal::Signal;
use crate::world::device::{Answer, IoError, Request};
use crate::world::disk::{DeviceId, Gateway, Stamp};
use crate::world::executor::LocalFuture;
use crate::world::process::Process;
use crate::world::trace::{Incarnation, ProcessId};

/// The shared memory of one host.
#[derive(Default)]
pub(in crate::polardb) struct Channel {
    queue: RefCell<VecDeque<Rc<Job>>>,
    under_way: RefCell<Vec<Rc<Job>>>,
    epoch: Cell<u64>,
    arrived: Signal,
    settled: Signal,
}

/// A request of a client.
pub(super) struct Job {
    pub(super) client: (ProcessId, Incarnation),
    pub(super) device: DeviceId,
    pub(super) stamp: Stamp,
    pub(super) request: Request,
    outcome: RefCell<Option<Outcome>>,
    answered: Signal,
    abandoned: Cell<bool>,
}

enum Outcome {
    Answered(Result<Answer, IoError>),
    Stale,
}

impl Channel {
    /// A pfsd begins: whatever an earlier one has left open is answered `ESTALE`.
    pub(super) fn begin_epoch(&self) -> u64 {
        let epoch = self.epoch.get() + 2;
        self.epoch.set(epoch);
        let open: Vec<Rc<Job>> = self.under_way.take().into_iter().chain(self.queue.take()).collect();
        for job in open {
            job.settle(Outcome::Stale);
        }
        self.settled.notify();
        epoch
    }

    /// The next request; one whose client has died before it was taken is forgotten.
    pub(super) async fn next(&self) -> Rc<Job> {
        self.arrived
            .wait_for(|| {
                let mut queue = self.queue.borrow_mut();
                queue.retain(|job| !job.abandoned.get());
                let job = queue.pop_front()?;
                self.under_way.borrow_mut().push(job.clone());
                Some(job)
            })
            .await
    }

    /// A request was carried out.
    pub(super) fn finish(&self, job: &Rc<Job>, answer: Result<Answer, IoError>) {
        self.under_way.borrow_mut().retain(|other| !Rc::ptr_eq(other, job));
        job.settle(Outcome::Answered(answer));
        self.settled.notify();
    }

    /// How many requests of a client wait or are under way.
    pub(in crate::polardb) fn open_requests_of(&self, client: (ProcessId, Incarnation)) -> usize {
        let of_client = |job: &&Rc<Job>| job.client == client && !job.abandoned.get();
        self.queue.borrow().iter().filter(of_client).count() + self.under_way.borrow().iter().filter(of_client).count()
    }

    /// Waits until nothing of a client is open any more.
    pub(super) async fn drained(&self, client: (ProcessId, Incarnation)) {
        self.settled.wait_until(|| self.open_requests_of(client) == 0).await;
    }

    fn put(&self, job: &Rc<Job>) {
        self.queue.borrow_mut().push_back(job.clone());
        self.arrived.notify();
    }
}

impl Job {
    /// Whether its client is gone.
    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.get()
    }

    fn settle(&self, outcome: Outcome) {
        *self.outcome.borrow_mut() = Some(outcome);
        self.answered.notify();
    }
}

/// The client library in one process (PFSD SDK).
pub(super) struct Sdk {
    process: Process,
    channel: Rc<Channel>,
    device: DeviceId,
}

impl Sdk {
    pub(super) fn new(process: &Process, channel: &Rc<Channel>, device: DeviceId) -> Self {
        Sdk { process: process.clone(), channel: channel.clone(), device }
    }
}

impl Gateway for Sdk {
    fn carry(&self, request: Request, stamp: Stamp) -> LocalFuture<Result<Answer, IoError>> {
        let client = (self.process.id(), self.process.incarnation());
        let (channel, device) = (self.channel.clone(), self.device);
        Box::pin(async move {
            loop {
                let job = Rc::new(Job {
                    client,
                    device,
                    stamp,
                    request: request.clone(),
                    outcome: RefCell::default(),
                    answered: Signal::default(),
                    abandoned: Cell::default(),
                });
                let waiting = Waiting(job.clone());
                channel.put(&job);
                let outcome = job.answered.wait_for(|| job.outcome.borrow_mut().take()).await;
                drop(waiting);
                match outcome {
                    Outcome::Answered(answer) => return answer,
                    Outcome::Stale => {}
                }
            }
        })
    }
}

/// Notes that nobody waits for a request any more.
struct Waiting(Rc<Job>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.abandoned.set(true);
    }
}
