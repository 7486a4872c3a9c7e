//! I5: what was acknowledged before a crash is there after it, and nothing is read that was never committed.

use std::collections::{BTreeMap, BTreeSet};

use reports::sentence;

use super::story::{Group, Note, REDO_COMMANDS, Story, Told, What};
use super::{Check, Example, Finding, judge_written, kept, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-acknowledged-is-readable",
    promise: "After crash handling every acknowledged commit stands in a redo log, and every row that is read was committed.",
    promise_zh: "故障处理之后,已确认的提交都在重做日志中,读到的每一行都来自已提交的事务。",
    example: Example {
        story: "A client was told that its transaction is committed; redo found nothing of it.",
        text: "\
1s dsc0 told committed called=1s tx=1:0
2s dsc1/dmcss order DB.1 guid=8 command=2 seq=52 control=1 dead=1
3s dsc1/dmserver commit log=1 lsn=9 rows=3:1 tx=2:0
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    let mut logged: BTreeSet<(u32, u32)> = BTreeSet::new();
    let mut rows: BTreeMap<i64, BTreeSet<&[i64]>> = BTreeMap::new();
    for note in &story.notes {
        if let What::Commit { transaction, rows: changed, .. } = &note.what {
            logged.insert(*transaction);
            for (key, row) in changed {
                rows.entry(*key).or_default().insert(row);
            }
        }
    }
    let first_answer = story.notes.iter().find(|note| matches!(note.what, What::Told { .. })).map(|note| note.at);
    let was_redone = |note: &Note| {
        let begun = first_answer.is_some_and(|first| note.at > first);
        begun && matches!(&note.what, What::Order { group: Group::Db, command, .. } if REDO_COMMANDS.contains(command))
    };
    let Some(redone) = story.notes.iter().find(|note| was_redone(note)) else {
        return Finding::could_not_tell(
            CHECK.name,
            ("nothing was ever redone after clients had begun", "客户端开始之后从未发生重做"),
        );
    };
    let mut was_tested = false;
    for note in &story.notes {
        let What::Told { called, transaction, answer, read } = &note.what else { continue };
        was_tested = true;
        if *answer == Told::Committed && !logged.contains(transaction) {
            let (client, number) = transaction;
            let text = sentence!(
                "At {} {} told client {client} that its transaction {number} is committed; no redo log has it.",
                "{} 时,{} 告知客户端 {client} 其事务 {number} 已提交,但任何重做日志中都没有它。",
                note.at,
                note.by
            );
            return violated(&CHECK, note, text);
        }
        let known = |key: &i64, row: &[i64]| row.is_empty() || rows.get(key).is_some_and(|known| known.contains(row));
        let unknown = read.iter().find(|(key, row)| *called > redone.at && !known(key, row));
        if let Some((key, row)) = unknown {
            let text = sentence!(
                "At {} {} shows {row:?} in row {key}, which nobody committed.",
                "{} 时,{} 在第 {key} 行显示 {row:?},而该值从未有人提交。",
                note.at,
                note.by
            );
            return violated(&CHECK, note, text);
        }
    }
    kept(&CHECK, was_tested, ("no client was ever answered", "从未有客户端得到应答"))
}
