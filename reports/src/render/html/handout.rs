//! A handout as a page: no script but the switch of languages, no network, for the screen and for A4.

use maud::{Markup, html};

use super::page;
use crate::handout::{Block, Cell, Handout, Range, Section};
use crate::report::{Language, Sentence};

/// The page of a handout, first shown in `language`.
pub fn handout_html(handout: &Handout, language: Language) -> String {
    let body = html! {
        header id="verdict" {
            p.number { (handout.number) }
            h1 { (words(&handout.title)) }
            @for note in &handout.notes { p.note { (words(note)) } }
        }
        @for section in &handout.sections { (in_section(section)) }
    };
    let title = format!("{}: {}", handout.title.words(language), handout.number);
    page(&title, language, body, Markup::default()).into_string()
}

fn in_section(section: &Section) -> Markup {
    let id = format!("heading-{}", section.name);
    html! {
        section id=(section.name) aria-labelledby=(id) {
            h2 id=(id) { (words(&section.heading)) }
            @for block in &section.blocks { (in_block(block)) }
        }
    }
}

fn in_block(block: &Block) -> Markup {
    html! {
        @match block {
            Block::Words(said) => p { (words(said)) },
            Block::Points { points, boxes } => {
                ul.points.boxes[*boxes] {
                    @for point in points {
                        li { @if *boxes { span.box aria-hidden="true" { "☐" } " " } (words(point)) }
                    }
                }
            }
            Block::Table { columns, rows } => {
                div.scroll tabindex="0" {
                    table {
                        @if columns.iter().any(|column| !column.en.is_empty()) {
                            thead { tr { @for column in columns { th scope="col" { (words(column)) } } } }
                        }
                        tbody { @for row in rows { tr { @for cell in row { (in_cell(cell)) } } } }
                    }
                }
            }
            Block::Code(lines) => pre tabindex="0" { (lines.join("\n")) },
            Block::Distribution { of, ranges } => (distribution(of, ranges)),
        }
    }
}

/// A table whose bars are seen and whose numbers are read.
fn distribution(of: &Sentence, ranges: &[Range]) -> Markup {
    let most = ranges.iter().map(|range| range.count).max().unwrap_or(0).max(1);
    let height = 10;
    html! {
        table.distribution {
            thead { tr {
                th scope="col" { (words(of)) }
                th scope="col" { (words(&Sentence::new("runs", "次数"))) }
                td {}
            } }
            tbody { @for range in ranges { tr {
                th scope="row" { (range.label) }
                td.number { (range.count) }
                td.bar {
                    @if range.count > 0 {
                        svg viewBox=(format!("0 0 1000 {height}")) preserveAspectRatio="none" aria-hidden="true" {
                            rect.ok[!range.misses].failed[range.misses] width=((range.count * 1_000 / most).max(4)) height=(height) {}
                        }
                    }
                    @if range.misses { (words(&Sentence::new("misses the objective", "未达目标"))) }
                }
            } } }
        }
    }
}

fn in_cell(cell: &Cell) -> Markup {
    html! {
        @match cell {
            Cell::Words(said) => td { (words(said)) },
            Cell::Value(value) => td.value { (value) },
            Cell::Command(command) => td { code { (command) } },
            Cell::Printed(lines) => td { @if !lines.is_empty() { pre tabindex="0" { (lines.join("\n")) } } },
            Cell::Blank => td.blank {},
        }
    }
}

/// A sentence in both languages; what stands between backticks is what one types or reads on the screen.
fn words(said: &Sentence) -> Markup {
    html! {
        @match &said.zh {
            Some(chinese) => {
                span.en lang="en" { (marked(&said.en)) }
                span.zh lang="zh-CN" { (marked(chinese)) }
            }
            None => span lang="en" { (marked(&said.en)) },
        }
    }
}

fn marked(text: &str) -> Markup {
    html! {
        @for (number, part) in text.split('`').enumerate() {
            @if number % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_told_from_what_is_said() {
        assert_eq!(marked("type `cm_ctl <query>` now").into_string(), "type <code>cm_ctl &lt;query&gt;</code> now");
        assert_eq!(marked("nothing").into_string(), "nothing");
    }
}
