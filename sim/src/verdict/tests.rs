//! Verdicts on runs of the test product.

use super::{Outcome, Verdict, judge};
use crate::check::Answer;
use crate::run::testing::{accepted, run};

fn verdict(body: &str) -> Verdict {
    judge(&accepted(body).scenario, &run(body, 1))
}

/// The outcome, the answers, and the cause.
fn told(body: &str) -> (Outcome, Vec<Answer>, String) {
    let verdict = verdict(body);
    let answers = verdict.checks.iter().map(|check| check.finding.answer).collect();
    (verdict.outcome, answers, verdict.cause.map(|cause| cause.en).unwrap_or_default())
}

const ALWAYS: &str = "[[check]]\nalways = \"linearizable\"\n";
const EXPECT_VIOLATION: &str = "[expect]\nverdict = \"violation\"\nof = [\"linearizable\"]\n";

/// The standby is promoted while the old primary goes on; then the old one dies, and what it acknowledged is gone.
const PROMOTE_BEFORE_STOP: &str = r#"
[[step]]
name = "promote"
at = "5s"
promote = "b"
[[step]]
name = "stop-old"
at = "10s"
stop = "a"
"#;

const SWITCHOVER: &str = "[[step]]\nname = \"switch\"\nat = \"5s\"\nswitchover = { to = \"b\" }\n";

#[test]
fn what_holds_is_as_expected_and_a_violation_nobody_expected_is_not() {
    let (outcome, answers, _) = told(&format!("{SWITCHOVER}{ALWAYS}"));
    assert_eq!((outcome, answers.as_slice()), (Outcome::AsExpected, [Answer::Holds].as_slice()));
    let (outcome, answers, cause) = told(&format!("{PROMOTE_BEFORE_STOP}{ALWAYS}"));
    assert_eq!((outcome, answers.as_slice()), (Outcome::NotAsExpected, [Answer::Violated].as_slice()));
    assert!(!cause.is_empty());
}

#[test]
fn an_expected_violation_is_a_hazard_shown_and_its_absence_is_not_as_expected() {
    let hazard = verdict(&format!("{PROMOTE_BEFORE_STOP}{ALWAYS}{EXPECT_VIOLATION}"));
    assert_eq!((hazard.outcome, hazard.hazard_shown), (Outcome::AsExpected, true));
    let (outcome, _, cause) = told(&format!("{SWITCHOVER}{ALWAYS}{EXPECT_VIOLATION}"));
    assert_eq!(outcome, Outcome::NotAsExpected);
    assert_eq!(cause, "linearizable was expected to be violated, and it holds");
    let any = "[expect]\nverdict = \"violation\"\n";
    assert_eq!(told(&format!("{SWITCHOVER}{ALWAYS}{any}")).0, Outcome::NotAsExpected);
    assert_eq!(told(&format!("{PROMOTE_BEFORE_STOP}{ALWAYS}{any}")).0, Outcome::AsExpected);
}

#[test]
fn a_fault_without_proof_is_inconclusive_but_hides_no_violation() {
    let missed = "[[fault]]\nname = \"missed\"\nat = \"20s\"\nresume = \"b\"\n";
    let (outcome, _, cause) = told(&format!("{SWITCHOVER}{missed}{ALWAYS}"));
    assert_eq!((outcome, cause.as_str()), (Outcome::Inconclusive, "the fault missed had no effect that was seen"));
    assert_eq!(told(&format!("{PROMOTE_BEFORE_STOP}{missed}{ALWAYS}")).0, Outcome::NotAsExpected);
    let never = "[[step]]\nname = \"never\"\nafter = \"b.copied\"\nstop = \"b\"\n";
    let (outcome, _, cause) = told(&format!("{never}{ALWAYS}"));
    assert_eq!((outcome, cause.as_str()), (Outcome::Inconclusive, "the step never never began"));
}

