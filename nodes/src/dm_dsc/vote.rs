//! The voting disk and the registry: what they hold, and where.
//!
//! The manual says what is on them, not at which byte; the layout is the model's own. One sector holds one thing with
//! one writer, so that a torn write can spoil only that:
//!
//! | sector | what | writer |
//! |---|---|---|
//! | 0 | nothing | |
//! | 1 to 3 | the record of group CSS, ASM, DB | control CSS |
//! | 16 + 16 g + 2 e | heartbeat of EP e of group g | that EP |
//! | 17 + 16 g + 2 e | command mailbox of EP e of group g, one deep | control CSS |
//!
//! The registry (DCR) has one sector for each group, with the list of its OK EPs. Each thing is a magic number, a
//! CRC32C, a length and its content; a sector in which these do not agree holds nothing.

use crate::parts::area::Area;
use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::world::device::IoError;

use super::group::{Group, Path};
use super::words::{Command, GroupKind, NOBODY, Seqno};

/// The most EPs a group can have.
pub const MOST_EPS: usize = 8;
/// Sectors of the voting disk that are used.
pub const SECTORS: u64 = 16 + 16 * 3;
const MAGIC: u32 = 0x3144_5456;

/// What an instance says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It starts and is not yet ready to be commanded.
    #[default]
    Startup,
    /// It waits to be commanded.
    Startup2,
    /// Redo is done.
    AfterRedo,
    /// It is open.
    Open,
    /// Its workers are held.
    Suspend,
    /// It has ended in order.
    Shutdown,
}

impl Status {
    const ALL: [Status; 6] =
        [Status::Startup, Status::Startup2, Status::AfterRedo, Status::Open, Status::Suspend, Status::Shutdown];

    /// As `show` prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Startup | Status::Startup2 => "STARTUP",
            Status::AfterRedo => "AFTER REDO",
            Status::Open => "OPEN",
            Status::Suspend => "SUSPEND",
            Status::Shutdown => "SHUTDOWN",
        }
    }
}

/// The heartbeat sector of an EP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heartbeat {
    /// Which life of the EP; 0 if it never lived.
    pub guid: u64,
    /// A counter that rises with each write.
    pub ts: u64,
    /// What it says of itself.
    pub status: Status,
    /// The sequence number of the last command it finished.
    pub done: u64,
    /// Of a CSS: the reign in which it is the control CSS; 0 if it is none.
    pub reign: u64,
    /// Of a CSS: the lives of the ASM and the database of its host that it knows to be dead.
    pub dead_here: [u64; 2],
}

/// The mailbox of an EP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Which life of the EP is meant.
    pub guid: u64,
    /// What it must do.
    pub command: Command,
    /// The number it answers with; 0 for none.
    pub sequence: u64,
    /// The control EP of the group.
    pub control: Seqno,
    /// With [`Command::ConfigVip`] to a CSS: whose address.
    pub owner: Seqno,
    /// And whether it goes up.
    pub up: bool,
}

impl Default for Order {
    fn default() -> Self {
        Order { guid: 0, command: Command::None, sequence: 0, control: NOBODY, owner: NOBODY, up: false }
    }
}

/// Everything a control CSS reads in one go.
#[derive(Clone, Debug)]
pub struct Picture {
    heartbeats: Vec<Heartbeat>,
    orders: Vec<Order>,
    records: Vec<Option<Group>>,
}

impl Picture {
    /// The heartbeat of an EP.
    pub fn heartbeat(&self, kind: GroupKind, ep: Seqno) -> Heartbeat {
        self.heartbeats[index(kind, ep)]
    }

    /// The mailbox of an EP.
    pub fn order(&self, kind: GroupKind, ep: Seqno) -> Order {
        self.orders[index(kind, ep)]
    }

    /// The record of a group, if there is one.
    pub fn record(&self, kind: GroupKind) -> Option<&Group> {
        self.records[kind as usize].as_ref()
    }
}

/// The voting disk, as one process reaches it.
#[derive(Clone)]
pub struct VotingDisk {
    area: Area,
}

impl VotingDisk {
    /// The voting disk in an area of at least [`SECTORS`].
    pub fn new(area: Area) -> Self {
        VotingDisk { area }
    }

