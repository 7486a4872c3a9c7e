//! Copies of one voting disk on several devices: a majority decides.
//!
//! Source of the rule: the manual's chapter on DMASM mirrors (DCRV disks): a write succeeds only if more than half of
//! the disks took it, a read only if more than half return the same content. Neither waits for the slow rest, so one
//! device that hangs holds nobody up, not even while a write is on its way between the other two.

use std::future::poll_fn;
use std::task::Poll;

use thiserror::Error;

use super::sector::seal;
use crate::parts::area::Area;
use crate::world::device::{IoError, SharedBytes};
use crate::world::executor::LocalFuture;

/// How often copies that say different things are asked again: a write reaches one of them before the other, and takes no
/// longer than some reads.
const ROUNDS: u32 = 32;

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
        let read = |area: &Area| -> LocalFuture<Result<SharedBytes, IoError>> {
            let area = area.clone();
            Box::pin(async move { area.read(first * size, count * size).await })
        };
        let mut asked: Vec<Asked> = self.areas.iter().map(|area| Asked::now(read(area))).collect();
        for round in 1..=ROUNDS {
            match first_answers(&mut asked, self.majority(), size as usize, round == ROUNDS).await {
                Answers::Agree(bytes) => return Ok(bytes.into()),
                Answers::TooFew(good) => return Err(VotingDiskError::NoMajority { good, copies: self.areas.len() }),
                Answers::Differ => {
                    for (copy, area) in asked.iter_mut().zip(&self.areas).filter(|(copy, _)| copy.is_good()) {
                        *copy = Asked::now(read(area));
                    }
                }
            }
        }
        Err(VotingDiskError::NoMajority { good: self.majority() - 1, copies: self.areas.len() })
    }

    fn majority(&self) -> usize {
        self.areas.len() / 2 + 1
    }
}

/// A copy that is being read, or what it said last.
struct Asked {
    under_way: Option<LocalFuture<Result<SharedBytes, IoError>>>,
    said: Option<Result<SharedBytes, IoError>>,
}

impl Asked {
    fn now(read: LocalFuture<Result<SharedBytes, IoError>>) -> Self {
        Asked { under_way: Some(read), said: None }
    }

    fn is_good(&self) -> bool {
        matches!(self.said, Some(Ok(_)))
    }
}

/// What some copies say.
enum Answers {
    /// More than half give this.
    Agree(Vec<u8>),
    /// More than half give something, and not the same.
    Differ,
    /// So many give anything; the others have failed.
    TooFew(usize),
}

/// Waits until more than half of the copies have given something; with `all`, until they agree or none is left to wait for.
async fn first_answers(asked: &mut [Asked], majority: usize, sector: usize, all: bool) -> Answers {
    poll_fn(|cx| {
        for copy in asked.iter_mut() {
            if let Some(Poll::Ready(said)) = copy.under_way.as_mut().map(|read| read.as_mut().poll(cx)) {
                *copy = Asked { under_way: None, said: Some(said) };
            }
        }
        let contents: Vec<&[u8]> =
            asked.iter().filter_map(|copy| Some(&**copy.said.as_ref()?.as_ref().ok()?)).collect();
        let is_last = asked.iter().all(|copy| copy.under_way.is_none());
        match agreed(&contents, sector, majority) {
            Some(bytes) => Poll::Ready(Answers::Agree(bytes)),
            None if is_last && contents.len() < majority => Poll::Ready(Answers::TooFew(contents.len())),
            None if contents.len() >= majority && (is_last || !all) => Poll::Ready(Answers::Differ),
            None => Poll::Pending,
        }
    })
    .await
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
