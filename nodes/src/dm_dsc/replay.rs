//! Which runs of the group machines explain a dmcss log.
//!
//! The machine is the one that governs simulated groups ([`super::group::Group`]): from a state, every tick it could
//! make is made, and the lines it writes are what the log may say next. A log that begins in the middle of a path is
//! joined there: every state that could have written its first line is followed, until the lines leave one of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::grammar::{Machine, Phase};

use super::grammar::Line;
use super::group::{Act, Group, Path, Present, Sight};
use super::words::{GroupKind, Profile, Seqno, mask_of};

/// Where the counter of a group that is replayed begins: far from any real one, since only differences count.
const COUNTER: u64 = 1 << 32;

/// Groups larger than this are joined with all EPs, or all but one, in the list of those that are OK.
const EVERY_SUBSET_UP_TO: usize = 4;

/// The groups that a control CSS governs.
const GOVERNED: [GroupKind; 2] = [GroupKind::Asm, GroupKind::Db];

/// The machines of a control CSS.
pub struct Governing {
    members: BTreeMap<GroupKind, BTreeSet<Seqno>>,
    /// The versions that can have written the log.
    profiles: Vec<Profile>,
}

/// What explains the log so far: nothing yet, or some runs for each group. The groups step apart from each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    runs: BTreeMap<GroupKind, Vec<Run>>,
    /// Hosts whose CSS were found dead: nobody orders them to configure an address.
    dead: BTreeSet<Seqno>,
}

/// A run of one group.
#[derive(Clone, Debug, PartialEq)]
struct Run {
    group: Group,
    /// What it still has to write in this tick.
    due: VecDeque<Due>,
    /// What has to be added to its counter to get the log's, once known.
    shift: Option<i128>,
    /// The last sequence number of a command to a CSS.
    css: Option<u64>,
    /// On which host the log can have been written.
    hosts: BTreeSet<Seqno>,
    /// Link faults that were reported in the tick which is under way: what it does depends on all of them.
    faults: BTreeSet<(Seqno, Seqno)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Due {
    Line(Line),
    /// The address of an EP is configured on this host: here by ourselves, elsewhere by an order to its CSS.
    Address {
        host: Seqno,
        up: bool,
    },
}

impl Governing {
    /// The machines of groups whose EPs the log names.
    pub fn of(messages: &[&str]) -> Self {
        let lines: Vec<Line> = messages.iter().filter_map(|message| Line::read(message)).collect();
        let members = |kind: GroupKind| {
            let named = lines.iter().filter_map(|line| match line {
                Line::Order { group, receiver, .. } if *group == kind => Some(receiver.1),
                _ => None,
            });
            // The list of OK EPs can be longer than the list of those that were ordered anything.
            let largest = lines.iter().filter_map(|line| match line {
                Line::Said { group, text } if *group == kind => text.rsplit_once("n_ok_ep[")?.1.strip_suffix(']'),
                _ => None,
            });
            let count = largest.filter_map(|count| count.parse::<Seqno>().ok()).max().unwrap_or(0);
            named.chain(0..count.min(16)).collect::<BTreeSet<Seqno>>()
        };
        // Versions name crash handling differently; a log without any can be of either.
        let names = |profile: Profile| {
            let name = Path::Crash.name(profile);
            lines.iter().any(|line| matches!(line, Line::Status { from, to, .. } if from.0 == name || to.0 == name))
        };
        let all = [Profile::V2021, Profile::V2024];
        let named: Vec<Profile> = all.into_iter().filter(|profile| names(*profile)).collect();
        let profiles = if named.is_empty() { all.to_vec() } else { named };
        Governing { profiles, members: GOVERNED.into_iter().map(|kind| (kind, members(kind))).collect() }
    }

