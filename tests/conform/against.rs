//! A real drill beside the rehearsed one.

use serde_json::Value;

use super::fixtures::{DMCSS, DONE, NEED_REPAIR, PG_LOG, PROMOTE};
use super::{conform, load, native_logs, outputs, printed, root, run};

/// A log held against seeds of a drill: the exit code, and each procedure beside the rehearsed ones.
fn held(product: &str, name: &str, text: &str, drill: &str, seeds: &str) -> (Option<i32>, Vec<Value>) {
    let scenario = root().join("scenarios").join(drill).with_extension("toml").to_string_lossy().into_owned();
    let options = ["--against", &scenario, "--seeds", seeds, "--format", "json"];
    let output = conform(product, name, text, &options);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code(), told["against"].as_array().expect("procedures").clone())
}

/// The first of this procedure.
fn first<'a>(phases: &'a [Value], procedure: &str) -> &'a Value {
    phases.iter().find(|phase| phase["phase"] == procedure).unwrap_or_else(|| panic!("no {procedure}: {phases:?}"))
}

/// The step of this name.
fn step<'a>(phase: &'a Value, name: &str) -> &'a Value {
    let steps = phase["steps"].as_array().expect("steps");
    steps.iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("no {name}: {phase}"))
}

#[test]
fn what_one_seed_wrote_is_inside_what_the_seeds_wrote() {
    for (product, drill, procedures) in [
        ("kingbase", "kingbase/primary_killed_failover", ["failover"].as_slice()),
        ("opengauss_dms", "opengauss_dms/switchover_and_back", &["switchover reform", "SWITCHOVER FOR OPENGAUSS"]),
        ("opengauss_ha", "opengauss_ha/need_repair", &["build", "switchover", "start"]),
        ("polardb", "polardb/crash_after_promote_recovers", &["promote", "shutdown", "starts"]),
        ("dm_dsc", "dm_dsc/kill_and_rejoin", &["PROCESS_EP_CRASH", "PROCESS_RECOVER"]),
    ] {
        let record = run(&load(&root().join("scenarios").join(drill).with_extension("toml")), 1);
        let texts = native_logs(&record).into_values().chain(outputs(&record).into_iter().map(|(_, text)| text));
        let (mut phases, name) = (Vec::new(), format!("{product}-seed-1.log"));
        for text in texts {
            let kinds = nodes::catalogue::logs(product);
            if simrun::conform::judge(kinds, &name, &text, simrun::conform::Clock::Forward).is_empty() {
                continue;
            }
            let (code, told) = held(product, &name, &text, drill, "1..2");
            assert_eq!(code, Some(0), "{drill}: {told:?}\n{text}");
            phases.extend(told);
        }
        for phase in &phases {
            assert!(["inside", "not-ended"].contains(&phase["place"].as_str().expect("a place")), "{drill}: {phase}");
            let steps = phase["steps"].as_array().expect("steps");
            assert!(steps.iter().all(|step| step["place"] == "inside"), "{drill}: {phase}");
        }
        for procedure in procedures {
            assert_eq!(first(&phases, procedure)["place"], "inside", "{drill}");
        }
    }
}

#[test]
fn a_round_of_a_switchover_ends_with_its_last_step() {
    let drill = "opengauss_dms/switchover_and_back";
    let record = run(&load(&root().join("scenarios").join(drill).with_extension("toml")), 1);
    let text = native_logs(&record).remove("dn1/pg_log/DMS/run/dms.rlog").expect("a run log");
    let (_, phases) = held("opengauss_dms", "rounds.rlog", &text, drill, "1..2");
    // The one back is another round, and what was between them is none.
    let rounds: Vec<&Value> = phases.iter().filter(|phase| phase["phase"] == "SWITCHOVER FOR OPENGAUSS").collect();
    assert_eq!(rounds.len(), 2, "{phases:?}");
    for round in rounds {
        assert_eq!((&round["ends"], &round["place"]), (&"over".into(), &"inside".into()));
        assert!(round["took_ms"].as_i64() < Some(10_000), "{round}");
    }
}

#[test]
fn a_replica_has_started_when_it_can_be_read_and_a_promote_ends_when_it_can_be_written() {
    let drill = "polardb/crash_after_promote_recovers";
    let record = run(&load(&root().join("scenarios").join(drill).with_extension("toml")), 1);
    let logs = native_logs(&record);
    let (_, text) = logs.iter().find(|(name, _)| name.contains("replica1/pg_log")).expect("a replica");
    let (_, phases) = held("polardb", "replica.log", text, drill, "1..2");
    assert_eq!(first(&phases, "starts")["ends"], "reads");
    assert!(first(&phases, "starts")["took_ms"].as_i64() < Some(1_000), "{phases:?}");
    assert_eq!(first(&phases, "promote")["ends"], "ready");
}

