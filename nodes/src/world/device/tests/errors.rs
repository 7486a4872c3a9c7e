//! Faults that a sender is told of.

use super::*;

#[test]
fn a_read_error_strikes_once_and_leaves_the_sector_sound() {
    let mut driver = Driver::new(options());
    driver.call(1, write(0, &[1])).unwrap();
    driver.arm(Arming::new(DeviceFault::ReadError { sticky: false }));
    assert_eq!(driver.call(1, read(0, 1)), Err(IoError::Medium { sector: 0 }));
    assert_eq!(driver.read(0, 1), [1]);
    assert_eq!(driver.counts(FaultKind::ReadError), (1, 1, 1, 0));
}

#[test]
fn a_sticky_error_strikes_the_same_sector_until_it_is_disarmed() {
    let mut driver = Driver::new(options());
    let fault = Arming::new(DeviceFault::ReadError { sticky: true }).until_disarmed().with_chance((1, 20));
    let id = driver.arm(fault);
    let failed = (0..200)
        .find_map(|sector| match driver.call(1, read(sector, 1)) {
            Err(IoError::Medium { sector }) => Some(sector),
            _ => None,
        })
        .expect("one in twenty fails");
    for _ in 0..20 {
        assert_eq!(driver.call(1, read(failed, 1)), Err(IoError::Medium { sector: failed }));
    }
    driver.device.disarm(driver.now, id);
    assert_eq!(driver.read(failed, 1), [0]);
}

#[test]
fn a_write_error_leaves_nothing() {
    let mut driver = Driver::new(options());
    driver.arm(Arming::new(DeviceFault::WriteError { sticky: false }).for_requests(2));
    for _ in 0..2 {
        assert!(matches!(driver.call(1, write(0, &[1, 1])), Err(IoError::Medium { .. })));
    }
    assert_eq!(driver.read(0, 2), [0, 0]);
    assert_eq!(driver.call(1, write(0, &[2])), Ok(Answer::Written));
    assert_eq!(driver.counts(FaultKind::WriteError), (1, 2, 2, 0));
}

#[test]
fn a_fault_strikes_only_what_it_is_aimed_at() {
    let mut driver = Driver::new(options());
    let aimed = Arming::new(DeviceFault::ReadError { sticky: false })
        .on_host(2)
        .on_sectors(SectorRange::new(10, 5))
        .until_disarmed();
    driver.arm(aimed);
    assert!(driver.call(1, read(10, 1)).is_ok(), "another host");
    assert!(driver.call(2, read(15, 1)).is_ok(), "other sectors");
    assert!(driver.call(2, write(10, &[1])).is_ok(), "not a read");
    match driver.call(2, read(8, 4)) {
        Err(IoError::Medium { sector }) => assert!((10..12).contains(&sector), "sector {sector} was not aimed at"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fault_ends_at_its_moment() {
    let mut driver = Driver::new(options());
    driver.arm(Arming::new(DeviceFault::WriteProtected).until(at(20)));
    assert_eq!(driver.call(1, write(0, &[1])), Err(IoError::WriteProtected));
    driver.run_until(at(20));
    assert_eq!(driver.call(1, write(0, &[1])), Ok(Answer::Written));
    assert_eq!(driver.counts(FaultKind::WriteProtected), (1, 1, 1, 0));
}

#[test]
fn a_full_device_refuses_new_sectors_until_it_has_room_again() {
    let mut driver = Driver::new(options());
    let fault = driver.arm(Arming::new(DeviceFault::Full { free: 2 }).until_disarmed());
    assert_eq!(driver.call(1, write(0, &[1, 1])), Ok(Answer::Written));
    assert_eq!(driver.call(1, write(2, &[1])), Err(IoError::NoSpace));
    assert_eq!(driver.call(1, write(0, &[2, 2])), Ok(Answer::Written), "old sectors need no room");
    driver.device.disarm(driver.now, fault);
    assert_eq!(driver.call(1, write(2, &[1])), Ok(Answer::Written));
    assert_eq!(driver.counts(FaultKind::Full), (1, 1, 1, 0));
}

#[test]
fn a_rate_strikes_about_as_often_as_it_says() {
    let rates = vec![(DeviceFault::ReadError { sticky: false }, (1, 10))];
    let mut driver = Driver::new(DeviceOptions { rates, ..options() });
    let failed = (0..1000).filter(|sector| driver.call(1, read(*sector, 1)).is_err()).count();
    assert!((60..140).contains(&failed), "{failed} of 1000 failed");
    assert_eq!(driver.counts(FaultKind::ReadError), (1, failed as u64, failed as u64, 0));
}

#[test]
fn a_rate_must_be_a_probability() {
    for ratio in [(1, 0), (3, 2)] {
        let rates = vec![(DeviceFault::BitRot, ratio)];
        let refused = Device::new(DeviceOptions { rates, ..options() }, Seed(1)).unwrap_err().to_string();
        assert!(refused.contains("bit-rot"), "{refused}");
    }
}

#[test]
fn a_fault_that_strikes_nothing_changes_nothing_else() {
    let run = |faults: &[Arming]| {
        let mut driver = Driver::of(Device::new(DeviceOptions::new("shared", 1024), Seed(7)).unwrap());
        driver.arm(Arming::new(DeviceFault::LostWrite).until_disarmed().with_chance((1, 4)));
        for fault in faults {
            driver.arm(*fault);
        }
        for number in 0..40u8 {
            driver.submit(1, write(u64::from(number), &[number; 3]));
            driver.submit(2, read(u64::from(number), 2));
        }
        driver.run();
        (format!("{:?}", driver.completions), format!("{:?}", driver.device.journal().entries()))
    };
    let elsewhere = Arming::new(DeviceFault::WriteError { sticky: true }).on_host(9).until_disarmed();
    let never = Arming::new(DeviceFault::BitRot).until_disarmed().with_chance((0, 1));
    assert_eq!(run(&[]), run(&[elsewhere, never]));
}
