//! Power cuts, and what else happens to the device as a whole.

use super::*;

#[test]
fn a_cut_keeps_what_was_flushed_and_may_lose_the_rest() {
    for (survivors, second) in [(Survivors::Nothing, 1), (Survivors::Everything, 2)] {
        let mut driver = Driver::new(options());
        driver.call(1, write(0, &[1])).unwrap();
        driver.call(1, Request::Flush).unwrap();
        let unflushed = driver.submit(1, write(0, &[2, 2]));
        driver.run();
        driver.power_cycle(survivors);
        assert_eq!(driver.read(0, 1), [second], "{survivors:?}");
        let expected = if second == 1 { Survival::Nothing } else { Survival::Whole };
        assert_eq!(driver.entry(unflushed).after_cut, Some(expected));
        assert_eq!(driver.counts(FaultKind::PowerCut).1, u64::from(second == 1));
    }
}

#[test]
fn a_drawn_cut_tears_writes_and_reorders_them() {
    let mut patterns = BTreeSet::new();
    for seed in 0..200 {
        let mut driver = Driver::of(Device::new(options(), Seed(seed)).unwrap());
        driver.call(1, write(0, &[1, 1])).unwrap();
        driver.call(1, write(1, &[2, 2])).unwrap();
        driver.power_cycle(Survivors::Drawn);
        patterns.insert(driver.read(0, 3));
    }
    assert_eq!(patterns.len(), 2 * 3 * 2, "{patterns:?}");
}

#[test]
fn forced_unit_access_and_write_through_survive() {
    for (personality, request) in [
        (Personality::RawVolatileCache, write_through(0, &[1])),
        (Personality::RawWriteThrough, write(0, &[1])),
        (Personality::BatteryArray, write(0, &[1])),
    ] {
        let mut driver = Driver::new(DeviceOptions { personality, ..options() });
        driver.call(1, request).unwrap();
        driver.power_cycle(Survivors::Nothing);
        assert_eq!(driver.read(0, 1), [1], "{personality:?}");
    }
}

#[test]
fn an_array_loses_a_suffix_of_each_hosts_writes_in_flight() {
    let mut patterns = BTreeSet::new();
    for seed in 0..100 {
        let options = DeviceOptions { personality: Personality::BatteryArray, ..options() };
        let mut driver = Driver::of(Device::new(options, Seed(seed)).unwrap());
        for sector in 0..3 {
            driver.submit(1, write(sector * 2, &[1, 1]));
        }
        driver.run_until(at(2));
        driver.power_cycle(Survivors::Drawn);
        patterns.insert(driver.read(0, 6));
    }
    let beginnings = [[0; 6], [1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0], [1; 6]];
    assert_eq!(patterns, beginnings.map(Vec::from).into());
}

#[test]
fn a_file_survives_by_pages() {
    for seed in 0..50 {
        let options = DeviceOptions { personality: Personality::Ext4Like, ..options() };
        let mut driver = Driver::of(Device::new(options, Seed(seed)).unwrap());
        driver.call(1, write(0, &[1; 16])).unwrap();
        driver.device.host_died(driver.now, 1, Fate::Drawn);
        let bytes = driver.read(0, 16);
        assert!(bytes[..8].iter().all(|byte| *byte == bytes[0]) && bytes[8..].iter().all(|byte| *byte == bytes[8]));
    }
}

#[test]
fn what_was_being_written_may_be_unreadable() {
    let mut unreadable = 0;
    for seed in 0..60 {
        let options = DeviceOptions { garbage: Garbage::Unreadable, ..options() };
        let mut driver = Driver::of(Device::new(options, Seed(seed)).unwrap());
        driver.call(1, write(1, &[7])).unwrap();
        driver.submit(1, write(0, &[1]));
        driver.run_until(driver.now + ms(2));
        driver.power_cycle(Survivors::Drawn);
        unreadable += usize::from(driver.call(9, read(0, 1)) == Err(IoError::Medium { sector: 0 }));
        assert!(driver.call(9, read(1, 1)).is_ok(), "what is in the cache is not on the wire");
    }
    assert!((8..35).contains(&unreadable), "{unreadable} of 60");
}

#[test]
fn a_living_host_sends_again_when_the_power_is_back() {
    let mut driver = Driver::new(DeviceOptions { without_path: WithoutPath::FailAfter(ms(1000)), ..options() });
    let early = driver.submit(1, write(0, &[1]));
    driver.run_until(at(2));
    let moments = driver.device.power_cut(at(2), Survivors::Nothing);
    driver.keep(moments);
    assert!(!driver.device.has_power());
    driver.run_until(at(100));
    let during = driver.submit(1, write(1, &[1]));
    let moments = driver.device.power_on(at(100));
    driver.keep(moments);
    driver.run();
    assert_eq!((driver.result(early), driver.result(during)), (Ok(Answer::Written), Ok(Answer::Written)));
    assert_eq!(driver.read(0, 2), [1, 1]);
    assert_eq!(driver.counts(FaultKind::PathLoss).0, 0, "no path was lost");
}

