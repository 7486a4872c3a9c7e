//! Network, storage and traffic as they are when nothing is wrong, and the small wrongs that are always there.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::scenario::target::NodeSelector;
use crate::scenario::values::{Bandwidth, ClientOperations, DurationRange, Rate, Ratio, Size};

/// The network when nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Links inside a zone, and every link no other rule is about.
    pub default: LinkWeather,
    /// Links between hosts of different zones.
    pub between_zones: LinkWeather,
    /// Links between certain hosts; the last that matches wins.
    pub links: Vec<Link>,
}

/// A rule about certain links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The two ends; both directions are meant.
    pub between: [NodeSelector; 2],
    /// How such a link behaves.
    pub weather: LinkWeather,
}

/// How a link behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkWeather {
    /// How long a message takes.
    pub latency: DurationRange,
    /// The rare long ones.
    pub tail: Option<Tail>,
    /// How many messages are lost.
    pub loss: Ratio,
    /// How many arrive twice.
    pub duplicate: Ratio,
    /// How many are overtaken.
    pub reorder: Ratio,
    /// How much goes through in a second; `None` is without limit.
    pub bandwidth: Option<Bandwidth>,
}

/// The rare long delays of a latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// How many are long.
    pub ratio: Ratio,
    /// The longest of them.
    pub up_to: Duration,
}

/// The storage when nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// `shared` or `local`, where the product can do both; `None` leaves it to the product.
    pub kind: Option<String>,
    /// What random damage may touch.
    pub damage: Damage,
    /// Every device no other rule is about.
    pub default: DeviceWeather,
    /// Devices by name.
    pub devices: BTreeMap<String, DeviceWeather>,
}

impl Storage {
    /// How the device called `name` behaves.
    pub fn device(&self, name: &str) -> &DeviceWeather {
        self.devices.get(name).unwrap_or(&self.default)
    }
}

/// What random damage may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Damage {
    /// Never the last copy of anything: safety and liveness are judged.
    Bounded,
    /// Anything: only safety is judged.
    Unbounded,
}

impl Damage {
    pub(crate) const WORDS: &[(&str, Damage)] = &[("bounded", Damage::Bounded), ("unbounded", Damage::Unbounded)];
}

/// How a device behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceWeather {
    /// What sort of device it is: one of [`DeviceWeather::PERSONALITIES`].
    pub personality: String,
    /// How long a request takes.
    pub latency: DurationRange,
    /// The rare long ones.
    pub tail: Option<Tail>,
    /// The unit that is written whole or not at all.
    pub sector_size: Size,
    /// How much fits; `None` is as much as the product wants.
    pub capacity: Option<Size>,
    /// How much goes through in a second; `None` is without limit.
    pub bandwidth: Option<Bandwidth>,
    /// How many paths each host has.
    pub paths: u8,
    /// How many writes are torn if a power cut or the death of their host meets them before they are stable. Without
    /// this any subset of the sectors written since the last flush survives, which tears writes by chance.
    pub torn_write: Ratio,
    /// How many reads fail.
    pub read_error: Ratio,
    /// How many writes fail.
    pub write_error: Ratio,
    /// How many reads meet a sector that cannot be read until it is written again.
    pub latent_error: Ratio,
    /// How many reads meet a sector with one bit changed until it is written again.
    pub bit_rot: Ratio,
    /// How many writes land elsewhere.
    pub misdirect_write: Ratio,
    /// How many reads give what was there before.
    pub stale_read: Ratio,
    /// How many writes are acknowledged and dropped.
    pub lose_write: Ratio,
    /// How many flushes fail.
    pub fail_flush: Ratio,
    /// How many flushes are acknowledged and not done.
    pub lie_about_flush: Ratio,
    /// How many writes find no space.
    pub full: Ratio,
    /// How many requests stop the device for a while, and for how long.
    pub stall: Option<Tail>,
    /// How many writes in flight land late when their host dies or is fenced, and how late at most.
    pub late_write: Option<Tail>,
    /// How many requests take longer, and by how much at most.
    pub slow: Option<Tail>,
    /// How many requests move slowly, and how much then goes through.
    pub limp: Option<Limp>,
    /// How often each host loses one of its paths, and for how long at most.
    pub lose_path: Option<Outage>,
    /// How often it loses its power, and for how long at most.
    pub power_cut: Option<Outage>,
    /// How often it forgets its reservations.
    pub lose_reservation: Option<Recurrence>,
}

/// The rare slow moves of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limp {
    /// How many requests.
    pub ratio: Ratio,
    /// How much goes through in a second then.
    pub bandwidth: Bandwidth,
}

/// Something that goes and comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// How long it is there between two times, on average.
    pub every: Duration,
    /// How long it is gone at most.
    pub up_to: Duration,
}

/// Something that happens again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurrence {
    /// How long it is between two times, on average.
    pub every: Duration,
}

impl DeviceWeather {
    /// The personalities a device can have.
    pub const PERSONALITIES: &'static [(&'static str, &'static str)] = &[
        ("write-through", "raw: a completed write is durable"),
        ("volatile-cache", "raw: a completed write is durable after a flush"),
        ("battery-array", "an array with battery: whole requests, in order, durable at once"),
        ("ext4-like", "a file: a failed flush marks the page clean and keeps the new content in the cache"),
        (
            "xfs-like",
            "a file: a failed flush marks the page clean; the new content goes when the page leaves the cache",
        ),
        ("btrfs-like", "a file: a failed flush marks the page clean and drops the new content"),
        ("lying-controller", "flushes are acknowledged and not done"),
    ];
}

/// The traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// What it does and how it is judged: a name of the catalogue.
    pub kind: String,
    /// How many clients at once.
    pub clients: u32,
    /// How many transactions all clients together begin.
    pub rate: Rate,
    /// Over how many keys.
    pub keys: u32,
    /// How many of the operations only read.
    pub reads: Ratio,
    /// After how long a client gives up and counts the outcome as unknown.
    pub timeout: Duration,
    /// When it begins.
    pub start: Duration,
    /// The lulls.
    pub pause: Option<Pause>,
    /// The operations that are sent, if not all are.
    pub only: Option<Vec<ClientOperations>>,
}

impl Workload {
    /// Whether a client, from 1, sends its operation of this number, from 1.
    pub fn sends(&self, client: u32, number: u32) -> bool {
        let of_client = |of: &&ClientOperations| of.client == client;
        self.only.as_ref().is_none_or(|only| only.iter().filter(of_client).any(|of| of.contains(number)))
    }
}

/// A lull that returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// From the beginning of one lull to the beginning of the next.
    pub every: Duration,
    /// How long each lasts.
    pub lasts: Duration,
}
