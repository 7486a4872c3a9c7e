//! What an arbiter (CM) orders the nodes to do, from what their agents report: pure, as a table.
//!
//! Without CM nothing elects, fences or restarts. With it a dead server is started again as pending and told its role,
//! a primary that nobody has heard of for a while is replaced by the most advanced node under a term above every known
//! one, and of two primaries only one stays: one with a lower term is restarted (`[SmallerTerm]`). Source: reference
//! section 1.1 and section 7, rows 22 to 24 and 29 (`cms_arbitrate_datanode_pms.cpp`).

use super::state::ServerMode;
use crate::parts::wal::Lsn;

/// What the agent of one node reported last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The role of its server; `None` if no server answers.
    pub mode: Option<ServerMode>,
    /// Whether the server changes its role now.
    pub is_busy: bool,
    /// The term of its server.
    pub term: u64,
    /// The last record of its log.
    pub last: Lsn,
}

/// What a node shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Nothing.
    Stay,
    /// Start the server as pending.
    Start,
    /// A pending server becomes a standby.
    Follow,
    /// Become the primary under this term.
    Reign {
        /// The term.
        term: u64,
    },
    /// End the server at once; it will be started again as pending.
    Restart,
}

/// What the arbiter knows beside the reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arbiter {
    /// The highest term it has ordered or heard of.
    pub term: u64,
    /// Whether a primary may be replaced now: none was heard of for long enough, and no order is being carried out.
    pub may_replace: bool,
}

impl Order {
    /// Its name in announcements.
    pub const fn word(self) -> &'static str {
        match self {
            Order::Stay => "stay",
            Order::Start => "start",
            Order::Follow => "follow",
            Order::Reign { .. } => "reign",
            Order::Restart => "restart",
        }
    }
}

/// Whether so many nodes that are heard of may choose a primary among them: half of all.
pub const fn may_choose(heard: usize, all: usize) -> bool {
    heard * 2 >= all
}

/// The orders for all nodes, in their order (`None`: nobody has heard of that node lately), and the arbiter's new term.
pub fn arbitrate(reports: &[Option<Report>], arbiter: Arbiter) -> (Vec<Order>, u64) {
    let heard = || reports.iter().enumerate().filter_map(|(node, report)| Some((node, (*report)?)));
    let highest = heard().map(|(_, report)| report.term).fold(arbiter.term, u64::max);
    let standing = |(node, report): &(usize, Report)| (report.term, report.last, std::cmp::Reverse(*node));
    let primaries: Vec<(usize, Report)> =
        heard().filter(|(_, report)| report.mode == Some(ServerMode::Primary)).collect();
    let keeper = primaries.iter().max_by_key(|primary| standing(primary)).copied();
    let mut orders: Vec<Order> = reports
        .iter()
        .enumerate()
        .map(|(node, report)| match report {
            None => Order::Stay,
            Some(Report { mode: None, .. }) => Order::Start,
            Some(report @ Report { mode: Some(ServerMode::Primary), .. }) => {
                let stays = keeper.is_some_and(|(kept, _)| kept == node) && report.term >= arbiter.term;
                if stays { Order::Stay } else { Order::Restart }
            }
            Some(Report { mode: Some(ServerMode::Pending), .. }) if keeper.is_some() => Order::Follow,
            Some(_) => Order::Stay,
        })
        .collect();
    let is_majority = may_choose(heard().count(), reports.len());
    let is_busy = heard().any(|(_, report)| report.is_busy);
    if keeper.is_some() || !arbiter.may_replace || !is_majority || is_busy {
        return (orders, highest);
    }
    let candidates =
        heard().filter(|(_, report)| report.mode.is_some_and(|mode| mode.is_follower() || mode == ServerMode::Pending));
    let Some((chosen, _)) = candidates.max_by_key(standing) else { return (orders, highest) };
    orders[chosen] = Order::Reign { term: highest + 1 };
    (orders, highest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(mode: ServerMode, term: u64, last: u64) -> Option<Report> {
        Some(Report { mode: Some(mode), is_busy: false, term, last: Lsn(last) })
    }

    const READY: Arbiter = Arbiter { term: 1, may_replace: true };
    use ServerMode::{Pending, Primary, Standby};

    #[test]
    fn a_lost_primary_is_replaced_by_the_most_advanced_node_under_a_higher_term() {
        let reports = [None, report(Standby, 1, 80), report(Standby, 1, 96)];
        let (orders, term) = arbitrate(&reports, READY);
        assert_eq!((orders, term), (vec![Order::Stay, Order::Stay, Order::Reign { term: 2 }], 2));
        let (orders, _) = arbitrate(&reports, Arbiter { may_replace: false, ..READY });
        assert_eq!(orders, [Order::Stay; 3], "not before the delay is over");
        let higher = [None, report(Standby, 9, 80), report(Standby, 1, 96)];
        assert_eq!(arbitrate(&higher, READY).0[1], Order::Reign { term: 10 }, "a term that rose without the arbiter");
    }

    #[test]
    fn nobody_is_chosen_by_a_minority_or_while_a_role_changes() {
        assert_eq!(arbitrate(&[None, None, report(Standby, 1, 96)], READY).0, [Order::Stay; 3]);
        let promoting = Report { mode: Some(Standby), is_busy: true, term: 1, last: Lsn(8) };
        assert_eq!(arbitrate(&[None, Some(promoting), report(Standby, 1, 96)], READY).0, [Order::Stay; 3]);
    }

    #[test]
    fn a_dead_server_is_started_as_pending_and_follows_the_primary() {
        let down = Some(Report { mode: None, is_busy: false, term: 0, last: Lsn::NONE });
        assert_eq!(arbitrate(&[report(Primary, 1, 96), down], READY).0, [Order::Stay, Order::Start]);
        assert_eq!(arbitrate(&[report(Primary, 1, 96), report(Pending, 1, 80)], READY).0, [Order::Stay, Order::Follow]);
        let (orders, term) = arbitrate(&[report(Pending, 1, 96), down], READY);
        assert_eq!((orders, term), (vec![Order::Reign { term: 2 }, Order::Start], 2));
    }

    #[test]
    fn of_two_primaries_the_one_with_the_smaller_term_is_restarted() {
        let (orders, _) = arbitrate(&[report(Primary, 1, 960), report(Primary, 3, 96)], READY);
        assert_eq!(orders, [Order::Restart, Order::Stay]);
        let equal = [report(Primary, 1, 960), report(Primary, 1, 96)];
        assert_eq!(arbitrate(&equal, READY).0, [Order::Stay, Order::Restart], "the more advanced one stays");
        let stale = [report(Primary, 1, 960), report(Standby, 1, 96)];
        assert_eq!(arbitrate(&stale, Arbiter { term: 4, ..READY }).0[0], Order::Restart, "below the arbiter's term");
    }
}
