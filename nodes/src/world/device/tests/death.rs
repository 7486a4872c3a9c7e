//! Writes in flight when their host dies or is fenced.

use super::*;

fn key(host: u16) -> u64 {
    u64::from(host)
}

/// Hosts 1 and 2 registered, host 1 holding a registrants-only reservation.
fn reserved(options: DeviceOptions) -> Driver {
    let mut driver = Driver::new(options);
    for host in [1, 2] {
        let register = ReservationCommand::Register { current_key: 0, new_key: key(host) };
        assert_eq!(driver.call(host, Request::Reservation(register)), Ok(Answer::Reserved));
    }
    let kind = ReservationType::WriteExclusiveRegistrantsOnly;
    let reserve = ReservationCommand::Reserve { key: key(1), kind };
    assert_eq!(driver.call(1, Request::Reservation(reserve)), Ok(Answer::Reserved));
    driver
}

fn preempt(abort: bool) -> Request {
    let kind = ReservationType::WriteExclusiveRegistrantsOnly;
    Request::Reservation(match abort {
        true => ReservationCommand::PreemptAndAbort { key: key(2), victim_key: key(1), kind },
        false => ReservationCommand::Preempt { key: key(2), victim_key: key(1), kind },
    })
}

#[test]
fn each_fate_does_what_it_says() {
    let cases = [(Fate::Dropped, 0, None), (Fate::Applied, 1, Some(at(2))), (Fate::After(ms(500)), 1, Some(at(502)))];
    for (fate, byte, applied) in cases {
        let mut driver = Driver::new(options());
        let id = driver.submit(1, write(0, &[1]));
        driver.run_until(at(2));
        let orphans = driver.device.host_died(at(2), 1, fate);
        assert_eq!(orphans.dropped + orphans.applied + orphans.late, 1);
        driver.run_until(at(600));
        assert_eq!(driver.read(0, 1), [byte], "{fate:?}");
        assert_eq!(driver.entry(id).applied, applied, "{fate:?}");
        assert_eq!(driver.entry(id).is_late(), matches!(fate, Fate::After(_)));
        assert!(driver.completion(id).is_none(), "nobody is left to be answered");
    }
}

#[test]
fn drawn_fates_are_all_three_and_differ_by_request() {
    let mut driver = Driver::new(options());
    for sector in 0..60 {
        driver.submit(1, write(sector, &[1]));
    }
    driver.run_until(at(2));
    let orphans = driver.device.host_died(at(2), 1, Fate::Drawn);
    assert!(orphans.dropped > 5 && orphans.applied > 5 && orphans.late > 5, "{orphans:?}");
    assert_eq!(driver.device.writes_in_flight(at(2), 1), orphans.late);
    driver.run_until(at(3000));
    assert_eq!(driver.device.writes_in_flight(at(3000), 1), 0);
    let landed = driver.read(0, 60).iter().filter(|byte| **byte == 1).count();
    assert_eq!(landed, orphans.applied + orphans.late);
}

#[test]
fn a_late_write_lands_over_the_successors_write() {
    let mut driver = Driver::new(options());
    driver.submit(1, write(0, &[1]));
    driver.run_until(at(2));
    driver.device.host_died(at(2), 1, Fate::After(ms(100)));
    driver.call(2, write(0, &[2])).unwrap();
    assert_eq!(driver.read(0, 1), [2]);
    driver.run_until(at(200));
    assert_eq!(driver.read(0, 1), [1]);
}

#[test]
fn plain_preempt_refuses_what_arrives_later_but_not_what_was_accepted() {
    for abort in [false, true] {
        let mut driver = reserved(options());
        let start = driver.now;
        let accepted = driver.submit(1, write(0, &[1]));
        driver.run_until(start + ms(2));
        driver.device.host_died(driver.now, 1, Fate::After(ms(100)));
        assert_eq!(driver.call(2, preempt(abort)), Ok(Answer::Reserved));
        driver.run_until(start + ms(200));
        assert_eq!(driver.read(0, 1), [u8::from(!abort)]);
        let expected = if abort { Outcome::Aborted } else { Outcome::Done };
        assert_eq!(driver.entry(accepted).outcome, expected);
    }
}

#[test]
fn a_write_still_on_the_path_meets_the_preempt_when_it_arrives() {
    let mut driver = reserved(options());
    let start = driver.now;
    let late = driver.submit(1, write(0, &[1]));
    driver.device.host_died(start, 1, Fate::After(ms(100)));
    assert_eq!(driver.call(2, preempt(false)), Ok(Answer::Reserved));
    driver.run_until(start + ms(200));
    assert_eq!(driver.read(0, 1), [0]);
    assert_eq!(driver.entry(late).outcome, Outcome::Failed(IoError::ReservationConflict));
    assert_eq!(driver.entry(late).registered_key, None);
}

#[test]
fn a_preempted_host_that_lives_is_refused_and_its_aborted_write_is_reported() {
    let mut driver = reserved(options());
    let start = driver.now;
    driver.submit(2, preempt(true)); // in force at start + 1 ms
    let aborted = driver.submit(1, write(0, &[1])); // accepted at the same moment, before it: host 1 comes first
    driver.run_until(start + ms(20));
    assert_eq!(driver.result(aborted), Err(IoError::Aborted));
    assert_eq!(driver.call(1, write(0, &[1])), Err(IoError::ReservationConflict));
    assert_eq!(driver.read(0, 1), [0], "reading is still allowed");
    assert_eq!(driver.call(2, write(0, &[2])), Ok(Answer::Written));
}

#[test]
fn a_complete_fence_leaves_nothing_in_flight() {
    let mut driver = Driver::new(DeviceOptions { write: Latency::fixed(ms(50)), ..options() });
    let accepted = driver.submit(1, write(0, &[1]));
    driver.run_until(at(2));
    driver.submit(1, write(1, &[1]));
    driver.device.host_died(at(2), 1, Fate::After(ms(100)));
    assert_eq!(driver.device.writes_in_flight(at(2), 1), 2);
    driver.device.fence(at(3), 1);
    assert_eq!(driver.device.writes_in_flight(at(3), 1), 0);
    driver.run_until(at(500));
    assert_eq!(driver.read(0, 2), [0, 0]);
    assert_eq!(driver.entry(accepted).outcome, Outcome::Aborted);
}

#[test]
fn a_late_write_that_hung_does_not_come_sooner_when_the_stall_ends() {
    let mut driver = Driver::new(options());
    let hang = driver.arm(Arming::new(DeviceFault::Hang).until_disarmed());
    driver.submit(1, write(0, &[1]));
    driver.run_until(at(10));
    driver.device.host_died(driver.now, 1, Fate::After(ms(100)));
    let moments = driver.device.disarm(driver.now, hang);
    driver.keep(moments);
    driver.run_until(at(50));
    assert_eq!(driver.read(0, 1), [0]);
    driver.run_until(at(200));
    assert_eq!(driver.read(0, 1), [1]);
}
