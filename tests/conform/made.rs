//! Logs that the models write: accepted, and edited copies of them rejected at the edited place. Every log that can be
//! judged has one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use simrun::conform::{Clock, Why, judge};

use super::{load, native_logs, outputs, root, run};

/// What is done to a log. A line is named by a part of it; the first one that has it is meant.
enum Change {
    /// A line is gone.
    Gone(&'static str),
    /// A line and the next one are exchanged.
    Swapped(&'static str),
    /// In a line, this is now that.
    Replaced(&'static str, &'static str, &'static str),
}

use Change::{Gone, Replaced, Swapped};

impl Change {
    fn make(&self, lines: &mut Vec<String>) {
        let (Gone(named) | Swapped(named) | Replaced(named, ..)) = self;
        let at = lines.iter().position(|line| line.contains(named)).unwrap_or_else(|| panic!("no line has {named}"));
        match self {
            Gone(_) => drop(lines.remove(at)),
            Swapped(_) => lines.swap(at, at + 1),
            Replaced(_, from, to) => {
                assert!(lines[at].contains(from), "{} has no {from}", lines[at]);
                lines[at] = lines[at].replace(from, to);
            }
        }
    }
}

/// Where a log is found.
enum Source {
    /// In this file of a host.
    File(&'static str),
    /// On the terminals: what the commands that begin so printed, one after the other.
    Printed(&'static str),
}

/// A log that a drill makes.
struct Made {
    product: &'static str,
    /// The drill, below the scenarios.
    drill: &'static str,
    source: Source,
    /// What it is judged as.
    kind: &'static str,
    /// What is done to it, and a part of the line at which it shows.
    edits: &'static [(Change, &'static str)],
}

impl Made {
    fn text(&self) -> String {
        let file: PathBuf = root().join("scenarios").join(self.drill).with_extension("toml");
        let record = run(&load(&file), 1);
        match self.source {
            Source::File(name) => native_logs(&record).remove(name).unwrap_or_else(|| panic!("no {name}")),
            Source::Printed(begins) => {
                let outputs = outputs(&record).into_iter().filter(|(line, _)| line.starts_with(begins));
                outputs.map(|(_, text)| text + "\n").collect()
            }
        }
    }
}

const MADE: &[Made] = &[
    Made {
        product: "kingbase",
        drill: "kingbase/clone_after_a_failed_rewind",
        source: Source::Printed("repmgr node rejoin"),
        kind: "repmgr",
        edits: &[
            (Gone("executing sys_rewind"), "sys_rewind command is"),
            (Gone("sys_rewind execution failed"), "the WAL it needs is gone"),
            (Replaced("sys_rewind execution failed", "sys_", "pg_"), "pg_rewind execution failed"),
        ],
    },
    Made {
        product: "kingbase",
        drill: "kingbase/clone_after_a_failed_rewind",
        source: Source::Printed("repmgr standby"),
        kind: "repmgr",
        edits: &[
            (Gone("connecting to source node"), "connection string is"),
            (Swapped("standby will attach"), "standby will attach"),
            (Gone("executing:"), "standby clone (using"),
            (Replaced("standby clone (using", "sys_", "pg_"), "standby clone (using pg_"),
            (Gone("already exists and is not empty"), "use -F/--force to overwrite"),
        ],
    },
    Made {
        product: "kingbase",
        drill: "kingbase/clone_after_a_failed_rewind",
        source: Source::Printed("repmgr"),
        kind: "repmgr",
        edits: &[(Replaced("successfully registered", "(ID: 1)", "(ID: 2)"), "successfully registered")],
    },
    Made {
        product: "kingbase",
        drill: "kingbase/paused_and_primary_dies",
        source: Source::Printed("repmgr service"),
        kind: "repmgr",
        edits: &[
            (Gone("unable to connect to node 1"), "node 2 (node2) unpaused"),
            (Gone("node 2 (node2) unpaused"), "unable to unpause"),
            (Replaced("unable to unpause", "1 node", "2 node"), "unable to unpause"),
            (Gone("unable to unpause"), "to view current status"),
            (Replaced("node 2 (node2) unpaused", "node2", "node1"), "node 2 (node1) unpaused"),
        ],
    },
    Made {
        product: "kingbase",
        drill: "kingbase/paused_and_primary_dies",
        source: Source::Printed("repmgr standby promote"),
        kind: "repmgr",
        edits: &[
            (Gone("promoting standby to primary"), "promoting server"),
            (Gone("waiting for promotion"), "STANDBY PROMOTE successful"),
            (Replaced("was successfully promoted", "(ID: 2)", "(ID: 1)"), "was successfully promoted"),
        ],
    },
    Made {
        product: "kingbase",
        drill: "kingbase/cascaded_upstream_dies",
        source: Source::Printed("repmgr standby follow"),
        kind: "repmgr",
        edits: &[
            (Gone("attempting to find"), "STANDBY FOLLOW successful"),
            (Replaced("standby attached", "node2", "node1"), "standby attached"),
        ],
    },
    Made {
        product: "kingbase",
        drill: "kingbase/split_brain_and_rejoin",
        source: Source::Printed("repmgr node rejoin"),
        kind: "repmgr",
        edits: &[
            (Gone("this node cannot attach"), "forked off current database system timeline"),
            (Replaced("is now attached to node", "to node 2", "to node 1"), "is now attached to node"),
            (Gone("NODE REJOIN successful"), "is now attached to node"),
        ],
    },
    Made {
        product: "kingbase",
        drill: "kingbase/switchover_ok",
        source: Source::Printed("repmgr service status"),
        kind: "repmgr-tables",
        edits: &[
            (Replaced("| running |", "| running |", "| hangs   |"), "| hangs   |"),
            (Replaced("* running", "* running", "! hanging"), "! hanging"),
            (Replaced("| standby |", "| standby |", "| slave   |"), "| slave   |"),
        ],
    },
    Made {
        product: "kingbase",
        drill: "kingbase/repmgrd_restarted_too_late",
        source: Source::Printed("repmgr"),
        kind: "repmgr-tables",
        edits: &[(Gone("  - "), "node1 "), (Replaced("  - ", "(ID: 1)", "(ID: 2)"), "\"node2\" (ID: 2)")],
    },
    Made {
        product: "kingbase",
        drill: "kingbase/primary_killed_failover",
        source: Source::File("node2/hamgr.log"),
        kind: "repmgrd",
        edits: &[
            (Gone("3 of 3 attempts"), "unable to reconnect"),
            (Gone("this node is the winner"), "promoting standby to primary"),
            (Swapped("promoting standby to primary"), "promoting server"),
            (Replaced("2 of 3 attempts", "2 of 3", "3 of 3"), "3 of 3 attempts"),
            (Replaced("issuing CHECKPOINT", "2026", "2025"), "issuing CHECKPOINT"),
        ],
    },
    Made {
        product: "opengauss_dms",
        drill: "opengauss_dms/switchover_and_back",
        source: Source::File("dn2/pg_log/dn_6002/postgresql-current.log"),
        kind: "pg_log",
        edits: &[
            (Gone("Starting to promote standby"), "Standby promote: success"),
            (Swapped("begin to set currrent DSS as primary"), "set dss server status as primary start"),
            (Replaced("with role:0 success", "role:0", "role:1"), "with role:1 success"),
            (Replaced("reform type:SS switchover", "switchover", "sideways"), "reform type:SS sideways"),
            (Replaced("Standby promote: success", "2026", "2025"), "Standby promote: success"),
        ],
    },
    Made {
        product: "opengauss_dms",
        drill: "opengauss_dms/switchover_and_back",
        source: Source::File("dn1/pg_log/DMS/run/dms.rlog"),
        kind: "dms",
        edits: &[
            (Gone("dms_reform_switchover_demote success"), "dms_reform_"),
            (Gone("dms_reform_proc running"), "dms_reform_health running"),
        ],
    },
    Made {
        product: "opengauss_dms",
        drill: "opengauss_dms/switchover_and_back",
        source: Source::File("dn2/cm/cm_server/cm_server-current.log"),
        kind: "cm_server",
        edits: &[
            (Replaced("inst(6002) trans to inst(6001)", "inst(6002)", "inst(6003)"), "inst(6003) trans to"),
            (Gone("inst(20001) trans to inst(20002)"), "inst(20002) trans to inst(20001)"),
            (Replaced("trans to inst(20002)", "2026", "2025"), "trans to inst(20002)"),
        ],
    },
    Made {
        product: "dm_dsc",
        drill: "dm_dsc/kill_and_rejoin",
        source: Source::File("dsc0/css/dm_CSS0_202601.log"),
        kind: "dmcss",
        edits: &[(Gone("as break EP"), "to (PROCESS_EP_CRASH, ")],
    },
    Made {
        product: "opengauss_ha",
        drill: "opengauss_ha/need_repair",
        source: Source::Printed("gs_ctl"),
        kind: "gs_ctl",
        edits: &[
            (Gone("find common checkpoint"), "find diverge point success"),
            (Swapped("switchover term"), "waiting for server to switchover"),
        ],
    },
    Made {
        product: "opengauss_ha",
        drill: "opengauss_ha/need_repair",
        source: Source::Printed("gs_om"),
        kind: "gs_om",
        edits: &[
            (Replaced("cluster_state   : Normal", "Normal", "Unavailable"), "Primary Normal"),
            (Gone("redistributing"), "current_az"),
        ],
    },
    Made {
        product: "polardb",
        drill: "polardb/crash_after_promote_recovers",
        source: Source::File("pb2/home/postgres/replica1/pg_log/postgresql-2026-01-01_090000_error.log"),
        kind: "postgresql",
        edits: &[
            (Gone("begin mount pfs"), "mount pfs nvme1n1 readonly mode success"),
            (Gone("received promote request"), "redo done at"),
            (Swapped("Begin function polar_online_promote_data"), "End function polar_online_promote_data"),
            (Replaced("Before prommote RO", "EndOfLog=0/", "EndOfLog=1/"), "Before prommote RO"),
        ],
    },
    Made {
        product: "polardb",
        drill: "polardb/crash_after_promote_recovers",
        source: Source::Printed("pg_ctl"),
        kind: "pg_ctl",
        edits: &[
            (Replaced("server promoted", "server promoted", "server stopped"), "server stopped"),
            (Replaced("server promoted", "server promoted", "pg_ctl: server did not promote in time"), "in time"),
        ],
    },
];

#[test]
fn what_a_model_writes_is_accepted_and_edited_copies_are_rejected_at_the_edited_place() {
    for made in MADE {
        let Made { product, drill, kind, .. } = made;
        let kinds: Vec<_> = nodes::catalogue::logs(product).iter().filter(|log| log.name == *kind).copied().collect();
        let text = made.text();
        let stray = |text: &str| {
            let judged = judge(&kinds, drill, text, Clock::Forward);
            assert_eq!(judged.len(), 1, "{drill}: no {kind} in\n{text}");
            judged.into_iter().next().and_then(|judged| judged.stray)
        };
        assert_eq!(stray(&text), None, "{drill}, {kind}:\n{text}");
        for (number, (change, shows)) in made.edits.iter().enumerate() {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            change.make(&mut lines);
            let Some(stray) = stray(&lines.join("\n")) else { panic!("{drill}, {kind}, edit {number} is accepted") };
            assert!(stray.text.contains(shows), "{drill}, {kind}, edit {number}: {stray:?}");
            let goes_back = matches!(change, Replaced(_, "2026", _));
            assert_eq!(
                matches!(stray.why, Why::TimeGoesBack(_)),
                goes_back,
                "{drill}, {kind}, edit {number}: {stray:?}"
            );
        }
    }
}

#[test]
fn every_log_that_can_be_judged_has_edited_copies() {
    let edited: BTreeSet<(&str, &str)> =
        MADE.iter().filter(|made| !made.edits.is_empty()).map(|made| (made.product, made.kind)).collect();
    let models = nodes::catalogue::products().iter().map(|product| product.model);
    let known: BTreeSet<(&str, &str)> =
        models.flat_map(|model| nodes::catalogue::logs(model).iter().map(move |log| (model, log.name))).collect();
    assert_eq!(edited, known);
}

/// node3 could not be reached when everybody was paused, so that its repmgrd goes on; the switchover pauses it, and lets
/// go on all three.
const SOME_WERE_PAUSED: &str = r#"
format = 1

[drill]
id = "TEST-001"
title = "A switchover that lets go on who was paused before"
title_zh = "切换后恢复此前已暂停的 repmgrd"
kind = "simulation"
hypothesis = "Every repmgrd goes on."
hypothesis_zh = "所有 repmgrd 均恢复运行。"

[objectives]
rto = "120s"
rpo = "0s"

[product]
model = "kingbase"

[[node]]
name = "node1"
role = "primary"

[[node]]
name = "node2"
role = "standby"

[[node]]
name = "node3"
role = "standby"

[workload]
kind = "register"
clients = 2
rate = "10/s"
keys = 8

[[fault]]
name = "away"
at = "20s"
partition = { groups = [["node1", "node2"], ["node3"]] }
for = "25s"

[[step]]
name = "pause"
at = "22s"
on = "node2"
command = "repmgr service pause"
if-fails = "continue"

[[step]]
name = "switchover"
at = "60s"
on = "node2"
command = "repmgr standby switchover --repmgrd-force-unpause"

[[check]]
always = "single-writer"

[expect]
verdict = "pass"

[run]
seeds = "1..1"
time-limit = "1m30s"
"#;

#[test]
fn a_switchover_that_lets_everybody_go_on_is_explained_though_some_were_paused_before() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("some_were_paused.toml");
    std::fs::write(&file, SOME_WERE_PAUSED).expect("the drill is written");
    let outputs = outputs(&run(&load(&file), 1));
    let (_, text) = outputs.iter().find(|(line, _)| line.contains("switchover")).expect("a switchover");
    let told = |what: &str| text.lines().filter(|line| line.contains(what)).count();
    assert_eq!((told("] pausing repmgrd"), told("] unpausing repmgrd")), (1, 3), "{text}");
    let stray = |text: &str| {
        let judged = judge(nodes::catalogue::logs("kingbase"), "switchover", text, Clock::Forward);
        judged.into_iter().find_map(|judged| judged.stray)
    };
    assert_eq!(stray(text), None, "{text}");
    // Two of three: neither all nor those that were not paused.
    let without = text.lines().filter(|line| !line.contains("unpaus") || !line.contains("node1"));
    let shows = stray(&without.collect::<Vec<_>>().join("\n")).expect("a stray");
    assert!(shows.text.contains("STANDBY SWITCHOVER has completed"), "{shows:?}");
}
