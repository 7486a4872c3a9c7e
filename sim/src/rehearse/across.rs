//! The checks over all seeds: what each promises, and in how many runs it held.

use reports::handout::{Block, Cell};
use reports::{Check, Mode, Sentence};

use super::words::{columns, say};
use super::{Ending, Rehearsal};

/// A row for each check of the drill.
pub(super) fn checks(rehearsal: &Rehearsal, checks: &[Check]) -> Block {
    let rows = checks.iter().map(|check| {
        let violated = Across::of(rehearsal, |ending| &ending.violated, &check.name);
        let undecided = Across::of(rehearsal, |ending| &ending.undecided, &check.name);
        let first = violated.first.or(undecided.first);
        vec![
            Cell::Value(check.name.clone()),
            Cell::Words(mode(check.mode)),
            Cell::Words(check.promise.clone()),
            Cell::Value((rehearsal.ran - violated.seeds - undecided.seeds).to_string()),
            Cell::Value(violated.seeds.to_string()),
            Cell::Value(undecided.seeds.to_string()),
            first.map_or_else(|| Cell::Value("-".to_owned()), |seed| Cell::Value(seed.to_string())),
        ]
    });
    let heads = [
        ("Check", "检查项"),
        ("Kind", "类别"),
        ("Promise", "承诺"),
        ("Holds", "成立"),
        ("Violated", "违反"),
        ("Could not tell", "无法判定"),
        ("First seed", "首个种子"),
    ];
    Block::Table { columns: columns(&heads), rows: rows.collect() }
}

/// In how many seeds something stands in a list of their endings, and the smallest of them.
pub(super) struct Across {
    /// How many.
    pub(super) seeds: u64,
    /// The smallest.
    pub(super) first: Option<u64>,
}

impl Across {
    /// Seeds whose ending has the name in this list.
    pub(super) fn of(rehearsal: &Rehearsal, list: fn(&Ending) -> &Vec<String>, name: &str) -> Self {
        let having = || rehearsal.endings.iter().filter(|share| list(&share.ending).iter().any(|known| known == name));
        Across { seeds: having().map(|share| share.seeds).sum(), first: having().map(|share| share.example).min() }
    }
}

fn mode(mode: Mode) -> Sentence {
    match mode {
        Mode::Always => say("always", "始终"),
        Mode::Eventually => say("eventually", "最终"),
        Mode::Sometimes => say("sometimes", "至少一次"),
    }
}
