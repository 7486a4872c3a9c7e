//! Paths that fail and come back.

use super::*;

#[test]
fn without_a_path_a_request_fails_after_the_path_timeout() {
    let mut driver = Driver::new(DeviceOptions { without_path: WithoutPath::FailAfter(ms(100)), ..options() });
    driver.device.lose_path(at(0), 1, Paths::All);
    let id = driver.submit(1, write(0, &[1]));
    assert_eq!(driver.call(2, write(1, &[2])), Ok(Answer::Written), "another host's path is its own");
    driver.run();
    assert_eq!(driver.result(id), Err(IoError::PathLost));
    assert_eq!(driver.completion(id).unwrap().at, at(100));
    assert_eq!(driver.read(0, 2), [0, 2]);
}

#[test]
fn a_host_that_queues_waits_until_the_path_is_back() {
    let mut driver = Driver::new(DeviceOptions { without_path: WithoutPath::Queue, ..options() });
    driver.device.lose_path(at(0), 1, Paths::All);
    let id = driver.submit(1, write(0, &[1]));
    driver.run_until(at(60_000));
    assert!(driver.completion(id).is_none());
    let moments = driver.device.restore_path(at(60_000), 1, Paths::All);
    driver.keep(moments);
    driver.run();
    assert_eq!(driver.completion(id).unwrap().at, at(60_006));
}

#[test]
fn a_write_that_was_accepted_takes_effect_though_its_host_is_told_that_the_path_is_lost() {
    let mut driver = Driver::new(DeviceOptions { without_path: WithoutPath::FailAfter(ms(100)), ..options() });
    let id = driver.submit(1, write(0, &[1]));
    driver.run_until(at(2));
    let moments = driver.device.lose_path(at(2), 1, Paths::All);
    driver.keep(moments);
    driver.run();
    assert_eq!(driver.result(id), Err(IoError::PathLost));
    assert_eq!(driver.completion(id).unwrap().at, at(102));
    assert_eq!(driver.read(0, 1), [1]);
    assert_eq!(driver.entry(id).acknowledged, None);
}

#[test]
fn what_was_on_the_path_is_lost_with_it() {
    let mut driver = Driver::new(DeviceOptions { without_path: WithoutPath::FailAfter(ms(100)), ..options() });
    driver.submit(1, write(0, &[1]));
    let moments = driver.device.lose_path(at(0), 1, Paths::All);
    driver.keep(moments);
    driver.run();
    assert_eq!(driver.read(0, 1), [0]);
    assert!(driver.device.journal().entries().is_empty());
}

#[test]
fn a_second_path_takes_over_and_the_device_sees_the_write_twice() {
    let mut driver = Driver::new(DeviceOptions { paths_per_host: 2, path_failover: ms(50), ..options() });
    let id = driver.submit(1, write(0, &[1]));
    driver.run_until(at(2));
    let moments = driver.device.lose_path(at(2), 1, Paths::Number(0));
    driver.keep(moments);
    driver.run();
    assert_eq!(driver.result(id), Ok(Answer::Written));
    assert_eq!(driver.completion(id).unwrap().at, at(2 + 50 + 6));
    let attempts: Vec<(u8, Instant)> =
        driver.device.journal().entries().iter().map(|entry| (entry.attempt, entry.accepted)).collect();
    assert_eq!(attempts, [(0, at(1)), (1, at(53))]);

    assert!(!driver.device.has_path_of(1, Paths::Number(0)) && driver.device.has_path_of(1, Paths::Number(1)));
    assert!(driver.device.has_path_of(1, Paths::All) && driver.device.has_path_of(2, Paths::Number(0)));
    assert!(!driver.device.has_path_of(1, Paths::Number(2)), "a host of two paths has no third");
    let next = driver.submit(1, write(1, &[1]));
    driver.run();
    assert_eq!(driver.result(next), Ok(Answer::Written), "the other path is in use now");
}

#[test]
fn losing_the_path_that_is_not_in_use_changes_nothing() {
    let mut driver = Driver::new(DeviceOptions { paths_per_host: 2, ..options() });
    let id = driver.submit(1, write(0, &[1]));
    assert_eq!(driver.device.lose_path(at(0), 1, Paths::Number(1)), []);
    driver.run();
    assert_eq!(driver.completion(id).unwrap().at, at(6));
}

#[test]
fn a_host_that_times_out_does_not_stop_the_device() {
    let mut driver = Driver::new(DeviceOptions { request_timeout: Some(ms(3)), ..options() });
    let id = driver.submit(1, write(0, &[1]));
    driver.run_until(at(4));
    assert_eq!(driver.result(id), Err(IoError::TimedOut));
    driver.run_until(at(10));
    assert_eq!(driver.entry(id).applied, Some(at(5)));
    assert_eq!(driver.entry(id).acknowledged, None);
}
