//! Dameng DSC in a world: the killed and rejoined instance of May 2021, and what the shared disks show.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use nodes::dm_dsc::PRODUCT;
use nodes::parts::service::{Action, Answer, PORT, Reply, Transaction, TransactionId};
use nodes::product::{Breakage, Cluster, ClusterPlan, CommandFailure, HostPlan, ParameterValue, VIRTUAL_ADDRESS};
use nodes::world::device::{Arming, DeviceFault, SectorRange};
use nodes::world::executor::Limits;
use nodes::world::port::Address;
use nodes::world::process::Status;
use nodes::world::streams::Seed;
use nodes::world::time::Instant;
use nodes::world::trace::{HostId, ProcessId, Trace, What};
use nodes::world::{World, WorldOptions};

const INCIDENT: &str = include_str!("fixtures/dm_CSS0_202105.log");

/// 2021-05-01 23:49:16, so that a kill at 60 s is that of the incident.
const EVENING: u64 = 1_619_912_956_000_000_000;

#[derive(Clone)]
struct Drill {
    world: World,
    cluster: Rc<dyn Cluster>,
}

impl Drill {
    async fn at(&self, seconds: u64) {
        self.world.sleep_until(Instant::START + Duration::from_secs(seconds)).await;
    }

    fn process(&self, host: u16, name: &str) -> ProcessId {
        self.world.find_process(HostId(host), name).expect("the process exists")
    }

    fn database(&self, host: u16) -> ProcessId {
        self.cluster.database(HostId(host))
    }

    async fn type_on(&self, host: u16, line: &str) -> (Option<i32>, String) {
        let output = self.cluster.shell(HostId(host)).run(line.split_whitespace().map(str::to_owned).collect()).await;
        (output.exit_code, output.lines.iter().map(|(_, line)| format!("{line}\n")).collect())
    }

    fn states(&self) -> Vec<String> {
        self.cluster.nodes().iter().map(|node| format!("{} {} {}", node.role, node.state, node.writable)).collect()
    }
}

