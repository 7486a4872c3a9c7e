//! The written form of a history: JSON lines, one operation a line.
//!
//! It exists so that a run can be kept, read by other tools and judged again. An optional first line says which
//! version of the form follows and what the keys held at the beginning:
//!
//! ```json
//! {"format":1,"initial":{"1":[100]}}
//! {"client":0,"session":0,"called":5,"returned":9,"actions":[{"read":{"key":1}}],"outcome":{"ok":[[100]]}}
//! {"client":1,"session":1,"called":6,"actions":[{"write":{"key":1,"value":7}}],"outcome":"unknown"}
//! ```
//!
//! Times are nanoseconds of model time. Blank lines are skipped; anything else that is not an operation is an
//! error that names its line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{History, Key, Names, Operation, Origin, Outcome, Row};

/// The version of the form that is written, and the newest that is read.
pub const FORMAT: u32 = 1;

/// Why a line could not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReadError {
    /// The line is not JSON, or not an operation.
    #[error("line {line}: not an operation of a history: {reason}")]
    NotAnOperation {
        /// The line, from 1.
        line: u64,
        /// What the JSON reader says.
        reason: String,
    },
    /// The operation contradicts itself.
    #[error("line {line}: {reason}")]
    Impossible {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The history was written by a newer version.
    #[error("line {line}: the history has format {found}, but this version reads up to {FORMAT}: use a newer simrun")]
    TooNew {
        /// The line, from 1.
        line: u64,
        /// The format it says it has.
        found: u32,
    },
}

impl ReadError {
    /// The line that could not be read, from 1.
    pub fn line(&self) -> u64 {
        match self {
            ReadError::NotAnOperation { line, .. }
            | ReadError::Impossible { line, .. }
            | ReadError::TooNew { line, .. } => *line,
        }
    }

    /// The message without its line.
    pub fn reason(&self) -> String {
        let message = self.to_string();
        message.split_once(": ").map_or(message.clone(), |(_, reason)| reason.to_string())
    }
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    #[serde(default)]
    origin: Origin,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    texts: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    initial: BTreeMap<Key, Row>,
    #[serde(default)]
    names: Names,
}

/// The history in its written form.
pub fn write(history: &History) -> String {
    let header = Header {
        format: FORMAT,
        origin: history.origin,
        texts: history.texts,
        initial: history.initial.clone(),
        names: history.names.clone(),
    };
    let mut text = line(&header);
    for operation in &history.operations {
        text.push_str(&line(operation));
    }
    text
}

fn line(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string(value).expect("a history has only numbers and strings as map keys");
    text.push('\n');
    text
}

/// Reads a history from its written form.
pub fn read(text: &str) -> Result<History, ReadError> {
    let mut history = History::default();
    let mut first = true;
    for (number, content) in (1u64..).zip(text.lines()) {
        let content = content.trim();
        if content.is_empty() {
            continue;
        }
        if std::mem::take(&mut first) && is_header(content) {
            read_header(content, number, &mut history)?;
        } else {
            history.operations.push(read_operation(content, number)?);
        }
    }
    Ok(history)
}

fn is_header(content: &str) -> bool {
    #[derive(Deserialize)]
    struct HasFormat {
        #[serde(rename = "format")]
        _format: serde_json::Value,
    }
    serde_json::from_str::<HasFormat>(content).is_ok()
}

fn read_header(content: &str, line: u64, history: &mut History) -> Result<(), ReadError> {
    let header: Header =
        serde_json::from_str(content).map_err(|error| ReadError::NotAnOperation { line, reason: error.to_string() })?;
    if header.format > FORMAT {
        return Err(ReadError::TooNew { line, found: header.format });
    }
    history.origin = header.origin;
    history.texts = header.texts;
    history.initial = header.initial;
    history.names = header.names;
    Ok(())
}

fn read_operation(content: &str, line: u64) -> Result<Operation, ReadError> {
    let operation: Operation =
        serde_json::from_str(content).map_err(|error| ReadError::NotAnOperation { line, reason: error.to_string() })?;
    match contradiction(&operation) {
        Some(reason) => Err(ReadError::Impossible { line, reason }),
        None => Ok(operation),
    }
}

