//! I11: on mirrored voting disks a read gives what was last written to more than half of them.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use reports::sentence;

use super::story::{Ep, Group, Story, What};
use super::{Check, Example, Finding, judge_written, kept, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-mirror-reads-what-was-written",
    promise: "What an EP reads from mirrored voting disks is not older than what a majority of them took before the read.",
    promise_zh: "从镜像表决盘读到的内容不会比读之前已被多数盘确认的内容更旧。",
    example: Example {
        story: "Command 50 is on the majority of the disks, and DSC1 reads command 49.",
        text: "\
1s dsc0/dmcss order DB.1 guid=8 command=1 seq=49
2s dsc0/dmcss order DB.1 guid=8 command=2 seq=50
3s dsc1/dmserver mail-read DB.1 guid=8 seq=49 began=2.5s
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// A command in a mailbox: since when a majority has it, for which life, and its number.
type Mail = (Instant, (u64, u64));

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    let mut written: BTreeMap<(Group, Ep), Vec<Mail>> = BTreeMap::new();
    let mut was_tested = false;
    for note in &story.notes {
        match &note.what {
            What::Order { group, ep, guid, sequence, .. } => {
                written.entry((*group, *ep)).or_default().push((note.at, (*guid, *sequence)));
            }
            What::MailRead { group, ep, guid, sequence, began } => {
                let orders = written.get(&(*group, *ep)).map(Vec::as_slice).unwrap_or_default();
                let before = orders.iter().rposition(|(at, _)| at < began);
                let read = orders.iter().rposition(|(_, order)| *order == (*guid, *sequence));
                was_tested |= before.is_some();
                let Some(newest) = before.filter(|newest| read.is_some_and(|read| read < *newest)) else { continue };
                let (at, (_, expected)) = orders[newest];
                let text = sentence!(
                    "At {} EP {ep} of the {} group reads command {sequence}; a majority had command {expected} \
                     since {at}.",
                    "{} 时,{} 组的 EP {ep} 读到命令 {sequence};而自 {at} 起多数盘上已是命令 {expected}。",
                    note.at,
                    group.name()
                );
                return violated(&CHECK, note, text);
            }
            _ => {}
        }
    }
    kept(&CHECK, was_tested, ("no command was ever read from mirrored voting disks", "从未从镜像表决磁盘读到命令"))
}
