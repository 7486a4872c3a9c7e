//! ssh between the nodes: what a switchover does on the other node goes through it, and it breaks like any link.
//!
//! A session begins within `ConnectTimeout=10`; a command that hangs afterwards hangs its caller for ever. Three ways to
//! break it: refused (no session), hung (until it is mended), failing (the command is carried out, its answer is lost).

use std::rc::Rc;
use std::time::Duration;

use super::plan::{Node, Shared};
use super::speech::{Output, Speech};
use super::tools;
use crate::product::CommandFailure;
use crate::world::port::{Address, PortNumber};
use crate::world::process::Process;

const SSH_PORT: PortNumber = PortNumber(22);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A command may take as long as it likes.
const COMMAND_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// The name under which a fault breaks it.
pub(super) const COMMAND: &str = "ssh";

#[derive(Clone, Debug, Hash)]
enum Request {
    Hello,
    Run(Vec<String>),
}

#[derive(Clone, Debug, Hash)]
enum Reply {
    Hello,
    Ended { code: i32, lines: Vec<String> },
}

/// No session: the other side cannot be reached, or refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoSession;

/// Runs a command on another node; its exit code and what it printed.
pub(super) async fn run(
    process: &Process,
    plan: &Shared,
    node: &Node,
    words: &[&str],
) -> Result<(i32, Vec<String>), NoSession> {
    let broken = plan.meet(process.host(), COMMAND);
    match broken {
        None | Some(CommandFailure::Fails) => {}
        Some(CommandFailure::Hangs) => hang_until_mended(process, plan).await,
        Some(CommandFailure::Refused) => return Err(NoSession),
    }
    process.sleep(plan.parameters.ssh_time).await;
    let to = Address::new(node.sshd, SSH_PORT);
    process.call::<Reply>(to, Request::Hello, CONNECT_TIMEOUT).await.map_err(|_| NoSession)?;
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    if broken == Some(CommandFailure::Fails) {
        // The channel breaks behind the command: it is carried out, and nobody here ever learns how it ended.
        let process = process.clone();
        process.clone().spawn(async move {
            let _ = process.call::<Reply>(to, Request::Run(words), COMMAND_LIMIT).await;
        });
        return Err(NoSession);
    }
    match process.call::<Reply>(to, Request::Run(words), COMMAND_LIMIT).await {
        Ok(Reply::Ended { code, lines }) => Ok((code, lines)),
        Ok(Reply::Hello) | Err(_) => Err(NoSession),
    }
}

async fn hang_until_mended(process: &Process, plan: &Shared) {
    while plan.is_broken(process.host(), COMMAND) {
        process.sleep(Duration::from_millis(500)).await;
    }
}

/// The server: runs what it is told, in a process of its own host.
pub(super) async fn sshd(process: Process, plan: Shared) -> i32 {
    let port = process.bind::<Request>(SSH_PORT);
    loop {
        let incoming = port.recv().await;
        let Some(call) = incoming.call else { continue };
        let (process, plan) = (process.clone(), plan.clone());
        process.clone().spawn(async move {
            let reply = match incoming.message {
                Request::Hello => Reply::Hello,
                Request::Run(words) => {
                    let lines = Rc::default();
                    let output = Output::Kept(Rc::clone(&lines));
                    let speech = Speech { process: process.clone(), output, dress: plan.dress };
                    let code = tools::run(speech, plan, words).await;
                    let lines = lines.take();
                    Reply::Ended { code, lines }
                }
            };
            process.reply(call, reply);
        });
    }
}
