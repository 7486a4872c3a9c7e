//! One sector of a voting disk, as values and as bytes.

use crate::parts::encoding::{Decoder, Encoder, Garbled};

/// `VTD1`.
const MAGIC: u32 = 0x3144_5456;

/// What a member says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// Which life of the member; 0 if it never lived.
    pub guid: u64,
    /// The heartbeat: rises with each write.
    pub counter: u64,
    /// Its status, a number of the product.
    pub status: u8,
    /// The sequence number of the last command it finished; 0 for none.
    pub done: u64,
    /// How that command ended, a number of the product; 0 for well.
    pub result: u8,
    /// Whatever else the product says there.
    pub notes: Vec<u8>,
}

/// A command to a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// Which life of the member is meant; 0 for nobody.
    pub guid: u64,
    /// What it must do, a number of the product.
    pub command: u8,
    /// The number it answers with; 0 if no answer is wanted.
    pub sequence: u64,
    /// Whatever else the product says there.
    pub arguments: Vec<u8>,
}

impl Slot {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut content = Encoder::new();
        content.u64(self.guid).u64(self.counter).u8(self.status).u64(self.done).u8(self.result).raw(&self.notes);
        content.into_bytes()
    }

    /// Reads a sector; an empty slot if nothing good is there.
    pub fn decode(sector: &[u8]) -> Self {
        let read = |content: &[u8]| -> Result<Slot, Garbled> {
            let mut content = Decoder::new(content);
            Ok(Slot {
                guid: content.u64()?,
                counter: content.u64()?,
                status: content.u8()?,
                done: content.u64()?,
                result: content.u8()?,
                notes: content.rest().to_vec(),
            })
        };
        open(sector).and_then(|content| read(content).ok()).unwrap_or_default()
    }
}

impl Mail {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut content = Encoder::new();
        content.u64(self.guid).u8(self.command).u64(self.sequence).raw(&self.arguments);
        content.into_bytes()
    }

    /// Reads a sector; an empty mailbox if nothing good is there.
    pub fn decode(sector: &[u8]) -> Self {
        let read = |content: &[u8]| -> Result<Mail, Garbled> {
            let mut content = Decoder::new(content);
            Ok(Mail {
                guid: content.u64()?,
                command: content.u8()?,
                sequence: content.u64()?,
                arguments: content.rest().to_vec(),
            })
        };
        open(sector).and_then(|content| read(content).ok()).unwrap_or_default()
    }
}

/// Content as the bytes of a sector.
///
/// # Panics
/// If the content does not fit its sector: that is a mistake of the product's layout, never of its input.
pub fn seal(content: &[u8], sector: usize) -> Vec<u8> {
    assert!(content.len() + 10 <= sector, "{} bytes of content do not fit a sector of {sector}", content.len());
    let mut sealed = Encoder::new();
    sealed.u32(MAGIC).u32(crc32c::crc32c(content)).u16(content.len() as u16).raw(content);
    sealed.zeros_to(sector);
    sealed.into_bytes()
}

/// The content of a sector; `None` if nothing good is there.
pub fn open(sector: &[u8]) -> Option<&[u8]> {
    let mut sealed = Decoder::new(sector);
    let (magic, checksum) = (sealed.u32().ok()?, sealed.u32().ok()?);
    let length = sealed.u16().ok()?;
    let content = sealed.raw(usize::from(length)).ok()?;
    let is_padded = sealed.rest().iter().all(|byte| *byte == 0);
    (magic == MAGIC && checksum == crc32c::crc32c(content) && is_padded).then_some(content)
}
