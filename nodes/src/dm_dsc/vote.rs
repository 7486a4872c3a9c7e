//! The voting disk and the registry: what they hold, in the words of DSC.
//!
//! The manual says what is on them, not at which byte; the layout is that of [`crate::parts::voting_disk`]. Member
//! `8 g + e` of it is EP e of group g, records 1 to 3 are those of the groups CSS, ASM and DB. Beside what every slot
//! has, a heartbeat's notes and a command's arguments are:
//!
//! | notes of a slot | reign (64, of a control CSS), the lives of ASM and database known to be dead on the host (64 each), the LSN of the oldest change not yet in the data pages (64, 0 for none), the LSN behind the logs it redid last (64, 0 for none), the EPs it cannot reach (8, one bit each), whether it reaches the third-party address (8: 0 not asked, 1 yes, 2 no) |
//! |---|---|
//! | arguments of a command | control EP (8), EP it is about (8), whether an address goes up (8), the dead EPs (8, one bit each), the EPs of the group (8, one bit each), reign of the CSS that gave it (64) |
//!
//! A record of a group is: the two words of its status (texts), the counter (64), control, break and recover EP (8 each,
//! 255 for none), the lists of all EPs, of the OK ones and of those that broke beside the break EP (each a varint count
//! and one byte an EP), path and row (8 each), whether it was ever open (8), the version (8), `crash_lsn` (64), and two
//! tables by EP (varint count; EP (8) and number (64)): the life of each, and the command each has to answer.
//!
//! The registry (DCR) has one sector for each group, with the list of its OK EPs, in the same envelope. On mirrored
//! disks (DCRV) it lies behind the voting disk, from byte 1 MiB on.

use std::collections::BTreeSet;

use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::parts::voting_disk::{self, Copies, Look, Mail, Slot, VotingDiskError};

use super::group::{Group, Path};
use super::words::{Command, EpMask, GroupKind, NOBODY, Profile, Seqno};

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
    /// Of a database: what it reports beside.
    pub report: Report,
}

/// What a database reports beside its status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The LSN of its oldest change that is not yet in the data pages (`min_first_modified_lsn`); 0 for none.
    pub oldest_dirty: u64,
    /// The LSN behind the logs it redid last, as a control EP; 0 for none.
    pub crash_lsn: u64,
    /// The EPs it cannot reach over the interconnect.
    pub unreachable: EpMask,
    /// Whether it reaches the third-party address, if there is one and it was asked.
    pub third_party: Option<bool>,
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
    /// The EPs whose crash is handled.
    pub dead: EpMask,
    /// The EPs that belong to the group.
    pub belonging: EpMask,
    /// The reign of the CSS that gives it: one of an older reign than another that was read is no longer obeyed.
    pub reign: u64,
}

impl Default for Order {
    fn default() -> Self {
        Order {
            guid: 0,
            command: Command::None,
            sequence: 0,
            control: NOBODY,
            owner: NOBODY,
            up: false,
            dead: 0,
            belonging: 0,
            reign: 0,
        }
    }
}

/// Everything a control CSS reads in one go.
#[derive(Clone, Debug)]
pub struct Picture {
    look: Look,
}

impl Picture {
    /// The same, with heartbeats that cannot be read as they were in an earlier picture: a sector with nothing good in it is
    /// silence, and whoever wrote it is judged by how long that lasts.
    #[must_use]
    pub fn with_heartbeats_known_from(self, earlier: &Picture) -> Picture {
        Picture { look: self.look.with_slots_known_from(&earlier.look) }
    }

    /// The highest reign that shows anywhere: in a heartbeat, or in a command that was given under it.
    pub fn highest_reign(&self, members: &BTreeSet<Seqno>) -> u64 {
        let beats = members.iter().map(|ep| self.heartbeat(GroupKind::Css, *ep).reign);
        let orders =
            GroupKind::ALL.into_iter().flat_map(|kind| members.iter().map(move |ep| self.order(kind, *ep).reign));
        beats.chain(orders).max().unwrap_or(0)
    }

    /// The highest number of a command that shows in the mailboxes of a group, or as done in the slots of its EPs.
    pub fn highest_number(&self, kind: GroupKind, members: &BTreeSet<Seqno>) -> u64 {
        let shown = members.iter().map(|ep| self.order(kind, *ep).sequence.max(self.heartbeat(kind, *ep).done));
        shown.max().unwrap_or(0)
    }

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
    /// What is read; the same as what is written but for a defect.
    reading: voting_disk::VotingDisk,
    copies: Copies,
}

impl VotingDisk {
    /// The voting disk in areas of at least [`SECTORS`].
    pub fn new(copies: Copies) -> Self {
        Self::reading_from(copies.clone(), copies)
    }

