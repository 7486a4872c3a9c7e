//! Recovery of the primary from its device alone.

use crate::parts::streaming_replication::alone::{Span, recover_alone};
use crate::parts::streaming_replication::control::{ControlData, DatabaseState};
use crate::parts::streaming_replication::store::{Place, StoreError};
use crate::product::Restored;
use crate::world::process::Process;

use super::plan::Shared;

/// What `sys_ctl start` of the primary does after a power cut, with no other node there.
///
/// # Errors
/// The words of the server when it does not open.
pub(super) async fn recover(process: Process, plan: Shared, place: Place) -> Result<Restored, String> {
    replay(&process, &plan, &place).await.map_err(|error| error.to_string())
}

async fn replay(process: &Process, plan: &Shared, place: &Place) -> Result<Restored, StoreError> {
    let store = place.open(process)?;
    let Some((version, control)) = store.read_control().await? else {
        // Nothing was ever committed: the node makes a new database.
        store.format(place.first_segment, 1, &plan.initial, DatabaseState::ShutDown).await?;
        return Ok(Restored { rows: plan.initial.clone() });
    };
    let state = if control.state.is_clean() { control.state } else { DatabaseState::InCrashRecovery };
    store.write_control(version + 1, &ControlData { state, ..control }).await?;
    recover_alone(process, &store, Span { redo: control.redo, minimum: control.minimum_recovery }).await
}
