//! The database of the test product: one log on a shared device, a primary that appends to it, a standby that refuses.
//!
//! Sector 0 says whose turn it is. The log begins at sector 8, one sector a transaction: magic, epoch, length, actions,
//! CRC. A promotion reads the log and takes the turn; nothing fences the old primary, which is what the tests want.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use nodes::fields;
use nodes::parts::service::{Action, Answer, Key, PORT, Row, Transaction, evaluate};
use nodes::product::events;
use nodes::world::disk::{DeviceId, Disk};
use nodes::world::port::{Address, PortNumber};
use nodes::world::process::Process;
use nodes::world::time::Instant;
use nodes::world::trace::ProcessId;

pub(super) const SECTOR: u64 = 512;
pub(super) const LOG_START: u64 = 8 * SECTOR;
pub(super) const ADMIN: PortNumber = PortNumber(7000);
const MAGIC: u32 = 0x5041_4952;

#[derive(Clone, Debug, Hash, PartialEq)]
pub(super) enum Order {
    Promote,
    Demote,
}

#[derive(Clone, Debug, Hash, PartialEq)]
pub(super) struct Obeyed(pub(super) bool);

/// Where the databases talk to each other, if they do.
const PEER: PortNumber = PortNumber(7001);

#[derive(Clone, Debug, Hash, PartialEq)]
enum Word {
    /// The primary lives.
    Alive,
    /// A standby has heard nothing and wants an election.
    Election,
}

/// After how long without a word a standby wants an election.
const SILENCE: Duration = Duration::from_secs(2);
/// For how long a primary that was made to step down does not come back.
const REST: Duration = Duration::from_secs(1);

/// How a database looks from outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    pub(super) role: String,
    pub(super) epoch: u64,
    pub(super) log_position: u64,
}

pub(super) struct Settings {
    pub(super) device: DeviceId,
    pub(super) initial: BTreeMap<Key, Row>,
    pub(super) begins_as_primary: bool,
    /// The defect: an answer is sent before the write is stable.
    pub(super) answers_early: bool,
    pub(super) panics: bool,
    /// Whether the databases tell each other that they live.
    pub(super) talks: bool,
    /// The defect: a standby that hears nothing makes the primary step down.
    pub(super) forces_elections: bool,
    pub(super) everybody: Rc<OnceCell<Vec<ProcessId>>>,
    pub(super) look: Rc<RefCell<Look>>,
}

struct Database {
    process: Process,
    disk: Disk,
    settings: Rc<Settings>,
    rows: RefCell<BTreeMap<Key, Row>>,
}

pub(super) async fn main(process: Process, settings: Rc<Settings>) -> i32 {
    let disk = process.disk(settings.device);
    let rows = RefCell::new(settings.initial.clone());
    let database = Rc::new(Database { process: process.clone(), disk, settings, rows });
    database.set_role("starting");
    process.sleep(Duration::from_millis(500)).await;
    let turn = database.turn().await;
    let mine = match turn {
        Some((owner, _)) => owner == u64::from(process.host().0),
        None => database.settings.begins_as_primary,
    };
    if database.settings.talks {
        let (hearing, talking) = (database.clone(), database.clone());
        let heard = Rc::new(Heard { alive: Cell::new(process.world().now()), election: Cell::default() });
        let also = heard.clone();
        process.spawn(async move { hearing.hear(&also).await });
        process.spawn(async move { talking.talk(&heard).await });
    }
    let orders = database.clone();
    process.spawn(async move { orders.obey().await });
    if mine {
        database.promote().await;
        process.announce(events::CLUSTER_READY, fields! {});
    } else {
        database.set_role("standby");
    }
    database.serve().await
}

/// When something was heard last.
struct Heard {
    alive: Cell<Instant>,
    election: Cell<Option<Instant>>,
}

impl Database {
    async fn hear(&self, heard: &Heard) {
        let port = self.process.bind::<Word>(PEER);
        loop {
            let now = port.recv().await.message;
            match now {
                Word::Alive => heard.alive.set(self.process.world().now()),
                Word::Election => {
                    heard.election.set(Some(self.process.world().now()));
                    self.demote();
                }
            }
        }
    }

    async fn talk(&self, heard: &Heard) {
        let own = self.process.id();
        let peer = self.settings.everybody.get().into_iter().flatten().copied().find(|process| *process != own);
        let Some(peer) = peer.map(|process| Address::new(process, PEER)) else { return };
        loop {
            self.process.sleep(Duration::from_millis(300)).await;
            let now = self.process.world().now();
            if self.is_primary() {
                self.process.send_datagram(peer, Word::Alive);
            } else if let Some(asked) = heard.election.get() {
                // Who was made to step down still says that it lives: it is the others that do not hear.
                self.process.send_datagram(peer, Word::Alive);
                if now.since(asked) > REST {
                    heard.election.set(None);
                    self.promote().await;
                }
            } else if self.settings.forces_elections && now.since(heard.alive.get()) > SILENCE {
                self.process.send_datagram(peer, Word::Election);
            }
        }
    }

    fn set_role(&self, role: &str) {
        self.settings.look.borrow_mut().role = role.to_owned();
        self.process.announce(events::ROLE_CHANGED, fields! { role: role });
        self.process.announce(events::STATE_CHANGED, fields! { state: format!("{role} normal") });
    }

    fn is_primary(&self) -> bool {
        self.settings.look.borrow().role == "primary"
    }

