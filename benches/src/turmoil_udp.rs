//! turmoil, the simulator of the tokio project: what its users pay for the same traffic.
//!
//! UDP datagrams are taken because they are its cheapest way to send a message (a TCP stream adds segments and
//! acknowledgements). turmoil advances in ticks that it pays for whether or not anything happens; the tick is its
//! default of 1 ms. Latency is 1 to 10 ms as everywhere here, drawn along turmoil's default curve, whose mean of less than
//! 3 ms means fewer ticks for a message than an even spread would.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;

use turmoil::net::UdpSocket;
use turmoil::{Builder, Sim};

use crate::error::{Error, require_all};
use crate::fabric::{HEARTBEAT_NODES, HEARTBEAT_PERIOD, LONGEST_LATENCY, SHORTEST_LATENCY, heartbeats_in};

const PORT: u16 = 7000;
const ANY_INTERFACE: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT);

fn simulation() -> Sim<'static> {
    Builder::new()
        .rng_seed(1)
        .simulation_duration(Duration::from_secs(u64::from(u32::MAX)))
        .min_message_latency(SHORTEST_LATENCY)
        .max_message_latency(LONGEST_LATENCY)
        .build()
}

fn run(mut simulation: Sim<'static>) -> Result<(), Error> {
    simulation.run().map_err(|error| Error::Turmoil(error.to_string()))
}

/// Two nodes, one message in flight, back and forth `round_trips` times.
pub fn ping_pong(round_trips: u64) -> Result<(), Error> {
    let delivered = Rc::new(Cell::new(0));
    let mut simulation = simulation();
    simulation.host("pong", echo);
    let answered = delivered.clone();
    simulation.client("ping", async move {
        answered.set(call(round_trips).await?);
        Ok(())
    });
    run(simulation)?;
    require_all("turmoil", 2 * delivered.get(), 2 * round_trips)
}

async fn call(round_trips: u64) -> turmoil::Result<u64> {
    let socket = UdpSocket::bind(ANY_INTERFACE).await?;
    let pong = (turmoil::lookup("pong"), PORT);
    let mut answered = 0;
    let mut answer = [0; 8];
    for number in 0..round_trips {
        socket.send_to(&number.to_le_bytes(), pong).await?;
        socket.recv_from(&mut answer).await?;
        answered += u64::from(answer == number.to_le_bytes());
    }
    Ok(answered)
}

async fn echo() -> turmoil::Result {
    let socket = UdpSocket::bind(ANY_INTERFACE).await?;
    let mut message = [0; 8];
    loop {
        let (_, from) = socket.recv_from(&mut message).await?;
        socket.send_to(&message, from).await?;
    }
}

/// Five nodes, each sending a heartbeat to every other once a second, for so many simulated seconds.
pub fn heartbeats(seconds: u64) -> Result<(), Error> {
    let received = Rc::new(Cell::new(0));
    let mut simulation = simulation();
    for node in 0..HEARTBEAT_NODES {
        let received = received.clone();
        simulation.client(node_name(node), async move {
            let socket = Rc::new(UdpSocket::bind(ANY_INTERFACE).await?);
            tokio::task::spawn_local(count(socket.clone(), received));
            beat(&socket, node, seconds).await
        });
    }
    run(simulation)?;
    require_all("turmoil", received.get(), heartbeats_in(seconds))
}

fn node_name(node: u64) -> String {
    format!("node{node}")
}

async fn beat(socket: &UdpSocket, node: u64, seconds: u64) -> turmoil::Result {
    let peers: Vec<_> = (0..HEARTBEAT_NODES)
        .filter(|peer| *peer != node)
        .map(|peer| (turmoil::lookup(node_name(peer)), PORT))
        .collect();
    for number in 0..seconds {
        tokio::time::sleep(HEARTBEAT_PERIOD).await;
        for peer in &peers {
            socket.send_to(&number.to_le_bytes(), *peer).await?;
        }
    }
    // The last heartbeats of the others are still on their way.
    tokio::time::sleep(2 * LONGEST_LATENCY).await;
    Ok(())
}

async fn count(socket: Rc<UdpSocket>, received: Rc<Cell<u64>>) {
    let mut message = [0; 8];
    while socket.recv_from(&mut message).await.is_ok() {
        received.set(received.get() + 1);
    }
}