#[test]
fn a_promote_that_died_is_held_against_those_that_died() {
    // Where replicas have a logindex, nobody has died of it.
    let (code, phases) = held("polardb", "died.log", PROMOTE, "polardb/crash_after_promote_recovers", "1..2");
    let promote = first(&phases, "promote");
    assert_eq!((code, &promote["place"]), (Some(0), &"never-rehearsed".into()), "{promote}");
    let (_, phases) = held("polardb", "died.log", PROMOTE, "polardb/promote_without_logindex", "1..2");
    assert_ne!(first(&phases, "promote")["place"], "never-rehearsed", "{phases:?}");
    assert_ne!(first(&phases, "death")["place"], "never-rehearsed", "{phases:?}");
}

#[test]
fn the_waits_of_a_repair_are_told_beside_the_rehearsed_ones() {
    let (_, phases) = held("opengauss_ha", "repair.out", NEED_REPAIR, "opengauss_ha/need_repair", "1..2");
    // The start that failed is not held against those that came up.
    let starts: Vec<&Value> = phases.iter().filter(|phase| phase["phase"] == "start").collect();
    assert_eq!(starts[0]["ends"], "waits no longer", "{starts:?}");
    assert!(starts[1..].iter().all(|start| start["ends"] == "server started"), "{starts:?}");
    let timed_out = phases.iter().find(|phase| phase["ends"] == "gives up").expect("a switchover that timed out");
    assert_eq!((&timed_out["took_ms"], &timed_out["times"]), (&60_493.into(), &2.into()), "{timed_out}");
    // Nor is a wait that was given up held against one that was not.
    assert_eq!(step(timed_out, "waits for the switchover")["times"], 2);
    let build = first(&phases, "build");
    assert_eq!(build["place"], "longer");
    assert_eq!(step(build, "stopped")["place"], "longer", "it waited for the server to stop");
}

#[test]
fn what_has_not_ended_is_compared_step_by_step() {
    let (code, phases) = held("opengauss_dms", "restart.log", PG_LOG, "switchover_fail", "1..2");
    let start = first(&phases, "start");
    assert_eq!((code, &start["place"]), (Some(0), &"not-ended".into()));
    let waits = step(start, "waits for the DSS main role");
    assert_eq!(waits["took_ms"], 2_175);
    assert!(waits["times"].as_u64() > Some(0), "{waits}");
}

#[test]
fn an_output_without_stamps_is_said_to_have_none() {
    let scenario = root().join("scenarios/kingbase/switchover_ok.toml").to_string_lossy().into_owned();
    let output = conform("kingbase", "done.out", DONE, &["--against", &scenario, "--seeds", "1..1"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(printed(&output).contains("its lines have no time stamps"), "{}", printed(&output));
}

#[test]
fn a_real_drill_is_compared_with_the_rehearsed_one_phase_by_phase() {
    let scenario = root().join("scenarios/dm_dsc/kill_and_rejoin.toml").to_string_lossy().into_owned();
    let options = ["--against", &scenario, "--seeds", "1..4", "--format", "json"];
    let output = conform("dm_dsc", "against.log", DMCSS, &options);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let phases = told["against"].as_array().expect("phases");
    let recover = phases.iter().find(|phase| phase["phase"] == "PROCESS_RECOVER").expect("a recovery");
    assert_eq!(recover["took_ms"], 15_444);
    let band: Vec<i64> = recover["band_ms"].as_array().expect("a band").iter().filter_map(|ms| ms.as_i64()).collect();
    assert!(band.is_sorted() && band[0] > 0, "{band:?}");
    // A log in which the recovery ends months later is outside, by about that.
    let mut lines: Vec<String> = DMCSS.lines().map(str::to_owned).collect();
    let begins = lines.iter().position(|line| line.contains("to (PROCESS_RECOVER")).expect("it begins");
    for line in &mut lines[begins + 1..] {
        if let Some((_, rest)) = line.split_once(' ').filter(|_| line.starts_with("2021-")) {
            *line = format!("2022-01-01 {rest}");
        }
    }
    let output = conform("dm_dsc", "against-late.log", &lines.join("\n"), &options);
    assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let recover = told["against"]
        .as_array()
        .and_then(|phases| phases.iter().find(|phase| phase["phase"] == "PROCESS_RECOVER").cloned());
    let recover = recover.expect("a recovery");
    assert_eq!(recover["place"], "longer");
    assert!(recover["by_ms"].as_i64() > Some(3_600_000), "{recover}");
}
