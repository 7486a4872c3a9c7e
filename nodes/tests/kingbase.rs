//! KingbaseES in a world: switchovers line for line, the refused one, and what its disks and files show.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use nodes::kingbase::PRODUCT;
use nodes::parts::service::{Action, Answer, Transaction, TransactionId};
use nodes::product::{Breakage, Cluster, ClusterPlan, CommandFailure, HostPlan, ParameterValue};
use nodes::world::executor::Limits;
use nodes::world::streams::Seed;
use nodes::world::time::Instant;
use nodes::world::trace::{HostId, ProcessId, Trace};
use nodes::world::{World, WorldOptions};

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

    async fn run_on(&self, host: u16, words: &[&str]) -> (Option<i32>, Vec<String>) {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let output = self.cluster.shell(HostId(host)).run(words).await;
        (output.exit_code, output.lines.into_iter().map(|(_, line)| line).collect())
    }

    async fn type_on(&self, host: u16, line: &str) -> (Option<i32>, Vec<String>) {
        self.run_on(host, &line.split_whitespace().collect::<Vec<_>>()).await
    }

    fn states(&self) -> Vec<String> {
        self.cluster.nodes().iter().map(|node| format!("{} {} {}", node.role, node.state, node.epoch)).collect()
    }
}

type Settings = Vec<(&'static str, ParameterValue)>;

fn text(text: &str) -> ParameterValue {
    ParameterValue::Text(text.to_owned())
}

fn run(
    seed: u64,
    seconds: u64,
    roles: &[&str],
    settings: Settings,
    script: impl AsyncFnOnce(Drill) + 'static,
) -> Trace {
    let world = World::new(WorldOptions { seed: Seed(seed), ..Default::default() });
    let finished = Rc::new(Cell::new(false));
    let end = finished.clone();
    let limits = Limits { time: Instant::START + Duration::from_secs(seconds), ..Default::default() };
    let hosts = roles.iter().enumerate();
    let hosts: Vec<HostPlan> =
        hosts.map(|(index, role)| HostPlan { name: format!("node{}", index + 1), role: (*role).to_owned() }).collect();
    world.run(limits, move |world| {
        let plan = ClusterPlan {
            hosts,
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

const PAIR: &[&str] = &["primary", "standby"];

/// The lines of the incident's first successful switchover, without numbers that belong to that day.
const INCIDENT: &str = "\
[NOTICE] executing switchover on node \"node2\" (ID: 2)
[INFO] The output from primary check cmd \"repmgr node check --terse -LERROR --archive-ready --optformat\" is: \"--status=OK --files=12
\"
[NOTICE] attempting to pause repmgrd on 2 nodes
[INFO] pausing repmgrd on node \"node1\" (ID 1)
[INFO] pausing repmgrd on node \"node2\" (ID 2)
[NOTICE] local node \"node2\" (ID: 2) will be promoted to primary; current primary \"node1\" (ID: 1) will be demoted to standby
[NOTICE] stopping current primary node \"node1\" (ID: 1)
[NOTICE] issuing CHECKPOINT on node \"node1\" (ID: 1) 
[DETAIL] executing server command \"/home/kingbase/cluster/V8R6/kingbase/bin/sys_ctl  -D '/home/kingbase/cluster/V8R6/kingbase/data' -l /home/kingbase/cluster/V8R6/kingbase/bin/logfile -W -m fast stop\"
[INFO] checking for primary shutdown; 1 of 60 attempts (\"shutdown_check_timeout\")
[INFO] checking for primary shutdown; 2 of 60 attempts (\"shutdown_check_timeout\")
[NOTICE] current primary has been cleanly shut down at location 0/8CADF0C0
[NOTICE] promoting standby to primary
[DETAIL] promoting server \"node2\" (ID: 2) using pg_promote()
[NOTICE] waiting for promotion to complete, replay lsn: 0/8CADF138
[NOTICE] STANDBY PROMOTE successful
[DETAIL] server \"node2\" (ID: 2) was successfully promoted to primary
[NOTICE] issuing CHECKPOINT
[NOTICE] node \"node2\" (ID: 2) promoted to primary, node \"node1\" (ID: 1) demoted to standby
[NOTICE] switchover was successful
[DETAIL] node \"node2\" is now primary and node \"node1\" is attached as standby
[INFO] unpausing repmgrd on node \"node1\" (ID 1)
[INFO] unpause node \"node1\" (ID 1) successfully
[INFO] unpausing repmgrd on node \"node2\" (ID 2)
[INFO] unpause node \"node2\" (ID 2) successfully
[NOTICE] STANDBY SWITCHOVER has completed successfully";

/// A line without what differs from day to day: positions and the count of files that were OK.
fn bare(line: &str) -> String {
    let without_position = |word: &str| match word.split_once('/') {
        Some((high, low))
            if !high.is_empty() && [high, low].iter().all(|part| u64::from_str_radix(part, 16).is_ok()) =>
        {
            "POSITION".to_owned()
        }
        _ if word.starts_with("--files=") => "--files=N".to_owned(),
        _ => word.to_owned(),
    };
    line.split(' ').map(without_position).collect::<Vec<_>>().join(" ")
}

fn bare_lines(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| bare(line)).collect()
}

fn position_behind(lines: &[String], words: &str) -> u64 {
    let line = lines.iter().find(|line| line.contains(words)).expect("the line is there");
    let (high, low) = line.rsplit(' ').next().and_then(|text| text.split_once('/')).expect("a position");
    u64::from_str_radix(high, 16).unwrap() << 32 | u64::from_str_radix(low, 16).unwrap()
}

#[test]
fn two_switchovers_print_the_lines_of_the_incident() {
    run(1, 200, PAIR, vec![], async |drill| {
        drill.at(20).await;
        let (code, there) = drill.type_on(1, "repmgr standby switchover").await;
        let incident: Vec<String> = INCIDENT.lines().map(str::to_owned).collect();
        assert_eq!(bare_lines(&there), bare_lines(&incident));
        assert_eq!(code, Some(0));
        let shut_down = position_behind(&there, "cleanly shut down");
        assert_eq!(position_behind(&there, "replay lsn"), shut_down + 0x78);

        drill.at(60).await;
        let (code, back) = drill.type_on(0, "repmgr standby switchover").await;
        assert_eq!(code, Some(0));
        let swap = |line: &String| line.replace("node1", "nodeX").replace("node2", "node1").replace("nodeX", "node2");
        let swap_numbers = |line: String| {
            let line = line.replace("ID: 1", "ID: X").replace("ID: 2", "ID: 1").replace("ID: X", "ID: 2");
            line.replace("ID 1", "ID X").replace("ID 2", "ID 1").replace("ID X", "ID 2")
        };
        let mut expected: Vec<String> = incident.iter().map(|line| swap_numbers(swap(line))).collect();
        // Nodes are told in the order of their numbers, whoever is promoted; and the leftover setting is cleared.
        expected.swap(4, 5);
        for line in [21, 22] {
            expected.swap(line + 1, line + 3);
        }
        let at = expected.iter().position(|line| line.contains("STANDBY PROMOTE successful")).unwrap();
        expected.insert(at, "[INFO] SET synchronous TO \"async\" on primary host ".to_owned());
        expected.insert(at + 1, "[INFO] change synchronous_standby_names from \"ANY 1(node2)\" to \"\"".to_owned());
        assert_eq!(bare_lines(&back), bare_lines(&expected));

        drill.at(90).await;
        let (code, shown) = drill.type_on(0, "repmgr cluster show --compact").await;
        assert_eq!(code, Some(0), "{shown:#?}");
        let cells = |line: &String| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        assert_eq!(cells(&shown[2])[1..8], ["node1", "primary", "* running", "", "default", "100", "3"]);
        assert_eq!(cells(&shown[3])[1..9], ["node2", "standby", "running", "node1", "default", "100", "2", "0 bytes"]);
        let (_, daemons) = drill.type_on(0, "repmgr service status").await;
        assert!(daemons[2..].iter().all(|line| cells(line)[5] == "running" && cells(line)[7] == "no"), "{daemons:#?}");
    });
}

#[test]
fn a_hundred_and_thirty_four_files_refuse_the_switchover_and_leave_no_trace() {
    let trace = run(1, 200, PAIR, vec![("archive_command", text(""))], async |drill| {
        drill.at(20).await;
        let bulk = ["ksql", "-c", "insert into bulk select generate_series(1,134)"];
        assert_eq!(drill.run_on(0, &bulk).await.0, Some(0));
        let (code, lines) = drill.type_on(1, "repmgr standby switchover").await;
        assert_eq!(code, Some(18));
        assert_eq!(
            lines,
            [
                "[NOTICE] executing switchover on node \"node2\" (ID: 2)",
                "[INFO] The output from primary check cmd \"repmgr node check --terse -LERROR --archive-ready \
                 --optformat\" is: \"--status=CRITICAL --files=134 --threshold=128",
                "\"",
                "[ERROR] number of pending archive files on demotion candidate \"node1\" is critical",
                "[DETAIL] 134 pending archive files (critical threshold: 128)",
                "[HINT] Kingbase will not shut down until all files are archived; use -F/--force to continue anyway",
            ]
        );
        assert_eq!(drill.states(), ["primary running 1", "standby running 1"]);
        let (code, checked) = drill.type_on(0, "repmgr node check").await;
        assert_eq!(code, Some(25));
        assert_eq!(checked[0], "Node \"node1\":");
        let critical = "\tWAL archiving: CRITICAL (134 pending archive ready files, critical threshold: 128)";
        assert_eq!(checked[3], critical);
        assert!(
            checked.iter().skip(1).filter(|line| **line != critical).all(|line| line.contains(": OK (")),
            "{checked:#?}"
        );

        // The incident's first remedy, with its own names.
        let clean = "sys_archivecleanup data/sys_wal/ 00000001000000000000008A";
        assert_eq!(drill.type_on(0, clean).await.0, Some(0));
        let remove = "rm -rf data/sys_wal/archive_status/0000000100000000000000[0-7]*";
        assert_eq!(drill.type_on(0, remove).await.0, Some(0));
        let (_, checked) = drill.type_on(0, "repmgr node check --archive-ready").await;
        assert_eq!(checked, ["OK (12 pending archive ready files)"]);
        let (code, gap) = drill.type_on(0, "restorecheck").await;
        assert_eq!(code, Some(1));
        assert_eq!(gap[1], "12 files wait to be archived, 10 of them without their WAL file");
        assert_eq!(
            gap[2],
            "archive gap: 132 segments from 000000010000000000000006 to 000000010000000000000089 are gone"
        );
        assert_eq!(drill.type_on(1, "repmgr standby switchover").await.0, Some(0));
        assert_eq!(drill.states(), ["standby running 2", "primary running 2"]);
    });
    let paused: Vec<_> = trace.announced("repmgrd.paused").collect();
    assert_eq!(paused.len(), 4, "only the second switchover paused and unpaused");
}

/// The steps a switchover announces, in order.
const STEPS: [&str; 13] = [
    "checks",
    "ssh-check",
    "replication-check",
    "archive-check",
    "pause-check",
    "pause",
    "stop",
    "shutdown-wait",
    "receive-wait",
    "promote",
    "rejoin",
    "final-check",
    "unpause",
];

/// What happens when a step begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    KillOld,
    KillNew,
    PauseOld,
    PauseNew,
    Cut,
    KillOldRepmgrd,
    KillNewRepmgrd,
    KillOldSshd,
    RefuseSsh,
    HangSsh,
}

const BLOWS: [Blow; 10] = [
    Blow::KillOld,
    Blow::KillNew,
    Blow::PauseOld,
    Blow::PauseNew,
    Blow::Cut,
    Blow::KillOldRepmgrd,
    Blow::KillNewRepmgrd,
    Blow::KillOldSshd,
    Blow::RefuseSsh,
    Blow::HangSsh,
];

/// How long what can end lasts.
const BLOW_LASTS: Duration = Duration::from_secs(15);

impl Drill {
    async fn strike(&self, blow: Blow) {
        let world = &self.world;
        let (old, new) = (HostId(0), HostId(1));
        match blow {
            Blow::KillOld => {
                world.kill(self.process(0, "kingbase"));
            }
            Blow::KillNew => {
                world.kill(self.process(1, "kingbase"));
            }
            Blow::KillOldRepmgrd => {
                world.kill(self.process(0, "repmgrd"));
            }
            Blow::KillNewRepmgrd => {
                world.kill(self.process(1, "repmgrd"));
            }
            Blow::KillOldSshd => {
                world.kill(self.process(0, "sshd"));
            }
            Blow::PauseOld | Blow::PauseNew => {
                let paused = self.process(u16::from(blow == Blow::PauseNew), "kingbase");
                world.pause(paused);
                world.sleep_until(world.now() + BLOW_LASTS).await;
                world.resume(paused);
            }
            Blow::Cut => {
                let rule = |from: HostId, to: HostId| nodes::world::network::Rule {
                    from: vec![from.into()],
                    to: vec![to.into()],
                    message: None,
                    effect: nodes::world::network::Effect::Cut,
                };
                let rules = [world.add_rule(rule(old, new)), world.add_rule(rule(new, old))];
                world.sleep_until(world.now() + BLOW_LASTS).await;
                for rule in rules {
                    world.remove_rule(rule);
                }
            }
            Blow::RefuseSsh | Blow::HangSsh => {
                let how = if blow == Blow::HangSsh { CommandFailure::Hangs } else { CommandFailure::Refused };
                self.cluster.set_external_command(new, "ssh", Some(Breakage { how, calls: None }));
                world.sleep_until(world.now() + BLOW_LASTS).await;
                self.cluster.set_external_command(new, "ssh", None);
            }
        }
    }

    /// Clients that append to rows wherever it is taken; what was acknowledged.
    fn add_clients(&self) -> Rc<std::cell::RefCell<Vec<i64>>> {
        let told: Rc<std::cell::RefCell<Vec<i64>>> = Rc::default();
        let (kept, services) = (told.clone(), self.cluster.services());
        let host = self.world.add_host("client");
        let process = self.world.add_process(host, "client", move |process| {
            let (told, services) = (kept.clone(), services.clone());
            async move {
                for number in 1u32.. {
                    let value = i64::from(number);
                    let actions = vec![Action::Append { key: 1, value }];
                    let transaction = Transaction { id: TransactionId { client: 1, number }, actions };
                    let to = services[number as usize % services.len()];
                    let answer = process.call::<Answer>(to, transaction, Duration::from_secs(3)).await;
                    if matches!(answer, Ok(Answer::Committed(_))) {
                        told.borrow_mut().push(value);
                    }
                    process.sleep(Duration::from_millis(100)).await;
                }
                0
            }
        });
        self.world.start(process);
        told
    }

    /// What a primary holds, if there is one that answers.
    async fn rows(&self) -> Option<Vec<i64>> {
        let found: Rc<std::cell::RefCell<Option<Vec<i64>>>> = Rc::default();
        let (kept, services) = (found.clone(), self.cluster.services());
        let host = self.world.add_host("reader");
        let process = self.world.add_process(host, "reader", move |process| {
            let (found, services) = (kept.clone(), services.clone());
            async move {
                for (number, to) in services.iter().enumerate() {
                    let id = TransactionId { client: 9, number: number as u32 };
                    let read = Transaction { id, actions: vec![Action::Read { key: 1 }] };
                    let answer = process.call::<Answer>(*to, read, Duration::from_secs(3)).await;
                    if let Ok(Answer::Committed(replies)) = answer
                        && let Some(nodes::parts::service::Reply::Row(row)) = replies.first()
                    {
                        *found.borrow_mut() = Some(row.clone());
                    }
                }
                0
            }
        });
        self.world.start(process);
        self.world.sleep_until(self.world.now() + Duration::from_secs(8)).await;
        found.take()
    }
}

/// How a run ended, for the table.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    states: Vec<String>,
    paused: bool,
    lost: Option<usize>,
    two_primaries: bool,
}

fn struck(step: &'static str, blow: Blow) -> Ended {
    let out: Rc<std::cell::RefCell<Option<Ended>>> = Rc::default();
    let slot = out.clone();
    let settings = vec![
        ("shutdown_check_timeout", ParameterValue::Integer(20)),
        ("node_rejoin_timeout", ParameterValue::Integer(15)),
        ("standby_reconnect_timeout", ParameterValue::Integer(15)),
    ];
    let trace = run(3, 400, PAIR, settings, async move |drill| {
        drill.at(15).await;
        let told = drill.add_clients();
        let striker = drill.clone();
        drill.world.spawn_outside(async move {
            loop {
                let announced = striker.world.announced(None, "switchover.step", 1).await;
                let at = announced.fields.iter().any(|(_, value)| value.text() == Some(step));
                if at {
                    return striker.strike(blow).await;
                }
            }
        });
        drill.at(20).await;
        let words: Vec<String> = ["repmgr", "standby", "switchover"].map(str::to_owned).to_vec();
        let running = drill.cluster.shell(HostId(1)).begin(words);
        drill.at(150).await;
        let ended = async { Some(running.exit_code().await) };
        let deadline = drill.world.sleep_until(drill.world.now() + Duration::from_secs(1));
        let code = nodes::world::executor::first_of(ended, deadline).await.unwrap_or(None);
        let acknowledged = told.borrow().clone();
        let held = drill.rows().await;
        let lost = held.map(|row| acknowledged.iter().filter(|value| !row.contains(value)).count());
        let paused = [0, 1].map(|host| {
            let file = drill.world.read_file(HostId(host), "data/sys_stat/repmgrd_state.txt").unwrap_or_default();
            String::from_utf8_lossy(&file).ends_with(":1")
        });
        let ended = Ended { code, states: drill.states(), paused: paused.contains(&true), lost, two_primaries: false };
        *slot.borrow_mut() = Some(ended);
    });
    let mut ended = out.take().expect("the script ended");
    ended.two_primaries = two_at_once(&trace);
    ended
}

/// Whether two servers were open for writes at once.
fn two_at_once(trace: &Trace) -> bool {
    use nodes::world::trace::{Place, What};
    let mut open = std::collections::BTreeSet::new();
    for event in trace.events() {
        let Place::Process(process, _) = event.place else { continue };
        match &event.what {
            What::Announced { name: "writes.opened", .. } => {
                open.insert(process);
            }
            What::Announced { name: "writes.closed", .. } => {
                open.remove(&process);
            }
            What::Process(change) if ["process.exited", "process.killed"].contains(&change.event_name()) => {
                open.remove(&process);
            }
            _ => {}
        }
        if open.len() > 1 {
            return true;
        }
    }
    false
}

/// A fault at every step: the table is printed, and what must hold in every cell is asked for.
#[test]
fn a_fault_at_every_step_loses_nothing_acknowledged_and_makes_no_second_primary() {
    println!("{:18} {:16} {:>5}  {:7} {:5}  end state", "step", "fault", "exit", "paused", "lost");
    for step in STEPS {
        for blow in BLOWS {
            let Ended { code, states, paused, lost, two_primaries } = struck(step, blow);
            let exit = code.map_or("never".to_owned(), |code| code.to_string());
            let gone = lost.map_or("-".to_owned(), |lost| lost.to_string());
            let still = if paused { "yes" } else { "no" };
            println!("{step:18} {:16} {exit:>5}  {still:7} {gone:5}  {}", format!("{blow:?}"), states.join(" | "));
            assert!(lost.is_none_or(|lost| lost == 0), "{step} {blow:?}: {lost:?} acknowledged commits lost");
            assert!(!two_primaries, "{step} {blow:?}: two primaries at once");
            // A server that cannot be reached at the last step stays paused, with a warning and exit code 0.
            let reached = matches!(blow, Blow::KillOldRepmgrd | Blow::KillNewRepmgrd | Blow::KillOldSshd)
                || matches!(blow, Blow::RefuseSsh | Blow::HangSsh);
            if code == Some(0) && reached {
                assert!(!paused, "{step} {blow:?}: a switchover that succeeded leaves repmgrd paused");
            }
        }
    }
}
