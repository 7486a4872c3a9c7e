//! A new database: as bytes that can be put on a device before a run, or written by a process during one.

use std::collections::BTreeMap;

use super::error::EngineError;
use super::state::EngineState;
use super::storage::{EngineLayout, EngineShape};
use crate::parts::control::{ControlError, ControlPage, encode_copies};
use crate::parts::pages::Buffer;
use crate::parts::service::{Key, Row};
use crate::parts::wal::{Lsn, Shape, WalError, WriterTag};
use crate::world::disk::Disk;

/// Bytes and where on the device they go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The first byte.
    pub offset: u64,
    /// What goes there: whole sectors of any size up to 4096.
    pub bytes: Vec<u8>,
}

/// A new database with `rows` in it. The last piece is the control page: until it is there, there is no database.
///
/// # Errors
/// [`EngineError::Page`] if the rows do not fit.
pub fn initial_image(
    layout: &EngineLayout,
    shape: &EngineShape,
    rows: &BTreeMap<Key, Row>,
) -> Result<Vec<Piece>, EngineError> {
    let page_shape = shape.page_shape();
    let nobody = WriterTag { process: 0, incarnation: 0 };
    let mut pieces = Vec::new();
    for page in Buffer::fresh(page_shape, rows, Lsn::FIRST).take_dirty(0, nobody) {
        let offset = layout.pages.offset + page_shape.place_of(page.number);
        pieces.push(Piece { offset, bytes: page_shape.encode(&page)? });
    }
    let log = Shape { system: shape.system, segment_size: shape.segment_size, segments: shape.segments };
    let mut first_segment = log.first_bytes();
    first_segment.resize(first_segment.len().next_multiple_of(4096), 0);
    pieces.push(Piece { offset: layout.log.offset, bytes: first_segment });
    // No batch: what an older database left in the double-write area must not be put back.
    pieces.push(Piece { offset: layout.double_write.offset, bytes: vec![0; 4096] });
    let control = ControlPage { version: 1, payload: EngineState::NEW.encode() };
    let bytes = encode_copies(&control, shape.system)?;
    pieces.push(Piece { offset: layout.control.offset, bytes });
    Ok(pieces)
}

/// Writes a new database with `rows` in it.
///
/// # Errors
/// [`EngineError`] if the rows do not fit or the device fails.
pub async fn format(
    disk: &Disk,
    layout: &EngineLayout,
    shape: &EngineShape,
    rows: &BTreeMap<Key, Row>,
) -> Result<(), EngineError> {
    let mut pieces = initial_image(layout, shape, rows)?;
    let failed = |error| EngineError::Log(WalError::Failed(error));
    let control = pieces.pop();
    for piece in pieces {
        disk.write(piece.offset, piece.bytes).await.map_err(failed)?;
    }
    disk.flush().await.map_err(failed)?;
    if let Some(Piece { offset, bytes }) = control {
        disk.write(offset, bytes).await.map_err(ControlError::from)?;
        disk.flush().await.map_err(ControlError::from)?;
    }
    Ok(())
}
