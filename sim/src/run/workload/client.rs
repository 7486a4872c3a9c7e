//! One client: calls at its own pace, follows the primary, and gives up after a while.
//!
//! The load is open: when an operation is due does not depend on how long the one before took, except that a client
//! has one under way at a time and does not make up for what it missed.

use std::time::Duration;

use nodes::parts::service::{self, TransactionId};
use nodes::world::port::{Address, CallError};
use nodes::world::process::Process;
use nodes::world::streams::StreamKey;
use nodes::world::time::nanos;
use nodes::world::trace::{HostId, ProcessId};

use super::ledger::{self, Ledger};
use super::{Habit, Habits, Lulls, WorkloadWord};
use crate::history::Outcome;
use crate::run::stage::Stage;
use crate::scenario::model::Workload;

/// How long a client waits before it tries another server.
const BEFORE_ANOTHER_SERVER: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(150));

/// The clients of a run.
pub(in crate::run) struct Traffic {
    clients: Vec<ProcessId>,
    start: Duration,
}

impl Traffic {
    /// Starts the clients once the cluster is ready, and not before the scenario wants them.
    pub(in crate::run) async fn begin(self, stage: Stage) {
        let world = stage.world();
        world.announced(None, nodes::product::events::CLUSTER_READY, 1).await;
        world.sleep_until(nodes::world::time::Instant::START + self.start).await;
        for client in self.clients {
            world.start(client);
        }
    }
}

/// Adds the clients of a workload to their machine; they do not run yet.
pub(in crate::run) fn add_clients(
    stage: &Stage,
    machine: HostId,
    word: &'static WorkloadWord,
    workload: &Workload,
    ledger: &Ledger,
) -> Traffic {
    let servers: Vec<(Address, String)> = stage
        .cluster()
        .services()
        .into_iter()
        .map(|address| (address, stage.world().host_name(stage.world().host_of(address.process)).to_string()))
        .collect();
    let spread = stage.cluster().serves_everywhere();
    let clients = (1..=workload.clients).map(|client| {
        let (servers, ledger, workload) = (servers.clone(), ledger.clone(), workload.clone());
        stage.world().add_process(machine, &format!("client-{client}"), move |process| {
            let reads = (workload.reads.numerator, workload.reads.denominator);
            let habits = Habits { client, clients: workload.clients, keys: workload.keys, reads };
            let life = Client {
                draws: process.world().stream(&format!("workload/client-{client}")),
                habit: (word.begin)(habits),
                client,
                servers: servers.clone(),
                server: if spread { client as usize % servers.len().max(1) } else { 0 },
                session: u64::from(client),
                sent: 0,
                workload: workload.clone(),
                ledger: ledger.clone(),
                process,
            };
            life.run()
        })
    });
    Traffic { clients: clients.collect(), start: workload.start }
}

struct Client {
    process: Process,
    client: u32,
    habit: Box<dyn Habit>,
    draws: StreamKey,
    servers: Vec<(Address, String)>,
    /// Which of the servers it talks to.
    server: usize,
    session: u64,
    /// How many transactions it has sent: they are numbered without gaps, as the history is read.
    sent: u32,
    workload: Workload,
    ledger: Ledger,
}

/// The children of a client's stream.
const PACE: u64 = 1;
const DEEDS: u64 = 2;
const RETRIES: u64 = 3;

impl Client {
    async fn run(mut self) -> i32 {
        let begun = self.process.monotonic();
        let lulls = self.workload.pause.map(|pause| Lulls { every: pause.every, lasts: pause.lasts });
        let mut due = begun;
        for number in 0.. {
            due = (due + self.pace(number)).max(self.process.monotonic());
            if let Some(lulls) = lulls {
                due += lulls.wait_at(due.since(begun));
            }
            self.process.sleep(due.since(self.process.monotonic())).await;
            self.operate(number).await;
        }
        0
    }

    /// The time between two operations of one client: all clients together keep the rate of the scenario.
    fn pace(&self, number: u32) -> Duration {
        let mean = nanos(self.workload.rate.interval()).saturating_mul(u64::from(self.workload.clients));
        let mut draws = self.draws.child(PACE).at(u64::from(number));
        Duration::from_nanos(draws.between(mean / 2, mean.saturating_add(mean / 2)))
    }

    async fn operate(&mut self, number: u32) {
        let Some((address, node)) = self.servers.get(self.server) else { return };
        let actions = self.habit.next(&mut self.draws.child(DEEDS).at(u64::from(number)));
        // What is not sent is drawn, so that the others write what they would have written.
        if !self.workload.sends(self.client, number + 1) {
            return;
        }
        let transaction =
            service::Transaction { id: TransactionId { client: self.client, number: self.sent }, actions };
        self.sent += 1;
        let entry = self.ledger.call(&self.process, self.session, node, &transaction);
        let limit = self.workload.timeout;
        let answer = self.process.call::<service::Answer>(*address, transaction.clone(), limit).await;
        if let Ok(service::Answer::Committed(replies)) = &answer {
            self.habit.learn(&transaction.actions, replies);
        }
        let outcome = outcome_of(answer);
        let served = matches!(outcome, Outcome::Ok(_));
        self.ledger.close(&self.process, &entry, outcome);
        if !served {
            self.turn_to_another_server(number).await;
        }
    }

    async fn turn_to_another_server(&mut self, number: u32) {
        self.server = (self.server + 1) % self.servers.len().max(1);
        self.session += u64::from(self.workload.clients);
        let (shortest, longest) = BEFORE_ANOTHER_SERVER;
        let pause = self.draws.child(RETRIES).at(u64::from(number)).duration(shortest, longest);
        self.process.sleep(pause).await;
    }
}

/// What a client knows after an answer, or after none. A connection that was refused carried nothing; one that broke
/// may have carried anything.
fn outcome_of(answer: Result<service::Answer, CallError>) -> Outcome {
    match answer {
        Ok(service::Answer::Committed(replies)) => Outcome::Ok(replies.iter().map(ledger::reply).collect()),
        Ok(service::Answer::Refused(why)) => Outcome::Failed(why),
        Ok(service::Answer::Unknown(_)) => Outcome::Unknown,
        Err(CallError::Refused) => Outcome::Failed("connection refused".to_owned()),
        Err(CallError::Reset | CallError::TimedOut) => Outcome::Unknown,
    }
}
