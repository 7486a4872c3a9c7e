//! The job summary in Markdown: a table of scenarios, and what is worth reading about each that did not pass quietly.
//!
//! It is written for the page a CI shows beside its log. Names are escaped twice over, because that page takes
//! both Markdown and HTML: what a scenario calls itself must not become a heading, a link or a table cell.

use super::text::{Text, case_headline, case_lines, grouped};
use crate::report::{Language, Report, Span};
use crate::suite::{BrokenSeed, Case, CaseAnswer, Suite};
use crate::summary::ScenarioSummary;

/// The job summary.
pub fn markdown(suites: &[Suite<'_>], broken: &[BrokenSeed], language: Language) -> String {
    let text = Text::of(language);
    let mut page = String::from("# simrun\n\n");
    page.push_str(&scenarios_table(text, suites));
    for suite in suites.iter().filter(|suite| suite.expectation() != CaseAnswer::Passed) {
        page.push_str(&section(text, suite));
    }
    broken.iter().for_each(|broken| page.push_str(&broken_section(text, broken)));
    page
}

fn broken_section(text: &Text, broken: &BrokenSeed) -> String {
    let lines = [broken.what.clone(), broken.again.clone()];
    format!("\n## {} ({} {})\n\n{}", escaped(&broken.scenario), text.labels.seed, broken.seed, fenced(&lines))
}

fn scenarios_table(text: &Text, suites: &[Suite<'_>]) -> String {
    let labels = &text.labels;
    let head =
        [labels.scenario, labels.verdict, labels.seeds, labels.rto_quantiles, labels.objective, labels.lost_commits];
    let rows = suites.iter().map(|suite| {
        let summary = suite.summary;
        let verdict = match suite.expectation() {
            CaseAnswer::HazardShown => text.verdicts.hazard_shown,
            _ => text.outcome(summary.verdict),
        };
        [
            escaped(&suite.example.run.name),
            format!("**{verdict}**"),
            format!("{} ({})", grouped(summary.seeds), suite.seeds()),
            recovery_times(text, summary),
            suite.example.objectives.rto.target.map_or("-".to_owned(), |target| target.to_string()),
            grouped(summary.lost_commits),
        ]
    });
    table(head, rows)
}

fn recovery_times(text: &Text, summary: &ScenarioSummary) -> String {
    let quantile = |per_thousand| {
        summary.rto_quantile(per_thousand).map_or("-".to_owned(), |rto| Span::from_millis(rto).to_string())
    };
    let times = [500, 950, 1_000].map(quantile).join(" / ");
    match summary.never_served_again {
        0 => times,
        never => format!("{times}; {}", (text.phrases.never_served_seeds)(never)),
    }
}

fn section(text: &Text, suite: &Suite<'_>) -> String {
    let mut section = format!("\n## {}\n\n", escaped(&suite.example.run.name));
    let drill = &suite.example.drill;
    let title = drill.title_zh.as_ref().filter(|_| text.language == Language::Chinese).unwrap_or(&drill.title);
    section.push_str(&format!("{} {}\n\n", escaped(&drill.id), escaped(title)));
    if let Some(cause) = suite.cause() {
        section.push_str(&format!("{}\n\n", escaped(cause.words(text.language))));
    }
    section.push_str(&checks_table(text, suite));
    section.push_str(&story(text, suite.example));
    let cases: Vec<Case<'_>> = suite.cases().into_iter().filter(|case| case.answer != CaseAnswer::Passed).collect();
    for case in &cases {
        let headline = case_headline(text, suite, case).unwrap_or_default();
        let lines = case_lines(text, suite, case);
        section.push_str(&format!("\n{}\n\n{}", escaped(&headline), fenced(&lines)));
    }
    if let Some(seed) = suite.summary.worst_seed.filter(|_| cases.is_empty()) {
        section.push_str(&format!("\n{}", fenced(&[suite.again(seed)])));
    }
    section
}

fn checks_table(text: &Text, suite: &Suite<'_>) -> String {
    let verdicts = &text.verdicts;
    let head = [text.labels.check, verdicts.holds, verdicts.violated, verdicts.could_not_tell, text.labels.verdict];
    let rows = suite.cases().into_iter().map(|case| {
        let word = match case.answer {
            CaseAnswer::Passed => verdicts.as_expected,
            CaseAnswer::HazardShown => verdicts.hazard_shown,
            CaseAnswer::Undecided => verdicts.inconclusive,
            CaseAnswer::Failed => verdicts.not_as_expected,
        };
        let check = case.check;
        let counts = [check.holds, check.violated, check.could_not_tell].map(grouped);
        let [holds, violated, could_not_tell] = counts;
        [escaped(&check.name), holds, violated, could_not_tell, word.to_owned()]
    });
    table(head, rows)
}

/// The causal chain, folded away.
fn story(text: &Text, report: &Report) -> String {
    if report.story.is_empty() {
        return String::new();
    }
    let seed = format!("{} {}", text.labels.seed, report.run.seed);
    let mut story = format!("\n<details><summary>{} ({seed})</summary>\n\n", text.headings.story);
    for (index, sentence) in report.story.iter().enumerate() {
        story.push_str(&format!("{}. {}\n", index + 1, escaped(sentence.words(text.language))));
    }
    story + "\n</details>\n"
}

fn table<const COLUMNS: usize>(head: [&str; COLUMNS], rows: impl IntoIterator<Item = [String; COLUMNS]>) -> String {
    let mut table = format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(COLUMNS));
    for row in rows {
        table.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    table
}

/// Text that means nothing but itself, in Markdown and in HTML, on one line.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' => escaped.extend(['\\', character]),
            control if control.is_control() => escaped.push(' '),
            plain => escaped.push(plain),
        }
        escaped
    })
}

/// Lines as they are, in a fence longer than any they contain.
fn fenced(lines: &[String]) -> String {
    let longest = lines.iter().flat_map(|line| line.split(|character| character != '`')).map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    let printable = |line: &String| {
        let plain: String = line.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
        plain + "\n"
    };
    format!("{fence}text\n{}{fence}\n", lines.iter().map(printable).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_line_breaks_mean_nothing() {
        assert_eq!(escaped("<b>|a*\n# x"), "&lt;b&gt;\\|a\\* \\# x");
    }

    #[test]
    fn a_fence_is_longer_than_any_inside() {
        assert_eq!(fenced(&["a ```` b".into()]), "`````text\na ```` b\n`````\n");
    }
}
