//! The control page survives the loss of one copy, and says so when both are lost.

use std::time::Duration;

use super::*;
use crate::parts::test_world::{Stage, in_process, on_stage};
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