#[test]
fn eventually_counts_from_its_trigger_and_sometimes_must_be_reached() {
    let kill = "[[fault]]\nname = \"kill\"\nat = \"5s\"\nkill = \"a\"\n";
    let promote = "[[step]]\nname = \"promote\"\nat = \"9s\"\npromote = \"b\"\n";
    let writable = |within| format!("[[check]]\neventually = \"writable\"\nafter = \"kill\"\nwithin = \"{within}\"\n");
    let (outcome, answers, _) = told(&format!("{kill}{promote}{}", writable("6s")));
    assert_eq!((outcome, answers.as_slice()), (Outcome::AsExpected, [Answer::Holds].as_slice()));
    let (outcome, answers, cause) = told(&format!("{kill}{promote}{}", writable("3s")));
    assert_eq!((outcome, answers.as_slice()), (Outcome::NotAsExpected, [Answer::Violated].as_slice()));
    assert!(cause.contains("after the deadline"), "{cause}");
    let (_, answers, cause) = told(&format!("{kill}{}", writable("10s")));
    assert_eq!(answers, [Answer::Violated]);
    assert!(cause.contains("the last durable write was at 4."), "{cause}");
    assert_eq!(told(&format!("{kill}{}", writable("60s"))).1, [Answer::CouldNotTell]);

    let seen = "[[check]]\nsometimes = \"b.role.changed\"\n";
    assert_eq!(told(seen).1, [Answer::Holds]);
    let unseen = "[[check]]\nsometimes = \"b.copied\"\n";
    let (outcome, answers, cause) = told(unseen);
    assert_eq!((outcome, answers.as_slice()), (Outcome::Inconclusive, [Answer::CouldNotTell].as_slice()));
    assert_eq!(cause, "b.copied was never reached");
}

const SLOW: &str = "[[fault]]\nname = \"slow\"\nat = \"5s\"\nfor = \"3s\"\nslow-device = { latency = \"20ms\" }\n";

#[test]
fn a_fault_that_is_lived_through_is_told_from_one_that_never_was() {
    let asked = "[[check]]\nsometimes = \"slow.observed\"\n[[check]]\nalways = \"slow.survived\"\n";
    assert_eq!(told(&format!("{SLOW}{asked}")).1, [Answer::Holds, Answer::Holds]);
    // The same file judged on a run in which the fault never was.
    let without = judge(&accepted(&format!("{SLOW}{asked}")).scenario, &run("", 1));
    let answers: Vec<Answer> = without.checks.iter().map(|check| check.finding.answer).collect();
    assert_eq!(answers, [Answer::CouldNotTell, Answer::CouldNotTell]);
}

#[test]
fn who_loses_a_role_has_not_lived_through_it() {
    let kill = "[[fault]]\nname = \"kill\"\nat = \"5s\"\nkill = \"a\"\n";
    let asked = "[[check]]\nalways = \"kill.survived\"\n";
    let (outcome, answers, cause) = told(&format!("{kill}{asked}"));
    assert_eq!((outcome, answers.as_slice()), (Outcome::NotAsExpected, [Answer::Violated].as_slice()));
    assert!(cause.starts_with("a was ") && cause.contains("before the fault"), "{cause}");
    let expected = "[expect]\nverdict = \"violation\"\nof = [\"kill.survived\"]\n";
    assert_eq!(told(&format!("{kill}{asked}{expected}")).0, Outcome::AsExpected);
}

#[test]
fn a_cluster_converges_when_its_nodes_are_as_they_were() {
    let converged = "[[check]]\neventually = \"converged\"\nwithin = \"5s\"\n";
    assert_eq!(told(&format!("{SWITCHOVER}{converged}")).1, [Answer::Holds]);
    let kill = "[[fault]]\nname = \"kill\"\nat = \"5s\"\nkill = \"b\"\n";
    let (outcome, _, cause) = told(&format!("{kill}{converged}"));
    assert_eq!((outcome, cause.as_str()), (Outcome::NotAsExpected, "b is `down normal`"));
}

/// A standby that can send and not hear keeps forcing elections: a livelock.
const DEAF: &str = r#"
[[fault]]
name = "deaf"
at = "8s"
for = "6s"
partition = { between = ["a", "b"], direction = "to" }
"#;

/// The verdict on a run of a scenario with a defect.
fn with_defect(body: &str, defect: &str) -> Verdict {
    let mut scenario = accepted(body).scenario;
    scenario.product.defects = vec![defect.to_owned()];
    let draws = crate::draws::Draws::of(&scenario, 1);
    let options = crate::run::RunOptions::default();
    let record = crate::run::run_scenario(&scenario, &crate::run::testing::PAIR, &draws, &options);
    judge(&scenario, &record.expect("it runs"))
}

fn progress(core: &str) -> String {
    format!("[[check]]\neventually = \"progress\"\nafter = \"deaf\"\n{core}\n")
}

