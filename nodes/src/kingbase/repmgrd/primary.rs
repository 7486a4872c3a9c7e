//! Watching from a primary: its own server, and its standbys. It never looks for a second primary.

use std::collections::BTreeSet;

use super::Repmgrd;
use crate::fields;
use crate::kingbase::speech::Level;
use crate::kingbase::sql::Sql;
use crate::parts::streaming_replication::synchronous::SyncRule;

impl Repmgrd {
    pub(super) async fn watch_as_primary(&self) -> Option<i32> {
        self.has_begun.set(true);
        self.degraded.set(false);
        self.log(Level::Notice, &format!("monitoring cluster primary \"{}\" (ID: {})", self.me.name, self.me.id));
        let mut children: BTreeSet<String> = BTreeSet::new();
        loop {
            self.process.sleep(self.plan.parameters.child_nodes_check_interval).await;
            self.register().await;
            match self.connections.identity(&self.me).await {
                Ok(identity) if identity.in_recovery => {
                    self.log(Level::Notice, "node is now a standby, switching to standby monitoring");
                    return None;
                }
                Ok(_) => {}
                Err(_) => {
                    if !self.answers(&self.me).await {
                        let (name, id) = (&self.me.name, self.me.id);
                        self.log(Level::Warning, &format!("connection to node \"{name}\" (ID: {id}) lost"));
                    }
                    continue;
                }
            }
            let Ok(standbys) = self.connections.standbys(&self.me).await else { continue };
            let present: BTreeSet<String> =
                standbys.into_iter().filter(|view| view.streaming).map(|view| view.name).collect();
            for gone in children.difference(&present) {
                self.log(Level::Notice, &format!("standby node {} has disconnected", self.named(gone)));
            }
            for new in present.difference(&children) {
                self.log(Level::Notice, &format!("new standby {} has connected", self.named(new)));
            }
            self.watch_synchronous(&present).await;
            children = present;
        }
    }

    /// A standby as the log names it.
    fn named(&self, standby: &str) -> String {
        let id = self.plan.nodes().iter().find(|node| node.name == standby).map_or(0, |node| node.id);
        format!("\"{standby}\" (ID: {id})")
    }

    /// KingbaseES goes on alone when too few of the standbys it waits for are there: from then on a commit is on one
    /// node only. Upstream repmgr leaves the setting, and every write waits.
    async fn watch_synchronous(&self, present: &BTreeSet<String>) {
        if !self.plan.is_kingbase() || self.plan.has_defect("sync-is-never-given-up") {
            return;
        }
        let names = self.connections.show(&self.me, "synchronous_standby_names").await.unwrap_or_default();
        let Ok(Some(rule)) = SyncRule::parse(&names) else { return };
        let known: Vec<_> = present.iter().map(|name| (name.clone(), crate::parts::wal::Lsn::NONE)).collect();
        if rule.confirmed(&known).is_some() {
            return;
        }
        self.log(Level::Info, "SET synchronous TO \"async\" on primary host ");
        self.process.announce("synchronous.given-up", fields! { names: names });
        let change = Sql::AlterSystem { name: "synchronous_standby_names".to_owned(), value: String::new() };
        // Looked at again at the next interval.
        let _ = self.connections.query(&self.me, change).await;
        let _ = self.connections.query(&self.me, Sql::Reload).await;
    }
}
