//! Flushes that lie or fail, by personality.

use super::*;

fn of(personality: Personality) -> Driver {
    Driver::new(DeviceOptions { personality, ..options() })
}

#[test]
fn a_lying_flush_loses_at_a_cut_what_it_promised() {
    let mut driver = of(Personality::RawVolatileCache);
    driver.call(1, write(0, &[1])).unwrap();
    driver.arm(Arming::new(DeviceFault::LyingFlush));
    assert_eq!(driver.call(1, Request::Flush), Ok(Answer::Flushed));
    driver.power_cycle(Survivors::Nothing);
    assert_eq!(driver.pristine(0, 1), [1]);
    assert_eq!(driver.read(0, 1), [0]);
    assert_eq!(driver.counts(FaultKind::LyingFlush), (1, 1, 1, 0));
}

#[test]
fn flush_faults_can_be_aimed_at_sectors() {
    let aim = SectorRange::new(8, 8);
    let mut driver = of(Personality::Ext4Like);
    driver.arm(Arming::new(DeviceFault::LyingFlush).on_sectors(aim));
    driver.call(1, write(0, &[1; 8])).unwrap();
    driver.call(1, Request::Flush).unwrap();
    assert_eq!(driver.counts(FaultKind::LyingFlush).1, 0, "it has nothing to lie about there");
    driver.call(1, write(0, &[2; 16])).unwrap();
    driver.call(1, write(16, &[2; 8])).unwrap();
    driver.call(1, Request::Flush).unwrap();
    assert_eq!(driver.counts(FaultKind::LyingFlush).1, 1);
    driver.arm(Arming::new(DeviceFault::FailedFlush).on_sectors(SectorRange::new(24, 8)));
    driver.call(1, write(24, &[3; 8])).unwrap();
    driver.call(1, write(32, &[3; 8])).unwrap();
    assert_eq!(driver.call(1, Request::FlushRange { offset: 0, length: 4096 }), Ok(Answer::Flushed), "other sectors");
    assert_eq!(driver.call(1, Request::Flush), Err(IoError::FlushFailed));
    driver.call(1, Request::Flush).unwrap();
    driver.device.host_died(driver.now, 1, Fate::Dropped);
    let pages: Vec<u8> = driver.read(0, 40).into_iter().step_by(8).collect();
    assert_eq!(pages, [2, 2, 2, 0, 3]);
}

#[test]
fn an_honest_flush_after_a_lying_one_mends_it() {
    let mut driver = of(Personality::RawVolatileCache);
    driver.call(1, write(0, &[1])).unwrap();
    driver.arm(Arming::new(DeviceFault::LyingFlush));
    driver.call(1, Request::Flush).unwrap();
    driver.call(1, Request::Flush).unwrap();
    driver.power_cycle(Survivors::Nothing);
    assert_eq!(driver.read(0, 1), [1]);
}

#[test]
fn a_flush_cannot_lie_about_nothing() {
    let mut driver = of(Personality::RawVolatileCache);
    driver.arm(Arming::new(DeviceFault::LyingFlush));
    driver.call(1, Request::Flush).unwrap();
    assert_eq!(driver.counts(FaultKind::LyingFlush), (1, 0, 0, 0));
}

#[test]
fn a_lying_controller_breaks_the_same_promise_by_habit() {
    let mut driver = of(Personality::LyingController);
    driver.call(1, write(0, &[1])).unwrap();
    driver.call(1, Request::Flush).unwrap();
    driver.power_cycle(Survivors::Nothing);
    assert_eq!((driver.read(0, 1), driver.pristine(0, 1)), (vec![0], vec![1]));
}

#[test]
fn on_a_raw_device_the_error_sticks_until_the_power_is_cycled() {
    for personality in [Personality::RawVolatileCache, Personality::RawWriteThrough] {
        let mut driver = of(personality);
        driver.call(1, write(0, &[1])).unwrap();
        driver.arm(Arming::new(DeviceFault::FailedFlush));
        for _ in 0..3 {
            assert_eq!(driver.call(1, Request::Flush), Err(IoError::FlushFailed), "{personality:?}");
        }
        driver.power_cycle(Survivors::Everything);
        assert_eq!(driver.call(1, Request::Flush), Ok(Answer::Flushed));
    }
}

#[test]
fn where_nothing_can_fail_a_failed_flush_is_withheld() {
    for personality in [Personality::BatteryArray, Personality::LyingController] {
        let mut driver = of(personality);
        driver.arm(Arming::new(DeviceFault::FailedFlush));
        assert_eq!(driver.call(1, Request::Flush), Ok(Answer::Flushed));
        let counts = driver.device.faults().of(FaultKind::FailedFlush);
        assert_eq!((counts.fired, counts.withheld), (0, 1));
    }
}

/// A write whose flush failed, and then a flush that succeeded.
fn retried(personality: Personality) -> Driver {
    let mut driver = Driver::new(DeviceOptions { personality, write_back: Some(ms(1000)), ..options() });
    driver.call(1, write(0, &[1; 8])).unwrap();
    driver.arm(Arming::new(DeviceFault::FailedFlush));
    assert_eq!(driver.call(1, Request::Flush), Err(IoError::FlushFailed));
    assert_eq!(driver.call(1, Request::Flush), Ok(Answer::Flushed), "the pages count as clean");
    driver
}

#[test]
fn on_a_file_a_retry_that_succeeds_proves_nothing() {
    for personality in [Personality::Ext4Like, Personality::XfsLike, Personality::BtrfsLike] {
        let mut driver = retried(personality);
        driver.device.host_died(driver.now, 1, Fate::Applied);
        assert_eq!(driver.read(0, 1), [0], "{personality:?}");
        assert_eq!(driver.pristine(0, 1), [1]);
    }
}

#[test]
fn what_readers_see_after_a_failed_flush_differs_by_file_system() {
    for (personality, at_once, later) in
        [(Personality::Ext4Like, 1, 1), (Personality::XfsLike, 1, 0), (Personality::BtrfsLike, 0, 0)]
    {
        let mut driver = retried(personality);
        assert_eq!(driver.read(0, 1), [at_once], "{personality:?}");
        driver.run_until(at(2000));
        assert_eq!(driver.read(0, 1), [later], "{personality:?}");
    }
}

#[test]
fn writing_again_from_memory_is_the_remedy() {
    for personality in [Personality::Ext4Like, Personality::XfsLike, Personality::BtrfsLike] {
        let mut driver = retried(personality);
        driver.call(1, write(0, &[1; 8])).unwrap();
        driver.call(1, Request::Flush).unwrap();
        driver.device.host_died(driver.now, 1, Fate::Dropped);
        assert_eq!(driver.read(0, 8), [1; 8], "{personality:?}");
        assert!(driver.device.damaged(driver.now).is_empty());
    }
}
