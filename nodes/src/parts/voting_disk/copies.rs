//! Copies of one voting disk on several devices: a majority decides.
//!
//! Source of the rule: the manual's chapter on DMASM mirrors (DCRV disks): a write succeeds only if more than half of
//! the disks took it, a read only if more than half return the same content. Neither waits for the slow rest, so one
//! device that hangs holds nobody up.

use std::future::poll_fn;
use std::task::Poll;

use thiserror::Error;

use super::sector::seal;
use crate::parts::area::Area;
use crate::world::device::{IoError, SharedBytes};
use crate::world::executor::LocalFuture;

/// How often a read is repeated while writes are on their way to the copies.
const TRIES: u32 = 4;

/// Why a voting disk cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum VotingDiskError {
    /// The one device failed.
    #[error(transparent)]
    Device(#[from] IoError),
    /// Too few of the copies took the write, or gave the same content.
    #[error("{good} of {copies} voting disks answered alike, more than half are needed: mend the others")]
    NoMajority {
        /// How many did.
        good: usize,
        /// How many there are.
        copies: usize,
    },
}

/// One or more areas that hold the same sectors.
#[derive(Clone)]
pub struct Copies {
    areas: Vec<Area>,
}

impl Copies {
    /// The copies in some areas.
    ///
    /// # Panics
    /// If there is none.
    pub fn new(areas: Vec<Area>) -> Self {
        assert!(!areas.is_empty(), "a voting disk needs a device");
        Copies { areas }
    }

    /// Bytes per sector.
    pub fn sector_size(&self) -> u64 {
        self.areas[0].sector_size()
    }

    /// Stamps further requests with the reign they are written under.
    pub fn set_epoch(&self, epoch: u64) {
        self.areas.iter().for_each(|area| area.disk().set_epoch(epoch));
    }

    /// Writes content into a sector, past every cache.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn write(&self, sector: u64, content: &[u8]) -> Result<(), VotingDiskError> {
        let size = self.sector_size();
        let bytes = seal(content, size as usize);
        if let [area] = self.areas.as_slice() {
            return Ok(area.write_through(sector * size, bytes).await?);
        }
        let write = |area: &Area| -> LocalFuture<Result<(), IoError>> {
            let (area, bytes) = (area.clone(), bytes.clone());
            Box::pin(async move { area.write_through(sector * size, bytes).await })
        };
        let majority = self.majority();
        side_by_side(self.areas.iter().map(write).collect(), |done| {
            (done.iter().filter(|done| done.is_ok()).count() >= majority).then_some(())
        })
        .await
        .map_err(|good| VotingDiskError::NoMajority { good, copies: self.areas.len() })
    }

    /// Reads sectors.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn read(&self, first: u64, count: u64) -> Result<SharedBytes, VotingDiskError> {
        let size = self.sector_size();
        if let [area] = self.areas.as_slice() {
            return Ok(area.read(first * size, count * size).await?);
        }
        let mut good = 0;
        for _ in 0..TRIES {
            let read = |area: &Area| -> LocalFuture<Result<SharedBytes, IoError>> {
                let area = area.clone();
                Box::pin(async move { area.read(first * size, count * size).await })
            };
            let majority = self.majority();
            let agreed = |done: &[Result<SharedBytes, IoError>]| {
                let contents: Vec<&[u8]> = done.iter().flatten().map(|bytes| &**bytes).collect();
                agreed(&contents, size as usize, majority)
            };
            match side_by_side(self.areas.iter().map(read).collect(), agreed).await {
                Ok(bytes) => return Ok(bytes.into()),
                Err(answered) if answered < majority => {
                    return Err(VotingDiskError::NoMajority { good: answered, copies: self.areas.len() });
                }
                Err(answered) => good = answered,
            }
        }
        Err(VotingDiskError::NoMajority { good: good.min(self.majority() - 1), copies: self.areas.len() })
    }

    fn majority(&self) -> usize {
        self.areas.len() / 2 + 1
    }
}

/// The bytes of which every sector is the same in at least `majority` contents.
pub(super) fn agreed(contents: &[&[u8]], sector: usize, majority: usize) -> Option<Vec<u8>> {
    let length = contents.first()?.len();
    let mut bytes = Vec::with_capacity(length);
    for start in (0..length).step_by(sector) {
        let parts: Vec<&[u8]> = contents.iter().filter_map(|content| content.get(start..start + sector)).collect();
        let alike = |part: &&&[u8]| parts.iter().filter(|other| other == part).count() >= majority;
        bytes.extend_from_slice(parts.iter().find(alike)?);
    }
    Some(bytes)
}

/// Runs requests side by side until what is done is enough; how many succeeded if it never is.
async fn side_by_side<T, R>(
    requests: Vec<LocalFuture<Result<T, IoError>>>,
    enough: impl Fn(&[Result<T, IoError>]) -> Option<R>,
) -> Result<R, usize> {
    let mut waiting: Vec<Option<LocalFuture<Result<T, IoError>>>> = requests.into_iter().map(Some).collect();
    let mut done = Vec::new();
    poll_fn(move |cx| {
        for place in &mut waiting {
            let ended = place.as_mut().map(|request| request.as_mut().poll(cx));
            if let Some(Poll::Ready(result)) = ended {
                *place = None;
                done.push(result);
            }
        }
        match enough(&done) {
            Some(found) => Poll::Ready(Ok(found)),
            None if waiting.iter().all(Option::is_none) => {
                Poll::Ready(Err(done.iter().filter(|done| done.is_ok()).count()))
            }
            None => Poll::Pending,
        }
    })
    .await
}
