//! openGauss primary and standby in a world: the incident of July 2021, builds that are killed, two primaries.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use nodes::opengauss_ha::PRODUCT;
use nodes::parts::service::{Action, Answer, PORT, Reply, Transaction, TransactionId};
use nodes::product::{Cluster, ClusterPlan, HostPlan, ParameterValue};
use nodes::world::executor::Limits;
use nodes::world::port::Address;
use nodes::world::streams::Seed;
use nodes::world::time::Instant;
use nodes::world::trace::{HostId, ProcessId, Trace, What};
use nodes::world::{World, WorldOptions};

/// 2021-07-26 15:14:00, a minute before the incident.
const AFTERNOON: u64 = 1_627_312_440_000_000_000;

const A: u16 = 0;
const B: u16 = 1;

#[derive(Clone)]
struct Drill {
    world: World,
    cluster: Rc<dyn Cluster>,
    /// What was typed and printed.
    screen: Rc<RefCell<Vec<String>>>,
}

impl Drill {
    async fn at(&self, seconds: u64) {
        self.world.sleep_until(Instant::START + Duration::from_secs(seconds)).await;
    }

    async fn pause(&self, millis: u64) {
        self.world.sleep_until(self.world.now() + Duration::from_millis(millis)).await;
    }

    fn process(&self, host: u16, name: &str) -> ProcessId {
        self.world.find_process(HostId(host), name).expect("the process exists")
    }

    /// Types a line on a host and waits for its end; its exit code and what it printed.
    async fn types(&self, host: u16, line: &str) -> (i32, String) {
        self.screen.borrow_mut().push(format!("$ {line}"));
        let words = line.split_whitespace().map(str::to_owned).collect();
        let output = self.cluster.shell(HostId(host)).run(words).await;
        let lines: Vec<String> = output.lines.into_iter().map(|(_, line)| line).collect();
        self.screen.borrow_mut().extend(lines.iter().cloned());
        (output.exit_code.expect("the command ended"), lines.join("\n"))
    }

    /// `gs_om -t status --detail` in short: the state of the cluster, and each node's role and state.
    async fn status(&self) -> String {
        let (_, text) = self.types(A, "gs_om -t status --detail").await;
        let cluster = text.lines().find_map(|line| line.strip_prefix("cluster_state   : ")).expect("a cluster state");
        let nodes = text.lines().last().expect("a table");
        let of_node = |column: &str| column.split_whitespace().skip(5).collect::<Vec<_>>().join(" ");
        let nodes: Vec<String> = nodes.split(" | ").map(of_node).collect();
        format!("{cluster}: {}", nodes.join(" | "))
    }

    /// Waits until something was announced on a host.
    async fn until(&self, host: u16, event: &str) {
        for _ in 0..200_000 {
            let seen = self.world.with_trace(|trace| {
                trace.announced(event).any(|(event, _)| trace.host_of(event.place) == Some(HostId(host)))
            });
            if seen {
                return;
            }
            self.pause(1).await;
        }
        panic!("{event} was never announced on host {host}: {:#?}", self.screen.borrow());
    }

    /// Writes a value through the server of a host, as a client of its own would.
    async fn writes(&self, host: u16, key: i64, value: i64) -> Result<Answer, String> {
        self.asks(host, Action::Append { key, value }, (1 + key as u32, value as u32)).await
    }

    /// Reads a row.
    async fn reads(&self, host: u16, key: i64) -> Result<Answer, String> {
        self.asks(host, Action::Read { key }, (99, key as u32)).await
    }

