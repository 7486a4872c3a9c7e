//! The status machine of a group: what the voting disk shows goes in, what the control CSS must do comes out.
//!
//! It is pure, so that the whole sequence of a crash and a rejoin can be compared with the log of a real cluster
//! without a world. It writes nothing and knows no time: the control CSS steps it once in each of its ticks and
//! carries out the acts in their order.

mod paths;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use paths::Path;
use paths::{Deed, Row, Whom};

use super::words::{Command, GroupKind, NOBODY, Seqno};

/// A living EP, as its slot shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present {
    /// Which life of the EP.
    pub guid: u64,
    /// Whether it has started and waits to be commanded (STARTUP2).
    pub waiting: bool,
    /// The sequence number of the last command it finished.
    pub done: u64,
}

/// What a control CSS sees of a group in a tick: the EPs it holds for alive.
pub type Sight = BTreeMap<Seqno, Present>;

/// What the control CSS must do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A line of the log with the group in front.
    Log(String),
    /// A line of the log without it.
    LogBare(String),
    /// Write a command; its line in the log comes first.
    Tell {
        /// To whom.
        ep: Seqno,
        /// Which life of it is meant.
        guid: u64,
        /// What.
        command: Command,
        /// The sequence number; 0 for none.
        sequence: u64,
    },
    /// Write Kill, of which the log says nothing.
    Kill {
        /// To whom.
        ep: Seqno,
        /// Which life of it is meant.
        guid: u64,
    },
    /// Kill the database of a host, whose ASM is dead.
    KillDatabase(Seqno),
    /// Configure the virtual address of `owner` on a host.
    Vip {
        /// The host.
        host: Seqno,
        /// Whose address.
        owner: Seqno,
        /// Whether it goes up.
        up: bool,
    },
    /// Write the registry.
    SaveRegistry,
    /// Write the group record; its status has changed.
    SaveRecord,
    /// Announce the new status.
    Entered(Path, &'static str),
}

/// A group, as its control CSS knows it and as its record on the voting disk has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which.
    pub kind: GroupKind,
    /// Every EP of it.
    pub members: BTreeSet<Seqno>,
    /// Those the registry lists as OK.
    pub ok: BTreeSet<Seqno>,
    /// Which path it is on.
    pub path: Path,
    /// Which row of the path comes next.
    pub row: usize,
    /// The control EP.
    pub control: Option<Seqno>,
    /// The EP whose crash is handled.
    pub broken: Option<Seqno>,
    /// The EP that comes back.
    pub recovering: Option<Seqno>,
    /// Rises with every change of the status and every command.
    pub counter: u64,
    /// The life of each EP that belongs to the group.
    pub guids: BTreeMap<Seqno, u64>,
    /// Commands that wait for an answer.
    pub outstanding: BTreeMap<Seqno, u64>,
    /// Whether it has ever been open.
    pub opened: bool,
}

impl Group {
    /// A group that nobody has started yet.
    pub fn new(kind: GroupKind, members: BTreeSet<Seqno>) -> Self {
        Group {
            kind,
            ok: members.clone(),
            members,
            path: Path::Startup,
            row: 0,
            control: None,
            broken: None,
            recovering: None,
            counter: 0,
            guids: BTreeMap::new(),
            outstanding: BTreeMap::new(),
            opened: false,
        }
    }

