//! Signals of gs_ctl: a file says what is meant, the signal says that there is one.

use std::rc::Rc;

use super::super::files;
use super::super::messages::{PostmasterSignal, SIGNAL_PORT};
use super::super::rules::state::ServerMode;
use super::{Promotion, Server};
use crate::fields;

impl Server {
    pub(super) async fn serve_signals(self: Rc<Self>) {
        let port = self.process.bind::<PostmasterSignal>(SIGNAL_PORT);
        loop {
            match port.recv().await.message {
                PostmasterSignal::StopFast => {
                    self.stop.set(true);
                    self.changed.notify();
                }
                PostmasterSignal::Look => self.look_for_files(),
                PostmasterSignal::Reload => self.reload(),
            }
        }
    }

    /// Takes the settings over. The real defect: every thread keeps the value it began with.
    fn reload(&self) {
        self.log("LOG", "received SIGHUP, reloading configuration files");
        if !self.plan.has_defect("reload-ignored") {
            let otherwise = self.plan.parameters.most_available_sync;
            self.most_available.set(files::most_available(&self.process, otherwise));
            self.count_confirmations(None);
        }
    }

    fn look_for_files(&self) {
        if self.process.remove_file(files::SWITCHOVER) {
            self.begin_switchover();
        }
        if self.process.remove_file(files::FAILOVER) {
            self.begin_failover();
        }
        if let Some(word) = self.process.read_file(files::NOTIFY) {
            self.process.remove_file(files::NOTIFY);
            let mode = ServerMode::of_option(&String::from_utf8_lossy(&word));
            self.notified.set(mode.filter(|_| self.mode.get() == ServerMode::Pending));
            self.changed.notify();
        }
    }

    /// The file is gone whatever happens; a standby without a stream drops the wish silently.
    fn begin_switchover(&self) {
        let is_online = self.receiver.borrow().online;
        if !is_online || !self.mode.get().is_follower() || self.recovering.get() {
            self.process.announce("switchover.dropped", fields! {});
            return;
        }
        self.wait_promoting.set(true);
        self.request_switchover();
        self.note_change();
    }

    /// Works in any state of the connection, and asks nobody.
    fn begin_failover(&self) {
        if self.mode.get().is_follower() && self.promote.get().is_none() {
            self.promote.set(Some(Promotion::Failover));
            self.changed.notify();
        }
    }
}
