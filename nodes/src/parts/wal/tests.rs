//! The log as its users see it: what was flushed is found again, and nothing else is ever found.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::*;
use crate::parts::area::Area;
use crate::parts::service::TransactionId;
use crate::parts::test_world::{Stage, in_process, on_stage};
use crate::world::device::{EntryKind, IoError, Paths};
use crate::world::disk::DeviceId;
use crate::world::process::Process;

const SEGMENT: u64 = 16 * 1024;

fn log_of(process: &Process, device: DeviceId) -> Log {
    Log::new(Area::new(process.disk(device), 8192, 4 * SEGMENT), 99, SEGMENT).unwrap()
}

fn commit(values: usize) -> Body {
    Body::Commit { changes: vec![(1, (0..values as i64).collect())] }
}

fn transaction(number: u32) -> Option<TransactionId> {
    Some(TransactionId { client: 1, number })
}

async fn append_and_flush(writer: &Writer, numbers: std::ops::Range<u32>, values: usize) {
    for number in numbers {
        let appended = writer.append(transaction(number), &commit(values)).unwrap();
        writer.flush_to(appended.end).await.unwrap();
    }
}

fn numbers(recovered: &Recovered) -> Vec<u32> {
    recovered.records.iter().filter_map(|record| record.transaction).map(|id| id.number).collect()
}

#[test]
fn what_was_flushed_is_recovered_over_segments_and_a_new_writer_goes_on() {
    in_process(|process, device| async move {
        let log = log_of(&process, device);
        let first = Writer::create(&process, &log, 5);
        append_and_flush(&first, 0..30, 300).await;
        let found = recover(&log, Lsn::FIRST).await;
        assert_eq!(numbers(&found), (0..30).collect::<Vec<_>>());
        assert_eq!(found.end, first.log_end());
        assert_eq!(found.stop, Stop::Nothing);
        assert!(found.end.end.0 > SEGMENT, "the test should reach the second segment");
        first.close().await;

        let second = Writer::open_at(&process, &log, found.end, Lsn::FIRST, 6).await.unwrap();
        append_and_flush(&second, 30..60, 300).await;
        let found = recover(&log, Lsn::FIRST).await;
        assert_eq!(numbers(&found), (0..60).collect::<Vec<_>>());
        let epochs: Vec<u64> = found.records.iter().map(|record| record.epoch).collect();
        assert!(epochs.is_sorted() && epochs.contains(&5) && epochs.contains(&6));
        assert_eq!(found.records[0].writer.incarnation, 1);
    });
}

#[test]
fn every_length_meets_the_end_of_a_segment_rightly() {
    in_process(|process, device| async move {
        for step in 0..40 {
            let log = log_of(&process, device);
            let writer = Writer::create(&process, &log, step);
            for number in 0..40 {
                let payload = vec![7; 150 + step as usize + number as usize % 7];
                writer.append(transaction(number), &Body::Product { kind: 256, payload }).unwrap();
            }
            // The rest of the first segment in records of the smallest size, then over its end.
            while writer.end().0 < SEGMENT + 4096 + 200 {
                writer.append(None, &Body::Product { kind: 300, payload: vec![1] }).unwrap();
            }
            writer.flush_to(writer.end()).await.unwrap();
            let found = recover(&log, Lsn::FIRST).await;
            assert_eq!(found.end, writer.log_end());
            let middle = found.records[found.records.len() / 2].lsn;
            let half = recover(&log, middle).await;
            assert_eq!(half.records, found.records[found.records.len() / 2..]);
            writer.close().await;
        }
    });
}

