//! Runs of the test product: what the driver, the operator, the faults and the clients do.

use std::time::Duration;

use nodes::world::executor::Ending;
use nodes::world::time::Instant;
use nodes::world::trace::{Keep, What};

use super::driver::drive_with;
use super::record::{Record, StepOutcome, Unproved};
use super::testing::{run, run_with};
use super::{RunError, RunOptions};
use crate::check::{Answer, Budget, linearizable};
use crate::draws::Draws;
use crate::history::Outcome;
use crate::verdict::liveness::is_durable_write;

const SWITCHOVER: &str = r#"
[[step]]
name = "switch"
at = "5s"
switchover = { to = "b" }
"#;

fn seconds(number: u64) -> Instant {
    Instant::START + Duration::from_secs(number)
}

#[test]
fn a_seed_gives_one_run_wherever_it_is_run() {
    let hash = |seed| run(SWITCHOVER, seed).trace.hash();
    let first = hash(1);
    assert_eq!(first, hash(1));
    assert_ne!(first, hash(2));
    let elsewhere = std::thread::scope(|scope| scope.spawn(|| hash(1)).join().unwrap());
    assert_eq!(first, elsewhere);
}

#[test]
fn no_product_keeps_its_world_alive_when_the_run_is_over() {
    for drill in [
        "switchover_fail",
        "dm_dsc/overlapping_stops",
        "polardb/mount_mode_after_promote_and_crash",
        "kingbase/any_standby_confirms",
        "opengauss_ha/switchover_and_back",
    ] {
        let path = format!("{}/../scenarios/{drill}.toml", env!("CARGO_MANIFEST_DIR"));
        let accepted = crate::scenario::load(path.as_ref(), &crate::vocabulary::known());
        let scenario = accepted.unwrap_or_else(|rejected| panic!("{drill}: {rejected}")).scenario;
        let product = nodes::catalogue::find(&scenario.product.model).expect("a product");
        let mut weak = None;
        let record = drive_with(&scenario, product, &Draws::of(&scenario, 1), &RunOptions::default(), |stage| {
            weak = Some(stage.world().downgrade());
        });
        drop(record.unwrap_or_else(|error| panic!("{drill}: {error}")));
        let weak = weak.expect("it ran");
        assert!(weak.upgrade().is_none(), "{drill}: its world was never freed");
    }
}

#[test]
fn clients_keep_the_rate_and_every_operation_is_in_the_trace() {
    let record = run("", 1);
    assert_eq!((record.ending, record.ended), (Ending::TimeLimit, seconds(30)));
    let operations = &record.history.operations;
    // Ready after half a second, then 100 a second.
    assert!((2_700..3_050).contains(&operations.len()), "{}", operations.len());
    let answered = operations.iter().filter(|operation| operation.is_ok()).count();
    assert!(answered + 20 > operations.len());
    for operation in operations.iter().filter(|operation| operation.returned.is_some()) {
        let at = |number: Option<u64>| record.trace.events().binary_search_by_key(&number.unwrap(), |it| it.number);
        let called = &record.trace.events()[at(operation.called_event).unwrap()];
        let returned = &record.trace.events()[at(operation.returned_event).unwrap()];
        assert_eq!((called.at, Some(returned.at)), (operation.called, operation.returned));
    }
    assert_eq!(linearizable::check(&record.history, Budget::default()).answer, Answer::Holds);
}

#[test]
fn the_operator_types_the_products_command_and_reads_along() {
    let record = run(SWITCHOVER, 1);
    let step = &record.steps[0];
    assert_eq!((step.began, &step.outcome), (Some(seconds(5)), &StepOutcome::Succeeded));
    let command = &step.commands[0];
    assert_eq!((command.line().as_str(), command.host.as_str()), ("pairctl switchover b", "b"));
    assert_eq!(command.exit_code, Some(0));
    let lines: Vec<&str> = command.lines.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(lines, ["switchover b", "done"]);
    for (at, line) in &command.lines {
        let told = |what: &What| matches!(what, What::Step { text, .. } if **text == **line);
        assert!(record.trace.events().iter().any(|event| event.at == *at && told(&event.what)), "{line} at {at}");
    }
    assert!(command.lines[0].0 < command.lines[1].0);
    let nodes = &record.states.last().unwrap().nodes;
    assert_eq!((nodes[0].role.as_str(), nodes[1].role.as_str()), ("standby", "primary"));
    let before = &record.states_at(seconds(4)).unwrap().nodes;
    assert_eq!((before[0].role.as_str(), before[1].role.as_str()), ("primary", "standby"));
}

