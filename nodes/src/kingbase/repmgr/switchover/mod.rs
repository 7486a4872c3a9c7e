//! `standby switchover`: every check in its order, then the exchange of roles.
//!
//! Nothing is changed before the first step of [`execution`]; from there to the promotion every failure ends the
//! command at once, with repmgrd paused on every node (KingbaseES reference, sections 2.2 to 2.4). Its steps are
//! announced as `switchover.step`, so that a fault can wait for one.

mod archive;
mod checks;
mod execution;

use super::{Repmgr, code};
use crate::fields;
use crate::kingbase::plan::Node;

/// One switchover.
pub(super) struct Switchover<'a> {
    run: &'a Repmgr,
    /// The current primary, to be demoted.
    old: Node,
    /// The other standbys of the old primary.
    siblings: Vec<Node>,
}

/// What the look at a node before the pause finds; what is done with its repmgrd follows from it.
struct Daemon {
    node: Node,
    reachable: bool,
    running: bool,
    paused: bool,
}

/// Why a switchover ends early: its exit code.
type Ended = i32;

impl Switchover<'_> {
    fn step(&self, step: &str) {
        self.run.process().announce("switchover.step", fields! { step: step });
    }

    fn is_forced(&self) -> bool {
        self.run.options.has("--force")
    }

    fn is_dry(&self) -> bool {
        self.run.options.has("--dry-run")
    }

    /// Runs a command on the old primary over ssh.
    async fn remote(&self, words: &[&str]) -> Result<(i32, Vec<String>), crate::kingbase::ssh::NoSession> {
        crate::kingbase::ssh::run(self.run.process(), &self.run.plan, &self.old, words).await
    }
}

pub(super) async fn switchover(run: &Repmgr) -> i32 {
    match steps(run).await {
        Ok(code) | Err(code) => {
            run.process().announce("switchover.ended", fields! { code: code });
            code
        }
    }
}

async fn steps(run: &Repmgr) -> Result<i32, Ended> {
    let switchover = checks::begin(run).await?;
    let daemons = switchover.check().await?;
    if switchover.is_dry() {
        run.speech.info(&format!(
            "parameter \"shutdown_check_timeout\" is set to {} seconds",
            run.plan.parameters.shutdown_check_timeout
        ));
        run.speech.info("prerequisites for executing STANDBY SWITCHOVER are met");
        return Ok(code::SUCCESS);
    }
    switchover.execute(&daemons).await
}
