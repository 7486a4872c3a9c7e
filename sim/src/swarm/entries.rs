//! The entries that a feature puts into a file.

use std::cell::Cell;
use std::time::Duration;

use nodes::product::{ParameterKind, Product};
use nodes::world::streams::{Seed, Stream};
use toml::{Table, Value};

use super::Feature;
use crate::document::Document;
use crate::scenario::values::{parse_duration, print_duration};

/// When faults come and how long they last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Few, and long.
    FewLong,
    /// Many, and short.
    ManyShort,
    /// Some of both.
    Mixed,
    /// Quiet until one event, then everything at once.
    QuietUntil,
}

impl Shape {
    pub(super) fn name(self) -> &'static str {
        match self {
            Shape::FewLong => "few-long",
            Shape::ManyShort => "many-short",
            Shape::Mixed => "mixed",
            Shape::QuietUntil => "quiet-until",
        }
    }
}

/// How likely an event is a site of a seed, and then each of its occurrences the one that counts: one in so many.
const SITE: u64 = 4;

/// A fault waits for a later occurrence than this only in runs that loop.
const LAST_OCCURRENCE: u32 = 6;

/// Draws the entries of one seed.
pub(super) struct Drawer<'a> {
    seed: u64,
    hosts: &'a [String],
    processes: &'a [String],
    sites: Vec<&'a String>,
    horizon: u64,
    shape: Shape,
    entries: Cell<u32>,
}

