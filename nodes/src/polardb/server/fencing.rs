//! Two fences that the incident's version does not have: PG11's marks on the shared disk, and the SCSI-3 reservation of
//! a storage manager.

use std::rc::Rc;
use std::time::Duration;

use crate::fields;
use crate::product::events;
use crate::world::device::{Answer, IoError, ReservationCommand, ReservationType};

use super::super::log::Part;
use super::super::plan::{Profile, reservation_key};
use super::super::rules::{Fencing, fencing};
use super::super::shared::fence::Owner;
use super::Server;

/// How often PG11's worker reads the marks (PG11:src/include/storage/polar_io_fencing.h).
const INTERVAL: Duration = Duration::from_millis(500);
/// How many intervals a new owner waits before it trusts that the old one has looked.
const WAIT: u32 = 2;
/// Type 7, as the storage manager of PolarDB Stack takes it (SMS:pkg/agent/device/reservation).
const RESERVATION: ReservationType = ReservationType::WriteExclusiveAllRegistrants;

impl Server {
    /// A writer that starts makes the storage its own, as far as there is anything that says whose it is.
    ///
    /// # Errors
    /// See [`IoError`].
    pub(super) async fn take_storage(&self) -> Result<(), IoError> {
        if self.plan.parameters.pr_fence {
            self.join_reservation().await?;
        }
        if self.plan.profile == Profile::Pg11 {
            if self.storage().is_dead().await? {
                self.fatal(Part::Postmaster, "polardb shared storage is unavailable, remove DEATH by hand").await;
            }
            self.mark_own().await?;
        }
        Ok(())
    }

    /// PG11: writes this life's mark over whatever mark is there.
    ///
    /// # Errors
    /// See [`IoError`].
    pub(super) async fn mark_own(&self) -> Result<(), IoError> {
        self.storage().write_owner(self.own_mark()).await?;
        let text = format!("polardb hold the shared storage {}.", self.settings.host_id);
        self.info(Part::Postmaster, &text);
        Ok(())
    }

    /// PG11: a new owner trusts the storage only after the old one must have looked.
    pub(super) async fn wait_for_old_owner(&self) {
        self.process.sleep(INTERVAL * WAIT).await;
    }

    fn own_mark(&self) -> Owner {
        let life = u64::from(self.process.incarnation().0);
        Owner { host_id: self.settings.host_id, life: self.process.stream("rwid").at(life).between(1, u64::MAX - 1) }
    }

    /// PG11's worker: looks whose the storage is, and stops the server if it is somebody else's or dead.
    pub(super) async fn watch_fence(self: Rc<Self>) {
        loop {
            self.process.sleep(INTERVAL).await;
            if self.stopping.get() {
                return;
            }
            let (Ok(owner), Ok(dead)) = (self.storage().read_owner().await, self.storage().is_dead().await) else {
                continue;
            };
            let judged = fencing(owner == Some(self.own_mark()), dead);
            if judged == Fencing::Own {
                continue;
            }
            if judged == Fencing::Lost && self.storage().mark_dead(true).await.is_ok() {
                self.process.announce("fence.death", fields! {});
            }
            let text = format!(
                "polardb shared storage is unavailable, shared storage's owner is {}, current hostid is {}.",
                owner.map_or(0, |owner| owner.host_id),
                self.settings.host_id
            );
            self.panic(Part::Worker, &text).await;
        }
    }

    /// The storage manager's work when a host becomes the writer's: its key in, every other key out. It preempts and
    /// does not abort, so commands already inside the array may still finish.
    ///
    /// # Errors
    /// See [`IoError`].
    pub(super) async fn preempt_others(&self) -> Result<(), IoError> {
        let (disk, key) = (&self.storage().disk, reservation_key(self.me));
        disk.set_reservation_key(key);
        disk.reservation(ReservationCommand::RegisterAndIgnore { new_key: key }).await?;
        let Answer::Registrations { registrations, .. } = disk.reservation(ReservationCommand::ReadKeys).await? else {
            return Ok(());
        };
        for other in registrations.iter().map(|registration| registration.key).filter(|other| *other != key) {
            disk.reservation(ReservationCommand::Preempt { key, victim_key: other, kind: RESERVATION }).await?;
            let fenced = (0..self.plan.nodes().len()).find(|index| reservation_key(*index) == other);
            if let Some(index) = fenced {
                let host = self.plan.node(index).host;
                self.process.announce(events::FENCED, fields! { host: host.0, key: other });
            }
        }
        Ok(())
    }

    /// The manager registers the first writer. A server that merely starts takes nothing from anybody.
    async fn join_reservation(&self) -> Result<(), IoError> {
        let (disk, key) = (&self.storage().disk, reservation_key(self.me));
        disk.set_reservation_key(key);
        if let Answer::Held { held: None, .. } = disk.reservation(ReservationCommand::ReadReservation).await? {
            disk.reservation(ReservationCommand::RegisterAndIgnore { new_key: key }).await?;
            disk.reservation(ReservationCommand::Reserve { key, kind: RESERVATION }).await?;
        }
        Ok(())
    }
}
