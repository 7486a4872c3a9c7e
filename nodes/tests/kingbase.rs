//! KingbaseES in a world: switchovers line for line, the refused one, and what its disks and files show.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use nodes::kingbase::PRODUCT;
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
    run_as("v8r6", seed, seconds, roles, settings, script)
}

fn run_as(
    profile: &'static str,
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
            profile: profile.to_owned(),
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

/// Upstream repmgr's lines of a switchover in the same situation (KingbaseES reference, section 2.5), positions aside.
const UPSTREAM: &str = "\
NOTICE: executing switchover on node \"node2\" (ID: 2)
NOTICE: attempting to pause repmgrd on 2 nodes
NOTICE: local node \"node2\" (ID: 2) will be promoted to primary; current primary \"node1\" (ID: 1) will be demoted to standby
NOTICE: stopping current primary node \"node1\" (ID: 1)
NOTICE: issuing CHECKPOINT on node \"node1\" (ID: 1) 
DETAIL: executing server command \"/home/kingbase/cluster/V8R6/kingbase/bin/pg_ctl -l /home/kingbase/cluster/V8R6/kingbase/bin/logfile -D '/home/kingbase/cluster/V8R6/kingbase/data' -W -m fast stop\"
INFO: checking for primary shutdown; 1 of 60 attempts (\"shutdown_check_timeout\")
INFO: checking for primary shutdown; 2 of 60 attempts (\"shutdown_check_timeout\")
NOTICE: current primary has been cleanly shut down at location POSITION
NOTICE: promoting standby to primary
DETAIL: promoting server \"node2\" (ID: 2) using pg_promote()
NOTICE: waiting up to 60 seconds (parameter \"promote_check_timeout\") for promotion to complete
NOTICE: STANDBY PROMOTE successful
DETAIL: server \"node2\" (ID: 2) was successfully promoted to primary
NOTICE: node \"node2\" (ID: 2) promoted to primary, node \"node1\" (ID: 1) demoted to standby
NOTICE: switchover was successful
DETAIL: node \"node2\" is now primary and node \"node1\" is attached as standby
NOTICE: STANDBY SWITCHOVER has completed successfully";

#[test]
fn the_same_switchover_in_the_dress_of_upstream_repmgr() {
    run_as("repmgr-5.3", 1, 100, PAIR, vec![], async |drill| {
        drill.at(20).await;
        let (code, lines) = drill.type_on(1, "repmgr standby switchover").await;
        assert_eq!(code, Some(0));
        assert_eq!(bare_lines(&lines), UPSTREAM.lines().map(str::to_owned).collect::<Vec<_>>());
        let (_, shown) = drill.type_on(1, "repmgr cluster show").await;
        assert!(!shown[0].contains("LSN_Lag"), "a column of KingbaseES: {}", shown[0]);
    });
}

fn cells(line: &str) -> Vec<String> {
    line.split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// The rows of the incident's tables, after each of its two switchovers; process numbers and seconds aside.
#[test]
fn the_tables_before_and_after_are_those_of_the_incident() {
    const CONNINFO: &str = "user=esrep dbname=esrep port=54321 connect_timeout=10 keepalives=1 keepalives_idle=2 \
                            keepalives_interval=2 keepalives_count=3 tcp_user_timeout=9000";
    let row = |number: &str, name: &str, role: &str, status: &str, upstream: &str, timeline: &str, lag: &str| {
        let host = format!("host=192.168.46.2{} {CONNINFO}", number.parse::<u32>().unwrap_or(0) + 1);
        [number, name, role, status, upstream, "default", "100", timeline, lag, &host].map(str::to_owned).to_vec()
    };
    run(1, 200, PAIR, vec![], async move |drill| {
        let show = async |host: u16| {
            let (code, lines) = drill.type_on(host, "repmgr cluster show").await;
            assert_eq!(code, Some(0), "{lines:#?}");
            lines[2..].iter().map(|line| cells(line)).collect::<Vec<_>>()
        };
        let status = async |host: u16| {
            let (_, lines) = drill.type_on(host, "repmgr service status").await;
            let told = |line: &String| {
                let cells = cells(line);
                (cells[2].clone(), cells[3].clone(), cells[5].clone(), cells[7].clone(), cells[8] == "n/a")
            };
            lines[2..].iter().map(told).collect::<Vec<_>>()
        };
        let daemon = |role: &str, status: &str, is_primary| {
            (role.to_owned(), status.to_owned(), "running".to_owned(), "no".to_owned(), is_primary)
        };
        drill.at(20).await;
        let before = [
            row("1", "node1", "primary", "* running", "", "1", ""),
            row("2", "node2", "standby", "running", "node1", "1", "0 bytes"),
        ];
        assert_eq!(show(1).await, before);
        assert_eq!(status(1).await, [daemon("primary", "* running", true), daemon("standby", "running", false)]);
        assert_eq!(drill.type_on(1, "repmgr standby switchover").await.0, Some(0));
        drill.at(40).await;
        let between = [
            row("1", "node1", "standby", "running", "node2", "1", "0 bytes"),
            row("2", "node2", "primary", "* running", "", "2", ""),
        ];
        assert_eq!(show(1).await, between);
        assert_eq!(status(1).await, [daemon("standby", "running", false), daemon("primary", "* running", true)]);
        assert_eq!(drill.type_on(0, "repmgr standby switchover").await.0, Some(0));
        drill.at(70).await;
        let after = [
            row("1", "node1", "primary", "* running", "", "3", ""),
            row("2", "node2", "standby", "running", "node1", "2", "0 bytes"),
        ];
        assert_eq!(show(0).await, after);
        assert_eq!(status(0).await, [daemon("primary", "* running", true), daemon("standby", "running", false)]);
    });
}

/// Checks A6, A12, A17, A18, A19 and A25: each refuses with its own code and changes nothing, and lets through when the
/// cause is gone.
#[test]
fn every_opener_refuses_by_itself() {
    let trace = run(1, 300, PAIR, vec![], async |drill| {
        drill.at(20).await;
        let refused = async |breaks: (u16, &str), switchover: &str, code: i32, part: &str, mends: (u16, &str)| {
            assert_eq!(drill.type_on(breaks.0, breaks.1).await.0, Some(0), "{}", breaks.1);
            let (returned, lines) = drill.type_on(1, switchover).await;
            assert_eq!(returned, Some(code), "{switchover} after {}: {lines:#?}", breaks.1);
            assert!(lines.iter().any(|line| line.contains(part)), "{part} is not in {lines:#?}");
            assert_eq!(drill.type_on(mends.0, mends.1).await.0, Some(0), "{}", mends.1);
        };
        let plain = "repmgr standby switchover";
        let mine = (1, "chown root kingbase.auto.conf");
        refused(mine, plain, 1, "kingbase.auto.conf\" is not as expected", (1, "chown kingbase kingbase.auto.conf"))
            .await;
        let theirs = (0, "chown root kingbase.auto.conf");
        refused(theirs, plain, 1, "has incorrect ownership", (0, "chown kingbase kingbase.auto.conf")).await;
        let moved = (0, "vi repmgr.conf data_directory=/elsewhere");
        let back = (0, "vi repmgr.conf data_directory=/home/kingbase/cluster/V8R6/kingbase/data");
        refused(moved, plain, 1, "\"data_directory\" parameter on node \"node1\" is incorrectly", back).await;
        let nothing = (1, "true");
        let stranger = "repmgr standby switchover -S postgres";
        refused(nothing, stranger, 6, "unable to connect as superuser \"postgres\"", nothing).await;
        let begin = ["ksql", "-c", "select sys_start_backup('night')"];
        assert_eq!(drill.run_on(0, &begin).await.0, Some(0));
        let (code, lines) = drill.type_on(1, plain).await;
        assert_eq!(code, Some(18));
        let last = lines.iter().rfind(|line| line.contains("ERROR")).map(String::as_str);
        assert_eq!(
            last,
            Some("[ERROR] unable to perform a switchover while primary server is in exclusive backup mode")
        );
        assert_eq!(drill.run_on(0, &["ksql", "-c", "select sys_stop_backup()"]).await.0, Some(0));
        assert_eq!(drill.states(), ["primary running 1", "standby running 1"]);
        assert_eq!(drill.type_on(1, "repmgr standby switchover -S system").await.0, Some(0));
    });
    assert_eq!(trace.announced("repmgrd.paused").count(), 4, "only the last one came so far");
}

#[test]
fn a_switchover_without_a_free_slot_is_refused_unless_forced() {
    let few = vec![("max_replication_slots", ParameterValue::Integer(0))];
    run(1, 100, PAIR, few, async |drill| {
        drill.at(20).await;
        let (code, lines) = drill.type_on(1, "repmgr standby switchover --dry-run").await;
        assert_eq!(code, Some(1));
        assert!(
            lines.contains(&"[ERROR] insufficient free replication slots to attach all nodes".to_owned()),
            "{lines:#?}"
        );
        let (code, lines) = drill.type_on(1, "repmgr standby switchover --dry-run --force").await;
        assert_eq!(code, Some(0), "{lines:#?}");
        assert!(
            lines.contains(&"[INFO] prerequisites for executing STANDBY SWITCHOVER are met".to_owned()),
            "{lines:#?}"
        );
    });
}

#[test]
fn every_check_of_a_node_has_its_forms() {
    run(1, 100, PAIR, vec![], async |drill| {
        drill.at(20).await;
        let short = async |option: &str| drill.type_on(0, &format!("repmgr node check {option} --optformat")).await;
        assert_eq!(short("--archive-ready").await, (Some(0), vec!["--status=OK --files=0".to_owned()]));
        assert_eq!(short("--replication-lag").await, (Some(0), vec!["--status=OK --lag=0".to_owned()]));
        let one = |line: &str| (Some(0), vec![line.to_owned()]);
        assert_eq!(short("--data-directory-config").await, one("--configured-data-directory=OK"));
        assert_eq!(short("--repmgrd").await, one("--repmgrd=OK"));
        assert_eq!(short("--replication-config-owner").await, one("--replication-config-owner=OK"));
        assert_eq!(short("--db-connection").await, one("--db-connection=OK"));
        for silent in ["--role", "--upstream", "--downstream", "--slots", "--missing-slots"] {
            assert_eq!(short(silent).await, (Some(0), vec![]), "{silent} prints nothing");
        }
        let (code, lines) = drill.type_on(0, "repmgr node check --archive-ready --nagios").await;
        let expected = "REPMGR_ARCHIVE_READY OK: 0 pending archive ready files | files=0;16;128";
        assert_eq!((code, lines), (Some(0), vec![expected.to_owned()]));
        assert_eq!(drill.type_on(0, "repmgr node check --nagios").await.0, Some(1));
        let (code, lines) = drill.type_on(0, "repmgr node check --csv").await;
        assert_eq!((code, lines.len()), (Some(0), 7), "the upstream line is missing: {lines:#?}");
        assert_eq!(lines[0], "\"Server role\",\"OK\",\"node is primary\"");
        drill.world.kill(drill.process(0, "kingbase"));
        assert_eq!(drill.type_on(0, "repmgr node check").await.0, Some(6));
        let gone = drill.type_on(0, "repmgr node check --archive-ready --optformat").await;
        assert_eq!(gone, (Some(6), vec!["--error=DB_CONNECTION".to_owned()]));
    });
}

/// What a file of a host says, by its name below the data directory.
fn file(drill: &Drill, host: u16, name: &str) -> Option<String> {
    let bytes = drill.world.read_file(HostId(host), &format!("data/sys_wal/{name}"))?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[test]
fn a_promotion_leaves_a_history_file_a_partial_segment_and_they_outlast_the_power() {
    run(1, 200, PAIR, vec![("archive_command", text(""))], async |drill| {
        drill.at(20).await;
        assert_eq!(drill.type_on(1, "repmgr standby switchover").await.0, Some(0));
        let history = file(&drill, 1, "00000002.history").expect("a history file");
        assert!(history.starts_with("1\t0/6") && history.ends_with("\tno recovery target specified\n"), "{history}");
        let partial = file(&drill, 1, "000000010000000000000006.partial").expect("the last segment of timeline 1");
        assert!(partial.starts_with("SIMRWAL1"));
        assert!(file(&drill, 1, "archive_status/000000010000000000000006.partial.ready").is_some());
        assert!(file(&drill, 1, "000000020000000000000006").is_some(), "the same segment of timeline 2");

        // The host's memory goes with the power; what is on the device comes back.
        drill.at(60).await;
        drill.world.lose_power(HostId(1));
        for gone in ["00000002.history", "000000010000000000000006.partial"] {
            drill.world.remove_file(HostId(1), &format!("data/sys_wal/{gone}"));
        }
        drill.world.restore_power(HostId(1));
        drill.at(70).await;
        assert_eq!(file(&drill, 1, "00000002.history"), Some(history));
        assert_eq!(file(&drill, 1, "000000010000000000000006.partial"), Some(partial));
        assert_eq!(drill.type_on(1, "sys_ctl start").await.0, Some(0));
        assert_eq!(drill.states()[1], "primary running 2");
    });
}

#[test]
fn an_archive_command_may_be_empty_fail_or_hang() {
    let trace = run(1, 300, PAIR, vec![("archive_command", text(""))], async |drill| {
        drill.at(20).await;
        let bulk = ["ksql", "-c", "insert into bulk select generate_series(1,3)"];
        let waiting = async || drill.type_on(0, "repmgr node check --archive-ready").await.1;
        assert_eq!(drill.run_on(0, &bulk).await.0, Some(0));
        assert_eq!(waiting().await, ["OK (3 pending archive ready files)"], "empty: nothing is attempted");

        let breaks = |how| Some(Breakage { how, calls: None });
        assert!(drill.cluster.set_external_command(HostId(0), "archive_command", breaks(CommandFailure::Fails)));
        let set = ["vi", "es_rep.conf", "archive_command=/bin/cp -f %p archive/%f"];
        assert_eq!(drill.run_on(0, &set).await.0, Some(0));
        assert_eq!(drill.type_on(0, "sys_ctl reload").await.0, Some(0));
        drill.at(40).await;
        assert_eq!(waiting().await, ["OK (3 pending archive ready files)"], "failing: three tries, then a pause");

        assert!(drill.cluster.set_external_command(HostId(0), "archive_command", breaks(CommandFailure::Hangs)));
        drill.at(110).await;
        assert_eq!(waiting().await, ["OK (3 pending archive ready files)"], "hanging: it waits in the first file");
        drill.cluster.set_external_command(HostId(0), "archive_command", None);
        drill.at(130).await;
        assert_eq!(waiting().await, ["OK (0 pending archive ready files)"]);
        let (_, archive) = drill.type_on(0, "ls archive/").await;
        assert_eq!(archive[0], "000000010000000000000006", "the oldest first: {archive:?}");
        assert_eq!(archive.len(), 3);
        assert!(file(&drill, 0, "archive_status/000000010000000000000006.done").is_some());
    });
    let failed = trace.announced("archive.failed").count();
    assert!(failed >= 1, "three tries failed");
    let first = trace.announced("wal.archived").next().expect("archived at last");
    assert!(format!("{:?}", first.1).contains("000000010000000000000006"));
}

#[test]
fn a_file_without_a_status_waits_to_be_archived_again() {
    let settings = vec![("archive_command", text("")), ("wal_keep_segments", ParameterValue::Integer(0))];
    run(1, 100, PAIR, settings, async |drill| {
        drill.at(20).await;
        assert_eq!(drill.run_on(0, &["ksql", "-c", "insert into bulk select generate_series(1,3)"]).await.0, Some(0));
        let status = "archive_status/000000010000000000000006.ready";
        assert_eq!(drill.type_on(0, &format!("rm -rf data/sys_wal/{status}")).await.0, Some(0));
        assert!(file(&drill, 0, status).is_none());
        assert_eq!(drill.run_on(0, &["ksql", "-c", "checkpoint"]).await.0, Some(0));
        assert!(file(&drill, 0, status).is_some(), "nobody else would ever archive it");
        assert!(file(&drill, 0, "000000010000000000000006").is_some(), "and it is kept until then");
    });
}

#[test]
fn a_slot_keeps_the_log_of_a_standby_that_is_away_and_without_one_it_is_recycled() {
    for uses_slots in [true, false] {
        let settings = vec![
            ("use_replication_slots", ParameterValue::Boolean(uses_slots)),
            ("wal_keep_segments", ParameterValue::Integer(0)),
        ];
        let trace = run(1, 200, PAIR, settings, async |drill| {
            drill.at(20).await;
            assert_eq!(drill.type_on(1, "sys_ctl stop").await.0, Some(0));
            drill.at(40).await;
            for _ in 0..2 {
                let bulk = ["ksql", "-c", "insert into bulk select generate_series(1,4)"];
                assert_eq!(drill.run_on(0, &bulk).await.0, Some(0));
                assert_eq!(drill.run_on(0, &["ksql", "-c", "checkpoint"]).await.0, Some(0));
            }
            drill.at(60).await;
            assert_eq!(drill.run_on(0, &["ksql", "-c", "checkpoint"]).await.0, Some(0));
            assert_eq!(drill.type_on(1, "sys_ctl start").await.0, Some(0));
            drill.at(80).await;
        });
        let of_the_log =
            |fields: &nodes::world::trace::Fields| format!("{fields:?}").contains("has already been removed");
        let refused = trace.announced("stream.refused").filter(|(_, fields)| of_the_log(fields)).count();
        assert_eq!(refused == 0, uses_slots, "with slots: {uses_slots}, refused {refused} times");
    }
}

#[test]
fn a_standby_is_known_by_four_positions_and_paused_replay_holds_the_last_only() {
    run(1, 100, PAIR, vec![], async |drill| {
        drill.at(20).await;
        let look = ["ksql", "-c", "select * from sys_stat_replication"];
        let row = async || {
            let (code, lines) = drill.run_on(0, &look).await;
            assert_eq!(code, Some(0), "{lines:#?}");
            cells(&lines[2])
        };
        let quiet = row().await;
        assert_eq!((quiet[0].as_str(), quiet[1].as_str(), quiet[6].as_str()), ("node2", "streaming", "quorum"));
        assert_eq!([&quiet[3], &quiet[4], &quiet[5]], [&quiet[2]; 3], "all four are the same: {quiet:?}");
        let pause = ["ksql", "-c", "select sys_wal_replay_pause()"];
        assert_eq!(drill.run_on(1, &pause).await.0, Some(0));
        assert_eq!(drill.run_on(0, &["ksql", "-c", "insert into bulk select generate_series(1,1)"]).await.0, Some(0));
        drill.at(30).await;
        let held = row().await;
        assert_eq!([&held[3], &held[4]], [&held[2]; 2], "received and durable: {held:?}");
        assert_eq!(held[5], quiet[5], "not replayed: {held:?}");
        assert_ne!(held[4], held[5]);
        let (code, lines) = drill.type_on(1, "repmgr standby switchover").await;
        assert_eq!(code, Some(18), "{lines:#?}");
    });
}

/// The bytes of the log of a node, at a place.
fn log_bytes(drill: &Drill, node: &str, offset: u64, length: u64) -> Vec<u8> {
    let regions = drill.cluster.regions();
    let region = regions.iter().find(|region| region.name == format!("sys_wal of {node}")).expect("a log");
    let now = drill.world.now();
    drill.world.with_device(region.device, |device| {
        let image = device.visible_image(now);
        let sector = image.sector_size();
        let range = nodes::world::device::SectorRange::new((region.offset + offset) / sector, length / sector);
        image.read(range).expect("readable").to_vec()
    })
}

#[test]
fn a_base_backup_is_the_source_byte_for_byte() {
    run(1, 200, PAIR, vec![], async |drill| {
        drill.at(20).await;
        assert_eq!(drill.run_on(0, &["ksql", "-c", "insert into bulk select generate_series(1,2)"]).await.0, Some(0));
        let (code, lines) = drill.type_on(1, "repmgr standby clone -h node1 -F").await;
        assert_eq!(code, Some(1), "a running server is not overwritten: {lines:#?}");
        assert_eq!(drill.type_on(1, "sys_ctl stop").await.0, Some(0));
        let (code, lines) = drill.type_on(1, "repmgr standby clone -h node1 -F").await;
        assert_eq!(code, Some(0), "{lines:#?}");
        // Segment 8 is where the log is now: its header and records are the same on both devices.
        let place = 8 * (16 << 20);
        let (one, other) = (log_bytes(&drill, "node1", place, 4096), log_bytes(&drill, "node2", place, 4096));
        assert!(one.starts_with(b"SIMRWAL1"));
        assert_eq!(one, other);
        let names = drill.type_on(1, "ls data/sys_wal").await.1;
        assert!(names.contains(&"000000010000000000000008".to_owned()), "{names:?}");
        assert!(!names.contains(&"000000010000000000000006".to_owned()), "nothing older than the backup: {names:?}");
        assert_eq!(drill.type_on(1, "sys_ctl start").await.0, Some(0));
        drill.at(60).await;
        assert_eq!(drill.states(), ["primary running 1", "standby running 1"]);
        assert_eq!(drill.type_on(1, "repmgr standby switchover").await.0, Some(0));
    });
}