impl<'a> Drawer<'a> {
    pub(super) fn new(
        seed: u64,
        hosts: &'a [String],
        processes: &'a [String],
        sites: &'a [String],
        horizon: u64,
    ) -> Self {
        let mut shape = Seed(seed).stream("swarm/shape");
        let shapes = [Shape::FewLong, Shape::ManyShort, Shape::Mixed, Shape::QuietUntil];
        let shape = shape.pick(&shapes).copied().unwrap_or(Shape::Mixed);
        let is_site = |site: &&String| Seed(seed).stream(&format!("swarm/site/{site}")).chance(1, SITE);
        let mut sites: Vec<&String> = sites.iter().filter(is_site).collect();
        if shape == Shape::QuietUntil {
            sites.truncate(1);
        }
        Drawer { seed, hosts, processes, sites, horizon, shape, entries: Cell::new(0) }
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// Puts a feature into a file.
    pub(super) fn add(&self, feature: Feature, product: &Product, document: &mut Document) {
        let mut stream = Seed(self.seed).stream(&format!("swarm/{}", feature.name()));
        match feature {
            Feature::Knobs => self.turn_knobs(product, document),
            Feature::LightTraffic if document.get(&["workload"]).is_some() => {
                let rate = [2_u64, 5, 20].get(stream.below(3) as usize).copied().unwrap_or(5);
                document.set(&["workload", "rate"], format!("{rate}/s"));
            }
            // The slip has changed the steps already.
            Feature::LightTraffic | Feature::Slip => {}
            fault => {
                for _ in 0..self.how_many(&mut stream) {
                    if let Some(entry) = self.fault(fault, product, &mut stream) {
                        document.push("fault", entry);
                    }
                }
            }
        }
    }

    /// Almost never to almost always: each power of two is as likely as the next.
    fn how_many(&self, stream: &mut Stream) -> u64 {
        let most = match self.shape {
            Shape::FewLong => 1,
            Shape::QuietUntil => 2,
            Shape::Mixed => 3,
            Shape::ManyShort => 4,
        };
        let power = stream.below(most);
        stream.between(1 << power >> 1, 1 << power).max(1)
    }

    fn lasts(&self, stream: &mut Stream) -> Duration {
        let long = match self.shape {
            Shape::FewLong => true,
            Shape::ManyShort => false,
            Shape::Mixed | Shape::QuietUntil => stream.chance(1, 2),
        };
        // A decade is as likely as the next.
        let (low, high) = match (long, stream.below(2)) {
            (true, 0) => (10_000, 30_000),
            (true, _) => (30_000, 90_000),
            (false, 0) => (50, 500),
            (false, _) => (500, 5_000),
        };
        Duration::from_millis(stream.between(low, high))
    }

    fn fault(&self, feature: Feature, product: &Product, stream: &mut Stream) -> Option<Table> {
        let mut entry = Table::new();
        let number = self.entries.get() + 1;
        self.entries.set(number);
        entry.insert("name".to_owned(), format!("swarm-{number}").into());
        self.when(&mut entry, stream);
        let verb = self.verb(feature, product, stream)?;
        entry.insert(feature.name().to_owned(), verb);
        if !matches!(feature, Feature::Kill | Feature::JumpClock) {
            entry.insert("for".to_owned(), print_duration(self.lasts(stream)).into());
        }
        Some(entry)
    }

    fn when(&self, entry: &mut Table, stream: &mut Stream) {
        let at_site = self.shape == Shape::QuietUntil || stream.chance(1, 2);
        match stream.pick(&self.sites) {
            Some(site) if at_site => {
                entry.insert("after".to_owned(), (*site).clone().into());
                let mut nth = 1;
                while nth < LAST_OCCURRENCE && !stream.chance(1, SITE) {
                    nth += 1;
                }
                // The first occurrence is the one that every run has.
                if stream.chance(1, 2) && nth > 1 {
                    entry.insert("nth".to_owned(), Value::Integer(i64::from(nth)));
                }
                let delay = Duration::from_millis(stream.between(0, 2_000));
                if !delay.is_zero() {
                    entry.insert("delay".to_owned(), print_duration(delay).into());
                }
            }
            _ => {
                let at = Duration::from_millis(stream.between(0, self.horizon * 1_000));
                entry.insert("at".to_owned(), print_duration(at).into());
            }
        }
    }

    fn verb(&self, feature: Feature, product: &Product, stream: &mut Stream) -> Option<Value> {
        let host = || -> Option<String> {
            Seed(self.seed).stream(&format!("swarm/host/{}", self.entries.get())).pick(self.hosts).cloned()
        };
        Some(match feature {
            Feature::Kill | Feature::Pause => stream.pick(self.processes)?.clone().into(),
            Feature::SlowCpu => {
                let speed = stream.pick(&["1/2", "1/10", "1/100"])?;
                table(&[("target", stream.pick(self.processes)?), ("speed", speed)])
            }
            Feature::NicDown | Feature::LosePower => host()?.into(),
            Feature::Partition => {
                let alone = host()?;
                let others: Vec<Value> =
                    self.hosts.iter().filter(|host| **host != alone).map(|host| host.clone().into()).collect();
                if others.is_empty() {
                    return None;
                }
                let groups = Value::Array(vec![Value::Array(vec![alone.into()]), Value::Array(others)]);
                Value::Table(Table::from_iter([("groups".to_owned(), groups)]))
            }
            Feature::Slow => {
                let latency = stream.pick(&["5ms..20ms", "50ms..200ms", "1s..2s"])?;
                self.on_a_link("latency", latency, stream)?
            }
            Feature::Drop => {
                let ratio = stream.pick(&["1/1000", "1/100", "1/10", "1/2"])?;
                self.on_a_link("ratio", ratio, stream)?
            }
            Feature::Duplicate | Feature::Reorder => table(&[("ratio", stream.pick(&["1/1000", "1/100", "1/10"])?)]),
            Feature::Prioritize => {
                let latency = stream.pick(&["5ms", "50ms", "500ms"])?;
                // As many as a procedure has, and as a run has.
                let messages = stream.pick(&[100, 1_000, 10_000])?;
                let depth = i64::try_from(stream.between(1, 5)).ok()?;
                Value::Table(Table::from_iter([
                    ("latency".to_owned(), Value::from(*latency)),
                    ("depth".to_owned(), Value::Integer(depth)),
                    ("messages".to_owned(), Value::Integer(*messages)),
                ]))
            }
            Feature::JumpClock => {
                let by = stream.pick(&["-10m", "-5s", "-500ms", "500ms", "5s", "10m"])?;
                table(&[("host", &host()?), ("by", by)])
            }
            Feature::StallDevice => table(&[("host", &host()?)]),
            Feature::SlowDevice => {
                let latency = stream.pick(&["5ms..20ms", "50ms..500ms", "1s..5s"])?;
                table(&[("host", &host()?), ("latency", latency)])
            }
            // A device that all share has one power supply; one of its own goes dark alone.
            Feature::PowerCut if product.devices.first()?.shared => table(&[]),
            Feature::PowerCut => table(&[("host", &host()?)]),
            Feature::Knobs | Feature::Slip | Feature::LightTraffic => return None,
        })
    }

    fn on_a_link(&self, key: &str, value: &str, stream: &mut Stream) -> Option<Value> {
        let mut ends: Vec<String> = self.hosts.to_vec();
        stream.shuffle(&mut ends);
        let [one, other, ..] = ends.as_slice() else { return None };
        let link = Value::Array(vec![one.clone().into(), other.clone().into()]);
        Some(Value::Table(Table::from_iter([("link".to_owned(), link), (key.to_owned(), value.into())])))
    }

    /// A quarter of the time-outs that the scenario does not set is halved or doubled.
    fn turn_knobs(&self, product: &Product, document: &mut Document) {
        for parameter in product.parameters {
            let ParameterKind::Duration { .. } = parameter.kind else { continue };
            let mut stream = Seed(self.seed).stream(&format!("swarm/knob/{}", parameter.name));
            let Ok(default) = parse_duration(parameter.default) else { continue };
            let is_set = document.get(&["product", "set", parameter.name]).is_some();
            if is_set || default.is_zero() || !stream.chance(1, 4) {
                continue;
            }
            let extreme = if stream.chance(1, 2) { default / 2 } else { default * 2 };
            document.set(&["product", "set", parameter.name], print_duration(extreme));
        }
    }
}

fn table(entries: &[(&str, &str)]) -> Value {
    Value::Table(entries.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect())
}