#[test]
fn segments_are_used_again_only_when_released() {
    in_process(|process, device| async move {
        let log = log_of(&process, device);
        let writer = Writer::create(&process, &log, 1);
        let mut last = Lsn::FIRST;
        let full = loop {
            match writer.append(None, &commit(500)) {
                Ok(appended) => last = appended.lsn,
                Err(error) => break error,
            }
        };
        assert_eq!(full, WalError::Full { needed: Lsn::FIRST });
        // A checkpoint still has room: it is what makes room.
        writer.append(None, &Body::Checkpoint { redo: last }).unwrap();
        writer.flush_to(writer.end()).await.unwrap();
        writer.release_before(last);
        let mut count = 0;
        while writer.end().0 < 4 * SEGMENT + 4096 + 1 {
            append_and_flush(&writer, count..count + 1, 500).await;
            count += 1;
        }
        let found = recover(&log, last).await;
        assert_eq!(numbers(&found), (0..count).collect::<Vec<_>>());
        assert_eq!(found.end, writer.log_end());
        // The first segment now holds the fifth.
        let problem = HeaderProblem::OtherSegment { found: 4 };
        assert_eq!(recover(&log, Lsn::FIRST).await.stop, Stop::Segment { segment: 0, problem });
    });
}

#[test]
fn a_record_larger_than_a_segment_is_refused_and_does_no_harm() {
    in_process(|process, device| async move {
        let log = log_of(&process, device);
        let writer = Writer::create(&process, &log, 1);
        let body = Body::Product { kind: 256, payload: vec![0; SEGMENT as usize] };
        assert!(matches!(writer.append(None, &body), Err(WalError::TooLarge { most: 12_288, .. })));
        append_and_flush(&writer, 0..1, 1).await;
        assert_eq!(numbers(&recover(&log, Lsn::FIRST).await), [0]);
    });
}

#[test]
fn committers_share_writes_and_flushes() {
    let flushes = on_stage(async |stage: Stage| {
        let device = stage.device;
        let host = stage.world.add_host("a");
        let done = Rc::new(RefCell::new(0));
        let count = done.clone();
        stage
            .run(host, move |process| {
                let count = count.clone();
                async move {
                    let writer = Writer::create(&process, &log_of(&process, device), 1);
                    for number in 0..50 {
                        let (writer, count) = (writer.clone(), count.clone());
                        process.spawn(async move {
                            append_and_flush(&writer, number..number + 1, 3).await;
                            *count.borrow_mut() += 1;
                        });
                    }
                    process.sleep(Duration::from_secs(1)).await;
                    assert_eq!(*count.borrow(), 50);
                }
            })
            .await;
        stage.world.with_device(device, |device| {
            device.journal().entries().iter().filter(|entry| entry.kind == EntryKind::Flush).count()
        })
    });
    assert!((1..=3).contains(&flushes), "{flushes}");
}

#[test]
fn nothing_is_durable_before_its_flush_was_acknowledged() {
    on_stage(async |stage: Stage| {
        let device = stage.device;
        let host = stage.world.add_host("a");
        let acknowledged = Rc::new(RefCell::new(Vec::new()));
        let written = acknowledged.clone();
        let world = stage.world.clone();
        stage
            .run(host, move |process| {
                let (written, world) = (written.clone(), world.clone());
                async move {
                    let writer = Writer::create(&process, &log_of(&process, device), 1);
                    for number in 0..20 {
                        append_and_flush(&writer, number..number + 1, 100).await;
                        written.borrow_mut().push((writer.flushed(), world.now()));
                    }
                }
            })
            .await;
        for (flushed, at) in acknowledged.borrow().iter() {
            let covered = stage.world.with_device(device, |device| {
                let stable = device.journal().entries().iter().filter(|e| e.stable.is_some_and(|when| when <= *at));
                stable.map(|entry| entry.range.end * 512 - 8192).max()
            });
            assert!(covered.is_some_and(|end| end >= flushed.0), "{covered:?} {flushed}");
        }
    });
}

