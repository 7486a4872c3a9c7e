//! Recovery of the primary from its device alone.

use super::super::pg_control::{ControlData, ControlState};
use super::super::plan::Shared;
use super::super::store::{Store, StoreError};
use crate::parts::streaming_replication::alone::{Span, recover_alone};
use crate::product::Restored;
use crate::world::disk::DeviceId;
use crate::world::process::Process;

/// What `gs_ctl start -M primary` does after a power cut, with no other node there.
///
/// # Errors
/// The words of the server when it does not open.
pub(in crate::opengauss_ha) async fn recover_primary(
    process: Process,
    plan: Shared,
    device: DeviceId,
) -> Result<Restored, String> {
    replay(&process, &plan, device).await.map_err(|error| error.to_string())
}

async fn replay(process: &Process, plan: &Shared, device: DeviceId) -> Result<Restored, StoreError> {
    let store = Store::open(process, device, &plan.shape)?;
    let (version, control) = store.read_control().await?;
    store.write_control(version + 1, &ControlData { state: ControlState::InCrashRecovery, ..control }).await?;
    recover_alone(process, &store, Span { redo: control.redo, minimum: control.minimum_recovery }).await
}