#[test]
fn clients_follow_the_primary() {
    let record = run(SWITCHOVER, 1);
    let later = record.history.operations.iter().filter(|operation| operation.called > seconds(10));
    assert!(later.clone().count() > 1_000);
    assert!(later.clone().all(|operation| operation.node.as_deref() == Some("b")));
}

#[test]
fn a_failed_step_ends_the_runbook_unless_it_says_otherwise() {
    let runbook = |if_fails| {
        let body = format!(
            r#"
[[step]]
name = "again"
at = "3s"
command = "pairctl start a"
on = "b"
if-fails = "{if_fails}"
[[step]]
name = "then"
after = "again"
stop = "b"
"#
        );
        let record = run(&body, 1);
        (record.steps[0].outcome.clone(), record.steps[1].outcome.clone())
    };
    assert_eq!(runbook("stop"), (StepOutcome::Failed, StepOutcome::PutAside("again".into())));
    assert_eq!(runbook("continue"), (StepOutcome::Failed, StepOutcome::Succeeded));
}

#[test]
fn steps_time_out_wait_and_meet_dark_hosts() {
    let body = r#"
[[step]]
name = "hang"
at = "2s"
command = "pairctl hang"
on = "a"
timeout = "3s"
if-fails = "continue"
[[step]]
name = "forever"
at = "2s"
command = "pairctl hang"
on = "a"
[[step]]
name = "wait"
at = "1s"
wait-for = "b.process.killed"
[[step]]
name = "too-late"
after = "lights-out"
delay = "1s"
command = "pairctl status"
on = "b"
if-fails = "continue"
[[step]]
name = "never"
after = "b.copied"
start = "b"
[[fault]]
name = "lights-out"
at = "7s"
lose-power = "b"
"#;
    let record = run(body, 1);
    let step = |name| record.step(name).unwrap();
    assert_eq!((step("hang").ended, &step("hang").outcome), (Some(seconds(5)), &StepOutcome::TimedOut));
    assert_eq!((step("forever").ended, &step("forever").outcome), (None, &StepOutcome::Unfinished));
    assert_eq!((step("wait").ended, &step("wait").outcome), (Some(seconds(7)), &StepOutcome::Succeeded));
    assert_eq!(step("too-late").commands[0].exit_code, Some(255));
    assert_eq!(step("never").outcome, StepOutcome::NeverStarted);
}

#[test]
fn roles_are_bound_when_the_moment_comes() {
    let body = format!(
        "{SWITCHOVER}{}",
        r#"
[[fault]]
name = "kill-old"
after = "b.role.changed"
nth = 3
kill = "old-primary"
[[fault]]
name = "kill-new"
after = "switch"
delay = "2s"
kill = "new-primary"
[[fault]]
name = "kill-none"
after = "kill-new"
delay = "1s"
kill = "any-standby"
"#
    );
    let record = run(&body, 1);
    assert_eq!(record.fault("kill-old").unwrap().targets, ["a/db"]);
    assert_eq!(record.fault("kill-new").unwrap().targets, ["b/db"]);
    assert_eq!(record.fault("kill-none").unwrap().unproved(), Some(Unproved::NoEffect));
}

/// A scenario with one fault at 5 s.
fn one_fault(fault: &str) -> Record {
    run(&format!("[[fault]]\nname = \"it\"\nat = \"5s\"\n{fault}\n"), 1)
}