    async fn asks(&self, host: u16, action: Action, (client, number): (u32, u32)) -> Result<Answer, String> {
        let result: Rc<RefCell<Option<Result<Answer, String>>>> = Rc::default();
        let (out, to) = (result.clone(), Address::new(self.cluster.database(HostId(host)), PORT));
        let machine = self.world.add_host(&format!("client {client} {number}"));
        let process = self.world.add_process(machine, "client", move |process| {
            let out = out.clone();
            async move {
                let id = TransactionId { client, number };
                let transaction = Transaction { id, actions: vec![action] };
                let answer = process.call::<Answer>(to, transaction, Duration::from_secs(5)).await;
                *out.borrow_mut() = Some(answer.map_err(|error| error.to_string()));
                0
            }
        });
        self.world.start(process);
        while result.borrow().is_none() {
            self.pause(10).await;
        }
        let answer = result.borrow_mut().take();
        answer.expect("an answer")
    }
}

type Settings = Vec<(&'static str, ParameterValue)>;

struct Case {
    nodes: usize,
    settings: Settings,
    defects: Vec<&'static str>,
    profile: &'static str,
}

impl Default for Case {
    fn default() -> Self {
        Case { nodes: 2, settings: Vec::new(), defects: Vec::new(), profile: "" }
    }
}

fn run(case: Case, script: impl AsyncFnOnce(Drill) + 'static) -> (Trace, Vec<String>) {
    let world = World::new(WorldOptions { seed: Seed(3), wall_start: AFTERNOON, ..Default::default() });
    let finished = Rc::new(Cell::new(false));
    let screen: Rc<RefCell<Vec<String>>> = Rc::default();
    let (end, typed) = (finished.clone(), screen.clone());
    let limits = Limits { time: Instant::START + Duration::from_secs(3600), ..Default::default() };
    world.run(limits, move |world| {
        let host = |number: usize| HostPlan {
            name: format!("wzsy{:02}", number + 1),
            role: if number == 0 { "primary" } else { "standby" }.to_owned(),
        };
        let plan = ClusterPlan {
            hosts: (0..case.nodes).map(host).collect(),
            set: case.settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            defects: case.defects.into_iter().map(str::to_owned).collect(),
            profile: case.profile.to_owned(),
            initial: (0..4).map(|key| (key, vec![0])).collect(),
            ..ClusterPlan::default()
        };
        let cluster = (PRODUCT.build)(world, &plan).expect("a sound plan");
        cluster.start();
        let drill = Drill { world: world.clone(), cluster, screen: typed };
        let outside = world.clone();
        world.spawn_outside(async move {
            script(drill).await;
            end.set(true);
            outside.stop();
        });
    });
    let screen = screen.borrow().clone();
    assert!(finished.get(), "the script did not come to its end:\n{}", screen.join("\n"));
    (world.take_trace(), screen)
}

fn announced(trace: &Trace, name: &str) -> usize {
    trace
        .events()
        .iter()
        .filter(|event| matches!(&event.what, What::Announced { name: other, .. } if *other == name))
        .count()
}

/// Both nodes are up and the standby streams.
async fn ready(drill: &Drill) {
    for _ in 0..100 {
        if drill.cluster.nodes().iter().all(|node| node.state == "Normal") {
            return;
        }
        drill.pause(100).await;
    }
    panic!("the cluster was never ready: {:?}", drill.cluster.nodes());
}

#[test]
fn need_repair_from_end_to_end() {
    let settings = vec![("sim_stop_time", ParameterValue::Duration(Duration::from_secs(2)))];
    let (trace, screen) = run(Case { settings, ..Case::default() }, async |drill| {
        ready(&drill).await;
        assert_eq!(drill.status().await, "Normal: P Primary Normal | S Standby Normal");
        drill.world.remove_file(HostId(A), "pg_hba.conf");
        // The stop is typed just before a checkpoint of the primary is due: the standby is gone when it is written.
        drill.at(60).await;
        drill.pause(300).await;
        drill.types(A, "gs_om -t stop").await;
        assert_eq!(drill.status().await, "Unavailable: P Down Manually stopped | S Down Manually stopped");
        assert_eq!(drill.types(A, "gs_om -t start").await.0, 1);
        assert_eq!(drill.status().await, "Unavailable: P Down Manually stopped | S Standby Need repair(Disconnected)");
        drill.types(B, "gs_om -t stop").await;
        drill.types(B, "gs_ctl start -D /opt/huawei/install/data/d2/ -M primary").await;
        assert_eq!(drill.status().await, "Degraded: P Down Manually stopped | S Primary Normal");
        drill.world.write_file(HostId(A), "pg_hba.conf", b"host all".to_vec());
        drill.types(A, "gs_ctl start -D /opt/huawei/install/data/d1/ -M standby").await;
        drill.pause(1000).await;
        assert_eq!(drill.status().await, "Degraded: P Standby Need repair(WAL) | S Primary Normal");
        let begun = drill.world.now();
        let (code, text) = drill.types(A, "gs_ctl switchover -D /opt/huawei/install/data/d1/").await;
        assert_eq!(code, 1);
        assert!(text.contains("switchover timeout after 60 seconds. please manually check the cluster status."));
        assert!((60..63).contains(&drill.world.now().since(begun).as_secs()));
        assert_eq!(drill.status().await, "Degraded: P Standby Need repair(WAL) | S Primary Normal");
        let (code, _) = drill.types(A, "gs_ctl build -D /opt/huawei/install/data/d1/").await;
        assert_eq!(code, 0);
        drill.pause(2000).await;
        assert_eq!(drill.status().await, "Normal: P Standby Normal | S Primary Normal");
        assert_eq!(drill.types(A, "gs_ctl switchover -D /opt/huawei/install/data/d1/").await.0, 0);
        drill.pause(3000).await;
        assert_eq!(drill.status().await, "Normal: P Primary Normal | S Standby Normal");
        assert_eq!(drill.types(A, "gs_om refreshconf").await.0, 1);
        assert_eq!(drill.types(A, "gs_om -t refreshconf").await.0, 0);
        assert_eq!(drill.status().await, "Normal: P Primary Normal | S Standby Normal");
    });
    let probes: Vec<(&str, &str)> = screen
        .iter()
        .filter_map(|line| line.split_once("its crc(source, target):[")?.1.trim_end_matches(']').split_once(", "))
        .collect();
    let agrees: Vec<bool> = probes.iter().map(|(source, target)| source == target).collect();
    assert_eq!(agrees, [false, false, true], "two checkpoints differ, the third is shared: {probes:?}");
    assert!(probes.iter().all(|(source, _)| *source != "0"), "the source has a record at each of them");
    lines_come_in_order(&screen, &INCIDENT_LINES);
    assert_eq!(announced(&trace, "switchover.dropped"), 1);
}

/// What gs_rewind and gs_ctl said in the incident's build, in this order.
const INCIDENT_LINES: [&str; 38] = [
    "gs_ctl incremental build ,datadir is /opt/huawei/install/data/d1",
    "server stopped",
    "fopen build pid file \"/opt/huawei/install/data/d1/gs_build.pid\" success",
    "fsync build pid file",
    "set gaussdb state file when rewind:db state(BUILDING_STATE), server mode(STANDBY_MODE), build mode(INC_BUILD).",
    "connected to server: host=9.1.14.40",
    "connect to primary success",
    "get pg_control success",
    "target server was interrupted in mode 2.",
    "sanityChecks success",
    "from source control file",
    "from target control file",
    "find max lsn success, find max lsn rec",
    "request lsn is",
    "request lsn is",
    "request lsn is",
    "find common checkpoint",
    "find diverge point success",
    "success before rewinding.",
    "rewinding from checkpoint redo point at",
    "older ones will not be copied or removed.",
    "reading source file list",
    "reading target file list",
    "reading WAL in target",
    "wanted 32, got 0",
    "need to copy 16MB",
    "starting background WAL receiver",
    "Starting copy xlog, start point",
    "send START_REPLICATION",
    "execute file map success",
    "find minRecoveryPoint success from xlog insert location",
    "update pg_control file success, minRecoveryPoint",
    "update pg_dw file success",
    "waiting for background process to finish streaming...",
    "create backup label success",
    "dn incremental build completed.",
    "fetching MOT checkpoint",
    "server started (/opt/huawei/install/data/d1)",
];

fn lines_come_in_order(screen: &[String], expected: &[&str]) {
    let mut rest = screen.iter();
    for wanted in expected {
        assert!(
            rest.any(|line| line.contains(wanted)),
            "`{wanted}` does not come in its place:\n{}",
            screen.join("\n")
        );
    }
}

fn available() -> Settings {
    vec![("most_available_sync", ParameterValue::Boolean(true))]
}

/// A and B have each written what the other has not: 2 under key 1 only on A, 3 under key 2 only on B. A is a standby
/// that needs repair, B the primary.
async fn diverged(drill: &Drill) {
    ready(drill).await;
    assert!(matches!(drill.writes(A, 0, 1).await, Ok(Answer::Committed(_))));
    assert!(drill.world.kill(drill.process(B, "gaussdb")));
    drill.pause(500).await;
    assert!(matches!(drill.writes(A, 1, 2).await, Ok(Answer::Committed(_))), "a standalone primary goes on");
    drill.types(A, "gs_ctl stop -D /opt/huawei/install/data/d1").await;
    drill.types(B, "gs_ctl start -D /opt/huawei/install/data/d2 -M primary").await;
    assert!(matches!(drill.writes(B, 2, 3).await, Ok(Answer::Committed(_))));
    drill.types(A, "gs_ctl start -D /opt/huawei/install/data/d1 -M standby").await;
    drill.pause(1000).await;
    assert_eq!(drill.status().await, "Degraded: P Standby Need repair(WAL) | S Primary Normal");
}

/// The rows of keys 0 to 2 as A shows them when it is primary again.
async fn rows_of_a(drill: &Drill) -> Vec<Vec<i64>> {
    drill.pause(3000).await;
    assert_eq!(drill.status().await, "Normal: P Standby Normal | S Primary Normal");
    assert_eq!(drill.types(A, "gs_ctl switchover -D /opt/huawei/install/data/d1").await.0, 0);
    let mut rows = Vec::new();
    for key in 0..3 {
        match drill.reads(A, key).await {
            Ok(Answer::Committed(replies)) => match &replies[..] {
                [Reply::Row(row)] => rows.push(row.clone()),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
    rows
}

#[test]
fn a_rewound_node_has_nothing_of_the_abandoned_log() {
    for build in ["auto", "incremental", "full"] {
        run(Case { settings: available(), ..Case::default() }, async move |drill| {
            diverged(&drill).await;
            let (code, text) = drill.types(A, &format!("gs_ctl build -D /opt/huawei/install/data/d1 -b {build}")).await;
            assert_eq!(code, 0, "{text}");
            assert_eq!(text.contains("dn incremental build completed."), build != "full", "{text}");
            assert_eq!(rows_of_a(&drill).await, [vec![0, 1], vec![0], vec![0, 3]]);
        });
    }
}

#[test]
fn the_defect_that_copies_no_pages_leaves_a_commit_of_the_abandoned_log() {
    let defects = vec!["rewind-copies-no-pages"];
    run(Case { settings: available(), defects, ..Case::default() }, async |drill| {
        diverged(&drill).await;
        assert_eq!(drill.types(A, "gs_ctl build -D /opt/huawei/install/data/d1").await.0, 0);
        assert_eq!(rows_of_a(&drill).await[1], [0, 2], "the row that only the abandoned log has is back");
    });
}

/// A build that is killed at each of its durable steps: whether the server starts then, and which build follows.
#[test]
fn a_build_can_be_killed_at_every_durable_step() {
    let before =
        ["build.stopped", "build.pid-written", "build.state-written", "build.common-checkpoint", "build.scanned"];
    let tagged = [
        "build.start-tag",
        "build.pages-copied",
        "build.control-written",
        "build.double-write",
        "build.log-complete",
        "build.label-written",
    ];
    let steps = before.iter().map(|step| (*step, true)).chain(tagged.iter().map(|step| (*step, false)));
    for (step, starts) in steps {
        run(Case { settings: available(), ..Case::default() }, async move |drill| {
            diverged(&drill).await;
            let (killer, gs_ctl) = (drill.clone(), drill.process(A, "gs_ctl"));
            drill.world.spawn_outside(async move {
                killer.until(A, step).await;
                assert!(killer.world.kill(gs_ctl));
            });
            assert_eq!(drill.types(A, "gs_ctl build -D /opt/huawei/install/data/d1").await.0, 137, "{step}");
            let (_, state) = drill.types(A, "gs_ctl querybuild").await;
            assert_eq!(state.contains("Build failed"), step != "build.stopped", "{step}: {state}");
            let (code, _) = drill.types(A, "gs_ctl start -D /opt/huawei/install/data/d1 -M standby").await;
            assert_eq!(code == 0, starts, "{step}");
            drill.pause(6000).await;
            let (code, text) = drill.types(A, "gs_ctl build -D /opt/huawei/install/data/d1").await;
            assert_eq!(code, 0, "{step}: {text}");
            assert_eq!(text.contains("change to full build"), !starts, "{step}: {text}");
            assert_eq!(rows_of_a(&drill).await, [vec![0, 1], vec![0], vec![0, 3]], "{step}");
        });
    }
}

#[test]
fn a_build_that_was_never_started_is_followed_by_a_full_one() {
    run(Case { settings: available(), ..Case::default() }, async |drill| {
        diverged(&drill).await;
        let (killer, gs_ctl) = (drill.clone(), drill.process(A, "gs_ctl"));
        drill.world.spawn_outside(async move {
            killer.until(A, "build.done-tag").await;
            killer.world.kill(gs_ctl);
        });
        drill.types(A, "gs_ctl build -D /opt/huawei/install/data/d1").await;
        let (code, text) = drill.types(A, "gs_ctl build -D /opt/huawei/install/data/d1").await;
        assert_eq!(code, 0);
        assert!(text.contains("backup_label") && text.contains("change to full build"), "{text}");
        assert_eq!(rows_of_a(&drill).await, [vec![0, 1], vec![0], vec![0, 3]]);
    });
}

#[test]
fn two_primaries_are_unavailable_though_both_take_writes() {
    run(Case { settings: available(), ..Case::default() }, async |drill| {
        ready(&drill).await;
        drill.types(B, "gs_ctl failover -D /opt/huawei/install/data/d2").await;
        assert_eq!(drill.status().await, "Unavailable: P Primary Normal | S Primary Normal");
        for host in [A, B] {
            assert!(matches!(drill.writes(host, 1, 5 + i64::from(host)).await, Ok(Answer::Committed(_))));
        }
        assert_eq!(drill.types(A, "gs_om -t refreshconf").await.0, 1, "which of them is the primary?");
    });
}

#[test]
fn a_build_brings_a_missing_pg_hba_conf_back() {
    run(Case { settings: available(), ..Case::default() }, async |drill| {
        diverged(&drill).await;
        drill.types(A, "gs_ctl stop -D /opt/huawei/install/data/d1").await;
        drill.world.remove_file(HostId(A), "pg_hba.conf");
        assert_eq!(drill.types(A, "gs_ctl start -D /opt/huawei/install/data/d1 -M standby").await.0, 1);
        assert_eq!(drill.types(A, "gs_ctl build -D /opt/huawei/install/data/d1").await.0, 0);
        drill.pause(3000).await;
        assert_eq!(drill.status().await, "Normal: P Standby Normal | S Primary Normal");
    });
}