    fn join(&self, kind: GroupKind, line: &Line) -> Vec<Run> {
        let members = self.members.get(&kind).cloned().unwrap_or_default();
        let run = |group: &Group, due: VecDeque<Due>| {
            let (group, hosts) = (group.clone(), members.clone());
            Run { group, due, shift: None, css: None, hosts, faults: BTreeSet::new() }
        };
        let mut joined = Vec::new();
        for group in self.profiles.iter().flat_map(|profile| every_state(kind, &members, *profile)) {
            if let Line::LinkFault { ep, peer } = line {
                let reporting = run(&group, VecDeque::new()).reporting(*ep, *peer);
                joined.extend(reporting.filter(|run| !joined.contains(run)));
                continue;
            }
            for (after, due) in moves(&group) {
                for skipped in 0..due.len() {
                    let run = run(&after, due.iter().skip(skipped).cloned().collect());
                    for run in run.write(line, &BTreeSet::new()) {
                        if !joined.contains(&run) {
                            joined.push(run);
                        }
                    }
                }
            }
        }
        joined
    }
}

impl Machine for Governing {
    type State = Explanation;

    fn knows(&self, message: &str) -> bool {
        Line::read(message).is_some()
    }

    fn begin(&self, message: &str) -> Vec<Explanation> {
        self.after(&Explanation::default(), message)
    }

    fn after(&self, state: &Explanation, message: &str) -> Vec<Explanation> {
        let Some(line) = Line::read(message) else { return Vec::new() };
        let mut next = state.clone();
        match (&line, line.group()) {
            (Line::Reign(_) | Line::ReignOver(_), _) => next = Explanation::default(),
            (Line::CssDead(css), _) => drop(next.dead.insert(*css)),
            (Line::DiskLost(_), _) => {
                for runs in next.runs.values_mut() {
                    let lost: Vec<Run> = runs.iter().map(|run| Run { due: VecDeque::new(), ..run.clone() }).collect();
                    runs.extend(lost);
                }
            }
            // A CSS that governs nothing configures addresses when it is told to.
            (Line::Address { .. }, _) if next.runs.is_empty() => {}
            (_, Some(kind)) => {
                let runs = match next.runs.get(&kind) {
                    None => self.join(kind, &line),
                    Some(runs) => runs.iter().flat_map(|run| run.take(&line, &next.dead)).collect(),
                };
                if runs.is_empty() {
                    return Vec::new();
                }
                next.runs.insert(kind, distinct(runs));
            }
            _ => {}
        }
        vec![next]
    }

    fn allowed(&self, state: &Explanation) -> Vec<String> {
        state.runs.values().flatten().flat_map(|run| run.allowed(&state.dead)).collect()
    }

    fn phase(&self, _state: &Explanation, message: &str) -> Option<Phase> {
        match Line::read(message)? {
            Line::Status { group, to, .. } => {
                let rests = [Path::Open, Path::Halt].map(|path| path.name(Profile::default())).contains(&to.0.as_str());
                Some(Phase { track: group.name().to_owned(), procedure: to.0, step: to.1, rests })
            }
            _ => None,
        }
    }
}

impl Run {
    /// The runs after this line, begun in the tick that is under way or in one that could follow.
    fn take(&self, line: &Line, dead: &BTreeSet<Seqno>) -> Vec<Run> {
        if !self.faults.is_empty() {
            let mut runs: Vec<Run> = self.reported().iter().flat_map(|run| run.take(line, dead)).collect();
            if let Line::LinkFault { ep, peer } = line {
                runs.extend(self.reporting(*ep, *peer));
            }
            return runs;
        }
        let mut runs = self.write(line, dead);
        if let Line::LinkFault { ep, peer } = line {
            runs.extend(self.reporting(*ep, *peer).filter(|_| self.may_be_silent(dead)));
        } else if self.may_be_silent(dead) {
            for (group, due) in moves(&self.group) {
                runs.extend(Run { group, due, ..self.clone() }.write(line, dead));
            }
        }
        runs
    }

    /// This run with one more link fault reported, if the tick under way can have it: they are logged in their order.
    fn reporting(&self, ep: Seqno, peer: Seqno) -> Option<Run> {
        let looks = self.group.kind == GroupKind::Db && self.group.path == Path::Open;
        let known = self.group.guids.contains_key(&ep) && self.group.members.contains(&peer) && ep != peer;
        let next = self.faults.last().is_none_or(|last| *last < (ep, peer));
        let mut faults = self.faults.clone();
        faults.insert((ep, peer));
        (looks && known && next).then(|| Run { faults, due: VecDeque::new(), ..self.clone() })
    }

