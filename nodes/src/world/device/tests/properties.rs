//! What holds for every sequence of requests.

use super::*;
use proptest::prelude::*;

const SECTORS: u64 = 6;

/// One thing that happens to the device, and how long after the one before.
#[derive(Clone, Debug)]
enum Step {
    Write { host: u16, first: u64, count: u64, force: bool },
    Flush { host: u16 },
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1u16..3, 0..SECTORS, 1u64..4, prop::bool::weighted(0.2))
            .prop_map(|(host, first, count, force)| Step::Write { host, first, count: count.min(SECTORS - first), force }),
        1 => (1u16..3).prop_map(|host| Step::Flush { host }),
        2 => (0u64..12).prop_map(Step::Wait),
    ]
}

fn personality() -> impl Strategy<Value = Personality> {
    prop::sample::select(Personality::ALL.to_vec())
}

fn play(driver: &mut Driver, steps: &[Step]) {
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Write { host, first, count, force } => {
                let bytes = vec![number as u8 + 1; *count as usize];
                driver.submit(*host, if *force { write_through(*first, &bytes) } else { write(*first, &bytes) });
            }
            Step::Flush { host } => drop(driver.submit(*host, Request::Flush)),
            Step::Wait(millis) => driver.run_until(driver.now + ms(*millis)),
        }
    }
}

fn device(personality: Personality, seed: u64, garbage: Garbage) -> Driver {
    let options = DeviceOptions {
        personality,
        garbage,
        path: Latency::even(ms(1), ms(3)),
        write: Latency::even(ms(1), ms(9)),
        ..options()
    };
    Driver::of(Device::new(options, Seed(seed)).unwrap())
}

