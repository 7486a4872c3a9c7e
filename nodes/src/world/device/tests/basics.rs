//! Reads, writes and flushes of a healthy device.

use super::*;

#[test]
fn a_write_is_read_back_and_its_life_is_in_the_journal() {
    let mut driver = Driver::new(options());
    let id = driver.submit(1, write(3, &[7, 8]));
    driver.run();
    assert_eq!(driver.result(id), Ok(Answer::Written));
    assert_eq!(driver.read(2, 4), [0, 7, 8, 0]);
    driver.call(1, Request::Flush).unwrap();

    let entry = driver.entry(id);
    assert_eq!((entry.issued, entry.accepted, entry.applied), (at(0), at(1), Some(at(5))));
    assert_eq!((entry.acknowledged, entry.stable), (Some(at(6)), Some(at(19))));
    assert_eq!(entry.range, SectorRange::new(3, 2));
    assert_eq!(entry.outcome, Outcome::Done);
    assert_eq!(entry.checksum, driver.completion(id).unwrap().checksum);
}

#[test]
fn a_reader_sees_a_write_from_the_moment_it_is_applied() {
    let mut driver = Driver::new(options());
    driver.submit(1, write(0, &[1]));
    driver.run_until(at(2));
    let early = driver.submit(2, read(0, 1)); // served at 2 + 1 + 2 = 5 ms, as host 1's write is: host 1 comes first
    driver.run_until(at(1 + 1));
    let mut other = Driver::new(options());
    other.submit(1, write(0, &[1]));
    let before = other.submit(2, read(0, 1)); // served at 3 ms, before the write is applied at 5 ms
    driver.run();
    other.run();
    let first_byte = |driver: &Driver, id| match driver.result(id) {
        Ok(Answer::Data(bytes)) => bytes[0],
        other => panic!("{other:?}"),
    };
    assert_eq!(first_byte(&driver, early), 1);
    assert_eq!(first_byte(&other, before), 0);
}

#[test]
fn a_flush_covers_what_was_acknowledged_before_it_was_issued_and_nothing_else() {
    let mut driver = Driver::new(options());
    let before = driver.submit(1, write(0, &[1]));
    driver.run();
    let flush = driver.submit(1, Request::Flush);
    let beside = driver.submit(1, write(1, &[2]));
    driver.run();
    assert_eq!(driver.result(flush), Ok(Answer::Flushed));
    assert!(driver.entry(before).stable.is_some());
    assert_eq!(driver.entry(beside).stable, None, "it was not acknowledged when the flush was issued");
}

#[test]
fn forced_unit_access_is_stable_without_a_flush() {
    let mut driver = Driver::new(options());
    let id = driver.submit(1, write_through(0, &[1]));
    driver.run();
    assert_eq!(driver.entry(id).stable, driver.entry(id).applied);
}

#[test]
fn a_device_writes_its_cache_back_in_time() {
    let mut driver = Driver::new(DeviceOptions { write_back: Some(ms(100)), ..options() });
    let id = driver.submit(1, write(0, &[1]));
    driver.run_until(at(104));
    assert_eq!(driver.entry(id).stable, None);
    driver.run_until(at(105));
    assert_eq!(driver.entry(id).stable, Some(at(105)));
}

#[test]
fn an_array_keeps_the_issue_order_and_needs_no_flush() {
    let slow_first = Latency::even(ms(1), ms(50));
    for personality in [Personality::BatteryArray, Personality::RawVolatileCache] {
        let mut driver = Driver::new(DeviceOptions { personality, path: slow_first, write: slow_first, ..options() });
        let ids: Vec<RequestId> = (0..20).map(|byte| driver.submit(1, write(0, &[byte]))).collect();
        driver.run();
        let applied: Vec<_> = ids.iter().map(|id| driver.entry(*id).applied).collect();
        let array = personality == Personality::BatteryArray;
        assert_eq!(applied.is_sorted(), array, "{personality:?}");
        assert_eq!(ids.iter().all(|id| driver.entry(*id).stable.is_some()), array);
        assert!(!array || driver.read(0, 1) == [19]);
    }
}

#[test]
fn a_lying_controller_acknowledges_flushes_and_makes_nothing_stable() {
    let mut driver = Driver::new(DeviceOptions { personality: Personality::LyingController, ..options() });
    let id = driver.submit(1, write(0, &[1]));
    driver.run();
    assert_eq!(driver.call(1, Request::Flush), Ok(Answer::Flushed));
    assert_eq!(driver.entry(id).stable, None);
}

#[test]
fn a_file_is_flushed_by_range_and_a_raw_device_as_a_whole() {
    for (personality, whole) in [(Personality::Ext4Like, false), (Personality::RawVolatileCache, true)] {
        let mut driver = Driver::new(DeviceOptions { personality, ..options() });
        let inside = driver.submit(1, write(0, &[1]));
        let outside = driver.submit(1, write(64, &[1]));
        driver.run();
        driver.call(1, Request::FlushRange { offset: 0, length: 4096 }).unwrap();
        assert!(driver.entry(inside).stable.is_some());
        assert_eq!(driver.entry(outside).stable.is_some(), whole, "{personality:?}");
    }
}

#[test]
fn a_request_that_makes_no_sense_is_refused_at_once_and_never_sent() {
    let mut driver = Driver::new(options());
    let misaligned = IoError::Misaligned { offset: 5, length: 512 };
    assert_eq!(driver.call(1, Request::Read { offset: 5, length: 512 }), Err(misaligned));
    let empty = Request::Write { offset: 0, bytes: [].into(), force_unit_access: false };
    assert_eq!(driver.call(1, empty), Err(IoError::Misaligned { offset: 0, length: 0 }));
    for offset in [1024 * 512, u64::MAX / 512 * 512] {
        let outside = Request::Write { offset, bytes: sector_of(1), force_unit_access: false };
        assert_eq!(driver.call(1, outside), Err(IoError::OutOfRange { offset, length: 512 }));
    }
    assert_eq!(driver.now, at(0));
    assert!(driver.device.journal().entries().is_empty());
}

