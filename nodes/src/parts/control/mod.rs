//! A control page in two copies: small, rarely written, and the one thing a database cannot start without.
//!
//! The backup is written first and the main copy second, each durable before the next step, so that a crash damages
//! at most one of them. A reader takes the main copy, and the backup if the main copy cannot be believed; if neither
//! can, that is an error with a name, never an empty page.
//!
//! It does not lock: two processes that write it at once leave either page, or one in each copy.
//!
//! Products differ in two habits, which are [`Habits`]: whether a main copy that the device cannot read sends the
//! reader to the backup, and how a write is made durable.
//!
//! # Format
//!
//! Two copies of 4096 bytes: the main copy at byte 0 of the area, the backup at byte 4096, unless a product keeps them
//! elsewhere ([`ControlFile::in_places`]). Integers are little-endian.
//!
//! | offset | size | what |
//! |---|---|---|
//! | 0 | 8 | magic: `SIMRCTL1` |
//! | 8 | 4 | CRC32C of bytes 12 to 4096 |
//! | 12 | 4 | length of the payload, at most 4064 |
//! | 16 | 8 | system id |
//! | 24 | 8 | version: one more with each write |
//! | 32 | | payload, then zeros |

use thiserror::Error;

use crate::parts::area::Area;
use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::world::device::IoError;

const MAGIC: [u8; 8] = *b"SIMRCTL1";
const COPY: u64 = 4096;
const HEADER: usize = 32;
/// Where the bytes begin that the checksum covers.
const CHECKED: usize = 12;

/// Bytes a control page needs on its device.
pub const CONTROL_LENGTH: u64 = 2 * COPY;
/// Bytes of one copy.
pub const COPY_LENGTH: u64 = COPY;
/// The longest payload.
pub const LONGEST_PAYLOAD: usize = COPY as usize - HEADER;

/// When a reader takes the backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FallBack {
    /// Whenever the main copy cannot be believed, whatever is wrong with it.
    Always,
    /// When the main copy was read and is damaged. An error of the device is an error: such a reader checks a checksum
    /// and not its reads.
    OnDamage,
}

/// How a write becomes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// Each copy is written and then the device flushed.
    ByFlush,
    /// Each copy is written past the device's volatile cache.
    ByWritingThrough,
}

/// How a product handles its control page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// When it reads the backup.
    pub fall_back: FallBack,
    /// How its writes become durable.
    pub durable: Durable,
}

impl Default for Habits {
    /// Those that lose least.
    fn default() -> Self {
        Habits { fall_back: FallBack::Always, durable: Durable::ByFlush }
    }
}

/// A control page on a device, as one process reaches it.
#[derive(Clone)]
pub struct ControlFile {
    area: Area,
    /// Where the main copy and the backup begin.
    main: u64,
    backup: u64,
    system: u64,
    habits: Habits,
}

/// What a control page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlPage {
    /// One more with each write.
    pub version: u64,
    /// What its owner put there.
    pub payload: Vec<u8>,
}

/// Which copy was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// The main copy.
    Main,
    /// The backup, because the main copy could not be believed.
    Backup,
}

/// Why one copy cannot be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CopyProblem {
    /// Nothing was ever written there.
    #[error("never written")]
    Blank,
    /// The checksum does not match.
    #[error("damaged")]
    Damaged,
    /// It belongs to another database.
    #[error("of system {found}")]
    OtherSystem {
        /// The id in the copy.
        found: u64,
    },
    /// The device could not read it.
    #[error("unreadable: {0}")]
    Unreadable(IoError),
}

/// Why a control page cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ControlError {
    /// Neither copy can be believed.
    #[error("both copies of the control page are lost (main {main}, backup {backup}): restore it from a backup")]
    BothLost {
        /// What is wrong with the main copy.
        main: CopyProblem,
        /// What is wrong with the backup.
        backup: CopyProblem,
    },
    /// The payload is too long.
    #[error("{length} bytes do not fit into a control page, the most are {LONGEST_PAYLOAD}")]
    TooLong {
        /// Its length.
        length: usize,
    },
    /// The device could not read the main copy, and this reader looks no further.
    #[error("the control page cannot be read: {0}")]
    Unreadable(IoError),
    /// The device could not write. Either page may be found from now on.
    #[error("the control page cannot be written: {0}")]
    Failed(#[from] IoError),
}

