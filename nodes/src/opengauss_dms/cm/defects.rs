//! Bugs that CM has had and that can be switched back on.
//!
//! Each is one decision in one place, taken the wrong way; the rules ask this list where the real code went wrong.

use crate::product::{ClusterPlan, Word};

/// Which defects are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Defects {
    /// A kicked node keeps its locks for ever.
    pub kick_keeps_lock: bool,
    /// A kicked node loses its DSS lock although its key was never preempted.
    pub fence_skipped: bool,
    /// The DSS lock is released when the fence is ordered, not when it is complete.
    pub release_before_fence: bool,
    /// Nobody gets a lock while the static primary is not a member.
    pub first_reform_refuses_all: bool,
    /// One silent direction between two nodes counts as no connection.
    pub one_way_rhb_kicks: bool,
    /// A node never heard of since the last change of the primary cm_server counts as alive for ever.
    pub unknown_counts_as_alive: bool,
    /// A start that failed at the registration does not count as a start.
    pub failed_registration_not_counted: bool,
    /// Nodes that stop first during `cm_ctl stop` are kicked.
    pub stop_kicks_members: bool,
    /// No arbitration at all, as with `delay_arbitrate_max_cluster_timeout = 0`.
    pub arbitration_off: bool,
}

impl Defects {
    /// What a plan switches on.
    pub fn from_plan(plan: &ClusterPlan) -> Self {
        Defects {
            kick_keeps_lock: plan.has_defect("kick-keeps-lock"),
            fence_skipped: plan.has_defect("fence-skipped"),
            release_before_fence: plan.has_defect("release-before-fence"),
            first_reform_refuses_all: plan.has_defect("first-reform-refuses-all"),
            one_way_rhb_kicks: plan.has_defect("one-way-rhb-kicks"),
            unknown_counts_as_alive: plan.has_defect("unknown-counts-as-alive"),
            failed_registration_not_counted: plan.has_defect("failed-registration-not-counted"),
            stop_kicks_members: plan.has_defect("stop-kicks-members"),
            arbitration_off: plan.has_defect("arbitration-off"),
        }
    }
}

/// The defects of CM, for the product's description.
pub const DEFECTS: &[Word] = &[
    Word {
        name: "kick-keeps-lock",
        doc: "a kicked node's locks are never released, so nobody can fail over (mended by CM f5ebbf9)",
    },
    Word {
        name: "fence-skipped",
        doc: "a kicked node's DSS lock is released without preempting its SCSI key: two nodes can write",
    },
    Word {
        name: "release-before-fence",
        doc: "a kicked node's DSS lock is released when the fence is ordered, before it is complete (as CM f5ebbf9 did)",
    },
    Word {
        name: "first-reform-refuses-all",
        doc: "while the static primary is not a member nobody gets a lock (mended by CM fe248f9)",
    },
    Word {
        name: "one-way-rhb-kicks",
        doc: "two nodes count as cut off when one direction of their heartbeat is stale (mended by CM db7aa98)",
    },
    Word {
        name: "unknown-counts-as-alive",
        doc: "a node that never reported to a new primary cm_server is never kicked (mended by CM a74248b)",
    },
    Word {
        name: "failed-registration-not-counted",
        doc: "a start that fails at the SCSI registration is repeated for ever (mended by CM 60cd67b)",
    },
    Word {
        name: "stop-kicks-members",
        doc: "arbitration goes on during cm_ctl stop, so nodes that stop first are kicked (mended by CM 597e9d6)",
    },
    Word { name: "arbitration-off", doc: "no node is ever kicked, as with delay_arbitrate_max_cluster_timeout = 0" },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_switches_something_on() {
        for word in DEFECTS {
            let mut plan = ClusterPlan::default();
            plan.defects.insert(word.name.to_owned());
            assert_ne!(Defects::from_plan(&plan), Defects::default(), "{} switches nothing on", word.name);
        }
    }
}
