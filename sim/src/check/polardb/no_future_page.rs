//! I4: a replica never returns data of a page that is newer than what it has replayed.

use reports::sentence;

use super::{Check, Example, Finding, Story, announcement, judge_written, kept, number, violated, who};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-no-future-page",
    promise: "No session of a replica reads a page with an LSN beyond what the replica has replayed.",
    promise_zh: "只读节点的会话不会读到超过其回放位点的数据页。",
    example: Example {
        story: "A session on pb2 reads page 3 with LSN 900 when pb2 has replayed up to 700.",
        text: "1s pb2/postgres replica.read page=3 lsn=900 replayed=700\n",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges what sessions of replicas announce: what they read is in memory, and no device knows it.
pub(super) fn judge(story: &Story) -> Finding {
    for event in story.events() {
        let Some(("replica.read", fields)) = announcement(event) else { continue };
        let (Some(page), Some(lsn), Some(replayed)) =
            (number(fields, "page"), number(fields, "lsn"), number(fields, "replayed"))
        else {
            continue;
        };
        if lsn > replayed {
            let who = who(story.trace, event);
            let told = sentence!(
                "{0} read page {page} with LSN {lsn}, but has replayed only up to {replayed}.",
                "{0} 读到了 LSN 为 {lsn} 的页 {page},而它只回放到 {replayed}。",
                who
            );
            return violated(&CHECK, event, vec![told]);
        }
    }
    kept(&CHECK, story, &["replica.read"])
}
