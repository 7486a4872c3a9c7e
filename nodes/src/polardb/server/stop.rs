//! Shutdown: sessions end, dirty pages and a last checkpoint go to the disk, the volume is unmounted.
//!
//! The loop that flushes has no limit of time (`polar_flush_buffer_for_shutdown`, PG15:xlog.c): while a replica's slot
//! stands still, the server goes on running, and writing, long after `pg_ctl stop` has given up.

use std::rc::Rc;

use crate::fields;
use crate::product::events;

use super::super::log::Part;
use super::super::plan::PBD;
use super::super::rules::Role;
use super::super::shared::control::State;
use super::Server;
use super::start::RecoveryError;

impl Server {
    /// SIGINT (`pg_ctl stop -m fast`).
    pub(super) async fn stop(self: Rc<Self>) {
        if self.stopping.replace(true) {
            return;
        }
        self.info(Part::Postmaster, "received fast shutdown request");
        self.process.announce("stop.received", fields! {});
        self.info(Part::Postmaster, "aborting any active transactions");
        self.close_for_writes();
        if self.role.get() == Role::Primary
            && let Err(error) = self.stop_writing().await
        {
            self.panic(Part::Checkpointer, &error.to_string()).await;
        }
        if self.plan.has_defect("stop-leaves-requests") {
            // The umount does not wait for pfsd: requests that are still in shared memory land after the server.
            let storage = self.storage().clone();
            let control = self.control.get();
            self.process.spawn(async move {
                let _ = storage.write_control(&control).await;
            });
            self.process.sleep(std::time::Duration::from_micros(1)).await;
        } else {
            self.mount.unmount(PBD, self.log.pid(Part::Postmaster)).await;
            self.info(Part::Postmaster, &format!("umount pbd {PBD} success"));
        }
        self.info(Part::Postmaster, "database system is shut down");
        self.process.announce("stop.finished", fields! {});
        self.process.exit(0).await;
    }

    fn close_for_writes(&self) {
        if self.role.get() == Role::Primary && self.accepting.get() {
            self.process.announce(events::WRITES_CLOSED, fields! {});
        }
        self.plan.show(self.me, |state| {
            state.writable = false;
            state.state = "stopping".to_owned();
        });
        self.changed.notify();
    }

    async fn stop_writing(&self) -> Result<(), RecoveryError> {
        self.changed.wait_until(|| self.sessions.get() == 0).await;
        self.info(Part::Checkpointer, "shutting down");
        self.checkpoint(State::ShutDown).await?;
        // Walsenders end when their peers have everything, the checkpoint record included, or are gone.
        let end = self.log_end();
        let told = self.changed.wait_until(|| self.peers.have_applied(end));
        let _ = self.process.timeout(self.plan.parameters.sender_timeout, told).await;
        if let Some(writer) = self.writer() {
            writer.close().await;
        }
        Ok(())
    }
}