#[test]
fn every_fault_proves_that_it_bit_and_ended() {
    let lasting = [
        "pause = \"a\"",
        "slow-cpu = { target = \"a\", speed = \"1/1000\" }",
        "lose-power = \"a\"",
        "partition = { between = [\"clients\", \"a\"] }",
        "partition = { between = [\"clients\", \"a\"], direction = \"from\" }",
        "partition = { isolate = [\"a\"] }",
        "partition = { isolate = [\"a/db\"], direction = \"to\" }",
        "partition = { groups = [[\"a\", \"b\"], [\"clients\"]] }",
        "nic-down = \"primary\"",
        "slow = { latency = \"100ms..200ms\" }",
        "drop = { link = [\"clients\", \"a\"], ratio = \"1/10\" }",
        "limit-bandwidth = { bandwidth = \"1kB/s\" }",
        "prioritize = { latency = \"200ms\" }",
        "skew-clock = { host = \"a\", rate = \"1001/1000\" }",
        "jump-clock = { host = \"all\", by = \"-300s\" }",
        "remove-file = { host = \"a\", file = \"pair.conf\" }",
        "lose-path = { host = \"a\" }",
    ];
    for verb in lasting {
        let record = one_fault(&format!("{verb}\nfor = \"4s\""));
        let fault = &record.faults[0];
        assert_eq!(fault.unproved(), None, "{verb}: {fault:?}");
        assert_eq!((fault.fired, fault.ended), (Some(seconds(5)), Some(seconds(9))), "{verb}");
        assert!(!fault.targets.is_empty() && !fault.effects.account.en.is_empty(), "{verb}");
    }
}

#[test]
fn faults_that_end_others_prove_themselves_too() {
    let pairs = [
        ("kill = \"a\"", "start = \"a\""),
        ("pause = \"a\"", "resume = \"a\""),
        ("lose-power = \"a\"", "restore-power = \"a\""),
        (
            "remove-file = { host = \"a\", file = \"pair.conf\" }",
            "restore-file = { host = \"a\", file = \"pair.conf\" }",
        ),
        ("lose-path = { host = \"a\" }", "restore-path = { host = \"a\" }"),
    ];
    for (first, second) in pairs {
        let body = format!(
            "[[fault]]\nname = \"first\"\nat = \"5s\"\n{first}\n[[fault]]\nname = \"second\"\nafter = \"first\"\ndelay = \"2s\"\n{second}\n"
        );
        let record = run(&body, 1);
        assert_eq!(record.faults[0].unproved(), None, "{first}: {:?}", record.faults[0]);
        assert_eq!(record.faults[1].unproved(), None, "{second}: {:?}", record.faults[1]);
        let alone = one_fault(second);
        assert_eq!(alone.faults[0].unproved(), Some(Unproved::NoEffect), "{second} alone: {:?}", alone.faults[0]);
    }
}

#[test]
fn a_fault_that_misses_is_not_proved() {
    for (verb, why) in [
        ("partition = { between = [\"b\", \"clients\"], direction = \"to\" }", Unproved::NoEffect),
        ("slow-cpu = { target = \"a\", speed = \"1\" }\nfor = \"1s\"", Unproved::NoEffect),
        ("duplicate = { ratio = \"1\" }\nfor = \"1s\"", Unproved::NoEffect),
        ("fail-command = { on = \"a\", command = \"ssh\" }\nfor = \"1s\"", Unproved::NoEffect),
        ("pause = \"a\"\nfor = \"60s\"", Unproved::NeverEnded),
    ] {
        // Clients stay with a; nobody runs ssh; nothing sends datagrams.
        let record = one_fault(verb);
        assert_eq!(record.faults[0].unproved(), Some(why), "{verb}: {:?}", record.faults[0]);
    }
    let never = run("[[fault]]\nname = \"it\"\nafter = \"b.copied\"\nkill = \"b\"\n", 1);
    assert_eq!(never.faults[0].unproved(), Some(Unproved::NeverFired));
}