    /// Whose turn it is, and since which epoch.
    async fn turn(&self) -> Option<(u64, u64)> {
        let sector = self.disk.read(0, SECTOR).await.ok()?;
        let number = |at: usize| u64::from_le_bytes(sector[at..at + 8].try_into().unwrap_or_default());
        (number(0) == u64::from(MAGIC)).then(|| (number(8), number(16)))
    }

    async fn take_turn(&self, epoch: u64) -> bool {
        let mut sector = vec![0; SECTOR as usize];
        sector[..8].copy_from_slice(&u64::from(MAGIC).to_le_bytes());
        sector[8..16].copy_from_slice(&u64::from(self.process.host().0).to_le_bytes());
        sector[16..24].copy_from_slice(&epoch.to_le_bytes());
        self.disk.write_through(0, sector).await.is_ok()
    }

    async fn promote(&self) -> bool {
        let epoch = self.turn().await.map_or(1, |(_, epoch)| epoch + 1);
        if !self.take_turn(epoch).await {
            return false;
        }
        self.disk.set_epoch(epoch);
        self.replay().await;
        self.settings.look.borrow_mut().epoch = epoch;
        self.set_role("primary");
        self.process.announce(events::WRITES_OPENED, fields! { epoch: epoch });
        self.process.log("db.log", format!("promoted in epoch {epoch}"));
        true
    }

    fn demote(&self) {
        if self.is_primary() {
            self.process.announce(events::WRITES_CLOSED, fields! {});
            self.set_role("standby");
        }
    }

    async fn replay(&self) {
        let mut rows = self.settings.initial.clone();
        let mut position = LOG_START;
        while let Ok(sector) = self.disk.read(position, SECTOR).await
            && let Some(actions) = decode(&sector)
        {
            let (_, changed) = evaluate(&actions, |key| rows.get(&key).cloned().unwrap_or_default());
            rows.extend(changed);
            position += SECTOR;
        }
        *self.rows.borrow_mut() = rows;
        self.settings.look.borrow_mut().log_position = position;
    }

    async fn obey(&self) {
        let port = self.process.bind::<Order>(ADMIN);
        loop {
            let order = port.recv().await;
            let obeyed = match order.message {
                Order::Promote => self.promote().await,
                Order::Demote => {
                    self.demote();
                    true
                }
            };
            port.reply(&order, Obeyed(obeyed));
        }
    }

    async fn serve(&self) -> i32 {
        let port = self.process.bind::<Transaction>(PORT);
        let mut served = 0;
        loop {
            let incoming = port.recv().await;
            served += 1;
            assert!(!self.settings.panics || served < 100, "the model of the test is broken on purpose");
            let answer = self.execute(&incoming.message).await;
            port.reply(&incoming, answer);
        }
    }

    async fn execute(&self, transaction: &Transaction) -> Answer {
        if !self.is_primary() {
            return Answer::Refused("cannot execute in a read-only database".to_owned());
        }
        let (replies, changed) =
            evaluate(&transaction.actions, |key| self.rows.borrow().get(&key).cloned().unwrap_or_default());
        if !changed.is_empty() {
            let epoch = self.settings.look.borrow().epoch;
            let position = self.settings.look.borrow().log_position;
            self.settings.look.borrow_mut().log_position += SECTOR;
            let sector = encode(epoch, &transaction.actions);
            let written = match self.settings.answers_early {
                true => self.disk.write(position, sector).await,
                false => self.disk.write_through(position, sector).await,
            };
            if let Err(error) = written {
                return Answer::Unknown(error.to_string());
            }
            self.rows.borrow_mut().extend(changed);
        }
        Answer::Committed(replies)
    }
}

fn encode(epoch: u64, actions: &[Action]) -> Vec<u8> {
    let mut sector = vec![0; SECTOR as usize];
    sector[..4].copy_from_slice(&MAGIC.to_le_bytes());
    sector[4..12].copy_from_slice(&epoch.to_le_bytes());
    sector[12] = actions.len() as u8;
    for (number, action) in actions.iter().enumerate().take(19) {
        let (kind, first, second) = match *action {
            Action::Read { .. } => (0, 0, 0),
            Action::Write { value, .. } => (1, value, 0),
            Action::CompareAndSet { expected, new, .. } => (2, expected, new),
            Action::Append { value, .. } => (3, value, 0),
            Action::Add { delta, .. } => (4, delta, 0),
        };
        let at = 16 + number * 25;
        sector[at] = kind;
        for (place, number) in [action.key(), first, second].into_iter().enumerate() {
            sector[at + 1 + place * 8..at + 9 + place * 8].copy_from_slice(&number.to_le_bytes());
        }
    }
    let digest = nodes::world::digest::Digest::of(&sector[..504]);
    sector[504..].copy_from_slice(&digest.to_le_bytes());
    sector
}

fn decode(sector: &[u8]) -> Option<Vec<Action>> {
    let number = |at: usize| i64::from_le_bytes(sector[at..at + 8].try_into().unwrap_or_default());
    let sound =
        sector[..4] == MAGIC.to_le_bytes() && number(504) as u64 == nodes::world::digest::Digest::of(&sector[..504]);
    let action = |place: usize| {
        let at = 16 + place * 25;
        let (key, first, second) = (number(at + 1), number(at + 9), number(at + 17));
        match sector[at] {
            1 => Action::Write { key, value: first },
            2 => Action::CompareAndSet { key, expected: first, new: second },
            3 => Action::Append { key, value: first },
            4 => Action::Add { key, delta: first },
            _ => Action::Read { key },
        }
    };
    sound.then(|| (0..usize::from(sector[12])).map(action).collect())
}
