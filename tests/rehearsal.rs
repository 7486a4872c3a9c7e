//! A drill as a distribution, and glances into a run: through the real program.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use nodes::operations::Whom;
use nodes::world::time::Instant;
use nodes::world::trace::Event;
use simrun::draws::Draws;
use simrun::run::{Look, OBSERVER, Record, RunOptions, Subject, glance, glances, run_scenario};
use simrun::tell::{self, Tale};
use simrun::{closeup, scenario, verdict, vocabulary};

const SWITCHOVER_FAIL: &str = "scenarios/switchover_fail.toml";

fn simrun(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simrun"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).args(arguments);
    command.output().expect("simrun runs")
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_rehearsal_is_the_same_whatever_the_number_of_jobs_and_its_phases_add_up() {
    let once = simrun(&["rehearse", SWITCHOVER_FAIL, "--seeds", "1..6", "--jobs", "1", "--format", "json"]);
    let again = simrun(&["rehearse", SWITCHOVER_FAIL, "--seeds", "1..6", "--jobs", "2", "--format", "json"]);
    assert_eq!(once.status.code(), Some(0), "{}", String::from_utf8_lossy(&once.stderr));
    assert_eq!(printed(&once), printed(&again));
    let told: serde_json::Value = serde_json::from_slice(&once.stdout).expect("JSON");
    assert_eq!(told["format"], 1);
    assert_eq!(told["ran"], 6);
    assert_eq!(told["rto"]["count"], 6);
    assert_eq!(told["rto_met"]["met"], 6);
    let shares = told["endings"].as_array().expect("endings");
    let seeds: u64 = shares.iter().filter_map(|share| share["seeds"].as_u64()).sum();
    assert_eq!(seeds, 6);
    let exits = |share: &serde_json::Value| share["ending"]["exits"]["dn1/gaussdb"].as_u64() == Some(1);
    assert!(shares.iter().all(exits), "the old primary ends itself: {shares:#?}");
}

#[test]
fn one_seed_has_phases_that_make_up_its_outage() {
    let output = simrun(&["rehearse", SWITCHOVER_FAIL, "--seeds", "3..3", "--format", "json"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let phases = told["phases"].as_object().expect("phases");
    let all: u64 = phases.values().filter_map(|phase| phase["worst"].as_u64()).sum();
    assert_eq!(Some(all), told["rto"]["worst"].as_u64(), "{phases:#?}");
    assert_eq!(phases.len(), 6);
}

#[test]
fn a_rehearsal_reads_in_both_languages() {
    let english = printed(&simrun(&["rehearse", SWITCHOVER_FAIL, "--seeds", "1..2", "--lang", "en"]));
    let chinese = printed(&simrun(&["rehearse", SWITCHOVER_FAIL, "--seeds", "1..2", "--lang", "zh"]));
    for word in ["RTO objective met", "reconnect", "worst", "as-expected"] {
        assert!(english.contains(word), "{word}: {english}");
    }
    for word in ["RTO 目标达标", "重连", "最差", "自行退出"] {
        assert!(chinese.contains(word), "{word}: {chinese}");
    }
}

#[test]
fn the_status_of_the_incident_is_seen_while_the_old_primary_is_down() {
    let output = simrun(&["at", SWITCHOVER_FAIL, "--seed", "1", "37.3s", "cm_ctl query -Cvipd", "--on", "dn3"]);
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("P Down") && text.contains("S Standby Starting"), "{text}");
}

#[test]
fn a_glance_that_comes_too_late_or_at_nobody_says_so() {
    let late = simrun(&["at", SWITCHOVER_FAIL, "3h", "cm_ctl query"]);
    assert_eq!(late.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&late.stderr).contains("was over at"));
    let nobody = simrun(&["at", SWITCHOVER_FAIL, "3s", "cm_ctl query", "--on", "dn9"]);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("dn1, dn2, dn3"));
}

#[test]
fn a_glance_types_only_what_changes_nothing() {
    let harm = simrun(&["at", SWITCHOVER_FAIL, "3s", "cm_ctl stop -n 1"]);
    assert_eq!(harm.status.code(), Some(2));
    let said = String::from_utf8_lossy(&harm.stderr).into_owned();
    assert!(said.contains("cm_ctl stop -n 1") && said.contains("cm_ctl query"), "{said}");
}

#[test]
fn a_glance_leaves_the_run_before_it_alone() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SWITCHOVER_FAIL);
    let Ok(accepted) = scenario::load(&file, &vocabulary::known()) else { panic!("rejected") };
    let scenario = &accepted.scenario;
    let product = nodes::catalogue::find(&scenario.product.model).expect("a product");
    let draws = Draws::of(scenario, 2);
    let at = Duration::from_millis(33_000);
    let words = ["cm_ctl", "query", "-Cv"].map(str::to_owned).to_vec();
    let look = Look { at: Instant::START + at, host: None, whom: Whom::Any, words };
    let options = RunOptions::default();
    let (seen, shown) = glance(&Subject { scenario, product, draws: &draws, options }, &look).expect("a run");
    let whole = run_scenario(scenario, product, &draws, &RunOptions::default()).expect("a run");
    assert!(shown.iter().any(|command| command.exit_code == Some(0) && !command.lines.is_empty()));
    let (seen, whole) = (of_the_others(&seen, at), of_the_others(&whole, at));
    assert!(!whole.is_empty());
    assert_eq!(seen, whole);
}