#[test]
fn a_broken_command_is_counted_when_it_is_called() {
    let body = r#"
[[fault]]
name = "no-ssh"
at = "2s"
fail-command = { on = "a", command = "ssh" }
for = "2s"
[[step]]
name = "copy"
at = "3s"
command = "pairctl copy"
on = "a"
if-fails = "continue"
[[step]]
name = "copy-again"
at = "5s"
command = "pairctl copy"
on = "a"
"#;
    let record = run(body, 1);
    assert_eq!(record.faults[0].unproved(), None);
    assert_eq!((record.faults[0].effects.observed, &record.steps[0].outcome), (1, &StepOutcome::Failed));
    assert_eq!(record.steps[1].outcome, StepOutcome::Succeeded);
}

#[test]
fn taking_a_fault_away_that_does_nothing_changes_no_other_event() {
    let idle =
        "[[fault]]\nname = \"idle\"\nat = \"7s\"\nfor = \"3s\"\npartition = { between = [\"b/db\", \"clients\"] }\n";
    let keep = Keep { detail: true, prefix_hashes: false };
    let events = |body: &str| {
        let record = run_with(body, 1, keep).unwrap();
        let others = record.trace.events().iter().filter(|event| !matches!(event.what, What::Fault { .. }));
        others.map(|event| (event.at, event.place, event.what.clone())).collect::<Vec<_>>()
    };
    let (with, without) = (events(&format!("{SWITCHOVER}{idle}")), events(SWITCHOVER));
    assert!(with.len() > 10_000);
    assert!(with != without, "the clients do talk to b after the switchover");
    let idle = idle.replace("\"clients\"", "\"a\"");
    assert!(events(&format!("{SWITCHOVER}{idle}")) == without);
}

#[test]
fn an_unanswered_client_does_not_know_and_a_refused_one_does() {
    let record = one_fault("partition = { between = [\"clients\", \"a\"] }\nfor = \"4s\"");
    let during =
        |operation: &&crate::history::Operation| operation.called > seconds(5) && operation.called < seconds(8);
    let outcomes: Vec<&Outcome> = record.history.operations.iter().filter(during).map(|it| &it.outcome).collect();
    assert!(outcomes.contains(&&Outcome::Unknown));
    assert!(outcomes.iter().any(|it| matches!(it, Outcome::Failed(why) if why.contains("read-only"))));
    let durable = record.history.operations.iter().filter(|operation| is_durable_write(operation));
    assert!(durable.filter(|operation| operation.called > seconds(12)).count() > 100);
}

#[test]
fn a_panic_of_the_model_is_caught_with_its_seed_and_the_next_run_is_unharmed() {
    let healthy = run("", 1).trace.hash();
    let body = "[[step]]\nname = \"none\"\nat = \"1s\"\nstop = \"b\"\n";
    let broken = super::testing::accepted(body).scenario;
    let mut broken = broken;
    broken.product.defects = vec!["panics".into()];
    let draws = crate::draws::Draws::of(&broken, 9);
    let error = super::run_scenario(&broken, &super::testing::PAIR, &draws, &super::RunOptions::default()).unwrap_err();
    assert!(matches!(&error, RunError::Panicked { seed: 9, panic } if panic.message.contains("broken on purpose")));
    assert!(error.is_our_bug());
    assert_eq!(run("", 1).trace.hash(), healthy);
}

#[test]
fn lulls_and_limits_are_kept() {
    let mut lulled = super::testing::accepted("").scenario;
    let pause = crate::scenario::model::Pause { every: Duration::from_secs(3), lasts: Duration::from_secs(1) };
    lulled.workload.as_mut().unwrap().pause = Some(pause);
    lulled.run.steps_limit = 5_000;
    let draws = crate::draws::Draws::of(&lulled, 1);
    let record = super::run_scenario(&lulled, &super::testing::PAIR, &draws, &super::RunOptions::default()).unwrap();
    assert_eq!(record.ending, Ending::EventLimit);
    assert!(!record.is_complete() && record.trace.count() >= 5_000 && record.trace.count() < 5_100);
    let begun = record.history.operations[0].called;
    let in_lull = |at: Instant| (3_010..3_850).contains(&at.since(begun).as_millis());
    assert!(record.history.operations.iter().all(|operation| !in_lull(operation.called)));
}
