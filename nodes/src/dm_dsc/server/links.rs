//! Whether the other EPs can be reached over the interconnect (MAL): looked at now and then, and when CSS asks.
//!
//! Sources: manual, chapter 9 (`MAL_CHECK_INTERVAL`, `MAL_CONN_FAIL_INTERVAL`, `DMDCR_LINK_CHECK_IP`) and chapter 17 (an
//! EP reports the fault on the voting disk).

use std::rc::Rc;

use super::super::network::reaches;
use super::super::vote::Report;
use super::super::words::{EpMask, is_in, mask_of};
use super::Server;

impl Server {
    /// Looks again and again, while there is anybody to look for.
    pub(super) async fn watch_links(self: Rc<Self>) {
        let (process, every) = (&self.ep.process, self.ep.plan.parameters.mal_check);
        while !every.is_zero() {
            process.sleep(every).await;
            let unreachable = self.unreachable().await;
            self.ep.set_report(Report { unreachable: unreachable & self.belonging.get(), ..self.ep.report() });
        }
    }

    /// Looks now, at the third party too, and reports.
    pub(super) async fn look_at_links(&self) {
        let plan = &self.ep.plan;
        let unreachable = self.unreachable().await;
        let third_party = match plan.third_party.get() {
            Some(stack) => Some(reaches(&self.ep.process, *stack, plan.parameters.mal_fail).await),
            None => None,
        };
        self.ep.set_report(Report { unreachable, third_party, ..self.ep.report() });
    }

    /// Who belongs to the group now: others are no longer looked for.
    pub(super) fn belongs(&self, belonging: EpMask) {
        self.belonging.set(belonging);
        let report = self.ep.report();
        self.ep.set_report(Report { unreachable: report.unreachable & belonging, ..report });
    }

    async fn unreachable(&self) -> EpMask {
        let (plan, me) = (&self.ep.plan, self.ep.me);
        let mut unreachable = 0;
        for ep in plan.members().into_iter().filter(|ep| *ep != me && is_in(self.belonging.get(), *ep)) {
            if !reaches(&self.ep.process, plan.node(ep).network, plan.parameters.mal_fail).await {
                unreachable |= mask_of([ep]);
            }
        }
        unreachable
    }
}
