//! Devices in the world: what a host's power loss means to the disks built into it and to those it shares.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use nodes::world::device::{DeviceOptions, SectorRange};
use nodes::world::disk::DeviceId;
use nodes::world::executor::Limits;
use nodes::world::process::Process;
use nodes::world::streams::Seed;
use nodes::world::time::Instant;
use nodes::world::{World, WorldOptions};

const SECTOR: usize = 512;

/// Writes 64 sectors, flushes, writes 64 more and says so; in a later life it only reads the first sector.
async fn writer(process: Process, device: DeviceId, reads: Rc<RefCell<Vec<u8>>>) -> i32 {
    let disk = process.disk(device);
    if process.incarnation().0 > 1 {
        let first = disk.read(0, SECTOR as u64).await.expect("the disk has its power again");
        reads.borrow_mut().push(first[0]);
        return 0;
    }
    for sector in 0..64 {
        disk.write(sector * SECTOR as u64, vec![1; SECTOR]).await.expect("a sound disk");
    }
    disk.flush().await.expect("a sound disk");
    for sector in 64..128 {
        disk.write(sector * SECTOR as u64, vec![2; SECTOR]).await.expect("a sound disk");
    }
    process.sleep(Duration::from_secs(1000)).await;
    0
}

/// Cuts the power of the writer's host after its writes, gives it back, and returns how many sectors of each half are
/// there in the end, and what the second life has read.
fn lights_out(local: bool) -> (usize, usize, Vec<u8>) {
    let world = World::new(WorldOptions { seed: Seed(3), ..Default::default() });
    let reads: Rc<RefCell<Vec<u8>>> = Rc::default();
    let seen = reads.clone();
    let limits = Limits { time: Instant::START + Duration::from_secs(60), ..Default::default() };
    world.run(limits, move |world| {
        let host = world.add_host("a");
        let options = DeviceOptions { write_back: None, ..DeviceOptions::new("disk", 1 << 16) };
        let device = match local {
            true => world.add_local_device(host, options),
            false => world.add_shared_device(options),
        };
        let device = device.expect("a sound device");
        let process = world.add_process(host, "writer", move |process| writer(process, device, seen.clone()));
        world.set_starts_at_boot(process, true);
        world.start(process);
        let outside = world.clone();
        world.spawn_outside(async move {
            outside.sleep_until(Instant::START + Duration::from_secs(1)).await;
            outside.lose_power(host);
            assert_eq!(outside.with_device(device, |device| device.has_power()), !local);
            outside.sleep_until(Instant::START + Duration::from_secs(2)).await;
            outside.restore_power(host);
            assert!(outside.with_device(device, |device| device.has_power()));
        });
    });
    let image = world.with_device(DeviceId(0), |device| device.visible_image(world.now()));
    let with = |byte: u8, sectors: std::ops::Range<u64>| {
        sectors.filter(|sector| image.read(SectorRange::one(*sector)).is_ok_and(|read| read[0] == byte)).count()
    };
    let reads = reads.borrow().clone();
    (with(1, 0..64), with(2, 64..128), reads)
}

#[test]
fn a_local_disk_loses_its_cache_with_its_host_and_works_again_with_it() {
    let (flushed, unflushed, reads) = lights_out(true);
    assert_eq!((flushed, reads), (64, vec![1]));
    assert!((1..64).contains(&unflushed), "some of what was not flushed survives: {unflushed} sectors");
}

#[test]
fn a_shared_device_keeps_its_cache_when_a_host_loses_power() {
    assert_eq!(lights_out(false), (64, 64, vec![1]));
}
