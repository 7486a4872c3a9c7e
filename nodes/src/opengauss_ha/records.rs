//! The records of the log that only openGauss writes, and the CRC by which two nodes compare one record.
//!
//! A checkpoint is two records, as in the incident: a snapshot of running transactions of 128 bytes, at which recovery
//! begins, and the checkpoint itself of 152 bytes. Both hold the time they were written, so that two nodes that write
//! the same record at the same place still write different bytes.
//!
//! The CRC of openGauss covers a record's body, its term and the pointer to the record before, and no earlier record;
//! [`crc`] does the same, and leaves out what the log of this house has beyond that (the checksum of the record before,
//! the name of the writer). So it keeps the weakness of the original: equal CRCs of one record do not prove that what
//! lies before it is equal. Source: reference sections 1.2 and 8.1 (`xlog_basic.h`, `xloginsert.cpp`).

use crate::parts::encoding::{Decoder, Encoder};
use crate::parts::wal::{Body, Lsn, Record};

/// The snapshot of running transactions before each checkpoint.
const RUNNING: u16 = 256;
/// A checkpoint of a server that goes on.
const ONLINE_CHECKPOINT: u16 = 257;
/// A checkpoint of a server that stops or hands over.
const SHUTDOWN_CHECKPOINT: u16 = 258;

/// Bytes of a record before its payload, in the log of this house.
const HEADER: usize = 56;
const RUNNING_PAYLOAD: usize = 128 - HEADER;
const CHECKPOINT_PAYLOAD: usize = 152 - HEADER;

/// A checkpoint as its record tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Where recovery from it begins.
    pub redo: Lsn,
    /// Whether the server stopped or handed over behind it.
    pub shutdown: bool,
}

/// The snapshot of running transactions, written at `now` (nanoseconds of the wall clock).
pub fn running(now: u64) -> Body {
    let mut payload = Encoder::new();
    payload.u64(now).zeros_to(RUNNING_PAYLOAD);
    Body::Product { kind: RUNNING, payload: payload.into_bytes() }
}

/// A checkpoint record, written at `now`.
pub fn checkpoint(checkpoint: Checkpoint, timeline: u32, now: u64) -> Body {
    let mut payload = Encoder::new();
    payload.u64(checkpoint.redo.0).u32(timeline).u64(now).zeros_to(CHECKPOINT_PAYLOAD);
    let kind = if checkpoint.shutdown { SHUTDOWN_CHECKPOINT } else { ONLINE_CHECKPOINT };
    Body::Product { kind, payload: payload.into_bytes() }
}

/// What a record says as a checkpoint, if it is one.
pub fn as_checkpoint(body: &Body) -> Option<Checkpoint> {
    match body {
        Body::Checkpoint { redo } => Some(Checkpoint { redo: *redo, shutdown: true }),
        Body::Product { kind: kind @ (ONLINE_CHECKPOINT | SHUTDOWN_CHECKPOINT), payload } => {
            let redo = Lsn(Decoder::new(payload).u64().ok()?);
            Some(Checkpoint { redo, shutdown: *kind == SHUTDOWN_CHECKPOINT })
        }
        _ => None,
    }
}

/// The CRC by which nodes compare a record. Never 0, which stands for "no such record".
pub fn crc(record: &Record) -> u32 {
    let mut bytes = Encoder::new();
    bytes.u16(record.body.kind()).u64(record.epoch).u64(record.previous.0).u32(record.length);
    if let Some(transaction) = record.transaction {
        bytes.u32(transaction.client).u32(transaction.number);
    }
    match &record.body {
        Body::Commit { changes } => {
            for (key, row) in changes {
                bytes.signed(*key).list(row);
            }
        }
        Body::Checkpoint { redo } => {
            bytes.u64(redo.0);
        }
        Body::SegmentEnd => {}
        Body::Product { payload, .. } => {
            bytes.raw(payload);
        }
    }
    crc32c::crc32c(bytes.as_bytes()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::wal::WriterTag;

    fn record(body: Body) -> Record {
        let writer = WriterTag { process: 3, incarnation: 1 };
        let (lsn, previous) = (Lsn(8192), Lsn(8064));
        Record {
            lsn,
            previous,
            previous_checksum: 5,
            checksum: 6,
            epoch: 1,
            writer,
            transaction: None,
            body,
            length: 152,
        }
    }

    #[test]
    fn checkpoints_are_read_as_written() {
        for shutdown in [false, true] {
            let written = Checkpoint { redo: Lsn(0x5000_5dd8), shutdown };
            assert_eq!(as_checkpoint(&checkpoint(written, 1, 99)), Some(written));
        }
        assert_eq!(as_checkpoint(&running(1)), None);
        assert_eq!(as_checkpoint(&Body::Checkpoint { redo: Lsn(8) }).map(|found| found.redo), Some(Lsn(8)));
    }

    #[test]
    fn the_same_checkpoint_at_another_moment_has_another_crc() {
        let at = |now| record(checkpoint(Checkpoint { redo: Lsn(8064), shutdown: false }, 1, now));
        assert_ne!(crc(&at(1)), crc(&at(2)));
        assert_ne!(crc(&record(running(1))), crc(&Record { epoch: 2, ..record(running(1)) }), "the term is covered");
    }

    #[test]
    fn earlier_records_and_the_writer_are_not_covered() {
        let here = record(running(1));
        let writer = WriterTag { process: 4, incarnation: 2 };
        let there = Record { previous_checksum: 77, checksum: 78, writer, ..here.clone() };
        assert_eq!(crc(&here), crc(&there), "two histories can meet in one record");
        assert_ne!(crc(&here), crc(&Record { previous: Lsn(8000), ..here.clone() }));
    }
}
