//! What a device is like when nothing is wrong with it, and how often something goes wrong by itself.

use std::time::Duration;

use thiserror::Error;

use super::fault::DeviceFault;
use super::image::Unwritten;
use super::personality::Personality;
use crate::world::latency::Latency;

/// A probability as a fraction: (1, 1000) is one in a thousand, (0, 1) never.
pub type Ratio = (u64, u64);

/// Everything that is chosen about a device before the run begins.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceOptions {
    /// Its name; it names the device's random stream too.
    pub name: String,
    /// Bytes per sector: 512 or 4096.
    pub sector_size: u64,
    /// How many sectors it has.
    pub capacity: u64,
    /// What kind of device it is.
    pub personality: Personality,
    /// How a sector reads that nobody has written.
    pub unwritten: Unwritten,
    /// How many sectors may ever hold something (thin provisioning); `None` for all.
    pub space: Option<u64>,
    /// One way between a host and the device.
    pub path: Latency,
    /// From accepting a read to serving it.
    pub read: Latency,
    /// From accepting a write to applying it.
    pub write: Latency,
    /// From accepting a flush to its end.
    pub flush: Latency,
    /// Bytes per second the device can move; `None` for no limit.
    pub bandwidth: Option<u64>,
    /// How many paths each host has.
    pub paths_per_host: u8,
    /// What a host does while it has no path.
    pub without_path: WithoutPath,
    /// How long a host takes to notice a dead path and to send again over another one.
    pub path_failover: Duration,
    /// When a host gives up waiting for an answer (the device may still carry the request out); `None` for never.
    pub request_timeout: Option<Duration>,
    /// When the device writes its volatile cache back by itself; `None` for never.
    pub write_back: Option<Duration>,
    /// What becomes of the writes in flight when their host dies.
    pub orphans: OrphanOdds,
    /// What a cut leaves of a sector that was being written at that moment.
    pub garbage: Garbage,
    /// Whether reservations survive a power cut (the APTPL bit).
    pub reservations_survive_power_loss: bool,
    /// How many bytes of writes the journal keeps; `None` for all of them.
    pub journal_budget: Option<u64>,
    /// Whether reads get a journal entry too.
    pub journal_reads: bool,
    /// Faults that strike by themselves, each with the chance it has at every request it can strike.
    pub rates: Vec<(DeviceFault, Ratio)>,
}

impl DeviceOptions {
    /// A healthy device with a volatile cache, 512-byte sectors, and the delays of a good flash drive behind a SAN.
    pub fn new(name: impl Into<String>, capacity: u64) -> Self {
        let micros = Duration::from_micros;
        DeviceOptions {
            name: name.into(),
            sector_size: 512,
            capacity,
            personality: Personality::RawVolatileCache,
            unwritten: Unwritten::Zeros,
            space: None,
            path: Latency::even(micros(10), micros(40)),
            read: Latency::even(micros(80), micros(200)).with_tail(1000, micros(5_000)),
            write: Latency::even(micros(50), micros(200)).with_tail(1000, micros(10_000)),
            flush: Latency::even(micros(200), micros(1_000)).with_tail(1000, micros(20_000)),
            bandwidth: None,
            paths_per_host: 1,
            without_path: WithoutPath::FailAfter(Duration::from_secs(30)),
            path_failover: Duration::from_secs(5),
            request_timeout: None,
            write_back: Some(Duration::from_secs(5)),
            orphans: OrphanOdds::default(),
            garbage: Garbage::None,
            reservations_survive_power_loss: true,
            journal_budget: None,
            journal_reads: false,
            rates: Vec::new(),
        }
    }

    pub(super) fn check(&self) -> Result<(), DeviceError> {
        let name = || self.name.clone();
        if !matches!(self.sector_size, 512 | 4096) {
            return Err(DeviceError::SectorSize { device: name(), size: self.sector_size });
        }
        if self.capacity == 0 || self.capacity.checked_mul(self.sector_size).is_none() {
            return Err(DeviceError::Capacity { device: name(), sectors: self.capacity });
        }
        if let Some(&(fault, ratio)) = self.rates.iter().find(|(_, (n, d))| *d == 0 || n > d) {
            return Err(DeviceError::Rate { device: name(), fault: fault.kind().name(), n: ratio.0, d: ratio.1 });
        }
        if self.orphans.dropped == 0 && self.orphans.applied == 0 && self.orphans.late == 0 {
            return Err(DeviceError::Orphans { device: name() });
        }
        if self.paths_per_host == 0 || self.paths_per_host > 8 {
            return Err(DeviceError::Paths { device: name(), paths: self.paths_per_host });
        }
        Ok(())
    }
}

/// Why a device cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeviceError {
    /// The sector size is neither 512 nor 4096.
    #[error("device {device}: a sector has 512 or 4096 bytes, not {size}")]
    SectorSize {
        /// The device.
        device: String,
        /// What was asked for.
        size: u64,
    },
    /// There are no sectors, or more than can be addressed.
    #[error("device {device}: {sectors} sectors are none, or more than 64 bits of bytes can address")]
    Capacity {
        /// The device.
        device: String,
        /// What was asked for.
        sectors: u64,
    },
    /// A rate is not a probability.
    #[error("device {device}: the rate {n}/{d} of {fault} must lie between 0/1 and 1/1")]
    Rate {
        /// The device.
        device: String,
        /// The fault.
        fault: &'static str,
        /// The numerator.
        n: u64,
        /// The denominator.
        d: u64,
    },
    /// No fate is possible for the writes of a dead host.
    #[error("device {device}: one of the odds dropped, applied and late must be more than 0")]
    Orphans {
        /// The device.
        device: String,
    },
    /// A host needs at least one path, and has at most eight.
    #[error("device {device}: a host has 1 to 8 paths, not {paths}")]
    Paths {
        /// The device.
        device: String,
        /// What was asked for.
        paths: u8,
    },
}

/// What a host does with requests while it has no path to the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutPath {
    /// Fails them after so long.
    FailAfter(Duration),
    /// Keeps them until a path is back (`queue_if_no_path`).
    Queue,
}

/// What a cut leaves of a sector that was being written at that moment, beside the old and the new content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbage {
    /// Nothing else: sectors are atomic.
    None,
    /// Possibly a sector that cannot be read.
    Unreadable,
}

/// What becomes of the writes in flight when their host dies: weights of three fates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrphanOdds {
    /// The write never takes effect.
    pub dropped: u64,
    /// It takes effect at once.
    pub applied: u64,
    /// It takes effect later.
    pub late: u64,
    /// How much later.
    pub delay: Latency,
}

impl Default for OrphanOdds {
    /// Each as likely as the others; a late one within two seconds.
    fn default() -> Self {
        let delay = Latency::even(Duration::from_millis(1), Duration::from_secs(2));
        OrphanOdds { dropped: 1, applied: 1, late: 1, delay }
    }
}
