//! Our own network, through the send and receive that the products use.
//!
//! Everything a drill has is on: latency draws, connections with their state, a fault rule that each message is
//! checked against, and the hash of the trace over every message sent and delivered.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use nodes::world::executor::Limits;
use nodes::world::latency::Latency;
use nodes::world::network::{Effect, End, LinkOptions, Rule};
use nodes::world::port::{Address, Port, PortNumber};
use nodes::world::process::Process;
use nodes::world::streams::Seed;
use nodes::world::trace::ProcessId;
use nodes::world::{World, WorldOptions};

use crate::error::{Error, require_all};
use crate::fabric::{HEARTBEAT_NODES, HEARTBEAT_PERIOD, LONGEST_LATENCY, SHORTEST_LATENCY, heartbeats_in};

const PORT: PortNumber = PortNumber(1);

/// The message of both benchmarks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Numbered(u64);

fn world() -> World {
    let world = World::new(WorldOptions { seed: Seed(1), ..WorldOptions::default() });
    let latency = Latency::even(SHORTEST_LATENCY, LONGEST_LATENCY);
    world.set_default_link(LinkOptions { latency, ..LinkOptions::default() });
    // A fault in force elsewhere: no message meets it, every message is checked against it.
    let bystander = world.add_host("bystander");
    world.add_rule(Rule { from: vec![], to: vec![End::Host(bystander)], message: None, effect: Effect::Cut });
    world
}

/// Two nodes, one message in flight, back and forth `round_trips` times.
pub fn ping_pong(round_trips: u64) -> Result<(), Error> {
    let world = world();
    let answered = Rc::new(Cell::new(0));
    let pong = world.add_process(world.add_host("two"), "pong", echo);
    let count = answered.clone();
    let ping = world.add_process(world.add_host("one"), "ping", move |process| {
        call(process, Address::new(pong, PORT), round_trips, count.clone())
    });
    world.run(Limits::default(), |world| {
        world.start(pong);
        world.start(ping);
    });
    require_all("simrun", 2 * answered.get(), 2 * round_trips)
}

async fn call(process: Process, pong: Address, round_trips: u64, answered: Rc<Cell<u64>>) -> i32 {
    let port: Port<Numbered> = process.bind(PORT);
    for number in 0..round_trips {
        if port.send(pong, Numbered(number)).is_err() {
            return 1;
        }
        if port.recv().await.message == Numbered(number) {
            answered.set(answered.get() + 1);
        }
    }
    0
}

async fn echo(process: Process) -> i32 {
    let port: Port<Numbered> = process.bind(PORT);
    loop {
        let incoming = port.recv().await;
        if port.send(incoming.from, incoming.message).is_err() {
            return 1;
        }
    }
}

/// Five nodes, each sending a heartbeat to every other once a second, for so many simulated seconds.
pub fn heartbeats(seconds: u64) -> Result<(), Error> {
    let world = world();
    let received = Rc::new(Cell::new(0));
    let members: Rc<RefCell<Vec<ProcessId>>> = Rc::default();
    for node in 0..HEARTBEAT_NODES {
        let (all, received) = (members.clone(), received.clone());
        let program = move |process| beat(process, all.borrow().clone(), seconds, received.clone());
        let host = world.add_host(&format!("node{node}"));
        let process = world.add_process(host, "member", program);
        members.borrow_mut().push(process);
    }
    world.run(Limits::default(), |world| {
        for member in members.borrow().iter() {
            world.start(*member);
        }
    });
    require_all("simrun", received.get(), heartbeats_in(seconds))
}

async fn beat(process: Process, members: Vec<ProcessId>, seconds: u64, received: Rc<Cell<u64>>) -> i32 {
    let port: Port<Numbered> = process.bind(PORT);
    process.spawn(count(port.clone(), received));
    for number in 0..seconds {
        process.sleep(HEARTBEAT_PERIOD).await;
        for peer in members.iter().filter(|member| **member != process.id()) {
            if port.send(Address::new(*peer, PORT), Numbered(number)).is_err() {
                return 1;
            }
        }
    }
    // The last heartbeats of the others are still on their way.
    process.sleep(2 * LONGEST_LATENCY).await;
    0
}

async fn count(port: Port<Numbered>, received: Rc<Cell<u64>>) {
    loop {
        port.recv().await;
        received.set(received.get() + 1);
    }
}
