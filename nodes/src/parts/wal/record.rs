//! One record of the log, as values and as bytes.

use super::log::{Lsn, Shape};
use super::reader::Stop;
use super::segment;
use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::parts::service::{Key, Row, TransactionId};

/// Bytes of a record before its payload.
pub(super) const HEADER: usize = 56;

/// A row as a commit leaves it.
pub type RowChange = (Key, Row);

/// Who wrote a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterTag {
    /// The process, by its number in the world.
    pub process: u16,
    /// Which life of it.
    pub incarnation: u32,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A transaction is committed and leaves these rows.
    Commit {
        /// Every row it changed, whole.
        changes: Vec<RowChange>,
    },
    /// Recovery may begin here.
    Checkpoint {
        /// Pages hold everything before this position.
        redo: Lsn,
    },
    /// Nothing more comes in this segment.
    SegmentEnd,
    /// Something only the product knows.
    Product {
        /// 256 or more.
        kind: u16,
        /// What it says, in the product's own encoding.
        payload: Vec<u8>,
    },
}

/// The smallest kind of a product's own records.
pub(super) const FIRST_PRODUCT_KIND: u16 = 256;

impl Body {
    /// The kind, as written.
    pub fn kind(&self) -> u16 {
        match self {
            Body::Commit { .. } => 1,
            Body::Checkpoint { .. } => 2,
            Body::SegmentEnd => 3,
            Body::Product { kind, .. } => {
                debug_assert!(*kind >= FIRST_PRODUCT_KIND, "kinds below 256 are the log's own");
                *kind
            }
        }
    }

    pub(super) fn encode(&self, payload: &mut Encoder) {
        match self {
            Body::Commit { changes } => {
                payload.varint(changes.len() as u64);
                for (key, row) in changes {
                    payload.signed(*key).list(row);
                }
            }
            Body::Checkpoint { redo } => {
                payload.u64(redo.0);
            }
            Body::SegmentEnd => {}
            Body::Product { payload: own, .. } => {
                payload.raw(own);
            }
        }
    }

    fn decode(kind: u16, bytes: &[u8]) -> Result<Self, Garbled> {
        let mut payload = Decoder::new(bytes);
        let body = match kind {
            1 => Body::Commit { changes: decode_changes(&mut payload)? },
            2 => Body::Checkpoint { redo: Lsn(payload.u64()?) },
            3 => Body::SegmentEnd,
            kind if kind >= FIRST_PRODUCT_KIND => {
                return Ok(Body::Product { kind, payload: bytes.to_vec() });
            }
            _ => return Err(Garbled),
        };
        payload.is_at_end().then_some(body).ok_or(Garbled)
    }
}

fn decode_changes(payload: &mut Decoder<'_>) -> Result<Vec<RowChange>, Garbled> {
    let count = payload.count()?;
    let mut changes = Vec::with_capacity(count);
    for _ in 0..count {
        changes.push((payload.signed()?, payload.list()?));
    }
    Ok(changes)
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it begins.
    pub lsn: Lsn,
    /// Where the record before it begins; [`Lsn::NONE`] for the first of the log.
    pub previous: Lsn,
    /// The checksum of the record before it.
    pub previous_checksum: u32,
    /// Its own checksum.
    pub checksum: u32,
    /// The term, timeline or reform version it was written under.
    pub epoch: u64,
    /// Who wrote it.
    pub writer: WriterTag,
    /// The transaction it belongs to.
    pub transaction: Option<TransactionId>,
    /// What it says.
    pub body: Body,
    /// Its bytes, without the padding behind it.
    pub length: u32,
}

/// What goes into a record's header beside its body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    pub(super) lsn: Lsn,
    pub(super) previous: Lsn,
    pub(super) previous_checksum: u32,
    pub(super) epoch: u64,
    pub(super) writer: WriterTag,
    pub(super) transaction: Option<TransactionId>,
}

/// Puts a record behind `bytes`; returns its checksum.
pub(super) fn encode(bytes: &mut Vec<u8>, stamp: &Stamp, kind: u16, payload: &[u8]) -> u32 {
    let start = bytes.len();
    let length = (HEADER + payload.len()) as u32;
    let transaction = stamp.transaction.unwrap_or(TransactionId { client: 0, number: 0 });
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&stamp.lsn.0.to_le_bytes());
    bytes.extend_from_slice(&stamp.previous.0.to_le_bytes());
    bytes.extend_from_slice(&stamp.previous_checksum.to_le_bytes());
    bytes.extend_from_slice(&kind.to_le_bytes());
    bytes.extend_from_slice(&stamp.writer.process.to_le_bytes());
    bytes.extend_from_slice(&stamp.writer.incarnation.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&stamp.epoch.to_le_bytes());
    bytes.extend_from_slice(&transaction.client.to_le_bytes());
    bytes.extend_from_slice(&transaction.number.to_le_bytes());
    bytes.extend_from_slice(payload);
    let checksum = checksum_of(&bytes[start..]);
    bytes[start + 4..start + 8].copy_from_slice(&checksum.to_le_bytes());
    checksum
}

