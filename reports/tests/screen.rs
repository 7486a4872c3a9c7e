//! The screen as people see it.

mod sample;

use reports::render::pretty::{Options, ending, pretty, summary};
use reports::{Language, Summary};
use sample::{fifty_seeds, hostile, promote_before_stop, surprise, switchover_fail};
use unicode_width::UnicodeWidthStr;

fn chinese() -> Options<'static> {
    Options { language: Language::Chinese, ..Options::default() }
}

#[test]
fn a_run_as_expected() {
    insta::assert_snapshot!(pretty(&switchover_fail(), &Options::default()));
}

#[test]
fn a_run_as_expected_in_chinese() {
    insta::assert_snapshot!(pretty(&switchover_fail(), &chinese()));
}

#[test]
fn a_run_nobody_expected() {
    let options = Options {
        page: Some("simrun-out/polardb/promote_before_stop/seed-17/report.html"),
        columns: 80,
        ..Options::default()
    };
    insta::assert_snapshot!(pretty(&surprise(), &options));
}

#[test]
fn a_hazard_shown_is_never_called_a_pass() {
    for options in [Options::default(), chinese()] {
        let screen = ending(&promote_before_stop(), &options);
        assert!(screen.contains("HAZARD SHOWN") || screen.contains("已复现风险"), "{screen}");
        let pass = ["pass", "Pass", "PASS", "通过"];
        assert!(!pass.iter().any(|word| screen.contains(word)), "{screen}");
    }
    insta::assert_snapshot!(ending(&promote_before_stop(), &Options::default()));
}

#[test]
fn many_seeds() {
    let mut lines = fifty_seeds(&switchover_fail());
    lines.extend(fifty_seeds(&surprise()));
    let total: Summary = lines.iter().collect();
    insta::assert_snapshot!(summary(&total, &Options::default()));
    insta::assert_snapshot!(summary(&total, &chinese()));
}

#[test]
fn colour_only_adds_escape_codes() {
    let plain = pretty(&surprise(), &Options::default());
    let coloured = pretty(&surprise(), &Options { colour: true, ..Options::default() });
    assert_ne!(plain, coloured);
    assert_eq!(without_escapes(&coloured), plain);
    assert!(!plain.contains('\u{1b}'));
}

#[test]
fn names_cannot_move_the_cursor_or_start_a_line() {
    let screen = pretty(&hostile(), &Options::default());
    assert!(!screen.contains('\u{1b}'));
    assert!(!screen.lines().any(|line| line.starts_with("%0A") || line.starts_with("::")), "{screen}");
}

#[test]
fn only_what_is_meant_to_be_copied_may_be_wider_than_the_screen() {
    for report in [switchover_fail(), surprise()] {
        for options in [Options { columns: 80, ..Options::default() }, chinese()] {
            let screen = pretty(&report, &options);
            let wide = screen.lines().filter(|line| line.width() > options.columns + 1);
            let unexpected: Vec<&str> = wide.filter(|line| !line.contains("simrun")).collect();
            assert!(unexpected.is_empty(), "{unexpected:#?}");
        }
    }
}

fn without_escapes(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + part.split_once('m').map_or("", |(_, rest)| rest))
}
