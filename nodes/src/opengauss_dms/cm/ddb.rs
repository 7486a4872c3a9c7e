//! The DDB of `ddb_type = 2`: keys and values on the share disk, read and written by the primary cm_server.
//!
//! The whole content is one sealed record, written in turn to one of two places: a torn write leaves the older one.
//! Every change reads the disk anew, so that a cm_server builds on what its predecessor wrote. What
//! is in it (locks, the cluster, the status lists) is in `contents.rs`.

use std::collections::BTreeMap;

use thiserror::Error;

use super::Extent;
use super::disk_lock::COMMAND_TIMEOUT;
use super::gate::Gate;
use super::sealed;
use crate::world::device::IoError;
use crate::world::disk::Disk;
use crate::world::process::Process;

const MAGIC: [u8; 8] = *b"CMDDBKV1";

/// The room of each of the two records.
const RECORD_ROOM: u64 = 16 * 1024;

/// Where the records begin, after the disk lock.
const RECORDS_AT: u64 = 4096;

/// How long a share disk must be.
pub const SHARE_DISK_LENGTH: u64 = RECORDS_AT + 2 * RECORD_ROOM;

/// Why the DDB cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DdbError {
    /// The share disk failed.
    #[error("share disk: {0}")]
    Disk(#[from] IoError),
    /// The share disk did not answer in time.
    #[error("share disk: no answer within {} s", COMMAND_TIMEOUT.as_secs())]
    TimedOut,
    /// There are more keys and values than the share disk has room for.
    #[error("share disk: {bytes} bytes of keys and values, there is room for {RECORD_ROOM}")]
    Full {
        /// How many bytes there are.
        bytes: usize,
    },
}

/// Keys and values.
pub(super) type KeyValues = BTreeMap<String, String>;

/// The DDB, as one cm_server uses it.
pub(super) struct Ddb {
    process: Process,
    disk: Disk,
    offset: u64,
    gate: Gate,
}

impl Ddb {
    pub(super) fn open(process: &Process, share_disk: Extent) -> Self {
        let disk = process.disk(share_disk.device);
        Ddb { process: process.clone(), disk, offset: share_disk.offset + RECORDS_AT, gate: Gate::default() }
    }

    /// All keys and values.
    pub(super) async fn read(&self) -> Result<KeyValues, DdbError> {
        let _pass = self.gate.enter().await;
        self.newest().await.map(|(_, values)| values)
    }

    /// Reads all keys and values, lets `change` change them, and makes the change durable if there is one.
    pub(super) async fn change<T>(&self, change: impl FnOnce(&mut KeyValues) -> T) -> Result<T, DdbError> {
        let _pass = self.gate.enter().await;
        let (sequence, before) = self.newest().await?;
        let mut values = before.clone();
        let result = change(&mut values);
        if values != before {
            self.write(sequence + 1, &values).await?;
        }
        Ok(result)
    }

    async fn newest(&self) -> Result<(u64, KeyValues), DdbError> {
        let reading = self.disk.read(self.offset, 2 * RECORD_ROOM);
        let bytes = self.process.timeout(COMMAND_TIMEOUT, reading).await.map_err(|_| DdbError::TimedOut)??;
        let (first, second) = bytes.split_at(RECORD_ROOM as usize);
        Ok([first, second].into_iter().filter_map(decode).max_by_key(|(sequence, _)| *sequence).unwrap_or_default())
    }

    /// No time limit here: a write that was given up could still land, over a newer one.
    async fn write(&self, sequence: u64, values: &KeyValues) -> Result<(), DdbError> {
        let bytes = encode(sequence, values, self.disk.sector_size() as usize);
        if bytes.len() as u64 > RECORD_ROOM {
            return Err(DdbError::Full { bytes: bytes.len() });
        }
        let offset = self.offset + sequence % 2 * RECORD_ROOM;
        Ok(self.disk.write_through(offset, bytes).await?)
    }
}

/// The keys and values in the bytes of a share disk, for readers that come after the run.
pub fn read_share_disk(bytes: &[u8]) -> BTreeMap<String, String> {
    let record = |number: u64| {
        let begin = (RECORDS_AT + number * RECORD_ROOM) as usize;
        bytes.get(begin..begin + RECORD_ROOM as usize).and_then(decode)
    };
    [record(0), record(1)].into_iter().flatten().max_by_key(|(sequence, _)| *sequence).unwrap_or_default().1
}

fn encode(sequence: u64, values: &KeyValues, unit: usize) -> Vec<u8> {
    let mut payload = sequence.to_le_bytes().to_vec();
    for (key, value) in values {
        for text in [key, value] {
            payload.extend_from_slice(&(text.len() as u32).to_le_bytes());
            payload.extend_from_slice(text.as_bytes());
        }
    }
    sealed::seal(MAGIC, &payload, unit)
}

fn decode(bytes: &[u8]) -> Option<(u64, KeyValues)> {
    let (sequence, mut rest) = sealed::take_number(sealed::open(MAGIC, bytes)?)?;
    let mut values = KeyValues::new();
    while !rest.is_empty() {
        let (key, after) = take_text(rest)?;
        let (value, after) = take_text(after)?;
        values.insert(key, value);
        rest = after;
    }
    Some((sequence, values))
}

fn take_text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some((String::from_utf8(text.to_vec()).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> KeyValues {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn keys_and_values_come_back() {
        for written in [values(&[]), values(&[("/omm/a", "6001"), ("/omm/b", "")])] {
            assert_eq!(decode(&encode(9, &written, 512)), Some((9, written)));
        }
    }

    #[test]
    fn the_newest_sound_record_counts() {
        let mut disk = vec![0; SHARE_DISK_LENGTH as usize];
        let mut put = |number: usize, bytes: Vec<u8>| {
            let begin = RECORDS_AT as usize + number * RECORD_ROOM as usize;
            disk[begin..begin + bytes.len()].copy_from_slice(&bytes);
            read_share_disk(&disk)
        };
        assert_eq!(put(0, encode(2, &values(&[("a", "old")]), 512)), values(&[("a", "old")]));
        assert_eq!(put(1, encode(3, &values(&[("a", "new")]), 512)), values(&[("a", "new")]));
        let mut torn = encode(5, &values(&[("a", "torn")]), 512);
        torn[20] ^= 1;
        assert_eq!(put(1, torn), values(&[("a", "old")]));
    }
}
