//! The tables of `repmgr cluster show` and `repmgr service status`: each row must be one that the tool can print.
//!
//! A status says how a node is registered and what was seen of it, so that not every role can have every status
//! (KingbaseES reference, section 3.2). Within one paste a number stands for one node.

use std::collections::{BTreeMap, BTreeSet};

use crate::grammar::{LogLine, Replay, Taken};
use crate::kingbase::metadata::NodeType;
use crate::kingbase::repmgr::statuses;

/// A line of a table: cells between bars, the first of them a number or the heading of the numbers.
pub(super) fn split(line: &str) -> Option<LogLine<'_>> {
    let message = line.trim_end();
    let cells = cells(message);
    let is_line = cells.len() >= 6 && (cells[0] == "ID" || cells[0].parse::<u32>().is_ok());
    is_line.then_some(LogLine { at: None, message })
}

fn cells(line: &str) -> Vec<&str> {
    line.split('|').map(str::trim).collect()
}

/// The tables of a paste, one after the other.
#[derive(Default)]
pub(super) struct Tables {
    /// The headings of the table one is in.
    headings: Vec<String>,
    /// The number of its last row.
    last: Option<u32>,
    /// What the nodes are called.
    names: BTreeMap<u32, String>,
}

impl Replay for Tables {
    fn take(&mut self, message: &str) -> Taken {
        let cells = cells(message);
        if cells[0] == "ID" {
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

    /// Takes a row; what could have stood there instead.
    fn row(&mut self, cells: &[&str]) -> Result<(), Vec<String>> {
        let id: u32 = cells[0].parse().unwrap_or_default();
        if self.last.is_some_and(|last| id <= last) {
            return Err(vec![format!("ID > {}", self.last.unwrap_or_default())]);
        }
        self.last = Some(id);
        let name = self.names.entry(id).or_insert_with(|| cells[1].to_owned());
        if name != cells[1] {
            return Err(vec![format!("{id} | {name}")]);
        }
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
        let mut replay = Tables::default();
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