#[test]
fn a_livelock_shows_when_the_rest_stays_as_it_is_and_not_when_everything_heals() {
    let heals = "[[check]]\neventually = \"writable\"\nafter = \"deaf.ended\"\nwithin = \"9s\"\n";
    let healed = with_defect(&format!("{DEAF}{heals}"), "forces-elections");
    assert_eq!(healed.outcome, Outcome::AsExpected, "{:?}", healed.cause);

    let stuck = with_defect(&format!("{DEAF}{}", progress("core = [\"a\"]")), "forces-elections");
    let finding = &stuck.checks[0].finding;
    assert_eq!((stuck.outcome, finding.answer), (Outcome::NotAsExpected, Answer::Violated), "{finding:?}");
    let told = finding.told();
    assert!(told.starts_with("a did not serve within 9s of being healed; b stayed as before."), "{told}");
    for line in ["silence 2s, rest 1s", "a (core) is `", "b (outside) is `", "waiting: ", "the last durable write"] {
        assert!(told.contains(line), "no `{line}` in {told}");
    }

    // Without the defect the same core serves, and so it does when the deaf one is in it.
    let sound = with_defect(&format!("{DEAF}{}", progress("core = [\"a\"]")), "talks");
    assert_eq!((sound.outcome, sound.checks[0].finding.answer), (Outcome::AsExpected, Answer::Holds));
    let both = with_defect(&format!("{DEAF}{}", progress("core = [\"a\", \"b\"]")), "forces-elections");
    assert_eq!(both.checks[0].finding.answer, Answer::Holds, "{:?}", both.checks[0].finding);
}

#[test]
fn a_core_that_may_stand_still_says_why_and_what_is_outside_stays_as_it_is() {
    let verdict = with_defect(&format!("{DEAF}{}", progress("core = [\"b\"]\nwithin = \"3s\"")), "talks");
    let finding = &verdict.checks[0].finding;
    // The clients still reach a, which is outside and was never broken: that is no progress of the core.
    assert_eq!((verdict.outcome, finding.answer), (Outcome::AsExpected, Answer::Holds), "{finding:?}");
    let proof = "Justified stop: it is the turn of a host outside, and nobody takes it by himself.";
    assert_eq!(finding.told(), proof);

    // What was dead stays dead outside the core, and is started inside it; a drawn core is one that must serve.
    let dark = "[[fault]]\nname = \"deaf\"\nat = \"8s\"\nfor = \"2s\"\npause = \"a\"\n";
    let record = run(&format!("{dark}{}", progress("")), 1);
    let core = record.core.as_ref().expect("a core");
    assert!(core.hosts.contains(&"a".to_owned()), "{core:?}");
    assert_eq!(core.healed, ["the fault deaf (pause)"]);
    assert_eq!(core.bound, std::time::Duration::from_secs(9));
    let outside = run(&format!("{dark}{}", progress("core = [\"b\"]")), 1);
    assert_eq!(outside.faults[0].ended, None, "it stays frozen for ever");

    let never = "[[fault]]\nname = \"deaf\"\nafter = \"b.copied\"\npause = \"a\"\n";
    assert_eq!(told(&format!("{never}{}", progress(""))).1, [Answer::CouldNotTell]);
}

#[test]
fn a_core_beside_a_whole_host_that_serves_has_nothing_to_do() {
    // The standby alone, and nothing was ever broken: a goes on, and the product's own reason is asked first.
    let quiet = "[[fault]]\nname = \"deaf\"\nat = \"8s\"\nfor = \"1s\"\npause = \"b\"\n";
    let record = run(&format!("{quiet}{}", progress("core = [\"b\"]\nwithin = \"4s\"")), 1);
    let core = record.core.as_ref().expect("a core");
    assert!(core.excuse.as_ref().is_some_and(|excuse| excuse.en.contains("the turn of a host outside")), "{core:?}");
    // With the turn in its hands a stopped core owes nothing but what runs of it.
    let stopped = "[[step]]\nname = \"stop\"\nat = \"5s\"\nstop = \"b\"\n";
    let verdict = verdict(&format!("{stopped}{quiet}{}", progress("core = [\"a\"]")));
    assert_eq!(verdict.checks[0].finding.answer, Answer::Holds, "{:?}", verdict.checks[0].finding);
}
