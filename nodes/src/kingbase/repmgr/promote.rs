//! `standby promote`: asks whether there is a primary, promotes, waits, and writes it into the tables.

use super::{Repmgr, code};
use crate::kingbase::metadata::promoted;
use crate::kingbase::sql::Sql;

/// The command. repmgrd runs it too, as its `promote_command`.
pub(in super::super) async fn promote(run: &Repmgr) -> i32 {
    let me = &run.me;
    match run.connections.identity(me).await {
        Ok(identity) if !identity.in_recovery => {
            run.speech.error("STANDBY PROMOTE can only be executed on a standby node");
            return code::PROMOTION_FAIL;
        }
        Ok(_) => {}
        Err(why) => {
            run.say_no_connection(me, &why);
            return code::DB_CONN;
        }
    }
    if !run.plan.has_defect("promote-without-looking")
        && let Ok(Some(primary)) = run.connections.find_primary(me).await
    {
        run.speech.error("this replication cluster already has an active primary server");
        run.speech.detail(&format!("current primary is \"{}\" (ID: {})", primary.name, primary.id));
        return code::PROMOTION_FAIL;
    }
    match promote_server(run).await {
        Ok(()) => code::SUCCESS,
        Err(code) => code,
    }
}

/// What promote and switchover share: from the request to the tables.
pub(super) async fn promote_server(run: &Repmgr) -> Result<(), i32> {
    let me = &run.me;
    run.speech.notice("promoting standby to primary");
    run.speech.detail(&format!("promoting server \"{}\" (ID: {}) using pg_promote()", me.name, me.id));
    let waits_for = run.plan.parameters.promote_check_timeout.as_secs();
    match run.connections.identity(me).await {
        Ok(identity) if run.plan.is_kingbase() => {
            let replayed = identity.replayed;
            run.promote_request().await?;
            run.speech.notice(&format!("waiting for promotion to complete, replay lsn: {replayed}"));
        }
        _ => {
            run.promote_request().await?;
            let parameter = "(parameter \"promote_check_timeout\")";
            run.speech.notice(&format!("waiting up to {waits_for} seconds {parameter} for promotion to complete"));
        }
    }
    wait_until_promoted(run).await?;
    go_asynchronous(run).await;
    write_tables(run).await?;
    run.speech.notice("STANDBY PROMOTE successful");
    let words = "was successfully promoted to primary";
    run.speech.detail(&format!("server \"{}\" (ID: {}) {words}", me.name, me.id));
    if run.plan.is_kingbase() {
        run.speech.notice("issuing CHECKPOINT");
        run.checkpoint(me).await;
    }
    Ok(())
}

impl Repmgr {
    async fn promote_request(&self) -> Result<(), i32> {
        let asked = self.connections.query(&self.me, Sql::Promote).await;
        asked.map(|_| ()).map_err(|why| {
            self.speech.error("unable to promote server from standby to primary");
            self.speech.detail(&why);
            code::PROMOTION_FAIL
        })
    }
}

async fn wait_until_promoted(run: &Repmgr) -> Result<(), i32> {
    let deadline = run.process().monotonic() + run.plan.parameters.promote_check_timeout;
    loop {
        match run.connections.identity(&run.me).await {
            Ok(identity) if !identity.in_recovery => return Ok(()),
            Ok(_) => {}
            Err(why) => {
                run.say_no_connection(&run.me, &why);
                return Err(code::DB_CONN);
            }
        }
        if run.process().monotonic() >= deadline {
            run.speech.error("STANDBY PROMOTE failed, node is still a standby");
            return Err(code::PROMOTION_FAIL);
        }
        run.process().sleep(run.plan.parameters.promote_check_interval).await;
    }
}

/// A new primary must not wait for the node it has just replaced: KingbaseES clears the setting, stock repmgr leaves it
/// (and every write of a cluster with a leftover setting hangs, reference section 6, row 25).
async fn go_asynchronous(run: &Repmgr) {
    let names = run.connections.show(&run.me, "synchronous_standby_names").await.unwrap_or_default();
    if !run.plan.is_kingbase() || names.is_empty() || run.plan.has_defect("promotion-keeps-sync-names") {
        return;
    }
    run.speech.info("SET synchronous TO \"async\" on primary host ");
    run.speech.info(&format!("change synchronous_standby_names from \"{names}\" to \"\""));
    let change = Sql::AlterSystem { name: "synchronous_standby_names".to_owned(), value: String::new() };
    // The promotion goes on whether this succeeds or not.
    let _ = run.connections.query(&run.me, change).await;
    let _ = run.connections.query(&run.me, Sql::Reload).await;
}

async fn write_tables(run: &Repmgr) -> Result<(), i32> {
    let me = &run.me;
    let records = run.connections.records(me).await.unwrap_or_default();
    let event = Some(("standby_promote", me.id, true));
    let changed = run.connections.change(me, &promoted(&records, me.id), event).await;
    changed.map_err(|why| {
        run.speech.error("unable to update node record");
        run.speech.detail(&why);
        code::DB_QUERY
    })
}
