//! Swarms over the test product.

use std::collections::BTreeSet;

use super::Swarm;
use crate::explore::line::ExploredSeed;
use crate::run::testing::{PAIR, accepted, vocabulary};

const SWITCHOVER: &str = r#"
[[step]]
name = "switch"
at = "5s"
switchover = { to = "b" }
if-fails = "continue"
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

#[test]
fn every_configuration_is_a_scenario_and_no_two_are_alike() {
    let (original, vocabulary) = (accepted(SWITCHOVER), vocabulary());
    let swarm = Swarm::new(&original, &PAIR, &vocabulary, || false).expect("it runs");
    assert!(!swarm.sites.is_empty());
    let mut told = BTreeSet::new();
    for seed in 1..=300 {
        let configuration = swarm.configure(seed, None).unwrap_or_else(|rejected| {
            panic!("seed {seed}: {rejected}\n{}", rejected.source.text());
        });
        assert_eq!(configuration.accepted.scenario.run.seeds.first, seed);
        assert!(configuration.accepted.scenario.checks.iter().all(|check| check.name() != "writable"));
        told.insert(configuration.told);
    }
    assert!(told.len() > 295, "{}", told.len());
}

#[test]
fn a_configuration_runs_again_from_its_file() {
    let (original, vocabulary) = (accepted(SWITCHOVER), vocabulary());
    let swarm = Swarm::new(&original, &PAIR, &vocabulary, || false).expect("it runs");
    for seed in [3, 17] {
        let line = swarm.run(seed, || false);
        let configuration = swarm.configure(seed, Some("out/swarm.toml")).expect("a scenario");
        let again = ExploredSeed::of(&configuration.accepted, &PAIR, seed, || false);
        assert_eq!((again.line.hash, again.line.seed), (line.line.hash, seed));
        assert_eq!(line.swarm, Some(configuration.told));
        assert_eq!(
            (line.line.scenario.as_str(), again.line.scenario.as_str()),
            ("scenarios/test.toml", "out/swarm.toml")
        );
    }
}
