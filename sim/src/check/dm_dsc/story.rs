//! What the devices, the clients and the nodes tell of a DSC run, in one order: the notes that the checks judge.
//!
//! Writes are decoded from the bytes the devices' journals kept, so that a check sees what a control CSS really wrote
//! and not what it says of itself. Announcements are used for what is on no device: virtual addresses, ends of
//! processes, and which command an EP found in its mailbox.

use std::collections::{BTreeMap, BTreeSet};

use nodes::world::time::Instant;
use nodes::world::trace::{HostChange, Place, ProcessChange, Trace, What as Event};
use reports::{Sentence, sentence};

use super::super::announced::{number, text};
use super::{redo, voting_disk};
use crate::history::{Action, Outcome, Reply};
use crate::run::Record;

/// The number of an EP.
pub type Ep = u8;

/// A group, as the voting disk numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The synchronisation services.
    Css,
    /// The file servers.
    Asm,
    /// The databases.
    Db,
}

impl Group {
    /// All of them, by number.
    pub const ALL: [Group; 3] = [Group::Css, Group::Asm, Group::Db];

    /// As logs name it.
    pub fn name(self) -> &'static str {
        match self {
            Group::Css => "CSS",
            Group::Asm => "ASM",
            Group::Db => "DB",
        }
    }

    /// The group and number of an EP called `DSC0`.
    pub fn of_ep(name: &str) -> Option<(Group, Ep)> {
        let prefixes = [("CSS", Group::Css), ("ASM", Group::Asm), ("DSC", Group::Db)];
        prefixes.into_iter().find_map(|(prefix, group)| Some((group, name.strip_prefix(prefix)?.parse().ok()?)))
    }
}

/// Kill.
pub const SYS_HALT: u8 = 14;
/// The commands with which redo of the dead or of everybody begins: EP_CRASH_STEP2, EP START2 to a control EP, EP_CRASH.
pub const REDO_COMMANDS: [u8; 3] = [2, 11, 15];

/// The status of an EP that is open, as its slot has it.
pub const OPEN_STATUS: u8 = 3;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An EP wrote its slot.
    Slot { group: Group, ep: Ep, guid: u64, status: u8, done: u64, unreachable: u8 },
    /// A CSS wrote a command.
    Order { group: Group, ep: Ep, guid: u64, command: u8, sequence: u64, control: Ep, dead: u8 },
    /// A CSS wrote the record of a group.
    Record(GroupRecord),
    /// The record of a group went bad where it lies, on so many disks that it cannot be read any more.
    RecordLost(Group),
    /// A CSS wrote the registry.
    Registry { group: Group, ok: BTreeSet<Ep> },
    /// A write into a redo log took effect.
    Redo { log: Ep },
    /// A data page was written.
    Page { page: u32, lsn: u64 },
    /// A commit came to stand in a redo log.
    Commit { log: Ep, lsn: u64, transaction: (u32, u32), rows: Vec<(i64, Vec<i64>)> },
    /// An address went up or down on the host of the process.
    Address { address: String, up: bool },
    /// The host lost its power.
    PowerLost,
    /// The process ended.
    Ended,
    /// An EP obeyed Kill.
    Halted { group: Group, ep: Ep, guid: u64 },
    /// What an EP found in its mailbox on mirrored disks.
    MailRead { group: Group, ep: Ep, guid: u64, sequence: u64, began: Instant },
    /// A client was answered by the node.
    Told { called: Instant, transaction: (u32, u32), answer: Told, read: Vec<(i64, Vec<i64>)> },
    /// An operator read in `show` which EPs of a group are OK.
    Shown { group: Group, ok: BTreeSet<Ep> },
}

/// What a client was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It wrote, and it is done.
    Committed,
    /// It only read.
    Read,
    /// It was refused.
    Refused,
}

/// The record of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// Which.
    pub group: Group,
    /// Both words of the status.
    pub status: (String, String),
    /// The counter of changes and commands.
    pub counter: u64,
    /// The EPs that are OK.
    pub ok: BTreeSet<Ep>,
    /// The EPs whose crash is handled.
    pub broken: BTreeSet<Ep>,
    /// The EP that comes back.
    pub recovering: Option<Ep>,
    /// The life of each EP that belongs to the group.
    pub lives: BTreeMap<Ep, u64>,
}

impl GroupRecord {
    /// Whether the group is open.
    pub fn is_open(&self) -> bool {
        self.status.0 == "OPEN"
    }
}

/// One note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When it took effect.
    pub at: Instant,
    /// The process, `dsc0/dmcss`; for what a client was told, the node.
    pub by: String,
    /// Which life of it.
    pub life: u32,
    /// The reign under which a CSS wrote it.
    pub reign: u64,
    /// What.
    pub what: What,
}

impl Note {
    /// The host, or the node.
    pub fn host(&self) -> &str {
        self.by.split('/').next().unwrap_or_default()
    }

    /// `dsc0/dmserver (life 1)`.
    pub fn who(&self) -> Sentence {
        sentence!("{} (life {})", "{}(第 {} 次启动)", self.by, self.life)
    }
}

/// All notes of a run, in order, and when the run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// The notes.
    pub notes: Vec<Note>,
    /// When the run ended.
    pub ended: Instant,
}

impl Story {
    /// The story of a run.
    pub fn of(record: &Record) -> Story {
        let mut notes = voting_disk::notes(record);
        notes.extend(redo::notes(record));
        notes.extend(announced(&record.trace));
        notes.extend(told(record));
        notes.extend(shown(record));
        notes.sort_by_key(|note| note.at);
        Story { notes, ended: record.ended }
    }

