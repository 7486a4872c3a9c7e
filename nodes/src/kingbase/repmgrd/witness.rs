//! Watching from a witness: it copies the nodes table, says when it last saw the primary, and counts as one more node
//! that can be seen.

use super::Repmgrd;
use crate::kingbase::connection::Ping;
use crate::kingbase::speech::Level;
use crate::kingbase::sql::{Memory, Sql, VOTE_AGAIN};
use crate::world::time::Instant;

impl Repmgrd {
    pub(super) async fn watch_as_witness(&self) -> Option<i32> {
        let upstream = self.own_record().await.and_then(|own| own.upstream).and_then(|id| self.plan.node(id));
        let Some(upstream) = upstream.cloned() else {
            self.process.sleep(self.plan.parameters.monitor_interval).await;
            return None;
        };
        self.log(
            Level::Notice,
            &format!("witness monitoring connection to primary node \"{}\" (ID: {})", upstream.name, upstream.id),
        );
        let mut synced = Instant::START;
        loop {
            self.process.sleep(self.plan.parameters.monitor_interval).await;
            self.register().await;
            if let Some(primary) = self.notification().await.filter(|node| *node != VOTE_AGAIN) {
                self.follow(primary).await;
                return None;
            }
            if self.connections.ping(&upstream).await != Ping::Ok {
                continue;
            }
            // The own server may be gone; then nobody asks.
            let _ = self.connections.memory(&self.me, Memory::SawUpstream(upstream.id)).await;
            let now = self.process.monotonic();
            if now.since(synced) < self.plan.parameters.witness_sync_interval {
                continue;
            }
            synced = now;
            if let Ok(records) = self.connections.records(&upstream).await {
                let _ = self.connections.query(&self.me, Sql::CopyNodes(records)).await;
            }
            if self.own_record().await.and_then(|own| own.upstream) != Some(upstream.id) {
                return None;
            }
        }
    }
}
