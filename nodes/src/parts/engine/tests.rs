//! The database as its users see it: what it acknowledged lasts, whatever happens, and it says when it cannot go on.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::*;
use crate::parts::service::{Action, Answer, Key, Reply, Row, Transaction, TransactionId};
use crate::parts::test_world::{Stage, in_process, on_stage};
use crate::parts::wal::{HeaderProblem, Lsn, Stop, WalError};
use crate::product::events;
use crate::world::device::{EntryKind, IoError, Paths};
use crate::world::disk::DeviceId;
use crate::world::process::Process;
use crate::world::streams::Stream;

fn shape() -> EngineShape {
    let small = EngineShape::new(77);
    EngineShape { segment_size: 32 * 1024, segments: 4, block_size: 1024, most_blocks: 8, pages: 8, ..small }
}

fn layout() -> EngineLayout {
    EngineLayout::at(8192, &shape())
}

fn storage(process: &Process, device: DeviceId) -> EngineStorage {
    EngineStorage::new(&process.disk(device), &layout(), &shape()).unwrap()
}

fn initial() -> BTreeMap<Key, Row> {
    (0..20).map(|key| (key, vec![key * 10])).collect()
}

async fn formatted(process: &Process, device: DeviceId) -> EngineStorage {
    format(&process.disk(device), &layout(), &shape(), &initial()).await.unwrap();
    storage(process, device)
}

fn transaction(number: u32, actions: Vec<Action>) -> Transaction {
    Transaction { id: TransactionId { client: 1, number }, actions }
}

fn append(number: u32) -> Transaction {
    let key = i64::from(number % 20);
    transaction(number, vec![Action::Append { key, value: i64::from(number) }, Action::Read { key }])
}

#[test]
fn a_new_database_has_its_initial_rows_and_the_same_bytes_however_it_is_made() {
    on_stage(async |stage: Stage| {
        let device = stage.device;
        let host = stage.world.add_host("a");
        let rows = stage
            .run(host, move |process| async move {
                let storage = formatted(&process, device).await;
                Engine::open(&process, &storage, 1).await.unwrap().rows()
            })
            .await;
        assert_eq!(rows, initial());
        stage
            .run(host, move |process| async move {
                format(&process.disk(device), &layout(), &shape(), &initial()).await.unwrap();
                for piece in initial_image(&layout(), &shape(), &initial()).unwrap() {
                    let found = process.disk(device).read(piece.offset, piece.bytes.len() as u64).await.unwrap();
                    assert_eq!(found[..], piece.bytes);
                }
            })
            .await;
    });
}

#[test]
fn rows_outlive_a_crash_a_checkpoint_and_a_shutdown() {
    in_process(|process, device| async move {
        let storage = formatted(&process, device).await;
        let first = Engine::open(&process, &storage, 1).await.unwrap();
        for number in 0..30 {
            let answer = first.execute(&append(number)).await;
            assert!(matches!(answer, Answer::Committed(replies) if replies.len() == 2));
        }
        let rows = first.rows();
        first.writer().close().await;

        let second = Engine::open(&process, &storage, 2).await.unwrap();
        assert_eq!(second.rows(), rows);
        second.checkpoint().await.unwrap();
        assert!(second.state().redo > Lsn::FIRST);
        assert!(matches!(second.execute(&append(30)).await, Answer::Committed(_)));
        let rows = second.rows();
        second.writer().close().await;

        let third = Engine::open(&process, &storage, 3).await.unwrap();
        assert_eq!(third.rows(), rows);
        third.shut_down().await.unwrap();
        assert_eq!(third.state().phase, Phase::ShutDown);
        assert_eq!(third.execute(&append(31)).await, Answer::Refused("the database is shut down".to_owned()));

        let replica = Replica::observe(&process, &storage).await.unwrap();
        assert_eq!(replica.state().phase, Phase::ShutDown);
        assert_eq!(replica.buffer().rows(), rows, "after a shutdown the pages hold everything");
        let fourth = replica.promote(4).await.unwrap();
        assert_eq!((fourth.rows(), fourth.state().phase, fourth.state().epoch), (rows, Phase::Running, 4));
    });
}

/// Some transaction on few rows, some of which only read.
fn random_transaction(draws: &mut Stream, number: u32) -> Transaction {
    let actions = (0..1 + draws.below(3)).map(|_| {
        let key = draws.below(20) as i64;
        let value = i64::from(number);
        match draws.below(4) {
            0 => Action::Read { key },
            1 => Action::Write { key, value },
            2 => Action::Add { key, delta: value },
            _ => Action::Append { key, value },
        }
    });
    transaction(number, actions.collect())
}

