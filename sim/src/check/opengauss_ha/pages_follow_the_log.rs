//! I6: a server finds in its data files nothing of an abandoned log, by the bytes of both.
//!
//! Whatever a replay writes anew it mends; but it writes nothing into a page whose LSN says that it is there already. A
//! row that it does not write anew must be what the last commit of the log wrote, or what the database began with.

use std::collections::BTreeSet;

use nodes::fields;
use nodes::world::trace::{Event, Trace};
use reports::sentence;

use super::disk::{HeldRow, LoggedRow, Nodes, told};
use super::{Check, Example, Finding, announcement, holds_if, judge_written_disk, number, text, violated};
use crate::run::Record;

/// The check.
pub const CHECK: Check = Check {
    name: "ha-pages-follow-the-log",
    promise: "Every row that a replay does not write anew is what the server's own log says.",
    promise_zh: "回放未重写的每一行都与本机日志一致。",
    example: Example {
        story: "The log was replaced by the new primary's; the row 7 still holds 5, which only the abandoned log has written.",
        text: "\
3s dn1/gaussdb disk.replay keys=20 wrong=1 key=7 held=5 logged=4
",
        judge: |text| judge_written_disk(text, &CHECK, judge),
    },
};

/// Judges a record.
pub fn check(record: &Record) -> Finding {
    judge(&seen(record), &record.trace)
}

/// What each replay finds when it begins.
fn seen(record: &Record) -> Vec<Event> {
    let mut nodes = Nodes::of(record);
    record.trace.announced("replay.started").filter_map(|(event, _)| compared(record, &mut nodes, event)).collect()
}

fn compared(record: &Record, nodes: &mut Nodes<'_>, replay: &Event) -> Option<Event> {
    let (_, fields) = announcement(replay)?;
    let from = number(fields, "from")? as u64;
    let node = nodes.of_place(replay.place)?;
    let (log, rows) = (nodes.log(node, replay.at)?, nodes.rows(node, replay.at)?);
    let logged = nodes.logged(node, &log);
    // Of a row that no record writes only a log from the very beginning tells what it should be.
    let is_whole = log.records.first().is_some_and(|first| first.previous.0 == 0);
    let initial = |key: &i64| record.history.initial.get(key).cloned().unwrap_or_default();
    let keys: BTreeSet<i64> = rows.keys().chain(logged.keys()).copied().collect();
    let due = |key: &i64| match logged.get(key) {
        Some(commit) => due_row(commit, rows.get(key), from),
        None => is_whole.then(|| initial(key)),
    };
    let due: Vec<(i64, Vec<i64>)> = keys.iter().filter_map(|key| Some((*key, due(key)?))).collect();
    let held = |key: &i64| rows.get(key).map(|row| row.values.clone()).unwrap_or_default();
    let wrong: Vec<&(i64, Vec<i64>)> = due.iter().filter(|(key, row)| held(key) != *row).collect();
    let mut fields = fields! { keys: due.len(), wrong: wrong.len() };
    if let Some((key, row)) = wrong.first() {
        fields.extend(fields! { key: *key, held: words(&held(key)), logged: words(row) });
    }
    Some(told(replay, "disk.replay", fields))
}

/// What a page must hold of a row already, if the replay from `from` on will not write it.
fn due_row(commit: &LoggedRow, held: Option<&HeldRow>, from: u64) -> Option<Vec<i64>> {
    let is_in_page = held.is_some_and(|row| row.lsn > commit.end);
    (commit.from < from || is_in_page).then(|| commit.values.clone())
}

fn words(row: &[i64]) -> String {
    let values: Vec<String> = row.iter().map(i64::to_string).collect();
    if values.is_empty() { "nothing".to_owned() } else { values.join(",") }
}

fn judge(events: &[Event], trace: &Trace) -> Finding {
    let mut judged = false;
    for event in events {
        let Some(("disk.replay", fields)) = announcement(event) else { continue };
        let count = |name| number(fields, name).unwrap_or(0);
        judged |= count("keys") > 0;
        if count("wrong") > 0 {
            let (who, at, wrong, key) = (trace.place_name(event.place), event.at, count("wrong"), count("key"));
            let word = |name| match (text(fields, name), number(fields, name)) {
                (Some(word), _) => word.to_owned(),
                (None, value) => value.unwrap_or(0).to_string(),
            };
            let text = sentence!(
                "At {at} {who} starts with {wrong} rows that its log has not written: row {key} holds {}, by the \
                 log {}.",
                "{at} 时,{who} 启动后有 {wrong} 行不是其日志写入的:第 {key} 行为 {},按日志应为 {}。",
                word("held"),
                word("logged")
            );
            return violated(&CHECK, event, text);
        }
    }
    holds_if(
        &CHECK,
        judged,
        ("no server replayed a log over rows that it would not write anew", "没有实例在日志不会重写的行上回放过日志"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_mends_what_lies_before_it_and_is_not_in_the_page() {
        let commit = LoggedRow { values: vec![4], from: 100, end: 180 };
        let held = |lsn| HeldRow { values: vec![5], lsn };
        assert_eq!(due_row(&commit, Some(&held(180)), 100), None, "it is written anew");
        assert_eq!(due_row(&commit, None, 100), None);
        assert_eq!(due_row(&commit, Some(&held(200)), 100), Some(vec![4]), "the page says that it has it");
        assert_eq!(due_row(&commit, Some(&held(120)), 180), Some(vec![4]), "the replay begins behind it");
    }
}
