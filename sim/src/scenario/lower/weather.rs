//! Network, storage and traffic when nothing is wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::scenario::codes::Code;
use crate::scenario::located::Located;
use crate::scenario::model::{
    Damage, DeviceWeather, Limp, Link, LinkWeather, Network, Outage, Pause, Recurrence, Storage, Tail, Workload,
};
use crate::scenario::raw::{
    RawDeviceWeather, RawLimp, RawLink, RawNetwork, RawOutage, RawPause, RawRecurrence, RawStorage, RawTail,
    RawWorkload, Text,
};
use crate::scenario::reader::Reader;
use crate::scenario::values::{ClientOperations, DurationRange, Rate, Ratio, Size, print_duration};

/// What the network is like unless the file says otherwise.
const NETWORK: LinkWeather = LinkWeather {
    latency: DurationRange { low: Duration::from_micros(100), high: Duration::from_millis(1) },
    tail: None,
    loss: Ratio::ZERO,
    duplicate: Ratio::ZERO,
    reorder: Ratio::ZERO,
    bandwidth: None,
};

/// What a device is like unless the file says otherwise.
fn usual_device() -> DeviceWeather {
    DeviceWeather {
        personality: "volatile-cache".to_owned(),
        latency: DurationRange { low: Duration::from_micros(100), high: Duration::from_millis(1) },
        tail: None,
        sector_size: Size(512),
        capacity: None,
        bandwidth: None,
        paths: 1,
        torn_write: Ratio::ZERO,
        read_error: Ratio::ZERO,
        write_error: Ratio::ZERO,
        latent_error: Ratio::ZERO,
        bit_rot: Ratio::ZERO,
        misdirect_write: Ratio::ZERO,
        stale_read: Ratio::ZERO,
        lose_write: Ratio::ZERO,
        fail_flush: Ratio::ZERO,
        lie_about_flush: Ratio::ZERO,
        full: Ratio::ZERO,
        stall: None,
        late_write: None,
        slow: None,
        limp: None,
        lose_path: None,
        power_cut: None,
        lose_reservation: None,
    }
}