    /// The records of a group, in order.
    pub fn records(&self, group: Group) -> impl Iterator<Item = (&Note, &GroupRecord)> {
        self.notes.iter().filter_map(move |note| match &note.what {
            What::Record(record) if record.group == group => Some((note, record)),
            _ => None,
        })
    }

    /// Which process each EP of the DB group is, by its slot.
    pub fn databases(&self) -> BTreeMap<Ep, &str> {
        let slots = self.notes.iter().filter_map(|note| match note.what {
            What::Slot { group: Group::Db, ep, .. } => Some((ep, note.by.as_str())),
            _ => None,
        });
        slots.collect()
    }

    /// The process and its life behind each guid of the DB group.
    pub fn lives(&self) -> BTreeMap<(Ep, u64), (&str, u32)> {
        let slots = self.notes.iter().filter_map(|note| match note.what {
            What::Slot { group: Group::Db, ep, guid, .. } => Some(((ep, guid), (note.by.as_str(), note.life))),
            _ => None,
        });
        slots.collect()
    }
}

fn announced(trace: &Trace) -> Vec<Note> {
    let mut notes = Vec::new();
    for event in trace.events() {
        let what = match &event.what {
            Event::Announced { name: "vip.changed", fields } => {
                let address = text(fields, "address").unwrap_or_default().to_owned();
                let up = text(fields, "up") == Some("true") || number(fields, "up") == Some(1);
                Some(What::Address { address, up })
            }
            Event::Announced { name: "ep.halted", fields } => {
                let named = text(fields, "ep").and_then(Group::of_ep);
                let guid = number(fields, "guid").unwrap_or_default().unsigned_abs();
                named.map(|(group, ep)| What::Halted { group, ep, guid })
            }
            Event::Announced { name: "vote.mail-read", fields } => {
                let value = |name: &str| number(fields, name).unwrap_or_default().unsigned_abs();
                let (guid, sequence, began) = (value("guid"), value("sequence"), Instant(value("began")));
                let named = text(fields, "ep").and_then(Group::of_ep);
                named.map(|(group, ep)| What::MailRead { group, ep, guid, sequence, began })
            }
            Event::Process(ProcessChange::Exited(_) | ProcessChange::Killed) => Some(What::Ended),
            Event::Host(HostChange::PowerLost) => Some(What::PowerLost),
            _ => None,
        };
        let Some(what) = what else { continue };
        let (by, life) = match event.place {
            Place::Process(process, life) => (trace.process_name(process), life.0),
            Place::Host(host) => (trace.host_name(host).to_owned(), 0),
            Place::Outside => continue,
        };
        notes.push(Note { at: event.at, by, life, reign: 0, what });
    }
    notes
}

/// What clients were told. A client's operations are numbered as its transactions are: from 0.
fn told(record: &Record) -> Vec<Note> {
    let mut counts: BTreeMap<u64, u32> = BTreeMap::new();
    let mut notes = Vec::new();
    for operation in &record.history.operations {
        let number = counts.entry(operation.client).or_default();
        let transaction = (operation.client as u32, *number);
        *number += 1;
        let (Some(at), Some(node)) = (operation.returned, &operation.node) else { continue };
        let (answer, read) = match &operation.outcome {
            Outcome::Failed(_) => (Told::Refused, Vec::new()),
            Outcome::Unknown => continue,
            Outcome::Ok(replies) => {
                let pairs = || operation.actions.iter().zip(replies);
                let changes = |(action, reply): (&Action, &Reply)| !action.is_read() && *reply != Reply::Matched(false);
                let own: BTreeSet<i64> = operation.actions.iter().filter(|it| !it.is_read()).map(Action::key).collect();
                let read = pairs().filter_map(|(action, reply)| match reply {
                    Reply::Row(row) if !own.contains(&action.key()) => Some((action.key(), row.clone())),
                    _ => None,
                });
                (if pairs().any(changes) { Told::Committed } else { Told::Read }, read.collect())
            }
        };
        let what = What::Told { called: operation.called, transaction, answer, read };
        notes.push(Note { at, by: node.clone(), life: 0, reign: 0, what });
    }
    notes
}

/// Which EPs operators saw as OK: the numbers below `ok_ep_arr` in each block of `show`.
fn shown(record: &Record) -> Vec<Note> {
    let mut notes = Vec::new();
    for command in record.steps.iter().flat_map(|step| &step.commands) {
        let mut block: Option<(Group, BTreeSet<Ep>)> = None;
        for (at, line) in &command.lines {
            let begun = line.split_once("type = ").and_then(|(_, rest)| rest.split(',').next());
            if let Some(name) = begun.filter(|_| line.starts_with("========")) {
                block = Group::ALL.into_iter().find(|group| group.name() == name).map(|group| (group, BTreeSet::new()));
            } else if let (Some((_, ok)), Some(pair)) = (&mut block, line.strip_prefix('(')) {
                ok.extend(pair.trim_end_matches(')').split(", ").nth(1).and_then(|ep| ep.parse::<Ep>().ok()));
            } else if line.starts_with("sta = ")
                && let Some((group, ok)) = block.take()
            {
                let what = What::Shown { group, ok };
                notes.push(Note { at: *at, by: command.host.clone(), life: 0, reign: 0, what });
            }
        }
    }
    notes
}
