//! reform_preempt: asks CM who owns the reformer lock, and asks for it when nobody does.
//!
//! The answer is a belief refreshed twice a second, not a lease: when CM cannot be asked, the node keeps what it last
//! knew (`DMS: src/rc/dms_reform_preempt.c`).

use std::rc::Rc;

use crate::fields;

use super::super::log::Level;
use super::super::messages::ClientAnswer;
use super::Gaussdb;

impl Gaussdb {
    pub(super) async fn preempt(self: Rc<Self>) {
        loop {
            match self.cm.owner().await {
                ClientAnswer::Owner(owner) => self.see_owner(owner),
                ClientAnswer::NoOwner => {
                    self.cm.lock().await;
                }
                _ => {}
            }
            self.process.sleep(self.plan.timers.lock_poll).await;
        }
    }

    fn see_owner(&self, owner: u32) {
        let before = self.state.borrow_mut().known_owner.replace(owner);
        if before == Some(owner) {
            return;
        }
        let reformer = owner == self.me;
        if before.is_none() || (before == Some(self.me)) != reformer {
            let role = if reformer { "reformer" } else { "partner" };
            let text = format!("dms_reformer_preempt set role {role}");
            self.logs.dms(Level::Info, &text, "dms_reform_preempt.c:88");
        }
        if reformer {
            self.process.announce("reformer-lock.acquired", fields! { owner: owner });
        } else {
            self.process.announce("reformer-lock.seen", fields! { owner: owner });
        }
        self.changed.notify();
    }
}
