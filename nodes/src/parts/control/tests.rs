//! The control page survives the loss of one copy, and says so when both are lost.

use std::time::Duration;

use super::*;
use crate::parts::test_world::{Stage, in_process, on_stage};
use crate::world::device::{EntryKind, Paths};
use crate::world::disk::DeviceId;
use crate::world::process::Process;

fn control(process: &Process, device: DeviceId) -> ControlFile {
    ControlFile::new(Area::new(process.disk(device), 4096, CONTROL_LENGTH), 3)
}

fn page(version: u64) -> ControlPage {
    ControlPage { version, payload: vec![version as u8; 100 + version as usize] }
}

async fn damage(control: &ControlFile, offset: u64, length: u64) {
    let mut bytes = control.area.read(offset, length).await.unwrap().to_vec();
    bytes[40] ^= 1;
    control.area.write(offset, bytes).await.unwrap();
}

#[test]
fn the_page_is_read_as_written_and_from_the_backup_if_need_be() {
    in_process(|process, device| async move {
        let control = control(&process, device);
        assert_eq!(control.read().await, Ok(None));
        control.write(&page(1)).await.unwrap();
        control.write(&page(2)).await.unwrap();
        assert_eq!(control.read().await, Ok(Some((page(2), Copy::Main))));
        damage(&control, 0, 512).await;
        assert_eq!(control.read().await, Ok(Some((page(2), Copy::Backup))));
        damage(&control, COPY, 512).await;
        let (main, backup) = (CopyProblem::Damaged, CopyProblem::Damaged);
        assert_eq!(control.read().await, Err(ControlError::BothLost { main, backup }));
    });
}

#[test]
fn a_page_of_another_system_is_not_taken_for_ones_own() {
    in_process(|process, device| async move {
        let own = control(&process, device);
        own.write(&page(1)).await.unwrap();
        let other = ControlFile::new(own.area.clone(), 4);
        let problem = CopyProblem::OtherSystem { found: 3 };
        assert_eq!(other.read().await, Err(ControlError::BothLost { main: problem, backup: problem }));
    });
}

#[test]
fn a_payload_that_does_not_fit_is_refused_before_anything_is_written() {
    in_process(|process, device| async move {
        let control = control(&process, device);
        control.write(&page(1)).await.unwrap();
        let length = LONGEST_PAYLOAD + 1;
        let long = ControlPage { version: 2, payload: vec![0; length] };
        assert_eq!(control.write(&long).await, Err(ControlError::TooLong { length }));
        assert_eq!(control.read().await, Ok(Some((page(1), Copy::Main))));
        let fits = ControlPage { version: 2, payload: vec![7; LONGEST_PAYLOAD] };
        control.write(&fits).await.unwrap();
        assert_eq!(control.read().await, Ok(Some((fits, Copy::Main))));
    });
}

#[test]
fn a_writer_killed_at_any_moment_leaves_a_page_and_never_an_older_one_than_acknowledged() {
    for microseconds in (0..8_000).step_by(173) {
        on_stage(async move |stage: Stage| {
            let device = stage.device;
            let host = stage.world.add_host("a");
            stage
                .run(host, move |process| async move { control(&process, device).write(&page(1)).await })
                .await
                .unwrap();
            let running = stage.start(host, move |process| async move {
                let control = control(&process, device);
                if process.incarnation().0 == 1 {
                    control.write(&page(2)).await.unwrap();
                    process.announce("written", vec![]);
                    process.sleep(Duration::from_secs(60)).await;
                }
                control.read().await.unwrap().unwrap().0.version
            });
            stage.sleep(Duration::from_micros(microseconds)).await;
            stage.world.kill(running.process);
            stage.sleep(Duration::from_millis(30)).await;
            let acknowledged = stage.world.with_trace(|trace| trace.announced("written").count()) > 0;
            stage.world.start(running.process);
            let version = running.result().await;
            assert!(version == 2 || (version == 1 && !acknowledged), "{microseconds}: {version}");
        });
    }
}

#[test]
fn garbage_is_never_a_page() {
    for seed in 0..200u64 {
        let bytes: Vec<u8> = (0..COPY).map(|at| crate::world::digest::mix(seed * COPY + at) as u8).collect();
        assert_eq!(decode(&bytes), Err(Garbled));
        assert_eq!(decode(&bytes[..(seed % 64) as usize]), Err(Garbled));
    }
}

#[test]
fn who_falls_back_on_damage_only_does_not_look_past_an_error_of_the_device() {
    on_stage(async move |stage: Stage| {
        let device = stage.device;
        let (host, world) = (stage.world.add_host("a"), stage.world.clone());
        let program = move |process: Process| {
            let world = world.clone();
            async move {
                let habits = Habits { fall_back: FallBack::OnDamage, durable: Durable::ByWritingThrough };
                let (trusting, strict) = (control(&process, device), control(&process, device).with_habits(habits));
                strict.write(&page(1)).await.unwrap();
                damage(&strict, 0, 512).await;
                let backup = Ok(Some((page(1), Copy::Backup)));
                assert_eq!((trusting.read().await, strict.read().await), (backup.clone(), backup));
                world.lose_path(device, process.host(), Paths::All);
                assert!(matches!(trusting.read().await, Err(ControlError::BothLost { .. })));
                assert!(matches!(strict.read().await, Err(ControlError::Unreadable(_))));
            }
        };
        stage.run(host, program).await;
    });
}

#[test]
fn a_page_is_stable_when_its_writer_goes_on_with_a_flush_or_without() {
    for (durable, flushes) in [(Durable::ByWritingThrough, 0), (Durable::ByFlush, 2)] {
        on_stage(async move |stage: Stage| {
            let device = stage.device;
            let host = stage.world.add_host("a");
            let habits = Habits { durable, ..Habits::default() };
            let write =
                move |process| async move { control(&process, device).with_habits(habits).write(&page(1)).await };
            stage.run(host, write).await.unwrap();
            stage.world.with_device(device, |device| {
                let entries = device.journal().entries();
                let flushed = entries.iter().filter(|entry| entry.kind == EntryKind::Flush).count();
                assert_eq!(flushed, flushes, "{durable:?}");
                let mut writes = entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Write { .. }));
                assert!(writes.all(|write| write.stable.is_some()), "{durable:?}");
            });
        });
    }
}
