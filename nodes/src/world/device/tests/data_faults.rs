//! Faults that leave or give wrong bytes.

use super::*;

/// Sectors 0 to 7 written and stable, with the bytes 10 to 17.
fn written() -> Driver {
    let mut driver = Driver::new(options());
    driver.call(1, write(0, &[10, 11, 12, 13, 14, 15, 16, 17])).unwrap();
    driver.call(1, Request::Flush).unwrap();
    driver
}

fn data(result: Result<Answer, IoError>) -> Vec<u8> {
    match result {
        Ok(Answer::Data(bytes)) => bytes.to_vec(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rotten_sector_differs_in_one_bit_and_always_the_same() {
    let mut driver = written();
    assert_eq!(driver.device.damage(driver.now, Damage::FlippedBit, SectorRange::one(3)).sectors, 1);
    let first = data(driver.call(1, read(3, 1)));
    let again = data(driver.call(2, read(3, 1)));
    let flipped: u32 = first.iter().map(|byte| (byte ^ 13).count_ones()).sum();
    assert_eq!(flipped, 1);
    assert_eq!(first, again);
    assert_eq!(driver.pristine(2, 3), [12, 13, 14]);
    assert_eq!(driver.device.damaged(driver.now), [SectorRange::one(3)]);
    assert_eq!(
        driver.device.damage(driver.now, Damage::FlippedBit, SectorRange::one(3)).sectors,
        0,
        "it has rotted already"
    );
}

#[test]
fn writing_repairs_rot() {
    let mut driver = written();
    driver.device.damage(driver.now, Damage::FlippedBit, SectorRange::one(3));
    driver.call(1, write(3, &[99])).unwrap();
    assert_eq!(driver.read(3, 1), [99]);
    assert!(driver.device.damaged(driver.now).is_empty());
    assert_eq!(driver.counts(FaultKind::BitRot), (1, 1, 0, 1), "nobody had seen it");
}

#[test]
fn rot_is_found_by_reading_and_stays() {
    let mut driver = written();
    driver.arm(Arming::new(DeviceFault::BitRot).on_sectors(SectorRange::one(5)));
    let rotten = data(driver.call(1, read(0, 8)));
    assert_eq!(rotten.iter().zip(data(driver.call(1, read(0, 8)))).filter(|(one, other)| *one != other).count(), 0);
    assert_eq!(rotten.iter().step_by(512).take(5).collect::<Vec<_>>(), [&10, &11, &12, &13, &14]);
    assert_ne!(rotten[5 * 512..6 * 512], [15; 512]);
    assert_eq!(driver.counts(FaultKind::BitRot), (1, 1, 1, 0));
}

#[test]
fn a_latent_error_makes_a_sector_unreadable_until_it_is_written() {
    let mut driver = written();
    driver.arm(Arming::new(DeviceFault::LatentSectorError).on_sectors(SectorRange::one(2)));
    for _ in 0..3 {
        assert_eq!(driver.call(1, read(0, 8)), Err(IoError::Medium { sector: 2 }));
    }
    assert_eq!(driver.read(3, 2), [13, 14], "its neighbours are sound");
    driver.call(1, write(2, &[12])).unwrap();
    assert_eq!(driver.read(0, 4), [10, 11, 12, 13]);
    assert_eq!(driver.counts(FaultKind::LatentSectorError), (1, 1, 1, 1));
}

#[test]
fn damage_can_be_drawn_among_what_was_written() {
    let mut driver = written();
    let everywhere = SectorRange::new(0, 1024);
    assert_eq!(driver.device.damage_some(driver.now, Damage::Unreadable, everywhere, 3).sectors, 3);
    let damaged = driver.device.damaged(driver.now);
    assert_eq!(damaged.iter().map(|range| range.count()).sum::<u64>(), 3);
    assert!(damaged.iter().all(|range| range.end <= 8));
}

#[test]
fn a_stale_read_gives_the_version_before_the_last() {
    let mut driver = written();
    driver.call(1, write(3, &[23])).unwrap();
    driver.arm(Arming::new(DeviceFault::StaleRead));
    assert_eq!(driver.read(2, 3), [0, 13, 0], "sectors written once were empty before");
    assert_eq!(driver.read(2, 3), [12, 23, 14]);
    assert_eq!(driver.counts(FaultKind::StaleRead), (1, 1, 1, 0));
}

#[test]
fn a_voting_block_can_be_stale_for_one_host_alone() {
    let mut driver = written();
    driver.call(1, write(3, &[23])).unwrap();
    driver.arm(Arming::new(DeviceFault::StaleRead).on_host(2).on_sectors(SectorRange::one(3)).until_disarmed());
    let mut of_host = |host| data(driver.call(host, read(3, 1)))[0];
    assert_eq!((of_host(1), of_host(2), of_host(2)), (23, 13, 13));
}

#[test]
fn a_read_cannot_be_stale_where_nothing_was_written() {
    let mut driver = Driver::new(options());
    driver.arm(Arming::new(DeviceFault::StaleRead));
    assert_eq!(driver.read(0, 1), [0]);
    assert_eq!(driver.counts(FaultKind::StaleRead), (1, 0, 0, 0), "it waits for a read it can spoil");
}

#[test]
fn a_misdirected_read_gives_another_place() {
    let mut driver = written();
    driver.arm(Arming::new(DeviceFault::MisdirectedRead).on_sectors(SectorRange::new(0, 8)));
    let wrong = driver.read(3, 1);
    assert!(wrong[0] >= 10 && wrong[0] <= 17 && wrong[0] != 13, "{wrong:?}");
    assert_eq!(driver.read(3, 1), [13]);
    assert_eq!(driver.counts(FaultKind::MisdirectedRead), (1, 1, 1, 0));
}

#[test]
fn a_lost_write_is_acknowledged_and_shows_when_it_is_read() {
    let mut driver = written();
    driver.arm(Arming::new(DeviceFault::LostWrite));
    let lost = driver.submit(1, write(3, &[99]));
    driver.run();
    assert_eq!(driver.result(lost), Ok(Answer::Written));
    assert_eq!(driver.counts(FaultKind::LostWrite), (1, 1, 0, 0));
    assert_eq!(driver.read(2, 3), [12, 13, 14]);
    assert_eq!(driver.pristine(2, 3), [12, 99, 14]);
    assert_eq!(driver.entry(lost).outcome, Outcome::Lost);
    assert!(driver.entry(lost).faults.contains(FaultKind::LostWrite));
    driver.call(1, write(3, &[98])).unwrap();
    assert_eq!(driver.counts(FaultKind::LostWrite), (1, 1, 1, 1));
}

#[test]
fn a_lost_write_may_lose_only_what_was_aimed_at() {
    let mut driver = written();
    driver.arm(Arming::new(DeviceFault::LostWrite).on_sectors(SectorRange::one(3)));
    driver.call(1, write(2, &[22, 23, 24])).unwrap();
    assert_eq!(driver.read(2, 3), [22, 13, 24]);
}

#[test]
fn a_lost_write_that_was_flushed_is_missed_after_a_cut_and_one_that_was_not_is_forgiven() {
    for flushed in [true, false] {
        let mut driver = written();
        driver.arm(Arming::new(DeviceFault::LostWrite));
        driver.call(1, write(3, &[99])).unwrap();
        if flushed {
            driver.call(1, Request::Flush).unwrap();
        }
        driver.power_cycle(Survivors::Nothing);
        assert_eq!(driver.read(3, 1), [13]);
        assert_eq!(driver.pristine(3, 1), [if flushed { 99 } else { 13 }]);
    }
}

#[test]
fn a_misdirected_write_leaves_the_old_here_and_the_new_there() {
    let mut driver = written();
    driver.arm(Arming::new(DeviceFault::MisdirectedWrite).on_sectors(SectorRange::new(0, 8)));
    let astray = driver.submit(1, write(3, &[99]));
    driver.run();
    assert_eq!(driver.result(astray), Ok(Answer::Written));
    let Outcome::Misdirected { to } = driver.entry(astray).outcome else { panic!("it went where it should") };
    assert_eq!(driver.read(3, 1), [13]);
    assert_eq!(driver.read(to.first, 1), [99]);
    assert_eq!(driver.pristine(3, 1), [99]);
    assert_eq!(driver.pristine(to.first, 1), [10 + to.first as u8]);
    driver.arm(Arming::new(DeviceFault::MisdirectedWrite));
    driver.call(1, write(7, &[97])).unwrap();
    assert_eq!(driver.counts(FaultKind::MisdirectedWrite), (2, 1, 1, 0), "one pair at a time");

    driver.call(1, write(3, &[33])).unwrap();
    assert_eq!(driver.counts(FaultKind::MisdirectedWrite).3, 0, "the other half is still wrong");
    driver.call(1, write(to.first, &[44])).unwrap();
    assert_eq!(driver.counts(FaultKind::MisdirectedWrite).3, 1);
    assert!(driver.device.damaged(driver.now).is_empty());
}

#[test]
fn a_cut_may_undo_a_misdirected_write() {
    let mut driver = written();
    driver.arm(Arming::new(DeviceFault::MisdirectedWrite).on_sectors(SectorRange::new(0, 8)));
    driver.call(1, write(3, &[99])).unwrap();
    driver.power_cycle(Survivors::Nothing);
    assert_eq!(driver.read(0, 8), [10, 11, 12, 13, 14, 15, 16, 17]);
    assert!(driver.device.damaged(driver.now).is_empty(), "nobody was promised anything");
}

#[test]
fn a_torn_write_lands_in_part_when_the_power_goes() {
    for seed in 0..20 {
        let mut driver = Driver::of(Device::new(options(), Seed(seed)).unwrap());
        driver.arm(Arming::new(DeviceFault::TornWrite));
        let torn = driver.submit(1, write(0, &[1, 1, 1, 1]));
        driver.run();
        assert_eq!(driver.read(0, 4), [1, 1, 1, 1], "nothing shows before the cut");
        driver.power_cycle(Survivors::Drawn);
        let landed = driver.read(0, 4).iter().filter(|byte| **byte == 1).count();
        assert!((1..4).contains(&landed), "{landed} of 4 sectors landed");
        assert_eq!(driver.entry(torn).after_cut, Some(Survival::Part));
        assert_eq!(driver.counts(FaultKind::TornWrite).1, 1);
    }
}

#[test]
fn a_torn_write_lands_in_part_when_its_host_dies() {
    for personality in [Personality::RawVolatileCache, Personality::RawWriteThrough] {
        let mut driver = Driver::new(DeviceOptions { personality, ..options() });
        driver.arm(Arming::new(DeviceFault::TornWrite));
        let torn = driver.submit(1, write(0, &[1, 1, 1, 1]));
        driver.run_until(at(2));
        assert_eq!(driver.device.host_died(at(2), 1, Fate::Drawn).torn, 1);
        driver.run_until(at(10));
        let landed = driver.read(0, 4).iter().filter(|byte| **byte == 1).count();
        assert!((1..4).contains(&landed), "{landed} of 4 sectors landed");
        assert_eq!(driver.entry(torn).outcome, Outcome::Torn);
        assert_eq!(driver.entry(torn).stable.is_some(), personality == Personality::RawWriteThrough);
    }
}

#[test]
fn an_array_tears_nothing_and_says_so() {
    let mut driver = Driver::new(DeviceOptions { personality: Personality::BatteryArray, ..options() });
    driver.arm(Arming::new(DeviceFault::TornWrite).until_disarmed());
    driver.submit(1, write(0, &[1, 1]));
    driver.run_until(at(2));
    driver.power_cycle(Survivors::Drawn);
    assert_eq!(driver.device.faults().of(FaultKind::TornWrite).withheld, 1);
    let now = driver.read(0, 2);
    assert!(now == [0, 0] || now == [1, 1]);
}
