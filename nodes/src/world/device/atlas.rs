//! Where permanent damage may be done, decided before the run: the atlas of the bounded mode.
//!
//! A cluster promises to survive the loss of some copies, not of all. A region with several copies may lose all but
//! one of them at the same place, voting blocks a minority, and a region with a single copy nothing. Inside these
//! bounds both safety and liveness are judged; a run without an atlas is judged for safety alone. Errors that pass,
//! delays and dead hosts are not bounded here: they come on top.

use std::collections::BTreeMap;

use thiserror::Error;

use super::machine::Device;
use super::range::{RangeMap, SectorRange};
use crate::world::digest::Digest;
use crate::world::streams::{Seed, Stream};

/// How many copies of a region may be damaged at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redundancy {
    /// All but one: any good copy is enough.
    AnyCopy,
    /// A minority: a majority must be good.
    Majority,
}

/// One copy of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// The name of the device it is on.
    pub device: String,
    /// Where it begins there.
    pub first: u64,
}

/// A part of the data that is kept in one or several copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its name; it names its draws.
    pub name: String,
    /// How many sectors each copy has.
    pub sectors: u64,
    /// How many sectors share one decision.
    pub chunk: u64,
    /// Where its copies are.
    pub replicas: Vec<Replica>,
    /// How many of them may be damaged at one place.
    pub redundancy: Redundancy,
}

/// A region that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AtlasError {
    /// No sectors, or no chunk.
    #[error("region {region}: it and its chunks need at least one sector each")]
    Empty {
        /// The region.
        region: String,
    },
    /// Two regions, or two copies of one, claim the same sector of one device.
    #[error("region {region} overlaps another region or copy on device {device}: give each its own sectors")]
    Overlap {
        /// The region.
        region: String,
        /// The device.
        device: String,
    },
}

/// Where permanent damage may be done. Everything that is in no region is sound.
#[derive(Clone, Debug, Default)]
pub struct Atlas {
    by_device: BTreeMap<String, RangeMap<()>>,
}

impl Atlas {
    /// Draws, for each chunk of each region, which copies may be damaged.
    pub fn draw(seed: Seed, regions: &[Region]) -> Result<Atlas, AtlasError> {
        check(regions)?;
        let mut atlas = Atlas::default();
        for region in regions {
            let key = seed.stream_key("device/atlas").child(Digest::of(&region.name));
            for (replica, chunk) in damageable(region, |chunk| key.at(chunk)) {
                let place = &region.replicas[replica];
                let first = place.first + chunk * region.chunk;
                let range = SectorRange::new(first, region.chunk.min(region.sectors - chunk * region.chunk));
                self::entry(&mut atlas.by_device, &place.device).insert(range, ());
            }
        }
        Ok(atlas)
    }

    /// True if all of `range` may be damaged.
    pub fn may_damage(&self, device: &str, range: SectorRange) -> bool {
        self.by_device.get(device).is_some_and(|allowed| allows(Some(allowed), range))
    }

    /// The ranges of a device that may be damaged, in order.
    pub fn ranges(&self, device: &str) -> Vec<SectorRange> {
        self.by_device.get(device).map_or(Vec::new(), |allowed| allowed.iter().map(|(range, ())| range).collect())
    }
}

impl Device {
    /// Lets permanent damage be done only where the atlas allows it.
    pub fn keep_within(&mut self, atlas: &Atlas) {
        self.bounds = Some(atlas.by_device.get(&self.options.name).cloned().unwrap_or_default());
    }

    /// True if an atlas bounds the damage that may be done.
    pub fn is_bounded(&self) -> bool {
        self.bounds.is_some()
    }

    /// True if permanent damage may be done to all of `range`.
    pub(super) fn may_damage(&self, range: SectorRange) -> bool {
        allows(self.bounds.as_ref(), range)
    }
}

/// True if there are no bounds, or all of `range` is inside them.
pub(super) fn allows(bounds: Option<&RangeMap<()>>, range: SectorRange) -> bool {
    bounds.is_none_or(|allowed| allowed.pieces(range).all(|(_, piece)| piece.is_some()))
}

