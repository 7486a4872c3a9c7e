//! The lines of a dmcss log that tell what became of the groups: each shape and the event it stands for.
//!
//! Shapes are those of a real log of 2021 and of the model, which writes the same. Reading and writing are inverse:
//! what was read from a line writes that line again, byte for byte.

use std::fmt;

use crate::grammar::{LogKind, LogLine, Tracker, filled, holes, moment};

use super::replay::Governing;
use super::words::{GroupKind, Seqno};

/// The logs of DSC that can be judged.
pub const LOGS: &[LogKind] = &[LogKind {
    name: "dmcss",
    doc: "dm_CSSn_YYYYMM.log of the control CSS: status changes of the ASM and DB groups, commands, addresses",
    chinese: &[],
    resolution: 1,
    split,
    replay: |messages| Box::new(Tracker::new(Governing::of(messages))),
}];

/// `2021-05-01 23:50:16.096 [INFO] dmcss P0000000707 T0000000000000000766  MESSAGE`.
fn split(line: &str) -> Option<LogLine<'_>> {
    let (at, rest) = moment(line)?;
    let (head, message) = rest.split_once("  ")?;
    holes(" [{}] dmcss P{} T{}", head)?;
    Some(LogLine { at: Some(at), message: message.trim_end() })
}

/// The messages of a CSS log that a group's status machine explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A CSS has become the control CSS: its reign begins.
    Reign(Seqno),
    /// It is the control CSS no longer.
    ReignOver(Seqno),
    /// The voting disk could not be used: what the tick still had to do is lost.
    DiskLost(String),
    /// The host of a CSS that fell silent.
    CssDead(Seqno),
    /// A command is written.
    Order {
        /// The group of its receiver.
        group: GroupKind,
        /// Its name.
        command: String,
        /// Its receiver, twice: by name and by number.
        receiver: (String, Seqno),
        /// Its sequence number, 0 for none.
        sequence: u64,
    },
    /// A returning EP has this life from now on.
    Guid {
        /// Its group.
        group: GroupKind,
        /// Its name.
        name: String,
        /// The life.
        guid: u64,
    },
    /// A virtual address was configured on this host.
    Address {
        /// Which address.
        address: String,
        /// Whether it was to go up.
        up: bool,
        /// Whether it worked.
        done: bool,
        /// The interface.
        interface: String,
        /// The mask.
        mask: String,
    },
    /// The status of a group changes.
    Status {
        /// The group.
        group: GroupKind,
        /// From this.
        from: (String, String),
        /// To this.
        to: (String, String),
    },
    /// An EP of the DB group reports that it cannot reach another one.
    LinkFault {
        /// Who.
        ep: Seqno,
        /// Whom.
        peer: Seqno,
    },
    /// Anything else that only the group's machine says, word for word.
    Said {
        /// The group.
        group: GroupKind,
        /// What.
        text: String,
    },
}

/// What the machine of a group says in fixed words; a message of one of these shapes is the machine's or nobody's.
const SAYINGS: &[&str] = &[
    "Detected EP {} break in {}",
    "Set EP {} as break EP",
    "Set EP {} as recover EP",
    "Set EP {} as Control node",
    "Control Node[{}], break ep[{}], recover ep[{}], n_ok_ep[{}]",
    "cmd[{}] process over!",
    "{} is over!",
    "group record cannot be read, all EPs of the group are halted",
];

const ORDER: &str = "CSS set cmd {}, dest_ep {} seqno = {}, cmd_seq = {}";
const STATUS: &str = "status change from ({}, {}) to ({}, {})";
const LINK_FAULT: &str = "EP {} reports a link fault to EP {}";
const ADDRESS: &str = "[CSS]: css_vip_config({}, {}, {}, {}) {}";

impl Line {
    /// Reads a message; nothing if no group's machine has to do with it.
    pub fn read(message: &str) -> Option<Line> {
        Line::read_free(message).or_else(|| {
            GroupKind::ALL.into_iter().find_map(|group| {
                let text = message.strip_prefix(&format!("[{}]: ", group.name()))?;
                Line::read_of_group(group, text)
            })
        })
    }

    /// Messages that name no group in front, and those of the CSS itself.
    fn read_free(message: &str) -> Option<Line> {
        let numbered = |pattern: &str| {
            let found = holes(pattern, message)?;
            found.first()?.parse().ok()
        };
        if let Some(css) = numbered("[CSS]: Set EP CSS{}[{}] as Control node") {
            return Some(Line::Reign(css));
        }
        if let Some(css) = numbered("[CSS]: another control node is active, CSS{} becomes normal node") {
            return Some(Line::ReignOver(css));
        }
        if let Some(css) = numbered("[CSS]: [!!!DSC INFO!!!]dead instance detected, detect ep CSS{}[{}] broken.") {
            return Some(Line::CssDead(css));
        }
        if message.starts_with("Unable to access VOTING DISK!") {
            return Some(Line::DiskLost(message.to_owned()));
        }
        if let Some([interface, address, mask, turn, end]) = filled(ADDRESS, message) {
            let (up, done) = (turn == "UP", end == "success");
            let known = (up || turn == "DOWN") && (done || end == "failed");
            let owned = |text: &str| text.to_owned();
            return known.then(|| Line::Address {
                address: owned(address),
                up,
                done,
                interface: owned(interface),
                mask: owned(mask),
            });
        }
        [GroupKind::Asm, GroupKind::Db].into_iter().find_map(|group| {
            let kind = group.name();
            if let Some([name, guid]) = filled(&format!("css set {kind} [{{}}] guid [{{}}]"), message) {
                return Some(Line::Guid { group, name: name.to_owned(), guid: guid.parse().ok()? });
            }
            holes(&format!("css detect {kind} [{{}}] startup2"), message)?;
            Some(Line::Said { group, text: message.to_owned() })
        })
    }