/// What everybody did before a moment, and its number in the run; without the shells of whoever looks.
fn of_the_others(record: &Record, until: Duration) -> Vec<(u64, String)> {
    let trace = &record.trace;
    let is_of_the_observer = |event: &Event| trace.place_name(event.place).to_string().ends_with(OBSERVER);
    let mut looks = 0;
    let mut told = Vec::new();
    for event in trace.events().iter().filter(|event| event.at.elapsed() < until) {
        if is_of_the_observer(event) {
            looks += 1;
        } else {
            told.push((event.number - looks, format!("{} {:?} {:?}", event.at, event.place, event.what)));
        }
    }
    told
}

/// Looks share no connection with the commands of the drill: as often as one looks in the midst of a switchover, its
/// tool asks and is answered at the same moments.
#[test]
fn looks_leave_a_switchover_alone_that_is_typed_on_the_same_host() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/kingbase/switchover_ok.toml");
    let Ok(accepted) = scenario::load(&file, &vocabulary::known()) else { panic!("rejected") };
    let scenario = &accepted.scenario;
    let product = nodes::catalogue::find(&scenario.product.model).expect("a product");
    let draws = Draws::of(scenario, 1);
    let words = ["repmgr", "cluster", "show"].map(str::to_owned).to_vec();
    let look = |number: u64| {
        let at = Instant::START + Duration::from_millis(30_000 + 100 * number);
        Look { at, host: None, whom: Whom::Every, words: words.clone() }
    };
    let looks: Vec<Look> = (0..100).map(look).collect();
    let subject = Subject { scenario, product, draws: &draws, options: RunOptions::default() };
    let (seen, shown) = glances(&subject, &looks).expect("a run");
    assert!(shown.iter().flatten().filter(|command| command.exit_code == Some(0)).count() > 50);
    let whole = run_scenario(scenario, product, &draws, &RunOptions::default()).expect("a run");
    // Messages of the looks are counted too, so numbers are not compared.
    let deeds = |record: &Record| of_the_others(record, Duration::MAX).into_iter().map(|(_, deed)| deed);
    let (seen, whole): (Vec<String>, Vec<String>) = (deeds(&seen).collect(), deeds(&whole).collect());
    let parted = seen.iter().zip(&whole).find(|(seen, whole)| seen != whole);
    assert_eq!((seen.len(), parted), (whole.len(), None));
}

/// What the page shows for a moment is what somebody would have read who typed the command then: at every change of a
/// node, and at moments between. One product's command shows a lag that moves all the while: between two changes that
/// one is as old as the last look.
#[test]
fn the_status_of_a_page_is_what_somebody_would_have_seen_at_that_moment() {
    for (drill, moments_between) in [("switchover_fail", 20), ("kingbase/primary_killed_failover", 0)] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../scenarios/{drill}.toml"));
        let Ok(accepted) = scenario::load(&file, &vocabulary::known()) else { panic!("rejected") };
        let scenario = &accepted.scenario;
        let product = nodes::catalogue::find(&scenario.product.model).expect("a product");
        let status = &nodes::catalogue::operations(product.model).expect("its operations").status;
        let draws = Draws::of(scenario, 1);
        let record = run_scenario(scenario, product, &draws, &RunOptions::default()).expect("a run");
        let verdict = verdict::judge(scenario, &record);
        let tale = Tale { scenario, text: "", product, draws: &draws, record: &record, verdict: &verdict };
        let mut report = tell::report(&tale);
        closeup::complete(&tale, &mut report).expect("a closer look");
        let changes = report.lanes.iter().flat_map(|lane| &lane.intervals).map(|interval| interval.from.0);
        let between = (1..moments_between).map(|number| record.ended.as_nanos() / 20 * number + 123_456_789);
        // A command that is typed as the run ends is never answered.
        let answered = record.ended.as_nanos() - 1_000_000_000;
        for at in changes.chain(between).filter(|at| *at < answered) {
            let words = status.command.split(' ').map(str::to_owned).collect();
            let look = Look { at: Instant(at), host: None, whom: status.whom, words };
            let subject = Subject { scenario, product, draws: &draws, options: RunOptions::default() };
            let (_, seen) = glance(&subject, &look).expect("a run");
            let seen: Vec<&str> =
                seen.iter().flat_map(|command| &command.lines).map(|(_, line)| line.as_str()).collect();
            let shown = report.status.iter().rfind(|output| output.at.0 <= at).expect("a status at the beginning");
            assert_eq!(shown.lines, seen, "{drill} at {}", look.at);
        }
        let told = report.limits.cut.last().expect("how well it is known");
        assert!(told.en.contains("late at most") && told.chinese().contains("最多迟"), "{told:?}");
    }
}