impl ControlFile {
    /// The control page of the database `system` at the beginning of `area`.
    pub fn new(area: Area, system: u64) -> Self {
        ControlFile::in_places(area, [0, COPY], system)
    }

    /// The control page of the database `system` whose main copy and backup begin at these bytes of `area`.
    pub fn in_places(area: Area, [main, backup]: [u64; 2], system: u64) -> Self {
        ControlFile { area, main, backup, system, habits: Habits::default() }
    }

    /// The same page, handled otherwise.
    pub fn with_habits(self, habits: Habits) -> Self {
        ControlFile { habits, ..self }
    }

    /// Reads the page; `None` if none was ever written.
    ///
    /// # Errors
    /// [`ControlError::BothLost`] if neither copy can be believed, [`ControlError::Unreadable`] if the device fails and
    /// the reader falls back on damage only.
    pub async fn read(&self) -> Result<Option<(ControlPage, Copy)>, ControlError> {
        let main = match self.read_copy(self.main).await {
            Ok(page) => return Ok(Some((page, Copy::Main))),
            Err(CopyProblem::Unreadable(error)) if self.habits.fall_back == FallBack::OnDamage => {
                return Err(ControlError::Unreadable(error));
            }
            Err(problem) => problem,
        };
        match self.read_copy(self.backup).await {
            Ok(page) => Ok(Some((page, Copy::Backup))),
            Err(CopyProblem::Blank) if main == CopyProblem::Blank => Ok(None),
            Err(backup) => Err(ControlError::BothLost { main, backup }),
        }
    }

    /// Writes the page, the backup first; durable when this returns.
    ///
    /// # Errors
    /// [`ControlError::Failed`] if the device fails, [`ControlError::TooLong`] if the payload does not fit.
    pub async fn write(&self, page: &ControlPage) -> Result<(), ControlError> {
        let bytes = encode(page, self.system)?;
        for copy in [self.backup, self.main] {
            match self.habits.durable {
                Durable::ByFlush => {
                    self.area.write(copy, bytes.clone()).await?;
                    self.area.flush().await?;
                }
                Durable::ByWritingThrough => self.area.write_through(copy, bytes.clone()).await?,
            }
        }
        Ok(())
    }

    async fn read_copy(&self, offset: u64) -> Result<ControlPage, CopyProblem> {
        let bytes = self.area.read(offset, COPY).await.map_err(CopyProblem::Unreadable)?;
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(CopyProblem::Blank);
        }
        let (page, system) = decode(&bytes).map_err(|Garbled| CopyProblem::Damaged)?;
        if system == self.system { Ok(page) } else { Err(CopyProblem::OtherSystem { found: system }) }
    }
}

/// Both copies of a page as they lie in its area, to be put on a device before a run.
///
/// # Errors
/// [`ControlError::TooLong`] if the payload does not fit.
pub fn encode_copies(page: &ControlPage, system: u64) -> Result<Vec<u8>, ControlError> {
    encode(page, system).map(|copy| copy.repeat(2))
}

fn encode(page: &ControlPage, system: u64) -> Result<Vec<u8>, ControlError> {
    let length = page.payload.len();
    if length > LONGEST_PAYLOAD {
        return Err(ControlError::TooLong { length });
    }
    let mut checked = Encoder::new();
    checked.u32(length as u32).u64(system).u64(page.version).raw(&page.payload);
    checked.zeros_to(COPY as usize - CHECKED);
    let mut copy = Encoder::new();
    copy.raw(&MAGIC).u32(crc32c::crc32c(checked.as_bytes())).raw(checked.as_bytes());
    Ok(copy.into_bytes())
}

/// The page in a copy, and the system it belongs to.
fn decode(bytes: &[u8]) -> Result<(ControlPage, u64), Garbled> {
    let mut copy = Decoder::new(bytes);
    let magic_matches = copy.raw(MAGIC.len())? == MAGIC;
    let checksum_matches = copy.u32()? == crc32c::crc32c(copy.rest());
    if !magic_matches || !checksum_matches {
        return Err(Garbled);
    }
    let length = copy.u32()?;
    let (system, version) = (copy.u64()?, copy.u64()?);
    let payload = copy.raw(length as usize)?.to_vec();
    Ok((ControlPage { version, payload }, system))
}

#[cfg(test)]
mod tests;