    /// The second word of the status.
    pub fn sub_status(&self) -> &'static str {
        self.current().name
    }

    /// `Control Node[1], break ep[0], recover ep[255], n_ok_ep[1]`.
    pub fn summary(&self) -> String {
        let number = |ep: Option<Seqno>| ep.unwrap_or(NOBODY);
        let (control, broken, recovering) = (number(self.control), number(self.broken), number(self.recovering));
        format!("Control Node[{control}], break ep[{broken}], recover ep[{recovering}], n_ok_ep[{}]", self.ok.len())
    }

    /// Puts the absent EPs among the ERROR EPs, so that the others can start without them.
    pub fn open_without(&mut self, sight: &Sight) {
        if self.path == Path::Startup && self.row == 0 && !sight.is_empty() {
            self.ok.retain(|ep| sight.contains_key(ep));
        }
    }

    /// One tick.
    pub fn step(&mut self, sight: &Sight) -> Vec<Act> {
        let mut acts = Vec::new();
        match self.path {
            Path::Startup if self.row == 0 => self.begin_start(sight, &mut acts),
            Path::Halt => self.end_halt(sight, &mut acts),
            _ => match self.missing(sight) {
                Some(ep) => self.lose(ep, sight, &mut acts),
                None if self.path == Path::Open => self.begin_rejoin(sight, &mut acts),
                None => self.advance(sight, &mut acts),
            },
        }
        acts
    }

    /// Whether the row is one of the path: false for a record nobody wrote so.
    pub(super) fn has_its_row(&self) -> bool {
        self.row < self.path.rows(self.kind).len()
    }

    fn current(&self) -> &'static Row {
        &self.path.rows(self.kind)[self.row]
    }

    /// The first EP that belongs to the group and is no longer there in the life it joined with.
    fn missing(&self, sight: &Sight) -> Option<Seqno> {
        let mut belonging = self.guids.iter().filter(|(ep, _)| self.broken != Some(**ep));
        belonging.find(|(ep, guid)| sight.get(ep).is_none_or(|present| present.guid != **guid)).map(|(ep, _)| *ep)
    }

    fn begin_start(&mut self, sight: &Sight, acts: &mut Vec<Act>) {
        let all_there = self.ok.iter().all(|ep| sight.get(ep).is_some_and(|present| present.waiting));
        if !all_there || self.ok.is_empty() {
            return;
        }
        self.guids = self.ok.iter().map(|ep| (*ep, sight[ep].guid)).collect();
        self.advance(sight, acts);
    }

    fn end_halt(&mut self, sight: &Sight, acts: &mut Vec<Act>) {
        let lives = |(ep, guid): (&Seqno, &u64)| sight.get(ep).is_some_and(|present| present.guid == *guid);
        if self.guids.iter().any(lives) {
            return;
        }
        self.guids.clear();
        self.control = None;
        self.change_to(Path::Startup, 0, acts);
    }

    /// An EP of the group is gone: handled while the group is open, the end of all of them in any other state.
    fn lose(&mut self, ep: Seqno, sight: &Sight, acts: &mut Vec<Act>) {
        let name = self.kind.ep_name(ep);
        let state = if self.path == Path::Open { "PROCESS_OPEN" } else { self.path.name() };
        acts.push(Act::Log(format!("Detected EP {name}[{ep}] break in {state}")));
        acts.push(Act::Kill { ep, guid: self.guids[&ep] });
        let survivors = self
            .guids
            .iter()
            .any(|(other, guid)| *other != ep && sight.get(other).is_some_and(|present| present.guid == *guid));
        if self.path == Path::Open && survivors {
            acts.push(Act::Log(format!("Set EP {name}[{ep}] as break EP")));
            self.broken = Some(ep);
            return self.change_to(Path::Crash, 0, acts);
        }
        for (other, guid) in &self.guids {
            if *other != ep {
                acts.push(Act::Kill { ep: *other, guid: *guid });
            }
        }
        (self.broken, self.recovering) = (None, None);
        self.outstanding.clear();
        self.change_to(Path::Halt, 0, acts);
    }

    fn begin_rejoin(&mut self, sight: &Sight, acts: &mut Vec<Act>) {
        let returning = self.members.difference(&self.ok).find(|ep| sight.get(ep).is_some_and(|ep| ep.waiting));
        let Some(ep) = returning.copied() else { return };
        let (name, guid) = (self.kind.ep_name(ep), sight[&ep].guid);
        acts.push(Act::LogBare(format!("css detect {} [{name}] startup2", self.kind.name())));
        acts.push(Act::LogBare(format!("css set {} [{name}] guid [{guid}]", self.kind.name())));
        acts.push(Act::Log(format!("Set EP {name}[{ep}] as recover EP")));
        self.guids.insert(ep, guid);
        self.recovering = Some(ep);
        self.change_to(Path::Recover, 0, acts);
        if self.current().chained {
            self.advance(sight, acts);
        }
    }

    /// Carries out the row that is due, and those chained to it.
    fn advance(&mut self, sight: &Sight, acts: &mut Vec<Act>) {
        loop {
            if self.current().waits && !self.all_answered(sight) {
                return;
            }
            for deed in self.current().deeds {
                self.carry_out(*deed, acts);
            }
            match self.row + 1 < self.path.rows(self.kind).len() {
                true => self.change_to(self.path, self.row + 1, acts),
                false => self.open(acts),
            }
            if self.path == Path::Open || !self.current().chained {
                return;
            }
        }
    }

    fn all_answered(&mut self, sight: &Sight) -> bool {
        self.outstanding.retain(|ep, sequence| sight.get(ep).is_none_or(|present| present.done != *sequence));
        self.outstanding.is_empty()
    }

    fn open(&mut self, acts: &mut Vec<Act>) {
        (self.broken, self.recovering) = (None, None);
        self.change_to(Path::Open, 0, acts);
        self.opened = true;
    }

    /// Enters a row; only a change of the shown status counts and is logged.
    fn change_to(&mut self, path: Path, row: usize, acts: &mut Vec<Act>) {
        let from = (self.path, self.sub_status());
        (self.path, self.row) = (path, row);
        let to = (self.path, self.sub_status());
        if from != to {
            self.counter += 1;
            acts.push(Act::SaveRecord);
            let ((sta, sub), (new_sta, new_sub)) = ((from.0.name(), from.1), (to.0.name(), to.1));
            acts.push(Act::Log(format!("status change from ({sta}, {sub}) to ({new_sta}, {new_sub})")));
            acts.push(Act::Log(self.summary()));
            acts.push(Act::Entered(to.0, to.1));
        }
    }

    fn carry_out(&mut self, deed: Deed, acts: &mut Vec<Act>) {
        match deed {
            Deed::MarkError => {
                if let Some(ep) = self.broken {
                    self.ok.remove(&ep);
                    self.guids.remove(&ep);
                    acts.push(Act::SaveRegistry);
                }
            }
            Deed::MarkOk => {
                self.ok.extend(self.recovering);
                acts.push(Act::SaveRegistry);
            }
            Deed::ChooseControl => self.choose_control(acts),
            Deed::HaltDatabase => acts.extend(self.broken.map(Act::KillDatabase)),
            Deed::Say(line) => acts.push(Act::Log(line.to_owned())),
            Deed::Tell(command, whom) => self.chosen(whom).into_iter().for_each(|ep| self.tell(ep, command, acts)),
            Deed::Clear(whom) => {
                for ep in self.chosen(whom) {
                    acts.push(Act::Tell { ep, guid: self.guid(ep), command: Command::None, sequence: 0 });
                }
            }
            Deed::Vip(at, up) => {
                let patient = self.broken.or(self.recovering);
                if let (Some(host), Some(owner)) = (self.chosen(at).first().copied(), patient) {
                    acts.push(Act::Vip { host, owner, up });
                }
            }
        }
    }

    fn tell(&mut self, ep: Seqno, command: Command, acts: &mut Vec<Act>) {
        self.counter += 1;
        self.outstanding.insert(ep, self.counter);
        acts.push(Act::Tell { ep, guid: self.guid(ep), command, sequence: self.counter });
    }

    /// The smallest number of those that work; the role does not move while its holder lives.
    fn choose_control(&mut self, acts: &mut Vec<Act>) {
        let workers = self.chosen(Whom::Workers);
        if self.control.is_some_and(|control| workers.contains(&control)) {
            return;
        }
        self.control = workers.first().copied();
        if let Some(ep) = self.control {
            acts.push(Act::Log(format!("Set EP {}[{ep}] as Control node", self.kind.ep_name(ep))));
        }
    }

    fn guid(&self, ep: Seqno) -> u64 {
        self.guids.get(&ep).copied().unwrap_or(0)
    }

    fn chosen(&self, whom: Whom) -> Vec<Seqno> {
        let patient = self.broken.or(self.recovering);
        let all = || self.guids.keys().copied();
        match whom {
            Whom::Control => self.control.into_iter().collect(),
            Whom::Patient => patient.into_iter().collect(),
            Whom::Workers => all().filter(|ep| Some(*ep) != patient).collect(),
            Whom::Normals => all().filter(|ep| Some(*ep) != patient && Some(*ep) != self.control).collect(),
            Whom::All => all().collect(),
        }
    }
}