    fn read_of_group(group: GroupKind, text: &str) -> Option<Line> {
        if let Some([command, name, number, sequence]) = filled(ORDER, text) {
            return Some(Line::Order {
                group,
                command: command.to_owned(),
                receiver: (name.to_owned(), number.parse().ok()?),
                sequence: sequence.parse().ok()?,
            });
        }
        if let Some([from, from_sub, to, to_sub]) = filled(STATUS, text) {
            let pair = |first: &str, second: &str| (first.to_owned(), second.to_owned());
            return Some(Line::Status { group, from: pair(from, from_sub), to: pair(to, to_sub) });
        }
        if let Some([reporter, other]) = filled(LINK_FAULT, text).filter(|_| group == GroupKind::Db) {
            let number = |numbered: &str| {
                let ep = numbered.strip_suffix(']')?.rsplit_once('[')?.1.parse().ok()?;
                (numbered == format!("{}[{ep}]", group.ep_name(ep))).then_some(ep)
            };
            return Some(Line::LinkFault { ep: number(reporter)?, peer: number(other)? });
        }
        let said = group != GroupKind::Css && SAYINGS.iter().any(|saying| holes(saying, text).is_some());
        said.then(|| Line::Said { group, text: text.to_owned() })
    }

    /// The group whose machine explains the line; addresses are the DB group's. `None` for lines about all groups.
    pub fn group(&self) -> Option<GroupKind> {
        match self {
            Line::Reign(_) | Line::ReignOver(_) | Line::DiskLost(_) | Line::CssDead(_) => None,
            Line::Order { group: GroupKind::Css, .. } | Line::Address { .. } | Line::LinkFault { .. } => {
                Some(GroupKind::Db)
            }
            Line::Order { group, .. }
            | Line::Guid { group, .. }
            | Line::Status { group, .. }
            | Line::Said { group, .. } => Some(*group),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Line::Reign(css) => write!(f, "[CSS]: Set EP CSS{css}[{css}] as Control node"),
            Line::ReignOver(css) => {
                write!(f, "[CSS]: another control node is active, CSS{css} becomes normal node")
            }
            Line::DiskLost(message) => f.write_str(message),
            Line::CssDead(css) => {
                write!(f, "[CSS]: [!!!DSC INFO!!!]dead instance detected, detect ep CSS{css}[{css}] broken.")
            }
            Line::Order { group, command, receiver: (name, number), sequence } => {
                let group = group.name();
                write!(f, "[{group}]: CSS set cmd {command}, dest_ep {name} seqno = {number}, cmd_seq = {sequence}")
            }
            Line::Guid { group, name, guid } => write!(f, "css set {} [{name}] guid [{guid}]", group.name()),
            Line::Address { address, up, done, interface, mask } => {
                let (turn, end) = (if *up { "UP" } else { "DOWN" }, if *done { "success" } else { "failed" });
                write!(f, "[CSS]: css_vip_config({interface}, {address}, {mask}, {turn}) {end}")
            }
            Line::Status { group, from, to } => {
                let group = group.name();
                write!(f, "[{group}]: status change from ({}, {}) to ({}, {})", from.0, from.1, to.0, to.1)
            }
            Line::LinkFault { ep, peer } => {
                let (name, other) = (GroupKind::Db.ep_name(*ep), GroupKind::Db.ep_name(*peer));
                write!(f, "[DB]: EP {name}[{ep}] reports a link fault to EP {other}[{peer}]")
            }
            Line::Said { text, .. } if text.starts_with("css detect ") => f.write_str(text),
            Line::Said { group, text } => write!(f, "[{}]: {text}", group.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INCIDENT: &str = include_str!("../../tests/fixtures/dm_CSS0_202105.log");

    #[test]
    fn every_line_of_the_incident_is_read_and_written_again() {
        for line in INCIDENT.lines() {
            let message = split(line).expect("a line of a dmcss log").message;
            let read = Line::read(message).unwrap_or_else(|| panic!("not read: {message}"));
            assert_eq!(read.to_string(), message);
        }
    }

    #[test]
    fn a_link_fault_is_read_and_written_again() {
        let message = "[DB]: EP DSC0[0] reports a link fault to EP DSC2[2]";
        let read = Line::read(message).expect("a line of the DB group");
        assert_eq!((&read, read.to_string().as_str()), (&Line::LinkFault { ep: 0, peer: 2 }, message));
        assert_eq!(Line::read("[DB]: EP DSC0[1] reports a link fault to EP DSC2[2]"), None);
        assert_eq!(Line::read("[ASM]: EP ASM0[0] reports a link fault to EP ASM1[1]"), None);
    }

    #[test]
    fn lines_of_others_are_left_alone() {
        assert_eq!(split("2021-05-01 23:50:16.096 [INFO] database P0000000707 T0000000000000000766  text"), None);
        assert_eq!(Line::read("[DB]: start DSC0"), None);
        assert_eq!(Line::read("VTD_CMD_SYS_HALT"), None);
    }
}
