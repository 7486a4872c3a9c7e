//! A handout in Markdown, in one language: for a wiki, a ticket or a mail.

use std::fmt::Write as _;

use crate::handout::{Block, Cell, Handout, Range};
use crate::report::Language;

/// The handout in Markdown.
pub fn handout_markdown(handout: &Handout, language: Language) -> String {
    let mut text = format!("# {}\n\n{}\n", plain(handout.title.words(language)), plain(&handout.number));
    for note in &handout.notes {
        let _ = write!(text, "\n> {}\n", plain(note.words(language)));
    }
    for section in &handout.sections {
        let _ = write!(text, "\n## {}\n", plain(section.heading.words(language)));
        for block in &section.blocks {
            text.push('\n');
            add(&mut text, block, language);
        }
    }
    text
}

fn add(text: &mut String, block: &Block, language: Language) {
    let _ = match block {
        Block::Words(words) => writeln!(text, "{}", plain(words.words(language))),
        Block::Points { points, boxes } => {
            let mark = if *boxes { "- [ ]" } else { "-" };
            points.iter().try_for_each(|point| writeln!(text, "{mark} {}", plain(point.words(language))))
        }
        Block::Table { columns, rows } => {
            let head: Vec<String> = columns.iter().map(|column| plain(column.words(language))).collect();
            let _ = writeln!(text, "| {} |", head.join(" | "));
            let _ = writeln!(text, "|{}", " --- |".repeat(columns.len()));
            rows.iter().try_for_each(|row| {
                let cells: Vec<String> = row.iter().map(|cell| in_cell(cell, language)).collect();
                writeln!(text, "| {} |", cells.join(" | "))
            })
        }
        Block::Distribution { of, ranges } => {
            let most = ranges.iter().map(|range| range.count).max().unwrap_or(0).max(1);
            let _ = writeln!(text, "{}\n\n```text", plain(of.words(language)));
            let width = ranges.iter().map(|range| range.label.chars().count()).max().unwrap_or(0);
            for Range { label, count, misses } in ranges {
                let bar = "█".repeat((count * 40).div_ceil(most) as usize);
                let mark = if *misses { " !" } else { "" };
                let _ = writeln!(text, "{label:>width$}  {count:>6}  {bar}{mark}");
            }
            writeln!(text, "```")
        }
        Block::Code(lines) => writeln!(text, "```text\n{}\n```", lines.join("\n").replace("```", "'''")),
    };
}

fn in_cell(cell: &Cell, language: Language) -> String {
    match cell {
        Cell::Words(words) => plain(words.words(language)),
        Cell::Value(value) => plain(value),
        Cell::Command(command) => code(command),
        Cell::Printed(lines) => lines.iter().map(|line| code(line)).collect::<Vec<_>>().join("<br>"),
        Cell::Blank => String::new(),
    }
}

/// Code within a cell; a line of nothing stays a line.
fn code(line: &str) -> String {
    let line = line.replace('`', "'").replace('|', "\\|").replace('\t', "    ");
    if line.trim().is_empty() { String::new() } else { format!("`{line}`") }
}

/// Words that Markdown takes for nothing else.
fn plain(words: &str) -> String {
    words.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handout::Section;
    use crate::report::Sentence;

    #[test]
    fn a_cell_cannot_end_its_table() {
        let rows = vec![vec![Cell::Command("a | b".into()), Cell::Printed(vec!["x|y".into(), String::new()])]];
        let columns = vec![Sentence::new("Command", "命令"), Sentence::new("Output", "输出")];
        let section = Section {
            name: "steps".into(),
            heading: Sentence::new("Steps", "步骤"),
            blocks: vec![Block::Table { columns, rows }, Block::Points { points: vec!["go".into()], boxes: true }],
        };
        let handout = Handout { number: "1".into(), title: "Plan".into(), notes: Vec::new(), sections: vec![section] };
        let text = handout_markdown(&handout, Language::Chinese);
        assert_eq!(
            text,
            "# Plan\n\n1\n\n## 步骤\n\n| 命令 | 输出 |\n| --- | --- |\n| `a \\| b` | `x\\|y`<br> |\n\n- [ ] go\n"
        );
    }
}
