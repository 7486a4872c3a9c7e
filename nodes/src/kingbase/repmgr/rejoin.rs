//! `node rejoin`: brings a stopped node back as a standby, rewound if it went its own way.
//!
//! The checks are in the order of the real tool. It goes to the primary that is *registered* where it was pointed at,
//! not to that node itself (KingbaseES reference, sections 3.5 and 8.1).

use std::time::Duration;

use super::{Repmgr, code};
use crate::fields;
use crate::kingbase::connection::Ping;
use crate::kingbase::ctl;
use crate::kingbase::metadata::{NodeType, following};
use crate::kingbase::plan::{BIN, DATA, Node};
use crate::kingbase::server::STANDBY_SIGNAL;
use crate::kingbase::sql::Sql;
use crate::parts::streaming_replication::control::ControlData;
use crate::parts::streaming_replication::rewind::{self, Divergence, RewindError};

pub(super) async fn rejoin(run: &Repmgr) -> i32 {
    match rejoin_steps(run).await {
        Ok(()) => code::SUCCESS,
        Err(code) => code,
    }
}

async fn rejoin_steps(run: &Repmgr) -> Result<(), i32> {
    let me = &run.me;
    if run.connections.ping(me).await != Ping::NoResponse {
        run.speech.error("database is still running in state \"in production\"");
        run.speech.hint("\"repmgr node rejoin\" can only be executed on a stopped node");
        return Err(code::REJOIN_FAIL);
    }
    let control = own_control(run).await?;
    let rewinds = run.options.has("--force-rewind");
    if !control.state.is_clean() && !rewinds {
        run.speech.error("database is not shut down cleanly");
        run.speech.detail(&format!("the control page says \"{}\"", control.state.words()));
        run.speech.hint("provide --force-rewind to run recovery");
        return Err(code::REJOIN_FAIL);
    }
    let target = rejoin_target(run).await?;
    run.speech.notice(&format!("rejoin target is node \"{}\" (ID: {})", target.name, target.id));
    let must_rewind = compare_timelines(run, &target).await?;
    if run.options.has("--dry-run") {
        run.speech.info("prerequisites for executing NODE REJOIN are met");
        return Ok(());
    }
    if must_rewind {
        rewind_to(run, &target).await?;
    }
    attach(run, &target).await?;
    start(run, &target).await
}

async fn own_control(run: &Repmgr) -> Result<ControlData, i32> {
    let store = run.me.place.open(run.process()).map_err(|_| code::BAD_CONFIG)?;
    let control = store.read_control().await.ok().flatten();
    control.map(|(_, control)| control).ok_or_else(|| {
        run.speech.error("unable to read the control file");
        code::BAD_CONFIG
    })
}

/// The node that was named, and from there the primary its tables name.
async fn rejoin_target(run: &Repmgr) -> Result<Node, i32> {
    let named = run.options.value("-d").map(str::to_owned);
    let named = named.or_else(|| run.options.value("-h").map(|host| format!("host={host}")));
    let Some(entry) = named.as_deref().and_then(|conninfo| run.plan.node_at(conninfo)) else {
        run.speech.error("no database connection parameters provided");
        return Err(code::BAD_CONFIG);
    };
    let entry_identity = match run.connections.identity(entry).await {
        Ok(identity) => identity,
        Err(why) => {
            run.say_no_connection(entry, &why);
            return Err(code::BAD_CONFIG);
        }
    };
    let records = run.connections.records(entry).await.unwrap_or_default();
    let registered = records.iter().find(|record| record.kind == NodeType::Primary && record.active);
    let Some(primary) = registered.and_then(|record| run.node(record.id)) else {
        run.speech.error("unable to determine the primary of this cluster");
        return Err(code::BAD_CONFIG);
    };
    if !entry_identity.in_recovery && primary.id != entry.id {
        run.speech.warning(
            "provided upstream connection string is for a server which is not in recovery, but not registered as primary",
        );
    }
    match run.connections.identity(&primary).await {
        Ok(identity) if !identity.in_recovery => {}
        Ok(_) => {
            run.speech.error(&format!("node \"{}\" (ID: {}) is not a primary", primary.name, primary.id));
            return Err(code::BAD_CONFIG);
        }
        Err(why) => {
            run.say_no_connection(&primary, &why);
            return Err(code::BAD_CONFIG);
        }
    }
    if !records.iter().any(|record| record.id == run.me.id) {
        run.speech.error(&format!("node record for this node (ID: {}) not found", run.me.id));
        return Err(code::BAD_CONFIG);
    }
    Ok(primary)
}

