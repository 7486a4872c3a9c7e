//! openGauss primary and standby in a world: the incident of July 2021 from end to end.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use nodes::opengauss_ha::PRODUCT;
use nodes::product::{Cluster, ClusterPlan, HostPlan, ParameterValue};
use nodes::world::executor::Limits;
use nodes::world::streams::Seed;
use nodes::world::time::Instant;
use nodes::world::trace::{HostId, Trace, What};
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
}

type Settings = Vec<(&'static str, ParameterValue)>;

fn run(settings: Settings, script: impl AsyncFnOnce(Drill) + 'static) -> (Trace, Vec<String>) {
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
            hosts: (0..2).map(host).collect(),
            set: settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
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
    let (trace, screen) = run(settings, async |drill| {
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
    let (shared, differing) = agrees.split_last().expect("the source was asked");
    assert!(*shared && !differing.is_empty(), "checkpoints differ before the shared one is found: {probes:?}");
    assert!(differing.iter().all(|agrees| !agrees), "the first checkpoint that is shared ends the search: {probes:?}");
    assert!(probes.iter().all(|(source, _)| *source != "0"), "the source has a record at each of them");
    lines_come_in_order(&screen, &INCIDENT_LINES);
    assert_eq!(announced(&trace, "switchover.dropped"), 1);
}

/// What gs_rewind and gs_ctl said in the incident's build, in this order.
const INCIDENT_LINES: [&str; 37] = [
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