/// The first segment of a new log up to the end of its only record, a checkpoint from which recovery begins.
pub(super) fn first_segment(shape: &Shape, number: u64, epoch: u64) -> Vec<u8> {
    let mut bytes = segment::encode(shape, number, epoch);
    let lsn = Lsn(shape.segment_start(number) + Lsn::FIRST.0);
    let body = Body::Checkpoint { redo: lsn };
    let mut payload = Encoder::new();
    body.encode(&mut payload);
    let stamp = Stamp {
        lsn,
        previous: Lsn::NONE,
        previous_checksum: 0,
        epoch,
        writer: WriterTag { process: 0, incarnation: 0 },
        transaction: None,
    };
    encode(&mut bytes, &stamp, body.kind(), payload.as_bytes());
    bytes
}

/// The checksum of a whole record: everything but the checksum's own four bytes.
fn checksum_of(record: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&record[..4]), &record[8..])
}

/// The length that the record at the start of `bytes` claims, if it can be one with `room` bytes to the end of the
/// segment.
pub(super) fn claimed_length(bytes: &[u8], room: u64) -> Result<usize, Stop> {
    let length = Decoder::new(bytes).u32().map_err(|Garbled| Stop::Nothing)?;
    match length {
        0 => Err(Stop::Nothing),
        _ if (length as usize) < HEADER || u64::from(length) > room => Err(Stop::Length { length }),
        _ => Ok(length as usize),
    }
}

/// Reads the record that is exactly `bytes` and stands at `at`.
pub(super) fn decode(bytes: &[u8], at: Lsn) -> Result<Record, Stop> {
    let (record, kind) = parse_header(bytes).map_err(|Garbled| Stop::Checksum)?;
    if record.checksum != checksum_of(bytes) {
        return Err(Stop::Checksum);
    }
    if record.lsn != at {
        return Err(Stop::Misplaced { claims: record.lsn });
    }
    let body = Body::decode(kind, &bytes[HEADER..]).map_err(|Garbled| Stop::Body { kind })?;
    Ok(Record { body, ..record })
}

fn parse_header(bytes: &[u8]) -> Result<(Record, u16), Garbled> {
    let mut header = Decoder::new(bytes.get(..HEADER).ok_or(Garbled)?);
    let (length, checksum) = (header.u32()?, header.u32()?);
    let (lsn, previous) = (Lsn(header.u64()?), Lsn(header.u64()?));
    let (previous_checksum, kind) = (header.u32()?, header.u16()?);
    let writer = WriterTag { process: header.u16()?, incarnation: header.u32()? };
    header.raw(4)?;
    let epoch = header.u64()?;
    let transaction = TransactionId { client: header.u32()?, number: header.u32()? };
    let transaction = Some(transaction).filter(|id| (id.client, id.number) != (0, 0));
    let body = Body::SegmentEnd;
    Ok((Record { lsn, previous, previous_checksum, checksum, epoch, writer, transaction, body, length }, kind))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes_of(body: &Body) -> Vec<u8> {
        let mut payload = Encoder::new();
        body.encode(&mut payload);
        let stamp = Stamp {
            lsn: Lsn(4096),
            previous: Lsn(64),
            previous_checksum: 5,
            epoch: 6,
            writer: WriterTag { process: 7, incarnation: 8 },
            transaction: Some(TransactionId { client: 9, number: 10 }),
        };
        let mut bytes = Vec::new();
        encode(&mut bytes, &stamp, body.kind(), payload.as_bytes());
        bytes
    }

    fn commit() -> Body {
        Body::Commit { changes: vec![(-3, vec![]), (4, vec![1, -2, i64::MIN])] }
    }

    #[test]
    fn every_kind_is_read_as_written() {
        let own = Body::Product { kind: 256, payload: vec![1, 2, 3] };
        for body in [commit(), Body::Checkpoint { redo: Lsn(77) }, Body::SegmentEnd, own] {
            let bytes = bytes_of(&body);
            let record = decode(&bytes, Lsn(4096)).unwrap();
            assert_eq!(record.length as usize, bytes.len());
            assert_eq!((record.previous, record.previous_checksum, record.epoch), (Lsn(64), 5, 6));
            assert_eq!(record.writer, WriterTag { process: 7, incarnation: 8 });
            assert_eq!(record.transaction, Some(TransactionId { client: 9, number: 10 }));
            assert_eq!(record.body, body);
        }
    }

    #[test]
    fn a_record_elsewhere_is_not_believed() {
        assert_eq!(decode(&bytes_of(&commit()), Lsn(8192)), Err(Stop::Misplaced { claims: Lsn(4096) }));
    }

    #[test]
    fn any_flipped_bit_is_seen() {
        let good = bytes_of(&commit());
        for bit in 0..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bytes, Lsn(4096)).is_err(), "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0u16..300) {
            let _ = claimed_length(&bytes, 4096);
            let _ = decode(&bytes, Lsn(4096));
            let _ = Body::decode(kind, &bytes);
        }
    }
}
