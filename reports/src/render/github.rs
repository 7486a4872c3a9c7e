//! Annotations for GitHub: one line for each finding, at the check's own line of the scenario file.
//!
//! An unexpected finding is an error, what could not be told a warning, a hazard that was shown on purpose a notice.
//! What passed is not mentioned, for GitHub shows only a few annotations. Names and messages come from
//! scenarios, so everything that could begin another workflow command is escaped.

use super::text::{ENGLISH, case_headline, case_lines};
use crate::suite::{BrokenSeed, Case, CaseAnswer, Suite};

/// The annotations, one a line; empty when there is nothing to say.
pub fn github(suites: &[Suite<'_>], broken: &[BrokenSeed]) -> String {
    let lines = suites.iter().flat_map(annotations).chain(broken.iter().map(broken_annotation));
    lines.map(|line| line + "\n").collect()
}

fn broken_annotation(broken: &BrokenSeed) -> String {
    let title = escaped_property(&format!("NO RESULT seed {}", broken.seed));
    let message = escaped(&format!("{}\n{}", broken.what, broken.again));
    format!("::error file={},title={title}::{message}", escaped_property(&broken.scenario))
}

fn annotations(suite: &Suite<'_>) -> Vec<String> {
    let cases = suite.cases();
    let mut lines: Vec<String> = cases.iter().filter_map(|case| check_annotation(suite, case)).collect();
    // A scenario may fail without any check to blame: a fault that never had an effect, for instance.
    let blamed = cases.iter().any(|case| case.answer >= suite.expectation());
    if !blamed && let Some(level) = level(suite.expectation()) {
        let cause = suite.cause().map_or(ENGLISH.outcome(suite.summary.verdict), |cause| cause.en.as_str());
        lines.push(annotation(level, suite, None, cause));
    }
    lines
}

fn check_annotation(suite: &Suite<'_>, case: &Case<'_>) -> Option<String> {
    let level = level(case.answer)?;
    let mut message: Vec<String> = case_headline(&ENGLISH, suite, case).into_iter().collect();
    message.extend(case_lines(&ENGLISH, suite, case));
    let line = suite.example.checks.iter().find(|check| check.name == case.check.name).and_then(|check| check.line);
    Some(annotation(level, suite, line, &message.join("\n")))
}

fn level(answer: CaseAnswer) -> Option<&'static str> {
    match answer {
        CaseAnswer::Passed => None,
        CaseAnswer::HazardShown => Some("notice"),
        CaseAnswer::Undecided => Some("warning"),
        CaseAnswer::Failed => Some("error"),
    }
}

fn annotation(level: &str, suite: &Suite<'_>, line: Option<u32>, message: &str) -> String {
    let file = escaped_property(&suite.summary.scenario);
    let place = line.map_or(String::new(), |line| format!(",line={line}"));
    let verdict = match suite.expectation() {
        CaseAnswer::HazardShown => ENGLISH.verdicts.hazard_shown,
        _ => ENGLISH.outcome(suite.summary.verdict),
    };
    let title = format!("{verdict} {}", suite.example.run.name);
    format!("::{level} file={file}{place},title={}::{}", escaped_property(&title), escaped(message))
}

/// The escapes of a workflow command's message. Other control characters have no business in a log.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        match character {
            '%' => escaped.push_str("%25"),
            '\r' => escaped.push_str("%0D"),
            '\n' => escaped.push_str("%0A"),
            control if control.is_control() => escaped.extend(control.escape_default()),
            plain => escaped.push(plain),
        }
        escaped
    })
}

fn escaped_property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_begin_another_command_and_a_property_cannot_end() {
        assert_eq!(escaped("a\n::error::b 100%"), "a%0A::error::b 100%25");
        assert_eq!(escaped_property("a,line=1::b"), "a%2Cline=1%3A%3Ab");
        assert_eq!(escaped("\u{1b}[31m"), "\\u{1b}[31m");
    }
}
