//! Commits that only one data directory holds when a build is about to give it up.

use std::collections::BTreeSet;

use nodes::fields;
use nodes::world::trace::{Event, Trace};
use reports::{Sentence, sentence};

use super::disk::{NodeNumber, Nodes, told};
use super::{Check, Finding, OpenForWrites, announcement, holds_if, number, text, violated};
use crate::check::no_lost_commit::{Acknowledged, acknowledged};
use crate::check::recycled_log;
use crate::run::Record;

/// How many commits are named.
const NAMED: usize = 10;

/// Each build that gives a data directory up, with what is acknowledged and nowhere else: a full build (`full`) before
/// it deletes, held against every other node; a rewind (`rewind`) before it replaces the log, held against the nodes
/// that take writes.
pub(super) fn seen(record: &Record) -> Vec<Event> {
    let mut nodes = Nodes::of(record);
    let told_clients = acknowledged(&record.history);
    let mut open = OpenForWrites::default();
    let mut before_deletion: Option<Vec<(u32, u32)>> = None;
    let mut seen = Vec::new();
    for event in record.trace.events() {
        open.take(&record.trace, event);
        let Some((name @ ("build.scanned" | "build.start-tag" | "build.deleted"), _)) = announcement(event) else {
            continue;
        };
        let Some(node) = nodes.of_place(event.place) else { continue };
        let others = |is_kept: &dyn Fn(NodeNumber) -> bool, count: usize| -> Vec<NodeNumber> {
            (0..count).filter(|other| *other != node && is_kept(*other)).collect()
        };
        let count = nodes.count();
        match name {
            "build.deleted" => {
                seen.extend(before_deletion.take().map(|only| only_here(event, "full", &only)));
            }
            "build.start-tag" => {
                before_deletion =
                    commits_only_in(record, &mut nodes, node, &others(&|_| true, count), event, &told_clients);
            }
            _ => {
                let hosts: Vec<NodeNumber> = open.hosts().filter_map(|host| nodes.of_host(host)).collect();
                let others = others(&|other| hosts.contains(&other), count);
                let only = commits_only_in(record, &mut nodes, node, &others, event, &told_clients);
                seen.extend(only.map(|only| only_here(event, "rewind", &only)));
            }
        }
    }
    seen
}

/// What clients were told of by then and only one node's log has. A log that has forgotten segments keeps what was in
/// them: in the data files.
fn commits_only_in(
    record: &Record,
    nodes: &mut Nodes<'_>,
    node: NodeNumber,
    others: &[NodeNumber],
    event: &Event,
    told_clients: &[Acknowledged],
) -> Option<Vec<(u32, u32)>> {
    let mut commits = |node| -> Option<BTreeSet<(u32, u32)>> {
        let log = nodes.log(node, event.at)?;
        let forgotten = log.records.first().filter(|first| first.previous.0 != 0);
        let mut commits =
            forgotten.map(|first| recycled_log::commits_before(record, first.previous)).unwrap_or_default();
        commits.extend(log.records.into_iter().filter(|one| one.commit).map(|one| one.transaction));
        Some(commits)
    };
    let mut only = commits(node)?;
    for other in others {
        let kept = commits(*other)?;
        only.retain(|transaction| !kept.contains(transaction));
    }
    let in_time = told_clients.iter().filter(|one| one.at <= event.at).map(|one| one.transaction);
    Some(in_time.filter(|transaction| only.contains(transaction)).collect())
}

fn only_here(event: &Event, kind: &str, only: &[(u32, u32)]) -> Event {
    let named = |words: fn(&(u32, u32)) -> String| only.iter().take(NAMED).map(words).collect::<Vec<_>>().join(", ");
    let fields = fields! {
        kind: kind,
        commits: only.len(),
        list: named(|(client, number)| format!("client {client} transaction {number}")),
        list_zh: named(|(client, number)| format!("客户端 {client} 事务 {number}")),
    };
    told(event, "disk.only-here", fields)
}

/// No build of a kind may give up a commit.
pub(super) fn judge(check: &Check, events: &[Event], trace: &Trace, kind: &str, nothing: (&str, &str)) -> Finding {
    let mut judged = false;
    for event in events {
        let Some(("disk.only-here", fields)) = announcement(event) else { continue };
        if text(fields, "kind") != Some(kind) {
            continue;
        }
        judged = true;
        let commits = number(fields, "commits").unwrap_or(0);
        if commits > 0 {
            let (who, at) = (trace.place_name(event.place), event.at);
            let list = text(fields, "list").unwrap_or_default();
            let list = Sentence::new(list, text(fields, "list_zh").unwrap_or(list));
            let more =
                if commits > NAMED as i64 { Sentence::from((", and others", " 等")) } else { Sentence::default() };
            let text = sentence!(
                "At {at} {who} throws away {commits} commits that clients were told of and no other node keeps: {0}\
                 {1}.",
                "{at} 时,{who} 丢弃了 {commits} 个已向客户端确认、且其他节点都没有的提交:{0}{1}。",
                list,
                more
            );
            return violated(check, event, text);
        }
    }
    holds_if(check, judged, nothing)
}
