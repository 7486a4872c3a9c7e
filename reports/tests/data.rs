//! The formats tools read: their shape is a promise.

mod sample;

use reports::render::json::json;
use reports::render::jsonl::{seed_line, summary_line};
use reports::{Error, Report, SeedLine, Summary};
use sample::{fifty_seeds, hostile, surprise, switchover_fail};

#[test]
fn a_seed_line() {
    insta::assert_snapshot!(seed_line(&SeedLine::from(&switchover_fail())));
    insta::assert_snapshot!(seed_line(&SeedLine::from(&surprise())));
}

#[test]
fn service_that_never_returned_is_null() {
    let mut report = switchover_fail();
    report.objectives.rto.measured = None;
    assert!(seed_line(&SeedLine::from(&report)).contains(r#""rto_ms":null"#));
}

#[test]
fn the_last_line() {
    let mut lines = fifty_seeds(&switchover_fail());
    lines.extend(fifty_seeds(&surprise()));
    insta::assert_snapshot!(summary_line(&lines.iter().collect::<Summary>()));
    insta::assert_snapshot!(summary_line(&Summary::default()));
}

#[test]
fn a_seed_line_is_one_line_and_reads_back() {
    for report in [switchover_fail(), hostile()] {
        let line = SeedLine::from(&report);
        let text = seed_line(&line);
        assert!(!text.contains('\n'));
        assert_eq!(serde_json::from_str::<SeedLine>(&text).expect("a seed line"), line);
    }
}

#[test]
fn the_report_as_json() {
    insta::assert_snapshot!(json(&surprise()));
}

#[test]
fn the_report_reads_back_and_prints_the_same_bytes() {
    for report in [switchover_fail(), surprise(), hostile()] {
        let text = json(&report);
        let again = Report::from_json(&text).expect("a report");
        assert_eq!(again, report);
        assert_eq!(json(&again), text);
    }
}

#[test]
fn a_newer_report_is_refused_and_says_what_to_do() {
    let newer = json(&switchover_fail()).replace("\"format\": 1", "\"format\": 2");
    let error = Report::from_json(&newer).expect_err("format 2");
    assert!(matches!(error, Error::Newer { found: 2 }));
    assert!(error.to_string().contains("use a newer simrun"));
    assert!(Report::from_json("{").expect_err("no report").to_string().contains("--out"));
}