#[test]
fn after_an_error_the_writer_fails_for_ever() {
    on_stage(async |stage: Stage| {
        let device = stage.device;
        let host = stage.world.add_host("a");
        let running = stage.start(host, move |process| async move {
            let log = log_of(&process, device);
            let writer = Writer::create(&process, &log, 1);
            append_and_flush(&writer, 0..3, 3).await;
            process.sleep(Duration::from_secs(2)).await;
            let appended = writer.append(transaction(3), &commit(3)).unwrap();
            assert_eq!(writer.flush_to(appended.end).await, Err(WalError::Failed(IoError::PathLost)));
            process.sleep(Duration::from_secs(60)).await;
            // The path is back, and that changes nothing.
            assert_eq!(writer.flush_to(appended.end).await, Err(WalError::Failed(IoError::PathLost)));
            assert_eq!(writer.append(None, &commit(1)), Err(WalError::Failed(IoError::PathLost)));
            assert_eq!(writer.failure(), Some(WalError::Failed(IoError::PathLost)));
            assert!(writer.flush_to(Lsn::FIRST).await.is_ok(), "what was durable before stays durable");
            recover(&log, Lsn::FIRST).await.records.len()
        });
        stage.sleep(Duration::from_secs(1)).await;
        stage.world.lose_path(device, host, Paths::All);
        stage.sleep(Duration::from_secs(50)).await;
        stage.world.restore_path(device, host, Paths::All);
        assert_eq!(running.result().await, 3);
    });
}

#[test]
fn a_writer_killed_at_any_moment_loses_nothing_it_acknowledged() {
    for microseconds in (100..20_000).step_by(731) {
        on_stage(async move |stage: Stage| {
            let device = stage.device;
            let host = stage.world.add_host("a");
            let acknowledged = Rc::new(RefCell::new(0));
            let count = acknowledged.clone();
            let running = stage.start(host, move |process| {
                let count = count.clone();
                async move {
                    let log = log_of(&process, device);
                    let found = recover(&log, Lsn::FIRST).await;
                    if process.incarnation().0 == 2 {
                        return numbers(&found);
                    }
                    let writer = Writer::create(&process, &log, 1);
                    for number in 0.. {
                        append_and_flush(&writer, number..number + 1, number as usize % 90).await;
                        *count.borrow_mut() = number + 1;
                    }
                    Vec::new()
                }
            });
            stage.sleep(Duration::from_micros(microseconds)).await;
            stage.world.kill(running.process);
            stage.sleep(Duration::from_millis(5)).await;
            stage.world.start(running.process);
            let found = running.result().await;
            let known = *acknowledged.borrow();
            assert!(found.len() >= known as usize, "{microseconds}: {known} acknowledged, {found:?}");
            assert_eq!(found, (0..found.len() as u32).collect::<Vec<_>>());
        });
    }
}

#[test]
fn a_reader_without_a_path_does_not_take_the_log_for_ended() {
    on_stage(async |stage: Stage| {
        let device = stage.device;
        let host = stage.world.add_host("a");
        stage.world.lose_path(device, host, Paths::All);
        let stop = stage
            .run(host, move |process| async move { recover(&log_of(&process, device), Lsn::FIRST).await.stop })
            .await;
        assert_eq!(stop, Stop::Unreadable(IoError::PathLost));
        assert!(!stop.is_an_end());
    });
}

/// Changes one byte of the log.
async fn damage(log: &Log, position: u64) {
    let sector = position - position % 512;
    let mut bytes = log.area().read(sector, 512).await.unwrap().to_vec();
    bytes[(position % 512) as usize] ^= 0x10;
    log.area().write(sector, bytes).await.unwrap();
}

#[test]
fn recovery_stops_at_a_damaged_record_and_finds_all_before_it() {
    in_process(|process, device| async move {
        let log = log_of(&process, device);
        let writer = Writer::create(&process, &log, 1);
        append_and_flush(&writer, 0..20, 100).await;
        let all = recover(&log, Lsn::FIRST).await;
        damage(&log, all.records[12].lsn.0 + 70).await;
        let found = recover(&log, Lsn::FIRST).await;
        assert_eq!(found.stop, Stop::Checksum);
        assert_eq!(found.records, all.records[..12]);
        assert_eq!(found.end.end, all.records[12].lsn);
        damage(&log, 17).await;
        let problem = HeaderProblem::Damaged;
        assert_eq!(recover(&log, Lsn::FIRST).await.stop, Stop::Segment { segment: 0, problem });
    });
}