/// Whether a rewind is needed; an error if it is and was not asked for.
async fn compare_timelines(run: &Repmgr, target: &Node) -> Result<bool, i32> {
    let store = run.me.place.open(run.process()).map_err(|_| code::BAD_CONFIG)?;
    let files = run.plan.files(run.process().world(), &run.me);
    let found = rewind::compare(run.process(), &store, &files, target.server).await;
    let id = target.id;
    match found {
        Ok(Divergence { ours, end, fork, .. }) if end <= fork => {
            run.speech.info(&format!("local node {} can attach to rejoin target node {id}", run.me.id));
            run.speech.detail(&format!("local node's recovery point: {end}; rejoin target node's fork point: {fork}"));
            let _ = ours;
            Ok(false)
        }
        Ok(_) if run.plan.has_defect("rejoin-skips-fork-check") => Ok(false),
        Ok(divergence) => {
            let Divergence { ours, theirs, end, .. } = divergence;
            if run.options.has("--force-rewind") {
                let ahead = ours > theirs && run.plan.is_kingbase();
                if ahead && !run.options.has("--no-check-wal") {
                    return refuse_ahead(run, ours, theirs);
                }
                return Ok(true);
            }
            if ours > theirs {
                return refuse_ahead(run, ours, theirs);
            }
            run.speech.error(&format!("this node cannot attach to rejoin target node {id}"));
            run.speech.detail(&format!(
                "rejoin target server's timeline {theirs} forked off current database system timeline {ours} before \
                 current recovery point {end}"
            ));
            run.speech.hint("use --force-rewind to execute sys_rewind");
            Err(code::REJOIN_FAIL)
        }
        Err(error) => {
            run.speech.error(&error.to_string());
            Err(code::REJOIN_FAIL)
        }
    }
}

fn refuse_ahead(run: &Repmgr, ours: u64, theirs: u64) -> Result<bool, i32> {
    run.speech.error("this node's timeline is ahead of the rejoin target node's timeline");
    run.speech.detail(&format!("this node's timeline is {ours}, the rejoin target node's timeline is {theirs}"));
    run.speech.hint("use --force-rewind and --no-check-wal to give this node's timeline up");
    Err(code::REJOIN_FAIL)
}

async fn rewind_to(run: &Repmgr, target: &Node) -> Result<(), i32> {
    let store = run.me.place.open(run.process()).map_err(|_| code::BAD_CONFIG)?;
    let files = run.plan.files(run.process().world(), &run.me);
    run.speech.notice("executing sys_rewind");
    let source = format!("--source-server='{}'", target.conninfo());
    run.speech.detail(&format!("sys_rewind command is \"{BIN}/sys_rewind -D '{DATA}' {source}\""));
    match rewind::rewind(run.process(), &store, &files, target.server).await {
        Ok(done) => {
            run.speech.notice(&format!("sys_rewind execution completed, {} pages copied", done.pages));
            Ok(())
        }
        Err(error) => {
            run.speech.error("sys_rewind execution failed");
            run.speech.detail(&error.to_string());
            if let RewindError::NoWal { .. } = error {
                run.speech.hint("the WAL it needs is gone: clone this node anew");
            }
            Err(code::REJOIN_FAIL)
        }
    }
}

async fn attach(run: &Repmgr, target: &Node) -> Result<(), i32> {
    run.speech.notice(&format!("setting node {}'s upstream to node {}", run.me.id, target.id));
    if let Err(why) = run.point_at(target).await {
        run.speech.error(&why);
        return Err(code::REJOIN_FAIL);
    }
    run.process().write_file(STANDBY_SIGNAL, "");
    run.process().announce("node.attached", fields! { to: target.name.as_str() });
    let records = run.connections.records(target).await.unwrap_or_default();
    if let Some(changed) = following(&records, run.me.id, target.id) {
        let event = Some(("node_rejoin", run.me.id, true));
        if let Err(why) = run.connections.change(target, &[changed], event).await {
            run.speech.error(&format!("unable to update node record: {why}"));
            return Err(code::REJOIN_FAIL);
        }
    }
    Ok(())
}

async fn start(run: &Repmgr, target: &Node) -> Result<(), i32> {
    let me = &run.me;
    run.speech.warning(&format!("unable to ping \"{}\"", me.conninfo()));
    run.speech.notice(&format!("starting server using \"{BIN}/sys_ctl  -w -D '{DATA}' start\""));
    if ctl::start(&run.connections, me).await != 0 {
        run.speech.error("unable to start server");
        return Err(code::REJOIN_FAIL);
    }
    if !run.options.has("--no-wait") {
        wait_until_streaming(run, target).await?;
    }
    let slot = target.slot();
    if run.connections.query(me, Sql::DropSlot(slot.clone())).await.is_ok() {
        run.speech.notice(&format!("replication slot \"{slot}\" deleted on node {}", me.id));
    }
    run.speech.notice("NODE REJOIN successful");
    run.speech.detail(&format!("node {} is now attached to node {}", me.id, target.id));
    Ok(())
}

async fn wait_until_streaming(run: &Repmgr, target: &Node) -> Result<(), i32> {
    let most = run.plan.parameters.node_rejoin_timeout;
    for attempt in 1..=most {
        if run.connections.is_attached(target, &run.me).await.unwrap_or(false) {
            return Ok(());
        }
        run.speech.info(&format!(
            "waiting for node \"{}\" (ID: {}) to connect to new primary; {attempt} of max {most} attempts (parameter \
             \"node_rejoin_timeout\")",
            run.me.name, run.me.id
        ));
        run.process().sleep(Duration::from_secs(1)).await;
    }
    run.speech.error(&format!("node \"{}\" did not connect to the new primary", run.me.name));
    Err(code::REJOIN_FAIL)
}