type Settings = Vec<(&'static str, ParameterValue)>;

fn millis(millis: u64) -> ParameterValue {
    ParameterValue::Duration(Duration::from_millis(millis))
}

/// As in the incident: nobody starts a dead EP but the operator.
fn incident_settings() -> Settings {
    vec![
        ("sim_start_commands", ParameterValue::Boolean(false)),
        ("sim_db_cmd_seq", ParameterValue::Integer(47)),
        ("sim_css_cmd_seq", ParameterValue::Integer(2)),
    ]
}

fn run(seed: u64, seconds: u64, settings: Settings, script: impl AsyncFnOnce(Drill) + 'static) -> Trace {
    let world = World::new(WorldOptions { seed: Seed(seed), wall_start: EVENING, ..Default::default() });
    let finished = Rc::new(Cell::new(false));
    let end = finished.clone();
    let limits = Limits { time: Instant::START + Duration::from_secs(seconds), ..Default::default() };
    world.run(limits, move |world| {
        let host = |name: &str| HostPlan { name: name.to_owned(), role: "instance".to_owned() };
        let plan = ClusterPlan {
            hosts: vec![host("dsc0"), host("dsc1")],
            set: settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            initial: (0..4).map(|key| (key, vec![0])).collect(),
            ..ClusterPlan::default()
        };
        let cluster = (PRODUCT.build)(world, &plan).expect("a sound plan");
        cluster.start();
        let drill = Drill { world: world.clone(), cluster };
        world.spawn_outside(async move {
            script(drill).await;
            end.set(true);
        });
    });
    assert!(finished.get(), "the script did not come to its end");
    world.take_trace()
}

/// Clients that add to shared rows through both instances; what was acknowledged, by row.
type Ledger = Rc<RefCell<BTreeMap<i64, i64>>>;

fn add_clients(drill: &Drill, until: u64) -> Ledger {
    let ledger = Ledger::default();
    for client in 0..4u32 {
        let (kept, services) = (ledger.clone(), drill.cluster.services());
        let host = drill.world.add_host(&format!("client{client}"));
        let process = drill.world.add_process(host, "client", move |process| {
            let (ledger, services) = (kept.clone(), services.clone());
            async move {
                let end = Instant::START + Duration::from_secs(until);
                for number in 1.. {
                    if process.monotonic() > end {
                        break;
                    }
                    let key = i64::from((client + number) % 4);
                    let actions = vec![Action::Append { key, value: i64::from(client * 1_000_000 + number) }];
                    let transaction = Transaction { id: TransactionId { client: client + 1, number }, actions };
                    let to: Address = services[((client + number) % 2) as usize];
                    let answer = process.call::<Answer>(to, transaction, Duration::from_secs(20)).await;
                    if let Ok(Answer::Committed(_)) = answer {
                        *ledger.borrow_mut().entry(key).or_default() += 1;
                    }
                    process.sleep(Duration::from_millis(100)).await;
                }
                0
            }
        });
        drill.world.start(process);
    }
    ledger
}

async fn rows(drill: &Drill, through: u16) -> BTreeMap<i64, Vec<i64>> {
    let found: Rc<RefCell<BTreeMap<i64, Vec<i64>>>> = Rc::default();
    let (kept, to) = (found.clone(), Address::new(drill.database(through), PORT));
    let host = drill.world.add_host("reader");
    let reader = drill.world.add_process(host, "reader", move |process| {
        let kept = kept.clone();
        async move {
            let actions = (0..4).map(|key| Action::Read { key }).collect();
            let transaction = Transaction { id: TransactionId { client: 99, number: 1 }, actions };
            let answer = process.call::<Answer>(to, transaction, Duration::from_secs(20)).await;
            let Ok(Answer::Committed(replies)) = answer else { panic!("{answer:?}") };
            for (key, reply) in (0..).zip(replies) {
                if let Reply::Row(row) = reply {
                    kept.borrow_mut().insert(key, row);
                }
            }
            0
        }
    });
    drill.world.start(reader);
    drill.world.announced(Some(host), "process.exited", 1).await;
    found.take()
}

/// A line of the CSS's log: milliseconds since the first, level, message.
type Line = (i64, String, String);

fn parse(line: &str) -> Option<(i64, String, String)> {
    let (head, message) = line.split_once("  ")?;
    let mut words = head.split(' ');
    let (_, clock, level) = (words.next()?, words.next()?, words.next()?);
    let mut parts = clock.split([':', '.']).map(|part| part.parse::<i64>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    let millis = ((next() * 60 + next()) * 60 + next()) * 1_000 + next();
    Some((millis, level.to_owned(), message.to_owned()))
}

/// The lines of the crash and those of the rejoin, each counted from its first. The number of the rejoining life
/// differs in each run.
fn crash_and_rejoin<'a>(lines: impl Iterator<Item = &'a str>) -> [Vec<Line>; 2] {
    let lines: Vec<Line> = lines.filter_map(parse).collect();
    let part = |begin: &str| {
        let start = lines.iter().position(|(_, _, message)| message.contains(begin)).expect("the flow began");
        let mut part = Vec::new();
        for (index, (at, level, message)) in lines[start..].iter().enumerate() {
            let message = message.split(" guid [").next().unwrap_or_default().to_owned();
            part.push((at - lines[start].0, level.clone(), message));
            let opened = |line: &Line| line.2.ends_with("to (OPEN, STARTUP)");
            if index > 0 && opened(&lines[start + index - 1]) {
                break;
            }
        }
        part
    };
    [part("Detected EP DSC0[0] break"), part("css detect DB [DSC0] startup2")]
}

fn log_of<'a>(trace: &'a Trace, name: &str) -> Vec<&'a str> {
    let lines = trace.events().iter().filter_map(|event| match &event.what {
        What::Log { file, line } if &**file == name => Some(&**line),
        _ => None,
    });
    lines.collect()
}

async fn kill_and_rejoin(drill: Drill) {
    drill.at(30).await;
    let breakage = Breakage { how: CommandFailure::Fails, calls: Some(2) };
    assert!(drill.cluster.set_external_command(HostId(0), VIRTUAL_ADDRESS, Some(breakage)));
    drill.at(60).await;
    assert!(drill.world.kill(drill.database(0)));
    drill.at(100).await;
    assert_eq!(drill.states()[1], "Control node (OPEN, STARTUP) true");
    let (code, text) = drill.type_on(1, "dmcssm ep startup GRP_DSC.DSC0").await;
    assert_eq!(code, Some(0), "{text}");
    drill.at(140).await;
    assert_eq!(drill.states(), ["Normal node (OPEN, STARTUP) true", "Control node (OPEN, STARTUP) true"]);
}

fn flows(trace: &Trace) -> [Vec<Line>; 2] {
    let log = log_of(trace, "css/dm_CSS0_202105.log");
    crash_and_rejoin(log.into_iter().filter(|line| !line.contains(": start DSC0")))
}