/// Which chunks of which copies may be damaged, as pairs of (copy, chunk). No copy may lose all of its chunks, or it
/// would be as if the region had one copy less from the beginning.
fn damageable(region: &Region, draws: impl Fn(u64) -> Stream) -> Vec<(usize, u64)> {
    let copies = region.replicas.len();
    let most = match region.redundancy {
        Redundancy::AnyCopy => copies.saturating_sub(1),
        Redundancy::Majority => copies.saturating_sub(1) / 2,
    };
    let chunks = region.sectors.div_ceil(region.chunk);
    let mut chosen = Vec::new();
    for chunk in 0..chunks {
        let mut order: Vec<usize> = (0..copies).collect();
        draws(chunk).shuffle(&mut order);
        chosen.extend(order.into_iter().take(most).map(|replica| (replica, chunk)));
    }
    for replica in 0..copies {
        let lost = chosen.iter().filter(|(other, _)| *other == replica).count() as u64;
        if chunks > 1 && lost == chunks {
            let spared = draws(chunks).below(chunks);
            chosen.retain(|pair| *pair != (replica, spared));
        }
    }
    chosen
}

fn check(regions: &[Region]) -> Result<(), AtlasError> {
    let mut taken = BTreeMap::new();
    for region in regions {
        if region.sectors == 0 || region.chunk == 0 {
            return Err(AtlasError::Empty { region: region.name.clone() });
        }
        for replica in &region.replicas {
            let claimed = SectorRange::new(replica.first, region.sectors);
            if !entry(&mut taken, &replica.device).insert(claimed, ()).is_empty() {
                return Err(AtlasError::Overlap { region: region.name.clone(), device: replica.device.clone() });
            }
        }
    }
    Ok(())
}

fn entry<'a>(by_device: &'a mut BTreeMap<String, RangeMap<()>>, device: &str) -> &'a mut RangeMap<()> {
    by_device.entry(device.to_owned()).or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(copies: usize, redundancy: Redundancy) -> Region {
        let replicas = (0..copies).map(|number| Replica { device: format!("disk{number}"), first: 100 }).collect();
        Region { name: "log".to_owned(), sectors: 250, chunk: 10, replicas, redundancy }
    }

    fn damaged_copies(atlas: &Atlas, copies: usize, sector: u64) -> usize {
        (0..copies).filter(|number| atlas.may_damage(&format!("disk{number}"), SectorRange::one(sector))).count()
    }

    #[test]
    fn each_place_keeps_enough_good_copies() {
        for seed in 0..20 {
            for (copies, redundancy, most) in [
                (1, Redundancy::AnyCopy, 0),
                (2, Redundancy::AnyCopy, 1),
                (3, Redundancy::AnyCopy, 2),
                (1, Redundancy::Majority, 0),
                (2, Redundancy::Majority, 0),
                (3, Redundancy::Majority, 1),
                (5, Redundancy::Majority, 2),
            ] {
                let atlas = Atlas::draw(Seed(seed), &[region(copies, redundancy)]).unwrap();
                let worst = (100..350).map(|sector| damaged_copies(&atlas, copies, sector)).max();
                assert_eq!(worst, Some(most), "{copies} copies, {redundancy:?}");
                assert_eq!(damaged_copies(&atlas, copies, 99) + damaged_copies(&atlas, copies, 350), 0);
            }
        }
    }

    #[test]
    fn no_copy_may_lose_everything() {
        for seed in 0..200 {
            let small = Region { sectors: 20, ..region(3, Redundancy::AnyCopy) };
            let atlas = Atlas::draw(Seed(seed), &[small]).unwrap();
            for number in 0..3 {
                assert!(!atlas.may_damage(&format!("disk{number}"), SectorRange::new(100, 20)));
            }
        }
    }

    #[test]
    fn the_draws_of_a_region_do_not_depend_on_the_others() {
        let other = Region { name: "voting".to_owned(), replicas: vec![], ..region(0, Redundancy::Majority) };
        let alone = Atlas::draw(Seed(1), &[region(3, Redundancy::AnyCopy)]).unwrap();
        let beside = Atlas::draw(Seed(1), &[other, region(3, Redundancy::AnyCopy)]).unwrap();
        assert_eq!(alone.ranges("disk1"), beside.ranges("disk1"));
        let seeded = Atlas::draw(Seed(2), &[region(3, Redundancy::AnyCopy)]).unwrap();
        assert_ne!(alone.ranges("disk1"), seeded.ranges("disk1"));
    }

    #[test]
    fn regions_that_make_no_sense_are_refused() {
        let empty = Region { chunk: 0, ..region(2, Redundancy::AnyCopy) };
        assert!(matches!(Atlas::draw(Seed(1), &[empty]), Err(AtlasError::Empty { .. })));
        let twice = [region(2, Redundancy::AnyCopy), region(1, Redundancy::AnyCopy)];
        let refused = Atlas::draw(Seed(1), &twice).err().map(|error| error.to_string());
        assert!(refused.is_some_and(|message| message.contains("region log overlaps")));
    }
}
