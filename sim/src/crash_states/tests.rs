//! Crash states of shipped products: a careful one survives them all, a careless one is caught.

use std::path::Path;

use nodes::world::device::Garbage;

use super::{CrashStatesError, Effort, Tried, rules, try_all};
use crate::draws::{DrawnWhen, Draws};
use crate::run::RunOptions;
use crate::run::cut::Wanted;
use crate::scenario::model::HostSelector;
use crate::scenario::verbs::device::DeviceTarget;
use crate::scenario::{self, Scenario};
use crate::vocabulary;

const EFFORT: Effort = Effort { budget: 64, nested: 4, garbage: Garbage::None };

fn scenario(file: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(file);
    scenario::load(&path, &vocabulary::known()).expect("a shipped scenario").scenario
}

fn tried(scenario: &Scenario, device: &str, at_ms: u64, moments: usize) -> Result<Vec<Tried>, CrashStatesError> {
    tried_of(scenario, (device, None), at_ms, moments)
}

/// The same of a device, and of a host if every host has one.
fn tried_of(
    scenario: &Scenario,
    (device, host): (&str, Option<&str>),
    at_ms: u64,
    moments: usize,
) -> Result<Vec<Tried>, CrashStatesError> {
    let product = nodes::catalogue::find(&scenario.product.model).expect("a product of the catalogue");
    let wanted = Wanted {
        when: DrawnWhen::At { at: std::time::Duration::from_millis(at_ms) },
        device: DeviceTarget { device: device.to_owned(), host: host.map(|host| HostSelector::Named(host.to_owned())) },
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

#[test]
fn a_device_that_is_not_there_is_named() {
    let scenario = scenario("kingbase/switchover_ok.toml");
    let missing = tried_of(&scenario, ("data", None), 1_000, 1);
    assert!(matches!(&missing, Err(CrashStatesError::NoDevice { device }) if device.contains("data")), "{missing:?}");
}

/// Every product recovers from what a cut leaves of its primary's device, or of the one that all share.
#[test]
fn every_other_product_recovers_from_every_state_too() {
    for (file, device, host, at_ms) in [
        ("polardb/switchover_and_back.toml", "shared", None, 16_000),
        // Its standby has a log of its own, which lags.
        ("polardb/standby_takes_over.toml", "shared", None, 8_000),
        ("opengauss_ha/switchover_and_back.toml", "data", Some("dn1"), 20_000),
        ("kingbase/switchover_ok.toml", "data", Some("node1"), 20_000),
    ] {
        let scenario = scenario(file);
        let tried = tried_of(&scenario, (device, host), at_ms, 4).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(tried.iter().all(|one| one.violations.is_empty()), "{file}: {tried:?}");
        let most = tried.iter().map(|one| one.tried).max().unwrap_or(0);
        assert!(most > 1, "{file}: no moment had a write that was not stable");
        assert!(tried.iter().any(|one| one.nested_tried > 0), "{file}: no recovery wrote anything: {tried:?}");
    }
}

/// A recovery that leaves out what it should redo is found by what it serves, although the logs are whole.
#[test]
fn a_recovery_that_forgets_a_log_is_found() {
    let mut scenario = scenario("dm_dsc/kill_and_rejoin.toml");
    scenario.product.defects = vec!["only-the-first-log-is-redone".to_owned()];
    let tried = tried(&scenario, "data", 40_000, 1).unwrap();
    let broken: std::collections::BTreeSet<&str> = tried[0].violations.iter().map(|it| it.rule).collect();
    assert!(broken.contains(rules::ROWS_OF_THE_LOG), "{broken:?}");
}

fn late(fenced: bool) -> Vec<super::LateTried> {
    let scenario = scenario("dm_dsc/kill_and_rejoin.toml");
    let product = nodes::catalogue::find("dm_dsc").expect("a product of the catalogue");
    let wanted = Wanted {
        when: DrawnWhen::At { at: std::time::Duration::from_millis(40_000) },
        device: DeviceTarget { device: "data".to_owned(), host: None },
        moments: 40,
    };
    let late = super::LateWrites { host: "dsc1".to_owned(), fenced };
    super::try_late_writes(&scenario, product, &Draws::of(&scenario, 1), &wanted, &late, &RunOptions::default())
        .unwrap()
}

/// The successor closes the log of the dead EP; a write that lands behind that is over it, whatever waited for it.
#[test]
fn a_late_write_harms_behind_the_successors_first_write_and_not_before() {
    let tried = late(false);
    let caught: Vec<_> = tried.iter().filter(|one| one.under_way > 0).collect();
    assert!(!caught.is_empty(), "{tried:?}");
    assert!(caught.iter().all(|one| one.broken_before() == 0 && one.tried_before >= 2), "{caught:?}");
    assert!(caught.iter().any(|one| !one.violations.is_empty()), "{caught:?}");
    let fenced = late(true);
    assert!(fenced.iter().all(|one| one.violations.is_empty() && one.tried_behind == 0), "{fenced:?}");
    assert!(fenced.iter().any(|one| one.under_way > 0));
}

#[test]
fn a_host_that_is_not_there_cannot_die() {
    let scenario = scenario("dm_dsc/kill_and_rejoin.toml");
    let product = nodes::catalogue::find("dm_dsc").expect("a product of the catalogue");
    let wanted = Wanted {
        when: DrawnWhen::At { at: std::time::Duration::from_millis(1_000) },
        device: DeviceTarget { device: "data".to_owned(), host: None },
        moments: 1,
    };
    let nobody = super::LateWrites { host: "dsc9".to_owned(), fenced: false };
    let options = RunOptions::default();
    let error = super::try_late_writes(&scenario, product, &Draws::of(&scenario, 1), &wanted, &nobody, &options);
    assert!(matches!(error, Err(CrashStatesError::NoHost { name }) if name == "dsc9"));
}
