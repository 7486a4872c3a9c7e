//! I7: a virtual address is up on at most one host.
//!
//! In the measured rejoin (reference, section 3.2, rows 8 to 10) the control CSS writes the order to take the address
//! down for another CSS, and 21 ms later puts it up on its own host: it does not wait until the other one has read its
//! mailbox, which each CSS does once a poll. So an address that moves is up on both for that poll, by the product's own
//! flow, and two hosts that have it for longer than that are the fault.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nodes::world::time::Instant;
use reports::{Sentence, sentence};

use super::story::{Note, Story, What};
use super::{Check, Example, Finding, judge_written, kept};
use crate::check::all_of;

/// The longest poll that was measured (reference, section 9.3: 1.005 to 1.06 s), and the call of the script.
const POLL: Duration = Duration::from_millis(1_100);

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-vip-on-one-host",
    promise: "A virtual address is up on at most one host, but for the one poll of CSS in which it is handed over.",
    promise_zh: "除移交时的一个 CSS 轮询周期外,一个虚拟 IP 最多只在一台主机上启用。",
    example: Example {
        story: "The address of dsc0 goes up on dsc1 and was never taken down on dsc0.",
        text: "\
1s dsc0/dmcss address 192.168.56.121 up
2s dsc1/dmcss address 192.168.56.121 up
5s ends
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Where one address is up.
#[derive(Default)]
struct Address<'a> {
    hosts: BTreeSet<&'a str>,
    /// Since when it is up on more than one, and on which.
    twice: Option<(Instant, BTreeSet<&'a str>)>,
    changes: u32,
}

impl<'a> Address<'a> {
    fn change(&mut self, at: Instant, change: impl FnOnce(&mut BTreeSet<&'a str>)) {
        change(&mut self.hosts);
        match (self.hosts.len() > 1, &mut self.twice) {
            (false, _) => self.twice = None,
            (true, Some((_, hosts))) => hosts.clone_from(&self.hosts),
            (true, None) => self.twice = Some((at, self.hosts.clone())),
        }
    }

    /// What is wrong if it stays as it is until this moment.
    fn until(&self, name: &str, now: Instant) -> Option<(Instant, Sentence)> {
        let (since, hosts) = self.twice.as_ref().filter(|(since, _)| now.since(*since) > POLL)?;
        let text = sentence!(
            "From {since} on, for longer than a poll of CSS, {name} is up on {}.",
            "自 {since} 起,{name} 同时在 {} 上启用,超过一个 CSS 轮询周期。",
            all_of(hosts.iter())
        );
        Some((*since, text))
    }
}

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    let mut addresses: BTreeMap<&str, Address<'_>> = BTreeMap::new();
    let ends = story.notes.iter().map(|note| (note.at, Some(note))).chain([(story.ended, None)]);
    for (now, note) in ends {
        if let Some((at, text)) = addresses.iter().find_map(|(name, address)| address.until(name, now)) {
            return Finding::violated(CHECK.name, None, Some(at), vec![text]);
        }
        if let Some(note) = note {
            take(&mut addresses, note);
        }
    }
    let moved = addresses.values().any(|address| address.changes > 1);
    kept(&CHECK, moved, ("no address was ever moved", "地址从未漂移"))
}

fn take<'a>(addresses: &mut BTreeMap<&'a str, Address<'a>>, note: &'a Note) {
    let host = note.host();
    match &note.what {
        What::PowerLost => {
            for address in addresses.values_mut() {
                address.change(note.at, |hosts| hosts.retain(|it| *it != host));
            }
        }
        What::Address { address, up } => {
            let address = addresses.entry(address).or_default();
            address.changes += 1;
            address.change(note.at, |hosts| {
                match up {
                    true => hosts.insert(host),
                    false => hosts.remove(host),
                };
            });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::written;
    use super::*;
    use crate::check::Answer;

    #[test]
    fn a_handover_takes_a_poll_and_no_longer() {
        let answer = |text: &str| judge(&written::read(text).expect("a story")).answer;
        let both = "1s dsc1/dmcss address 192.168.56.121 up\n2s dsc0/dmcss address 192.168.56.121 up\n";
        let down = "dsc1/dmcss address 192.168.56.121 down\n9s ends\n";
        assert_eq!(answer(&format!("{both}3.050s {down}")), Answer::Holds);
        assert_eq!(answer(&format!("{both}3.200s {down}")), Answer::Violated);
        assert_eq!(answer(&format!("{both}2.500s dsc1 power-lost\n9s ends\n")), Answer::Holds);
        assert_eq!(answer(&format!("{both}9s ends\n")), Answer::Violated);
    }
}
