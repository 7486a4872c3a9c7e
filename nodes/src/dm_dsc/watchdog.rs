//! A watchdog of the host, which DSC does not have: it ends a database that has not written its heartbeat for too
//! long, whether or not that database gets the CPU to read Kill.

use std::time::Duration;

use crate::world::process::{Process, Status};
use crate::world::time::Instant;

use super::ep::WATCHDOG_FILE;
use super::plan::Shared;
use super::words::Seqno;

/// How often the watchdog looks.
const LOOK: Duration = Duration::from_millis(200);

/// The program of a watchdog.
pub(super) async fn watchdog(process: Process, plan: Shared, me: Seqno) -> i32 {
    let (limit, database) = (plan.parameters.watchdog, plan.node(me).database);
    let mut alive_since = None;
    loop {
        process.sleep(LOOK).await;
        let now = process.monotonic();
        if !process.local_state(database).is_some_and(Status::exists) {
            alive_since = None;
            continue;
        }
        let started = *alive_since.get_or_insert(now);
        let fed = process.read_file(WATCHDOG_FILE).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
        let last = fed.map_or(started, Instant).max(started);
        if now.since(last) >= limit {
            process.announce("watchdog.fired", crate::fields! { ep: super::words::GroupKind::Db.ep_name(me) });
            process.kill_local(database);
        }
    }
}
