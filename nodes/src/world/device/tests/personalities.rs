//! The table of personalities (dst-methods, section 3.1), cell by cell: what is atomic, what keeps its order, what a flush
//! does, what a failed one leaves.

use super::*;

/// One row of the table.
struct Row {
    personality: Personality,
    /// In how many ways a write of sixteen sectors that is being carried out may survive a cut.
    survivals: u128,
    /// Whether two writes of one host to one sector take effect as they were issued, though the first takes longer.
    in_order: bool,
    /// Whether an acknowledged write survives without a flush, and with one.
    survives: (bool, bool),
    /// What a flush says that is to fail, and the one behind it.
    failed: (bool, bool),
}

const fn row(
    personality: Personality,
    survivals: u128,
    in_order: bool,
    survives: (bool, bool),
    failed: (bool, bool),
) -> Row {
    Row { personality, survivals, in_order, survives, failed }
}

const SECTORS: u128 = 1 << 16;
/// Sixteen sectors of 512 bytes are two pages.
const PAGES: u128 = 1 << 2;
const WHOLE: u128 = 2;

const TABLE: [Row; 7] = [
    row(Personality::RawWriteThrough, SECTORS, false, (true, true), (false, false)),
    row(Personality::RawVolatileCache, SECTORS, false, (false, true), (false, false)),
    row(Personality::BatteryArray, WHOLE, true, (true, true), (true, true)),
    row(Personality::Ext4Like, PAGES, false, (false, true), (false, true)),
    row(Personality::XfsLike, PAGES, false, (false, true), (false, true)),
    row(Personality::BtrfsLike, PAGES, false, (false, true), (false, true)),
    row(Personality::LyingController, SECTORS, false, (false, false), (true, true)),
];

fn of(row: &Row) -> Driver {
    Driver::new(DeviceOptions { personality: row.personality, ..options() })
}

#[test]
fn the_table_has_every_personality() {
    let listed: BTreeSet<Personality> = TABLE.iter().map(|row| row.personality).collect();
    assert_eq!(listed, Personality::ALL.into());
}

#[test]
fn atomic_unit() {
    for row in &TABLE {
        let mut driver = of(row);
        driver.submit(1, write(0, &[1; 16]));
        driver.run_until(at(3));
        let states = driver.device.crash_states(driver.now, 8, Garbage::None);
        assert_eq!(states.total(), Some(row.survivals), "{:?}", row.personality);
    }
}

#[test]
fn order() {
    for row in &TABLE {
        let mut driver = of(row);
        driver.arm(Arming::new(DeviceFault::Slow { extra: Latency::fixed(ms(50)) }));
        driver.submit(1, write(0, &[1]));
        driver.run_until(at(2));
        driver.submit(1, write(0, &[2]));
        driver.run();
        let last = if row.in_order { 2 } else { 1 };
        assert_eq!(driver.read(0, 1), [last], "{:?}", row.personality);
    }
}

/// The power goes, with all that may be lost: on a file that of the host with its page cache.
fn lose_what_may_be_lost(driver: &mut Driver, personality: Personality) {
    match personality.caches_in_host() {
        true => drop(driver.device.host_died(driver.now, 1, Fate::Dropped)),
        false => driver.power_cycle(Survivors::Nothing),
    }
}

#[test]
fn flush() {
    for row in &TABLE {
        for (flushes, survives) in [(false, row.survives.0), (true, row.survives.1)] {
            let mut driver = of(row);
            driver.call(1, write(0, &[1])).unwrap();
            if flushes {
                assert_eq!(driver.call(1, Request::Flush), Ok(Answer::Flushed));
            }
            lose_what_may_be_lost(&mut driver, row.personality);
            assert_eq!(driver.read(0, 1), [u8::from(survives)], "{:?}, flushed {flushes}", row.personality);
        }
    }
}

/// On a file the second flush succeeds and the write is gone all the same: a retry that succeeds proves nothing.
#[test]
fn failed_flush() {
    for row in &TABLE {
        let mut driver = of(row);
        driver.call(1, write(0, &[1])).unwrap();
        driver.arm(Arming::new(DeviceFault::FailedFlush));
        let said = (driver.call(1, Request::Flush).is_ok(), driver.call(1, Request::Flush).is_ok());
        assert_eq!(said, row.failed, "{:?}", row.personality);
        if row.personality.caches_in_host() {
            lose_what_may_be_lost(&mut driver, row.personality);
            assert_eq!(driver.read(0, 1), [0], "{:?}", row.personality);
        }
    }
}
