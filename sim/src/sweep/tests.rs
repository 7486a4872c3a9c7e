//! Sweeps over the test product.

use std::time::Duration;

use super::{Answer, Attempt, Setting, Tried, events, faults, make, operator, report};
use crate::document::Document;
use crate::document::explicit::explicit;
use crate::explore::line::ExploredSeed;
use crate::explore::trial;
use crate::run::testing::{PAIR, accepted, vocabulary};

const SWITCHOVER: &str = r#"
[[step]]
name = "switch"
at = "5s"
switchover = { to = "b" }
if-fails = "continue"
[[step]]
name = "look"
at = "8s"
on = "a"
command = "pairctl status"
[[fault]]
name = "freeze"
at = "12s"
for = "1s"
pause = "a"
[[check]]
always = "linearizable"
[[check]]
eventually = "writable"
after = "freeze"
"#;

fn made(attempts: Vec<Attempt>, jobs: usize) -> Vec<Tried> {
    let vocabulary = vocabulary();
    let setting = Setting {
        path: "scenarios/test.toml",
        vocabulary: &vocabulary,
        product: &PAIR,
        seed: 1,
        jobs,
        interrupted: || false,
    };
    make(setting, attempts, |_| ())
}

/// The procedure alone, its moments and everything that can be aimed.
fn swept() -> (Document, Vec<events::Moment>, Vec<faults::Aim>) {
    let original = accepted(SWITCHOVER);
    let trial = trial::run(&original.scenario, &PAIR, 1, || false).expect("it runs");
    let alone = faults::undisturbed(&explicit(&original, &trial.draws));
    let undisturbed = alone.accept("scenarios/test.toml", &vocabulary()).expect("a scenario");
    let trial = trial::run(&undisturbed.scenario, &PAIR, 1, || false).expect("it runs");
    let moments = events::moments(&undisturbed.scenario, &trial.record);
    let aims = faults::aims(&undisturbed.scenario, &PAIR, &faults::KINDS);
    (faults::with_room(&alone, &undisturbed.scenario, 1), moments, aims)
}

#[test]
fn every_fault_meets_every_event_once() {
    let (alone, moments, aims) = swept();
    assert!(moments.iter().all(|moment| moment.at >= Duration::from_secs(5)), "nothing before the first step");
    let attempts = faults::singles(&alone, &aims, &moments, usize::MAX);
    assert_eq!(attempts.len(), moments.len() * aims.len());
    assert!(moments.len() > 1 && aims.len() > 4, "{moments:?} {aims:?}");
    let tried = made(attempts.clone(), 2);
    let counts = report::Counts::of(&tried);
    assert_eq!(counts.refused, 0, "{:?}", tried.iter().find(|it| it.answer == Answer::Refused).map(|it| &it.attempt));
    assert!(counts.bit() > 0);
    assert_eq!(counts.could_not_tell, 0, "a fault at the last event ends before the run does");
    let answers = |tried: &[Tried]| tried.iter().map(|it| it.answer).collect::<Vec<_>>();
    assert_eq!(answers(&tried), answers(&made(attempts, 1)), "whatever runs at once");
    let table = report::faults(&tried);
    assert_eq!(table.lines().filter(|line| line.contains("kill a/")).count(), 1, "{table}");
}

#[test]
fn pairs_lie_within_their_window_and_are_thinned_evenly() {
    let (alone, moments, aims) = swept();
    let (all, some) = faults::pairs(&alone, &aims, &moments, Duration::from_secs(60), 7);
    assert!(all > 7 && (1..=7).contains(&some.len()), "{all} {}", some.len());
    let (none, _) = faults::pairs(&alone, &[], &moments, Duration::from_secs(60), 7);
    assert_eq!(none, 0);
}

#[test]
fn slips_cost_nothing_time_or_data() {
    let original = accepted(SWITCHOVER);
    let trial = trial::run(&original.scenario, &PAIR, 1, || false).expect("it runs");
    let attempts = operator::slips(&explicit(&original, &trial.draws), 1);
    let slips: Vec<String> = attempts.iter().map(|it| format!("{}: {}", it.at, it.what.en)).collect();
    for slip in [
        "switch: left out",
        "switch: repeated when it has ended",
        "switch: done twice at once",
        "switch: swapped with look",
        "switch: on a instead",
        "look: on b instead",
    ] {
        assert!(slips.iter().any(|it| it == slip), "no {slip} in {slips:?}");
    }
    assert!(slips.iter().any(|it| it.starts_with("look: ") && it.ends_with(" too late")), "{slips:?}");
    assert!(!slips.contains(&"switch: on b instead".to_owned()), "that is where it belongs");
    let tried = made(attempts, 2);
    let well_done = ExploredSeed::of(&original, &PAIR, 1, || false);
    let table = report::slips(&well_done, &tried);
    assert_eq!(
        table.lines().count(),
        tried.len() + 2 + table.lines().filter(|it| it.contains("times, first:")).count() * 2
    );
}
