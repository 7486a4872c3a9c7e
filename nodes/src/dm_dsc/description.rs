//! What a scenario may say of Dameng DSC.

use crate::product::{DeviceWord, Product, RoleWord, StatusOutput, VIRTUAL_ADDRESS, VerbWord, Word};

use super::{cluster, monitor, parameters};

const PROCESSES: &[&str] = &["dmserver", "dmasmsvr", "dmcss", "watchdog"];

const HEADLINES: &[&str] =
    &["group.status", "css.control", "ep.killed", "ep.halted", "vip.changed", "watchdog.fired", "database.panic"];

/// Dameng DSC, as a scenario may speak of it.
pub const PRODUCT: Product = Product {
    model: "dm_dsc",
    title: "Dameng DM8 DSC (DMCSS, DMASM, voting disk)",
    profiles: &[Word { name: "dm8-2021", doc: "crash handling in two steps, as in the log of May 2021" }],
    roles: &[RoleWord {
        name: "instance",
        doc: "an active instance with its CSS and ASM; the order of the nodes is that of their seqno",
        database: "dmserver",
        processes: PROCESSES,
    }],
    selectors: &[Word { name: "control-css", doc: "the host of the control CSS" }],
    devices: &[
        DeviceWord {
            name: "data",
            doc: "the ASM data and log disks",
            shared: true,
            regions: &[
                Word { name: "redo0", doc: "the redo log of the first EP" },
                Word { name: "redo1", doc: "the redo log of the second EP, and so on up to redo7" },
            ],
        },
        DeviceWord {
            name: "vote",
            doc: "the voting disk",
            shared: true,
            regions: &[Word { name: "voting-disk", doc: "heartbeats, mailboxes and group records" }],
        },
        DeviceWord {
            name: "dcr",
            doc: "the registry",
            shared: true,
            regions: &[Word { name: "registry", doc: "which EPs of each group are OK" }],
        },
    ],
    parameters: parameters::PARAMETERS,
    defects: &[],
    events: &[
        Word { name: "group.status", doc: "the control CSS has changed the status of a group: { group, status, sub }" },
        Word { name: "css.control", doc: "a CSS has become the control CSS: { css, reign }" },
        Word { name: "ep.status", doc: "an ASM or database EP shows another status: { ep, guid }" },
        Word { name: "ep.killed", doc: "the control CSS writes Kill into the mailbox of an EP: { ep, guid }" },
        Word { name: "ep.halted", doc: "an EP has read Kill and ends: { ep, guid }" },
        Word { name: "vip.changed", doc: "a virtual address went up or down on this host: { address, up }" },
        Word { name: "watchdog.fired", doc: "the watchdog of the host ends the database: { ep }" },
        Word { name: "database.panic", doc: "dmserver ends because its log cannot be used: { reason }" },
    ],
    headlines: HEADLINES,
    procedures: &[],
    commands: monitor::COMMANDS,
    looking: &["dmcssm show"],
    status_output: StatusOutput::Plain,
    verbs: &[
        VerbWord { verb: "start", command: "dmcssm ep startup GRP_DSC.EP" },
        VerbWord { verb: "stop", command: "dmcssm ep stop GRP_DSC.EP" },
    ],
    files: &[],
    external_commands: &[Word { name: VIRTUAL_ADDRESS, doc: "css_vip_config: puts a virtual address up or down" }],
    limits: &[
        "Page ownership is kept by the control EP alone and has one mode (X); the real service is spread over all EPs.",
        "Pages are not written to the data disk: every start and every crash handling reads the redo logs from their \
         beginning.",
        "ASM files, undo segments, DSC_CRASH_RECV_POLICY, mirrored voting disks, the arbitration of an interconnect \
         split (LINK_CHECK) and profile dm8-2024 are left out.",
        "A css_vip_config that hangs is taken for one that fails.",
        "The byte layout of the voting disk and the order of group start are the model's own: neither is published.",
    ],
    build: cluster::build,
};
