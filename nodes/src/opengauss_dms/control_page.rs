//! `pg_control`, page 64: the control page of the reformer, in two copies on the shared device.
//!
//! The backup is written first, then the main copy, both past the cache. A reader that finds the checksum of the main
//! copy wrong takes the backup and gives up if that is damaged too; an error of the device is not looked past
//! (`OGS: src/gausskernel/ddes/adapter/ss_reform_common.cpp`).

use thiserror::Error;

use crate::parts::area::Area;
use crate::parts::control::{self, COPY_LENGTH, ControlError, ControlFile, Durable, FallBack, Habits};
use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::world::disk::Disk;

use super::messages::InstanceId;
use super::plan::{Configuration, SYSTEM_ID};
use super::reform::Bitmap;

/// What is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlPage {
    /// Goes up with every write.
    pub version: u64,
    /// The members of the last finished round.
    pub list_stable: Bitmap,
    /// The primary; `None` before the first one.
    pub primary: Option<InstanceId>,
}

impl Default for ControlPage {
    /// A freshly initialised cluster: instance 0 was made by `gs_initdb` and no round has been done.
    fn default() -> Self {
        ControlPage { version: 0, list_stable: Bitmap::default(), primary: Some(0) }
    }
}

/// Why the control page cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ControlPageError {
    /// The copies or the device.
    #[error(transparent)]
    Page(#[from] ControlError),
    /// A sound page says what no control page says.
    #[error("the control page is of another release: {0}")]
    Foreign(#[from] Garbled),
}

/// What is written where nobody is primary.
const NOBODY: u64 = u64::MAX;

/// Where the main copy and the backup begin.
pub(super) const COPIES: [u64; 2] = [COPY_LENGTH, 0];

fn file(disk: &Disk, configuration: &Configuration) -> ControlFile {
    let region = &configuration.layout.control;
    ControlFile::in_places(Area::new(disk.clone(), region.offset, region.length), COPIES, SYSTEM_ID)
        .with_habits(Habits { fall_back: FallBack::OnDamage, durable: Durable::ByWritingThrough })
}

fn encode(page: &ControlPage) -> control::ControlPage {
    let mut payload = Encoder::new();
    payload.u64(page.list_stable.0).u64(page.primary.map_or(NOBODY, u64::from));
    control::ControlPage { version: page.version, payload: payload.into_bytes() }
}

fn decode(page: &control::ControlPage) -> Result<ControlPage, Garbled> {
    let mut payload = Decoder::new(&page.payload);
    let (list_stable, primary) = (Bitmap(payload.u64()?), payload.u64()?);
    let primary = match primary {
        NOBODY => None,
        number => Some(InstanceId::try_from(number).map_err(|_| Garbled)?),
    };
    Ok(ControlPage { version: page.version, list_stable, primary })
}

/// Reads the page, from the backup if the main copy is damaged.
///
/// # Errors
/// [`ControlPageError`] if the device fails or both copies are damaged.
pub async fn read(disk: &Disk, configuration: &Configuration) -> Result<ControlPage, ControlPageError> {
    match file(disk, configuration).read().await? {
        Some((page, _)) => Ok(decode(&page)?),
        None => Ok(ControlPage::default()),
    }
}

/// Writes the page, the backup first; it is durable when this returns.
///
/// # Errors
/// [`ControlPageError::Page`] if the device fails.
pub async fn write(disk: &Disk, configuration: &Configuration, page: &ControlPage) -> Result<(), ControlPageError> {
    Ok(file(disk, configuration).write(&encode(page)).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_survives_its_bytes_and_a_foreign_one_is_refused() {
        let page = ControlPage { version: 7, list_stable: Bitmap(0b110), primary: Some(1) };
        assert_eq!(decode(&encode(&page)), Ok(page));
        let nobody = ControlPage { primary: None, ..page };
        assert_eq!(decode(&encode(&nobody)), Ok(nobody));
        let mut short = encode(&page);
        short.payload.truncate(12);
        assert_eq!(decode(&short), Err(Garbled));
        let mut far = Encoder::new();
        far.u64(1).u64(1 << 40);
        assert_eq!(decode(&control::ControlPage { version: 1, payload: far.into_bytes() }), Err(Garbled));
    }
}
