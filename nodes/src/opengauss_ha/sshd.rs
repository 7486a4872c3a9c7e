//! sshd: runs the command lines of other hosts in the shell of its own, and copies the one file gs_om copies.

use std::rc::Rc;

use super::files;
use super::gs_om::{dynamic_config, read_dynamic_config};
use super::messages::{RemoteCommand, RemoteOutput, SSH_PORT};
use super::plan::Shared;
use crate::world::process::Process;

/// The program of sshd.
pub(super) async fn sshd(process: Process, plan: Shared, me: usize) -> i32 {
    let port = process.bind::<RemoteCommand>(SSH_PORT);
    let process = Rc::new(process);
    loop {
        let incoming = port.recv().await;
        let Some(call) = incoming.call else { continue };
        let (plan, process) = (plan.clone(), process.clone());
        let RemoteCommand(words) = incoming.message;
        process.clone().spawn(async move {
            let output = run(&process, &plan, me, words).await;
            process.reply(call, output);
        });
    }
}

async fn run(process: &Process, plan: &Shared, me: usize, words: Vec<String>) -> RemoteOutput {
    let line = |exit_code: i32, line: String| RemoteOutput { exit_code, lines: vec![line] };
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["cat", file] => match process.read_file(file).and_then(|bytes| read_dynamic_config(&bytes)) {
            Some((seconds, primary)) => line(0, format!("{seconds} {primary}")),
            None => line(1, format!("cat: {file}: No such file or directory")),
        },
        ["write", _, seconds, primary] => match (seconds.parse(), primary.parse()) {
            (Ok(seconds), Ok(primary)) => {
                process.write_file(files::DYNAMIC, dynamic_config(seconds, primary));
                RemoteOutput { exit_code: 0, lines: Vec::new() }
            }
            _ => line(1, "write: no number".to_owned()),
        },
        _ => {
            let Some(shell) = plan.shells.get().and_then(|shells| shells.get(me)).cloned() else {
                return line(127, "no shell".to_owned());
            };
            let output = shell.run(words).await;
            let lines = output.lines.into_iter().map(|(_, line)| line).collect();
            RemoteOutput { exit_code: output.exit_code.unwrap_or(137), lines }
        }
    }
}
