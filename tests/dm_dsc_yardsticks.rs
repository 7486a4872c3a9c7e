//! Dameng DSC beside the yardsticks of fencing: an instance that stands still for too long, under DSC's own rules, SBD's
//! watchdog, sanlock's timing rule and SCSI-3 preempt-and-abort. The shipped drills use the times of the rules, what comes
//! of them is what the rules promise, and it has its price.

use std::path::Path;
use std::time::Duration;

use nodes::parts::fencing::sanlock::Sanlock;
use nodes::parts::fencing::watchdog::Sbd;
use nodes::parts::fencing::{Protection, Victim, WorstTimes};
use nodes::world::time::Instant;
use nodes::world::trace::What;
use simrun::check::Answer;
use simrun::draws::Draws;
use simrun::run::{RunOptions, run_scenario};
use simrun::scenario::model::ParameterValue;
use simrun::scenario::{self, Scenario};
use simrun::verdict;
use simrun::vocabulary;

/// When the instance is paused in each drill.
const PAUSED: Instant = Instant(60_000_000_000);

fn load(name: &str) -> Scenario {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/dm_dsc").join(format!("{name}.toml"));
    match scenario::load(&file, &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("{name} is rejected: {:#?}", rejected.diagnostics),
    }
}

/// What protects the storage in a drill, by its parameters.
fn protection(scenario: &Scenario) -> Protection {
    let length = |name: &str, default: u64| match scenario.product.set.get(name) {
        Some(ParameterValue::Duration(length)) => *length,
        _ => Duration::from_secs(default),
    };
    Protection {
        silence: length("DCR_GRP_DSKCHK_CNT", 60),
        wait_after_kill: length("sim_post_kill_wait", 0),
        self_fence: length("sim_self_fence", 0),
        watchdog: length("sim_watchdog", 0),
        preempt: scenario.product.set.get("sim_pr_fence") == Some(&ParameterValue::Boolean(true)),
    }
}

/// Whether the paused instance wrote after the redo of its log, and when its log was redone, counted from the pause.
fn end(scenario: &Scenario) -> (bool, Duration) {
    let product = nodes::catalogue::find("dm_dsc").expect("the product");
    let record = run_scenario(scenario, product, &Draws::of(scenario, 1), &RunOptions::default()).expect("a run");
    let verdict = verdict::judge(scenario, &record);
    let broken =
        |name: &str| verdict.checks.iter().any(|check| check.name == name && check.finding.answer == Answer::Violated);
    let mut replays = record
        .trace
        .events()
        .iter()
        .filter(|event| event.at > PAUSED && matches!(event.what, What::Announced { name: "replay.finished", .. }));
    let replayed = replays.next().expect("somebody redoes its log").at;
    (broken("dsc-killed-writes-nothing-after-redo"), replayed.since(PAUSED))
}

#[test]
fn each_yardstick_keeps_its_promise_and_has_its_price() {
    let (sbd, sanlock, none) = (Sbd::default(), Sanlock::default(), Duration::ZERO);
    let sixty = Duration::from_secs(60);
    let rows = [
        ("paused_past_limit", sixty, none, false),
        ("paused_past_limit_watchdog", sixty, sbd.watchdog, false),
        ("paused_past_limit_sanlock", sanlock.host_is_dead(), sanlock.renewal_fails(), false),
        ("paused_past_limit_preempt", sixty, none, true),
    ];
    let worst = WorstTimes { command_poll: sbd.every, io: sbd.io };
    let mut prices = Vec::new();
    for (name, silence, watchdog, preempt) in rows {
        let scenario = load(name);
        let protection = protection(&scenario);
        assert_eq!(
            (protection.silence, protection.watchdog, protection.preempt),
            (silence, watchdog, preempt),
            "{name}"
        );
        let (writes, price) = end(&scenario);
        assert_eq!(!writes, protection.covers(Victim::Stalled, worst), "{name}: what the rule promises");
        prices.push(price);
    }
    let [own, watchdog, of_sanlock, preempt] = prices[..] else { panic!("four rows") };
    let tenth = Duration::from_secs(10);
    assert!(own >= sixty && own < sixty + tenth && preempt < own + tenth, "{prices:?}: a preempt costs no time");
    assert!(
        watchdog < own && of_sanlock > sanlock.renewal_fails(),
        "{prices:?}: the death is noticed on its host at once"
    );
}
