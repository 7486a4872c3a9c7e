//! Pages are read as written, what is wrong with them is seen, and no crash loses a row.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::parts::area::Area;
use crate::parts::service::{Key, Row};
use crate::parts::test_world::{Stage, in_process, on_stage};
use crate::parts::wal::{Lsn, WriterTag};
use crate::world::disk::DeviceId;
use crate::world::process::Process;

const SHAPE: PageShape = PageShape { system: 5, block_size: 1024, most_blocks: 8, pages: 6 };
const STORE_AT: u64 = 65_536;
const WRITER: WriterTag = WriterTag { process: 1, incarnation: 2 };

fn store(process: &Process, device: DeviceId) -> PageStore {
    PageStore::new(Area::new(process.disk(device), STORE_AT, SHAPE.area_length()), SHAPE).unwrap()
}

fn double_write(process: &Process, device: DeviceId) -> DoubleWrite {
    DoubleWrite::new(Area::new(process.disk(device), 0, 32_768))
}

fn page(number: u64, lsn: u64, rows: &[(Key, usize)]) -> Page {
    let stamp = PageStamp { lsn: Lsn(lsn), epoch: 3, writer: WRITER };
    let row = |length: usize| (0..length as i64).map(|value| value * 1_000_003 + lsn as i64).collect::<Row>();
    Page { number, stamp, rows: rows.iter().map(|(key, length)| (*key, row(*length))).collect() }
}

async fn raw(process: &Process, device: DeviceId, number: u64, block: u64) -> Vec<u8> {
    let at = STORE_AT + (number * 8 + block) * 1024;
    process.disk(device).read(at, 1024).await.unwrap().to_vec()
}

async fn put_raw(process: &Process, device: DeviceId, number: u64, block: u64, bytes: Vec<u8>) {
    let at = STORE_AT + (number * 8 + block) * 1024;
    process.disk(device).write(at, bytes).await.unwrap();
}

#[test]
fn a_page_of_any_size_is_read_as_written_and_one_too_large_is_refused() {
    in_process(|process, device| async move {
        let store = store(&process, device);
        for length in [0, 1, 100, 200, 500, 1000, 1500] {
            let page = page(2, 10 + length as u64, &[(-7, length), (8, 1)]);
            store.write(&page).await.unwrap();
            assert_eq!(store.read(2).await, Ok(page));
        }
        let full = PageError::Full { page: 2, most_blocks: 8 };
        assert_eq!(store.write(&page(2, 99, &[(1, 5000)])).await, Err(full));
        assert_eq!(store.read(1).await, Err(PageError::Lost { page: 1, problem: PageProblem::Blank }));
    });
}

#[test]
fn every_kind_of_damage_has_its_name() {
    in_process(|process, device| async move {
        let store = store(&process, device);
        let lost = |problem| Err(PageError::Lost { page: 1, problem });
        let (older, newer) = (page(1, 10, &[(1, 600)]), page(1, 20, &[(1, 600)]));
        store.write(&page(0, 10, &[(1, 600)])).await.unwrap();
        store.write(&older).await.unwrap();
        let old_block = raw(&process, device, 1, 2).await;

        store.write(&newer).await.unwrap();
        put_raw(&process, device, 1, 2, old_block).await;
        assert_eq!(store.read(1).await, lost(PageProblem::Torn { block: 2, found: Lsn(10), first: Lsn(20) }));

        store.write(&newer).await.unwrap();
        let stray = raw(&process, device, 0, 1).await;
        put_raw(&process, device, 1, 1, stray).await;
        assert_eq!(store.read(1).await, lost(PageProblem::Misdirected { block: 1, found_page: 0, found_block: 1 }));

        store.write(&newer).await.unwrap();
        let mut rotten = raw(&process, device, 1, 0).await;
        rotten[700] ^= 4;
        put_raw(&process, device, 1, 0, rotten).await;
        assert_eq!(store.read(1).await, lost(PageProblem::Damaged { block: 0 }));

        store.write(&newer).await.unwrap();
        let area = Area::new(process.disk(device), STORE_AT, SHAPE.area_length());
        let other = PageStore::new(area, PageShape { system: 6, ..SHAPE }).unwrap();
        assert_eq!(other.read(1).await, lost(PageProblem::OtherSystem { found: 5 }));
    });
}

#[test]
fn any_flipped_bit_of_a_page_is_seen() {
    let good = page(3, 9, &[(1, 40), (2, 3)]).encode(&SHAPE).unwrap();
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(Page::decode(&bytes, 3, &SHAPE).is_err(), "bit {bit}");
    }
}

