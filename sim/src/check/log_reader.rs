//! A reader of write-ahead logs that shares no code with the writer: it follows the format's written description
//! (module doc of `nodes::parts::wal`) on the bytes a device holds at the end of a run.

use std::collections::BTreeMap;

use nodes::product::Region;
use nodes::world::device::{Image, SectorRange};
use reports::{Sentence, sentence};

/// Whatever holds sectors: a device at the end of a run, or as it was at a moment.
pub trait Sectors {
    /// Bytes per sector.
    fn sector_size(&self) -> u64;
    /// The bytes of a range; `None` if one of them cannot be read.
    fn sectors(&self, range: SectorRange) -> Option<Vec<u8>>;
}

impl Sectors for Image {
    fn sector_size(&self) -> u64 {
        Image::sector_size(self)
    }

    fn sectors(&self, range: SectorRange) -> Option<Vec<u8>> {
        self.read(range).ok().map(|bytes| bytes.to_vec())
    }
}

/// What one record says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogRecord {
    /// Its position in the log.
    pub position: u64,
    /// Its checksum, which covers the one of the record before: it stands for the whole history up to here.
    pub checksum: u32,
    /// Position and checksum of the record before; zeros for the first of the log.
    pub previous: (u64, u32),
    /// Its kind, as the format numbers them.
    pub kind: u16,
    /// Its length in bytes, without the padding behind it.
    pub length: u64,
    /// The process that wrote it, by number.
    pub process: u16,
    /// Which life of it.
    pub incarnation: u32,
    /// The reign it was written under.
    pub epoch: u64,
    /// Its transaction: the client and the client's count; both 0 for none.
    pub transaction: (u32, u32),
    /// Whether it is a commit.
    pub commit: bool,
}

/// A log as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadLog {
    /// The records, in order.
    pub records: Vec<LogRecord>,
    /// Where the next record would be.
    pub end: u64,
    /// Why reading ended.
    pub stopped: Sentence,
}

const HEADER_BLOCK: u64 = 4096;
/// The smallest segment of a log that forgets segments.
const LEAST_SEGMENT: u64 = 1 << 16;
const RECORD_HEADER: u64 = 56;
const COMMIT: u16 = 1;
const SEGMENT_END: u16 = 3;

/// Reads the log in a region, from its oldest segment on. `None` if nothing was ever written there.
pub fn read(image: &dyn Sectors, region: &Region) -> Option<ReadLog> {
    let bytes = Bytes { image, offset: region.offset, length: region.length };
    let segment_size = bytes.segment_size()?;
    let segments = region.length / segment_size;
    let headers: BTreeMap<u64, u64> = (0..segments)
        .filter_map(|place| bytes.header(place * segment_size).map(|number| (number, place)))
        .filter(|(number, place)| number % segments == *place)
        .collect();
    let newest = *headers.keys().next_back()?;
    let mut oldest = newest;
    while oldest > 0 && headers.contains_key(&(oldest - 1)) {
        oldest -= 1;
    }
    Some(bytes.follow(segment_size, segments, oldest, &headers))
}

/// The segment size of the log in a region. `None` if nothing was ever written there.
pub fn segment_size(image: &dyn Sectors, region: &Region) -> Option<u64> {
    Bytes { image, offset: region.offset, length: region.length }.segment_size()
}

/// The records of the one segment at a place, counted from 0; `None` if there is no valid header.
pub fn read_segment(image: &dyn Sectors, region: &Region, place: u64) -> Option<Vec<LogRecord>> {
    let bytes = Bytes { image, offset: region.offset, length: region.length };
    let segment_size = bytes.segment_size()?;
    let number = bytes.header(place * segment_size)?;
    let only = BTreeMap::from([(number, place)]);
    Some(bytes.follow(segment_size, region.length / segment_size, number, &only).records)
}

/// The payload of a record of the log in a region.
pub fn payload(image: &dyn Sectors, region: &Region, record: &LogRecord) -> Option<Vec<u8>> {
    let around = region.length - region.length % segment_size(image, region)?;
    bytes(image, region, record.position % around + RECORD_HEADER, record.length.checked_sub(RECORD_HEADER)?)
}

/// Some bytes of a region, counted from its start; `None` beyond its end.
pub fn bytes(image: &dyn Sectors, region: &Region, offset: u64, length: u64) -> Option<Vec<u8>> {
    Bytes { image, offset: region.offset, length: region.length }.at(offset, length)
}