/// Runs transactions until it is killed; in its second life recovers twice and returns what it found.
async fn work_then_recover(
    process: Process,
    device: DeviceId,
    seed: u64,
    known: Rc<RefCell<Known>>,
) -> (BTreeMap<Key, Row>, BTreeMap<Key, Row>) {
    let storage = storage(&process, device);
    let engine = Engine::open(&process, &storage, u64::from(process.incarnation().0)).await.unwrap();
    if process.incarnation().0 == 2 {
        let found = engine.rows();
        engine.writer().close().await;
        let again = Engine::open(&process, &storage, 3).await.unwrap().rows();
        return (found, again);
    }
    let checkpointing = engine.clone();
    process.spawn(async move {
        let _ = checkpointing.checkpoint_every(Duration::from_millis(7)).await;
    });
    let mut draws = process.stream("test").at(seed);
    for number in 0.. {
        let submitted = engine.submit(&random_transaction(&mut draws, number)).unwrap();
        known.borrow_mut().states.push(engine.rows());
        engine.durable(submitted.until).await.unwrap();
        let mut known = known.borrow_mut();
        known.acknowledged = known.states.len() - 1;
    }
    unreachable!("it is killed")
}

/// The rows after each transaction, and how many of these are certain to last.
#[derive(Default)]
struct Known {
    states: Vec<BTreeMap<Key, Row>>,
    acknowledged: usize,
}

#[test]
fn whenever_it_is_killed_recovery_finds_a_state_no_older_than_the_last_one_acknowledged() {
    for seed in 0..120 {
        on_stage(async move |stage: Stage| {
            let device = stage.device;
            let host = stage.world.add_host("a");
            let format = move |process: Process| async move { drop(formatted(&process, device).await) };
            stage.run(host, format).await;
            let known = Rc::new(RefCell::new(Known { states: vec![initial()], acknowledged: 0 }));
            let shared = known.clone();
            let running = stage.start(host, move |process| work_then_recover(process, device, seed, shared.clone()));
            stage.sleep(Duration::from_micros(5_000 + seed * 977)).await;
            stage.world.kill(running.process);
            stage.sleep(Duration::from_millis(30)).await;
            stage.world.start(running.process);
            let (found, again) = running.result().await;
            let known = known.borrow();
            let possible = &known.states[known.acknowledged..];
            assert!(possible.contains(&found), "seed {seed}: {} acknowledged", known.acknowledged);
            assert_eq!(found, again, "seed {seed}: a second recovery finds something else");
        });
    }
}

#[test]
fn a_transaction_that_only_reads_waits_for_what_it_saw() {
    on_stage(async |stage: Stage| {
        let device = stage.device;
        let host = stage.world.add_host("a");
        let world = stage.world.clone();
        let (acknowledged, answered) = stage
            .run(host, move |process| {
                let world = world.clone();
                async move {
                    let storage = formatted(&process, device).await;
                    let engine = Engine::open(&process, &storage, 1).await.unwrap();
                    let submitted = engine.submit(&append(3)).unwrap();
                    let read = transaction(9, vec![Action::Read { key: 3 }]);
                    assert_eq!(engine.execute(&read).await, Answer::Committed(vec![Reply::Row(vec![30, 3])]));
                    let answered = world.now();
                    engine.durable(submitted.until).await.unwrap();
                    // Nothing is unflushed now: a read is answered at once.
                    assert_eq!(engine.execute(&read).await, Answer::Committed(vec![Reply::Row(vec![30, 3])]));
                    assert_eq!(world.now(), answered);
                    (engine.writer().flushed(), answered)
                }
            })
            .await;
        let last_flush = stage.world.with_device(device, |device| {
            let flushes = device.journal().entries().iter().filter(|entry| entry.kind == EntryKind::Flush);
            flushes.filter_map(|entry| entry.acknowledged).max()
        });
        assert!(acknowledged > Lsn::FIRST);
        assert_eq!(last_flush, Some(answered));
    });
}

#[test]
fn replay_takes_its_time_for_each_record_and_is_announced() {
    on_stage(async |stage: Stage| {
        let device = stage.device;
        let host = stage.world.add_host("a");
        let world = stage.world.clone();
        let took = stage
            .run(host, move |process| {
                let world = world.clone();
                async move {
                    let storage = formatted(&process, device).await;
                    let engine = Engine::open(&process, &storage, 1).await.unwrap();
                    for number in 0..500 {
                        let _ = engine.submit(&append(number)).unwrap();
                    }
                    engine.durable(engine.writer().end()).await.unwrap();
                    engine.writer().close().await;
                    let slow = EngineShape { replay_cost: Duration::from_millis(2), ..shape() };
                    let storage = EngineStorage::new(&process.disk(device), &layout(), &slow).unwrap();
                    let began = world.now();
                    Engine::open(&process, &storage, 2).await.unwrap();
                    world.now() - began
                }
            })
            .await;
        assert!((Duration::from_millis(1000)..Duration::from_millis(1100)).contains(&took), "{took:?}");
        let count = |name: &str| stage.world.with_trace(|trace| trace.announced(name).count());
        assert_eq!((count(events::REPLAY_STARTED), count(events::REPLAY_FINISHED)), (2, 2));
    });
}