#[test]
fn replaying_a_record_twice_or_an_older_one_changes_nothing() {
    let mut buffer = Buffer::fresh(SHAPE, &BTreeMap::from([(1, vec![1])]), Lsn::FIRST);
    let _ = buffer.take_dirty(1, WRITER);
    buffer.apply(vec![(1, vec![2]), (2, vec![7]), (3, vec![8])], Lsn(5000));
    buffer.apply(vec![(1, vec![3])], Lsn(6000));
    let rows = buffer.rows();
    buffer.apply(vec![(1, vec![2]), (2, vec![7]), (3, vec![8])], Lsn(5000));
    buffer.apply(vec![(1, vec![3])], Lsn(6000));
    assert_eq!(buffer.rows(), rows);
    assert_eq!(rows, BTreeMap::from([(1, vec![3]), (2, vec![7]), (3, vec![8])]));
}

/// What one write-out of all pages leaves, with a value that says which one it was.
fn generation(number: i64) -> Vec<Page> {
    let rows: BTreeMap<Key, Row> = (0..40).map(|key| (key, vec![number; 30 + (key as usize * 7) % 60])).collect();
    let mut buffer = Buffer::fresh(SHAPE, &BTreeMap::new(), Lsn::NONE);
    buffer.apply(rows.into_iter().collect(), Lsn(100 * number as u64));
    buffer.take_dirty(number as u64, WRITER)
}

#[test]
fn pages_written_out_are_whole_whenever_the_writer_is_killed() {
    let mut torn = 0;
    for microseconds in (0..16_000).step_by(311) {
        torn += on_stage(async move |stage: Stage| {
            let device = stage.device;
            let host = stage.world.add_host("a");
            let first = move |process: Process| async move {
                let written = store(&process, device).write_out(&generation(1), &double_write(&process, device)).await;
                assert_eq!(written, Ok(()));
            };
            stage.run(host, first).await;
            let running = stage.start(host, move |process| async move {
                let (store, double_write) = (store(&process, device), double_write(&process, device));
                if process.incarnation().0 == 1 {
                    store.write_out(&generation(2), &double_write).await.unwrap();
                    process.sleep(Duration::from_secs(60)).await;
                }
                let restored = double_write.restore(&store).await.unwrap();
                let buffer = Buffer::read(&store).await.unwrap();
                let generations: Vec<i64> = buffer.rows().values().map(|row| row[0]).collect();
                (restored.len(), generations)
            });
            stage.sleep(Duration::from_micros(microseconds)).await;
            stage.world.kill(running.process);
            stage.sleep(Duration::from_millis(30)).await;
            // What a cut would leave of a page that was being written: half of it.
            tear_an_outdated_page(&stage, device, host).await;
            stage.world.start(running.process);
            let (restored, generations) = running.result().await;
            assert_eq!(generations.len(), 40);
            assert!(generations.iter().all(|found| *found == generations[0]), "{microseconds}: {generations:?}");
            usize::from(restored > 0)
        });
    }
    assert!(torn > 5, "only {torn} kills left pages to restore");
}

/// If the second generation is safe in the double-write area, overwrites half of a page of the first one.
async fn tear_an_outdated_page(stage: &Stage, device: DeviceId, host: crate::world::trace::HostId) {
    stage
        .run(host, move |process| async move {
            let batch = process.disk(device).read(4096, 1024).await.unwrap();
            let in_place = raw(&process, device, 0, 0).await;
            let second_is_safe = batch[24..32] == 200u64.to_le_bytes();
            if second_is_safe && in_place[24..32] == 100u64.to_le_bytes() {
                put_raw(&process, device, 0, 0, batch[..512].iter().chain(&in_place[512..]).copied().collect()).await;
            }
        })
        .await;
}

#[test]
fn a_batch_larger_than_the_area_is_written_in_parts() {
    in_process(|process, device| async move {
        let small = DoubleWrite::new(Area::new(process.disk(device), 0, 4096 + 3 * 1024));
        let store = store(&process, device);
        store.write_out(&generation(1), &small).await.unwrap();
        let buffer = Buffer::read(&store).await.unwrap();
        assert_eq!(buffer.rows().len(), 40);
        let too_large = vec![page(0, 1, &[(1, 900)])];
        assert!(matches!(store.write_out(&too_large, &small).await, Err(PageError::Full { .. })));
    });
}

#[test]
fn a_shape_must_fit_its_area_and_the_sectors() {
    in_process(|process, device| async move {
        let area = || Area::new(process.disk(device), 0, SHAPE.area_length());
        for shape in [
            PageShape { pages: 7, ..SHAPE },
            PageShape { pages: 0, ..SHAPE },
            PageShape { block_size: 256, ..SHAPE },
            PageShape { block_size: 1000, ..SHAPE },
            PageShape { most_blocks: 0, ..SHAPE },
        ] {
            assert!(matches!(PageStore::new(area(), shape), Err(PageError::Shape { .. })), "{shape:?}");
        }
    });
}