    /// Writes the heartbeat of an EP.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn beat(&self, kind: GroupKind, ep: Seqno, beat: &Heartbeat) -> Result<(), IoError> {
        let mut content = Encoder::new();
        content.u64(beat.guid).u64(beat.ts).u8(beat.status as u8).u64(beat.done).u64(beat.reign);
        content.u64(beat.dead_here[0]).u64(beat.dead_here[1]);
        self.write(heartbeat_sector(kind, ep), &content).await
    }

    /// Puts a command into the mailbox of an EP, over whatever was there.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn order(&self, kind: GroupKind, ep: Seqno, order: &Order) -> Result<(), IoError> {
        let mut content = Encoder::new();
        content.u64(order.guid).u8(order.command.code()).u64(order.sequence);
        content.u8(order.control).u8(order.owner).u8(u8::from(order.up));
        self.write(heartbeat_sector(kind, ep) + 1, &content).await
    }

    /// Writes the record of a group.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn save(&self, group: &Group) -> Result<(), IoError> {
        self.write(1 + group.kind as u64, &encode_group(group)).await
    }

    /// Reads the mailbox of an EP.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn mailbox(&self, kind: GroupKind, ep: Seqno) -> Result<Order, IoError> {
        let sector = self.area.sector_size();
        let bytes = self.area.read((heartbeat_sector(kind, ep) + 1) * sector, sector).await?;
        Ok(decode_order(&bytes))
    }

    /// Reads the heartbeat of an EP.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn heartbeat(&self, kind: GroupKind, ep: Seqno) -> Result<Heartbeat, IoError> {
        let sector = self.area.sector_size();
        let bytes = self.area.read(heartbeat_sector(kind, ep) * sector, sector).await?;
        Ok(decode_heartbeat(&bytes))
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn look(&self) -> Result<Picture, IoError> {
        let sector = self.area.sector_size();
        let bytes = self.area.read(0, SECTORS * sector).await?;
        let at = |number: u64| {
            let start = (number * sector) as usize;
            bytes.get(start..start + sector as usize).unwrap_or_default()
        };
        let slots = GroupKind::ALL.iter().flat_map(|kind| (0..MOST_EPS).map(|ep| heartbeat_sector(*kind, ep as Seqno)));
        let slots: Vec<u64> = slots.collect();
        Ok(Picture {
            heartbeats: slots.iter().map(|slot| decode_heartbeat(at(*slot))).collect(),
            orders: slots.iter().map(|slot| decode_order(at(*slot + 1))).collect(),
            records: GroupKind::ALL.iter().map(|kind| decode_group(*kind, at(1 + *kind as u64))).collect(),
        })
    }

    async fn write(&self, sector: u64, content: &Encoder) -> Result<(), IoError> {
        let size = self.area.sector_size();
        self.area.write_through(sector * size, seal(content, size as usize)).await
    }
}

/// The registry, as one process reaches it.
#[derive(Clone)]
pub struct Registry {
    area: Area,
}

impl Registry {
    /// The registry in an area of at least three sectors.
    pub fn new(area: Area) -> Self {
        Registry { area }
    }

    /// Writes who is OK in a group.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn save(&self, group: &Group) -> Result<(), IoError> {
        let mut content = Encoder::new();
        encode_set(&mut content, group.ok.iter().copied());
        let size = self.area.sector_size();
        self.area.write_through(group.kind as u64 * size, seal(&content, size as usize)).await
    }

    /// Who is OK in a group; nothing if it was never written.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn ok_eps(&self, kind: GroupKind) -> Result<Option<Vec<Seqno>>, IoError> {
        let size = self.area.sector_size();
        let bytes = self.area.read(kind as u64 * size, size).await?;
        Ok(unseal(&bytes).and_then(|content| decode_set(&mut Decoder::new(content)).ok()))
    }
}

const fn index(kind: GroupKind, ep: Seqno) -> usize {
    kind as usize * MOST_EPS + ep as usize
}

const fn heartbeat_sector(kind: GroupKind, ep: Seqno) -> u64 {
    16 + 2 * index(kind, ep) as u64
}

fn seal(content: &Encoder, sector: usize) -> Vec<u8> {
    let mut sealed = Encoder::new();
    sealed.u32(MAGIC).u32(crc32c::crc32c(content.as_bytes())).u16(content.len() as u16).raw(content.as_bytes());
    sealed.zeros_to(sector);
    sealed.into_bytes()
}

fn unseal(bytes: &[u8]) -> Option<&[u8]> {
    let mut sealed = Decoder::new(bytes);
    let (magic, checksum) = (sealed.u32().ok()?, sealed.u32().ok()?);
    let length = sealed.u16().ok()?;
    let content = sealed.raw(usize::from(length)).ok()?;
    (magic == MAGIC && checksum == crc32c::crc32c(content)).then_some(content)
}

