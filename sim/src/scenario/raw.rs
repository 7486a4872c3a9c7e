//! A scenario file as it is written: plain tables in which every key is optional and knows its place.
//!
//! Nothing is checked here but shapes, and nothing is filled in: what is missing or wrong is found in `lower`, which
//! reports every mistake at once. The doc comments are what an editor shows over a key (they go into the JSON Schema),
//! so they speak to the author of a scenario. Steps and faults are declared beside their verbs in `verbs`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::located::Located;
use super::verbs::{RawFault, RawStep};

/// A text and its place.
pub(crate) type Text = Option<Located<String>>;

/// A scenario: a cluster, its traffic, what the operator and the world do to it, and what must hold.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("required" = ["format", "drill", "product", "node"]))]
pub(crate) struct RawScenario {
    /// The version of the file's language: 1.
    #[schemars(range(min = 1, max = 1))]
    pub format: Option<Located<i64>>,
    /// What the report prints about the drill.
    pub drill: Option<Located<RawDrill>>,
    /// What is measured, and the values to reach.
    pub objectives: Option<Located<RawObjectives>>,
    /// Which product is simulated, and how it is set up.
    pub product: Option<Located<RawProduct>>,
    /// The hosts.
    pub node: Option<Vec<Located<RawNode>>>,
    /// The network when nothing is wrong.
    pub network: Option<Located<RawNetwork>>,
    /// The storage when nothing is wrong.
    pub storage: Option<Located<RawStorage>>,
    /// The traffic of the clients.
    pub workload: Option<Located<RawWorkload>>,
    /// What the operator does.
    pub step: Option<Vec<Located<RawStep>>>,
    /// What the world does.
    pub fault: Option<Vec<Located<RawFault>>>,
    /// What must hold.
    pub check: Option<Vec<Located<RawCheck>>>,
    /// What the run is expected to show.
    pub expect: Option<Located<RawExpect>>,
    /// Seeds and limits; the command line wins over them.
    pub run: Option<Located<RawRun>>,
}

/// What the report prints about the drill; nothing of it is interpreted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("required" = ["id", "title"]))]
pub(crate) struct RawDrill {
    /// The drill's number or short name. Required.
    pub id: Text,
    /// What the drill is, in one line. Required.
    pub title: Text,
    /// The same in Chinese.
    #[serde(rename = "title_zh")]
    pub title_zh: Text,
    /// What sort of drill it is: "simulation" (default), "tabletop" or "live".
    #[schemars(extend("enum" = ["tabletop", "simulation", "live"]))]
    pub kind: Text,
    /// A level on your own scale: printed, never interpreted.
    pub level: Text,
    /// What should stay true whatever happens.
    pub hypothesis: Text,
    /// The same in Chinese.
    #[serde(rename = "hypothesis_zh")]
    pub hypothesis_zh: Text,
    /// What can be affected.
    pub scope: Text,
    /// The same in Chinese.
    #[serde(rename = "scope_zh")]
    pub scope_zh: Text,
    /// How to get back.
    pub rollback: Text,
    /// The same in Chinese.
    #[serde(rename = "rollback_zh")]
    pub rollback_zh: Text,
    /// Who answers for it.
    pub owner: Text,
    /// Words to find it by.
    pub tags: Option<Vec<Located<String>>>,
}

/// What is measured and compared; shown as met or not met.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawObjectives {
    /// How long service may be away, from the first failed write to the first durable one: "30s".
    pub rto: Text,
    /// How much acknowledged work may be lost, as a length of time: "0s".
    pub rpo: Text,
}

/// Which product is simulated.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("required" = ["model"]))]
pub(crate) struct RawProduct {
    /// The product's model, such as "opengauss_dms". Required.
    pub model: Text,
    /// The version of the product. Default: the model's first profile.
    pub profile: Text,
    /// Parameters that differ from the product's defaults, under their real names.
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    pub set: Option<BTreeMap<toml::Spanned<String>, toml::Spanned<toml::Value>>>,
    /// Real bugs of the product to switch back on.
    pub defects: Option<Vec<Located<String>>>,
}

/// A host.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("required" = ["name", "role"]))]
pub(crate) struct RawNode {
    /// Its name, the same everywhere. With `count`, a number is added: dn1, dn2, … Required.
    pub name: Text,
    /// Its role, which says what runs on it; roles belong to the product. Required.
    pub role: Text,
    /// Where it stands: hosts of one zone are near each other.
    pub zone: Text,
    /// How many such hosts there are. Default: one, with the bare name.
    pub count: Option<Located<i64>>,
}

/// The rare long delays of a latency.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("required" = ["ratio", "up-to"]))]
pub(crate) struct RawTail {
    /// How many are long: "1/1000". Required.
    pub ratio: Text,
    /// The longest of them: "100ms". Required.
    pub up_to: Text,
}

