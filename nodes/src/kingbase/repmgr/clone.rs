//! `standby clone`: a base backup of another node onto this one, which is left ready to be started as its standby.

use super::{Repmgr, code};
use crate::kingbase::connection::Ping;
use crate::kingbase::plan::{BIN, DATA, Node};
use crate::kingbase::server::{HALF_A_CLONE, STANDBY_SIGNAL};
use crate::parts::streaming_replication::backup;

/// Walsenders a clone needs: one for the pages and one for the log beside them.
const WALSENDERS: usize = 2;

pub(super) async fn clone(run: &Repmgr) -> i32 {
    match clone_steps(run).await {
        Ok(()) => code::SUCCESS,
        Err(code) => code,
    }
}

async fn clone_steps(run: &Repmgr) -> Result<(), i32> {
    let (speech, me) = (&run.speech, &run.me);
    speech.notice(&format!("destination directory \"{DATA}\" provided"));
    check_directory(run).await?;
    let source = source(run).await?;
    check_walsenders(run, &source).await?;
    if run.options.has("--dry-run") {
        speech.info("all prerequisites for \"standby clone\" are met");
        return Ok(());
    }
    speech.notice(&format!("standby will attach to upstream node {}", source.id));
    run.process().write_file(HALF_A_CLONE, "");
    if let Err(why) = run.point_at(&source).await {
        speech.error(&format!("unable to create replication slot \"{}\": {why}", me.slot()));
        return Err(code::BAD_CONFIG);
    }
    speech.notice("starting backup (using sys_basebackup)...");
    speech.hint("this may take some time; consider using the -c/--fast-checkpoint option");
    let from = format!("-h {} -p 54321 -U esrep -X stream", source.address());
    speech.info(&format!("executing:\n  {BIN}/sys_basebackup -l \"repmgr base backup\" -D {DATA} {from}"));
    copy(run, &source).await?;
    run.process().write_file(STANDBY_SIGNAL, "");
    run.process().remove_file(HALF_A_CLONE);
    speech.notice("standby clone (using sys_basebackup) complete");
    speech.notice("you can now start your Kingbase server");
    speech.hint(&format!("for example: {BIN}/sys_ctl -D {DATA} start"));
    speech.hint(
        "after starting the server, you need to re-register this standby with \"repmgr standby register --force\"",
    );
    Ok(())
}

/// A running node is never overwritten, one that holds a database only with `--force`.
async fn check_directory(run: &Repmgr) -> Result<(), i32> {
    if run.connections.ping(&run.me).await != Ping::NoResponse {
        run.speech
            .error(&format!("specified data directory \"{DATA}\" appears to contain a running Kingbase instance"));
        run.speech.hint("ensure the target data directory does not contain a running Kingbase instance");
        return Err(code::BAD_CONFIG);
    }
    let store = run.me.place.open(run.process()).map_err(|_| code::BAD_CONFIG)?;
    let is_empty = matches!(store.read_control().await, Ok(None));
    if !is_empty && !run.options.has("--force") {
        run.speech.error(&format!("data directory \"{DATA}\" already exists and is not empty"));
        run.speech.hint("use -F/--force to overwrite the existing data directory");
        return Err(code::BAD_CONFIG);
    }
    Ok(())
}

async fn source(run: &Repmgr) -> Result<Node, i32> {
    let named = run.options.value("-d").map(str::to_owned);
    let named = named.or_else(|| run.options.value("-h").map(|host| format!("host={host}")));
    let Some(source) = named.as_deref().and_then(|conninfo| run.plan.node_at(conninfo)).cloned() else {
        run.speech.error("no source host provided");
        return Err(code::BAD_CONFIG);
    };
    run.speech.info("connecting to source node");
    run.speech.detail(&format!("connection string is: {}", source.conninfo()));
    match run.connections.identity(&source).await {
        Ok(_) => Ok(source),
        Err(why) => {
            run.say_no_connection(&source, &why);
            Err(code::DB_CONN)
        }
    }
}

async fn check_walsenders(run: &Repmgr, source: &Node) -> Result<(), i32> {
    run.speech.notice(&format!("checking for available walsenders on the source node ({WALSENDERS} required)"));
    let used = run.connections.standbys(source).await.map_or(0, |standbys| standbys.len());
    let all = usize::try_from(run.plan.parameters.max_wal_senders).unwrap_or(0);
    if all.saturating_sub(used) >= WALSENDERS {
        return Ok(());
    }
    run.speech.error(&format!("source node has insufficient free walsenders, {WALSENDERS} required"));
    run.speech.hint("increase parameter \"max_wal_senders\" on the source node");
    Err(code::BAD_CONFIG)
}

async fn copy(run: &Repmgr, source: &Node) -> Result<(), i32> {
    let store = run.me.place.open(run.process()).map_err(|_| code::BAD_CONFIG)?;
    let files = run.plan.files(run.process().world(), &run.me);
    match backup::base_backup(run.process(), &store, &files, source.server).await {
        Ok(_) => Ok(()),
        Err(error) => {
            run.speech.error("unable to take a base backup of the source server");
            run.speech.detail(&error.to_string());
            run.speech.hint(&format!("the destination directory \"{DATA}\" holds half a clone: run the command again"));
            Err(code::BAD_BASEBACKUP)
        }
    }
}
