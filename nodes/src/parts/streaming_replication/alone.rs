//! Recovery of one node from its own device, with nobody to ask: what a primary does after a power cut.
//!
//! It is the recovery of a server without the server: the double-write area first, then the pages, then the log from the
//! redo position to its end, and the log is opened behind it. The files of a host that name its segments are not asked;
//! a segment that was removed and whose bytes are still there is not of the log that recovery follows.

use super::store::{Store, StoreError};
use crate::parts::pages::Buffer;
use crate::parts::wal::{Body, Lsn, Reader, Stop, Writer};
use crate::product::Restored;
use crate::world::process::Process;

/// Where recovery begins and how far it must come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The redo position of the control page.
    pub redo: Lsn,
    /// Pages may hold changes up to here.
    pub minimum: Lsn,
}

/// Brings the pages of a node up to the end of its log and opens the log there.
///
/// # Errors
/// [`StoreError`]: the database does not open.
pub async fn recover_alone(process: &Process, store: &Store, span: Span) -> Result<Restored, StoreError> {
    store.double_write.restore(&store.pages).await?;
    let mut buffer = Buffer::read(&store.pages).await?;
    let mut reader = Reader::new(&store.log, span.redo);
    let (mut epoch, mut records) = (0, 0);
    let stop = loop {
        match reader.next().await {
            Ok(record) => {
                (epoch, records) = (epoch.max(record.epoch), records + 1);
                if let Body::Commit { changes } = record.body {
                    buffer.apply(changes, reader.position());
                }
            }
            Err(stop) => break stop,
        }
    };
    if let Stop::Unreadable(_) = stop {
        return Err(StoreError::Unreadable { position: reader.position(), stop });
    }
    if records == 0 {
        return Err(StoreError::NoCheckpoint { redo: span.redo, why: stop.to_string() });
    }
    if reader.position() < span.minimum {
        return Err(StoreError::EndsTooEarly { end: reader.position(), needed: span.minimum });
    }
    let writer = Writer::open_at(process, &store.log, reader.end(), span.redo, epoch).await?;
    writer.close().await;
    Ok(Restored { rows: buffer.rows() })
}