#[test]
fn without_power_requests_fail_in_the_end() {
    let mut driver = Driver::new(DeviceOptions { without_path: WithoutPath::FailAfter(ms(1000)), ..options() });
    driver.device.power_cut(at(0), Survivors::Nothing);
    assert_eq!(driver.call(1, read(0, 1)), Err(IoError::PathLost));
    assert_eq!(driver.now, at(1000));
}

#[test]
fn reservations_survive_a_cut_only_if_the_device_saves_them() {
    for survive in [true, false] {
        let mut driver = Driver::new(DeviceOptions { reservations_survive_power_loss: survive, ..options() });
        let register = ReservationCommand::RegisterAndIgnore { new_key: 5 };
        driver.call(1, Request::Reservation(register)).unwrap();
        driver.power_cycle(Survivors::Drawn);
        assert_eq!(driver.device.reservations().key_of(1).is_some(), survive);
        assert_eq!(driver.counts(FaultKind::ReservationsLost).1, u64::from(!survive));
    }
}

#[test]
fn a_device_that_forgets_its_reservations_lets_a_fenced_host_write() {
    let mut driver = Driver::new(options());
    let kind = ReservationType::WriteExclusiveRegistrantsOnly;
    for command in [ReservationCommand::RegisterAndIgnore { new_key: 2 }, ReservationCommand::Reserve { key: 2, kind }]
    {
        driver.call(2, Request::Reservation(command)).unwrap();
    }
    assert_eq!(driver.call(1, write(0, &[1])), Err(IoError::ReservationConflict));
    driver.device.lose_reservations(driver.now);
    assert_eq!(driver.call(1, write(0, &[1])), Ok(Answer::Written));
    let Some(Interruption { kind, .. }) = driver.device.journal().interruptions().first() else { panic!("not noted") };
    assert_eq!(*kind, InterruptionKind::ReservationsLost);
    assert_eq!(driver.counts(FaultKind::ReservationsLost), (1, 1, 0, 0), "nobody has found out");
    let register = ReservationCommand::Register { current_key: 2, new_key: 3 };
    for _ in 0..2 {
        assert_eq!(driver.call(2, Request::Reservation(register)), Err(IoError::ReservationConflict));
    }
    assert_eq!(driver.counts(FaultKind::ReservationsLost), (1, 1, 1, 0), "it was registered with that key");
}

#[test]
fn whoever_sends_to_a_dark_device_meets_the_cut_and_no_lost_path() {
    let mut driver = Driver::new(options());
    drop(driver.device.power_cut(driver.now, Survivors::Drawn));
    let waiting = driver.submit(1, write(0, &[1]));
    drop(driver.device.power_on(driver.now));
    driver.run();
    assert_eq!(driver.entry(waiting).outcome, Outcome::Done);
    assert_eq!((driver.counts(FaultKind::PowerCut).2, driver.counts(FaultKind::PathLoss).2), (1, 0));
}

#[test]
fn a_wiped_device_is_empty_and_should_be() {
    let mut driver = Driver::new(options());
    driver.call(1, write(0, &[1])).unwrap();
    driver.device.wipe(driver.now);
    assert_eq!((driver.read(0, 1), driver.pristine(0, 1)), (vec![0], vec![0]));
    assert_eq!(driver.counts(FaultKind::Wipe), (1, 1, 0, 0));
}

#[test]
fn the_stable_image_is_what_the_worst_cut_leaves() {
    let mut driver = Driver::new(options());
    driver.call(1, write(0, &[1, 1])).unwrap();
    driver.call(1, Request::Flush).unwrap();
    driver.call(1, write(1, &[2, 2])).unwrap();
    let now = driver.now;
    assert_eq!(Driver::bytes_of(&driver.device.stable_image(now), 0, 3), [1, 1, 0]);
    assert_eq!(Driver::bytes_of(&driver.device.visible_image(now), 0, 3), [1, 2, 2]);
    driver.power_cycle(Survivors::Nothing);
    assert_eq!(driver.read(0, 3), [1, 1, 0]);
}

#[test]
fn an_older_write_does_not_come_back_over_a_flushed_one() {
    let slow_answer = DeviceOptions { path: Latency::fixed(ms(20)), ..options() };
    let mut driver = Driver::new(slow_answer);
    driver.submit(1, write(0, &[1])); // applied at 24, acknowledged at 44
    driver.run_until(at(30));
    driver.device.host_died(at(30), 1, Fate::Dropped); // never acknowledged, hence covered by no flush
    driver.call(2, write(0, &[2])).unwrap();
    driver.call(2, Request::Flush).unwrap();
    let states: BTreeSet<Vec<u8>> = driver
        .device
        .crash_states(driver.now, 100, Garbage::None)
        .map(|state| Driver::bytes_of(&Device::restore(&state).visible_image(Instant::START), 0, 1))
        .collect();
    assert_eq!(states, [vec![2]].into());
}
