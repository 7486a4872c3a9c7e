//! The choices of one seed, taken into the file: hosts by name, times as they were drawn.
//!
//! The draws of an entry are keyed by its name, so a file with one time written out draws everything else as before: the
//! explicit file runs exactly as the original did. A test requires the same hash.

use std::time::Duration;

use toml::{Table, Value};

use super::Document;
use crate::draws::{Drawn, DrawnWhen, Draws};
use crate::scenario::Accepted;
use crate::scenario::values::print_duration;

/// The file of a scenario with what this seed drew about its steps and faults written out.
pub fn explicit(accepted: &Accepted, draws: &Draws) -> Document {
    let mut document = Document::of(accepted);
    let scenario = &accepted.scenario;
    document.table.insert("node".to_owned(), Value::Array(scenario.nodes.iter().map(node).collect()));
    for step in &draws.steps {
        decide(&mut document, step);
    }
    for fault in &draws.faults {
        decide(&mut document, fault);
    }
    document.set(&["run", "seeds"], format!("{0}..{0}", draws.seed));
    document
}

fn node(node: &crate::scenario::model::Node) -> Value {
    let mut table = Table::new();
    table.insert("name".to_owned(), node.name.clone().into());
    table.insert("role".to_owned(), node.role.clone().into());
    if let Some(zone) = &node.zone {
        table.insert("zone".to_owned(), zone.clone().into());
    }
    Value::Table(table)
}

fn decide<V>(document: &mut Document, drawn: &Drawn<V>) {
    let Some(entry) = document.entry_mut(&drawn.name) else { return };
    match &drawn.when {
        DrawnWhen::At { at } => write(entry, "at", *at),
        DrawnWhen::After { delay, .. } if entry.contains_key("delay") => write(entry, "delay", *delay),
        DrawnWhen::After { .. } => {}
    }
    if let Some(lasts) = drawn.lasts {
        write(entry, "for", lasts);
    }
}

fn write(entry: &mut Table, key: &str, length: Duration) {
    entry.insert(key.to_owned(), print_duration(length).into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::testing::{PAIR, accepted, vocabulary};
    use crate::run::{RunOptions, run_scenario};

    #[test]
    fn the_explicit_file_runs_as_the_original_did() {
        let drawn = accepted(
            r#"
[[fault]]
name = "freeze"
at = "2s..9s"
for = "1s..4s"
pause = "any-standby"
[[fault]]
name = "jump"
after = "freeze"
delay = "0s..3s"
jump-clock = { host = "a", by = "-5m..5m" }
"#,
        );
        let draws = Draws::of(&drawn.scenario, 7);
        let written = explicit(&drawn, &draws).accept("scenarios/test.toml", &vocabulary()).expect("a scenario");
        assert!(written.source.text().contains("seeds = \"7..7\""));
        let hash = |accepted: &Accepted| {
            let draws = Draws::of(&accepted.scenario, 7);
            let record = run_scenario(&accepted.scenario, &PAIR, &draws, &RunOptions::default());
            record.expect("it runs").trace.hash()
        };
        assert_eq!(hash(&written), hash(&drawn));
        assert_eq!(Draws::of(&written.scenario, 7), draws);
    }
}
