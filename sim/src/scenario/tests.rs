//! The two complete examples of the language's own page.

use super::diagnostic::Diagnostic;
use super::model::{Promise, Reached, Scenario, Trigger, When};
use super::source::Source;
use super::testing::vocabulary;
use super::{Rejected, check};
use crate::draws::{DrawnWhen, Draws};

pub(crate) const SWITCHOVER_FAIL: &str = include_str!("examples/switchover_fail.toml");
pub(crate) const PROMOTE_BEFORE_STOP: &str = include_str!("examples/promote_before_stop.toml");

pub(crate) fn accepted(text: &str) -> Scenario {
    let accepted = check(Source::new("scenarios/test.toml", text), &vocabulary()).map_err(shown).unwrap();
    assert_eq!(accepted.warnings, []);
    accepted.scenario
}

fn shown(rejected: Rejected) -> Vec<Diagnostic> {
    rejected.diagnostics
}

#[test]
fn the_switchover_example_is_understood() {
    let scenario = accepted(SWITCHOVER_FAIL);
    assert_eq!(scenario.nodes.len(), 3);
    let fault = scenario.fault("kill-new-primary").unwrap();
    let When::After { trigger: Trigger::Announced { node, event }, nth: 1, .. } = &fault.when else {
        panic!("{fault:?}")
    };
    assert_eq!((node.to_string().as_str(), event.as_str()), ("dn2", "reformer-lock.acquired"));
    let Promise::Sometimes(Reached::Announced { event, .. }) = &scenario.checks[2].promise else { panic!() };
    assert_eq!(event, "self-exit");
}

#[test]
fn the_promote_example_is_understood() {
    let scenario = accepted(PROMOTE_BEFORE_STOP);
    assert!(matches!(&scenario.step("stop-old").unwrap().when, When::After { trigger: Trigger::Step(..), .. }));
    assert_eq!(scenario.product.set["polar_logindex_mem_size"].to_string(), "64MB");
}

#[test]
fn draws() {
    let draws = Draws::of(&accepted(SWITCHOVER_FAIL), 7);
    let DrawnWhen::After { delay, .. } = draws.fault("kill-new-primary").unwrap().when else { panic!() };
    assert!(delay.as_millis() <= 50);
    println!("{}", draws.to_toml().unwrap());
    println!("{}", serde_json::to_string(&draws).unwrap());
}