#[test]
fn records_an_older_writer_left_behind_the_end_never_come_back() {
    in_process(|process, device| async move {
        let log = log_of(&process, device);
        let older = Writer::create(&process, &log, 1);
        append_and_flush(&older, 0..10, 300).await;
        older.close().await;
        // The same records again, but for the epoch: every older record now stands where a newer one of the same
        // length would end.
        let newer = Writer::create(&process, &log, 2);
        append_and_flush(&newer, 0..3, 300).await;
        let found = recover(&log, Lsn::FIRST).await;
        assert_eq!(numbers(&found), [0, 1, 2]);
        assert_eq!(found.end, newer.log_end());
        assert!(matches!(found.stop, Stop::Checksum | Stop::Unchained { .. } | Stop::Nothing), "{:?}", found.stop);
    });
}

#[test]
fn a_whole_older_record_behind_the_end_is_not_chained_to_it() {
    in_process(|process, device| async move {
        let log = log_of(&process, device);
        let exact = |epoch| (epoch, Body::Product { kind: 256, payload: vec![3; 512 - 56] });
        let older = Writer::create(&process, &log, 1);
        for _ in 0..3 {
            older.append(None, &exact(1).1).unwrap();
        }
        older.flush_to(older.end()).await.unwrap();
        older.close().await;
        let newer = Writer::create(&process, &log, 2);
        let appended = newer.append(None, &exact(2).1).unwrap();
        newer.flush_to(appended.end).await.unwrap();
        let found = recover(&log, Lsn::FIRST).await;
        assert_eq!(found.records.len(), 1);
        assert_eq!(found.stop, Stop::Unchained { claims: Lsn::FIRST });
    });
}

#[test]
fn a_reader_that_stopped_follows_a_writer_that_goes_on() {
    in_process(|process, device| async move {
        let log = log_of(&process, device);
        let writer = Writer::create(&process, &log, 1);
        append_and_flush(&writer, 0..5, 300).await;
        let mut reader = Reader::new(&log, Lsn::FIRST);
        let mut seen = 0;
        for number in 5..60 {
            while reader.next().await.is_ok() {
                seen += 1;
            }
            assert_eq!(reader.end(), writer.log_end());
            append_and_flush(&writer, number..number + 1, 300).await;
        }
        assert!(seen > 59, "{seen}");
        let after = Reader::after(&log, &reader.end()).next().await.unwrap();
        assert_eq!(after.transaction, transaction(59));
    });
}

#[test]
fn closing_waits_for_the_write_that_is_under_way() {
    in_process(|process, device| async move {
        let log = log_of(&process, device);
        let writer = Writer::create(&process, &log, 1);
        let appended = writer.append(transaction(1), &commit(3)).unwrap();
        let committer = writer.clone();
        let outcome = Rc::new(RefCell::new(None));
        let seen = outcome.clone();
        process.spawn(async move {
            let result = committer.flush_to(appended.end).await;
            *seen.borrow_mut() = Some(result);
        });
        process.sleep(Duration::from_micros(20)).await;
        writer.close().await;
        assert_eq!(writer.append(None, &commit(1)), Err(WalError::Closed));
        process.sleep(Duration::from_micros(1)).await;
        assert_eq!(*outcome.borrow(), Some(Ok(())));
        assert_eq!(numbers(&recover(&log, Lsn::FIRST).await), [1]);
    });
}

#[test]
fn a_log_needs_two_whole_segments() {
    in_process(|process, device| async move {
        let area = |length| Area::new(process.disk(device), 0, length);
        for (length, segment) in [(SEGMENT, SEGMENT), (1 << 20, 0), (1 << 20, 5000), (1 << 20, 4096)] {
            assert!(matches!(Log::new(area(length), 1, segment), Err(WalError::Shape { .. })), "{length} {segment}");
        }
    });
}
