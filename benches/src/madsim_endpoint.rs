//! madsim's own network: the `Endpoint` that ships with the executor we build on.
//!
//! It answers what the world's network saves by not using it. The calls are those meant for applications, which copy
//! the bytes of a message; its raw calls hand over a value instead, but say that applications should not use them.
//! Latency is its default, even between 1 and 10 ms, which the other contestants take over.

use std::net::SocketAddr;

use madsim::net::Endpoint;
use madsim::runtime::Runtime;

use crate::error::{Error, require_all};

const PING: SocketAddr = address(1);
const PONG: SocketAddr = address(2);
const TAG: u64 = 0;

const fn address(host: u8) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, host)), 7000)
}

/// Two nodes, one message in flight, back and forth `round_trips` times.
pub fn ping_pong(round_trips: u64) -> Result<(), Error> {
    let runtime = Runtime::with_seed_and_config(1, madsim::Config::default());
    let ping = runtime.create_node().name("ping").ip(PING.ip()).build();
    let pong = runtime.create_node().name("pong").ip(PONG.ip()).build();
    let delivered = runtime.block_on(async move {
        let echo = pong.spawn(echo(round_trips));
        // The runtime starts ready tasks in random order: a ping before the other side has bound would be lost.
        madsim::time::sleep(std::time::Duration::from_secs(1)).await;
        let caller = ping.spawn(call(round_trips));
        let answers = caller.await.map_err(std::io::Error::other)??;
        let calls = echo.await.map_err(std::io::Error::other)??;
        Ok::<u64, std::io::Error>(answers + calls)
    })?;
    require_all("madsim's Endpoint", delivered, 2 * round_trips)
}

async fn call(round_trips: u64) -> std::io::Result<u64> {
    let endpoint = Endpoint::bind(PING).await?;
    let mut answered = 0;
    let mut answer = [0; 8];
    for number in 0..round_trips {
        endpoint.send_to(PONG, TAG, &number.to_le_bytes()).await?;
        endpoint.recv_from(TAG, &mut answer).await?;
        answered += u64::from(answer == number.to_le_bytes());
    }
    Ok(answered)
}

async fn echo(round_trips: u64) -> std::io::Result<u64> {
    let endpoint = Endpoint::bind(PONG).await?;
    let mut message = [0; 8];
    for _ in 0..round_trips {
        let (_, from) = endpoint.recv_from(TAG, &mut message).await?;
        endpoint.send_to(from, TAG, &message).await?;
    }
    Ok(round_trips)
}
