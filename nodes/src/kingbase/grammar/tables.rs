//! The tables of `repmgr cluster show` and `repmgr service status`: of each node a row, with what it can say, and the
//! issues that are listed beside them.
//!
//! A status says how a node is registered and what was seen of it, so that not every role can have every status
//! (KingbaseES reference, section 3.2). Within one paste a number is one node. repmgr 5.3 lists the issues before
//! the table, others behind it; a paste is of one of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::grammar::{LogLine, Replay, Taken, holes};
use crate::kingbase::metadata::NodeType;
use crate::kingbase::repmgr::statuses;

/// What a list of issues begins with.
const ISSUES: &str = "following issues were detected";
/// Issues, by their node.
const ISSUE_SHAPES: [&str; 4] = [
    "- unable to connect to node \"{}\" (ID: {})",
    "- unable to connect to node \"{}\" (ID: {})'s upstream node {}",
    "- unable to determine if node \"{}\" (ID: {}) is attached to its upstream node {}",
    "- node \"{}\" (ID: {}) {}",
];

/// A line of a table, cells between bars, the first of them a number or the heading of the numbers; or a line of a list
/// of issues.
pub(super) fn split(line: &str) -> Option<LogLine<'_>> {
    let message = line.trim_end();
    let cells = cells(message);
    let is_line = cells.len() >= 6 && (cells[0] == "ID" || cells[0].parse::<u32>().is_ok());
    if is_line {
        return Some(LogLine { at: None, message });
    }
    let begins = super::behind_its_level(message).filter(|message| *message == ISSUES);
    let message = begins.or_else(|| issue(message.trim_start()).map(|_| message.trim_start()))?;
    Some(LogLine { at: None, message })
}

/// The name and the number of the node that an issue is about.
fn issue(message: &str) -> Option<(&str, u32)> {
    let found = ISSUE_SHAPES.iter().filter_map(|shape| holes(shape, message));
    found.filter_map(|found| Some((*found.first()?, found.get(1)?.parse().ok()?))).next()
}

fn cells(line: &str) -> Vec<&str> {
    line.split('|').map(str::trim).collect()
}

/// The tables of a paste, one after the other.
pub(super) struct Tables {
    /// The headings of the table one is in.
    headings: Vec<String>,
    /// The number of its last row.
    last: Option<u32>,
    /// What the nodes are called.
    names: BTreeMap<u32, String>,
    /// The nodes of the list of issues that no table has come behind yet.
    listed: Option<BTreeSet<u32>>,
    /// Those of the list in front of the table one is in, if there is one.
    expected: Option<BTreeSet<u32>>,
    /// Nodes of the last table that a mark says something is wrong with.
    marked: BTreeSet<u32>,
    /// Whether every list so far fits the table behind it.
    before: bool,
    /// Whether every list so far fits the table in front of it.
    behind: bool,
}

impl Tables {
    /// Before the first line.
    pub(super) fn new() -> Self {
        let (headings, last, names, marked) = (Vec::new(), None, BTreeMap::new(), BTreeSet::new());
        Tables { headings, last, names, listed: None, expected: None, marked, before: true, behind: true }
    }
}

impl Replay for Tables {
    fn take(&mut self, message: &str) -> Taken {
        if message == ISSUES {
            self.listed = Some(BTreeSet::new());
            return Taken::Explained(None);
        }
        if let Some((name, number)) = issue(message) {
            return match self.issue(name, number) {
                None => Taken::Foreign,
                Some(Ok(())) => Taken::Explained(None),
                Some(Err(allowed)) => Taken::Unexplained(allowed),
            };
        }
        let cells = cells(message);
        if cells[0] == "ID" {
            self.expected = self.listed.take();
            self.marked.clear();
            self.headings = cells.into_iter().map(str::to_owned).collect();
            self.last = None;
            return if self.is_of_repmgr() { Taken::Explained(None) } else { Taken::Foreign };
        }
        // The last cells of a row may be empty, and are then not printed.
        if !self.is_of_repmgr() || cells.len() > self.headings.len() {
            return Taken::Foreign;
        }
        match self.row(&cells) {
            Ok(()) => Taken::Explained(None),
            Err(allowed) => Taken::Unexplained(allowed),
        }
    }
}

impl Tables {
    fn is_of_repmgr(&self) -> bool {
        ["ID", "Name", "Role", "Status", "Upstream"].iter().zip(&self.headings).all(|(want, have)| want == have)
            && self.headings.len() >= 6
    }

