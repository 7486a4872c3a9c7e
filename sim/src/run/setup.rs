//! From a scenario to what the world and the product are built with.
//!
//! It only translates: what a file says in the scenario's words becomes the world's and the product's types. Weather
//! that the scenario does not mention stays the product's own.

use std::collections::BTreeMap;

use nodes::product::{self, ClusterPlan, HostPlan, Product};
use nodes::world::World;
use nodes::world::device::{DeviceOptions, Personality};
use nodes::world::latency::Latency;
use nodes::world::network::{Effect, End, LinkOptions, Rule};
use nodes::world::trace::HostId;

use super::faults::HELD_BACK;
use super::stage::Stage;
use super::workload;
use crate::scenario::Scenario;
use crate::scenario::model::{DeviceWeather, LinkWeather, ParameterValue, Tail};
use crate::scenario::values::DurationRange;

/// How much a device holds where nobody says: devices are sparse, so that costs nothing.
const USUAL_CAPACITY: u64 = 64 << 30;

/// What the product is to build.
pub(super) fn cluster_plan(scenario: &Scenario, product: &Product) -> ClusterPlan {
    let hosts = scenario.nodes.iter().map(|node| HostPlan { name: node.name.clone(), role: node.role.clone() });
    let set = scenario.product.set.iter().map(|(name, value)| (name.clone(), parameter(value)));
    let initial = scenario.workload.as_ref().and_then(|traffic| Some((workload::find(&traffic.kind)?, traffic.keys)));
    ClusterPlan {
        hosts: hosts.collect(),
        profile: scenario.product.profile.clone().unwrap_or_default(),
        set: set.collect(),
        defects: scenario.product.defects.iter().cloned().collect(),
        devices: devices(scenario, product),
        initial: initial.map(|(word, keys)| word.initial(keys)).unwrap_or_default(),
    }
}

fn parameter(value: &ParameterValue) -> product::ParameterValue {
    match value {
        ParameterValue::Duration(length) => product::ParameterValue::Duration(*length),
        ParameterValue::Integer(number) => product::ParameterValue::Integer(*number),
        ParameterValue::Ratio(ratio) => product::ParameterValue::Ratio(ratio.numerator, ratio.denominator),
        ParameterValue::Size(size) => product::ParameterValue::Size(size.0),
        ParameterValue::Text(text) => product::ParameterValue::Text(text.clone()),
        ParameterValue::Boolean(on) => product::ParameterValue::Boolean(*on),
    }
}

/// The devices whose weather the scenario speaks of.
fn devices(scenario: &Scenario, product: &Product) -> BTreeMap<String, DeviceOptions> {
    let says_nothing = STORAGE_KEYS.iter().all(|key| is_omitted(scenario, key))
        && scenario.storage.default.capacity.is_none()
        && scenario.storage.default.bandwidth.is_none()
        && scenario.storage.default.paths == 1;
    let named = |name: &str| scenario.storage.devices.contains_key(name);
    let spoken_of = product.devices.iter().filter(|device| !says_nothing || named(device.name));
    spoken_of
        .map(|device| {
            let keeps_delays = is_omitted(scenario, "storage.latency") && !named(device.name);
            (device.name.to_owned(), device_options(device.name, scenario.storage.device(device.name), keeps_delays))
        })
        .collect()
}

const STORAGE_KEYS: [&str; 3] = ["storage.latency", "storage.personality", "storage.sector-size"];

fn is_omitted(scenario: &Scenario, key: &str) -> bool {
    scenario.defaults.iter().any(|default| default.key == key)
}

fn device_options(name: &str, weather: &DeviceWeather, keeps_delays: bool) -> DeviceOptions {
    let sector_size = weather.sector_size.0.max(1);
    let capacity = weather.capacity.map_or(USUAL_CAPACITY, |size| size.0) / sector_size;
    let usual = DeviceOptions::new(name, capacity);
    let usual = DeviceOptions {
        sector_size,
        personality: personality(&weather.personality),
        bandwidth: weather.bandwidth.map(|bandwidth| bandwidth.0),
        paths_per_host: weather.paths,
        ..usual
    };
    if keeps_delays {
        return usual;
    }
    // The scenario says how long a request takes as a whole.
    let delay = latency(weather.latency, weather.tail);
    let path = Latency::fixed(std::time::Duration::ZERO);
    DeviceOptions { path, read: delay, write: delay, flush: delay, ..usual }
}

/// The personalities of the scenario language are those of [`DeviceWeather::PERSONALITIES`].
fn personality(word: &str) -> Personality {
    match word {
        "write-through" => Personality::RawWriteThrough,
        "battery-array" => Personality::BatteryArray,
        "ext4-like" => Personality::Ext4Like,
        "xfs-like" => Personality::XfsLike,
        "btrfs-like" => Personality::BtrfsLike,
        "lying-controller" => Personality::LyingController,
        _ => Personality::RawVolatileCache,
    }
}

fn latency(range: DurationRange, tail: Option<Tail>) -> Latency {
    let even = Latency::even(range.low, range.high);
    match tail {
        Some(tail) if tail.ratio.numerator > 0 => {
            even.with_tail(tail.ratio.denominator.div_ceil(tail.ratio.numerator), tail.up_to)
        }
        _ => even,
    }
}

/// Gives every link its weather.
pub(super) fn set_links(world: &World, scenario: &Scenario, stage: &Stage) {
    let network = &scenario.network;
    world.set_default_link(link_options(&network.default));
    hold_back(world, &network.default, Vec::new(), Vec::new());
    let zone = |name: &str| scenario.node(name).and_then(|node| node.zone.as_deref());
    for from in &scenario.nodes {
        for to in &scenario.nodes {
            if zone(&from.name) != zone(&to.name) {
                set_link(world, world.find_host(&from.name), world.find_host(&to.name), &network.between_zones);
            }
        }
    }
    for link in &network.links {
        let [one, other] = link.between.each_ref().map(|end| stage.hosts(&end.host, 0));
        for from in &one {
            for to in &other {
                set_link(world, Some(*from), Some(*to), &link.weather);
                set_link(world, Some(*to), Some(*from), &link.weather);
            }
        }
    }
}

fn set_link(world: &World, from: Option<HostId>, to: Option<HostId>, weather: &LinkWeather) {
    if let (Some(from), Some(to)) = (from, to) {
        world.set_link(from, to, link_options(weather));
        hold_back(world, weather, vec![from.into()], vec![to.into()]);
    }
}

fn link_options(weather: &LinkWeather) -> LinkOptions {
    LinkOptions {
        latency: latency(weather.latency, weather.tail),
        loss: (weather.loss.numerator, weather.loss.denominator),
        duplicate: (weather.duplicate.numerator, weather.duplicate.denominator),
        bandwidth: weather.bandwidth.map(|bandwidth| bandwidth.0),
    }
}

/// Links know no reordering of their own; it is a rule that never ends.
fn hold_back(world: &World, weather: &LinkWeather, from: Vec<End>, to: Vec<End>) {
    let (numerator, denominator) = (weather.reorder.numerator, weather.reorder.denominator);
    if numerator > 0 {
        let effect = Effect::Reorder((numerator, denominator), HELD_BACK);
        world.add_rule(Rule { from, to, message: None, effect });
    }
}
