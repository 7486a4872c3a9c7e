//! Excerpts of what the product's status commands printed.
//!
//! Products print tables far wider than a screen, several nodes beside each other. Such a line is folded at its
//! ` | ` separators; what is still too wide is cut, and dots say so.

use super::columns::{cut, harmless, width};
use super::page::{Ink, Page};
use crate::report::{Report, Step, StepKind};

const MOST_LINES: usize = 12;

pub(super) fn write(page: &mut Page<'_>, report: &Report) {
    let queries: Vec<&Step> =
        report.runbook.iter().filter(|step| step.kind == StepKind::Query && !step.output.is_empty()).collect();
    if queries.is_empty() {
        return;
    }
    page.heading(page.text.headings.status, "");
    for step in queries {
        let moment = step.ended.or(step.started).map_or_else(String::new, |at| at.to_string());
        let title = format!("{moment}  {}", (page.text.phrases.command_on)(&step.command, &step.host));
        page.row(&[], &title, Ink::Quiet);
        write_output(page, step);
    }
}

fn write_output(page: &mut Page<'_>, step: &Step) {
    let chosen = if step.excerpt.is_empty() { &step.output } else { &step.excerpt };
    let room = page.columns() - 4;
    let lines: Vec<String> = chosen.iter().flat_map(|line| folded(line, room)).collect();
    for line in lines.iter().take(MOST_LINES) {
        page.line(&format!("    {}", if is_rule(line) { line.chars().take(room).collect() } else { cut(line, room) }));
    }
    let hidden = lines.len().saturating_sub(MOST_LINES);
    if hidden > 0 {
        page.line(&format!("    {}", (page.text.phrases.more_lines)(hidden)));
    }
}

/// A line that only underlines: nothing is missing when it is shorter.
fn is_rule(line: &str) -> bool {
    !line.is_empty() && line.chars().all(|character| "-=_".contains(character))
}

/// A line that is too wide, one line for each of its parts; parts that repeat the one before are left out.
fn folded(line: &str, room: usize) -> Vec<String> {
    let line = harmless(line.trim_end());
    if width(&line) <= room || !line.contains(" | ") {
        return vec![line];
    }
    let mut parts: Vec<String> = line.split(" | ").map(|part| part.trim().to_owned()).collect();
    parts.dedup();
    parts
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn a_wide_line_is_folded_at_its_separators_and_repeated_heads_are_shown_once() {
        assert_eq!(folded("node ip | node ip | node ip", 10), ["node ip"]);
        assert_eq!(folded("1 dn1 P Down | 2 dn2 S Standby", 20), ["1 dn1 P Down", "2 dn2 S Standby"]);
        assert_eq!(folded("1 dn1 | 2 dn2", 20), ["1 dn1 | 2 dn2"]);
    }
}
