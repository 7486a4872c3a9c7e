//! `service pause`, `service unpause` and `node service`.

use super::{Repmgr, code};
use crate::kingbase::ctl;
use crate::kingbase::plan::{BIN, DATA};
use crate::kingbase::sql::Memory;

/// Pauses every repmgrd, or lets it go on; nodes that cannot be reached are told of at the end.
pub(super) async fn pause(run: &Repmgr, pause: bool) -> i32 {
    let (done, verb) = if pause { ("paused", "pause") } else { ("unpaused", "unpause") };
    let mut failed = 0;
    for node in run.plan.nodes() {
        match run.connections.memory(node, Memory::Pause(pause)).await {
            Ok(_) => run.speech.notice(&format!("node {} ({}) {done}", node.id, node.name)),
            Err(_) => {
                run.speech.warning(&format!("unable to connect to node {}", node.id));
                failed += 1;
            }
        }
    }
    if failed > 0 {
        run.speech.error(&format!("unable to {verb} {failed} node(s)"));
        run.speech.hint("execute \"repmgr service status\" to view current status");
        return code::REPMGRD_PAUSE;
    }
    code::SUCCESS
}

/// What another node asks for over ssh.
pub(super) async fn node_service(run: &Repmgr) -> i32 {
    let action = run.options.value("--action").unwrap_or_default().to_owned();
    let me = &run.me;
    if run.options.has("--checkpoint") {
        run.speech.notice(&format!("issuing CHECKPOINT on node \"{}\" (ID: {}) ", me.name, me.id));
        run.checkpoint(me).await;
    }
    let mode = match action.as_str() {
        "stop" => "-W -m fast stop",
        "restart" => "-w -m fast restart",
        other => other,
    };
    let command = match run.plan.is_kingbase() {
        true => format!("{BIN}/sys_ctl  -D '{DATA}' -l {BIN}/logfile {mode}"),
        false => format!("{BIN}/pg_ctl -l {BIN}/logfile -D '{DATA}' {mode}"),
    };
    run.speech.detail(&format!("executing server command \"{command}\""));
    match action.as_str() {
        "stop" => ctl::stop(&run.connections, me, false).await,
        "start" => ctl::start(&run.connections, me).await,
        "reload" => ctl::reload(&run.connections, me).await,
        "restart" => {
            let stopped = ctl::stop(&run.connections, me, true).await;
            if stopped != 0 { stopped } else { ctl::start(&run.connections, me).await }
        }
        "promote" => ctl::promote(&run.connections, me).await,
        _ => code::BAD_CONFIG,
    }
}
