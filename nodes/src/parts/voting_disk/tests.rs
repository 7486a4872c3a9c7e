use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::copies::agreed;
use super::*;
use crate::parts::area::Area;
use crate::parts::test_world::{Stage, on_stage};
use crate::world::device::{Arming, Damage, DeviceFault, DeviceOptions, Paths, SectorRange};
use crate::world::disk::DeviceId;
use crate::world::latency::Latency;
use crate::world::process::Process;

const MEMBERS: u64 = 4;

fn disk(process: &Process, devices: &[DeviceId]) -> VotingDisk {
    let length = VotingDisk::sectors(MEMBERS) * 512;
    let areas = devices.iter().map(|device| Area::new(process.disk(*device), 0, length));
    VotingDisk::new(Copies::new(areas.collect()), MEMBERS)
}

fn slot(counter: u64) -> Slot {
    Slot { guid: 7, counter, status: 3, done: 48, result: 1, notes: vec![1, 2] }
}

fn three(stage: &Stage) -> Vec<DeviceId> {
    let add = |name: &str| stage.world.add_shared_device(DeviceOptions::new(name, 128)).expect("a sound device");
    vec![stage.device, add("copy1"), add("copy2")]
}

#[test]
fn slots_and_mail_come_back_and_a_spoilt_sector_holds_nothing() {
    let sector = seal(&slot(9).encode(), 512);
    assert_eq!(Slot::decode(&sector), slot(9));
    for place in [13, 511] {
        let mut rotten = sector.clone();
        rotten[place] ^= 1;
        assert_eq!(Slot::decode(&rotten), Slot::default(), "byte {place}");
    }
    assert_eq!(Mail::decode(&[0xff; 512]), Mail::default());
    assert_eq!(open(&[0; 512]), None);
}

#[test]
fn every_member_has_its_own_slot_and_mailbox() {
    on_stage(async |stage| {
        let (device, host) = (stage.device, stage.world.add_host("a"));
        stage
            .run(host, move |process| async move {
                let vote = disk(&process, &[device]);
                let mail = Mail { guid: 7, command: 5, sequence: 49, arguments: vec![9] };
                vote.beat(0, &slot(1)).await.expect("written");
                vote.beat(3, &slot(2)).await.expect("written");
                vote.send(3, &mail).await.expect("written");
                vote.save(2, b"record").await.expect("written");
                let look = vote.look().await.expect("read");
                assert_eq!((look.slot(0), look.slot(1), look.slot(3)), (slot(1), Slot::default(), slot(2)));
                assert_eq!((look.mail(3), look.mail(0)), (mail.clone(), Mail::default()));
                assert_eq!((look.record(2), look.record(1)), (Some(b"record".as_slice()), None));
                assert_eq!((vote.slot(3).await, vote.mailbox(3).await), (Ok(slot(2)), Ok(mail)));
            })
            .await;
    });
}

#[test]
fn a_host_without_its_path_writes_nothing_while_another_reads_on() {
    on_stage(async |stage| {
        let device = stage.device;
        let [cut, other] = ["a", "b"].map(|name| stage.world.add_host(name));
        let beaten = stage.start(cut, move |process| async move {
            let vote = disk(&process, &[device]);
            vote.beat(0, &slot(1)).await.expect("written");
            process.sleep(Duration::from_secs(2)).await;
            process.timeout(Duration::from_secs(5), vote.beat(0, &slot(2))).await.is_ok_and(|done| done.is_ok())
        });
        stage.sleep(Duration::from_secs(1)).await;
        stage.world.lose_path(device, cut, Paths::All);
        assert!(!beaten.result().await);
        let seen = stage
            .run(other, move |process| async move { disk(&process, &[device]).slot(0).await.expect("read").counter })
            .await;
        assert_eq!(seen, 1);
    });
}

#[test]
fn one_of_three_copies_may_be_gone_and_not_two() {
    on_stage(async |stage| {
        let devices = three(&stage);
        let host = stage.world.add_host("a");
        let attempt = |devices: &[DeviceId], counter: u64| {
            let devices = devices.to_vec();
            stage.run(host, move |process| {
                let vote = disk(&process, &devices);
                async move {
                    let limit = Duration::from_secs(5);
                    let wrote =
                        process.timeout(limit, vote.beat(1, &slot(counter))).await.is_ok_and(|done| done.is_ok());
                    let read = process.timeout(limit, vote.slot(1)).await.ok().and_then(Result::ok);
                    (wrote, read.map(|slot| slot.counter))
                }
            })
        };
        assert_eq!(attempt(&devices, 1).await, (true, Some(1)));
        stage.world.lose_path(devices[2], host, Paths::All);
        assert_eq!(attempt(&devices, 2).await, (true, Some(2)));
        stage.world.lose_path(devices[1], host, Paths::All);
        assert_eq!(attempt(&devices, 3).await, (false, None));
    });
}

