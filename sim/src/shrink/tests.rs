//! Shrinking failures of the test product.

use super::{Options, ShrinkError, Shrunk, Size, Story, shrink};
use crate::document::Kind;
use crate::explore::trial;
use crate::run::testing::{PAIR, accepted, vocabulary};

fn shrunk(body: &str, options: Options) -> Result<Shrunk, ShrinkError> {
    shrink(&accepted(body), &PAIR, &vocabulary(), 3, options)
}

/// The standby is promoted while the old primary goes on, among much that has nothing to do with it.
const NOISY: &str = r#"
[network]
latency = "1ms..3ms"
[[step]]
name = "look"
at = "1s"
on = "b"
command = "pairctl status"
if-fails = "continue"
[[step]]
name = "promote"
after = "look"
delay = "3s..5s"
promote = "b"
if-fails = "continue"
[[step]]
name = "stop-old"
after = "promote"
delay = "4s"
stop = "a"
if-fails = "continue"
[[fault]]
name = "slow"
at = "2s"
for = "1s"
slow = { link = ["a", "b"], latency = "5ms" }
[[fault]]
name = "freeze"
at = "1s"
pause = "b"
[[fault]]
name = "thaw"
after = "freeze"
delay = "500ms"
resume = "b"
[[check]]
always = "linearizable"
[[check]]
eventually = "writable"
after = "slow"
"#;

#[test]
fn what_the_finding_does_not_need_goes() {
    let original = accepted(NOISY);
    let shrunk = shrunk(NOISY, Options::default()).expect("the hazard shows");
    assert_eq!(shrunk.signature.check, "linearizable");
    assert!(shrunk.is_minimal);
    assert_eq!(shrunk.document.names(Kind::Fault), [""; 0]);
    assert!(shrunk.document.names(Kind::Step).contains(&"promote".to_owned()));
    assert!(shrunk.after.total() < shrunk.before.total() / 2, "{:?} of {:?}", shrunk.after, shrunk.before);
    assert_eq!(shrunk.before, Size { steps: 3, faults: 3, nodes: 2, clients: 8 });

    // The file, read as any other, shows the same.
    let story = Story::of(&original, 3, &shrunk);
    let text = story.file(&shrunk);
    let source = crate::scenario::source::Source::new("scenarios/test.toml", text.clone());
    let again = crate::scenario::check(source, &vocabulary()).expect("a scenario");
    let seed = again.scenario.run.seeds.first;
    let run = trial::run(&again.scenario, &PAIR, seed, || false).expect("it runs");
    assert!(shrunk.signature.is_shown_by(&run.verdict), "{text}");
    assert_eq!(run.record.trace.hash(), shrunk.trial.record.trace.hash());
    for part in
        ["# a test: what is left of scenarios/test.toml, seed 3", "the operator", "1-minimal", "# It begins at "]
    {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn the_operations_that_the_finding_needs_are_left() {
    let shrunk = shrunk(NOISY, Options::default()).expect("the hazard shows");
    let (before, after) = shrunk.operations;
    assert!(before > 100 && (1..=6).contains(&after), "{after} of {before}");
    let only = shrunk.document.get(&["workload", "only"]).expect("a choice").as_array().expect("a list");
    assert_eq!(only.len() as u64, shrunk.after.clients);
    // One less and it does not show: that is what 1-minimal says of operations too.
    let text = crate::document::print::plain(&shrunk.document);
    let story = Story::of(&accepted(NOISY), 3, &shrunk);
    assert!(shrunk.is_minimal && story.deeds.matches("client ").count() as u64 >= after, "{}\n{text}", story.deeds);
}

#[test]
fn the_result_does_not_depend_on_how_many_run_at_once() {
    let text = |jobs| {
        let shrunk = shrunk(NOISY, Options { jobs, other_seeds: 2, ..Options::default() }).expect("the hazard shows");
        crate::document::print::plain(&shrunk.document)
    };
    assert_eq!(text(1), text(3));
}

#[test]
fn a_budget_that_ends_is_told() {
    let shrunk = shrunk(NOISY, Options { runs: 3, ..Options::default() }).expect("the hazard shows");
    assert!(!shrunk.is_minimal);
    let story = Story::of(&accepted(NOISY), 3, &shrunk);
    assert!(story.size.contains("The budget of runs ended first"), "{}", story.size);
}

#[test]
fn a_twin_differs_in_one_thing_and_passes() {
    let shrunk = shrunk(NOISY, Options::default()).expect("the hazard shows");
    let twin = shrunk.twin.expect("without the promotion nothing happens");
    let accepted = twin.document.accept("scenarios/test.toml", &vocabulary()).expect("a scenario");
    let run = trial::run(&accepted.scenario, &PAIR, accepted.scenario.run.seeds.first, || false).expect("it runs");
    assert!(!shrunk.signature.is_shown_by(&run.verdict), "{}", twin.change);
}

#[test]
fn a_run_that_shows_nothing_is_refused() {
    let quiet = "[[check]]\nalways = \"linearizable\"\n";
    assert!(matches!(shrunk(quiet, Options::default()), Err(ShrinkError::NothingToFind(3))));
}
