//! Every verb of the language, written as its own example says.

use std::collections::BTreeSet;

use crate::scenario::check;
use crate::scenario::schema::schema;
use crate::scenario::source::Source;
use crate::scenario::testing::vocabulary;
use crate::scenario::verbs::{FAULT_VERBS, STEP_VERBS, VerbWord};
use crate::scenario::vocabulary::VerbAlias;

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
    for (table, entries) in [("step", STEP_VERBS), ("fault", FAULT_VERBS)] {
        for (number, entry) in entries.iter().enumerate() {
            text.push_str(&format!("[[{table}]]\nname = '{table}-{number}'\nat = '1s'\n{}\n", entry.example));
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
        .map(|step| format!("{}: the operator {}", step.verb.name(), step.verb.story().en))
        .chain(
            scenario.faults.iter().map(|fault| format!("{}: the world {}", fault.verb.name(), fault.verb.story().en)),
        )
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
