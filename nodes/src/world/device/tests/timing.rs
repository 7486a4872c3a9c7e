//! Devices that are slow, stall or hang, and writes that land late.

use super::*;

#[test]
fn slow_adds_its_delay_to_the_requests_it_strikes() {
    let mut driver = Driver::new(options());
    driver.arm(Arming::new(DeviceFault::Slow { extra: Latency::fixed(ms(100)) }).on_host(1).until(at(50)));
    let slow = driver.submit(1, write(0, &[1]));
    let other = driver.submit(2, write(1, &[1]));
    driver.run();
    assert_eq!(driver.completion(slow).unwrap().at, at(106));
    assert_eq!(driver.completion(other).unwrap().at, at(6));
    let after = driver.submit(1, write(0, &[1]));
    driver.run();
    assert_eq!(driver.completion(after).unwrap().at, at(106 + 6));
    assert_eq!(driver.counts(FaultKind::Slow), (1, 1, 1, 0));
}

#[test]
fn a_hanging_device_goes_on_when_the_fault_ends() {
    let mut driver = Driver::new(options());
    let fault = driver.arm(Arming::new(DeviceFault::Hang).until_disarmed());
    let hanging = driver.submit(1, write(0, &[1]));
    driver.run_until(at(10_000));
    assert!(driver.completion(hanging).is_none());
    let moments = driver.device.disarm(driver.now, fault);
    assert_eq!(moments.len(), 1);
    driver.keep(moments);
    driver.run();
    assert_eq!(driver.completion(hanging).unwrap().at, at(10_000 + 5));
    assert_eq!(driver.counts(FaultKind::Hang).2, 1);
}

#[test]
fn a_hang_stops_what_was_already_accepted() {
    let mut driver = Driver::new(options());
    let id = driver.submit(1, write(0, &[1]));
    driver.run_until(at(2));
    driver.arm(Arming::new(DeviceFault::Hang).until(at(100)));
    driver.run();
    assert_eq!(driver.entry(id).applied, Some(at(100)));
}

#[test]
fn one_request_can_hang_alone_and_its_host_times_out() {
    let mut driver = Driver::new(DeviceOptions { request_timeout: Some(ms(500)), ..options() });
    driver.arm(Arming::new(DeviceFault::Hang));
    let hanging = driver.submit(1, write(0, &[1]));
    let next = driver.submit(1, write(1, &[1]));
    driver.run();
    assert_eq!(driver.completion(next).unwrap().at, at(6));
    assert_eq!(driver.result(hanging), Err(IoError::TimedOut));
    assert_eq!(driver.completion(hanging).unwrap().at, at(500));
}

#[test]
fn a_stall_stops_everybody_for_a_while() {
    let mut driver = Driver::new(options());
    driver.arm(Arming::new(DeviceFault::Stall { length: Latency::fixed(ms(300)) }));
    let first = driver.submit(1, write(0, &[1]));
    driver.run_until(at(50));
    let second = driver.submit(2, write(1, &[1]));
    driver.run();
    assert_eq!(driver.completion(first).unwrap().at, at(1 + 300 + 5));
    assert_eq!(driver.completion(second).unwrap().at, at(1 + 300 + 5));
    assert_eq!(driver.call(1, write(2, &[1])), Ok(Answer::Written));
    assert_eq!(driver.now, at(306 + 6), "it ended");
    assert_eq!(driver.counts(FaultKind::Stall), (1, 1, 1, 0));
}

#[test]
fn disarming_a_stall_ends_it() {
    let mut driver = Driver::new(options());
    let length = Latency::fixed(ms(60_000));
    let fault = driver.arm(Arming::new(DeviceFault::Stall { length }).on_host(1).until_disarmed());
    let stalled = driver.submit(1, write(0, &[1]));
    assert_eq!(driver.call(2, write(1, &[1])), Ok(Answer::Written), "it was aimed at another host");
    driver.run_until(at(1000));
    let moments = driver.device.disarm(driver.now, fault);
    driver.keep(moments);
    driver.run();
    assert_eq!(driver.completion(stalled).unwrap().at, at(1000 + 5));
}

#[test]
fn what_is_aimed_at_sectors_leaves_other_requests_alone() {
    let mut driver = Driver::new(options());
    let slow = DeviceFault::Slow { extra: Latency::fixed(ms(100)) };
    driver.arm(Arming::new(slow).on_sectors(SectorRange::one(5)).until_disarmed());
    driver.call(1, write(0, &[1])).unwrap();
    driver.call(1, Request::Flush).unwrap();
    driver.call(1, Request::Reservation(ReservationCommand::ReadKeys)).unwrap();
    assert_eq!(driver.now, at(6 + 10 + 2));
}

#[test]
fn a_limping_device_moves_its_bytes_slowly() {
    let mut driver = Driver::new(options());
    driver.arm(Arming::new(DeviceFault::Limp { bandwidth: 512_000 }).until_disarmed()); // a sector a millisecond
    let id = driver.submit(1, write(0, &[1; 20]));
    driver.run();
    assert_eq!(driver.entry(id).applied, Some(at(1 + 20 + 4)));
    assert_eq!(driver.counts(FaultKind::Limp), (1, 1, 1, 0));
}

#[test]
fn a_late_write_lands_after_its_host_died() {
    let mut driver = Driver::new(options());
    driver.arm(Arming::new(DeviceFault::LateWrite { delay: Latency::fixed(ms(700)) }).until_disarmed());
    let before = driver.call(1, write(5, &[1]));
    assert_eq!((before, driver.now), (Ok(Answer::Written), at(6)), "the living are not delayed");
    let late = driver.submit(1, write(0, &[1]));
    driver.run_until(at(8));
    assert_eq!(driver.device.host_died(at(8), 1, Fate::Drawn).late, 1);
    driver.run_until(at(8 + 700));
    assert!(driver.entry(late).is_late());
    assert_eq!(driver.entry(late).applied, Some(at(708)));
    assert_eq!(driver.counts(FaultKind::LateWrite), (1, 1, 0, 0));
}

#[test]
fn a_late_write_lands_after_its_host_lost_the_path_or_the_key() {
    let kind = ReservationType::WriteExclusiveRegistrantsOnly;
    for preempted in [false, true] {
        let mut driver = Driver::new(DeviceOptions { without_path: WithoutPath::FailAfter(ms(50)), ..options() });
        for host in [1, 2] {
            let register = ReservationCommand::RegisterAndIgnore { new_key: u64::from(host) };
            driver.call(host, Request::Reservation(register)).unwrap();
        }
        driver.arm(Arming::new(DeviceFault::LateWrite { delay: Latency::fixed(ms(700)) }).until_disarmed());
        let start = driver.now;
        let late = driver.submit(1, write(0, &[1]));
        driver.run_until(start + ms(2));
        if preempted {
            let preempt = ReservationCommand::Preempt { key: 2, victim_key: 1, kind };
            driver.submit(2, Request::Reservation(preempt));
        } else {
            let moments = driver.device.lose_path(driver.now, 1, Paths::All);
            driver.keep(moments);
        }
        driver.run_until(start + ms(1000));
        let expected = start + ms(2 + 700) + if preempted { ms(1) } else { ms(0) };
        assert_eq!(driver.entry(late).applied, Some(expected));
        assert_eq!(driver.counts(FaultKind::LateWrite).1, 1);
    }
}
