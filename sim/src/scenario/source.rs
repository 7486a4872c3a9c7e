//! The text of a scenario file, its name, and where its lines begin.
//!
//! Reading is careful because the path comes from a command line: a directory, a disk image or a log must be refused
//! in words, before it fills the memory.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::codes::Code;
use super::diagnostic::Diagnostic;

/// The largest file that is read.
pub const SIZE_LIMIT: u64 = 256 << 10;

/// The text of a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    path: String,
    text: String,
    line_starts: Vec<usize>,
}

/// A line and a column, both counted from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Source {
    /// `text`, said to come from `path`.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Source { path: path.into(), text, line_starts }
    }

    /// Reads `path`; the error says why it cannot be a scenario.
    pub fn read(path: &Path) -> Result<Source, Diagnostic> {
        let shown = path.display().to_string();
        let bytes = read_bytes(path).map_err(|problem| problem.into_diagnostic(&shown))?;
        match String::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Ok(Source::new(shown, text)),
            Ok(_) => Err(not_text(&shown, "it contains zero bytes".to_owned())),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                Err(not_text(&shown, format!("byte {} is not UTF-8", at + 1)))
            }
        }
    }

    /// The path, as it was given.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The scenario's name: its path below the last directory called `scenarios`, or else its file name, without
    /// the ending `.toml`.
    pub fn scenario_name(&self) -> String {
        name_of(&self.path)
    }

    /// Where the byte `at` is.
    pub fn place(&self, at: usize) -> Place {
        let at = self.text.floor_char_boundary(at);
        let line = self.line_starts.partition_point(|start| *start <= at);
        let start = self.line_starts[line - 1];
        Place { line, column: self.text[start..at].chars().count() + 1 }
    }
}

/// Why a file gave no bytes.
enum Problem {
    Missing,
    NotAFile,
    TooLarge(Option<u64>),
    Refused(std::io::Error),
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    let refused = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => Problem::Missing,
        _ => Problem::Refused(error),
    };
    let about = std::fs::metadata(path).map_err(refused)?;
    if about.is_dir() {
        return Err(Problem::NotAFile);
    }
    if about.len() > SIZE_LIMIT {
        return Err(Problem::TooLarge(Some(about.len())));
    }
    // A pipe or a device does not say how long it is.
    let mut bytes = Vec::new();
    File::open(path).map_err(refused)?.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 > SIZE_LIMIT { Err(Problem::TooLarge(None)) } else { Ok(bytes) }
}

impl Problem {
    fn into_diagnostic(self, path: &str) -> Diagnostic {
        match self {
            Problem::Missing => Diagnostic::error(Code::FileMissing, format!("there is no file `{path}`"))
                .help("check the spelling, and the directory in which simrun was started"),
            Problem::NotAFile => Diagnostic::error(Code::NotAFile, format!("`{path}` is a directory, not a file"))
                .help("name one of the scenario files in it"),
            Problem::TooLarge(length) => {
                let length = match length {
                    Some(bytes) => format!("has {bytes} bytes"),
                    None => "does not end".to_owned(),
                };
                let limit = SIZE_LIMIT >> 10;
                Diagnostic::error(Code::FileTooLarge, format!("`{path}` {length}, a scenario has at most {limit} KiB"))
                    .help("is this really a scenario file?")
            }
            Problem::Refused(error) => Diagnostic::error(Code::Unreadable, format!("`{path}` cannot be read: {error}")),
        }
    }
}

fn not_text(path: &str, why: String) -> Diagnostic {
    Diagnostic::error(Code::NotText, format!("`{path}` is not a text file: {why}"))
        .help("scenario files are UTF-8; convert other encodings first")
}

/// The name of the scenario at a path, as [`Source::scenario_name`] gives it.
pub fn name_of(path: &str) -> String {
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
    let below = parts.iter().rposition(|part| *part == "scenarios").map(|at| at + 1);
    let name = parts[below.unwrap_or(parts.len().saturating_sub(1)).min(parts.len())..].join("/");
    name.strip_suffix(".toml").unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters() {
        let source = Source::new("x.toml", "a = 1\n中文 = 2\n");
        assert_eq!(source.place(0), Place { line: 1, column: 1 });
        assert_eq!(source.place(6), Place { line: 2, column: 1 });
        assert_eq!(source.place(12), Place { line: 2, column: 3 });
        assert_eq!(source.place(10), source.place(9), "inside a character");
        assert_eq!(source.place(9999).line, 3);
    }

    #[test]
    fn a_scenario_is_named_by_its_path_below_scenarios() {
        let name = |path: &str| Source::new(path, "").scenario_name();
        assert_eq!(name("scenarios/polardb/promote_before_stop.toml"), "polardb/promote_before_stop");
        assert_eq!(name("/home/me/scenarios/switchover_fail.toml"), "switchover_fail");
        assert_eq!(name("drills/mine.toml"), "mine");
        assert_eq!(name(""), "");
        assert_eq!(name("scenarios"), "");
    }
}