impl Reader<'_> {
    pub(super) fn network(&mut self, raw: &Option<Located<RawNetwork>>) -> Option<Network> {
        let omitted = RawNetwork::default();
        let raw = raw.as_ref().map_or(&omitted, Located::value);
        if raw.latency.is_none() {
            self.default_used("network.latency", NETWORK.latency);
        }
        let everywhere = RawLink {
            between: None,
            latency: raw.latency.clone(),
            tail: raw.tail.clone(),
            loss: raw.loss.clone(),
            duplicate: raw.duplicate.clone(),
            reorder: raw.reorder.clone(),
            bandwidth: raw.bandwidth.clone(),
        };
        let default = self.link_weather(&everywhere, &NETWORK);
        let base = default.unwrap_or(NETWORK);
        let between_zones = match &raw.between_zones {
            Some(table) => self.between_zones(table.value(), &base),
            None => Some(base),
        };
        let links: Vec<_> = raw.link.iter().flatten().map(|table| self.link(table, &base)).collect();
        let links = links.into_iter().collect::<Option<_>>();
        Some(Network { default: default?, between_zones: between_zones?, links: links? })
    }

    fn between_zones(&mut self, raw: &RawLink, base: &LinkWeather) -> Option<LinkWeather> {
        if let Some(between) = &raw.between {
            let help = "remove `between`, or write `[[network.link]]`";
            self.not_together(between.span(), "zones are not named here", help);
        }
        self.link_weather(raw, base)
    }

    fn link(&mut self, table: &Located<RawLink>, base: &LinkWeather) -> Option<Link> {
        let ends = self.required(&table.value().between, "between", table.span());
        let between = ends.and_then(|ends| self.two_ends(ends));
        let weather = self.link_weather(table.value(), base);
        Some(Link { between: between?, weather: weather? })
    }

    fn link_weather(&mut self, raw: &RawLink, base: &LinkWeather) -> Option<LinkWeather> {
        let latency = self.inherited(&raw.latency, &base.latency, Self::value);
        let tail = self.tail(&raw.tail, &base.tail);
        let loss = self.inherited(&raw.loss, &base.loss, Self::probability);
        let duplicate = self.inherited(&raw.duplicate, &base.duplicate, Self::probability);
        let reorder = self.inherited(&raw.reorder, &base.reorder, Self::probability);
        let bandwidth = self.inherited(&raw.bandwidth, &base.bandwidth, |reader, text| reader.value(text).map(Some));
        Some(LinkWeather {
            latency: latency?,
            tail: tail?,
            loss: loss?,
            duplicate: duplicate?,
            reorder: reorder?,
            bandwidth: bandwidth?,
        })
    }

    fn inherited<U: Clone>(
        &mut self,
        text: &Text,
        base: &U,
        read: impl FnOnce(&mut Self, &Located<String>) -> Option<U>,
    ) -> Option<U> {
        self.or(text, base, None, |_| String::new(), read)
    }

    fn tail(&mut self, raw: &Option<Located<RawTail>>, base: &Option<Tail>) -> Option<Option<Tail>> {
        let Some(table) = raw else { return Some(*base) };
        let ratio = self.required(&table.value().ratio, "ratio", table.span());
        let up_to = self.required(&table.value().up_to, "up-to", table.span());
        let ratio = ratio.and_then(|ratio| self.probability(ratio));
        let up_to = up_to.and_then(|up_to| self.positive_duration(up_to));
        Some(Some(Tail { ratio: ratio?, up_to: up_to? }))
    }

    pub(super) fn storage(&mut self, raw: &Option<Located<RawStorage>>) -> Option<Storage> {
        let omitted = RawStorage::default();
        let raw = raw.as_ref().map_or(&omitted, Located::value);
        let words = [("shared", "shared".to_owned()), ("local", "local".to_owned())];
        let kind = self.optional(&raw.kind, |reader, kind| reader.word(kind, &words));
        let damage = self.word_or(&raw.damage, Damage::WORDS, Damage::Bounded);
        let usual = usual_device();
        if raw.damage.is_none() {
            self.default_used("storage.damage", "bounded");
        }
        for (key, text, value) in [
            ("storage.latency", &raw.latency, usual.latency.to_string()),
            ("storage.personality", &raw.personality, usual.personality.clone()),
            ("storage.sector-size", &raw.sector_size, usual.sector_size.to_string()),
        ] {
            if text.is_none() {
                self.default_used(key, value);
            }
        }
        let default = self.device_weather(&raw.weather(), &usual);
        let base = default.clone().unwrap_or(usual);
        let mut devices = Some(BTreeMap::new());
        for (name, table) in raw.device.iter().flatten() {
            let name = self.device(&Located::new(name.get_ref().clone(), name.span()));
            let weather = self.device_weather(table.value(), &base);
            match (name, weather, &mut devices) {
                (Some(name), Some(weather), Some(devices)) => drop(devices.insert(name, weather)),
                _ => devices = None,
            }
        }
        Some(Storage { kind: kind?, damage: damage?, default: default?, devices: devices? })
    }

    fn device_weather(&mut self, raw: &RawDeviceWeather, base: &DeviceWeather) -> Option<DeviceWeather> {
        let personality = self.inherited(&raw.personality, &base.personality, Self::personality);
        let latency = self.inherited(&raw.latency, &base.latency, Self::value);
        let tail = self.tail(&raw.tail, &base.tail);
        let sector_size = self.inherited(&raw.sector_size, &base.sector_size, Self::sector_size);
        let capacity = self.inherited(&raw.capacity, &base.capacity, |reader, text| reader.value(text).map(Some));
        let bandwidth = self.inherited(&raw.bandwidth, &base.bandwidth, |reader, text| reader.value(text).map(Some));
        let paths = self.or(&raw.paths, &base.paths, None, ToString::to_string, |reader, number| {
            reader.number(number, 1, 8).and_then(|number| u8::try_from(number).ok())
        });
        let mut rate = |text: &Text, base: &Ratio| self.inherited(text, base, Self::probability);
        let torn_write = rate(&raw.torn_write, &base.torn_write);
        let read_error = rate(&raw.read_error, &base.read_error);
        let write_error = rate(&raw.write_error, &base.write_error);
        let latent_error = rate(&raw.latent_error, &base.latent_error);
        let bit_rot = rate(&raw.bit_rot, &base.bit_rot);
        let misdirect_write = rate(&raw.misdirect_write, &base.misdirect_write);
        let stale_read = rate(&raw.stale_read, &base.stale_read);
        let lose_write = rate(&raw.lose_write, &base.lose_write);
        let fail_flush = rate(&raw.fail_flush, &base.fail_flush);
        let lie_about_flush = rate(&raw.lie_about_flush, &base.lie_about_flush);
        let full = rate(&raw.full, &base.full);
        let stall = self.tail(&raw.stall, &base.stall);
        let late_write = self.tail(&raw.late_write, &base.late_write);
        let slow = self.tail(&raw.slow, &base.slow);
        let limp = self.limp(&raw.limp, &base.limp);
        let lose_path = self.outage(&raw.lose_path, &base.lose_path);
        let power_cut = self.outage(&raw.power_cut, &base.power_cut);
        let lose_reservation = self.recurrence(&raw.lose_reservation, &base.lose_reservation);
        Some(DeviceWeather {
            personality: personality?,
            latency: latency?,
            tail: tail?,
            sector_size: sector_size?,
            capacity: capacity?,
            bandwidth: bandwidth?,
            paths: paths?,
            torn_write: torn_write?,
            read_error: read_error?,
            write_error: write_error?,
            latent_error: latent_error?,
            bit_rot: bit_rot?,
            misdirect_write: misdirect_write?,
            stale_read: stale_read?,
            lose_write: lose_write?,
            fail_flush: fail_flush?,
            lie_about_flush: lie_about_flush?,
            full: full?,
            stall: stall?,
            late_write: late_write?,
            slow: slow?,
            limp: limp?,
            lose_path: lose_path?,
            power_cut: power_cut?,
            lose_reservation: lose_reservation?,
        })
    }

    fn limp(&mut self, raw: &Option<Located<RawLimp>>, base: &Option<Limp>) -> Option<Option<Limp>> {
        let Some(table) = raw else { return Some(*base) };
        let ratio = self.required(&table.value().ratio, "ratio", table.span());
        let bandwidth = self.required(&table.value().bandwidth, "bandwidth", table.span());
        let ratio = ratio.and_then(|ratio| self.probability(ratio));
        let bandwidth = bandwidth.and_then(|bandwidth| self.value(bandwidth));
        Some(Some(Limp { ratio: ratio?, bandwidth: bandwidth? }))
    }

    fn outage(&mut self, raw: &Option<Located<RawOutage>>, base: &Option<Outage>) -> Option<Option<Outage>> {
        let Some(table) = raw else { return Some(*base) };
        let every = self.required(&table.value().every, "every", table.span());
        let up_to = self.required(&table.value().up_to, "up-to", table.span());
        let every = every.and_then(|every| self.positive_duration(every));
        let up_to = up_to.and_then(|up_to| self.positive_duration(up_to));
        Some(Some(Outage { every: every?, up_to: up_to? }))
    }

    fn recurrence(
        &mut self,
        raw: &Option<Located<RawRecurrence>>,
        base: &Option<Recurrence>,
    ) -> Option<Option<Recurrence>> {
        let Some(table) = raw else { return Some(*base) };
        let every = self.required(&table.value().every, "every", table.span());
        Some(Some(Recurrence { every: every.and_then(|every| self.positive_duration(every))? }))
    }

    fn personality(&mut self, text: &Located<String>) -> Option<String> {
        let known: Vec<(&str, String)> =
            DeviceWeather::PERSONALITIES.iter().map(|(word, _)| (*word, (*word).to_owned())).collect();
        self.word(text, &known)
    }

    fn sector_size(&mut self, text: &Located<String>) -> Option<Size> {
        let size: Size = self.value(text)?;
        if !(size.0.is_power_of_two() && (512..=65_536).contains(&size.0)) {
            self.out_of_bounds(text.span(), "no device has such sectors", "write \"512B\" or \"4kB\"");
            return None;
        }
        Some(size)
    }

    pub(super) fn workload(&mut self, table: &Located<RawWorkload>) -> Option<Workload> {
        let raw = table.value();
        let kind = self.required(&raw.kind, "kind", table.span()).and_then(|kind| self.workload_kind(kind));
        let clients = self.or(&raw.clients, &8, Some("workload.clients"), ToString::to_string, |reader, number| {
            reader.number(number, 1, 10_000)
        });
        let usual_rate = Rate { count: 100, per: Duration::from_secs(1) };
        let rate = self.or(&raw.rate, &usual_rate, Some("workload.rate"), ToString::to_string, Self::value);
        let keys = self.or(&raw.keys, &64, Some("workload.keys"), ToString::to_string, |reader, number| {
            reader.number(number, 1, 1_000_000)
        });
        let quarter = Ratio { numerator: 1, denominator: 4 };
        let reads = self.or(&raw.reads, &quarter, Some("workload.reads"), ToString::to_string, Self::probability);
        let shown = |length: &Duration| print_duration(*length);
        let five_seconds = Duration::from_secs(5);
        let timeout = self.or(&raw.timeout, &five_seconds, Some("workload.timeout"), shown, Self::positive_duration);
        let start = self.inherited(&raw.start, &Duration::ZERO, Self::value);
        let pause = self.optional(&raw.pause, Self::pause);
        let only = self.only(&raw.only, clients);
        Some(Workload {
            kind: kind?,
            clients: u32::try_from(clients?).unwrap_or(u32::MAX),
            rate: rate?,
            keys: u32::try_from(keys?).unwrap_or(u32::MAX),
            reads: reads?,
            timeout: timeout?,
            start: start?,
            pause: pause?,
            only: only?,
        })
    }

    fn only(
        &mut self,
        raw: &Option<Vec<Located<String>>>,
        clients: Option<i64>,
    ) -> Option<Option<Vec<ClientOperations>>> {
        let Some(raw) = raw else { return Some(None) };
        let mut only = Some(Vec::new());
        for text in raw {
            let operations = self.value::<ClientOperations>(text);
            let is_there = |it: &ClientOperations| clients.is_none_or(|clients| i64::from(it.client) <= clients);
            match (operations, &mut only) {
                (Some(operations), _) if !is_there(&operations) => {
                    let clients = clients.unwrap_or_default();
                    self.out_of_bounds(
                        text.span(),
                        "there are not so many clients",
                        &format!("clients are 1..{clients}"),
                    );
                    only = None;
                }
                (Some(operations), Some(only)) => only.push(operations),
                (None, _) => only = None,
                (Some(_), None) => {}
            }
        }
        only.map(Some)
    }

    fn workload_kind(&mut self, kind: &Located<String>) -> Option<String> {
        let known = self.vocabulary.workloads.iter().map(|workload| workload.name.as_str());
        let served = self.product.map(|product| product.workloads.as_slice());
        let known: Vec<&str> =
            known.filter(|name| served.is_none_or(|served| served.iter().any(|word| word == name))).collect();
        if known.contains(&kind.text()) {
            return Some(kind.text().to_owned());
        }
        self.unknown(Code::UnknownWorkload, kind, "workload", known);
        None
    }

    fn pause(&mut self, table: &Located<RawPause>) -> Option<Pause> {
        let raw = table.value();
        let every = self.required(&raw.every, "every", table.span());
        let lasts = self.required(&raw.r#for, "for", table.span());
        let every = every.and_then(|every| self.positive_duration(every));
        let lasts = lasts.and_then(|lasts| self.positive_duration(lasts));
        let (every, lasts) = (every?, lasts?);
        if lasts >= every {
            self.out_of_bounds(table.span(), "this lull never ends", "let `for` be shorter than `every`");
            return None;
        }
        Some(Pause { every, lasts })
    }
}