    /// One that is read elsewhere than it is written.
    pub(super) fn reading_from(reading: Copies, copies: Copies) -> Self {
        let disk = |copies: Copies| voting_disk::VotingDisk::new(copies, MEMBERS);
        VotingDisk { disk: disk(copies.clone()), reading: disk(reading), copies }
    }

    /// Stamps further writes with the reign of a control CSS.
    pub fn set_reign(&self, reign: u64) {
        self.copies.set_epoch(reign);
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
        Ok(order_in(&self.reading.mailbox(member(kind, ep)).await?))
    }

    /// Reads the heartbeat of an EP.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn heartbeat(&self, kind: GroupKind, ep: Seqno) -> Result<Heartbeat, VotingDiskError> {
        Ok(heartbeat_in(&self.reading.slot(member(kind, ep)).await?))
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn look(&self) -> Result<Picture, VotingDiskError> {
        Ok(Picture { look: self.reading.look().await? })
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
    let report = &beat.report;
    let third_party = report.third_party.map_or(0, |reaches| if reaches { 1 } else { 2 });
    notes.u64(beat.reign).u64(beat.dead_here[0]).u64(beat.dead_here[1]);
    notes.u64(report.oldest_dirty).u64(report.crash_lsn).u8(report.unreachable).u8(third_party);
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
            report: Report {
                oldest_dirty: notes.u64()?,
                crash_lsn: notes.u64()?,
                unreachable: notes.u8()?,
                third_party: match notes.u8()? {
                    0 => None,
                    reaches => Some(reaches == 1),
                },
            },
        })
    };
    read().unwrap_or_default()
}

fn mail_of(order: &Order) -> Mail {
    let mut arguments = Encoder::new();
    arguments.u8(order.control).u8(order.owner).u8(u8::from(order.up));
    arguments.u8(order.dead).u8(order.belonging).u64(order.reign);
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
            dead: arguments.u8()?,
            belonging: arguments.u8()?,
            reign: arguments.u64()?,
        })
    };
    read().unwrap_or_default()
}

const PATHS: [Path; 8] =
    [Path::Startup, Path::Open, Path::Crash, Path::Recover, Path::Halt, Path::Rollback, Path::LinkCheck, Path::Stop];
const PROFILES: [Profile; 2] = [Profile::V2021, Profile::V2024];

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
    content.text(group.status()).text(group.sub_status()).u64(group.counter);
    for ep in [group.control, group.broken, group.recovering] {
        content.u8(ep.unwrap_or(NOBODY));
    }
    for eps in [&group.members, &group.ok, &group.also_broken] {
        encode_set(&mut content, eps.iter().copied());
    }
    content.u8(group.path as u8).u8(group.row as u8).u8(u8::from(group.opened)).u8(group.profile as u8);
    content.u64(group.crash_lsn);
    encode_numbers(&mut content, &group.guids);
    encode_numbers(&mut content, &group.outstanding);
    content
}

fn decode_group(kind: GroupKind, content: &[u8]) -> Option<Group> {
    let somebody = |ep: Seqno| Some(ep).filter(|ep| *ep != NOBODY);
    let read = |content: &[u8]| -> Result<Group, Garbled> {
        let mut content = Decoder::new(content);
        let _shown = (content.text()?, content.text()?);
        let counter = content.u64()?;
        let [control, broken, recovering] = [content.u8()?, content.u8()?, content.u8()?].map(somebody);
        let mut group = Group::new(kind, decode_set(&mut content)?.into_iter().collect());
        (group.counter, group.control, group.broken, group.recovering) = (counter, control, broken, recovering);
        group.ok = decode_set(&mut content)?.into_iter().collect();
        group.also_broken = decode_set(&mut content)?.into_iter().collect();
        group.path = PATHS.get(usize::from(content.u8()?)).copied().ok_or(Garbled)?;
        group.row = usize::from(content.u8()?);
        group.opened = content.u8()? != 0;
        group.profile = PROFILES.get(usize::from(content.u8()?)).copied().ok_or(Garbled)?;
        group.crash_lsn = content.u64()?;
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
        let report = Report { oldest_dirty: 3, crash_lsn: 4, unreachable: 2, third_party: Some(false) };
        let beat = Heartbeat { guid: 5, ts: 6, status: Status::Open, done: 7, reign: 2, dead_here: [0, 9], report };
        assert_eq!(heartbeat_in(&slot_of(&beat)), beat);
        let (guid, command, sequence) = (5, Command::SysHalt, 9);
        let order = Order { guid, command, sequence, control: 1, owner: 0, up: true, dead: 5, belonging: 2, reign: 8 };
        assert_eq!(order_in(&mail_of(&order)), order);
        assert_eq!(heartbeat_in(&Slot::default()), Heartbeat::default());
        assert_eq!(order_in(&Mail::default()), Order::default());
    }
}