/// What is wrong with an operation that has the right shape.
fn contradiction(operation: &Operation) -> Option<String> {
    if operation.returned.is_some_and(|returned| returned < operation.called) {
        return Some("the operation is answered before it is called".to_string());
    }
    let Outcome::Ok(replies) = &operation.outcome else { return None };
    if operation.returned.is_none() {
        return Some("the operation is ok but has no `returned`: say when, or make it unknown".to_string());
    }
    if replies.len() != operation.actions.len() {
        return Some(format!("{} actions but {} replies", operation.actions.len(), replies.len()));
    }
    let wrong = operation.actions.iter().zip(replies).position(|(action, reply)| !reply.answers(action))?;
    Some(format!(
        "reply {} does not fit its action: a read gets a list, a compare-and-set true or false, all others null",
        wrong + 1
    ))
}

#[cfg(test)]
mod tests {
    use nodes::world::time::Instant;

    use super::*;
    use crate::history::{Action, Reply};

    fn example() -> History {
        let mut history = History::of(vec![
            Operation::new(
                0,
                Instant(5),
                Some(Instant(9)),
                vec![
                    Action::Read { key: 1 },
                    Action::Write { key: 1, value: 7 },
                    Action::CompareAndSet { key: 2, expected: 1, new: 2 },
                    Action::Append { key: 3, value: 4 },
                    Action::Add { key: 4, delta: -5 },
                ],
                Outcome::Ok(vec![Reply::Row(vec![100]), Reply::Done, Reply::Matched(false), Reply::Done, Reply::Done]),
            ),
            Operation::new(1, Instant(6), None, vec![Action::Write { key: 1, value: 8 }], Outcome::Unknown),
            Operation::new(1, Instant(7), Some(Instant(8)), vec![], Outcome::Failed("refused".to_string())),
        ]);
        history.initial.insert(1, vec![100]);
        history.operations[0].node = Some("dn1".to_string());
        history.operations[0].replica_read = true;
        history.operations[1].called_event = Some(3);
        history
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(read(&write(&example())).unwrap(), example());
    }

    #[test]
    fn the_form_is_fixed() {
        let lines: Vec<String> = write(&example()).lines().map(str::to_string).collect();
        assert_eq!(lines[0], r#"{"format":1,"origin":"run","initial":{"1":[100]},"names":{}}"#);
        assert_eq!(
            lines[2],
            r#"{"client":1,"session":1,"called":6,"called-event":3,"actions":[{"write":{"key":1,"value":8}}],"outcome":"unknown"}"#
        );
    }

    #[test]
    fn the_first_line_is_optional() {
        let text = write(&example());
        let (_, operations) = text.split_once('\n').unwrap();
        assert_eq!(read(operations).unwrap().operations, example().operations);
    }

    #[test]
    fn a_bad_line_is_named() {
        let good =
            r#"{"client":0,"session":0,"called":5,"returned":9,"actions":[{"read":{"key":1}}],"outcome":{"ok":[[1]]}}"#;
        for (bad, words) in [
            ("{", "line 3: not an operation"),
            ("[1,2]", "line 3: not an operation"),
            (&good.replace("\"session\":0,", "") as &str, "missing field `session`"),
            (&good.replace("[[1]]", "[null]"), "line 3: reply 1 does not fit its action"),
            (&good.replace("[[1]]", "[]"), "line 3: 1 actions but 0 replies"),
            (&good.replace("\"returned\":9", "\"returned\":4"), "answered before it is called"),
            (&good.replace("\"returned\":9,", ""), "ok but has no `returned`"),
        ] {
            let error = read(&format!("{good}\n\n{bad}\n")).unwrap_err().to_string();
            assert!(error.contains(words), "{bad}: {error}");
        }
    }

    #[test]
    fn a_newer_format_is_refused() {
        assert_eq!(read("{\"format\":2}"), Err(ReadError::TooNew { line: 1, found: 2 }));
    }
}
