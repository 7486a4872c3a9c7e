//! `node status --is-shutdown-cleanly`: what the control page says of a server that does not answer.

use super::{Repmgr, code};
use crate::kingbase::connection::Ping;
use crate::parts::streaming_replication::control::DatabaseState;

pub(super) async fn status(run: &Repmgr) -> i32 {
    let ping = run.connections.ping(&run.me).await;
    if !run.options.has("--is-shutdown-cleanly") {
        let running = if ping == Ping::Ok { "running" } else { "not running" };
        run.speech.print(&format!("Node \"{}\":\n\tPostgreSQL is {running}", run.me.name));
        return if ping == Ping::Ok { code::SUCCESS } else { code::NODE_STATUS };
    }
    // While the server still turns connections away it is up, whatever its control page says already.
    if ping != Ping::NoResponse {
        run.speech.print("--state=UP");
        return code::SUCCESS;
    }
    let store = run.me.place.open(run.process());
    let control = match store {
        Ok(store) => store.read_control().await.ok().flatten(),
        Err(_) => None,
    };
    let text = match control.map(|(_, control)| control) {
        Some(control) if control.state.is_clean() => {
            format!("--state=SHUTDOWN --last-checkpoint-lsn={}", control.checkpoint)
        }
        Some(control) if control.state == DatabaseState::ShuttingDown => "--state=SHUTTING_DOWN".to_owned(),
        Some(_) => "--state=UNCLEAN_SHUTDOWN".to_owned(),
        None => "--state=UNKNOWN".to_owned(),
    };
    run.speech.print(&text);
    code::SUCCESS
}