    /// What the tick can have done on just these link faults, whatever the third party told whom.
    fn reported(&self) -> Vec<Run> {
        let eps: BTreeSet<Seqno> = self.group.guids.keys().copied().collect();
        let asked = subsets(&eps).into_iter().chain([BTreeSet::new()]).map(Some);
        let mut runs = Vec::new();
        for reached in asked.chain([None]) {
            let seen = |(ep, guid): (&Seqno, &u64)| {
                let of_ep = self.faults.iter().filter(|(reporter, _)| reporter == ep);
                let unreachable = mask_of(of_ep.map(|(_, peer)| *peer));
                let third_party = reached.as_ref().map(|reached| reached.contains(ep));
                (*ep, Present { guid: *guid, unreachable, third_party, ..Present::default() })
            };
            let sight: Sight = self.group.guids.iter().map(seen).collect();
            let mut group = self.group.clone();
            let mut due = lines_of(group.kind, group.step(&sight));
            let said = self
                .faults
                .iter()
                .all(|(ep, peer)| due.pop_front() == Some(Due::Line(Line::LinkFault { ep: *ep, peer: *peer })));
            if said && !matches!(due.front(), Some(Due::Line(Line::LinkFault { .. }))) {
                runs.push(Run { group, due, faults: BTreeSet::new(), ..self.clone() });
            }
        }
        distinct(runs)
    }

    /// Whether nothing has to come before the next tick.
    fn may_be_silent(&self, dead: &BTreeSet<Seqno>) -> bool {
        self.due.iter().all(|due| matches!(due, Due::Address { host, .. } if dead.contains(host)))
    }

    /// The runs after this line, if it is the next of this tick.
    fn write(&self, line: &Line, dead: &BTreeSet<Seqno>) -> Vec<Run> {
        let mut rest = self.clone();
        let Some(due) = rest.due.pop_front() else { return Vec::new() };
        let fits = match &due {
            Due::Line(expected) => rest.is(expected, line),
            Due::Address { host, up } => rest.configures(*host, *up, line),
        };
        match due {
            _ if fits => vec![rest],
            Due::Address { host, .. } if dead.contains(&host) => rest.write(line, dead),
            _ => Vec::new(),
        }
    }

    /// Whether a line is the expected one; what only the log can know is learned from it.
    fn is(&mut self, expected: &Line, line: &Line) -> bool {
        match (expected, line) {
            (
                Line::Order { group, command, receiver, sequence },
                Line::Order { group: its_group, command: its_command, receiver: its_receiver, sequence: its_sequence },
            ) => {
                let same = (group, command, receiver) == (its_group, its_command, its_receiver);
                same && match *sequence {
                    0 => *its_sequence == 0,
                    counted => self.counts(counted, *its_sequence),
                }
            }
            (Line::Guid { group, name, .. }, Line::Guid { group: its_group, name: its_name, guid }) => {
                *guid != 0 && (group, name) == (its_group, its_name)
            }
            (Line::Status { from, to, .. }, _) if expected == line => {
                let name = |path: Path| path.name(Profile::default());
                if from.0 == name(Path::Startup) && to.0 == name(Path::Open) {
                    // A drill begins when the group opens, with the counter that its scenario gives.
                    self.shift = None;
                }
                true
            }
            _ => expected == line,
        }
    }

    fn counts(&mut self, counted: u64, shown: u64) -> bool {
        let shift = i128::from(shown) - i128::from(counted);
        shown != 0 && *self.shift.get_or_insert(shift) == shift
    }

    fn configures(&mut self, on: Seqno, upwards: bool, line: &Line) -> bool {
        match line {
            Line::Address { up, .. } => {
                let here = self.hosts.contains(&on) && *up == upwards;
                self.hosts = [on].into();
                here
            }
            Line::Order { group: GroupKind::Css, command, receiver, sequence } => {
                self.hosts.remove(&on);
                let counted = self.css.is_none_or(|last| *sequence == last + 1);
                self.css = Some(*sequence);
                let named = receiver.1 == on && receiver.0 == GroupKind::Css.ep_name(on);
                counted && named && command == "CONFIG VIP" && !self.hosts.is_empty()
            }
            _ => false,
        }
    }

