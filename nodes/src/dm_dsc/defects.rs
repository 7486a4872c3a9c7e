//! Rules of DSC that a scenario can switch off, each as a real system broke it.
//!
//! The rules are those of the manual and of comparable systems; where a defect is that of another system, its entry
//! says which. Nothing else reads this list: the place that a defect changes asks for it by its name.

use crate::product::Word;

/// All of them.
pub(super) const DEFECTS: &[Word] = &[
    Word {
        name: "no-kill-before-recovery",
        doc: "the control CSS handles a crash without writing Kill first (as a pill that was never written: ClusterLabs/sbd, \
              slot_msg takes a failed write for a delivered one)",
    },
    Word {
        name: "pages-served-before-redo",
        doc: "pages of the dead EP are served as the survivors know them, without its redo",
    },
    Word {
        name: "only-the-first-log-is-redone",
        doc: "redo takes the changes of the first EP's log and leaves those of all others out (section 4: after the death of \
              all of them the control EP redoes all logs)",
    },
    Word { name: "rejoin-before-crash-is-over", doc: "a rejoin begins whatever min_first_modified_lsn says" },
    Word {
        name: "page-leaves-before-its-log",
        doc: "a dirty page is handed to another EP before the redo of its changes is durable",
    },
    Word {
        name: "vip-stays-on-the-dead-host",
        doc: "the address of a dead EP goes up on the other host and is not taken down where it was",
    },
    Word {
        name: "command-without-guid",
        doc: "an EP obeys whatever is in its mailbox, also what was meant for an earlier life (whether the real mailbox names a \
              life is not published)",
    },
    Word {
        name: "counter-lost-with-the-control-css",
        doc: "a new control CSS begins to count commands anew instead of going on from the group record",
    },
    Word {
        name: "old-control-css-goes-on",
        doc: "a control CSS does not give up when another one has taken over, and EPs obey both",
    },
    Word {
        name: "link-faults-are-ignored",
        doc: "nobody is halted when EPs no longer reach each other: the cluster hangs (manual, chapter 17, mails lost without \
              a link fault)",
    },
    Word { name: "one-mirror-is-believed", doc: "a read of mirrored voting disks takes what the first of them says" },
    Word {
        name: "registry-not-written",
        doc: "the dead EP does not get into the list of ERROR EPs (manual, chapter 17: a registry changed by hand before CSS \
              wrote the fault)",
    },
    Word {
        name: "suspended-workers-refuse",
        doc: "statements that come while the workers are suspended are refused instead of held",
    },
    Word {
        name: "lost-command-is-not-written-again",
        doc: "the control CSS does not notice that a command it wrote is not on the voting disk",
    },
];