#[test]
fn a_device_with_large_sectors_works_in_large_sectors() {
    for personality in Personality::ALL {
        let mut driver = Driver::new(DeviceOptions { sector_size: 4096, personality, ..options() });
        let page = |byte: u8| Request::Write { offset: 4096, bytes: [byte; 8192].into(), force_unit_access: false };
        assert_eq!(driver.call(1, write(0, &[1])), Err(IoError::Misaligned { offset: 0, length: 512 }));
        driver.call(1, page(1)).unwrap();
        driver.call(1, Request::Flush).unwrap();
        driver.call(1, page(2)).unwrap();
        let survivors = driver.device.crash_states(driver.now, 100, Garbage::None).count();
        let expected = match personality {
            Personality::RawWriteThrough | Personality::BatteryArray => 1,
            Personality::LyingController => 9, // nothing, the first or the second, on each of two sectors
            _ => 4,
        };
        assert_eq!(survivors, expected, "{personality:?}");
    }
}

#[test]
fn journal_images_and_counts_can_leave_the_thread() {
    fn plain_data<T: Send + Clone + 'static>() {}
    plain_data::<Journal>();
    plain_data::<Image>();
    plain_data::<FaultTally>();
    plain_data::<Device>();
}

#[test]
fn the_journal_tells_who_wrote_where() {
    let mut driver = Driver::new(options());
    for host in [1, 1, 2, 1] {
        driver.call(host, write(3, &[1])).unwrap();
    }
    let hosts: Vec<u16> = driver.device.journal().writers(3).into_iter().map(|(_, origin)| origin.host).collect();
    assert_eq!(hosts, [1, 2, 1]);
    assert!(driver.device.journal().writers(4).is_empty());
}

#[test]
fn impossible_options_are_refused() {
    let refused = |options: DeviceOptions| Device::new(options, Seed(1)).err().map(|error| error.to_string());
    assert!(refused(DeviceOptions { sector_size: 520, ..options() }).unwrap().contains("not 520"));
    assert!(refused(DeviceOptions { capacity: u64::MAX, ..options() }).unwrap().contains("sectors"));
    assert!(refused(DeviceOptions { paths_per_host: 0, ..options() }).unwrap().contains("paths"));
    assert_eq!(refused(options()), None);
}

#[test]
fn bandwidth_makes_large_writes_queue() {
    let mut driver = Driver::new(DeviceOptions { bandwidth: Some(512_000), ..options() }); // a sector a millisecond
    let first = driver.submit(1, write(0, &[1; 10]));
    let second = driver.submit(2, write(20, &[1; 10]));
    driver.run();
    assert_eq!(driver.entry(first).applied, Some(at(1 + 10 + 4)));
    assert_eq!(driver.entry(second).applied, Some(at(1 + 20 + 4)));
}

#[test]
fn a_thin_device_refuses_new_sectors_when_it_is_full_and_takes_old_ones() {
    let mut driver = Driver::new(DeviceOptions { space: Some(2), ..options() });
    assert_eq!(driver.call(1, write(0, &[1, 1])), Ok(Answer::Written));
    assert_eq!(driver.call(1, write(1, &[2, 2])), Err(IoError::NoSpace));
    assert_eq!(driver.call(1, write(0, &[3, 3])), Ok(Answer::Written));
    assert_eq!(driver.read(0, 3), [3, 3, 0], "nothing of the refused write is there");
}

#[test]
fn removing_one_request_moves_no_other_hosts_delays() {
    let drawn = DeviceOptions { path: Latency::even(ms(1), ms(9)), ..options() };
    let mut both = Driver::new(drawn.clone());
    let mut alone = Driver::new(drawn);
    for _ in 0..10 {
        both.submit(1, write(0, &[1]));
        both.submit(2, write(1, &[1]));
        alone.submit(2, write(1, &[1]));
    }
    both.run();
    alone.run();
    let of_host_2 = |driver: &Driver| -> Vec<(RequestId, Instant)> {
        driver.completions.iter().filter(|done| done.id.host == 2).map(|done| (done.id, done.at)).collect()
    };
    assert_eq!(of_host_2(&both), of_host_2(&alone));
}

#[test]
fn the_journal_lets_the_oldest_bytes_go_and_keeps_their_checksum() {
    let mut driver = Driver::new(DeviceOptions { journal_budget: Some(1024), journal_reads: true, ..options() });
    for byte in 0..5 {
        driver.call(1, write(u64::from(byte), &[byte])).unwrap();
    }
    driver.read(0, 1);
    let journal = driver.device.journal();
    assert_eq!(journal.held_bytes(), 1024);
    let kept: Vec<bool> = journal.entries().iter().map(|entry| entry.bytes.is_some()).collect();
    assert_eq!(kept, [false, false, false, true, true, false]);
    assert!(journal.entries()[..5].iter().all(|entry| entry.checksum != 0));
    assert_eq!(journal.entries()[5].kind, EntryKind::Read);
}

#[test]
fn the_same_seed_gives_the_same_journal() {
    let run = |seed| {
        let mut driver = Driver::of(Device::new(DeviceOptions::new("shared", 1024), Seed(seed)).unwrap());
        for number in 0..50u8 {
            driver.submit(u16::from(number % 3), write(u64::from(number), &[number]));
        }
        driver.run();
        format!("{:?}", driver.device.journal().entries())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
