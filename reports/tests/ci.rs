//! The formats CI systems show: JUnit, annotations and the job summary.

mod sample;

use reports::render::github::github;
use reports::render::junit::junit;
use reports::render::markdown::markdown;
use reports::suite::CaseAnswer;
use reports::{BrokenSeed, Language, Outcome, Report, SeedLine, Suite, Summary};
use sample::{fifty_seeds, hostile, promote_before_stop, surprise, switchover_fail};

/// One suite for each report, over as many seeds as `seeds` makes of it.
fn with_suites<T>(reports: &[Report], seeds: fn(&Report) -> Vec<SeedLine>, use_them: impl Fn(&[Suite<'_>]) -> T) -> T {
    let summaries: Vec<Summary> = reports.iter().map(|report| seeds(report).iter().collect()).collect();
    let summaries = summaries.iter().map(|summary| summary.scenarios.values().next().expect("one scenario"));
    let suites: Vec<Suite<'_>> = summaries.zip(reports).map(|(summary, example)| Suite { summary, example }).collect();
    use_them(&suites)
}

fn one_seed(report: &Report) -> Vec<SeedLine> {
    vec![SeedLine::from(report)]
}

/// A run whose fault never had an effect: nothing violated, and still no pass.
fn inconclusive() -> Report {
    let mut report = switchover_fail();
    report.verdict.outcome = Outcome::Inconclusive;
    report.verdict.cause = "kill-new-primary never had an effect".into();
    report.faults[0].proof = None;
    report
}

/// A hazard scenario in which the hazard did not show.
fn hazard_missing() -> Report {
    let mut report = promote_before_stop();
    report.verdict.outcome = Outcome::NotAsExpected;
    report.verdict.hazard_shown = false;
    report.verdict.cause = "no check was violated".into();
    for check in &mut report.checks {
        check.answer = reports::Answer::Holds;
        check.evidence = None;
        check.explanation.clear();
    }
    report
}

fn all() -> [Report; 5] {
    [switchover_fail(), promote_before_stop(), surprise(), inconclusive(), hazard_missing()]
}

#[test]
fn junit_over_many_seeds() {
    insta::assert_snapshot!(with_suites(&all(), fifty_seeds, |suites| junit(suites, &[])));
}

#[test]
fn annotations() {
    insta::assert_snapshot!(with_suites(&all(), one_seed, |suites| github(suites, &[])));
}

#[test]
fn a_quiet_pass_is_not_annotated() {
    assert_eq!(with_suites(&[switchover_fail()], one_seed, |suites| github(suites, &[])), "");
}

#[test]
fn the_job_summary() {
    insta::assert_snapshot!(with_suites(&all(), fifty_seeds, |suites| markdown(suites, &[], Language::English)));
    insta::assert_snapshot!(with_suites(&[surprise()], one_seed, |suites| markdown(suites, &[], Language::Chinese)));
}

#[test]
fn an_expected_violation_passes_with_a_note_and_an_unexpected_one_fails() {
    let expected = with_suites(&[promote_before_stop()], fifty_seeds, |suites| junit(suites, &[]));
    assert!(expected.contains("failures=\"0\" errors=\"0\""), "{expected}");
    assert!(expected.contains("HAZARD SHOWN"));
    let unexpected = with_suites(&[surprise()], fifty_seeds, |suites| junit(suites, &[]));
    assert!(unexpected.contains("failures=\"3\" errors=\"1\""), "{unexpected}");
}

#[test]
fn what_could_not_be_told_never_passes() {
    let answers = with_suites(&[inconclusive(), hazard_missing()], one_seed, |suites| {
        suites.iter().map(Suite::expectation).collect::<Vec<_>>()
    });
    assert_eq!(answers, [CaseAnswer::Undecided, CaseAnswer::Failed]);
    let xml = with_suites(&[inconclusive()], one_seed, |suites| junit(suites, &[]));
    assert!(xml.contains("failures=\"0\" errors=\"1\""), "{xml}");
}

#[test]
fn hostile_names_stay_text() {
    let xml = with_suites(&[hostile()], one_seed, |suites| junit(suites, &[]));
    let parsed = quick_junit::Report::deserialize_from_str(&xml).expect("well-formed XML");
    assert_eq!(parsed.test_suites.len(), 1);
    assert!(!xml.contains("<script"));

    let lines = with_suites(&[hostile()], one_seed, |suites| github(suites, &[]));
    assert!(lines.lines().all(|line| line.starts_with("::error file=") || line.starts_with("::warning file=")));

    let page = with_suites(&[hostile()], one_seed, |suites| markdown(suites, &[], Language::Chinese));
    let outside_fences: String = page.split("```").step_by(2).collect();
    assert!(!outside_fences.contains("<script"), "{page}");
}

#[test]
fn a_seed_without_a_result_is_in_every_format() {
    let broken = [BrokenSeed {
        scenario: "scenarios/a.toml".into(),
        seed: 7,
        what: "the model panicked: <index> out of bounds".into(),
        again: "simrun scenarios/a.toml --seed 7".into(),
    }];
    let xml = junit(&[], &broken);
    assert!(xml.contains("errors=\"1\"") && xml.contains("simrun scenarios/a.toml --seed 7"), "{xml}");
    let lines = github(&[], &broken);
    assert!(lines.starts_with("::error file=scenarios/a.toml,title=NO RESULT seed 7::the model panicked"), "{lines}");
    let page = markdown(&[], &broken, Language::English);
    assert!(page.contains("## scenarios/a.toml (seed 7)"), "{page}");
}
