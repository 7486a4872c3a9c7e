//! Writes a scenario file for people: tables in the order in which a drill is told, keys in the order in which an entry
//! is read, comments above what they are about.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use toml::{Table, Value};

use super::{Document, name};

/// The tables of a file, in the order of telling.
const TABLES: [&str; 12] = [
    "drill",
    "objectives",
    "product",
    "node",
    "network",
    "storage",
    "workload",
    "step",
    "fault",
    "check",
    "expect",
    "run",
];

/// Keys that come first in their table; the others follow in alphabetical order.
const FIRST: [&str; 18] = [
    "id",
    "title",
    "title_zh",
    "kind",
    "model",
    "profile",
    "name",
    "role",
    "at",
    "after",
    "delay",
    "nth",
    "on",
    "always",
    "eventually",
    "sometimes",
    "verdict",
    "of",
];

/// Keys that come last.
const LAST: [&str; 5] = ["for", "timeout", "if-fails", "because", "because_zh"];

/// How wide a comment may be.
const WIDTH: usize = 110;

/// What is said about a file and its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comments {
    /// Paragraphs at the top.
    pub head: Vec<String>,
    /// A sentence above an entry, by its name.
    pub entries: BTreeMap<String, String>,
}

/// The text of a file without comments.
pub fn plain(document: &Document) -> String {
    commented(document, &Comments::default())
}

/// The text of a file with comments.
pub fn commented(document: &Document, comments: &Comments) -> String {
    let mut text = String::new();
    for (number, paragraph) in comments.head.iter().enumerate() {
        if number > 0 {
            text.push_str("#\n");
        }
        comment(&mut text, paragraph);
    }
    let table = document.table();
    for (key, value) in table.iter().filter(|(_, value)| !is_section(value)) {
        let _ = writeln!(text, "{} = {}", bare(key), inline(value));
    }
    let known = TABLES.iter().filter_map(|key| table.get_key_value(*key));
    let unknown = table.iter().filter(|(key, _)| !TABLES.contains(&key.as_str()));
    for (key, value) in known.chain(unknown).filter(|(_, value)| is_section(value)) {
        match value {
            Value::Table(section) => {
                let _ = writeln!(text, "\n[{}]", bare(key));
                body(&mut text, section);
            }
            Value::Array(entries) => {
                for entry in entries.iter().filter_map(Value::as_table) {
                    text.push('\n');
                    if let Some(said) = name(entry).and_then(|name| comments.entries.get(name)) {
                        comment(&mut text, said);
                    }
                    let _ = writeln!(text, "[[{}]]", bare(key));
                    body(&mut text, entry);
                }
            }
            _ => {}
        }
    }
    text
}

fn is_section(value: &Value) -> bool {
    match value {
        Value::Table(_) => true,
        Value::Array(entries) => !entries.is_empty() && entries.iter().all(Value::is_table),
        _ => false,
    }
}

fn body(text: &mut String, table: &Table) {
    let mut keys: Vec<&String> = table.keys().collect();
    keys.sort_by_key(|key| {
        let first = FIRST.iter().position(|known| known == key);
        let last = LAST.iter().position(|known| known == key).map(|at| at + 1);
        (last.unwrap_or(0), first.unwrap_or(FIRST.len()), (*key).clone())
    });
    for key in keys {
        let _ = writeln!(text, "{} = {}", bare(key), inline(&table[key]));
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Table(table) => {
            let entries: Vec<String> =
                table.iter().map(|(key, value)| format!("{} = {}", bare(key), inline(value))).collect();
            if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
        }
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(inline).collect();
            format!("[{}]", values.join(", "))
        }
        Value::String(said) => string(said),
        plain => plain.to_string(),
    }
}

/// On one line, whatever is in it: an inline table may not be broken.
fn string(said: &str) -> String {
    let mut text = String::from("\"");
    for letter in said.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(text, "\\u{:04X}", u32::from(control));
            }
            plain => text.push(plain),
        }
    }
    text.push('"');
    text
}

fn bare(key: &str) -> String {
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !key.is_empty() && key.chars().all(is_bare) { key.to_owned() } else { string(key) }
}

/// A paragraph as comment lines, broken between words.
fn comment(text: &mut String, paragraph: &str) {
    let mut line = String::from("#");
    for word in paragraph.split_whitespace() {
        if line.len() > 1 && line.chars().count() + 1 + word.chars().count() > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document { table: text.parse().expect("TOML") }
    }

    const FILE: &str = r#"# A head that tells.
format = 1

[drill]
id = "T-1"
title = "a \"test\"\n"

[product]
model = "pair"
set = { "a.b" = true, wait = "3s" }

[[node]]
name = "a"
role = "primary"

# It acts late.
[[fault]]
name = "cut"
at = "2s"
partition = { groups = [["a"], ["b"]] }
for = "1s"
"#;

    #[test]
    fn a_file_is_written_in_the_order_of_telling() {
        let comments = Comments {
            head: vec!["A head that tells.".to_owned()],
            entries: BTreeMap::from([("cut".to_owned(), "It acts late.".to_owned())]),
        };
        assert_eq!(commented(&document(FILE), &comments), FILE);
    }

    #[test]
    fn what_is_written_reads_back() {
        let odd = "x = [1, 2]\n[a]\nb = [{ c = 1 }, { c = 2 }]\nd = { e = { f = [\"\\u0001\"] } }\n";
        let document = document(odd);
        assert_eq!(plain(&document).parse::<Table>().expect("TOML"), *document.table());
    }

    #[test]
    fn long_comments_are_broken_between_words() {
        let mut text = String::new();
        comment(&mut text, &"word ".repeat(60));
        assert!(text.lines().count() > 2 && text.lines().all(|line| line.len() <= WIDTH && line.starts_with("# word")));
    }
}