#[test]
fn a_plan_is_made_from_the_runs_in_both_languages() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plan");
    let _ = std::fs::remove_dir_all(&folder);
    let out = folder.to_string_lossy().into_owned();
    let arguments = ["rehearse", SWITCHOVER_FAIL, "--seeds", "1..3", "--lang", "en", "--out", &out];
    let output = simrun(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| std::fs::read_to_string(folder.join("switchover_fail").join(name)).expect("a paper");
    let (english, chinese) = (read("plan.md"), read("plan.zh.md"));
    for heading in ["Preconditions", "Steps", "Decision points", "Abort conditions", "Rollback", "Switch back"] {
        assert!(english.contains(&format!("## {heading}")), "{heading}: {english}");
    }
    for heading in ["人员分工", "启动条件", "操作步骤", "终止条件", "回退", "回切", "业务验证", "结论与签字"]
    {
        assert!(chinese.contains(&format!("## {heading}")), "{heading}: {chinese}");
    }
    // The command, what it showed while the old primary was down, and the look before it are those of a run.
    assert!(english.contains("`cm_ctl switchover -n 2 -D /data/cluster/dn1`"), "{english}");
    assert!(english.contains("P Down    Starting"), "{english}");
    let preconditions = english.split("## ").find(|part| part.starts_with("Preconditions")).expect("the section");
    assert!(preconditions.contains("cm_ctl query -Cvipd") && preconditions.contains("P Primary Normal"));
    // Who types what where, and how the role is handed back to the node that had it, are made from the steps.
    assert!(chinese.contains("| 操作人(dn1) | 用 cm_ctl 执行步骤 1 |"), "{chinese}");
    assert!(chinese.contains("在 dn2/gaussdb 注入序号 2 的故障"), "{chinese}");
    let back = chinese.split("## ").find(|part| part.starts_with("回切")).expect("the section");
    assert!(back.contains("cm_ctl switchover -n 1"), "{back}");
    let numbers: serde_json::Value = serde_json::from_str(&read("rehearsal.json")).expect("JSON");
    let worst = numbers["rto"]["worst"].as_u64().expect("a worst") / 1_000_000;
    let worst = format!("{}.{:03}", worst / 1_000, worst % 1_000);
    let worst = worst.trim_end_matches('0');
    assert!(read("rehearsal.html").contains(worst) && read("plan.html").contains(worst), "{worst}");
    // How long each run was away, as ranges with a bar each: in the plan as text, on the page as a table.
    let histogram = &numbers["rto_histogram"];
    let counted: u64 = histogram["counts"].as_array().expect("counts").iter().filter_map(|count| count.as_u64()).sum();
    assert_eq!(counted, 3, "{histogram}");
    assert!(english.contains("RTO (objective 60s)") && english.contains('█'), "{english}");
    let page = read("rehearsal.html");
    for part in ["class=\"distribution\"", "id=\"checks\"", "id=\"findings\"", "id=\"limits\"", "3 as expected"] {
        assert!(page.contains(part), "{part}");
    }
    // What the operator must not get wrong is on the screen too.
    let tried = numbers["slips"]["tried"].as_u64().expect("a number");
    assert!(tried > 0 && printed(&output).contains(&format!("{tried} were tried")), "{}", printed(&output));
    // A kill is not lifted: what it ended is started again.
    let rollback = english.split("## ").find(|part| part.starts_with("Rollback")).expect("the section");
    assert!(rollback.contains("start the database process of dn2 again"), "{rollback}");
    simrun(&arguments);
    assert_eq!(english, read("plan.md"), "a plan is the same each time");
}

/// The instances of DSC announce no role: the statuses of their group split the time.
#[test]
fn the_outage_of_a_product_without_a_primary_is_split_too() {
    let output = simrun(&["rehearse", "scenarios/dm_dsc/kill_and_rejoin.toml", "--seeds", "1..1", "--format", "json"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let worst = |phase: &str| told["phases"][phase]["worst"].as_u64().expect("a length");
    assert!(worst("detect") < worst("promote") && worst("reconnect") > 0, "{}", told["phases"]);
}

#[test]
fn what_a_hazard_breaks_anyway_is_no_cost_of_a_slip_and_its_plan_warns() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hazard");
    let _ = std::fs::remove_dir_all(&folder);
    let file = "scenarios/polardb/promote_before_stop.toml";
    let output = simrun(&["rehearse", file, "--seeds", "1..1", "--format", "json", "--out", &folder.to_string_lossy()]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(told["slips"]["tried"].as_u64() > Some(0), "{}", told["slips"]);
    let costs = told["slips"]["dangerous"].as_array().expect("a list");
    assert!(costs.iter().all(|slip| slip["cost"] != "data"), "the runbook loses data itself: {costs:?}");
    let plan = std::fs::read_to_string(folder.join("polardb/promote_before_stop/plan.md")).expect("the plan");
    assert!(plan.contains("shows a hazard") && plan.contains("showed the hazard in 100.0%"), "{plan}");
}
