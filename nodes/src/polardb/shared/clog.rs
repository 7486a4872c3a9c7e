//! CLOG (`pg_xact`): two bits a transaction, in pages of 8 KiB without a checksum.
//!
//! The writer keeps the pages in memory and writes them back at a checkpoint. A replica has a private copy, made from
//! the shared one when it starts and kept up by replay; promote copies it over the shared one.

use crate::world::device::IoError;

use super::Storage;

const PAGE: u64 = 8192;
const PAGES: u64 = 4;
const STATES_A_BYTE: u64 = 4;

/// Bytes on the disk.
pub(super) const LENGTH: u64 = PAGES * PAGE;

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::polardb) enum Status {
    /// It is under way, or its server died under it.
    InProgress,
    /// It is committed.
    Committed,
    /// It was rolled back.
    Aborted,
}

impl Status {
    /// As `pg_xact_status` says it.
    pub(in crate::polardb) fn name(self) -> &'static str {
        match self {
            Status::InProgress => "in progress",
            Status::Committed => "committed",
            Status::Aborted => "aborted",
        }
    }
}

/// The states of all transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::polardb) struct Clog {
    bytes: Vec<u8>,
}

impl Default for Clog {
    fn default() -> Self {
        Clog { bytes: vec![0; LENGTH as usize] }
    }
}

impl Clog {
    /// As bytes.
    pub(in crate::polardb) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What became of a transaction.
    pub(in crate::polardb) fn status(&self, xid: u64) -> Status {
        let (byte, shift) = place(xid);
        match self.bytes[byte] >> shift & 3 {
            1 => Status::Committed,
            2 => Status::Aborted,
            _ => Status::InProgress,
        }
    }

    /// Notes what became of a transaction.
    pub(in crate::polardb) fn set(&mut self, xid: u64, status: Status) {
        let (byte, shift) = place(xid);
        let bits = match status {
            Status::InProgress => 0,
            Status::Committed => 1,
            Status::Aborted => 2,
        };
        self.bytes[byte] = self.bytes[byte] & !(3 << shift) | bits << shift;
    }

    /// The pages that hold a state of a transaction below `next_xid`.
    fn used_pages(next_xid: u64) -> u64 {
        (next_xid / (PAGE * STATES_A_BYTE) + 1).min(PAGES)
    }
}

/// Transaction numbers wrap around, as in life, only much earlier.
fn place(xid: u64) -> (usize, u64) {
    let xid = xid % (LENGTH * STATES_A_BYTE);
    ((xid / STATES_A_BYTE) as usize, xid % STATES_A_BYTE * 2)
}

impl Storage {
    /// Reads the shared CLOG.
    pub(in crate::polardb) async fn read_clog(&self) -> Result<Clog, IoError> {
        Ok(Clog { bytes: self.clog.read(0, LENGTH).await?.to_vec() })
    }

    /// Writes the pages in use over the shared ones.
    pub(in crate::polardb) async fn write_clog(&self, clog: &Clog, next_xid: u64) -> Result<(), IoError> {
        for page in 0..Clog::used_pages(next_xid) {
            let from = (page * PAGE) as usize;
            self.clog.write(page * PAGE, clog.bytes[from..from + PAGE as usize].to_vec()).await?;
        }
        self.clog.flush().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_a_byte_do_not_disturb_each_other() {
        let mut clog = Clog::default();
        clog.set(4, Status::Committed);
        clog.set(5, Status::Aborted);
        clog.set(6, Status::Committed);
        clog.set(4, Status::Aborted);
        let states = [3, 4, 5, 6, 7].map(|xid| clog.status(xid));
        use Status::{Aborted, Committed, InProgress};
        assert_eq!(states, [InProgress, Aborted, Aborted, Committed, InProgress]);
    }

    #[test]
    fn only_pages_in_use_are_written() {
        assert_eq!(Clog::used_pages(3), 1);
        assert_eq!(Clog::used_pages(32_768), 2);
        assert_eq!(Clog::used_pages(u64::MAX), PAGES);
    }
}
