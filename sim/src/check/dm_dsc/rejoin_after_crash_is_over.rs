//! I6: an EP comes back only when the data pages hold everything its log had changed before it died.

use std::collections::BTreeMap;

use reports::sentence;

use super::story::{Ep, Group, Story, What};
use super::{Check, Example, Finding, judge_written, kept, violated};

/// How many pages the rows are spread over, by key.
const PAGES: i64 = 64;

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-rejoin-after-crash-is-over",
    promise: "A rejoin begins only when every page that the returning EP had changed is on the data disk as new as its log says.",
    promise_zh: "只有当返回的 EP 修改过的每一页都已按其日志的最新状态写入数据盘后,才开始重加入。",
    example: Example {
        story: "DSC0 had changed page 3 under LSN 9; on disk the page has LSN 8 when DSC0 comes back.",
        text: "\
1s dsc0/dmserver commit log=0 lsn=9 rows=3:1
2s dsc1/dmserver page page=3 lsn=8
3s dsc1/dmcss record DB PROCESS_RECOVER/SUSPEND_WORKER recovering=0 counter=62
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    // For each log, the newest change of each page; for each page, what is on disk.
    let mut changed: BTreeMap<(Ep, i64), u64> = BTreeMap::new();
    let mut on_disk: BTreeMap<i64, u64> = BTreeMap::new();
    let mut was_recovering = None;
    let mut was_tested = false;
    for note in &story.notes {
        match &note.what {
            What::Commit { log, lsn, rows, .. } => {
                for (key, _) in rows {
                    let newest = changed.entry((*log, key.rem_euclid(PAGES))).or_default();
                    *newest = (*newest).max(*lsn);
                }
            }
            What::Page { page, lsn } => {
                on_disk.insert(i64::from(*page), *lsn);
            }
            What::Record(record) if record.group == Group::Db => {
                let begins = record.recovering.filter(|ep| was_recovering != Some(*ep));
                was_recovering = record.recovering;
                let Some(ep) = begins else { continue };
                let own = changed.range((ep, 0)..=(ep, PAGES)).map(|((_, page), lsn)| (*page, *lsn));
                let own: Vec<(i64, u64)> = own.collect();
                was_tested |= !own.is_empty();
                let old = own.iter().find(|(page, lsn)| on_disk.get(page).copied().unwrap_or(0) < *lsn);
                if let Some((page, lsn)) = old {
                    let disk = on_disk.get(page).copied().unwrap_or(0);
                    let text = sentence!(
                        "At {} EP {ep} begins to rejoin; page {page} has LSN {disk} on disk, its log had changed it \
                         under {lsn}.",
                        "{} 时,EP {ep} 开始重加入;磁盘上页 {page} 的 LSN 为 {disk},而其日志曾以 LSN {lsn} 修改该页。",
                        note.at
                    );
                    return violated(&CHECK, note, text);
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, was_tested, ("no EP that had changed anything ever rejoined", "修改过数据的 EP 都没有重加入过"))
}
