//! The voting disk: one slot for each node, in which it writes the time once a second.
//!
//! The time is that of the writer's wall clock, and readers compare it with their own: a clock that jumps back by
//! more than `disk_timeout` looks like a dead disk. Source: `CM: src/cm_adapter/cm_sharediskapi/cm_voting_disk.cpp`.

use std::time::Duration;

use super::Extent;
use super::arbitration::Sight;
use super::sealed;
use crate::world::device::IoError;
use crate::world::disk::Disk;
use crate::world::process::Process;

const MAGIC: [u8; 8] = *b"CMVOTED1";

/// The voting disk, as one process uses it.
pub(super) struct VotingDisk {
    disk: Disk,
    offset: u64,
    slot: u64,
}

impl VotingDisk {
    pub(super) fn open(process: &Process, extent: Extent) -> Self {
        let disk = process.disk(extent.device);
        let slot = disk.sector_size();
        VotingDisk { disk, offset: extent.offset, slot }
    }

    /// Writes the time into a node's slot.
    pub(super) async fn write(&self, node: usize, seconds: u64) -> Result<(), IoError> {
        let bytes = sealed::seal(MAGIC, &seconds.to_le_bytes(), self.slot as usize);
        self.disk.write_through(self.offset + node as u64 * self.slot, bytes).await
    }

    /// Reads the times of all nodes; `None` for a slot without one.
    pub(super) async fn read(&self, nodes: usize) -> Result<Vec<Option<u64>>, IoError> {
        let bytes = self.disk.read(self.offset, nodes as u64 * self.slot).await?;
        Ok(bytes.chunks(self.slot as usize).map(time_in).collect())
    }
}

fn time_in(slot: &[u8]) -> Option<u64> {
    sealed::open(MAGIC, slot).and_then(sealed::take_number).map(|(seconds, _)| seconds)
}

/// Whether a stamp is older than `limit`; a stamp from the future is fresh.
pub(super) fn is_stale(stamp: u64, now: u64, limit: Duration) -> bool {
    now.saturating_sub(stamp) > limit.as_secs()
}

/// What a time on the voting disk says.
pub(super) fn judge(stamp: Option<u64>, now: u64, limit: Duration) -> Sight {
    match stamp {
        _ if limit.is_zero() => Sight::Fresh,
        None => Sight::Unknown,
        Some(stamp) if is_stale(stamp, now, limit) => Sight::Stale,
        Some(_) => Sight::Fresh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_stale_after_its_limit_and_never_from_the_future() {
        let limit = Duration::from_secs(200);
        assert_eq!(judge(None, 1_000, limit), Sight::Unknown);
        assert_eq!(judge(Some(800), 1_000, limit), Sight::Fresh);
        assert_eq!(judge(Some(799), 1_000, limit), Sight::Stale);
        assert_eq!(judge(Some(1_300), 1_000, limit), Sight::Fresh);
        assert_eq!(judge(Some(1), 1_000, Duration::ZERO), Sight::Fresh);
    }

    #[test]
    fn an_empty_slot_has_no_time() {
        assert_eq!(time_in(&[0; 512]), None);
        assert_eq!(time_in(&sealed::seal(MAGIC, &7u64.to_le_bytes(), 512)), Some(7));
    }
}