    /// Takes an issue; nothing if it stands in no list, else what could have stood there instead.
    fn issue(&mut self, name: &str, number: u32) -> Option<Result<(), Vec<String>>> {
        self.listed.as_mut()?.insert(number);
        self.behind &= self.marked.contains(&number);
        let known = self.name(name, number);
        Some(known.and_then(|()| if self.lists_fit() { Ok(()) } else { Err(self.possible_issues()) }))
    }

    /// The issues that the last table lets be.
    fn possible_issues(&self) -> Vec<String> {
        let name = |number| self.names.get(number).map_or("{}", String::as_str);
        self.marked.iter().map(|number| format!("- node \"{}\" (ID: {number}) {{}}", name(number))).collect()
    }

    /// Takes what a node is called; what could have stood there instead.
    fn name(&mut self, name: &str, number: u32) -> Result<(), Vec<String>> {
        let known = self.names.entry(number).or_insert_with(|| name.to_owned());
        if known == name { Ok(()) } else { Err(vec![format!("{number} | {known}")]) }
    }

    /// Whether lists and tables fit each other in one order or the other.
    fn lists_fit(&self) -> bool {
        self.before || self.behind
    }

    /// Takes a row; what could have stood there instead.
    fn row(&mut self, cells: &[&str]) -> Result<(), Vec<String>> {
        let id: u32 = cells[0].parse().unwrap_or_default();
        if self.last.is_some_and(|last| id <= last) {
            return Err(vec![format!("ID > {}", self.last.unwrap_or_default())]);
        }
        self.last = Some(id);
        self.name(cells[1], id)?;
        let roles = [NodeType::Primary, NodeType::Standby, NodeType::Witness];
        let Some(kind) = roles.into_iter().find(|kind| kind.word() == cells[2]) else {
            return Err(roles.iter().map(|kind| format!("Role {}", kind.word())).collect());
        };
        let statuses: BTreeSet<&str> = statuses(kind).into_iter().map(str::trim).collect();
        if !statuses.contains(cells[3]) {
            return Err(statuses.iter().map(|status| format!("{} | {status}", cells[2])).collect());
        }
        if kind == NodeType::Primary && !cells[4].is_empty() {
            return Err(vec!["Upstream: -".to_owned()]);
        }
        let is_marked = cells[3].starts_with(['?', '!', '-']) || cells[4].starts_with(['?', '!']);
        if is_marked {
            self.marked.insert(id);
        }
        if let Some(expected) = &self.expected {
            let is_listed = expected.contains(&id);
            self.before &= is_listed == is_marked;
            if !self.lists_fit() {
                let possible: &[&str] = if is_listed {
                    &["?", "!", "- failed", "Upstream: ?", "Upstream: !"]
                } else {
                    &["* running", "running"]
                };
                return Err(possible.iter().map(|status| format!("{id} | {} | {status}", cells[1])).collect());
            }
        }
        self.others(cells)
    }

