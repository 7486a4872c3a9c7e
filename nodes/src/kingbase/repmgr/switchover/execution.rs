//! Phase B: the exchange of roles. The letters are those of the KingbaseES reference, 2.4.

use std::time::Duration;

use super::super::promote::promote_server;
use super::super::{Repmgr, code};
use super::{Daemon, Ended, Switchover};
use crate::kingbase::connection::Ping;
use crate::kingbase::metadata::NodeType;
use crate::kingbase::sql::{Memory, Sql};
use crate::kingbase::ssh;
use crate::parts::streaming_replication::names::parse_lsn;
use crate::parts::wal::Lsn;

const SECOND: Duration = Duration::from_secs(1);

/// What a look at the stopped primary says.
enum OldPrimary {
    Down(Lsn),
    StillStopping,
    Unclean,
}

impl Switchover<'_> {
    /// B1 to B16.
    pub(super) async fn execute(&self, daemons: &[Daemon]) -> Result<i32, Ended> {
        self.pause_all(daemons).await;
        self.announce_roles();
        self.stop_old_primary().await;
        let shut_down_at = self.wait_for_shutdown().await?;
        let is_behind = self.wait_for_receive(shut_down_at).await?;
        self.step("promote");
        promote_server(self.run).await?;
        let rewinds = self.run.options.has("--force-rewind");
        if is_behind && !rewinds {
            self.run.speech.error("new primary diverges from former primary and --force-rewind not provided");
            return Err(code::SWITCHOVER_FAIL);
        }
        self.step("rejoin");
        let mut complete = self.rejoin_old_primary(rewinds).await;
        if complete {
            complete = self.wait_for_attachment().await;
        }
        self.write_event(complete).await;
        complete &= self.let_siblings_follow().await;
        complete &= self.reach_old_primary().await;
        self.step("final-check");
        complete |= self.look_at_the_end().await;
        self.unpause(daemons).await;
        Ok(self.end(complete))
    }

    /// B1: whoever runs and is not paused already; those are passed over in silence, as they stay paused. The result is
    /// not looked at. Nobody is told of if no repmgrd runs at all.
    async fn pause_all(&self, daemons: &[Daemon]) {
        self.step("pause");
        let speech = &self.run.speech;
        if !daemons.iter().any(|daemon| daemon.running) {
            return;
        }
        for Daemon { node, reachable, running, paused } in daemons {
            let (name, id) = (&node.name, node.id);
            if !reachable {
                speech.warning(&format!("node \"{name}\" (ID: {id}) unreachable, unable to pause repmgrd"));
            } else if !running {
                speech.notice(&format!("repmgrd not running on node \"{name}\" (ID: {id}), not pausing"));
            } else if !paused {
                // Upstream repmgr says it to nobody who does not debug.
                if self.run.plan.is_kingbase() {
                    speech.info(&format!("pausing repmgrd on node \"{name}\" (ID {id})"));
                }
                let _ = self.run.connections.memory(node, Memory::Pause(true)).await;
            }
        }
    }

    fn announce_roles(&self) {
        let (me, old) = (&self.run.me, &self.old);
        self.run.speech.notice(&format!(
            "local node \"{}\" (ID: {}) will be promoted to primary; current primary \"{}\" (ID: {}) will be demoted to \
             standby",
            me.name, me.id, old.name, old.id
        ));
    }

    /// B3: the result is ignored; a stop that failed shows up as a primary that is still there.
    async fn stop_old_primary(&self) {
        self.step("stop");
        let old = &self.old;
        self.run.speech.notice(&format!("stopping current primary node \"{}\" (ID: {})", old.name, old.id));
        let words = ["repmgr", "node", "service", "--action=stop", "--checkpoint"];
        if let Ok((_, lines)) = self.remote(&words).await {
            lines.iter().for_each(|line| self.run.speech.print(line));
        }
    }

    /// B4: REJECT and OK both mean that it is still there.
    async fn wait_for_shutdown(&self) -> Result<Lsn, Ended> {
        self.step("shutdown-wait");
        let most = self.run.plan.parameters.shutdown_check_timeout;
        let speech = &self.run.speech;
        for attempt in 1..=most {
            speech.info(&format!(
                "checking for primary shutdown; {attempt} of {most} attempts (\"shutdown_check_timeout\")"
            ));
            if self.run.plan.has_defect("promote-before-shutdown") {
                return Ok(Lsn::NONE);
            }
            if self.run.connections.ping(&self.old).await == Ping::NoResponse {
                match self.ask_how_it_stopped().await {
                    OldPrimary::Down(at) => {
                        speech.notice(&format!("current primary has been cleanly shut down at location {at}"));
                        return Ok(at);
                    }
                    OldPrimary::Unclean if self.is_forced() => {
                        speech.error("current primary did not shut down cleanly, continuing anyway");
                        return Ok(Lsn::NONE);
                    }
                    OldPrimary::Unclean => {
                        speech.error("current primary did not shut down cleanly, aborting");
                        speech.hint("use -F/--force to continue anyway");
                        return Err(code::SWITCHOVER_FAIL);
                    }
                    OldPrimary::StillStopping => speech.info("remote node is still shutting down"),
                }
            }
            self.run.process().sleep(SECOND).await;
        }
        speech.error("shutdown of the primary server could not be confirmed");
        speech.hint("check the primary server status before performing any further actions");
        Err(code::SWITCHOVER_FAIL)
    }

    async fn ask_how_it_stopped(&self) -> OldPrimary {
        let answer = self.remote(&["repmgr", "node", "status", "--is-shutdown-cleanly"]).await;
        let printed = answer.map(|(_, lines)| lines.join(" ")).unwrap_or_default();
        let value = |name: &str| printed.split_whitespace().find_map(|word| word.strip_prefix(name));
        match value("--state=") {
            Some("SHUTDOWN") => {
                OldPrimary::Down(value("--last-checkpoint-lsn=").and_then(parse_lsn).unwrap_or(Lsn::NONE))
            }
            Some("UNCLEAN_SHUTDOWN") => OldPrimary::Unclean,
            _ => OldPrimary::StillStopping,
        }
    }

    /// B5: everything the old primary wrote must be here; true if it is not and nobody minds.
    async fn wait_for_receive(&self, shut_down_at: Lsn) -> Result<bool, Ended> {
        self.step("receive-wait");
        let (run, most) = (self.run, self.run.plan.parameters.wal_receive_check_timeout);
        if run.plan.has_defect("receive-check-skipped") {
            return Ok(false);
        }
        let mut received = run.received().await;
        if received < shut_down_at {
            run.speech.notice(&format!(
                "waiting up to {most} seconds (parameter \"wal_receive_check_timeout\") for received WAL to flush to disk"
            ));
            for waited in 1..=most {
                run.speech.info(&format!(
                    "sleeping {waited} of maximum {most} seconds waiting for standby to flush received WAL to disk"
                ));
                run.process().sleep(SECOND).await;
                received = run.received().await;
                if received >= shut_down_at {
                    break;
                }
            }
        }
        if received >= shut_down_at {
            return Ok(false);
        }
        run.speech.warning(&format!("local node \"{}\" is behind shutdown primary \"{}\"", run.me.name, self.old.name));
        run.speech.detail(&format!(
            "local node last receive LSN is {received}, primary shutdown checkpoint LSN is {shut_down_at}"
        ));
        if run.options.has("--always-promote") || run.plan.parameters.always_promote {
            return Ok(true);
        }
        run.speech.notice("aborting switchover");
        run.speech.hint("use --always-promote to force promotion of standby");
        Err(code::SWITCHOVER_FAIL)
    }

    /// B10: what it prints goes into a file on the other node; only 1 or 0 comes back.
    async fn rejoin_old_primary(&self, rewinds: bool) -> bool {
        let conninfo = self.run.me.conninfo();
        let log = format!("node-rejoin.{}.log", self.run.process().wall_clock().seconds());
        let mut words = vec!["log-to", &log, "repmgr", "node", "rejoin", "--no-wait", "-d", &conninfo];
        if rewinds {
            words.extend(["--force-rewind", "--config-files=kingbase.auto.conf,kingbase.conf,es_rep.conf"]);
        }
        if self.remote(&words).await.is_ok_and(|(code, _)| code == 0) {
            return true;
        }
        let speech = &self.run.speech;
        let old = format!("\"{}\" (ID: {})", self.old.name, self.old.id);
        speech.error(&format!("execution of \"repmgr node rejoin\" on demotion candidate {old} failed"));
        speech.detail(&format!("check log file \"{log}\" on \"{}\" for details", self.old.name));
        let old_identity = self.run.connections.identity(&self.old).await;
        if old_identity.is_ok_and(|identity| !identity.in_recovery) {
            speech.error(&format!("demotion candidate {old} is running as a primary"));
        }
        false
    }

    /// B11.
    async fn wait_for_attachment(&self) -> bool {
        let (run, old) = (self.run, &self.old);
        let most = run.plan.parameters.node_rejoin_timeout;
        for attempt in 0..most {
            if run.connections.is_attached(&run.me, old).await == Ok(true) {
                return true;
            }
            // The first seconds of a normal start are passed over in silence, as the real tool does at its level.
            if attempt > 0 && !run.plan.is_kingbase() {
                run.speech.info(&format!(
                    "waiting for node \"{}\" (ID: {}) to connect to new primary; {} of max {most} attempts (parameter \
                     \"node_rejoin_timeout\")",
                    old.name,
                    old.id,
                    attempt + 1
                ));
            }
            run.process().sleep(SECOND).await;
        }
        run.speech.error(&format!(
            "node \"{}\" (ID: {}) promoted to primary, but demotion candidate \"{}\" (ID: {}) did not connect to the new \
             primary",
            run.me.name, run.me.id, old.name, old.id
        ));
        false
    }

    /// B12, first half.
    async fn write_event(&self, complete: bool) {
        let (me, old) = (&self.run.me, &self.old);
        let event = Some(("standby_switchover", me.id, complete));
        let _ = self.run.connections.change(me, &[], event).await;
        if complete {
            self.run.speech.notice(&format!(
                "node \"{}\" (ID: {}) promoted to primary, node \"{}\" (ID: {}) demoted to standby",
                me.name, me.id, old.name, old.id
            ));
        }
    }

    /// B12, second half.
    async fn let_siblings_follow(&self) -> bool {
        if !self.run.options.has("--siblings-follow") || self.siblings.is_empty() {
            return true;
        }
        let (all, me) = (self.siblings.len(), self.run.me.id.to_string());
        self.run.speech.notice(&format!("executing STANDBY FOLLOW on {all} of {all} siblings"));
        let records = self.run.connections.records(&self.run.me).await.unwrap_or_default();
        let upstream = format!("--upstream-node-id={me}");
        let mut failed = 0;
        for sibling in &self.siblings {
            let is_witness = records.iter().any(|it| it.id == sibling.id && it.kind == NodeType::Witness);
            let words = match is_witness {
                true => vec!["repmgr", "witness", "register", "-F", &upstream],
                false => vec!["repmgr", "standby", "follow", &upstream],
            };
            let followed = ssh::run(self.run.process(), &self.run.plan, sibling, &words).await;
            failed += usize::from(followed.map(|(code, _)| code) != Ok(0));
        }
        if failed > 0 {
            self.run.speech.warning(&format!("execution of STANDBY FOLLOW failed on {failed} sibling nodes"));
            return false;
        }
        self.run.speech.info("STANDBY FOLLOW successfully executed on all reachable sibling nodes");
        true
    }

    /// B13.
    async fn reach_old_primary(&self) -> bool {
        let (run, old) = (self.run, &self.old);
        let most = run.plan.parameters.standby_reconnect_timeout;
        for attempt in 1..=most {
            if run.connections.identity(old).await.is_ok() {
                return true;
            }
            run.speech.info(&format!(
                "sleeping 1 second; {attempt} of {most} attempts (\"standby_reconnect_timeout\") to reconnect to demoted \
                 primary"
            ));
            run.process().sleep(SECOND).await;
        }
        run.speech.warning("switchover did not fully complete");
        run.speech.detail(&format!(
            "node \"{}\" (ID: {}) is now primary but node \"{}\" (ID: {}) is not reachable",
            run.me.name, run.me.id, old.name, old.id
        ));
        false
    }

    /// B14: an attached standby makes good whatever was said before.
    async fn look_at_the_end(&self) -> bool {
        let (run, me, old) = (self.run, &self.run.me, &self.old);
        // The slot that this node used on the old primary.
        let _ = run.connections.query(old, Sql::DropSlot(me.slot())).await;
        if run.connections.is_attached(me, old).await == Ok(true) {
            run.speech.notice("switchover was successful");
            run.speech.detail(&format!(
                "node \"{}\" is now primary and node \"{}\" is attached as standby",
                me.name, old.name
            ));
            return true;
        }
        run.speech.notice("switchover is incomplete");
        false
    }

    /// B15: everybody who was not paused before, whether its repmgrd runs or not.
    async fn unpause(&self, daemons: &[Daemon]) {
        self.step("unpause");
        let run = self.run;
        if run.plan.has_defect("switchover-leaves-paused") || !daemons.iter().any(|daemon| daemon.running) {
            return;
        }
        let everybody = run.options.has("--repmgrd-force-unpause");
        let mut failed = Vec::new();
        for Daemon { node, .. } in daemons.iter().filter(|daemon| everybody || !daemon.paused) {
            let (name, id) = (&node.name, node.id);
            if run.plan.is_kingbase() {
                run.speech.info(&format!("unpausing repmgrd on node \"{name}\" (ID {id})"));
            }
            match run.connections.memory(node, Memory::Pause(false)).await {
                Ok(_) if run.plan.is_kingbase() => {
                    run.speech.info(&format!("unpause node \"{name}\" (ID {id}) successfully"));
                }
                Ok(_) => {}
                Err(why) => failed.push(format!("  unable to connect to node \"{name}\" (ID: {id}):\n{why}\n")),
            }
        }
        if !failed.is_empty() {
            run.speech.warning(&format!("unable to unpause repmgrd on {} node(s)", failed.len()));
            run.speech.detail(&format!("errors encountered for following node(s):\n{}", failed.join("\n")));
            run.speech.hint("check node connection and status; unpause manually with \"repmgr service unpause\"");
        }
    }

    /// B16.
    fn end(&self, complete: bool) -> i32 {
        if complete {
            self.run.speech.notice("STANDBY SWITCHOVER has completed successfully");
            return code::SUCCESS;
        }
        self.run.speech.notice("STANDBY SWITCHOVER has completed with issues");
        self.run.speech.hint("see preceding log message(s) for details");
        code::SWITCHOVER_INCOMPLETE
    }
}

impl Repmgr {
    async fn received(&self) -> Lsn {
        self.connections.identity(&self.me).await.map_or(Lsn::NONE, |own| own.last_received)
    }
}
