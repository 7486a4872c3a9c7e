//! I7: a virtual address is up on at most one host.

use std::collections::{BTreeMap, BTreeSet};

use reports::sentence;

use super::story::{Story, What};
use super::{Check, Example, Finding, judge_written, kept, violated};
use crate::check::all_of;

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-vip-on-one-host",
    promise: "A virtual address is up on at most one host at any moment.",
    promise_zh: "任何时刻一个虚拟 IP 最多只在一台主机上启用。",
    example: Example {
        story: "The address of dsc0 goes up on dsc1 and was never taken down on dsc0.",
        text: "\
1s dsc0/dmcss address 192.168.56.121 up
2s dsc1/dmcss address 192.168.56.121 up
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    let mut up: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut changes: BTreeMap<&str, u32> = BTreeMap::new();
    for note in &story.notes {
        match &note.what {
            What::PowerLost => up.values_mut().for_each(|hosts| hosts.retain(|host| *host != note.host())),
            What::Address { address, up: false } => {
                *changes.entry(address).or_default() += 1;
                up.entry(address).or_default().remove(note.host());
            }
            What::Address { address, up: true } => {
                *changes.entry(address).or_default() += 1;
                let hosts = up.entry(address).or_default();
                hosts.insert(note.host());
                if hosts.len() > 1 {
                    let text = sentence!(
                        "At {} {address} is up on {}.",
                        "{} 时,{address} 同时在 {} 上绑定。",
                        note.at,
                        all_of(hosts.iter())
                    );
                    return violated(&CHECK, note, text);
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, changes.values().any(|changes| *changes > 1), ("no address was ever moved", "地址从未漂移"))
}
