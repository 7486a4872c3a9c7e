//! `fenced-means-silent`: once a host is fenced, the shared storage accepts no write of it.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use nodes::world::trace::{Trace, What, field};
use reports::sentence;

use super::Finding;
use super::catalogue::{Check, Example};
use super::log_writes::{self, LogWrite};
use crate::run::Record;

/// Its name.
pub const NAME: &str = "fenced-means-silent";

/// The check.
pub const CHECK: Check = Check {
    name: NAME,
    promise: "After a host has been fenced, no write of it into a log is accepted until it has registered again.",
    promise_zh: "主机被隔离后,在其重新注册之前,存储不再接受它对日志的写入。",
    example: Example {
        story: "dn1 is fenced after one second, and the device accepts a write of it after three.",
        text: "1s dn1 fenced\n3s dn1/gaussdb 1.1 wal 0\n",
        judge: |text| {
            let (fences, writes): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.ends_with("fenced"));
            let fence = |line: &str| {
                let host = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
                Fence { host, from: Instant(1_000_000_000), to: Instant::NEVER }
            };
            let fences: Vec<Fence> = fences.into_iter().map(fence).collect();
            match log_writes::read_written(&writes.join("\n")) {
                Ok(writes) => judge(&fences, &writes),
                Err(problem) => Finding::could_not_tell(NAME, problem),
            }
        },
    },
};

/// A time during which a host is fenced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The host.
    pub host: String,
    /// From the moment the fence was complete.
    pub from: Instant,
    /// Until the host registered again.
    pub to: Instant,
}

/// Judges a record.
pub fn check(record: &Record) -> Finding {
    judge(&fences(&record.trace), &log_writes::of(record))
}

/// Every fence of a run: from `node.fenced { host }` to the next `scsi.registered` on that host.
pub fn fences(trace: &Trace) -> Vec<Fence> {
    let mut fences: Vec<Fence> = Vec::new();
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for event in trace.events() {
        match &event.what {
            What::Announced { name: "node.fenced", fields } => {
                let number =
                    field(fields, "host").and_then(|host| host.number()).and_then(|host| u16::try_from(host).ok());
                let Some(host) = number.map(|host| trace.host_name(nodes::world::trace::HostId(host)).to_owned())
                else {
                    continue;
                };
                open.entry(host.clone()).or_insert_with(|| {
                    fences.push(Fence { host, from: event.at, to: Instant::NEVER });
                    fences.len() - 1
                });
            }
            What::Announced { name: "scsi.registered", .. } => {
                let host = trace.host_of(event.place).map(|host| trace.host_name(host)).unwrap_or_default();
                if let Some(fence) = open.remove(host) {
                    fences[fence].to = event.at;
                }
            }
            _ => {}
        }
    }
    fences
}

/// Judges writes against fences.
pub fn judge(fences: &[Fence], writes: &[LogWrite]) -> Finding {
    let broken = writes.iter().find_map(|write| {
        let inside =
            |fence: &&Fence| fence.host == write.host && fence.from < write.accepted && write.accepted < fence.to;
        fences.iter().find(inside).map(|fence| (fence, write))
    });
    match broken {
        None if fences.is_empty() => Finding::could_not_tell(NAME, ("nobody was fenced", "没有节点被隔离")),
        None => Finding::holds(NAME),
        Some((fence, write)) => Finding::violated(
            NAME,
            None,
            Some(write.accepted),
            vec![sentence!(
                "{} was fenced at {}; the device accepted a write of {} into {} at {}.",
                "{} 已于 {} 被隔离;存储却在 {4} 接受了 {2} 对 {3} 的写入。",
                fence.host,
                fence.from,
                write.writer(),
                write.log,
                write.accepted
            )],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    #[test]
    fn a_host_may_write_again_when_it_has_registered() {
        let fence = Fence { host: "dn1".to_owned(), from: Instant(1), to: Instant(2_000_000_000) };
        let writes = log_writes::read_written("3s dn1/gaussdb 2.3 wal 0").expect("writes");
        assert_eq!(judge(&[fence], &writes).answer, Answer::Holds);
    }

    #[test]
    fn where_nobody_was_fenced_nothing_can_be_told() {
        let writes = log_writes::read_written("3s dn1/gaussdb 2.3 wal 0").expect("writes");
        assert_eq!(judge(&[], &writes).answer, Answer::CouldNotTell);
    }
}
