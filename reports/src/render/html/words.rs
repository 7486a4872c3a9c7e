//! Words in both languages at once: the page carries both, and shows one.
//!
//! Without script the page shows the language it was made in; the switch only changes which of the two is hidden.

use maud::{Markup, Render, html};

use crate::render::text::{CHINESE, ENGLISH, Text};
use crate::report::Sentence;

/// What `words` says in each language. When both say the same, it is written once.
pub(super) fn both<Words: Render + PartialEq>(words: impl Fn(&'static Text) -> Words) -> Markup {
    let (english, chinese) = (words(&ENGLISH), words(&CHINESE));
    html! {
        @if english == chinese {
            (english)
        } @else {
            span.en lang="en" { (english) }
            span.zh lang="zh-CN" { (chinese) }
        }
    }
}

/// A sentence; one that exists in English only is shown in both languages.
pub(super) fn sentence(sentence: &Sentence) -> Markup {
    html! {
        @match &sentence.zh {
            Some(chinese) => {
                span.en lang="en" { (sentence.en) }
                span.zh lang="zh-CN" { (chinese) }
            }
            None => span lang="en" { (sentence.en) },
        }
    }
}

/// A sentence where no markup can be: in both languages, one after the other.
pub(super) fn tooltip(sentence: &Sentence) -> String {
    match &sentence.zh {
        Some(chinese) => format!("{} / {chinese}", sentence.en),
        None => sentence.en.clone(),
    }
}

/// A value that may be missing.
pub(super) fn or_dash<Value: std::fmt::Display>(value: Option<Value>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// A table in a box that scrolls by itself on a narrow screen, reachable by keyboard.
pub(super) fn table(columns: &[fn(&'static Text) -> &'static str], rows: Markup) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table {
                thead { tr { @for column in columns { th scope="col" { (both(column)) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// A section with its heading, which names it for screen readers too.
pub(super) fn section(name: &str, heading: fn(&'static Text) -> &'static str, body: Markup) -> Markup {
    let id = format!("heading-{name}");
    html! {
        section id=(name) aria-labelledby=(id) {
            h2 id=(id) { (both(heading)) }
            (body)
        }
    }
}
