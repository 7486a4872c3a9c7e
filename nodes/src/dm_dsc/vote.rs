//! The voting disk and the registry: what they hold, in the words of DSC.
//!
//! The manual says what is on them, not at which byte; the layout is that of [`crate::parts::voting_disk`]. Member
//! `8 g + e` of it is EP e of group g, records 1 to 3 are those of the groups CSS, ASM and DB. Beside what every slot
//! has, a heartbeat's notes and a command's arguments are:
//!
//! | notes of a slot | reign (64, of a control CSS), the lives of ASM and database known to be dead on the host (64 each) |
//! |---|---|
//! | arguments of a command | control EP (8), EP it is about (8), whether an address goes up (8) |
//!
//! The registry (DCR) has one sector for each group, with the list of its OK EPs, in the same envelope.

use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::parts::voting_disk::{self, Copies, Look, Mail, Slot, VotingDiskError};

use super::group::{Group, Path};
use super::words::{Command, GroupKind, NOBODY, Seqno};

/// The most EPs a group can have.
pub const MOST_EPS: usize = 8;
/// The members of the voting disk: every EP of every group.
const MEMBERS: u64 = 3 * MOST_EPS as u64;
/// Sectors of the voting disk that are used.
pub const SECTORS: u64 = voting_disk::VotingDisk::sectors(MEMBERS);

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
    look: Look,
}

impl Picture {
    /// The heartbeat of an EP.
    pub fn heartbeat(&self, kind: GroupKind, ep: Seqno) -> Heartbeat {
        heartbeat_in(&self.look.slot(member(kind, ep)))
    }

    /// The mailbox of an EP.
    pub fn order(&self, kind: GroupKind, ep: Seqno) -> Order {
        order_in(&self.look.mail(member(kind, ep)))
    }

    /// The record of a group, if there is one.
    pub fn record(&self, kind: GroupKind) -> Option<Group> {
        decode_group(kind, self.look.record(record_of(kind))?)
    }
}

/// The voting disk, as one process reaches it.
#[derive(Clone)]
pub struct VotingDisk {
    disk: voting_disk::VotingDisk,
}

impl VotingDisk {
    /// The voting disk in areas of at least [`SECTORS`].
    pub fn new(copies: Copies) -> Self {
        VotingDisk { disk: voting_disk::VotingDisk::new(copies, MEMBERS) }
    }

    /// Writes the heartbeat of an EP.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn beat(&self, kind: GroupKind, ep: Seqno, beat: &Heartbeat) -> Result<(), VotingDiskError> {
        self.disk.beat(member(kind, ep), &slot_of(beat)).await
    }

    /// Puts a command into the mailbox of an EP, over whatever was there.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn order(&self, kind: GroupKind, ep: Seqno, order: &Order) -> Result<(), VotingDiskError> {
        self.disk.send(member(kind, ep), &mail_of(order)).await
    }

    /// Writes the record of a group.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn save(&self, group: &Group) -> Result<(), VotingDiskError> {
        self.disk.save(record_of(group.kind), encode_group(group).as_bytes()).await
    }

    /// Reads the mailbox of an EP.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn mailbox(&self, kind: GroupKind, ep: Seqno) -> Result<Order, VotingDiskError> {
        Ok(order_in(&self.disk.mailbox(member(kind, ep)).await?))
    }

    /// Reads the heartbeat of an EP.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn heartbeat(&self, kind: GroupKind, ep: Seqno) -> Result<Heartbeat, VotingDiskError> {
        Ok(heartbeat_in(&self.disk.slot(member(kind, ep)).await?))
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn look(&self) -> Result<Picture, VotingDiskError> {
        Ok(Picture { look: self.disk.look().await? })
    }
}

/// The registry, as one process reaches it.
#[derive(Clone)]
pub struct Registry {
    copies: Copies,
}

impl Registry {
    /// The registry in areas of at least three sectors.
    pub fn new(copies: Copies) -> Self {
        Registry { copies }
    }

