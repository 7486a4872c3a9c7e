//! Searches over the test product.

use super::mutation::{self, Planned};
use super::search::Search;
use super::trail::Trail;
use super::{BATCH, Guided};
use crate::document::Document;
use crate::document::explicit::explicit;
use crate::draws::Draws;
use crate::explore::line::ExploredSeed;
use crate::explore::plan::{Plan, Range, Shard};
use crate::run::testing::{PAIR, accepted, vocabulary};
use crate::run::{Record, RunOptions, run_scenario};
use crate::scenario::Accepted;
use crate::swarm::Swarm;
use nodes::world::trace::Keep;

const SWITCHOVER: &str = r#"
[[step]]
name = "switch"
at = "5s"
switchover = { to = "b" }
if-fails = "continue"
[[check]]
always = "linearizable"
"#;

/// Runs so many seeds of a search; `cut` is where it is stopped and begun again from its own lines.
fn searched(seeds: u64, cut: Option<usize>) -> (Vec<ExploredSeed>, (usize, usize)) {
    let (scenario, vocabulary) = (accepted(SWITCHOVER), vocabulary());
    let search = || {
        let swarm = Swarm::new(&scenario, &PAIR, &vocabulary, || false).expect("it runs");
        let plan = Plan::new(vec![Range { first: 1, last: Some(seeds) }], Shard::ALL);
        Search::new(vec![Guided::new(swarm)], plan)
    };
    let mut now = search();
    let mut lines: Vec<ExploredSeed> = Vec::new();
    loop {
        let batch = now.batch();
        if batch.is_empty() {
            return (lines, now.size());
        }
        for (work, candidate) in batch {
            let line = now.guided(work.scenario).run(&candidate, || false);
            now.learn(&line);
            lines.push(line);
            if cut == Some(lines.len()) {
                now = search();
                // As a file gives them back.
                for line in &lines {
                    now.learn(&serde_json::from_str(&line.to_json()).expect("its own JSON"));
                }
                break;
            }
        }
    }
}

#[test]
fn a_search_is_the_same_whenever_it_is_run_and_wherever_it_was_interrupted() {
    let seeds = BATCH as u64 * 2 + 9;
    let (lines, size) = searched(seeds, None);
    assert_eq!(lines.len() as u64, seeds);
    assert!(size.0 > 3 && size.1 > size.0, "plans are kept and changes are seen: {size:?}");
    let told: Vec<&str> = lines.iter().filter_map(|line| line.swarm.as_deref()).collect();
    assert!(told.iter().any(|told| told.contains("of kept plan")), "{told:?}");
    assert!(
        lines.iter().all(|line| !line.signature.as_deref().unwrap_or("").starts_with("model refused")),
        "{lines:?}"
    );
    assert_eq!(searched(seeds, Some(BATCH + 5)), (lines, size));
}

/// Runs a file with its own seed and keeps everything.
fn run(document: &Document) -> (Accepted, Record) {
    let accepted = document.accept("scenarios/test.toml", &vocabulary()).expect("a scenario");
    let draws = Draws::of(&accepted.scenario, accepted.scenario.run.seeds.first);
    let options = RunOptions { keep: Keep { detail: true, prefix_hashes: false }, ..RunOptions::default() };
    let record = run_scenario(&accepted.scenario, &PAIR, &draws, &options).expect("it runs");
    (accepted, record)
}

#[test]
fn a_kept_prefix_runs_exactly_as_it_did_and_differs_behind_it() {
    const FAULTS: &str = r#"
[[fault]]
name = "early"
at = "4s"
for = "500ms"
pause = "b"
[[fault]]
name = "late"
at = "15s"
kill = "b"
"#;
    const FRESH: &str = r#"
[[fault]]
name = "early"
at = "3s"
kill = "a"
[[fault]]
name = "at-role"
after = "a.role.changed"
pause = "a"
for = "2s"
"#;
    let parent = accepted(&format!("{SWITCHOVER}{FAULTS}"));
    let parent = explicit(&parent, &Draws::of(&parent.scenario, 7));
    let (scenario, before) = run(&parent);
    let trail = Trail::of(&scenario.scenario, &before);
    assert_eq!(trail.acted, [Some(4_000), Some(15_000)]);
    let fresh = Document::of(&accepted(FRESH));
    // The switchover is over by then, so what waits for a role waits for the next change of it.
    let moment = 10_000;
    let child = mutation::keep_prefix(&Planned { document: parent, trail: trail.clone() }, &fresh, moment, 20_000, 9);
    let names: Vec<String> = child.names(crate::document::Kind::Fault);
    assert_eq!(names, ["early", "guided-9-1", "guided-9-2"]);
    let waits = child.entry("guided-9-2").and_then(|(_, it)| it.get("nth")?.as_integer());
    assert_eq!(waits, Some(trail.heard_before("a.role.changed", moment) as i64 + 1));
    let (_, after) = run(&child);
    let until = |record: &Record| {
        let events = record.trace.events().iter().take_while(|event| event.at.as_nanos() < moment * 1_000_000);
        events.map(|event| (event.at, event.place, event.what.clone())).collect::<Vec<_>>()
    };
    assert!(until(&before).len() > 1_000);
    assert!(until(&before) == until(&after), "the prefix is kept");
    assert_ne!(before.trace.hash(), after.trace.hash());
}

#[test]
fn one_fault_is_moved_added_or_removed() {
    use nodes::world::streams::Seed;
    let document = Document::of(&accepted("[[fault]]\nname = \"it\"\nat = \"4s\"\nkill = \"b\"\n"));
    let fresh = Document::of(&accepted("[[fault]]\nname = \"it\"\nafter = \"b.role.changed\"\npause = \"a\"\n"));
    let mut stream = Seed(1).stream("test");
    let shifted = mutation::shift(&document, &mut stream).expect("there is a fault");
    assert_ne!(shifted, document);
    assert!(shifted.accept("scenarios/test.toml", &vocabulary()).is_ok());
    let mut counts: Vec<usize> = (0..20)
        .filter_map(|number| mutation::add_or_remove(&document, &fresh, number, &mut stream))
        .map(|document| document.tables("fault").count())
        .collect();
    counts.sort_unstable();
    counts.dedup();
    assert_eq!(counts, [0, 2]);
    let none = Document::of(&accepted(""));
    assert!(mutation::shift(&none, &mut stream).is_none());
}