/// The rows that a commit leaves, by key. `None` if the record is no commit, or cannot be read again.
pub fn rows(image: &Image, region: &Region, record: &LogRecord) -> Option<Vec<(i64, Vec<i64>)>> {
    let bytes = Bytes { image, offset: region.offset, length: region.length };
    let segment_size = bytes.segment_size()?;
    let place = record.position % (region.length / segment_size * segment_size);
    let head = bytes.at(place, RECORD_HEADER).filter(|_| record.commit)?;
    let length = u64::from(Bytes::half(&head, 0)?).checked_sub(RECORD_HEADER)?;
    let payload = bytes.at(place + RECORD_HEADER, length)?;
    let mut rest = payload.as_slice();
    let count = varint(&mut rest)?;
    (0..count)
        .map(|_| {
            let key = signed(&mut rest)?;
            let length = varint(&mut rest)?;
            Some((key, (0..length).map(|_| signed(&mut rest)).collect::<Option<_>>()?))
        })
        .collect()
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, left) = rest.split_first()?;
        *rest = left;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn signed(rest: &mut &[u8]) -> Option<i64> {
    let zigzag = varint(rest)?;
    Some((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
}

/// The bytes of a region.
struct Bytes<'a> {
    image: &'a dyn Sectors,
    offset: u64,
    length: u64,
}

impl Bytes<'_> {
    fn at(&self, offset: u64, length: u64) -> Option<Vec<u8>> {
        if offset + length > self.length {
            return None;
        }
        let sector = self.image.sector_size();
        let first = (self.offset + offset) / sector;
        let end = (self.offset + offset + length).div_ceil(sector);
        let read = self.image.sectors(SectorRange::new(first, end - first))?;
        let skip = (self.offset + offset - first * sector) as usize;
        read.get(skip..skip + length as usize).map(<[u8]>::to_vec)
    }

    fn word(bytes: &[u8], at: usize) -> Option<u64> {
        Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
    }

    fn half(bytes: &[u8], at: usize) -> Option<u32> {
        Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
    }

    fn short(bytes: &[u8], at: usize) -> Option<u16> {
        Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
    }

    /// A valid segment header at a place: its fields.
    fn header_block(&self, place: u64) -> Option<Vec<u8>> {
        let block = self.at(place, 64)?;
        let sound = block.starts_with(b"SIMRWAL1") && Self::half(&block, 60)? == crc32c::crc32c(&block[..60]);
        sound.then_some(block)
    }

    fn header(&self, place: u64) -> Option<u64> {
        Self::word(&self.header_block(place)?, 16)
    }

    /// The segment size, from the first valid header that can be found.
    fn segment_size(&self) -> Option<u64> {
        let step = HEADER_BLOCK;
        let mut place = 0;
        while place < self.length {
            if let Some(block) = self.header_block(place) {
                return Self::word(&block, 24);
            }
            place = (place * 2).max(step);
        }
        // A log whose oldest segments are gone has none of these: look at every smallest segment.
        (0..self.length / LEAST_SEGMENT).find_map(|number| {
            let block = self.header_block(number * LEAST_SEGMENT)?;
            Self::word(&block, 24)
        })
    }

    fn follow(&self, segment_size: u64, segments: u64, oldest: u64, headers: &BTreeMap<u64, u64>) -> ReadLog {
        let mut log =
            ReadLog { records: Vec::new(), end: oldest * segment_size + HEADER_BLOCK, stopped: Sentence::default() };
        // Position and checksum of the record before; unknown before the first one of a log that was cut at its front.
        let mut before = (oldest == 0).then_some((0u64, 0u32));
        loop {
            let segment = log.end / segment_size;
            if !headers.contains_key(&segment) {
                log.stopped = sentence!("segment {segment} has no valid header", "日志段 {segment} 没有有效段头");
                return log;
            }
            let place = log.end % (segments * segment_size);
            let left = segment_size - log.end % segment_size;
            match self.record(place, left, log.end, before) {
                Ok((record, checksum, length, kind)) => {
                    before = Some((log.end, checksum));
                    let next = (log.end + length).next_multiple_of(8);
                    let segment_over = kind == SEGMENT_END
                        || (segment + 1) * segment_size - next.min((segment + 1) * segment_size) < RECORD_HEADER;
                    log.end = if segment_over { (segment + 1) * segment_size + HEADER_BLOCK } else { next };
                    log.records.push(record);
                }
                Err(reason) => {
                    log.stopped = reason;
                    return log;
                }
            }
        }
    }

    fn record(
        &self,
        place: u64,
        left: u64,
        position: u64,
        before: Option<(u64, u32)>,
    ) -> Result<(LogRecord, u32, u64, u16), Sentence> {
        let unreadable = || sentence!("position {position} cannot be read", "位置 {position} 无法读取");
        let head = self.at(place, RECORD_HEADER).ok_or_else(unreadable)?;
        let length = u64::from(Self::half(&head, 0).ok_or_else(unreadable)?);
        if length == 0 {
            return Err(("end", "末尾").into());
        }
        if length < RECORD_HEADER || length > left {
            return Err(sentence!(
                "the record at {position} has an impossible length of {length}",
                "位于 {position} 的记录长度 {length} 不合理"
            ));
        }
        let bytes = self.at(place, length).ok_or_else(unreadable)?;
        let checksum = Self::half(&bytes, 4).ok_or_else(unreadable)?;
        if crc32c::crc32c_append(crc32c::crc32c(&bytes[..4]), &bytes[8..]) != checksum {
            return Err(sentence!("the record at {position} has a wrong checksum", "位于 {position} 的记录校验和错误"));
        }
        let own = Self::word(&bytes, 8).ok_or_else(unreadable)?;
        let chain = (Self::word(&bytes, 16).ok_or_else(unreadable)?, Self::half(&bytes, 24).ok_or_else(unreadable)?);
        if own != position || before.is_some_and(|before| before != chain) {
            return Err(sentence!(
                "the record at {position} does not follow the one before it",
                "位于 {position} 的记录与前一条不衔接"
            ));
        }
        let kind = Self::short(&bytes, 28).ok_or_else(unreadable)?;
        let record = LogRecord {
            position,
            checksum,
            previous: chain,
            kind,
            length,
            process: Self::short(&bytes, 30).ok_or_else(unreadable)?,
            incarnation: Self::half(&bytes, 32).ok_or_else(unreadable)?,
            epoch: Self::word(&bytes, 40).ok_or_else(unreadable)?,
            transaction: (
                Self::half(&bytes, 48).ok_or_else(unreadable)?,
                Self::half(&bytes, 52).ok_or_else(unreadable)?,
            ),
            commit: kind == COMMIT,
        };
        Ok((record, checksum, length, kind))
    }
}
