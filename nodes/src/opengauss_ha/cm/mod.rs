//! CM as far as it changes what a primary and standby may suffer: one arbiter, and an agent on each host.
//!
//! It is absent unless `sim_cm` is on: openGauss runs without it, and then nobody elects, fences or restarts. The arbiter
//! is one cm_server on the last host; its own standbys and its store are left out, so that losing that host leaves the
//! cluster without an arbiter. Source: reference section 7, rows 22 to 25 and 29.

mod agent;
mod server;

use crate::world::port::PortNumber;

use super::rules::arbitration::{Order, Report};

pub(super) use agent::cm_agent;
pub(super) use server::cm_server;

/// Where the arbiter hears agents.
const PORT: PortNumber = PortNumber(5_000);

/// What an agent says each second; the answer is an [`Order`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reported {
    node: usize,
    report: Report,
}

impl std::hash::Hash for Reported {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let Report { mode, is_busy, term, last } = self.report;
        (self.node, mode, is_busy, term, last.0).hash(state);
    }
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ordered(Order);
