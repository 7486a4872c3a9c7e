//! Phase A: the checks, in their order; nothing is changed. The letters are those of the KingbaseES reference, 2.2.

use super::super::check::Status;
use super::super::{Repmgr, code};
use super::{Daemon, Ended, Switchover};
use crate::kingbase::conf;
use crate::kingbase::metadata::NodeRecord;
use crate::kingbase::plan::{DATA, Node};
use crate::kingbase::sql::{Memory, Sql, SqlAnswer};
use crate::kingbase::ssh;

/// A1 to A9: who is who.
pub(super) async fn begin(run: &Repmgr) -> Result<Switchover<'_>, Ended> {
    let me = &run.me;
    let own = match run.connections.identity(me).await {
        Ok(own) => own,
        Err(why) => {
            run.say_no_connection(me, &why);
            return Err(code::DB_CONN);
        }
    };
    let records = run.connections.records(me).await.unwrap_or_default();
    let Some(record) = records.iter().find(|record| record.id == me.id) else {
        run.speech.error(&format!("unable to retrieve node record for node {}", me.id));
        return Err(code::DB_QUERY);
    };
    let named = format!("\"{}\" (ID: {})", me.name, me.id);
    match run.options.has("--dry-run") {
        true => run.speech.notice(&format!("checking switchover on node {named} in --dry-run mode")),
        false => run.speech.notice(&format!("executing switchover on node {named}")),
    }
    if !own.in_recovery {
        run.speech.error("switchover must be executed from the standby node to be promoted");
        run.speech.detail(&format!("this node (ID: {}) is the primary", me.id));
        return Err(code::SWITCHOVER_FAIL);
    }
    check_own_file(run)?;
    let Some(old) = run.connections.find_primary(me).await.ok().flatten().cloned() else {
        run.speech.error("unable to connect to current primary node");
        run.speech.hint("check that the cluster is correctly configured and this standby is registered");
        return Err(code::DB_CONN);
    };
    check_upstream(run, record, &old)?;
    let siblings = siblings(run, &records, &old);
    Ok(Switchover { run, old, siblings })
}

/// A6: the file that says whom to follow must be writable.
fn check_own_file(run: &Repmgr) -> Result<(), Ended> {
    let owner = run.config_owner();
    if owner == conf::USER {
        return Ok(());
    }
    run.speech.error(&format!("ownership of file \"{DATA}/kingbase.auto.conf\" is not as expected"));
    run.speech.detail(&format!("the file is owned by \"{owner}\", repmgr is executed by \"{}\"", conf::USER));
    Err(code::BAD_CONFIG)
}

/// A9. `--force` takes a node without an upstream; whether the real tool does is not known for certain.
fn check_upstream(run: &Repmgr, own: &NodeRecord, old: &Node) -> Result<(), Ended> {
    if own.upstream == Some(old.id) || (run.options.has("--force") && run.plan.is_kingbase()) {
        return Ok(());
    }
    let me = &run.me;
    if own.upstream.is_none() && run.plan.is_kingbase() {
        run.speech.error(&format!("local node \"{}\" (ID: {}) has no registered upstream node", me.name, me.id));
    } else {
        let candidate = format!("\"{}\" (ID: {})", old.name, old.id);
        run.speech.error(&format!(
            "local node \"{}\" (ID: {}) is not a downstream of demotion candidate primary {candidate}",
            me.name, me.id
        ));
    }
    run.speech.hint("execute \"repmgr standby register --force\" to update the local node's metadata");
    Err(code::BAD_CONFIG)
}

fn siblings(run: &Repmgr, records: &[NodeRecord], old: &Node) -> Vec<Node> {
    let others = records.iter().filter(|record| record.id != run.me.id && record.upstream == Some(old.id));
    others.filter(|record| record.active).filter_map(|record| run.node(record.id)).collect()
}