fn decode_heartbeat(bytes: &[u8]) -> Heartbeat {
    let read = |content: &[u8]| -> Result<Heartbeat, Garbled> {
        let mut content = Decoder::new(content);
        Ok(Heartbeat {
            guid: content.u64()?,
            ts: content.u64()?,
            status: Status::ALL.get(usize::from(content.u8()?)).copied().ok_or(Garbled)?,
            done: content.u64()?,
            reign: content.u64()?,
            dead_here: [content.u64()?, content.u64()?],
        })
    };
    unseal(bytes).and_then(|content| read(content).ok()).unwrap_or_default()
}

fn decode_order(bytes: &[u8]) -> Order {
    let read = |content: &[u8]| -> Result<Order, Garbled> {
        let mut content = Decoder::new(content);
        Ok(Order {
            guid: content.u64()?,
            command: Command::of_code(content.u8()?).ok_or(Garbled)?,
            sequence: content.u64()?,
            control: content.u8()?,
            owner: content.u8()?,
            up: content.u8()? != 0,
        })
    };
    unseal(bytes).and_then(|content| read(content).ok()).unwrap_or_default()
}

const PATHS: [Path; 5] = [Path::Startup, Path::Open, Path::Crash, Path::Recover, Path::Halt];

fn encode_set(content: &mut Encoder, eps: impl Iterator<Item = Seqno>) {
    let eps: Vec<Seqno> = eps.collect();
    content.varint(eps.len() as u64).raw(&eps);
}

fn decode_set(content: &mut Decoder<'_>) -> Result<Vec<Seqno>, Garbled> {
    let count = content.count()?;
    Ok(content.raw(count)?.to_vec())
}

fn encode_numbers(content: &mut Encoder, numbers: &std::collections::BTreeMap<Seqno, u64>) {
    content.varint(numbers.len() as u64);
    for (ep, number) in numbers {
        content.u8(*ep).u64(*number);
    }
}

fn decode_numbers(content: &mut Decoder<'_>) -> Result<std::collections::BTreeMap<Seqno, u64>, Garbled> {
    let count = content.count()?;
    (0..count).map(|_| Ok((content.u8()?, content.u64()?))).collect()
}

fn encode_group(group: &Group) -> Encoder {
    let mut content = Encoder::new();
    encode_set(&mut content, group.members.iter().copied());
    encode_set(&mut content, group.ok.iter().copied());
    content.u8(group.path as u8).u8(group.row as u8);
    for ep in [group.control, group.broken, group.recovering] {
        content.u8(ep.unwrap_or(NOBODY));
    }
    content.u64(group.counter).u8(u8::from(group.opened));
    encode_numbers(&mut content, &group.guids);
    encode_numbers(&mut content, &group.outstanding);
    content
}

fn decode_group(kind: GroupKind, bytes: &[u8]) -> Option<Group> {
    let somebody = |ep: Seqno| Some(ep).filter(|ep| *ep != NOBODY);
    let read = |content: &[u8]| -> Result<Group, Garbled> {
        let mut content = Decoder::new(content);
        let members = decode_set(&mut content)?.into_iter().collect();
        let mut group = Group::new(kind, members);
        group.ok = decode_set(&mut content)?.into_iter().collect();
        group.path = PATHS.get(usize::from(content.u8()?)).copied().ok_or(Garbled)?;
        group.row = usize::from(content.u8()?);
        group.control = somebody(content.u8()?);
        group.broken = somebody(content.u8()?);
        group.recovering = somebody(content.u8()?);
        group.counter = content.u64()?;
        group.opened = content.u8()? != 0;
        group.guids = decode_numbers(&mut content)?;
        group.outstanding = decode_numbers(&mut content)?;
        group.has_its_row().then_some(group).ok_or(Garbled)
    };
    unseal(bytes).and_then(|content| read(content).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_comes_back_and_a_spoilt_sector_holds_nothing() {
        let mut group = Group::new(GroupKind::Db, [0, 1].into());
        (group.path, group.row, group.control, group.counter) = (Path::Recover, 3, Some(1), 67);
        group.guids = [(0, 7), (1, 8)].into();
        group.outstanding = [(0, 66), (1, 67)].into();
        let mut bytes = seal(&encode_group(&group), 512);
        assert_eq!(decode_group(GroupKind::Db, &bytes), Some(group));
        bytes[13] ^= 1;
        assert_eq!(decode_group(GroupKind::Db, &bytes), None);
        assert_eq!(decode_heartbeat(&[0; 512]), Heartbeat::default());
        assert_eq!(decode_order(&[0xff; 512]), Order::default());
    }
}
