//! JUnit XML, which every CI can show: a suite for each scenario, a case for each check.
//!
//! JUnit knows two kinds of trouble. A failure is a finding: a violation nobody expected, or an expected one that did
//! not appear. An error means that it could not be told. An expected violation is a pass that says so in its output.
//! No times are written: simulated time is not the time a test took, and the time a test took differs each run.

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

use super::text::{ENGLISH, case_headline, case_lines};
use crate::suite::{BrokenSeed, Case, CaseAnswer, Suite};

/// The name of the case that stands for the scenario's `[expect]`.
const EXPECTATION: &str = "expectation";

/// All scenarios as one JUnit file, and the seeds that have no result.
pub fn junit(suites: &[Suite<'_>], broken: &[BrokenSeed]) -> String {
    let mut report = quick_junit::Report::new("simrun");
    report.add_test_suites(suites.iter().map(test_suite));
    report.add_test_suites(broken.iter().map(broken_suite));
    report.to_string().expect("writing XML to memory does not fail")
}

fn test_suite(suite: &Suite<'_>) -> TestSuite {
    let summary = suite.summary;
    let run = &suite.example.run;
    let mut written = TestSuite::new(summary.scenario.as_str());
    written.add_properties([
        Property::new("seeds", suite.seeds()),
        Property::new("seeds run", summary.seeds.to_string()),
        Property::new("product", suite.example.cluster.model.as_str()),
        Property::new("simrun", run.version.as_str()),
        Property::new("replay", suite.again(suite.summary.worst_seed.unwrap_or(run.seed))),
    ]);
    written.add_test_cases(suite.cases().iter().map(|case| check_case(suite, case)));
    written.add_test_case(expectation_case(suite));
    written
}

/// A seed without a result is an error of its own, so that a file without failures never hides it.
fn broken_suite(broken: &BrokenSeed) -> TestSuite {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(broken.what.as_str()).set_description(broken.again.as_str());
    let mut case = TestCase::new(format!("seed {}", broken.seed), status);
    case.set_classname(broken.scenario.as_str());
    let mut written = TestSuite::new(broken.scenario.as_str());
    written.add_properties([
        Property::new("seeds", broken.seed.to_string()),
        Property::new("replay", broken.again.as_str()),
    ]);
    written.add_test_case(case);
    written
}

fn check_case(suite: &Suite<'_>, case: &Case<'_>) -> TestCase {
    let headline = case_headline(&ENGLISH, suite, case);
    let lines = case_lines(&ENGLISH, suite, case).join("\n");
    named(suite, &case.check.name, case.answer, headline.as_deref(), lines)
}

fn expectation_case(suite: &Suite<'_>) -> TestCase {
    let headline = suite.cause().map(|cause| cause.en.as_str());
    let again = suite.summary.worst_seed.map(|seed| suite.again(seed)).unwrap_or_default();
    named(suite, EXPECTATION, suite.expectation(), headline, again)
}

fn named(suite: &Suite<'_>, name: &str, answer: CaseAnswer, headline: Option<&str>, lines: String) -> TestCase {
    let trouble = match answer {
        CaseAnswer::Failed => Some(NonSuccessKind::Failure),
        CaseAnswer::Undecided => Some(NonSuccessKind::Error),
        CaseAnswer::Passed | CaseAnswer::HazardShown => None,
    };
    let mut status = trouble.map_or_else(TestCaseStatus::success, TestCaseStatus::non_success);
    if trouble.is_some() {
        status.set_message(headline.unwrap_or(name)).set_description(lines.as_str());
    }
    let mut case = TestCase::new(name, status);
    case.set_classname(suite.example.run.name.as_str());
    if answer == CaseAnswer::HazardShown {
        let note = [ENGLISH.verdicts.hazard_shown, headline.unwrap_or(name), &lines];
        case.set_system_out(note.join("\n").trim_end());
    }
    case
}