/// When each status was entered, in milliseconds since the flow began.
fn changes(flow: &[Line]) -> Vec<(i64, &str)> {
    flow.iter()
        .filter(|(_, _, message)| message.contains("status change"))
        .map(|(at, _, m)| (*at, m.as_str()))
        .collect()
}

#[test]
fn kill_and_rejoin_are_those_of_the_incident() {
    for seed in 1..=3 {
        let trace = run(seed, 150, incident_settings(), kill_and_rejoin);
        let (found, real) = (flows(&trace), crash_and_rejoin(INCIDENT.lines()));
        for (found, real) in found.iter().zip(&real) {
            let text = |lines: &[Line]| -> Vec<String> {
                lines.iter().map(|(_, level, message)| format!("{level} {message}")).collect()
            };
            assert_eq!(text(found), text(real));
            let (found, real) = (changes(found), changes(real));
            for ((before, after), (real_before, real_after)) in
                found.iter().zip(&found[1..]).zip(real.iter().zip(&real[1..]))
            {
                let (dwell, real_dwell) = (after.0 - before.0, real_after.0 - real_before.0);
                assert!((dwell - real_dwell).abs() < 1_060, "seed {seed}: {} after {dwell}, {real_dwell}", after.1);
            }
        }
        assert_eq!((changes(&found[0]).len(), changes(&found[1]).len()), (11, 17));
    }
}

#[test]
fn a_slower_answer_of_an_ep_lengthens_its_state() {
    let dwell = |settings: Settings| {
        let trace = run(1, 150, settings, kill_and_rejoin);
        let flow = flows(&trace)[0].clone();
        let changes = changes(&flow);
        changes[2].0 - changes[1].0
    };
    let mut slow = incident_settings();
    slow.push(("sim_work_crash_step1", millis(4_000)));
    let (usual, slowed) = (dwell(incident_settings()), dwell(slow));
    assert!(usual < 2_100 && (4_000..7_000).contains(&slowed), "{usual} ms and {slowed} ms");
}

/// Sectors of the voting disk: the slot of DSC1 and its mailbox (16 + 2 m and 17 + 2 m for member m = 8 g + e).
const SLOT_OF_DSC1: u64 = 16 + 2 * (8 * 2 + 1);

/// How long the group stays in each status of the crash when the first writes of a sector of the voting disk after the
/// kill are lost.
fn dwells_with_lost_writes(sector: u64, count: u32) -> Vec<i64> {
    let trace = run(1, 150, incident_settings(), async move |drill| {
        let world = drill.world.clone();
        let vote = drill.cluster.regions().iter().find(|region| region.name == "voting-disk").map(|it| it.device);
        drill.world.spawn_outside(async move {
            world.sleep_until(Instant::START + Duration::from_secs(60)).await;
            world.with_device(vote.expect("a voting disk"), |device| {
                let arming =
                    Arming::new(DeviceFault::LostWrite).for_requests(count).on_sectors(SectorRange::new(sector, 1));
                device.arm(world.now(), arming)
            });
        });
        kill_and_rejoin(drill).await;
    });
    let flow = flows(&trace)[0].clone();
    changes(&flow).windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
}

#[test]
fn one_lost_write_on_the_voting_disk_changes_the_dwell_times() {
    let usual: Vec<i64> = {
        let trace = run(1, 150, incident_settings(), kill_and_rejoin);
        changes(&flows(&trace)[0]).windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
    };
    // EP_CRASH_STEP1 is lost: the control CSS sees a tick later that it is not there and writes it again.
    let command = dwells_with_lost_writes(SLOT_OF_DSC1 + 1, 1);
    assert!((800..1_300).contains(&(command[1] - usual[1])), "{command:?}, usually {usual:?}");
    assert_eq!(command.len(), usual.len());
    // Heartbeats are lost until the one with its answer is among them: the next one has it too.
    let answer = dwells_with_lost_writes(SLOT_OF_DSC1, 3);
    assert!(answer[1] > usual[1] + 400 && answer.len() == usual.len(), "{answer:?}, usually {usual:?}");
}

#[test]
fn no_acknowledged_commit_is_lost_and_both_instances_show_the_same() {
    run(7, 170, incident_settings(), async |drill| {
        drill.at(30).await;
        let ledger = add_clients(&drill, 150);
        drill.at(60).await;
        drill.world.kill(drill.database(0));
        drill.at(100).await;
        drill.type_on(1, "dmcssm ep startup GRP_DSC.DSC0").await;
        drill.at(155).await;
        let (one, other) = (rows(&drill, 0).await, rows(&drill, 1).await);
        assert_eq!(one, other);
        let acknowledged = ledger.borrow().clone();
        for (key, count) in acknowledged {
            assert!(count > 100, "row {key} has only {count} acknowledged commits");
            assert!(one[&key].len() as i64 > count, "row {key}: {count} acknowledged, {} there", one[&key].len());
        }
    });
}

