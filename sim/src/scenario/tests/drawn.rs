//! What seeds make of a scenario.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{SWITCHOVER_FAIL, accepted};
use crate::draws::{DrawnWhen, Draws};
use crate::scenario::values::{Choice, Offset};
use crate::scenario::verbs::FaultVerb;

const MORE: &str = "
[[fault]]
name = 'jump'
at = '10s..30s'
for = '1s..2s'
jump-clock = { host = 'dn1', by = '-5m..5m' }
[[fault]]
name = 'hit'
at = '40s'
kill = 'any-standby'
";

fn text() -> String {
    format!("{SWITCHOVER_FAIL}{MORE}")
}

#[test]
fn draws_are_pinned_and_printed() {
    let draws = Draws::of(&accepted(&text()), 7);
    insta::assert_snapshot!("draws_toml", draws.to_toml().unwrap());
    insta::assert_snapshot!("draws_json", serde_json::to_string_pretty(&draws).unwrap());
    assert_eq!(Draws::of(&accepted(&text()), 7), draws);
    assert_ne!(Draws::of(&accepted(&text()), 8).faults, draws.faults);
}

#[test]
fn removing_one_entry_moves_no_other() {
    let whole = Draws::of(&accepted(&text()), 7);
    let (before, rest) = MORE.split_once("[[fault]]\nname = 'hit'").unwrap();
    assert!(rest.contains("kill"));
    let without_hit = Draws::of(&accepted(&format!("{SWITCHOVER_FAIL}{before}")), 7);
    assert_eq!(whole.faults[..2], without_hit.faults);
    assert_eq!(whole.steps, without_hit.steps);
    let reordered = Draws::of(&accepted(&format!("{SWITCHOVER_FAIL}[[fault]]\nname = 'hit'{rest}{before}")), 7);
    for fault in &whole.faults {
        assert_eq!(reordered.fault(&fault.name), Some(fault));
    }
}

#[test]
fn every_draw_stays_in_its_range_and_uses_all_of_it() {
    let scenario = accepted(&text());
    let mut halves = BTreeSet::new();
    for seed in 0..200 {
        let draws = Draws::of(&scenario, seed);
        let jump = draws.fault("jump").unwrap();
        let DrawnWhen::At { at } = jump.when else { panic!() };
        assert!((Duration::from_secs(10)..=Duration::from_secs(30)).contains(&at));
        let lasts = jump.lasts.unwrap();
        assert!((Duration::from_secs(1)..=Duration::from_secs(2)).contains(&lasts));
        let FaultVerb::JumpClock(verb) = &jump.verb else { panic!() };
        let Choice::Fixed(Offset(by)) = verb.by else { panic!("nothing was decided") };
        assert!(by.unsigned_abs() <= 300_000_000_000);
        halves.insert((at > Duration::from_secs(20), by < 0));
    }
    assert_eq!(halves.len(), 4, "each half of each range, together with each of the other");
}

#[test]
fn one_of_several_candidates_is_picked_by_the_seed() {
    let scenario = accepted(&text());
    let picked: BTreeSet<&str> =
        (0..50).filter_map(|seed| Draws::of(&scenario, seed).fault("hit")?.pick(&["dn2", "dn3"]).copied()).collect();
    assert_eq!(picked.len(), 2);
    assert_eq!(Draws::of(&scenario, 1).fault("hit").unwrap().pick::<&str>(&[]), None);
}
