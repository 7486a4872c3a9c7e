use super::super::words::{Command, GroupKind, Profile};
use super::*;

/// What the CSS of a real cluster logged when DSC0 was killed and started again.
const INCIDENT: &str = include_str!("../../../tests/fixtures/dm_CSS0_202105.log");

/// The messages of the incident, without time, process and thread.
fn incident() -> Vec<&'static str> {
    INCIDENT.lines().filter_map(|line| line.split_once("  ").map(|(_, message)| message)).collect()
}

/// An EP that waits to be commanded.
fn waiting(guid: u64) -> Present {
    Present { guid, waiting: true, ..Present::default() }
}

/// Two EPs of a group and a CSS that steps it.
struct Replay {
    group: Group,
    sight: Sight,
    css_counter: u64,
    lines: Vec<String>,
    /// How many ticks an EP takes to answer a command; one if it is not named.
    work: BTreeMap<Command, u32>,
    running: BTreeMap<Seqno, (u64, u32)>,
    ticks: u32,
}

impl Replay {
    fn open() -> Self {
        let present = |guid| Present { guid, ..Present::default() };
        let mut group = Group::new(GroupKind::Db, [0, 1].into());
        (group.path, group.control, group.counter) = (Path::Open, Some(0), 47);
        group.guids = [(0, 100), (1, 200)].into();
        Replay {
            group,
            sight: [(0, present(100)), (1, present(200))].into(),
            css_counter: 2,
            lines: Vec::new(),
            work: [(Command::EpCrashStep2, 2), (Command::SuspendWorkers, 4), (Command::EpStart2, 2)].into(),
            running: BTreeMap::new(),
            ticks: 0,
        }
    }

    fn tick(&mut self) {
        self.ticks += 1;
        for (ep, (sequence, left)) in &mut self.running {
            *left = left.saturating_sub(1);
            if let (0, Some(present)) = (*left, self.sight.get_mut(ep)) {
                present.done = *sequence;
                present.waiting = false;
            }
        }
        for act in self.group.step(&self.sight) {
            self.carry_out(act);
        }
    }

    fn carry_out(&mut self, act: Act) {
        let css_command = |ep, sequence| {
            let (command, name) = (Command::ConfigVip.name(), GroupKind::Css.ep_name(ep));
            format!("[CSS]: CSS set cmd {command}, dest_ep {name} seqno = {ep}, cmd_seq = {sequence}")
        };
        match act {
            Act::Log(line) => self.lines.push(format!("[DB]: {line}")),
            Act::LogBare(line) => self.lines.push(line),
            Act::Tell { ep, command, sequence, .. } => {
                let (name, command_name) = (GroupKind::Db.ep_name(ep), command.name());
                self.lines.push(format!(
                    "[DB]: CSS set cmd {command_name}, dest_ep {name} seqno = {ep}, cmd_seq = {sequence}"
                ));
                if sequence > 0 {
                    self.running.insert(ep, (sequence, self.work.get(&command).copied().unwrap_or(1)));
                }
            }
            Act::Vip { host: 0, up, .. } => {
                let turn = if up { "UP" } else { "DOWN" };
                let call = format!("css_vip_config(enp0s80, 192.168.56.121, 255.255.255.0, {turn})");
                self.lines.push(format!("[CSS]: {call} failed"));
            }
            Act::Vip { host, .. } => {
                self.css_counter += 1;
                self.lines.push(css_command(host, self.css_counter));
            }
            Act::Kill { .. } | Act::KillDatabase(_) => {}
            Act::SaveRegistry | Act::SaveRecord(_) | Act::Entered(..) => {}
        }
    }

    fn crash_and_rejoin(&mut self) {
        self.sight.remove(&0);
        self.ticks_until_open();
        self.sight.insert(0, waiting(329_285_185));
        self.ticks_until_open();
    }

    fn ticks_until_open(&mut self) {
        for _ in 0..60 {
            self.tick();
            if self.group.path == Path::Open {
                return;
            }
        }
        panic!("not open after 60 ticks: {:#?}", self.lines);
    }
}

#[test]
fn crash_and_rejoin_are_those_of_the_incident() {
    let mut replay = Replay::open();
    replay.crash_and_rejoin();
    assert_eq!(replay.lines, incident());
    assert_eq!((replay.group.counter, replay.css_counter), (91, 4));
}

#[test]
fn the_ticks_are_those_of_the_incident_and_follow_the_work() {
    let mut replay = Replay::open();
    replay.crash_and_rejoin();
    // 11.9 s and 15.5 s at one tick a second, the tick of the detection included.
    assert_eq!(replay.ticks, 12 + 16);
    let mut slow = Replay::open();
    slow.work.insert(Command::EpCrashStep1, 9);
    slow.crash_and_rejoin();
    assert_eq!(slow.ticks, 12 + 16 + 8);
}

#[test]
fn the_dead_ep_is_killed_before_anything_is_ordered() {
    let mut replay = Replay::open();
    replay.sight.remove(&0);
    let acts = replay.group.step(&replay.sight);
    let kill = acts.iter().position(|act| *act == Act::Kill { ep: 0, guid: 100 });
    let status = acts.iter().position(|act| matches!(act, Act::Entered(Path::Crash, _)));
    assert!(kill.is_some() && kill < status, "{acts:?}");
}

#[test]
fn a_fast_restart_is_a_death() {
    let mut replay = Replay::open();
    replay.sight.insert(0, waiting(101));
    replay.tick();
    assert_eq!((replay.group.path, replay.group.broken), (Path::Crash, Some(0)));
    replay.ticks_until_open();
    replay.ticks_until_open();
    assert_eq!(replay.group.guids.get(&0), Some(&101));
}

