//! The status machine of a group: what the voting disk shows goes in, what the control CSS must do comes out.
//!
//! It is pure, so that the whole sequence of a crash and a rejoin can be compared with the log of a real cluster
//! without a world. It writes nothing and knows no time: the control CSS steps it once in each of its ticks and
//! carries out the acts in their order.

mod paths;
mod split;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use paths::Path;
use paths::{Deed, Row, Whom};
pub use split::{Reach, losers};

use super::words::{Command, EpMask, GroupKind, NOBODY, Profile, Seqno, is_in, mask_of};

/// A living EP, as its slot shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Present {
    /// Which life of the EP.
    pub guid: u64,
    /// Whether it has started and waits to be commanded (STARTUP2).
    pub waiting: bool,
    /// The sequence number of the last command it finished.
    pub done: u64,
    /// The LSN from which on its changes are not yet in the data pages (`min_first_modified_lsn`); 0 if all are.
    pub oldest_dirty: u64,
    /// Of a control EP: the LSN behind the logs it redid last; 0 for none.
    pub crash_lsn: u64,
    /// The EPs it cannot reach over the interconnect.
    pub unreachable: EpMask,
    /// Whether it reaches the third-party address, if there is one and it was asked.
    pub third_party: Option<bool>,
    /// Whether its heartbeat stands still at the moment, though not yet for long enough to be judged dead: a link to it
    /// is no matter for arbitration, which is between EPs that are alive.
    pub silent: bool,
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
    /// Write the group record as it is now; its status has changed.
    SaveRecord(Box<Group>),
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
    /// Those that died or were halted beside [`Group::broken`] and are handled with it.
    pub also_broken: BTreeSet<Seqno>,
    /// Until the pages hold everything before this LSN the last crash is not over (`crash_lsn` of
    /// `V$DSC_CRASH_OVER_INFO`); 0 if it is.
    pub crash_lsn: u64,
    /// Whose rules it follows.
    pub profile: Profile,
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
            also_broken: BTreeSet::new(),
            crash_lsn: 0,
            profile: Profile::default(),
        }
    }

    /// The same under the rules of a version.
    pub fn with_profile(self, profile: Profile) -> Self {
        Group { profile, ..self }
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

    /// The first word of the status.
    pub fn status(&self) -> &'static str {
        self.path.name(self.profile)
    }

    /// Those whose crash is handled.
    pub fn dead(&self) -> BTreeSet<Seqno> {
        self.broken.into_iter().chain(self.also_broken.iter().copied()).collect()
    }

    /// The EPs that belong to the group now, as orders tell them.
    pub fn belonging(&self) -> EpMask {
        let dead = self.dead();
        mask_of(self.guids.keys().copied().filter(|ep| !dead.contains(ep)))
    }

    /// Puts the absent EPs among the ERROR EPs, so that the others can start without them.
    pub fn open_without(&mut self, sight: &Sight) {
        if self.path == Path::Startup && self.row == 0 && !sight.is_empty() {
            self.ok.retain(|ep| sight.contains_key(ep));
        }
    }

    /// The operator stops all EPs: their ends are no deaths.
    pub fn begin_stop(&mut self) -> Vec<Act> {
        let mut acts = Vec::new();
        if self.path == Path::Open {
            self.change_to(Path::Stop, 0, &mut acts);
        }
        acts
    }

    /// What a control CSS does that takes over and cannot read the record of the group. These EPs of it are at work, and nobody
    /// knows what they were in the middle of: as in any status but OPEN they are halted, and the group starts anew.
    pub fn halt_without_record(&mut self, at_work: BTreeMap<Seqno, u64>) -> Vec<Act> {
        let mut acts = Vec::new();
        if !at_work.is_empty() {
            acts.push(Act::Log("group record cannot be read, all EPs of the group are halted".to_owned()));
            self.guids = at_work.clone();
            self.halt(&at_work, &mut acts);
        }
        acts
    }

    /// The end of all these EPs; when they are gone the group starts anew.
    fn halt(&mut self, eps: &BTreeMap<Seqno, u64>, acts: &mut Vec<Act>) {
        acts.extend(eps.iter().map(|(ep, guid)| Act::Kill { ep: *ep, guid: *guid }));
        (self.broken, self.recovering) = (None, None);
        self.also_broken.clear();
        self.outstanding.clear();
        self.change_to(Path::Halt, 0, acts);
    }

    /// Whether the crash that was handled last is truly over: what the dead had changed is in the pages.
    pub fn crash_is_over(&self, sight: &Sight) -> bool {
        let written = |ep: &Seqno| {
            sight.get(ep).is_none_or(|present| present.oldest_dirty == 0 || present.oldest_dirty >= self.crash_lsn)
        };
        self.crash_lsn == 0 || self.ok.iter().all(written)
    }

    /// One tick.
    pub fn step(&mut self, sight: &Sight) -> Vec<Act> {
        let mut acts = Vec::new();
        match self.path {
            Path::Startup if self.row == 0 => self.begin_start(sight, &mut acts),
            Path::Halt | Path::Stop => self.end_halt(sight, &mut acts),
            _ => match self.missing(sight) {
                Some(ep) => self.lose(ep, sight, &mut acts),
                None if self.path == Path::Open && self.has_link_fault(sight) => self.look_at_links(sight, &mut acts),
                None if self.path == Path::Open => self.begin_rejoin(sight, &mut acts),
                None => self.advance(sight, &mut acts),
            },
        }
        acts
    }

    /// Whether the row is one of the path: false for a record nobody wrote so.
    pub(super) fn has_its_row(&self) -> bool {
        self.row < self.path.rows(self.kind, self.profile).len()
    }

    fn current(&self) -> &'static Row {
        &self.path.rows(self.kind, self.profile)[self.row]
    }

    /// The first EP that belongs to the group and is no longer there in the life it joined with.
    fn missing(&self, sight: &Sight) -> Option<Seqno> {
        let dead = self.dead();
        let mut belonging = self.guids.iter().filter(|(ep, _)| !dead.contains(ep));
        belonging.find(|(ep, guid)| sight.get(ep).is_none_or(|present| present.guid != **guid)).map(|(ep, _)| *ep)
    }

    fn begin_start(&mut self, sight: &Sight, acts: &mut Vec<Act>) {
        let all_there = self.ok.iter().all(|ep| sight.get(ep).is_some_and(|present| present.waiting));
        if !all_there || self.ok.is_empty() {
            return;
        }
        self.guids = self.ok.iter().map(|ep| (*ep, sight[ep].guid)).collect();
        self.crash_lsn = 0;
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

    /// An EP of the group is gone. It is handled while the group is open, and in 2024 also while another crash is; in
    /// any other state it is the end of all of them.
    fn lose(&mut self, ep: Seqno, sight: &Sight, acts: &mut Vec<Act>) {
        let name = self.kind.ep_name(ep);
        let state = if self.path == Path::Open { "PROCESS_OPEN" } else { self.status() };
        acts.push(Act::Log(format!("Detected EP {name}[{ep}] break in {state}")));
        acts.push(Act::Kill { ep, guid: self.guids[&ep] });
        let dead = self.dead();
        let lives = |(other, guid): (&Seqno, &u64)| sight.get(other).is_some_and(|present| present.guid == *guid);
        let survivors =
            self.guids.iter().any(|(other, guid)| *other != ep && !dead.contains(other) && lives((other, guid)));
        match self.path {
            Path::Open | Path::LinkCheck if survivors => return self.break_down(&[ep].into(), acts),
            Path::Crash | Path::Rollback if survivors && self.handles_another_death() => {
                acts.push(Act::Log(format!("Set EP {name}[{ep}] as break EP")));
                self.also_broken.insert(ep);
                self.outstanding.clear();
                return self.change_to(Path::Rollback, 0, acts);
            }
            _ => {}
        }
        let mut others = self.guids.clone();
        others.remove(&ep);
        self.halt(&others, acts);
    }

    fn handles_another_death(&self) -> bool {
        self.profile == Profile::V2024 && self.kind == GroupKind::Db
    }

    /// Crash handling begins for these EPs, on which Kill has been written.
    fn break_down(&mut self, eps: &BTreeSet<Seqno>, acts: &mut Vec<Act>) {
        for ep in eps {
            acts.push(Act::Log(format!("Set EP {}[{ep}] as break EP", self.kind.ep_name(*ep))));
        }
        self.broken = eps.first().copied();
        self.also_broken = eps.iter().skip(1).copied().collect();
        self.outstanding.clear();
        self.change_to(Path::Crash, 0, acts);
    }

    fn has_link_fault(&self, sight: &Sight) -> bool {
        self.kind == GroupKind::Db && self.reports(sight).values().any(|reach| reach.unreachable != 0)
    }

    /// What the EPs of the group report of their links to others that are as alive as they are.
    fn reports(&self, sight: &Sight) -> BTreeMap<Seqno, Reach> {
        let awake = |ep: &&Seqno| sight.get(ep).is_some_and(|seen| !seen.silent);
        let awake: BTreeSet<Seqno> = self.guids.keys().filter(awake).copied().collect();
        let among = mask_of(awake.iter().copied());
        let report =
            |ep: Seqno| Reach { unreachable: sight[&ep].unreachable & among, third_party: sight[&ep].third_party };
        awake.iter().map(|ep| (*ep, report(*ep))).collect()
    }

    /// A link fault was reported. Two EPs without a third-party address need no further look: the larger number goes.
    fn look_at_links(&mut self, sight: &Sight, acts: &mut Vec<Act>) {
        let reports = self.reports(sight);
        let asks_nobody = reports.values().all(|reach| reach.third_party.is_none());
        for (ep, reach) in reports.iter().filter(|(_, reach)| reach.unreachable != 0) {
            for peer in self.members.iter().filter(|peer| is_in(reach.unreachable, **peer)) {
                let (name, other) = (self.kind.ep_name(*ep), self.kind.ep_name(*peer));
                acts.push(Act::Log(format!("EP {name}[{ep}] reports a link fault to EP {other}[{peer}]")));
            }
        }
        match self.profile == Profile::V2021 && reports.len() == 2 && asks_nobody {
            true => self.arbitrate(sight, acts),
            false => self.change_to(Path::LinkCheck, 0, acts),
        }
    }

    /// Halts those that lose by the reports; the group is open again if nobody does.
    fn arbitrate(&mut self, sight: &Sight, acts: &mut Vec<Act>) {
        let losers = losers(&self.reports(sight));
        for ep in &losers {
            acts.push(Act::Kill { ep: *ep, guid: self.guid(*ep) });
        }
        match losers.is_empty() {
            true => self.change_to(Path::Open, 0, acts),
            false => self.break_down(&losers, acts),
        }
    }

    fn begin_rejoin(&mut self, sight: &Sight, acts: &mut Vec<Act>) {
        let returning = self.members.difference(&self.ok).find(|ep| sight.get(ep).is_some_and(|ep| ep.waiting));
        let Some(ep) = returning.copied() else { return };
        if !self.crash_is_over(sight) {
            return;
        }
        self.crash_lsn = 0;
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
            let path = self.path;
            for deed in self.current().deeds {
                self.carry_out(*deed, sight, acts);
            }
            if self.path != path {
                return;
            }
            match self.row + 1 < self.path.rows(self.kind, self.profile).len() {
                true => self.change_to(self.path, self.row + 1, acts),
                false => self.open(sight, acts),
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

    fn open(&mut self, sight: &Sight, acts: &mut Vec<Act>) {
        if self.path != Path::Recover {
            self.crash_lsn = self.control.and_then(|ep| sight.get(&ep)).map_or(0, |present| present.crash_lsn);
        }
        (self.broken, self.recovering) = (None, None);
        self.also_broken.clear();
        self.opened = true;
        self.change_to(Path::Open, 0, acts);
    }

    /// Enters a row; only a change of the shown status counts and is logged.
    fn change_to(&mut self, path: Path, row: usize, acts: &mut Vec<Act>) {
        let from = (self.status(), self.sub_status());
        (self.path, self.row) = (path, row);
        let to = (self.status(), self.sub_status());
        if from != to {
            self.counter += 1;
            acts.push(Act::SaveRecord(Box::new(self.clone())));
            let ((sta, sub), (new_sta, new_sub)) = (from, to);
            acts.push(Act::Log(format!("status change from ({sta}, {sub}) to ({new_sta}, {new_sub})")));
            acts.push(Act::Log(self.summary()));
            acts.push(Act::Entered(path, new_sub));
        }
    }

    fn carry_out(&mut self, deed: Deed, sight: &Sight, acts: &mut Vec<Act>) {
        match deed {
            Deed::MarkError => {
                for ep in self.dead() {
                    self.ok.remove(&ep);
                    self.guids.remove(&ep);
                }
                acts.push(Act::SaveRegistry);
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
                for owner in self.patients() {
                    let host = if at == Whom::Control { self.control } else { Some(owner) };
                    acts.extend(host.map(|host| Act::Vip { host, owner, up }));
                }
            }
            Deed::Arbitrate => self.arbitrate(sight, acts),
            Deed::BeginCrash => self.change_to(Path::Crash, 0, acts),
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

    /// Those that died, or the one that comes back.
    fn patients(&self) -> BTreeSet<Seqno> {
        self.dead().into_iter().chain(self.recovering).collect()
    }

    fn chosen(&self, whom: Whom) -> Vec<Seqno> {
        let patients = self.patients();
        let all = || self.guids.keys().copied();
        match whom {
            Whom::Control => self.control.into_iter().collect(),
            Whom::Patient => patients.into_iter().collect(),
            Whom::Workers => all().filter(|ep| !patients.contains(ep)).collect(),
            Whom::Normals => all().filter(|ep| !patients.contains(ep) && Some(*ep) != self.control).collect(),
            Whom::All => all().collect(),
        }
    }
}