/// The bytes one sector may hold after a cut of a device with a volatile cache, by the rule.
fn allowed(journal: &Journal, sector: u64) -> BTreeSet<u8> {
    let flushes: Vec<&Entry> = journal.entries().iter().filter(|entry| entry.kind == EntryKind::Flush).collect();
    let is_stable = |write: &Entry| {
        let forced = write.kind == EntryKind::Write { force_unit_access: true };
        forced || flushes.iter().any(|flush| write.acknowledged <= Some(flush.issued))
    };
    let mut allowed = BTreeSet::from([0]);
    for write in journal.applied_writes().into_iter().filter(|write| write.range.contains(sector)) {
        if is_stable(write) {
            allowed.clear();
        }
        allowed.extend(write.bytes.as_ref().map(|bytes| bytes[0]));
    }
    allowed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Without faults and after a flush, what readers see is what should be there, what is stable, and what the
    /// journal says was written.
    #[test]
    fn a_clean_device_is_what_it_should_be(
        personality in personality(), seed in 0u64..1000, steps in prop::collection::vec(step(), 0..30)
    ) {
        let mut driver = device(personality, seed, Garbage::None);
        play(&mut driver, &steps);
        driver.run();
        driver.call(1, Request::Flush).unwrap();
        let now = driver.now;
        let visible = driver.device.visible_image(now);
        prop_assert_eq!(visible.hash(), driver.device.pristine_image(now).hash());
        if personality != Personality::LyingController {
            prop_assert_eq!(visible.hash(), driver.device.stable_image(now).hash());
        }
        let empty = Device::new(options(), Seed(1)).unwrap().visible_image(Instant::START);
        let replayed = driver.device.journal().replayed_onto(empty).unwrap();
        prop_assert_eq!(visible.hash(), replayed.hash());
        prop_assert!(driver.device.damaged(now).is_empty());
    }

    /// Whatever a drawn cut leaves is among the enumerated states, and so are the two extremes.
    #[test]
    fn every_cut_is_among_the_enumerated_states(
        personality in personality(), seed in 0u64..1000, garbage in any::<bool>(),
        steps in prop::collection::vec(step(), 0..8)
    ) {
        let garbage = if garbage { Garbage::Unreadable } else { Garbage::None };
        let mut driver = device(personality, seed, garbage);
        play(&mut driver, &steps);
        let now = driver.now;
        let mut states = driver.device.crash_states(now, 20_000, garbage);
        prop_assume!(states.is_exhaustive());
        let hashes: BTreeSet<u64> = states.by_ref().map(|state| state.hash).collect();
        prop_assert_eq!(hashes.len() + states.duplicates(), states.total().unwrap() as usize);
        for survivors in [Survivors::Drawn, Survivors::Nothing, Survivors::Everything] {
            let mut cut = driver.device.clone();
            let worst = cut.stable_image(now).hash();
            cut.power_cut(now, survivors);
            let left = cut.visible_image(now).hash();
            prop_assert!(hashes.contains(&left), "{:?} left something that was not enumerated", survivors);
            if survivors == Survivors::Nothing {
                prop_assert_eq!(left, worst);
            }
        }
    }

    /// On a quiet device the states are those of the rule, worked out from the journal alone: for each sector the
    /// last stable write, or any write after it that is not stable.
    #[test]
    fn the_enumerated_states_are_those_of_the_rule(
        seed in 0u64..1000, steps in prop::collection::vec(step(), 0..10)
    ) {
        let mut driver = device(Personality::RawVolatileCache, seed, Garbage::None);
        play(&mut driver, &steps);
        driver.run();
        let states = driver.device.crash_states(driver.now, 20_000, Garbage::None);
        prop_assume!(states.is_exhaustive());
        let found: BTreeSet<Vec<u8>> = states
            .map(|state| Driver::bytes_of(&Device::restore(&state).visible_image(Instant::START), 0, SECTORS))
            .collect();
        let choices = (0..SECTORS).map(|sector| allowed(driver.device.journal(), sector));
        let expected = choices.fold(BTreeSet::from([Vec::new()]), |images, bytes| {
            images.iter().flat_map(|image| bytes.iter().map(|byte| [&image[..], &[*byte]].concat())).collect()
        });
        prop_assert_eq!(found, expected);
    }

    /// A write that was acknowledged before a flush that was acknowledged is in every state, unless the device lies
    /// or something newer replaced it.
    #[test]
    fn what_was_flushed_is_in_every_state(
        seed in 0u64..1000, before in prop::collection::vec(step(), 0..6), after in prop::collection::vec(step(), 0..4)
    ) {
        let mut driver = device(Personality::RawVolatileCache, seed, Garbage::None);
        play(&mut driver, &before);
        driver.run();
        driver.call(1, Request::Flush).unwrap();
        let flushed = driver.device.visible_image(driver.now);
        play(&mut driver, &after);
        let later: Vec<SectorRange> = after
            .iter()
            .filter_map(|step| match step {
                Step::Write { first, count, .. } => Some(SectorRange::new(*first, *count)),
                _ => None,
            })
            .collect();
        for state in driver.device.crash_states(driver.now, 2_000, Garbage::None) {
            let image = Device::restore(&state).visible_image(Instant::START);
            for sector in (0..SECTORS).filter(|sector| !later.iter().any(|range| range.contains(*sector))) {
                prop_assert_eq!(image.sector_hash(sector), flushed.sector_hash(sector));
            }
        }
    }

    /// No sequence of faults makes the device lose track: it still answers, and what should be there is readable.
    #[test]
    fn faults_never_confuse_the_device(
        personality in personality(), seed in 0u64..1000, steps in prop::collection::vec(step(), 0..30),
        cuts in prop::collection::vec(0u64..60, 0..3)
    ) {
        let one_in_four = |fault| (fault, (1, 4));
        let delay = Latency::even(ms(1), ms(20));
        let rates = [
            DeviceFault::ReadError { sticky: true }, DeviceFault::WriteError { sticky: false },
            DeviceFault::LatentSectorError, DeviceFault::BitRot, DeviceFault::StaleRead, DeviceFault::MisdirectedRead,
            DeviceFault::MisdirectedWrite, DeviceFault::LostWrite, DeviceFault::TornWrite, DeviceFault::LyingFlush,
            DeviceFault::FailedFlush, DeviceFault::Slow { extra: delay }, DeviceFault::Stall { length: delay },
            DeviceFault::LateWrite { delay },
        ].map(one_in_four).to_vec();
        let options = DeviceOptions { personality, rates, garbage: Garbage::Unreadable, write_back: Some(ms(40)), ..options() };
        let mut driver = Driver::of(Device::new(options, Seed(seed)).unwrap());
        let parts = cuts.len() + 1;
        for (number, part) in steps.chunks(steps.len().div_ceil(parts).max(1)).enumerate() {
            play(&mut driver, part);
            if let Some(delay) = cuts.get(number) {
                driver.run_until(driver.now + ms(*delay));
                driver.device.host_died(driver.now, 2, Fate::Drawn);
                driver.power_cycle(Survivors::Drawn);
            }
        }
        driver.run();
        let now = driver.now;
        prop_assert!(driver.device.pristine_image(now).read(SectorRange::new(0, 64)).is_ok());
        let different: BTreeSet<u64> = {
            let (visible, pristine) = (driver.device.visible_image(now), driver.device.pristine_image(now));
            (0..1024).filter(|sector| visible.sector_hash(*sector) != pristine.sector_hash(*sector)).collect()
        };
        let known: BTreeSet<u64> = driver.device.damaged(now).into_iter().flat_map(SectorRange::sectors).collect();
        prop_assert!(different.is_subset(&known));
        let id = driver.submit(1, write(500, &[1]));
        driver.run();
        prop_assert!(driver.completion(id).is_some());
    }
}
