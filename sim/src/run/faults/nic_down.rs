//! `nic-down`: the network card of a host is dead; what is on the host reaches itself only.

use nodes::world::trace::HostId;

use super::{Begun, Effects, Inject, Injection, Scene, listed};
use crate::run::stage::Stage;
use crate::scenario::verbs::network::NicDown;

struct Unplugged {
    /// The hosts, and how many packets their cards had lost before.
    hosts: Vec<(HostId, u64)>,
}

impl Inject for NicDown {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let world = scene.stage.world();
        let hosts = scene.stage.hosts(&self.host, pick);
        let targets = scene.stage.host_names(&hosts);
        let with_counts = |host: HostId| (host, world.lost_at_card(host));
        let up = hosts.into_iter().filter(|host| world.nic_is_up(*host)).map(with_counts).collect::<Vec<_>>();
        for (host, _) in &up {
            world.set_nic(*host, false);
        }
        Begun { targets, injection: Box::new(Unplugged { hosts: up }) }
    }
}

impl Injection for Unplugged {
    fn effects(&self, stage: &Stage) -> Effects {
        let lost = self.hosts.iter().map(|(host, before)| stage.world().lost_at_card(*host) - before).sum();
        let hosts: Vec<HostId> = self.hosts.iter().map(|(host, _)| *host).collect();
        let names = listed(&stage.host_names(&hosts));
        Effects::seen(
            lost,
            format!("{lost} packets were lost at the network card of {names}"),
            format!("{names} 的网卡丢失 {lost} 个报文"),
        )
    }

    fn end(&mut self, stage: &Stage) {
        for (host, _) in &self.hosts {
            stage.world().set_nic(*host, true);
        }
    }
}
