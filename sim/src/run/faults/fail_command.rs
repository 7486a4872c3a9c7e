//! `fail-command`: calls of an external command (`ssh`, `archive_command`) fail, hang or are refused.

use nodes::product::{Breakage, CommandFailure};
use nodes::world::trace::HostId;

use super::{Begun, Effects, Inject, Injection, Scene};
use crate::run::stage::Stage;
use crate::scenario::model::HostSelector;
use crate::scenario::verbs::outside::{self, FailCommand};

struct Broken {
    command: String,
    /// The hosts on which the command exists, and how many of its calls had been broken before.
    hosts: Vec<(HostId, u64)>,
}

impl Inject for FailCommand {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        breaks(scene, &self.on, pick, &self.command, self.how, self.count)
    }
}

/// Breaks a command on some hosts.
pub(super) fn breaks(
    scene: &Scene<'_>,
    on: &HostSelector,
    pick: u32,
    command: &str,
    how: outside::CommandFailure,
    calls: Option<u64>,
) -> Begun {
    let how = match how {
        outside::CommandFailure::Fail => CommandFailure::Fails,
        outside::CommandFailure::Hang => CommandFailure::Hangs,
        outside::CommandFailure::Refuse => CommandFailure::Refused,
    };
    let cluster = scene.stage.cluster();
    let hosts = scene.stage.hosts(on, pick);
    let targets = scene.stage.host_names(&hosts).into_iter().map(|host| format!("{command} on {host}")).collect();
    let exists = |host: &HostId| cluster.set_external_command(*host, command, Some(Breakage { how, calls }));
    let with_counts = |host: HostId| (host, cluster.broken_calls(host, command));
    let hosts = hosts.into_iter().filter(exists).map(with_counts).collect();
    Begun { targets, injection: Box::new(Broken { command: command.to_owned(), hosts }) }
}

impl Injection for Broken {
    fn effects(&self, stage: &Stage) -> Effects {
        let calls = |(host, before): &(HostId, u64)| stage.cluster().broken_calls(*host, &self.command) - before;
        let broken = self.hosts.iter().map(calls).sum();
        let command = &self.command;
        Effects::seen(
            broken,
            format!("{broken} calls of `{command}` did not succeed"),
            format!("`{command}` 有 {broken} 次调用未成功"),
        )
    }

    fn end(&mut self, stage: &Stage) {
        for (host, _) in &self.hosts {
            stage.cluster().set_external_command(*host, &self.command, None);
        }
    }
}
