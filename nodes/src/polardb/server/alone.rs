//! Recovery from the shared disk alone: what the first server does when every node had lost its power.
//!
//! It is the recovery of a writer without its host: control file, commit log, checkpoint record, replay from the redo
//! position, pages brought up to the end of the log. The mount (PFS and its locks) is left out; who may mount is a
//! question between nodes, and here is only one.

use crate::parts::wal::{Body, Lsn, Reader, Stop, Writer};
use crate::product::Restored;
use crate::world::disk::DeviceId;
use crate::world::process::Process;

use super::super::plan::Shared;
use super::super::shared::control::{Control, Found, State};
use super::super::shared::{Layout, PAGES, Storage};
use super::pages::{Pages, read_page};
use super::start::RecoveryError;

/// Recovers the database of a device.
///
/// # Errors
/// The words of the server when it does not open.
pub(in crate::polardb) async fn recover_alone(
    process: Process,
    plan: Shared,
    device: DeviceId,
    layout: Layout,
) -> Result<Restored, String> {
    let storage = Storage::new(&process.disk(device), &layout);
    recover(&process, &plan, &storage).await.map_err(|error| error.to_string())
}

async fn recover(process: &Process, plan: &Shared, storage: &Storage) -> Result<Restored, RecoveryError> {
    let control = match storage.read_control().await? {
        Found::Control(control) => control,
        Found::Damaged => return Err(RecoveryError::Control),
        // Nothing was ever committed: the cluster is as it was initialised.
        Found::Nothing => return Ok(Restored { rows: plan.initial.clone() }),
    };
    storage.disk.set_epoch(control.timeline);
    storage.read_clog().await?;
    let checkpoint = Reader::new(&storage.log, control.checkpoint).next().await;
    match checkpoint.map(|record| record.body) {
        Ok(Body::Checkpoint { .. }) => {}
        Err(Stop::Unreadable(error)) => return Err(RecoveryError::Device(error)),
        _ => return Err(RecoveryError::NoCheckpoint),
    }
    let pages = Pages::default();
    let mut reader = Reader::new(&storage.log, control.redo);
    loop {
        match reader.next().await {
            Ok(record) => {
                if let Body::Commit { changes } = record.body {
                    pages.note(reader.position(), changes);
                }
            }
            Err(Stop::Unreadable(error)) => return Err(RecoveryError::Device(error)),
            Err(_) => break,
        }
    }
    let end = reader.end();
    for number in 0..PAGES.pages {
        pages.keep(read_page(&storage.pages, number).await?);
        pages.catch_up(number, end.end, Some(control.redo));
    }
    let needed = control.redo.min(end.end).max(Lsn::FIRST);
    let writer = Writer::open_at(process, &storage.log, end, needed, control.timeline).await?;
    writer.close().await;
    storage.write_control(&Control { state: State::InProduction, ..control }).await?;
    Ok(Restored { rows: pages.rows() })
}