#[test]
fn a_log_smaller_than_the_work_is_kept_usable_by_checkpoints() {
    in_process(|process, device| async move {
        let storage = formatted(&process, device).await;
        let engine = Engine::open(&process, &storage, 1).await.unwrap();
        let checkpointing = engine.clone();
        process.spawn(async move {
            let _ = checkpointing.checkpoint_every(Duration::from_secs(3600)).await;
        });
        for number in 0..3000 {
            let key = i64::from(number % 20);
            let write = transaction(number, vec![Action::Write { key, value: i64::from(number) }]);
            let answer = engine.execute(&write).await;
            assert_eq!(answer, Answer::Committed(vec![Reply::Done]));
        }
        assert!(engine.writer().end().0 > layout().log.length, "the log should have wrapped");
        let rows = engine.rows();
        engine.writer().close().await;
        assert_eq!(Engine::open(&process, &storage, 2).await.unwrap().rows(), rows);
    });
}

#[test]
fn a_full_log_refuses_writes_until_a_checkpoint_makes_room() {
    in_process(|process, device| async move {
        let storage = formatted(&process, device).await;
        let engine = Engine::open(&process, &storage, 1).await.unwrap();
        let refused = loop {
            match engine.execute(&append(1)).await {
                Answer::Committed(_) => {}
                other => break other,
            }
        };
        let full = WalError::Full { needed: Lsn::FIRST };
        assert_eq!(refused, Answer::Refused(full.to_string()));
        let rows = engine.rows();
        let read = transaction(2, vec![Action::Read { key: 1 }]);
        assert!(matches!(engine.execute(&read).await, Answer::Committed(_)), "reads go on");
        engine.checkpoint().await.unwrap();
        assert_eq!(engine.rows(), rows, "what was refused had no effect");
        assert!(matches!(engine.execute(&append(1)).await, Answer::Committed(_)));
    });
}

#[test]
fn after_a_device_error_the_outcome_is_unknown_and_nothing_more_is_done() {
    on_stage(async |stage: Stage| {
        let device = stage.device;
        let host = stage.world.add_host("a");
        let running = stage.start(host, move |process| async move {
            let storage = formatted(&process, device).await;
            let engine = Engine::open(&process, &storage, 1).await.unwrap();
            process.sleep(Duration::from_secs(2)).await;
            let lost = EngineError::Log(WalError::Failed(IoError::PathLost));
            assert_eq!(engine.execute(&append(1)).await, Answer::Unknown(lost.to_string()));
            assert_eq!(engine.ended().await, lost);
            assert_eq!(engine.execute(&append(2)).await, Answer::Refused(lost.to_string()));
            assert_eq!(engine.checkpoint().await, Err(lost));
            assert_eq!(engine.shut_down().await, Err(lost));
        });
        stage.sleep(Duration::from_secs(1)).await;
        stage.world.lose_path(device, host, Paths::All);
        running.result().await;
    });
}

#[test]
fn a_replica_follows_and_takes_over() {
    on_stage(async |stage: Stage| {
        let device = stage.device;
        let (a, b) = (stage.world.add_host("a"), stage.world.add_host("b"));
        let format = move |process: Process| async move { drop(formatted(&process, device).await) };
        stage.run(a, format).await;
        let primary = stage.start(a, move |process| async move {
            let engine = Engine::open(&process, &storage(&process, device), 1).await.unwrap();
            let checkpointing = engine.clone();
            process.spawn(async move {
                let _ = checkpointing.checkpoint_every(Duration::from_millis(50)).await;
            });
            for number in 0..400 {
                assert!(matches!(engine.execute(&append(number)).await, Answer::Committed(_)));
            }
            engine.rows()
        });
        let standby = stage.start(b, move |process| async move {
            process.sleep(Duration::from_millis(100)).await;
            let mut replica = Replica::observe(&process, &storage(&process, device)).await.unwrap();
            let mut positions = Vec::new();
            for _ in 0..20 {
                assert!(replica.replay().await.is_an_end());
                positions.push(replica.position());
                process.sleep(Duration::from_millis(100)).await;
            }
            assert!(positions.is_sorted() && positions[0] < positions[19]);
            replica.promote(2).await.unwrap().rows()
        });
        let rows = primary.result().await;
        assert_eq!(standby.result().await, rows);
    });
}

#[test]
fn what_cannot_be_opened_says_why() {
    in_process(|process, device| async move {
        let storage = storage(&process, device);
        assert_eq!(Engine::open(&process, &storage, 1).await.err(), Some(EngineError::NotFormatted));
        formatted(&process, device).await;
        process.disk(device).write(layout().log.offset, vec![0; 512]).await.unwrap();
        let stop = Stop::Segment { segment: 0, problem: HeaderProblem::Missing };
        let missing = EngineError::NoRedoRecord { redo: Lsn::FIRST, stop };
        assert_eq!(Engine::open(&process, &storage, 1).await.err(), Some(missing));
    });
}
