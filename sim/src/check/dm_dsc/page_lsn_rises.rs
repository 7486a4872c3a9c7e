//! I3: a page is changed by one EP at a time, so its LSN rises over all redo logs, and never falls on the data disk.
//!
//! This is what "single writer" means for a page: who may change it moves from EP to EP, and one LSN orders all changes.

use std::collections::BTreeMap;

use reports::sentence;

use super::story::{Note, Story, What};
use super::{Check, Example, Finding, judge_written, kept, violated};

/// How many pages the rows are spread over, by key.
const PAGES: i64 = 64;

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-page-lsn-rises",
    promise: "The LSN of a page rises with every change, whichever EP makes it, and never falls on the data disk.",
    promise_zh: "同一页的 LSN 无论由哪个 EP 修改都严格递增,数据盘上的页 LSN 不会回退。",
    example: Example {
        story: "DSC1 changes page 3 under LSN 9; then DSC0, which still believes to have the page, does so under LSN 8.",
        text: "\
1s dsc1/dmserver commit log=1 lsn=9 rows=3:1
2s dsc0/dmserver commit log=0 lsn=8 rows=3:2
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    let mut changed: BTreeMap<i64, (u64, &Note)> = BTreeMap::new();
    let mut written: BTreeMap<u32, (u64, &Note)> = BTreeMap::new();
    for note in &story.notes {
        match &note.what {
            What::Commit { lsn, rows, .. } => {
                for (key, _) in rows {
                    let page = key.rem_euclid(PAGES);
                    let before = changed.insert(page, (*lsn, note));
                    if let Some((last, other)) =
                        before.filter(|(last, other)| last > lsn || (last == lsn && *other != note))
                    {
                        let text = sentence!(
                            "At {} {} changes page {page} under LSN {lsn}; {} had changed it under {last} at {}.",
                            "{0} 时,{1} 以 LSN {lsn} 修改页 {page};而 {2} 已于 {3} 以 LSN {last} 修改过它。",
                            note.at,
                            note.who(),
                            other.who(),
                            other.at
                        );
                        return violated(&CHECK, note, text);
                    }
                }
            }
            What::Page { page, lsn } => {
                if let Some((last, other)) = written.insert(*page, (*lsn, note)).filter(|(last, _)| last > lsn) {
                    let text = sentence!(
                        "At {} {} writes page {page} with LSN {lsn} over what {} wrote at {} with LSN {last}.",
                        "{0} 时,{1} 以 LSN {lsn} 写页 {page},覆盖了 {2} 于 {3} 以 LSN {last} 写入的内容。",
                        note.at,
                        note.who(),
                        other.who(),
                        other.at
                    );
                    return violated(&CHECK, note, text);
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, !changed.is_empty() || !written.is_empty(), ("no page was ever changed", "从未修改过任何页"))
}