/// The network when nothing is wrong.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawNetwork {
    /// How long a message takes: "1ms", or a range from which each message draws. Default: "100us..1ms".
    pub latency: Text,
    /// The rare long ones: { ratio = "1/1000", up-to = "100ms" }. Default: none.
    pub tail: Option<Located<RawTail>>,
    /// How many messages are lost: "1/1000". Default: none.
    pub loss: Text,
    /// How many messages arrive twice: "1/1000". Default: none.
    pub duplicate: Text,
    /// How many messages are overtaken by later ones: "1/1000". Default: none.
    pub reorder: Text,
    /// How much goes through a link in a second: "1Gbit/s" or "100MB/s". Default: no limit.
    pub bandwidth: Text,
    /// Links between hosts of different zones. Default: as all others.
    pub between_zones: Option<Located<RawLink>>,
    /// Links between certain hosts. Default: as all others.
    pub link: Option<Vec<Located<RawLink>>>,
}

/// A rule about certain links; keys that are omitted are as for all links.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawLink {
    /// The two ends: ["dn1", "dn2"]. Required in `[[network.link]]`, meaningless elsewhere.
    pub between: Option<Located<Vec<Located<String>>>>,
    /// How long a message takes.
    pub latency: Text,
    /// The rare long ones: { ratio = "1/1000", up-to = "100ms" }.
    pub tail: Option<Located<RawTail>>,
    /// How many messages are lost.
    pub loss: Text,
    /// How many messages arrive twice.
    pub duplicate: Text,
    /// How many messages are overtaken by later ones.
    pub reorder: Text,
    /// How much goes through in a second.
    pub bandwidth: Text,
}