#[test]
fn a_second_death_on_the_way_halts_all_that_remain() {
    for died_at in 1..20 {
        let mut replay = Replay::open();
        replay.sight.remove(&0);
        replay.ticks_until_open();
        replay.sight.insert(0, waiting(7));
        for _ in 0..died_at {
            replay.tick();
        }
        if replay.group.path == Path::Open {
            break;
        }
        replay.sight.remove(&1);
        let acts = replay.group.step(&replay.sight);
        assert!(acts.contains(&Act::Kill { ep: 0, guid: 7 }), "after {died_at} ticks: {acts:?}");
        assert_eq!(replay.group.path, Path::Halt);
        replay.sight.remove(&0);
        replay.tick();
        assert_eq!((replay.group.path, replay.group.row), (Path::Startup, 0));
    }
}

#[test]
fn a_group_starts_when_every_ok_ep_is_there() {
    let mut replay = Replay::open();
    replay.group = Group::new(GroupKind::Db, [0, 1].into());
    replay.sight = [(0, waiting(5))].into();
    (0..5).for_each(|_| replay.tick());
    assert!(replay.lines.is_empty(), "one EP is missing: {:?}", replay.lines);
    replay.sight.insert(1, waiting(6));
    replay.ticks_until_open();
    assert_eq!(replay.group.control, Some(0));
    let without = |sight: &Sight| {
        let mut group = Group::new(GroupKind::Db, [0, 1].into());
        group.open_without(sight);
        group.ok
    };
    assert_eq!(without(&[(1, waiting(6))].into()), [1].into());
    assert_eq!(without(&BTreeMap::new()), [0, 1].into());
}

#[test]
fn in_2024_a_second_death_is_undone_and_handled_with_the_first() {
    let present = |guid| Present { guid, ..Present::default() };
    let mut replay = Replay::open();
    replay.group = Group::new(GroupKind::Db, [0, 1, 2].into()).with_profile(Profile::V2024);
    (replay.group.path, replay.group.control) = (Path::Open, Some(0));
    replay.group.guids = [(0, 100), (1, 200), (2, 300)].into();
    replay.sight = [(1, present(200)), (2, present(300))].into();
    (0..2).for_each(|_| replay.tick());
    assert_eq!((replay.group.path, replay.group.sub_status()), (Path::Crash, "WAIT_EP_CRASH"));
    replay.sight.remove(&1);
    replay.tick();
    assert_eq!((replay.group.path, replay.group.sub_status()), (Path::Rollback, "CRASH_ROLLBACK"));
    assert_eq!(replay.group.dead(), [0, 1].into());
    replay.ticks_until_open();
    assert_eq!((replay.group.ok.clone(), replay.group.control), ([2].into(), Some(2)));
    let commands =
        |name: &str| replay.lines.iter().filter(|line| line.contains(&format!("CSS set cmd {name},"))).count();
    assert_eq!((commands("EP_CRASH"), commands("CRASH_ROLLBACK")), (3, 1));
}

#[test]
fn a_link_fault_between_two_halts_the_larger_number_and_crash_handling_follows() {
    let mut replay = Replay::open();
    replay.sight.get_mut(&0).expect("there").unreachable = mask_of([1]);
    let acts = replay.group.step(&replay.sight);
    assert!(acts.contains(&Act::Kill { ep: 1, guid: 200 }), "{acts:?}");
    assert_eq!((replay.group.path, replay.group.broken), (Path::Crash, Some(1)));
    replay.ticks_until_open();
    assert_eq!((replay.group.control, replay.group.ok.clone()), (Some(0), [0].into()));
}

#[test]
fn with_a_third_party_all_look_before_anybody_is_halted() {
    let mut replay = Replay::open();
    for (ep, reaches) in [(0, false), (1, true)] {
        let seen = replay.sight.get_mut(&ep).expect("there");
        (seen.unreachable, seen.third_party) = (mask_of([1 - ep]), Some(reaches));
    }
    replay.tick();
    assert_eq!((replay.group.path, replay.group.sub_status()), (Path::LinkCheck, "WAIT_LINK_CHECK"));
    replay.ticks_until_open();
    assert_eq!((replay.group.control, replay.group.ok.clone()), (Some(1), [1].into()));
}

#[test]
fn nobody_rejoins_before_the_pages_hold_what_the_dead_had_changed() {
    let mut replay = Replay::open();
    replay.sight.remove(&0);
    replay.ticks_until_open();
    replay.group.crash_lsn = 40;
    replay.sight.insert(0, waiting(7));
    replay.sight.get_mut(&1).expect("there").oldest_dirty = 39;
    replay.tick();
    assert_eq!(replay.group.path, Path::Open);
    replay.sight.get_mut(&1).expect("there").oldest_dirty = 40;
    replay.tick();
    assert_eq!((replay.group.path, replay.group.crash_lsn), (Path::Recover, 0));
}

#[test]
fn without_its_record_a_group_at_work_is_halted_and_one_that_waits_is_not() {
    let mut group = Group::new(GroupKind::Db, [0, 1].into());
    assert!(group.halt_without_record(BTreeMap::new()).is_empty());
    assert_eq!((group.path, group.row), (Path::Startup, 0));
    let acts = group.halt_without_record([(1, 7)].into());
    assert!(acts.contains(&Act::Kill { ep: 1, guid: 7 }) && acts.contains(&Act::Entered(Path::Halt, "WAIT_SYS_HALT")));
    assert!(group.step(&[(1, Present { guid: 7, ..Present::default() })].into()).is_empty(), "it is waited for");
    group.step(&BTreeMap::new());
    assert_eq!((group.path, group.row, group.ok.clone()), (Path::Startup, 0, [0, 1].into()));
}
