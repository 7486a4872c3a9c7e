//! Operations and moments in words, for the sentences of findings.
//!
//! One place says how an operation is told, so that every checker tells it the same way.

use std::borrow::Cow;

use reports::{Sentence, sentence};

use super::{Action, History, Key, Operation, Origin, Outcome, Reply, Value};

impl History {
    /// The name of a key.
    pub fn key_name(&self, key: Key) -> String {
        self.names.keys.get(&key).cloned().unwrap_or_else(|| key.to_string())
    }

    /// The name of a value; a string in quotation marks, shortened at its beginning when it is long.
    pub fn value_name(&self, value: Value) -> String {
        if self.texts {
            return quoted(&self.text_of(value));
        }
        self.names.values.get(&value).cloned().unwrap_or_else(|| value.to_string())
    }

    /// A string in quotation marks, shortened at its beginning when it is long.
    pub fn text_name(&self, text: &str) -> String {
        quoted(text)
    }

    /// The string that a value stands for, in a history of strings.
    pub fn text_of(&self, value: Value) -> Cow<'_, str> {
        match self.names.values.get(&value) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(value.to_string()),
        }
    }

    /// A row in words: `nothing`, `4` or `[1 2 3]`.
    pub fn row_name(&self, row: &[Value]) -> Sentence {
        match row {
            [] => ("nothing", "空").into(),
            [value] => self.value_name(*value).into(),
            _ => self.list_name(row).into(),
        }
    }

    /// A list in words: `[1 2 3]`, shortened in the middle when it is long.
    pub fn list_name(&self, row: &[Value]) -> String {
        let names = |part: &[Value]| part.iter().map(|value| self.value_name(*value)).collect::<Vec<_>>().join(" ");
        if row.len() <= 12 {
            return format!("[{}]", names(row));
        }
        format!("[{} … {}] ({} elements)", names(&row[..4]), names(&row[row.len() - 6..]), row.len())
    }

    /// When the operation ran: `from 1.000000s to 1.200000s`, or by lines.
    pub fn when(&self, operation: &Operation) -> Sentence {
        let from = self.moment(operation.called.to_string(), operation.called_event);
        match operation.returned {
            Some(at) => {
                sentence!("from {} to {}", "{} 至 {}", from, self.moment(at.to_string(), operation.returned_event))
            }
            None => sentence!("from {}, never answered", "自 {} 起,从未应答", from),
        }
    }

    fn moment(&self, time: String, event: Option<u64>) -> Sentence {
        match (self.origin, event) {
            (Origin::Lines, Some(line)) => sentence!("line {line}", "第 {line} 行"),
            (Origin::Entries, Some(entry)) => sentence!("entry {entry}", "第 {entry} 条"),
            (Origin::Run, _) | (_, None) => time.into(),
        }
    }

    /// Who ran the operation: `client 3`, with the node where that is known.
    pub fn who(&self, operation: &Operation) -> Sentence {
        let who = match self.origin {
            Origin::Run => sentence!("client {}", "客户端 {}", operation.client),
            Origin::Lines | Origin::Entries => sentence!("process {}", "进程 {}", operation.client),
        };
        match &operation.node {
            Some(node) => sentence!("{} at {node}", "{node} 上的{}", who),
            None => who,
        }
    }

    /// The whole operation: `client 3 read 4 from key 1, from 1.000000s to 1.200000s`.
    pub fn tell(&self, operation: &Operation) -> Sentence {
        self.tell_where(operation, |_| true)
    }

    /// The operation as far as it concerns one key.
    pub fn tell_on(&self, operation: &Operation, key: Key) -> Sentence {
        self.tell_where(operation, |action| action.key() == key)
    }

    fn tell_where(&self, operation: &Operation, wanted: impl Fn(&Action) -> bool) -> Sentence {
        let mut deeds: Vec<Sentence> = operation
            .replied_actions()
            .filter(|(action, _)| wanted(action))
            .map(|(action, reply)| self.tell_action(action, reply))
            .collect();
        if deeds.len() > 8 {
            let rest = deeds.len() - 7;
            deeds.truncate(7);
            deeds.push(sentence!("{rest} more", "另有 {rest} 项"));
        }
        let doubt = match operation.outcome {
            Outcome::Ok(_) => Sentence::default(),
            Outcome::Failed(_) => (" (failed)", "(失败)").into(),
            Outcome::Unknown => (" (outcome unknown)", "(结果未知)").into(),
        };
        let (who, deeds, when) = (self.who(operation), Sentence::joined(&deeds, ", "), self.when(operation));
        sentence!("{} {}{}, {}", "{}{}{},{}", who, deeds, doubt, when)
    }

    fn tell_action(&self, action: &Action, reply: Option<&Reply>) -> Sentence {
        let key = self.key_name(action.key());
        match (*action, reply) {
            (Action::Read { .. }, Some(Reply::Row(row))) => {
                sentence!("read {} from key {key}", "从键 {key} 读到 {}", self.row_name(row))
            }
            (Action::Read { .. }, _) => sentence!("read key {key}", "读键 {key}"),
            (Action::Write { value, .. }, _) => {
                sentence!("wrote {} to key {key}", "向键 {key} 写入 {}", self.value_name(value))
            }
            (Action::Append { value, .. }, _) => {
                sentence!("appended {} to key {key}", "向键 {key} 追加 {}", self.value_name(value))
            }
            (Action::Add { delta, .. }, _) => sentence!("added {delta} to key {key}", "给键 {key} 加 {delta}"),
            (Action::CompareAndSet { expected, new, .. }, reply) => {
                let (expected, new) = (self.value_name(expected), self.value_name(new));
                let result = match reply {
                    Some(Reply::Matched(true)) => (" and succeeded", ",成功").into(),
                    Some(Reply::Matched(false)) => (" and found another value", ",读到的是其他值").into(),
                    _ => Sentence::default(),
                };
                sentence!(
                    "compared key {key} with {expected} to set {new}{}",
                    "比较键 {key} 是否为 {expected} 并设为 {new}{}",
                    result
                )
            }
        }
    }
}