/// Pauses the first instance for longer than its heartbeat may be silent; how often it wrote a redo log or a page after
/// the other instance had replayed its log.
fn writes_after_recovery(seed: u64, settings: Settings) -> usize {
    let late = Rc::new(Cell::new(0));
    let counted = late.clone();
    run(seed, 150, settings, async move |drill| {
        drill.at(30).await;
        add_clients(&drill, 130);
        drill.at(40).await;
        drill.world.pause(drill.database(0));
        drill.at(125).await;
        drill.world.resume(drill.database(0));
        drill.at(140).await;
        let dead = drill.database(0);
        assert_ne!(drill.world.status(dead), Status::Running, "Kill was not read");
        let regions = drill.cluster.regions();
        let data = regions.iter().filter(|region| region.content.is_log() || region.name.contains("page"));
        for region in data {
            drill.world.with_device(region.device, |device| {
                let sector = device.options().sector_size;
                let place = region.offset / sector..(region.offset + region.length) / sector;
                let writes = device.journal().applied_writes();
                let here = writes.iter().filter(|entry| place.contains(&entry.range.first));
                let after_resume = Instant::START + Duration::from_secs(125);
                let dead = here.filter(|entry| {
                    entry.origin.process == dead.0 && entry.applied.is_some_and(|at| at > after_resume)
                });
                counted.set(counted.get() + dead.count());
            });
        }
    });
    late.get()
}

#[test]
fn a_paused_instance_writes_after_recovery_unless_it_is_fenced() {
    let with = |name, value| {
        let mut settings = incident_settings();
        settings.push((name, value));
        settings
    };
    for seed in 1..=12 {
        // Nothing but Kill, which it polls for: what clients had asked of it goes into its log before it looks.
        assert!(writes_after_recovery(seed, incident_settings()) > 0, "seed {seed}");
        assert_eq!(writes_after_recovery(seed, with("sim_watchdog", millis(5_000))), 0, "seed {seed}");
        assert_eq!(writes_after_recovery(seed, with("sim_pr_fence", ParameterValue::Boolean(true))), 0, "seed {seed}");
    }
}

#[test]
fn the_death_of_asm_takes_the_database_along_and_both_come_back() {
    run(5, 300, vec![], async |drill| {
        drill.at(40).await;
        drill.world.kill(drill.process(0, "dmasmsvr"));
        drill.at(42).await;
        assert!(!drill.world.status(drill.database(0)).exists());
        drill.at(60).await;
        assert_eq!(drill.states()[1], "Control node (OPEN, STARTUP) true");
        drill.at(290).await;
        assert_eq!(drill.states(), ["Normal node (OPEN, STARTUP) true", "Control node (OPEN, STARTUP) true"]);
    });
}

#[test]
fn the_death_of_the_control_css_costs_its_host_the_database() {
    run(6, 200, vec![], async |drill| {
        drill.at(40).await;
        drill.world.kill(drill.process(0, "dmcss"));
        drill.at(95).await;
        assert!(drill.world.status(drill.database(0)).exists(), "too early");
        drill.at(190).await;
        assert!(!drill.world.status(drill.database(0)).exists());
        assert_eq!(drill.cluster.select("control-css"), Some(HostId(1)));
        assert_eq!(drill.states()[1], "Control node (OPEN, STARTUP) true");
        let (code, shown) = drill.type_on(1, "dmcssm show GRP_DSC").await;
        assert_eq!(code, Some(0));
        assert!(shown.contains("sta = OPEN, sub_sta = STARTUP") && shown.contains("n_ok_ep = 1"), "{shown}");
    });
}

#[test]
fn a_group_opens_without_an_absent_ep_only_by_force() {
    run(8, 120, vec![("sim_start_commands", ParameterValue::Boolean(false))], async |drill| {
        drill.world.kill(drill.process(1, "dmasmsvr"));
        drill.at(40).await;
        assert!(drill.states().iter().all(|state| state.ends_with("false")), "{:?}", drill.states());
        for group in ["GRP_ASM", "GRP_DSC"] {
            assert_eq!(drill.type_on(0, &format!("dmcssm open force {group}")).await.0, Some(0));
            drill.at(if group == "GRP_ASM" { 60 } else { 90 }).await;
        }
        assert_eq!(drill.states()[0], "Control node (OPEN, STARTUP) true");
    });
}