#[test]
fn sectors_are_decided_one_by_one() {
    assert_eq!(agreed(&[b"ab", b"aX", b"Yb"], 1, 2), Some(b"ab".to_vec()));
    assert_eq!(agreed(&[b"ab", b"aX"], 1, 2), None);
    assert_eq!(agreed(&[b"ab", b"XY", b"ZW"], 1, 2), None);
}

/// What a look shows of a damaged slot, of the one beside it, and of the damaged one with an earlier look beside it.
fn seen_through(damage: Damage) -> [u64; 3] {
    let seen = Rc::new(Cell::new([0; 3]));
    let kept = seen.clone();
    on_stage(async move |stage| {
        let (device, host) = (stage.device, stage.world.add_host("a"));
        let shown = stage
            .run(host, move |process| async move {
                let (vote, world) = (disk(&process, &[device]), process.world());
                vote.beat(0, &slot(1)).await.expect("written");
                vote.beat(1, &slot(2)).await.expect("written");
                let earlier = vote.look().await.expect("read");
                let rotten = SectorRange::one(FIRST_SLOT);
                let damaged = world.with_device(device, |device| device.damage(world.now(), damage, rotten));
                assert_eq!(damaged.sectors, 1);
                let look = vote.look().await.expect("one bad sector does not hide the others");
                let known = look.clone().with_slots_known_from(&earlier);
                vote.beat(0, &slot(3)).await.expect("written");
                let mended = vote.look().await.expect("read").with_slots_known_from(&earlier);
                assert_eq!(mended.slot(0).counter, 3, "the next heartbeat mends it");
                [look.slot(0).counter, look.slot(1).counter, known.slot(0).counter]
            })
            .await;
        kept.set(shown);
    });
    seen.get()
}

#[test]
fn a_bad_slot_says_nothing_and_does_not_hide_the_others() {
    for damage in [Damage::Unreadable, Damage::FlippedBit] {
        assert_eq!(seen_through(damage), [0, 2, 1], "{damage:?}");
    }
}

#[test]
fn a_bad_mailbox_shows_as_empty_so_that_it_is_written_again() {
    let mut mailbox = vec![vec![0; 512]; FIRST_SLOT as usize + 2];
    mailbox[FIRST_SLOT as usize + 1] = seal(&Mail { guid: 7, ..Mail::default() }.encode(), 512);
    let earlier = Look { sectors: mailbox.clone() };
    mailbox[FIRST_SLOT as usize + 1][20] ^= 1;
    assert_eq!(Look { sectors: mailbox }.with_slots_known_from(&earlier).mail(0), Mail::default());
}

#[test]
fn copies_of_which_one_hangs_and_two_differ_for_a_moment_are_read_again() {
    on_stage(async |stage| {
        let devices = three(&stage);
        let [host, beside] = ["a", "b"].map(|name| stage.world.add_host(name));
        let hang = Arming::new(DeviceFault::Hang).until_disarmed();
        stage.world.change_device(devices[2], |device| {
            device.arm(stage.world.now(), hang);
            Vec::new()
        });
        let slow = Latency::even(Duration::from_millis(2), Duration::from_millis(2));
        stage.world.change_device(devices[1], |device| {
            device.arm(stage.world.now(), Arming::new(DeviceFault::Slow { extra: slow }).on_writes().until_disarmed());
            Vec::new()
        });
        let writing = devices.clone();
        let written = stage.start(beside, move |process| {
            let vote = disk(&process, &writing);
            async move { vote.beat(0, &slot(7)).await }
        });
        stage.sleep(Duration::from_millis(1)).await;
        let read = stage
            .run(host, move |process| {
                let vote = disk(&process, &devices);
                async move { process.timeout(Duration::from_secs(1), vote.slot(0)).await.ok() }
            })
            .await;
        assert_eq!(read, Some(Ok(slot(7))), "nobody waits for the copy that hangs");
        assert_eq!(written.result().await, Ok(()));
    });
}