impl Switchover<'_> {
    /// A10 to A26.
    pub(super) async fn check(&self) -> Result<Vec<Daemon>, Ended> {
        self.step("checks");
        self.check_attached().await?;
        self.check_replay_not_paused().await?;
        self.check_no_backup().await?;
        self.check_rewind_possible()?;
        self.check_ssh().await?;
        self.check_superuser().await?;
        self.check_old_file().await?;
        self.check_siblings().await?;
        self.check_walsenders().await?;
        self.check_replication_connection().await?;
        self.check_archive().await?;
        self.check_lag().await?;
        self.check_slots().await?;
        self.look_at_daemons().await
    }

    /// A10.
    async fn check_attached(&self) -> Result<(), Ended> {
        if self.run.connections.is_attached(&self.old, &self.run.me).await == Ok(true) {
            return Ok(());
        }
        let (me, old) = (&self.run.me, &self.old);
        self.run.speech.error(&format!(
            "local node \"{}\" (ID: {}) is not attached to demotion candidate \"{}\" (ID: {})",
            me.name, me.id, old.name, old.id
        ));
        Err(code::BAD_CONFIG)
    }

    /// A11: only where the database is as old as PostgreSQL 12, which is what KingbaseES is built on.
    async fn check_replay_not_paused(&self) -> Result<(), Ended> {
        let paused = self.run.connections.identity(&self.run.me).await.is_ok_and(|own| own.replay_paused);
        if !paused || !self.run.plan.is_kingbase() {
            return Ok(());
        }
        self.run.speech.error("WAL replay is paused on this node and it is not safe to proceed");
        self.run.speech.hint("use \"sys_wal_replay_resume()\" to unpause WAL replay");
        Err(code::SWITCHOVER_FAIL)
    }

    /// A12.
    async fn check_no_backup(&self) -> Result<(), Ended> {
        let answer = self.run.connections.query(&self.old, Sql::IsInBackup).await;
        if answer != Ok(SqlAnswer::Text("t".to_owned())) {
            return Ok(());
        }
        self.run.speech.error("unable to perform a switchover while primary server is in exclusive backup mode");
        self.run.speech.hint("stop backup before attempting the switchover");
        Err(code::SWITCHOVER_FAIL)
    }

    /// A13.
    fn check_rewind_possible(&self) -> Result<(), Ended> {
        if !self.run.options.has("--force-rewind") || self.run.plan.parameters.wal_log_hints {
            return Ok(());
        }
        self.run.speech.error("cannot use sys_rewind: \"wal_log_hints\" is set to \"off\" and checksums are disabled");
        Err(code::BAD_CONFIG)
    }

    /// A14 to A17: ssh, the executable (twice), its configuration file, the data directory.
    async fn check_ssh(&self) -> Result<(), Ended> {
        let speech = &self.run.speech;
        self.step("ssh-check");
        if self.remote(&["true"]).await.is_err() {
            speech.error(&format!("unable to connect via SSH to host \"{}\", user \"\"", self.old.address()));
            return Err(code::BAD_CONFIG);
        }
        for _ in 0..2 {
            if self.remote(&["repmgr", "--version"]).await.map(|(code, _)| code) != Ok(0) {
                speech.error(&format!("unable to execute \"repmgr\" on \"{}\"", self.old.address()));
                return Err(code::BAD_CONFIG);
            }
        }
        if self.remote(&["test", "-f", "repmgr.conf"]).await.map(|(code, _)| code) != Ok(0) {
            speech.error("expected configuration file not found on the demotion candidate");
            return Err(code::BAD_CONFIG);
        }
        let check = ["repmgr", "node", "check", "--data-directory-config", "--optformat", "-LINFO"];
        let printed = self.remote(&check).await.map(|(_, lines)| lines.join("\n")).unwrap_or_default();
        if printed.contains("--error=DB_CONNECTION") {
            speech.error(&format!("unable to check data directory configuration on node \"{}\"", self.old.name));
            speech.detail("the database of the demotion candidate cannot be reached from its own host");
            return Err(code::BAD_CONFIG);
        }
        if !printed.contains("--configured-data-directory=OK") {
            speech.error(&format!(
                "\"data_directory\" parameter on node \"{}\" is incorrectly configured",
                self.old.name
            ));
            return Err(code::BAD_CONFIG);
        }
        Ok(())
    }

    /// A18: with `-S`, that user must be let in on the old primary.
    async fn check_superuser(&self) -> Result<(), Ended> {
        let Some(name) = self.run.options.value("-S") else { return Ok(()) };
        match self.run.connections.query(&self.old, Sql::Superuser(name.to_owned())).await {
            Ok(_) => Ok(()),
            Err(why) => {
                let old = &self.old.name;
                self.run
                    .speech
                    .error(&format!("unable to connect as superuser \"{name}\" to demotion candidate \"{old}\""));
                self.run.speech.detail(&why);
                Err(code::DB_CONN)
            }
        }
    }

    /// A19.
    async fn check_old_file(&self) -> Result<(), Ended> {
        let check = ["repmgr", "node", "check", "--replication-config-owner", "--optformat", "-LERROR"];
        let printed = self.remote(&check).await.map(|(_, lines)| lines.join("\n")).unwrap_or_default();
        if printed.contains("--replication-config-owner=OK") {
            return Ok(());
        }
        let old = &self.old.name;
        self.run.speech.error(&format!("file \"kingbase.auto.conf\" on node \"{old}\" has incorrect ownership"));
        self.run.speech.hint("check the file has the same owner/group as the data directory");
        Err(code::BAD_CONFIG)
    }

    /// A20.
    async fn check_siblings(&self) -> Result<(), Ended> {
        let (speech, all) = (&self.run.speech, self.siblings.len());
        if all == 0 {
            return Ok(());
        }
        if !self.run.options.has("--siblings-follow") {
            speech.warning(&format!("{all} sibling nodes found, but option \"--siblings-follow\" not specified"));
            let names: Vec<String> =
                self.siblings.iter().map(|node| format!("  {} (node ID: {})", node.name, node.id)).collect();
            speech.detail(&format!("these nodes will remain attached to the current primary:\n{}", names.join("\n")));
            return Ok(());
        }
        let mut unreachable = 0;
        for sibling in &self.siblings {
            if ssh::run(self.run.process(), &self.run.plan, sibling, &["true"]).await.is_err() {
                unreachable += 1;
            }
        }
        let text = format!("{unreachable} of {all} sibling nodes unreachable via SSH:");
        match (unreachable, self.is_forced()) {
            (0, _) => Ok(()),
            (_, true) => {
                speech.warning(&text);
                Ok(())
            }
            (_, false) => {
                speech.error(&text);
                Err(code::BAD_CONFIG)
            }
        }
    }

    /// A21. `--force` is documented to override this and does not in 5.3.
    async fn check_walsenders(&self) -> Result<(), Ended> {
        let needed = 1 + if self.run.options.has("--siblings-follow") { self.siblings.len() } else { 0 };
        let used = self.run.connections.standbys(&self.run.me).await.map_or(0, |standbys| standbys.len());
        let all = usize::try_from(self.run.plan.parameters.max_wal_senders).unwrap_or(0);
        if all.saturating_sub(used) >= needed {
            return Ok(());
        }
        self.run.speech.error("insufficient free walsenders on promotion candidate");
        let free = all.saturating_sub(used);
        self.run.speech.detail(&format!(
            "at least {needed} walsenders required but only {free} free walsenders on promotion candidate"
        ));
        self.run.speech.hint("increase parameter \"max_wal_senders\"");
        Err(code::BAD_CONFIG)
    }

    /// A22: skipped in silence if ssh itself fails here.
    async fn check_replication_connection(&self) -> Result<(), Ended> {
        self.step("replication-check");
        let address = self.run.me.address();
        match self.remote(&["check-replication", &address]).await {
            Ok((0, _)) | Err(ssh::NoSession) => Ok(()),
            Ok(_) => {
                let name = &self.run.me.name;
                self.run.speech.error(&format!(
                    "demotion candidate is unable to make replication connection to promotion candidate \"{name}\""
                ));
                Err(code::BAD_CONFIG)
            }
        }
    }

    /// A24.
    async fn check_lag(&self) -> Result<(), Ended> {
        let (speech, parameters) = (&self.run.speech, &self.run.plan.parameters);
        let (warning, critical) =
            (parameters.replication_lag_warning.as_secs(), parameters.replication_lag_critical.as_secs());
        let own = self.run.connections.identity(&self.run.me).await;
        let status = own.as_ref().map(|own| match own.lag_seconds {
            lag if lag >= critical => (Status::Critical, lag),
            lag if lag >= warning => (Status::Warning, lag),
            lag => (Status::Ok, lag),
        });
        match status {
            Ok((Status::Critical, lag)) => {
                let detail = format!("lag is {lag} seconds (critical threshold: {critical})");
                if self.is_forced() {
                    speech.warning("replication lag on this node is critical");
                    speech.detail(&detail);
                    speech.notice("-F/--force set, continuing with switchover");
                    return Ok(());
                }
                speech.error("replication lag on this node is critical");
                speech.detail(&detail);
                speech.hint(
                    "PostgreSQL will not be able to shut down until all WAL is received; use -F/--force to continue anyway",
                );
                Err(code::SWITCHOVER_FAIL)
            }
            Ok((Status::Warning, lag)) => {
                speech.warning("replication lag on this node is high");
                speech.detail(&format!("lag is {lag} seconds (warning threshold: {warning})"));
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(_) if self.is_forced() => {
                speech.warning("unable to check replication lag on local node");
                Ok(())
            }
            Err(_) => {
                speech.error("unable to check replication lag on local node");
                Err(code::SWITCHOVER_FAIL)
            }
        }
    }

    /// A25: the old primary, and each sibling that follows, needs a slot here.
    async fn check_slots(&self) -> Result<(), Ended> {
        let run = self.run;
        if !run.plan.parameters.use_replication_slots {
            return Ok(());
        }
        let needed = 1 + if run.options.has("--siblings-follow") { self.siblings.len() } else { 0 };
        let used = run.connections.slots(&run.me).await.map_or(0, |slots| slots.len());
        let free = usize::try_from(run.plan.parameters.max_replication_slots).unwrap_or(0).saturating_sub(used);
        if free >= needed {
            return Ok(());
        }
        let text = "insufficient free replication slots to attach all nodes";
        let detail =
            format!("at least {needed} additional replication slots required but only {free} free slots available");
        if self.is_forced() {
            run.speech.warning(text);
            run.speech.detail(&detail);
            run.speech.notice("-F/--force set, continuing with switchover");
            return Ok(());
        }
        run.speech.error(text);
        run.speech.detail(&detail);
        run.speech.hint("increase parameter \"max_replication_slots\" or use -F/--force to proceed anyway");
        Err(code::BAD_CONFIG)
    }

    /// A26: every active node must be reachable, or its repmgrd could not be paused. Nothing is looked at if nothing is
    /// to be paused.
    async fn look_at_daemons(&self) -> Result<Vec<Daemon>, Ended> {
        self.step("pause-check");
        if self.run.options.has("--repmgrd-no-pause") {
            return Ok(Vec::new());
        }
        let records = self.run.connections.records(&self.run.me).await.unwrap_or_default();
        let all = records.len();
        let verb = if self.is_dry() { "would attempt" } else { "attempting" };
        self.run.speech.notice(&format!("{verb} to pause repmgrd on {all} nodes"));
        let mut daemons = Vec::new();
        let mut unreachable = 0;
        for record in records {
            let Some(node) = self.run.node(record.id) else { continue };
            let daemon = self.look_at_daemon(node).await;
            // A node that is not active is not missed.
            unreachable += usize::from(!daemon.reachable && record.active);
            daemons.push(daemon);
        }
        if unreachable == 0 {
            return Ok(daemons);
        }
        let text =
            format!("unable to connect to {unreachable} of {all} node(s), unable to pause all repmgrd instances");
        if self.is_forced() {
            self.run.speech.warning(&text);
            return Ok(daemons);
        }
        self.run.speech.error(&text);
        self.run.speech.hint("use -F/--force to continue anyway");
        Err(code::SWITCHOVER_FAIL)
    }

    async fn look_at_daemon(&self, node: Node) -> Daemon {
        let connections = &self.run.connections;
        let view = match connections.identity(&node).await {
            Ok(_) => connections.memory(&node, Memory::Read).await.ok(),
            Err(_) => None,
        };
        let (reachable, view) = (view.is_some(), view.unwrap_or_default());
        Daemon { node, reachable, running: view.pid.is_some(), paused: view.paused }
    }
}
