//! `sys_ctl`: starts, stops, reloads and promotes the server of its own host.

use std::time::Duration;

use super::connection::{Connections, Ping};
use super::plan::Node;
use super::sql::Sql;
use crate::product::CommandFailure;

/// The external commands that a fault breaks.
pub(super) const START_COMMAND: &str = "service_start_command";
/// Stops the server.
pub(super) const STOP_COMMAND: &str = "service_stop_command";

const WAIT: u32 = 60;

/// Starts the server and waits until it takes connections; 1 if it does not within a minute.
pub(super) async fn start(connections: &Connections, node: &Node) -> i32 {
    match connections.plan.meet(node.host, START_COMMAND) {
        None => {}
        // It says that it worked, and nothing was started.
        Some(CommandFailure::Fails) => return 0,
        Some(CommandFailure::Refused) => return 1,
        Some(CommandFailure::Hangs) => hang(connections, node, START_COMMAND).await,
    }
    connections.process.start_local(node.server);
    for _ in 0..WAIT * 2 {
        match connections.ping(node).await {
            Ping::Ok => return 0,
            Ping::NoResponse if !is_running(connections, node) => return 1,
            Ping::NoResponse | Ping::Reject => connections.process.sleep(Duration::from_millis(500)).await,
        }
    }
    1
}

/// Tells the server to stop; waits for its end if asked to.
pub(super) async fn stop(connections: &Connections, node: &Node, waits: bool) -> i32 {
    match connections.plan.meet(node.host, STOP_COMMAND) {
        None => {}
        // It says that it worked, and the server goes on.
        Some(CommandFailure::Fails) => return 0,
        Some(CommandFailure::Refused) => return 1,
        Some(CommandFailure::Hangs) => hang(connections, node, STOP_COMMAND).await,
    }
    if !is_running(connections, node) {
        return 1;
    }
    if connections.query(node, Sql::Stop).await.is_err() {
        return 1;
    }
    for _ in 0..WAIT * 2 {
        if !waits || !is_running(connections, node) {
            return 0;
        }
        connections.process.sleep(Duration::from_millis(500)).await;
    }
    1
}

/// Lets the server read its files again.
pub(super) async fn reload(connections: &Connections, node: &Node) -> i32 {
    i32::from(connections.query(node, Sql::Reload).await.is_err())
}

/// Promotes the server past repmgr: nobody looks for another primary, and no table is written.
pub(super) async fn promote(connections: &Connections, node: &Node) -> i32 {
    i32::from(connections.query(node, Sql::Promote).await.is_err())
}

fn is_running(connections: &Connections, node: &Node) -> bool {
    connections.process.local_state(node.server).is_some_and(|status| status.exists())
}

async fn hang(connections: &Connections, node: &Node, command: &str) {
    while connections.plan.is_broken(node.host, command) {
        connections.process.sleep(Duration::from_millis(500)).await;
    }
}
