//! Reports on runs of the test product.

use reports::render::pretty::{Options, pretty};
use reports::{Report, SeedLine, Standing};

use super::{Tale, report};
use crate::draws::Draws;
use crate::run::testing::{PAIR, accepted, run};
use crate::verdict;

/// The report of a scenario of the test product.
fn told(body: &str) -> Report {
    let accepted = accepted(body);
    let (scenario, record) = (&accepted.scenario, run(body, 1));
    let (draws, verdict) = (Draws::of(scenario, 1), verdict::judge(scenario, &record));
    report(&Tale {
        scenario,
        text: accepted.source.text(),
        product: &PAIR,
        draws: &draws,
        record: &record,
        verdict: &verdict,
    })
}

#[test]
fn the_line_of_a_seed_is_that_of_its_report() {
    let accepted = accepted(DRILL);
    let (scenario, record) = (&accepted.scenario, run(DRILL, 1));
    let (draws, verdict) = (Draws::of(scenario, 1), verdict::judge(scenario, &record));
    let text = accepted.source.text();
    let tale = Tale { scenario, text, product: &PAIR, draws: &draws, record: &record, verdict: &verdict };
    assert_eq!(super::seed_line(&tale), SeedLine::from(&report(&tale)));
}

const DRILL: &str = r#"
[objectives]
rto = "10s"
[[fault]]
name = "kill-primary"
at = "5s..6s"
kill = "primary"
[[step]]
name = "look"
after = "kill-primary"
delay = "1s"
command = "pairctl status"
on = "b"
[[step]]
name = "promote"
after = "kill-primary"
delay = "4s"
promote = "any-standby"
[[check]]
always = "linearizable"
[[check]]
eventually = "writable"
after = "kill-primary"
within = "10s"
[[check]]
sometimes = "b.writes.opened"
"#;

#[test]
fn a_drill_on_one_screen() {
    insta::assert_snapshot!(pretty(&told(DRILL), &Options::default()));
}

#[test]
fn a_violation_with_its_story() {
    let body = r#"
[[step]]
name = "promote"
at = "5s"
promote = "b"
[[step]]
name = "stop-old"
at = "10s"
stop = "a"
[[check]]
always = "linearizable"
"#;
    let report = told(body);
    let conflicts = report.write_conflicts();
    assert_eq!(conflicts.len(), 1);
    assert_eq!((conflicts[0].log.as_str(), conflicts[0].until.as_millis()), ("wal", 10_000));
    assert!(report.writers.iter().all(|writer| writer.writes > 100), "{:?}", report.writers);
    let story: Vec<&str> = report.story.iter().map(|sentence| sentence.en.as_str()).collect();
    assert!(story[0].starts_with("5.000s b pairctl: pairctl promote b"), "{story:#?}");
    assert!(story.iter().any(|sentence| sentence.contains("a db: is gone, killed")), "{story:#?}");
}

#[test]
fn an_outage_is_measured_from_the_first_failure_to_the_next_durable_write() {
    let report = told(DRILL);
    let [outage] = report.service.outages.as_slice() else { panic!("{:#?}", report.service.outages) };
    let killed = report.faults[0].fired.unwrap();
    let promoted = report.runbook.iter().find(|step| step.name == "promote").unwrap().ended.unwrap();
    assert!(outage.first_failed.at >= killed && outage.first_failed.at.since(killed).as_millis() < 200);
    let durable = outage.first_durable.as_ref().unwrap();
    assert!(durable.at >= promoted && durable.at.since(promoted).as_millis() < 500, "{durable:?}");
    assert!(outage.first_failed.what.en.contains("connection refused"), "{:?}", outage.first_failed);
}

#[test]
fn a_run_without_trouble_has_no_outage_although_it_began_before_it_was_ready() {
    let report = told("[[check]]\nalways = \"linearizable\"\n");
    assert!(report.service.outages.is_empty(), "{:#?}", report.service.outages);
    assert_eq!(report.service.clients.buckets.len(), 30);
    let counted: u64 = report.service.clients.buckets.iter().map(|bucket| bucket.ok).sum();
    assert_eq!(counted, report.service.clients.ok);
    assert!(report.timeline.is_sorted_by_key(|entry| entry.at));
}

#[test]
fn lanes_show_that_a_killed_database_is_down() {
    let report = told(DRILL);
    let of_a: Vec<Standing> = report.lanes[0].intervals.iter().map(|interval| interval.standing).collect();
    assert_eq!(of_a, [Standing::Starting, Standing::Primary, Standing::Down]);
    let of_b: Vec<Standing> = report.lanes[1].intervals.iter().map(|interval| interval.standing).collect();
    assert_eq!(of_b, [Standing::Starting, Standing::Standby, Standing::Primary]);
    assert_eq!(report.lanes[1].intervals[2].term, Some(2));
}
