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

#[test]
fn a_pending_server_waits_until_it_is_told_its_role() {
    let (trace, _) = run(vec![], async |drill| {
        ready(&drill).await;
        drill.types(B, "gs_ctl stop -D /opt/huawei/install/data/d2").await;
        assert_eq!(drill.types(B, "gs_ctl start -D /opt/huawei/install/data/d2 -M pending").await.0, 0);
        let (_, text) = drill.types(B, "gs_ctl query -D /opt/huawei/install/data/d2").await;
        assert_eq!((field(&text, "local_role"), field(&text, "db_state")), ("Pending", "Need repair"));
        drill.pause(5000).await;
        assert_eq!(drill.status().await, "Degraded: P Primary Normal | S Pending Need repair(Connecting)");
        assert_eq!(drill.types(B, "gs_ctl notify -D /opt/huawei/install/data/d2 -M standby").await.0, 0);
        drill.pause(3000).await;
        assert_eq!(drill.status().await, "Normal: P Primary Normal | S Standby Normal");
    });
    assert_eq!(announced(&trace, "database.panic"), 0);
}

#[test]
fn without_its_configuration_files_a_server_does_not_start() {
    for file in ["pg_hba.conf", "postgresql.conf"] {
        run(vec![], async move |drill| {
            ready(&drill).await;
            drill.types(B, "gs_ctl stop -D /opt/huawei/install/data/d2").await;
            let bytes = drill.world.remove_file(HostId(B), file).expect("the file was there");
            let (code, text) = drill.types(B, "gs_ctl start -D /opt/huawei/install/data/d2 -M standby").await;
            assert_eq!(code, 1, "{file}");
            assert!(text.contains("exitstatus is 256, ret is 2"), "{text}");
            drill.world.write_file(HostId(B), file, bytes);
            assert_eq!(drill.types(B, "gs_ctl start -D /opt/huawei/install/data/d2 -M standby").await.0, 0, "{file}");
        });
    }
}

#[test]
fn gs_om_shows_a_crash_as_a_stop_and_two_writable_primaries_as_unavailable() {
    run(vec![], async |drill| {
        ready(&drill).await;
        let database = drill.cluster.database(HostId(B));
        drill.world.kill(database);
        drill.pause(1000).await;
        assert_eq!(drill.status().await, "Degraded: P Primary Normal | S Down Manually stopped");
        drill.types(B, "gs_ctl start -D /opt/huawei/install/data/d2 -M primary").await;
        assert_eq!(drill.status().await, "Unavailable: P Primary Normal | S Primary Normal");
        assert!(drill.cluster.nodes().iter().all(|node| node.writable), "and both take writes");
        assert_eq!(drill.types(A, "gs_om -t refreshconf").await.0, 1, "which of them, nobody can say");
    });
}

#[test]
fn a_query_shows_senders_and_receiver_and_the_state_file_while_nothing_answers() {
    run(vec![], async |drill| {
        ready(&drill).await;
        let (_, of_primary) = drill.types(A, "gs_ctl query -D /opt/huawei/install/data/d1").await;
        for (name, value) in [("local_role", "Primary"), ("db_state", "Normal"), ("detail_information", "Normal")] {
            assert_eq!(field(&of_primary, name), value);
        }
        assert_eq!((field(&of_primary, "sync_state"), field(&of_primary, "sync_most_available")), ("Sync", "Off"));
        let (_, of_standby) = drill.types(B, "gs_ctl query -D /opt/huawei/install/data/d2").await;
        assert!(of_standby.contains("<--"), "the channel of the receiver: {of_standby}");
        drill.world.kill(drill.cluster.database(HostId(B)));
        drill.world.start(drill.cluster.database(HostId(B)));
        drill.pause(100).await;
        let (code, starting) = drill.types(B, "gs_ctl query -D /opt/huawei/install/data/d2").await;
        assert_eq!((code, field(&starting, "local_role"), field(&starting, "db_state")), (0, "Standby", "Starting"));
    });
}

#[test]
fn a_reload_of_most_available_sync_flips_the_primary_to_standalone_and_back() {
    let (trace, _) = run(vec![], async |drill| {
        ready(&drill).await;
        drill.types(B, "gs_ctl stop -D /opt/huawei/install/data/d2").await;
        let reload = "gs_guc reload -D /opt/huawei/install/data/d1 -c most_available_sync=on";
        assert_eq!(drill.types(A, reload).await.0, 0);
        drill.pause(1000).await;
        drill.types(B, "gs_ctl start -D /opt/huawei/install/data/d2 -M standby").await;
        drill.pause(3000).await;
    });
    assert_eq!(announced(&trace, "sync.standalone"), 2, "alone, and not alone any more");
}

/// A field of `gs_ctl query`.
fn field<'a>(text: &'a str, name: &str) -> &'a str {
    let line = text.lines().find(|line| line.trim_start().starts_with(name));
    line.and_then(|line| line.split_once(" : ")).map_or("", |(_, value)| value.trim())
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
