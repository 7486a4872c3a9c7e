//! The report page: whole, offline, escaped and the same every time.

mod sample;

use reports::render::html::{html, summary_html};
use reports::{Language, Report, Suite, Summary};
use sample::{fifty_seeds, hostile, promote_before_stop, surprise, switchover_fail};

fn page(report: &Report) -> String {
    let summary: Summary = fifty_seeds(report).iter().collect();
    let across = summary.scenarios.values().next().expect("one scenario");
    html(report, Some(across), Language::English)
}

/// The page without its style and script, which have files of their own.
fn content(page: &str) -> String {
    let (head, rest) = page.split_once("<style>").expect("a style");
    let (_, rest) = rest.split_once("</style>").expect("its end");
    let (body, rest) = rest.split_once("<script>").expect("the first script");
    let (_, rest) = rest.split_once("</script>").expect("its end");
    let (data, tail) = rest.split_once("<script>").unwrap_or(("", rest));
    let tail = tail.split_once("</script>").map_or(tail, |(_, tail)| tail);
    // One element a line reads better in a review.
    format!("{head}{body}{data}{tail}").replace("><", ">\n<")
}

/// A few seconds of client statistics show the shape of all.
fn short(mut report: Report) -> Report {
    report.service.clients.buckets.retain(|bucket| (19..23).contains(&(bucket.from.as_millis() / 1_000)));
    report
}

#[test]
fn the_page_of_a_violation() {
    insta::assert_snapshot!(content(&page(&short(surprise()))));
}

#[test]
fn the_page_of_a_run_as_expected() {
    insta::assert_snapshot!(content(&page(&short(switchover_fail()))));
}

#[test]
fn the_page_above_the_seeds() {
    let report = surprise();
    let summary: Summary = fifty_seeds(&report).iter().collect();
    let suite = Suite { summary: summary.scenarios.values().next().expect("one scenario"), example: &report };
    insta::assert_snapshot!(content(&summary_html(&suite, &[1, 17], Language::English)));
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(page(&switchover_fail()), page(&switchover_fail()));
}

#[test]
fn nothing_is_fetched_and_the_policy_says_so() {
    for report in [switchover_fail(), surprise(), hostile()] {
        let page = page(&report);
        assert!(page.contains("default-src 'none'"));
        for fetching in ["http://", "https://", "src=", "@import", "<link", "<img", "fetch(", "XMLHttpRequest"] {
            assert!(!page.contains(fetching), "{fetching}");
        }
    }
}

#[test]
fn names_cannot_break_out() {
    let page = page(&hostile());
    assert_eq!(page.matches("<script").count(), 3, "the data and our own scripts, nothing else");
    assert_eq!(page.matches("</script>").count(), 3);
    assert!(!page.contains("alert('升主')</script>"));
    assert!(page.contains("&lt;script&gt;alert"));
}

/// Every picture says in a table what it shows, every link inside the page leads somewhere.
#[test]
fn every_link_inside_the_page_has_its_target() {
    for report in [switchover_fail(), surprise(), promote_before_stop()] {
        let page = content(&page(&report));
        let linked = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
        for target in linked {
            assert!(page.contains(&format!("id=\"{target}\"")), "{target}");
        }
        let named = page.split("aria-labelledby=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for name in named {
            assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
        }
    }
}

#[test]
fn ids_are_unique() {
    for report in [switchover_fail(), surprise(), hostile()] {
        let page = page(&report);
        let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}

#[test]
fn a_hazard_shown_is_never_called_a_pass() {
    let page = page(&promote_before_stop());
    assert!(page.contains("AS EXPECTED, HAZARD SHOWN") && page.contains("符合预期,已复现风险"));
    assert!(!page.to_lowercase().contains("passed") && !page.contains("通过"));
}

#[test]
fn a_large_run_stays_below_two_megabytes_and_says_what_is_missing() {
    let mut report = switchover_fail();
    let entry = report.timeline[2].clone();
    report.timeline = (0..50_000)
        .map(|index| reports::Entry {
            at: reports::Moment::from_millis(index * 3),
            event: Some(index),
            ..entry.clone()
        })
        .collect();
    let status = report.status[1].clone();
    report.status = (0..10_000)
        .map(|index| reports::StatusOutput { at: reports::Moment::from_millis(index * 18), ..status.clone() })
        .collect();
    let message = report.messages[0].clone();
    report.messages = vec![message; 50_000];
    let page = page(&report);
    assert!(page.len() < 2_000_000, "{}", page.len());
    assert!(page.contains("3,000 of 50,000 are shown.") && page.contains("150 of 50,000 are shown."));
}

#[test]
fn status_outputs_that_are_left_out_are_said() {
    let mut report = switchover_fail();
    let first = report.status[0].clone();
    let output = |index: u64| reports::StatusOutput {
        at: reports::Moment::from_millis(index * 18),
        lines: vec![format!("{index} {}", "x".repeat(500))],
        ..first.clone()
    };
    report.status = (0..2_000).map(output).collect();
    let page = page(&report);
    assert!(page.contains("one in every 4 of 2,000 changes is shown.") && page.contains("每 4 次显示一次"));
}

#[test]
fn an_empty_report_still_makes_a_page() {
    let mut report = switchover_fail();
    report.run.simulated = reports::Span(0);
    report.timeline.clear();
    report.lanes.clear();
    report.writers.clear();
    report.runbook.clear();
    report.faults.clear();
    report.checks.clear();
    report.cluster.nodes.clear();
    report.service = reports::Service::default();
    report.messages.clear();
    let page = html(&report, None, Language::Chinese);
    assert!(page.contains("data-language=\"chinese\""));
    assert!(reports::render::pretty::pretty(&report, &Default::default()).contains("AS EXPECTED"));
}
