//! How a cm_server becomes primary and stops being it.

use std::time::Duration;

use super::Server;
use super::duty::Duty;
use crate::fields;
use crate::opengauss_dms::cm::disk_lock::{COMMAND_TIMEOUT, Contest, LockRecord, Move};
use crate::opengauss_dms::cm::log::Level;

const ROUND: Duration = Duration::from_secs(1);
const THREAD: &str = "GetShareDiskLockMain";

/// For how many take-over times a cm_server that stepped down by itself leaves the lock to others. The real wait is
/// not known; it must be long enough for another to take over.
const AWAY: u32 = 2;

impl Server {
    /// Takes part in the contest for the disk lock for ever. A cm_server that has just started waits for the
    /// take-over time first.
    pub(super) async fn contest_for_the_disk_lock(&self) {
        let limit = self.plan.parameters.cmserver_ha_heartbeat_timeout;
        let mut contest = Contest::new(self.node as u64 + 1, limit.as_secs() as u32);
        self.process.sleep(limit).await;
        loop {
            if self.must_step_down.replace(false) {
                contest.step_down();
                self.leave_duty();
                self.process.sleep(limit * AWAY).await;
            }
            self.round(&mut contest).await;
            match (contest.is_primary(), self.is_primary()) {
                (true, false) => self.enter_duty().await,
                (false, true) => self.leave_duty(),
                _ => {}
            }
            self.process.sleep(ROUND).await;
        }
    }

    async fn round(&self, contest: &mut Contest) {
        let extent = self.plan.regions.share_disk;
        let disk = self.process.disk(extent.device);
        let unit = disk.sector_size();
        let Ok(Ok(bytes)) = self.process.timeout(COMMAND_TIMEOUT, disk.read(extent.offset, unit)).await else {
            return self.round_failed(contest);
        };
        let Move::Write(record) = contest.read(LockRecord::from_bytes(&bytes)) else { return };
        let writing = disk.write_through(extent.offset, record.to_bytes(unit as usize));
        match self.process.timeout(COMMAND_TIMEOUT, writing).await {
            Ok(Ok(())) => contest.wrote(record),
            _ => self.round_failed(contest),
        }
    }

    fn round_failed(&self, contest: &mut Contest) {
        self.log(THREAD, Level::Error, "CmNormalArbitrate: the share disk lock cannot be read or written.");
        contest.failed(self.process.monotonic());
    }

    async fn enter_duty(&self) {
        match self.ddb.read().await {
            Ok(values) => {
                let now = self.process.monotonic();
                *self.duty.borrow_mut() = Some(Duty::new(now, &values, self.plan.nodes.len()));
                self.log(THREAD, Level::Log, &format!("node({}) cm_server change to primary.", self.node + 1));
                self.process.announce("cms.primary", fields! { node: self.node + 1 });
            }
            Err(error) => self.log(THREAD, Level::Error, &format!("cannot load the ddb: {error}.")),
        }
    }

    fn leave_duty(&self) {
        if self.duty.borrow_mut().take().is_some() {
            self.log(THREAD, Level::Log, &format!("node({}) cm_server change to standby.", self.node + 1));
            self.process.announce("cms.standby", fields! { node: self.node + 1 });
        }
    }
}
