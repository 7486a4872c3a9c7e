//! Crash states of shipped products: a careful one survives them all, a careless one is caught.

use std::path::Path;

use nodes::world::device::Garbage;

use super::{CrashStatesError, Effort, Tried, rules, try_all};
use crate::draws::{DrawnWhen, Draws};
use crate::run::RunOptions;
use crate::run::cut::Wanted;
use crate::scenario::verbs::device::DeviceTarget;
use crate::scenario::{self, Scenario};
use crate::vocabulary;

const EFFORT: Effort = Effort { budget: 64, nested: 4, garbage: Garbage::None };

fn scenario(file: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(file);
    scenario::load(&path, &vocabulary::known()).expect("a shipped scenario").scenario
}

fn tried(scenario: &Scenario, device: &str, at_ms: u64, moments: usize) -> Result<Vec<Tried>, CrashStatesError> {
    let product = nodes::catalogue::find(&scenario.product.model).expect("a product of the catalogue");
    let wanted = Wanted {
        when: DrawnWhen::At { at: std::time::Duration::from_millis(at_ms) },
        device: DeviceTarget { device: device.to_owned(), host: None },
        moments,
    };
    try_all(scenario, product, &Draws::of(scenario, 1), &wanted, EFFORT, &RunOptions::default())
}

#[test]
fn opengauss_recovers_from_every_state_and_from_a_cut_of_its_recovery() {
    let tried = tried(&scenario("opengauss_dms/primary_killed_and_restarted.toml"), "shared", 25_000, 6).unwrap();
    assert_eq!(tried.len(), 6);
    for one in &tried {
        assert!(one.violations.is_empty(), "{one:?}");
        assert!(one.exhaustive || one.tried == EFFORT.budget);
    }
    assert!(tried.iter().any(|one| one.open_writes > 0 && one.tried > 1), "{tried:?}");
    assert!(tried.iter().any(|one| one.nested_tried > 0), "recovery writes the control page: {tried:?}");
}

#[test]
fn dsc_recovers_from_every_state_of_its_redo_logs() {
    let tried = tried(&scenario("dm_dsc/kill_and_rejoin.toml"), "data", 40_000, 4).unwrap();
    assert!(tried.iter().all(|one| one.violations.is_empty()), "{tried:?}");
    assert!(tried.iter().any(|one| one.tried > 1 && one.nested_tried > 0), "{tried:?}");
}

#[test]
fn a_controller_that_lies_about_flushes_loses_commits_in_some_state() {
    let mut scenario = scenario("opengauss_dms/primary_killed_and_restarted.toml");
    scenario.storage.damage = crate::scenario::model::Damage::Unbounded;
    scenario.storage.default.lie_about_flush = crate::scenario::values::Ratio::ONE;
    let tried = tried(&scenario, "shared", 25_000, 1).unwrap();
    let rules: std::collections::BTreeSet<&str> = tried[0].violations.iter().map(|it| it.rule).collect();
    assert!(rules.contains(rules::NO_LOST_COMMIT), "{rules:?}");
}

#[test]
fn a_moment_that_never_comes_is_told() {
    let scenario = scenario("opengauss_dms/primary_killed_and_restarted.toml");
    let never = tried(&scenario, "shared", 10_000_000, 1);
    assert!(matches!(never, Err(CrashStatesError::NeverCame { seed: 1, .. })));
}

/// A model that does not say how its product recovers is told apart from one that recovers: nobody takes "nothing was
/// tried" for "nothing is wrong".
#[test]
fn a_product_that_does_not_say_how_it_recovers_is_named() {
    for (file, model) in [
        ("polardb/standby_takes_over.toml", "polardb"),
        ("kingbase/switchover_ok.toml", "kingbase"),
        ("opengauss_ha/switchover_and_back.toml", "opengauss_ha"),
    ] {
        let scenario = scenario(file);
        let device = nodes::catalogue::find(model).expect("a product").devices[0].name;
        let error = tried(&scenario, device, 2_000, 1).expect_err(file);
        assert!(matches!(error, CrashStatesError::NoRecovery { model: named } if named == model), "{error}");
        assert!(error.to_string().contains(model) && error.to_string().contains("nothing to try"), "{error}");
    }
}