    fn allowed(&self, dead: &BTreeSet<Seqno>) -> Vec<String> {
        let mut allowed: Vec<String> = self.due.front().into_iter().map(|due| self.shown(due)).collect();
        if self.may_be_silent(dead) {
            let next = moves(&self.group);
            allowed.extend(next.iter().filter_map(|(_, due)| due.front().map(|due| self.shown(due))));
        }
        allowed
    }

    fn shown(&self, due: &Due) -> String {
        match due {
            Due::Line(Line::Order { group, command, receiver, sequence }) if *sequence > 0 => {
                let number = self.shift.map_or("{}".to_owned(), |shift| (i128::from(*sequence) + shift).to_string());
                let (group, (name, ep)) = (group.name(), receiver);
                format!("[{group}]: CSS set cmd {command}, dest_ep {name} seqno = {ep}, cmd_seq = {number}")
            }
            Due::Line(Line::Guid { group, name, .. }) => format!("css set {} [{name}] guid [{{}}]", group.name()),
            Due::Line(line) => line.to_string(),
            Due::Address { host, up } => {
                let turn = if *up { "UP" } else { "DOWN" };
                format!("[CSS]: css_vip_config(…, {turn}) on host {host}, or CSS set cmd CONFIG VIP to its CSS")
            }
        }
    }
}

fn distinct(runs: Vec<Run>) -> Vec<Run> {
    runs.into_iter().fold(Vec::new(), |mut kept, run| {
        if !kept.contains(&run) {
            kept.push(run);
        }
        kept
    })
}

/// Every tick a group could make now that leaves a line, and the lines. Ticks that leave none are made on the way.
fn moves(group: &Group) -> Vec<(Group, VecDeque<Due>)> {
    let mut found = Vec::new();
    let mut silent = vec![group.clone()];
    let mut seen = silent.clone();
    while let Some(from) = silent.pop() {
        // Who takes over and cannot read the record of the group halts those that are at work.
        if from.path == Path::Startup && from.row == 0 {
            let mut halted = from.clone();
            let acts =
                halted.halt_without_record(from.members.iter().map(|ep| (*ep, u64::from(*ep) + 1_000)).collect());
            found.push((halted, lines_of(from.kind, acts)));
        }
        let stopped = (from.clone(), None);
        let ticks = ticks(&from).into_iter().map(|(group, sight)| (group, Some(sight)));
        for (mut after, sight) in ticks.chain([stopped]) {
            let acts = match sight {
                Some(sight) => after.step(&sight),
                None => after.begin_stop(),
            };
            let due = lines_of(after.kind, acts);
            if !due.is_empty() {
                found.push((after, due));
            } else if !seen.contains(&after) {
                seen.push(after.clone());
                silent.push(after);
            }
        }
    }
    found
}

/// What a group could see in its next tick.
fn ticks(group: &Group) -> Vec<(Group, Sight)> {
    let present = |ep: &Seqno, waiting| {
        let guid = group.guids.get(ep).copied().unwrap_or(u64::from(*ep) + 1_000);
        Present { guid, waiting, done: group.outstanding.get(ep).copied().unwrap_or(0), ..Present::default() }
    };
    let everybody: Sight = group.guids.keys().map(|ep| (*ep, present(ep, false))).collect();
    let mut seen = Vec::new();
    match group.path {
        Path::Startup if group.row == 0 => {
            for there in subsets(&group.ok) {
                let sight: Sight = there.iter().map(|ep| (*ep, present(ep, true))).collect();
                let mut group = group.clone();
                group.open_without(&sight);
                seen.push((group, sight));
            }
        }
        Path::Halt | Path::Stop => seen.push((group.clone(), Sight::new())),
        _ => {
            seen.extend(splits(group, &everybody).into_iter().map(|sight| (group.clone(), sight)));
            seen.push((group.clone(), everybody.clone()));
            seen.push((group.clone(), Sight::new()));
            for gone in group.guids.keys() {
                let mut sight = everybody.clone();
                sight.remove(gone);
                seen.push((group.clone(), sight));
            }
            for back in group.members.difference(&group.ok) {
                let mut sight = everybody.clone();
                sight.insert(*back, present(back, true));
                seen.push((group.clone(), sight));
            }
        }
    }
    seen
}

/// Every way in which the EPs of a group can report a split, with and without a third party.
fn splits(group: &Group, everybody: &Sight) -> Vec<Sight> {
    let is_about_links = matches!(group.path, Path::Open | Path::LinkCheck) && group.kind == GroupKind::Db;
    if !is_about_links || everybody.len() > EVERY_SUBSET_UP_TO {
        return Vec::new();
    }
    let all: BTreeSet<Seqno> = everybody.keys().copied().collect();
    let cut = |part: &BTreeSet<Seqno>, asked: bool| -> Sight {
        let report = |(ep, seen): (&Seqno, &Present)| {
            let others = all.iter().copied().filter(|other| part.contains(other) != part.contains(ep));
            let third_party = asked.then(|| !part.contains(ep));
            (*ep, Present { unreachable: mask_of(others), third_party, ..*seen })
        };
        everybody.iter().map(report).collect()
    };
    let parts = subsets(&all).into_iter().filter(|part| part.len() < all.len());
    parts.flat_map(|part| [cut(&part, false), cut(&part, true)]).collect()
}

/// What the acts of a tick leave in the log.
fn lines_of(kind: GroupKind, acts: Vec<Act>) -> VecDeque<Due> {
    let read = |message: &str| Line::read(message).map(Due::Line);
    acts.into_iter()
        .filter_map(|act| match act {
            Act::Log(text) => read(&format!("[{}]: {text}", kind.name())),
            Act::LogBare(text) => read(&text),
            Act::Tell { ep, command, sequence, .. } => Some(Due::Line(Line::Order {
                group: kind,
                command: command.name().to_owned(),
                receiver: (kind.ep_name(ep), ep),
                sequence,
            })),
            Act::Vip { host, up, .. } => Some(Due::Address { host, up }),
            Act::Kill { .. } | Act::KillDatabase(_) | Act::SaveRegistry | Act::SaveRecord(_) | Act::Entered(..) => None,
        })
        .collect()
}

/// Every state a group of these EPs can be in, as far as its lines can tell.
fn every_state(kind: GroupKind, members: &BTreeSet<Seqno>, profile: Profile) -> Vec<Group> {
    let mut states = Vec::new();
    for ok in subsets(members) {
        let nobody = std::iter::once(None);
        for patient in nobody.chain(members.iter().copied().map(Some)) {
            for control in std::iter::once(None).chain(members.iter().copied().map(Some)) {
                let mut base = Group::new(kind, members.clone()).with_profile(profile);
                (base.ok, base.control, base.counter, base.opened) = (ok.clone(), control, COUNTER, true);
                base.guids = ok.iter().chain(&patient).map(|ep| (*ep, u64::from(*ep) + 1_000)).collect();
                match patient {
                    None => {
                        let paths = [Path::Open, Path::Startup, Path::Halt, Path::Stop, Path::LinkCheck];
                        states.extend(paths.into_iter().flat_map(|path| rows(&base, path)));
                    }
                    Some(patient) => {
                        let recovering = Group { recovering: Some(patient), ..base.clone() };
                        states.extend(rows(&recovering, Path::Recover));
                        let mut broken = Group { broken: Some(patient), ..base };
                        if !ok.contains(&patient) {
                            broken.guids.remove(&patient);
                        }
                        states.extend(rows(&broken, Path::Crash));
                        states.extend(rows(&broken, Path::Rollback));
                    }
                }
            }
        }
    }
    states
}

/// A group at every row of a path.
fn rows(group: &Group, path: Path) -> Vec<Group> {
    let at = |row| Group { path, row, ..group.clone() };
    (0..).map(at).take_while(Group::has_its_row).collect()
}

/// The sets of EPs that can be OK: all there are in a small group, all EPs and all but one in a large one.
fn subsets(eps: &BTreeSet<Seqno>) -> Vec<BTreeSet<Seqno>> {
    if eps.len() > EVERY_SUBSET_UP_TO {
        let without = |gone: &Seqno| eps.iter().copied().filter(|ep| ep != gone).collect();
        return std::iter::once(eps.clone()).chain(eps.iter().map(without)).collect();
    }
    let list: Vec<Seqno> = eps.iter().copied().collect();
    let chosen = |bits: usize| (0..list.len()).filter(|bit| bits >> bit & 1 == 1).map(|bit| list[bit]).collect();
    (1..1 << list.len()).map(chosen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::{Replay, Taken, Tracker};

    const INCIDENT: &str = include_str!("../../tests/fixtures/dm_CSS0_202105.log");

    fn messages() -> Vec<String> {
        INCIDENT.lines().filter_map(|line| Some(line.split_once("  ")?.1.to_owned())).collect()
    }

    /// The number of the first message that nothing explains, from 1.
    fn first_unexplained(messages: &[String]) -> Option<usize> {
        let all: Vec<&str> = messages.iter().map(String::as_str).collect();
        let mut replay = Tracker::new(Governing::of(&all));
        let unexplained = |message: &&str| matches!(replay.take(message), Taken::Unexplained(_));
        all.iter().position(unexplained).map(|place| place + 1)
    }

    #[test]
    fn the_incident_is_explained_from_wherever_one_begins_to_read() {
        let all = messages();
        for first in 0..all.len() {
            assert_eq!(first_unexplained(&all[first..]), None, "from line {}", first + 1);
        }
    }

    #[test]
    fn a_line_that_is_missing_shows_at_its_place() {
        let all = messages();
        for gone in 1..all.len() - 1 {
            let mut copy = all.clone();
            copy.remove(gone);
            assert_eq!(first_unexplained(&copy), Some(gone + 1), "without line {}: {}", gone + 1, all[gone]);
        }
    }

    /// What a group of open EPs logs of a tick in which these report.
    fn logged(members: BTreeSet<Seqno>, faults: &[(Seqno, Seqno)]) -> Vec<String> {
        let mut group = Group::new(GroupKind::Db, members.clone()).with_profile(Profile::V2021);
        (group.path, group.control, group.opened) = (Path::Open, Some(0), true);
        group.guids = members.iter().map(|ep| (*ep, u64::from(*ep) + 1)).collect();
        let seen = |ep: &Seqno| {
            let unreachable = mask_of(faults.iter().filter(|(reporter, _)| reporter == ep).map(|(_, peer)| *peer));
            (*ep, Present { guid: u64::from(*ep) + 1, unreachable, ..Present::default() })
        };
        let acts = group.step(&members.iter().map(seen).collect());
        lines_of(GroupKind::Db, acts)
            .into_iter()
            .filter_map(|due| match due {
                Due::Line(line) => Some(line.to_string()),
                Due::Address { .. } => None,
            })
            .collect()
    }

    #[test]
    fn whatever_links_are_reported_the_tick_follows_from_just_those() {
        let four: BTreeSet<Seqno> = (0..4).collect();
        type Faults = &'static [(Seqno, Seqno)];
        let cases: [(BTreeSet<Seqno>, Faults); 4] = [
            ([0, 1].into(), &[(0, 1)]),
            ([0, 1].into(), &[(0, 1), (1, 0)]),
            (four.clone(), &[(0, 2), (1, 3)]),
            (four, &[(0, 3), (1, 3), (2, 3), (3, 0), (3, 1), (3, 2)]),
        ];
        for (members, faults) in cases {
            // The summary line says how many EPs the group has.
            let open = format!("[DB]: Control Node[0], break ep[255], recover ep[255], n_ok_ep[{}]", members.len());
            let lines = logged(members, faults);
            assert!(lines.len() > faults.len(), "{faults:?}: {lines:?}");
            let log: Vec<String> = std::iter::once(open).chain(lines).collect();
            assert_eq!(first_unexplained(&log), None, "{log:?}");
            let mut without = log.clone();
            without.drain(1..=faults.len());
            assert_eq!(first_unexplained(&without), Some(2), "nobody reported: {without:?}");
        }
    }

    #[test]
    fn two_lines_that_changed_places_show() {
        let all = messages();
        for first in 1..all.len() - 1 {
            let mut copy = all.clone();
            copy.swap(first, first + 1);
            if copy != all {
                assert_eq!(first_unexplained(&copy), Some(first + 1), "lines {} and {}", first + 1, first + 2);
            }
        }
    }
}