/// How many letters of a string are shown. Its end tells more than its beginning: appends happen there.
const SHOWN: usize = 60;

fn quoted(text: &str) -> String {
    let letters = text.chars().count();
    match letters.checked_sub(SHOWN) {
        None | Some(0) => format!("{text:?}"),
        Some(hidden) => {
            let end: String = text.chars().skip(hidden).collect();
            format!("…{end:?} ({letters} letters)")
        }
    }
}

#[cfg(test)]
mod tests {
    use nodes::world::time::Instant;

    use super::*;

    #[test]
    fn an_operation_is_told_with_its_times() {
        let operation = Operation::new(
            3,
            Instant(1_000_000_000),
            Some(Instant(1_200_000_000)),
            vec![Action::Read { key: 1 }, Action::Write { key: 2, value: 5 }],
            Outcome::Ok(vec![Reply::Row(vec![4]), Reply::Done]),
        );
        let history = History::default();
        let told = "client 3 read 4 from key 1, wrote 5 to key 2, from 1.000000s to 1.200000s";
        assert_eq!(history.tell(&operation).en, told);
        assert_eq!(history.tell_on(&operation, 2).en, "client 3 wrote 5 to key 2, from 1.000000s to 1.200000s");
        assert_eq!(history.tell_on(&operation, 2).chinese(), "客户端 3向键 2 写入 5,1.000000s 至 1.200000s");
    }

    #[test]
    fn a_history_from_a_file_is_told_by_its_lines_and_names() {
        let mut operation = Operation::new(
            7,
            Instant(0),
            None,
            vec![Action::CompareAndSet { key: 1, expected: 8, new: 9 }],
            Outcome::Unknown,
        );
        operation.called_event = Some(17);
        let mut history = History { origin: Origin::Lines, ..History::default() };
        history.names.keys.insert(1, ":x".to_string());
        let told = "process 7 compared key :x with 8 to set 9 (outcome unknown), from line 17, never answered";
        assert_eq!(history.tell(&operation).en, told);
    }

    #[test]
    fn a_long_string_is_shown_by_its_end() {
        let mut history = History { texts: true, ..History::default() };
        history.names.values.insert(1, "x".repeat(70) + "end");
        history.names.values.insert(2, "short".to_string());
        assert_eq!(history.value_name(2), "\"short\"");
        assert_eq!(history.value_name(1), format!("…\"{}end\" (73 letters)", "x".repeat(57)));
    }

    #[test]
    fn a_long_list_is_shortened_in_the_middle() {
        let row: Vec<i64> = (1..=20).collect();
        assert_eq!(History::default().list_name(&row), "[1 2 3 4 … 15 16 17 18 19 20] (20 elements)");
    }
}
