//! A handout as a page: no script but the switch of languages, no network, for the screen and for A4.

use maud::{Markup, html};

use super::page;
use super::words::sentence;
use crate::handout::{Block, Cell, Handout, Section};
use crate::report::Language;

/// The page of a handout, first shown in `language`.
pub fn handout_html(handout: &Handout, language: Language) -> String {
    let body = html! {
        header id="verdict" {
            p.number { (handout.number) }
            h1 { (sentence(&handout.title)) }
            @for note in &handout.notes { p.note { (sentence(note)) } }
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
            h2 id=(id) { (sentence(&section.heading)) }
            @for block in &section.blocks { (in_block(block)) }
        }
    }
}

fn in_block(block: &Block) -> Markup {
    html! {
        @match block {
            Block::Words(words) => p { (sentence(words)) },
            Block::Points { points, boxes } => {
                ul.points.boxes[*boxes] {
                    @for point in points {
                        li { @if *boxes { span.box aria-hidden="true" { "☐" } " " } (sentence(point)) }
                    }
                }
            }
            Block::Table { columns, rows } => {
                div.scroll tabindex="0" {
                    table {
                        thead { tr { @for column in columns { th scope="col" { (sentence(column)) } } } }
                        tbody { @for row in rows { tr { @for cell in row { (in_cell(cell)) } } } }
                    }
                }
            }
            Block::Code(lines) => pre tabindex="0" { (lines.join("\n")) },
        }
    }
}

fn in_cell(cell: &Cell) -> Markup {
    html! {
        @match cell {
            Cell::Words(words) => td { (sentence(words)) },
            Cell::Value(value) => td.value { (value) },
            Cell::Command(command) => td { code { (command) } },
            Cell::Printed(lines) => td { @if !lines.is_empty() { pre tabindex="0" { (lines.join("\n")) } } },
            Cell::Blank => td.blank {},
        }
    }
}
