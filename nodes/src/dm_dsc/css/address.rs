//! Virtual addresses: each host has one, and another host takes it over while its database is dead.

use crate::fields;

use super::super::log::Level;
use super::super::words::Seqno;
use super::Css;

/// The address of an EP's host.
pub(in super::super) fn address_of(owner: Seqno) -> String {
    format!("192.168.56.{}", 121 + u16::from(owner))
}

/// The local file that says that an address is up on a host.
pub(in super::super) fn file_of(owner: Seqno) -> String {
    format!("vip/{}", address_of(owner))
}

impl Css {
    /// When a host has booted its own address is up and no other: what was up before went with its power.
    pub(super) fn begin_with_own_address(&self) {
        for owner in self.plan.members().into_iter().filter(|_| self.process.incarnation().0 == 1) {
            if self.process.read_file(&file_of(owner)).is_some() {
                self.process.announce("vip.changed", fields! { address: address_of(owner), up: true });
            }
        }
    }

    /// Calls the script that puts an address up or down on this host. A failure is logged and changes nothing else.
    pub(super) fn configure_address(&self, owner: Seqno, up: bool) {
        let (address, turn) = (address_of(owner), if up { "UP" } else { "DOWN" });
        let call = format!("[CSS]: css_vip_config(enp0s80, {address}, 255.255.255.0, {turn})");
        if self.plan.address_call_fails(self.process.host()) {
            return self.log.write(Level::Error, &format!("{call} failed"));
        }
        if !up && self.plan.has_defect("vip-stays-on-the-dead-host") {
            return;
        }
        match up {
            true => self.process.write_file(&file_of(owner), address.as_bytes()),
            false => drop(self.process.remove_file(&file_of(owner))),
        }
        self.log.info(&format!("{call} success"));
        self.process.announce("vip.changed", fields! { address: address, up: up });
    }
}
