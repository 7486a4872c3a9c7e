//! The IP stack of a host: it answers pings as long as the host has power, whatever its other processes do.

use std::time::Duration;

use crate::world::port::Address;
use crate::world::process::Process;
use crate::world::trace::ProcessId;

use super::plan::PING_PORT;

/// The program of an IP stack.
pub(super) async fn network(process: Process) -> i32 {
    let port = process.bind::<()>(PING_PORT);
    loop {
        let ping = port.recv().await;
        port.reply(&ping, ());
    }
}

/// Whether a ping is answered within a time.
pub(super) async fn reaches(process: &Process, stack: ProcessId, limit: Duration) -> bool {
    process.call::<()>(Address::new(stack, PING_PORT), (), limit).await.is_ok()
}