/// The rows of `show` for the EPs of a group: `SHUTDOWN/STOP/ERROR/FALSE`.
fn shown_eps(shown: &str) -> Vec<String> {
    let rows = shown.lines().filter(|line| line.contains(" Node  "));
    rows.map(|row| {
        let words: Vec<&str> = row.split("  ").filter(|word| !word.is_empty()).collect();
        words[5..9].join("/")
    })
    .collect()
}

#[test]
fn an_ep_that_is_stopped_alone_ends_in_order_and_counts_as_an_error() {
    run(9, 120, vec![], async |drill| {
        drill.at(30).await;
        let ledger = add_clients(&drill, 60);
        drill.at(40).await;
        let (code, text) = drill.type_on(1, "dmcssm ep stop GRP_DSC.DSC0").await;
        assert_eq!((code, text.as_str()), (Some(0), "DSC0 of GRP_DSC: done\n"));
        assert_eq!(drill.world.status(drill.database(0)), Status::Exited(0));
        drill.at(110).await;
        // Auto restart is off from here on, so it stays down.
        assert_eq!(drill.states()[1], "Control node (OPEN, STARTUP) true");
        let (_, shown) = drill.type_on(1, "dmcssm show GRP_DSC").await;
        assert_eq!(shown_eps(&shown), ["SHUTDOWN/STOP/ERROR/FALSE", "OPEN/WORKING/OK/TRUE"], "{shown}");
        let found = rows(&drill, 1).await;
        for (key, count) in ledger.borrow().clone() {
            assert!(found[&key].len() as i64 > count, "row {key}: {count} acknowledged, {} there", found[&key].len());
        }
    });
}

#[test]
fn a_group_is_stopped_as_a_whole_and_started_again() {
    for seed in 1..=5 {
        let trace = run(seed, 160, vec![], async |drill| {
            drill.at(30).await;
            let ledger = add_clients(&drill, 60);
            drill.at(40).await;
            let (code, text) = drill.type_on(0, "dmcssm ep stop GRP_DSC").await;
            assert_eq!((code, text.as_str()), (Some(0), "DSC0 of GRP_DSC: done\nDSC1 of GRP_DSC: done\n"));
            drill.at(45).await;
            let (_, shown) = drill.type_on(0, "dmcssm show GRP_DSC").await;
            assert_eq!(shown_eps(&shown), ["SHUTDOWN/SHUTDOWN/OK/FALSE", "SHUTDOWN/SHUTDOWN/OK/FALSE"], "{shown}");
            assert!(
                [0, 1].map(|host| drill.world.status(drill.database(host))).iter().all(|it| *it == Status::Exited(0))
            );
            drill.at(120).await;
            assert!(
                [0, 1].iter().all(|host| !drill.world.status(drill.database(*host)).exists()),
                "nobody starts them"
            );
            let (code, text) = drill.type_on(0, "dmcssm ep startup GRP_DSC").await;
            assert_eq!(code, Some(0), "{text}");
            drill.at(150).await;
            assert_eq!(drill.states(), ["Control node (OPEN, STARTUP) true", "Normal node (OPEN, STARTUP) true"]);
            let found = rows(&drill, 1).await;
            for (key, count) in ledger.borrow().clone() {
                assert!(
                    found[&key].len() as i64 > count,
                    "row {key}: {count} acknowledged, {} there",
                    found[&key].len()
                );
            }
        });
        let log = log_of(&trace, "css/dm_CSS0_202105.log");
        assert!(log.iter().all(|line| !line.contains("Detected EP")), "a stop of the group is no death: {log:?}");
    }
}

#[test]
fn asm_is_stopped_after_the_database_and_the_css_never() {
    run(10, 120, vec![], async |drill| {
        drill.at(40).await;
        for group in ["GRP_DSC", "GRP_ASM"] {
            let (code, text) = drill.type_on(1, &format!("dmcssm ep stop {group}")).await;
            assert_eq!((code, text.lines().count()), (Some(0), 2), "{text}");
        }
        assert_eq!(drill.type_on(1, "dmcssm ep stop GRP_CSS").await.0, Some(1));
        drill.at(110).await;
        let running = |name: &str| [0, 1].map(|host| drill.world.status(drill.process(host, name)).exists());
        assert_eq!((running("dmserver"), running("dmasmsvr"), running("dmcss")), ([false; 2], [false; 2], [true; 2]));
    });
}