    /// Writes who is OK in a group.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn save(&self, group: &Group) -> Result<(), VotingDiskError> {
        let mut content = Encoder::new();
        encode_set(&mut content, group.ok.iter().copied());
        self.copies.write(group.kind as u64, content.as_bytes()).await
    }

    /// Who is OK in a group; nothing if it was never written.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn ok_eps(&self, kind: GroupKind) -> Result<Option<Vec<Seqno>>, VotingDiskError> {
        let bytes = self.copies.read(kind as u64, 1).await?;
        Ok(voting_disk::open(&bytes).and_then(|content| decode_set(&mut Decoder::new(content)).ok()))
    }
}

const fn member(kind: GroupKind, ep: Seqno) -> u64 {
    kind as u64 * MOST_EPS as u64 + ep as u64
}

const fn record_of(kind: GroupKind) -> u64 {
    1 + kind as u64
}

fn slot_of(beat: &Heartbeat) -> Slot {
    let mut notes = Encoder::new();
    notes.u64(beat.reign).u64(beat.dead_here[0]).u64(beat.dead_here[1]);
    let (guid, counter, status, done) = (beat.guid, beat.ts, beat.status as u8, beat.done);
    Slot { guid, counter, status, done, result: 0, notes: notes.into_bytes() }
}

fn heartbeat_in(slot: &Slot) -> Heartbeat {
    let read = || -> Result<Heartbeat, Garbled> {
        let mut notes = Decoder::new(&slot.notes);
        Ok(Heartbeat {
            guid: slot.guid,
            ts: slot.counter,
            status: Status::ALL.get(usize::from(slot.status)).copied().ok_or(Garbled)?,
            done: slot.done,
            reign: notes.u64()?,
            dead_here: [notes.u64()?, notes.u64()?],
        })
    };
    read().unwrap_or_default()
}

fn mail_of(order: &Order) -> Mail {
    let mut arguments = Encoder::new();
    arguments.u8(order.control).u8(order.owner).u8(u8::from(order.up));
    let (guid, command, sequence) = (order.guid, order.command.code(), order.sequence);
    Mail { guid, command, sequence, arguments: arguments.into_bytes() }
}

fn order_in(mail: &Mail) -> Order {
    let read = || -> Result<Order, Garbled> {
        let mut arguments = Decoder::new(&mail.arguments);
        Ok(Order {
            guid: mail.guid,
            command: Command::of_code(mail.command).ok_or(Garbled)?,
            sequence: mail.sequence,
            control: arguments.u8()?,
            owner: arguments.u8()?,
            up: arguments.u8()? != 0,
        })
    };
    read().unwrap_or_default()
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

fn decode_group(kind: GroupKind, content: &[u8]) -> Option<Group> {
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
    read(content).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_a_heartbeat_and_an_order_come_back() {
        let mut group = Group::new(GroupKind::Db, [0, 1].into());
        (group.path, group.row, group.control, group.counter) = (Path::Recover, 3, Some(1), 67);
        group.guids = [(0, 7), (1, 8)].into();
        group.outstanding = [(0, 66), (1, 67)].into();
        let bytes = encode_group(&group).into_bytes();
        assert_eq!(decode_group(GroupKind::Db, &bytes), Some(group));
        assert_eq!(decode_group(GroupKind::Db, &bytes[..9]), None);
        let beat = Heartbeat { guid: 5, ts: 6, status: Status::Open, done: 7, reign: 2, dead_here: [0, 9] };
        assert_eq!(heartbeat_in(&slot_of(&beat)), beat);
        let order = Order { guid: 5, command: Command::SysHalt, sequence: 9, control: 1, owner: 0, up: true };
        assert_eq!(order_in(&mail_of(&order)), order);
        assert_eq!(heartbeat_in(&Slot::default()), Heartbeat::default());
        assert_eq!(order_in(&Mail::default()), Order::default());
    }
}
