//! Recovery from the data disk alone: what the first EP does when all the others are dead.

use crate::parts::wal::WalError;
use crate::product::Restored;
use crate::world::process::Process;

use super::super::plan::Shared;
use super::super::words::Seqno;
use super::redo;

/// The EP that recovers.
const FIRST: Seqno = 0;

/// Merges the redo logs of all EPs into pages and closes the logs of the dead, as the control EP does in crash handling.
///
/// # Errors
/// [`WalError`] if a log cannot be read or written.
pub(in crate::dm_dsc) async fn recover_alone(process: Process, plan: Shared) -> Result<Restored, WalError> {
    let disk = process.disk(plan.data);
    let redone = redo::redo(&process, &plan, &disk).await?;
    if redone.empty {
        return Ok(Restored { rows: plan.initial.clone() });
    }
    for dead in plan.members().into_iter().filter(|ep| *ep != FIRST) {
        redo::close_log(&process, &plan, &redone, dead).await?;
    }
    let rows = redone.pages.into_values().flat_map(|page| page.rows).collect();
    Ok(Restored { rows })
}
