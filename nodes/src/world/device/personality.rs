//! What kind of device it is: what is atomic, what keeps its order, what a flush does and what a failed one leaves.
//!
//! | personality | atomic unit | order | flush | failed flush |
//! |---|---|---|---|---|
//! | raw, write-through | sector | completion | no-op | the error sticks |
//! | raw, volatile cache | sector | none between flushes | barrier | the error sticks |
//! | array with battery | whole request | issue order per host | no-op | never |
//! | ext4-like file | page | none | per range | pages clean, new content stays in the cache |
//! | XFS-like file | page | none | per range | pages clean, new content until the page is evicted |
//! | btrfs-like file | page | none | per range | pages clean, old content comes back |
//! | lying controller | sector | none | acknowledged, not durable | never |
//!
//! That all three file systems mark the pages clean is the finding of "Can Applications Recover from fsync Failures?"
//! (ATC 2020): a retry that succeeds proves nothing there.

/// The kinds of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Personality {
    /// A drive without a volatile cache: acknowledged means stable.
    RawWriteThrough,
    /// A drive with a volatile cache: stable after a flush, or with forced unit access.
    RawVolatileCache,
    /// A storage array whose cache survives: whole requests, in order, stable when applied.
    BatteryArray,
    /// A file on ext4: the page cache of one host is the volatile cache.
    Ext4Like,
    /// A file on XFS.
    XfsLike,
    /// A file on btrfs.
    BtrfsLike,
    /// A controller that acknowledges flushes it does not carry out.
    LyingController,
}

/// What survives a crash as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grain {
    /// So many sectors, aligned.
    Sectors(u64),
    /// Each request.
    Request,
}

/// What a failed flush leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailedFlush {
    /// Every later flush fails too.
    ErrorSticks,
    /// There is nothing a flush could fail at.
    Never,
    /// The pages count as clean: a later flush skips them and succeeds. Readers see the new content.
    CleanWithNewContent,
    /// The same, and readers see the new content only until the page leaves the cache.
    CleanUntilEvicted,
    /// The same, and readers see the old content.
    CleanWithOldContent,
}

/// The page of the file systems.
const PAGE: u64 = 4096;

impl Personality {
    /// Every personality.
    pub const ALL: [Personality; 7] = [
        Personality::RawWriteThrough,
        Personality::RawVolatileCache,
        Personality::BatteryArray,
        Personality::Ext4Like,
        Personality::XfsLike,
        Personality::BtrfsLike,
        Personality::LyingController,
    ];

    /// True if a write is stable as soon as it is applied.
    pub const fn is_stable_when_applied(self) -> bool {
        matches!(self, Personality::RawWriteThrough | Personality::BatteryArray)
    }

    /// True if the requests of one host are applied in the order in which they were issued.
    pub const fn keeps_issue_order(self) -> bool {
        matches!(self, Personality::BatteryArray)
    }

    /// True if the volatile cache is the page cache of the host, and dies with it.
    pub const fn caches_in_host(self) -> bool {
        matches!(self, Personality::Ext4Like | Personality::XfsLike | Personality::BtrfsLike)
    }

    /// True if an acknowledged flush makes nothing stable.
    pub const fn lies_about_flushes(self) -> bool {
        matches!(self, Personality::LyingController)
    }

    /// What survives a crash as a whole.
    pub(super) const fn grain(self, sector_size: u64) -> Grain {
        match self {
            Personality::BatteryArray => Grain::Request,
            _ if self.caches_in_host() => Grain::Sectors(PAGE / sector_size),
            _ => Grain::Sectors(1),
        }
    }

    /// What a failed flush leaves behind.
    pub(super) const fn failed_flush(self) -> FailedFlush {
        match self {
            Personality::RawWriteThrough | Personality::RawVolatileCache => FailedFlush::ErrorSticks,
            Personality::BatteryArray | Personality::LyingController => FailedFlush::Never,
            Personality::Ext4Like => FailedFlush::CleanWithNewContent,
            Personality::XfsLike => FailedFlush::CleanUntilEvicted,
            Personality::BtrfsLike => FailedFlush::CleanWithOldContent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_eight_small_sectors_or_one_large() {
        assert_eq!(Personality::Ext4Like.grain(512), Grain::Sectors(8));
        assert_eq!(Personality::XfsLike.grain(4096), Grain::Sectors(1));
        assert_eq!(Personality::BatteryArray.grain(512), Grain::Request);
        assert_eq!(Personality::LyingController.grain(512), Grain::Sectors(1));
    }
}
