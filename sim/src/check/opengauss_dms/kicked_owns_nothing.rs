//! I6: a kicked node owns no lock, and is fenced before another node goes read-write.

use std::collections::{BTreeMap, BTreeSet};

use nodes::world::trace::{Event, HostId, Trace};
use reports::sentence;

use super::{Check, Example, Finding, announcement, judge_written, kept, number, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dms-kicked-owns-nothing",
    promise: "A node that is no work member owns no lock, and is fenced before a dssserver of another node becomes read-write.",
    promise_zh: "已不是工作成员的节点不持有任何锁,且在其他节点的 dssserver 变为可读写之前已被隔离。",
    example: Example {
        story: "Node 1 is kicked and never fenced; the dssserver of dn2 becomes the main one.",
        text: "\
1s dn2/dssserver started
2s dn2/cm_server member.kicked node=1 host=dn1
3s dn2/dssserver dss.read-write
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// What is known of locks and members.
#[derive(Default)]
struct Owners {
    owner: BTreeMap<String, i64>,
    excluded: BTreeSet<(String, i64)>,
}

impl Owners {
    /// Takes an event in; the lock and the instance that must not own it, if they now go together.
    fn take(&mut self, event: &Event) -> Option<(String, i64)> {
        let (name, fields) = announcement(event)?;
        let lock = text(fields, "lock")?.to_owned();
        let owner = match name {
            "instance.excluded" => {
                self.excluded.insert((lock.clone(), number(fields, "instance")?));
                *self.owner.get(&lock)?
            }
            "instance.included" => {
                self.excluded.remove(&(lock, number(fields, "instance")?));
                return None;
            }
            "lock.changed" => {
                let owner = number(fields, "owner")?;
                self.owner.insert(lock.clone(), owner);
                owner
            }
            _ => return None,
        };
        Some((lock, owner)).filter(|pair| self.excluded.contains(pair))
    }
}

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    // Hosts that were kicked while their key stood on the volume, and have not been fenced since.
    let mut at_large: Vec<String> = Vec::new();
    let mut owners = Owners::default();
    let mut kicks = 0;
    for event in trace.events() {
        if let Some((lock, instance)) = owners.take(event) {
            let text = sentence!(
                "At {} instance {instance} owned {lock} and was no work member.",
                "{} 时,实例 {instance} 持有 {lock},却不是工作成员。",
                event.at
            );
            return violated(&CHECK, event, vec![text]);
        }
        match announcement(event) {
            Some(("member.kicked", fields)) => {
                kicks += 1;
                at_large.extend(text(fields, "host").map(str::to_owned));
            }
            Some(("member.joined", fields)) => at_large.retain(|host| Some(host.as_str()) != text(fields, "host")),
            Some(("node.fenced", fields)) => {
                let fenced = number(fields, "host").map(|host| HostId(host as u16));
                at_large.retain(|host| fenced.is_none_or(|fenced| trace.host_name(fenced) != host));
            }
            Some(("dss.read-write", _)) => {
                let here = trace.host_of(event.place).map(|host| trace.host_name(host));
                let other = at_large.iter().find(|host| Some(host.as_str()) != here);
                if let Some(host) = other {
                    return violated(
                        &CHECK,
                        event,
                        vec![sentence!(
                            "At {} {} became read-write; {host} had been kicked and its key had not been preempted.",
                            "{} 时,{} 变为读写;而 {host} 已被踢出,其注册键尚未被抢占。",
                            event.at,
                            trace.place_name(event.place)
                        )],
                    );
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, kicks > 0, ("nobody was kicked", "没有节点被踢出"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    const KICKED: &str = "\
1s dn2/cm_server lock.changed lock=dms_reformer_lock owner=0 version=1
2s dn2/cm_server member.kicked node=1 host=dn1
";
    const EXCLUDED: &str = "2s dn2/cm_server instance.excluded resource=dms_res lock=dms_reformer_lock instance=0\n";
    const RELEASED: &str = "2s dn2/cm_server lock.changed lock=dms_reformer_lock owner=-1 version=2\n";

    fn answer(rest: &[&str]) -> Answer {
        judge_written(&format!("{KICKED}{}", rest.concat()), &CHECK, judge).answer
    }

    #[test]
    fn a_kicked_instance_loses_its_lock_and_gets_none() {
        assert_eq!(answer(&[RELEASED, EXCLUDED]), Answer::Holds);
        assert_eq!(answer(&[EXCLUDED]), Answer::Violated, "it kept the lock");
        let taken = "3s dn2/cm_server lock.changed lock=dms_reformer_lock owner=0 version=3\n";
        assert_eq!(answer(&[RELEASED, EXCLUDED, taken]), Answer::Violated, "it got the lock again");
        let back = "3s dn2/cm_server instance.included resource=dms_res lock=dms_reformer_lock instance=0\n";
        assert_eq!(answer(&[RELEASED, EXCLUDED, back, taken]), Answer::Holds, "it had come back");
    }
}