/// Declares the storage table and the table of one device, which share most keys.
macro_rules! storage_tables {
    ($($(#[$doc:meta])* $key:ident: $type:ty,)+) => {
        /// The storage when nothing is wrong.
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct RawStorage {
            /// "shared" or "local", where the product can do both. Default: the product's own.
            #[schemars(extend("enum" = ["shared", "local"]))]
            pub kind: Text,
            /// What lasting damage may touch: "bounded" (default) never the last good copy of anything; "unbounded" anything, and then only safety is judged.
            #[schemars(extend("enum" = ["bounded", "unbounded"]))]
            pub damage: Text,
            $($(#[$doc])* pub $key: $type,)+
            /// Devices by name, where they differ: `[storage.device.voting]`.
            #[schemars(with = "Option<BTreeMap<String, RawDeviceWeather>>")]
            pub device: Option<BTreeMap<toml::Spanned<String>, Located<RawDeviceWeather>>>,
        }

        /// How one device behaves when nothing is wrong; keys that are omitted are as for all devices.
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct RawDeviceWeather {
            $($(#[$doc])* pub $key: $type,)+
        }

        impl RawStorage {
            /// What it says about every device.
            pub(crate) fn weather(&self) -> RawDeviceWeather {
                RawDeviceWeather { $($key: self.$key.clone(),)+ }
            }
        }
    };
}

storage_tables! {
    /// What sort of device it is: "volatile-cache" (default), "write-through", "battery-array", "ext4-like", "xfs-like", "btrfs-like" or "lying-controller".
    #[schemars(extend("enum" = ["write-through", "volatile-cache", "battery-array", "ext4-like", "xfs-like", "btrfs-like", "lying-controller"]))]
    personality: Text,
    /// How long a request takes: "1ms", or a range from which each request draws. Default: "100us..1ms".
    latency: Text,
    /// The rare long ones: { ratio = "1/1000", up-to = "100ms" }. Default: none.
    tail: Option<Located<RawTail>>,
    /// The unit that is written whole or not at all: "512B" (default) or "4kB".
    sector_size: Text,
    /// How much fits: "100GB". Default: as much as the product wants.
    capacity: Text,
    /// How much goes through in a second: "500MB/s". Default: no limit.
    bandwidth: Text,
    /// How many paths each host has to it, from 1 to 8: with more than one, `lose-path` can take a single one. Default: 1.
    paths: Option<Located<i64>>,
    /// How many writes are torn for certain if a power cut or the death of their host meets them before they are stable. Default: none; any subset of the sectors that were not flushed survives a cut, which tears by chance.
    torn_write: Text,
    /// How many reads fail. Default: none.
    read_error: Text,
    /// How many writes fail. Default: none.
    write_error: Text,
    /// How many reads meet a sector that cannot be read until it is written again. Default: none.
    latent_error: Text,
    /// How many reads meet a sector with one bit changed until it is written again. Default: none.
    bit_rot: Text,
    /// How many writes land on another sector. Default: none.
    misdirect_write: Text,
    /// How many reads give what was there before the last write. Default: none.
    stale_read: Text,
    /// How many writes are acknowledged and dropped. Default: none.
    lose_write: Text,
    /// How many flushes fail. Default: none.
    fail_flush: Text,
    /// How many flushes are acknowledged and not done. Default: none.
    lie_about_flush: Text,
    /// How many writes to sectors never written before find no space. Default: none.
    full: Text,
    /// How many requests stop the device for a while, and for how long at most: { ratio = "1/10000", up-to = "2s" }. Default: none.
    stall: Option<Located<RawTail>>,
    /// How many writes in flight land late when their host dies, loses its path or is fenced without an abort: { ratio = "1/2", up-to = "30s" }. Default: none.
    late_write: Option<Located<RawTail>>,
    /// How many requests take longer, and by how much at most: { ratio = "1/1000", up-to = "1s" }. Unlike `tail` it is a fault, counted as one. Default: none.
    slow: Option<Located<RawTail>>,
    /// How many requests move no faster than a bandwidth: { ratio = "1/1000", bandwidth = "1MB/s" }. Default: none.
    limp: Option<Located<RawLimp>>,
    /// How often each host loses one of its paths, and for how long at most: { every = "60s", up-to = "2s" }. Default: never.
    lose_path: Option<Located<RawOutage>>,
    /// How often it loses its power, and with that any part of what was not stable, and for how long at most: { every = "60s", up-to = "5s" }. Default: never.
    power_cut: Option<Located<RawOutage>>,
    /// How often a shared device forgets who was registered and who held the reservation: { every = "60s" }. Default: never.
    lose_reservation: Option<Located<RawRecurrence>>,
}

/// The rare slow moves of a device.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("required" = ["ratio", "bandwidth"]))]
pub(crate) struct RawLimp {
    /// How many requests move slowly: "1/1000". Required.
    pub ratio: Text,
    /// How much goes through in a second then: "1MB/s". Required.
    pub bandwidth: Text,
}

/// Something that goes and comes back.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("required" = ["every", "up-to"]))]
pub(crate) struct RawOutage {
    /// How long it is there between two times, on average: "60s". Required.
    pub every: Text,
    /// How long it is gone at most: "2s". Required.
    pub up_to: Text,
}

/// Something that happens again and again.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("required" = ["every"]))]
pub(crate) struct RawRecurrence {
    /// How long it is between two times, on average: "60s". Required.
    pub every: Text,
}

/// The traffic of the clients, which also says how their answers are judged.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("required" = ["kind"]))]
pub(crate) struct RawWorkload {
    /// What the clients do, such as "bank-transfer". Required.
    pub kind: Text,
    /// How many clients at once. Default: 8.
    pub clients: Option<Located<i64>>,
    /// How many transactions all clients together begin: "200/s". Default: "100/s".
    pub rate: Text,
    /// Over how many keys. Default: 64.
    pub keys: Option<Located<i64>>,
    /// How many of the operations only read: "1/2". Default: "1/4".
    pub reads: Text,
    /// After how long a client gives up and counts the outcome as unknown. Default: "5s".
    pub timeout: Text,
    /// When the traffic begins. Default: "0s".
    pub start: Text,
    /// A lull that returns: { every = "3s", for = "1s" }. Default: none.
    pub pause: Option<Located<RawPause>>,
    /// Of all operations the clients send these alone, by the number of the client and those of its operations, from 1:
    /// ["1: 4", "3: 7..12"]. The others are drawn all the same, so what is left stays as it was. Default: all.
    pub only: Option<Vec<Located<String>>>,
}

/// A lull that returns.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("required" = ["every", "for"]))]
pub(crate) struct RawPause {
    /// From the beginning of one lull to the beginning of the next. Required.
    pub every: Text,
    /// How long each lasts; shorter than `every`. Required.
    pub r#for: Text,
}

/// What must hold: exactly one of `always`, `eventually` and `sometimes`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawCheck {
    /// A check that must never break, such as "single-writer", or a fault that the cluster must live through, "slow-disk.survived".
    pub always: Text,
    /// A check or an event that must come true, such as "writable".
    pub eventually: Text,
    /// An event, a check or what a fault came to, which the run must reach, or it has proved nothing: "dn1.self-exit", "slow-disk.observed", "rot.repaired".
    pub sometimes: Text,
    /// With `eventually`: how soon. Default: before the run ends.
    pub within: Text,
    /// With `eventually`: counted from here, a step, a fault or an event. Default: the end of the last step and fault; for "progress" a moment that the seed draws.
    pub after: Text,
    /// With `eventually = "progress"`: the hosts that are healed at that moment, while all others stay as they are for ever. Default: drawn from the seed among those that must be able to go on.
    pub core: Option<Vec<Located<String>>>,
}

/// What the run is expected to show.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawExpect {
    /// "pass" (default): every check holds; "violation": a known-bad procedure shows its hazard.
    #[schemars(extend("enum" = ["pass", "violation"]))]
    pub verdict: Text,
    /// The checks that are expected to break. Default: at least one of those declared.
    pub of: Option<Vec<Located<String>>>,
    /// Why.
    pub because: Text,
    /// The same in Chinese.
    #[serde(rename = "because_zh")]
    pub because_zh: Text,
    /// What `simrun conform` makes of the logs of the run: "sound" (default) explains every line; "stray": a defect that is switched on leaves a line that no sound model explains.
    #[schemars(extend("enum" = ["sound", "stray"]))]
    pub log: Text,
}

/// Seeds and limits; the command line wins over them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawRun {
    /// The seeds, both ends included: "1..500". `run` takes the first, `explore` all of them. Default: "1..1".
    pub seeds: Text,
    /// How long the run may last, in model time. Default: "5m".
    pub time_limit: Text,
    /// How many events the run may have. Default: 50000000.
    pub steps_limit: Option<Located<i64>>,
}
