//! Every verb of the language, written once.

use std::collections::BTreeSet;

use crate::scenario::check;
use crate::scenario::schema::schema;
use crate::scenario::source::Source;
use crate::scenario::testing::vocabulary;
use crate::scenario::verbs::{FAULT_VERBS, STEP_VERBS, VerbWord};
use crate::scenario::vocabulary::VerbAlias;

/// Each fault verb with arguments.
const FAULTS: &[&str] = &[
    "kill = 'dn1'",
    "start = 'dn1/cm_agent'",
    "pause = 'primary'",
    "resume = 'primary'",
    "slow-cpu = { target = 'dn1', speed = '1/10' }",
    "lose-power = 'every-standby'",
    "restore-power = 'every-standby'",
    "lose-data = 'old-primary'",
    "partition = { groups = [['dn1'], ['dn2', 'dn3']] }",
    "nic-down = 'dn1'",
    "slow = { link = ['dn1', 'dn2'], latency = '50ms..200ms' }",
    "drop = { link = ['dn1/cm_agent', 'dn2'], direction = 'from', ratio = '1/10' }",
    "duplicate = { ratio = '1/10' }",
    "reorder = { ratio = '1/10' }",
    "limit-bandwidth = { link = ['dn1', 'clients'], bandwidth = '1Mbit/s' }",
    "skew-clock = { host = 'dn1', rate = '1001/1000' }",
    "jump-clock = { host = 'dn1', by = '-5m..5m' }",
    "fail-command = { on = 'dn1', command = 'ssh', how = 'hang', count = 1 }",
    "fail-vip = { on = 'dn1', count = 2 }",
    "remove-file = { host = 'dn1', file = 'pg_hba.conf' }",
    "restore-file = { host = 'dn1', file = 'pg_hba.conf' }",
    "power-cut = {}",
    "torn-write = { region = 'wal' }",
    "read-error = { ratio = '1/100', mode = 'latent' }",
    "write-error = { sectors = '10..20', mode = 'sticky' }",
    "bit-rot = { region = 'control', count = 3 }",
    "misdirect-write = { count = 1 }",
    "stale-read = { host = 'dn2' }",
    "lose-write = { device = 'voting', host = 'dn1', count = 1 }",
    "fail-flush = { ratio = '1/2', count = 5 }",
    "lie-about-flush = {}",
    "fill-device = { leave = '16MB' }",
    "slow-device = { latency = '1s..2s' }",
    "stall-device = { device = 'voting', host = 'dn1' }",
    "limp-device = { bandwidth = '1MB/s' }",
    "lose-path = { device = 'voting', host = 'dn1' }",
    "restore-path = { device = 'voting', host = 'dn1' }",
    "late-write = { host = 'dn1', delay = '0s..30s' }",
    "lose-reservation = {}",
];

/// Each step verb with arguments, for a product that has a command for all of them.
const STEPS: &[&str] = &[
    "command = 'cm_ctl query -Cvipd'\non = 'dn1'",
    "switchover = { to = 'dn2' }",
    "failover = { to = 'dn2' }",
    "promote = 'dn2'",
    "demote = 'dn1'",
    "start = 'dn1'",
    "stop = 'dn1'",
    "restart = 'dn1'",
    "fence = 'dn1'",
    "unfence = 'dn1'",
    "wait-for = 'dn1.self-exit'",
];

fn file() -> String {
    let mut text = "format = 1
drill = { id = 'V', title = 'Every verb' }
product = { model = 'opengauss_dms' }
[[node]]
name = 'dn'
role = 'standby'
count = 3
[[check]]
always = 'single-writer'
"
    .to_owned();
    for (table, entries) in [("step", STEPS), ("fault", FAULTS)] {
        for (number, entry) in entries.iter().enumerate() {
            text.push_str(&format!("[[{table}]]\nname = '{table}-{number}'\nat = '1s'\n{entry}\n"));
        }
    }
    text
}

#[test]
fn every_verb_can_be_written_and_says_what_it_does() {
    let mut vocabulary = vocabulary();
    vocabulary.products[0].verbs =
        STEP_VERBS.iter().map(|verb| VerbAlias { verb: verb.name.to_owned(), command: String::new() }).collect();
    let scenario = check(Source::new("scenarios/verbs.toml", file()), &vocabulary).unwrap().scenario;
    let stories: Vec<String> = scenario
        .steps
        .iter()
        .map(|step| format!("{}: the operator {}", step.verb.name(), step.verb.story()))
        .chain(scenario.faults.iter().map(|fault| format!("{}: the world {}", fault.verb.name(), fault.verb.story())))
        .collect();
    insta::assert_snapshot!("stories", stories.join("\n"));
    let written = |names: Vec<&'static str>| names.into_iter().collect::<BTreeSet<_>>();
    let listed = |words: &[VerbWord]| words.iter().map(|word| word.name).collect::<BTreeSet<_>>();
    assert_eq!(written(scenario.steps.iter().map(|step| step.verb.name()).collect()), listed(STEP_VERBS));
    assert_eq!(written(scenario.faults.iter().map(|fault| fault.verb.name()).collect()), listed(FAULT_VERBS));
}

/// The name in the list is written by hand, the key in the file follows from the field.
#[test]
fn names_of_the_list_are_the_keys_of_the_file() {
    for (table, words) in [("step", STEP_VERBS), ("fault", FAULT_VERBS)] {
        let keys = schema()["properties"][table]["items"]["properties"].as_object().unwrap();
        for word in words {
            assert_eq!(keys[word.name]["description"], word.doc.trim(), "{}", word.name);
        }
        let common = keys.len() - words.len();
        assert_eq!(common, if table == "step" { 8 } else { 6 });
    }
}