    /// The cells behind the upstream.
    fn others(&self, cells: &[&str]) -> Result<(), Vec<String>> {
        let of = |heading: &str| {
            let column = self.headings.iter().position(|it| it == heading)?;
            Some(cells.get(column).copied().unwrap_or_default())
        };
        let is_number = |cell: &str| cell.parse::<u64>().is_ok();
        for heading in ["Timeline", "TLI"] {
            if of(heading).is_some_and(|cell| !is_number(cell) && !matches!(cell, "n/a" | "?")) {
                return Err(vec![format!("{heading}: a number, n/a")]);
            }
        }
        let lag = of("LSN_Lag").filter(|cell| !cell.is_empty());
        if lag.is_some_and(|cell| cell.strip_suffix(" bytes").is_none_or(|bytes| !is_number(bytes))) {
            return Err(vec!["LSN_Lag: {} bytes".to_owned()]);
        }
        let daemon = of("repmgrd").zip(of("PID")).zip(of("Paused?"));
        match daemon.map(|((runs, pid), paused)| (runs, is_number(pid), pid, paused)) {
            None
            | Some(("running", true, _, "yes" | "no"))
            | Some(("not running", false, "n/a", "yes" | "no" | "n/a")) => Ok(()),
            Some(("n/a", false, "n/a", "n/a")) => Ok(()),
            Some(_) => Err(["running | {} | yes", "running | {} | no", "not running | n/a | n/a", "n/a | n/a | n/a"]
                .map(str::to_owned)
                .to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stray(lines: &[&str]) -> Option<usize> {
        let mut replay = Tables::new();
        let taken: Vec<Taken> =
            lines.iter().filter_map(|line| split(line)).map(|line| replay.take(line.message)).collect();
        taken.iter().position(|taken| matches!(taken, Taken::Unexplained(_))).map(|at| at + 1)
    }

    const HEAD: &str = " ID | Name | Role | Status | Upstream | Location | Prio. | TLI | LSN_Lag";

    #[test]
    fn a_row_is_one_that_the_tool_can_print() {
        let one = " 1  | node1 | primary | * running |  | default | 100 | 2 |";
        let two = " 2  | node2 | standby |   running | node1 | default | 100 | 1 | 0 bytes";
        assert_eq!(stray(&[HEAD, one, two, HEAD, one]), None);
        for (row, why) in [
            (" 2  | node2 | standby | * running | node1 | default | 100 | 1 | 0 bytes", "the primary's mark"),
            (" 2  | node2 | replica |   running | node1 | default | 100 | 1 | 0 bytes", "no role"),
            (" 2  | node2 | standby |   hanging | node1 | default | 100 | 1 | 0 bytes", "no status"),
            (" 2  | node2 | primary | * running | node1 | default | 100 | 1 | 0 bytes", "a primary's upstream"),
            (" 1  | node1 | primary | * running |  | default | 100 | 2 |", "the number again"),
            (" 2  | node2 | standby |   running | node1 | default | 100 | one | 0 bytes", "no timeline"),
        ] {
            assert_eq!(stray(&[HEAD, one, row]), Some(3), "{why}");
        }
        assert_eq!(stray(&[HEAD, one, HEAD, " 1 | node2 | primary | * running | | default | 100 | 2 |"]), Some(4));
        assert_eq!(stray(&["1 | a | b | c | d | e"]), None, "somebody else's table");
    }

    #[test]
    fn an_issue_has_its_mark_in_the_table_and_a_mark_its_issue() {
        let (list, gone) =
            ("[WARNING] following issues were detected", "  - unable to connect to node \"node1\" (ID: 1)");
        let away = "  - node \"node2\" (ID: 2) is not attached to its upstream node \"node1\"";
        let one = " 1  | node1 | primary | ? unreachable |  | default | 100 | n/a |";
        let two = " 2  | node2 | standby |   running | ! node1 | default | 100 | 1 | 0 bytes";
        let (sound, fine) = (" 1  | node1 | primary | * running |  | default | 100 | 2 |", two.replace('!', ""));
        assert_eq!(stray(&[list, gone, away, HEAD, one, two]), None);
        assert_eq!(stray(&[list, gone, HEAD, one, &fine, list, away, HEAD, sound, two]), None);
        assert_eq!(stray(&[HEAD, one, two]), None, "with --terse nobody lists them");
        assert_eq!(stray(&[list, gone, HEAD, one, two]), Some(5), "a mark without its issue");
        assert_eq!(stray(&[list, gone, away, HEAD, sound, two]), Some(5), "an issue without its mark");
        assert_eq!(stray(&[list, gone, HEAD, one, &fine, list, gone, HEAD, sound, &fine]), Some(9));
        // Behind the table, and not once so and once so.
        assert_eq!(stray(&[HEAD, one, two, list, gone, away, HEAD, sound, two, list, away]), None);
        assert_eq!(stray(&[HEAD, one, two, list, gone, away, HEAD, sound, two, list, gone]), Some(11));
        assert_eq!(stray(&[list, &gone.replace("node1", "node9"), HEAD, one]), Some(4), "another name");
        assert_eq!(stray(&[gone, HEAD, sound]), None, "in no list, somebody else's line");
    }

    #[test]
    fn who_does_not_run_has_no_number() {
        let head = "ID | Name | Role | Status | Upstream | repmgrd | PID | Paused? | Upstream last seen";
        let row = |daemon: &str| format!("2 | node2 | standby |   running | node1 | {daemon} | 1 second(s) ago");
        for (daemon, place) in [
            ("running | 1342 | no", None),
            ("not running | n/a | n/a", None),
            ("n/a | n/a | n/a", None),
            ("running | n/a | no", Some(2)),
            ("not running | 1342 | no", Some(2)),
            ("running | 1342 | perhaps", Some(2)),
        ] {
            assert_eq!(stray(&[head, &row(daemon)]), place, "{daemon}");
        }
    }
}
