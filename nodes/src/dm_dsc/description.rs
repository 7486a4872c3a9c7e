//! What a scenario may say of Dameng DSC.

use crate::operations::Told;
use crate::product::{DeviceWord, Product, RoleWord, StatusOutput, VIRTUAL_ADDRESS, VerbWord, Word};

use super::defects::DEFECTS;

use super::{cluster, monitor, parameters};

/// The role of a host with an EP.
pub(super) const INSTANCE: &str = "instance";
/// The role of a host that only answers pings.
pub(super) const THIRD_PARTY: &str = "third-party";

const PROCESSES: &[&str] = &["dmserver", "dmasmsvr", "dmcss", "watchdog", "network"];

const HEADLINES: &[&str] =
    &["group.status", "css.control", "ep.killed", "ep.halted", "vip.changed", "watchdog.fired", "database.panic"];

/// Dameng DSC, as a scenario may speak of it.
pub const PRODUCT: Product = Product {
    model: "dm_dsc",
    title: "Dameng DM8 DSC (DMCSS, DMASM, voting disk)",
    profiles: &[
        Word { name: "dm8-2021", doc: "crash handling in two steps, as in the log of May 2021" },
        Word {
            name: "dm8-2024",
            doc: "crash handling in one step, CRASH_ROLLBACK when another EP dies meanwhile, LINK_CHECK for every split",
        },
    ],
    roles: &[
        RoleWord {
            name: INSTANCE,
            doc: "an active instance with its CSS and ASM; the order of the nodes is that of their seqno",
            database: "dmserver",
            processes: PROCESSES,
        },
        RoleWord {
            name: THIRD_PARTY,
            doc: "a host that answers pings, for DMDCR_LINK_CHECK_IP",
            database: "network",
            processes: &["network"],
        },
    ],
    selectors: &[Word { name: "control-css", doc: "the host of the control CSS" }],
    devices: &[
        DeviceWord {
            name: "data",
            doc: "the ASM data and log disks",
            shared: true,
            regions: &[
                Word { name: "redo0", doc: "the redo log of the first EP" },
                Word { name: "redo1", doc: "the redo log of the second EP, and so on up to redo7" },
                Word { name: "pages", doc: "the data pages" },
            ],
        },
        voting_disk("vote", "the voting disk; with sim_vote_copies the first of the mirrored ones"),
        voting_disk("vote2", "the second mirrored disk (DCRV), with sim_vote_copies 3 or 5"),
        voting_disk("vote3", "the third mirrored disk (DCRV)"),
        voting_disk("vote4", "the fourth mirrored disk (DCRV), with sim_vote_copies 5"),
        voting_disk("vote5", "the fifth mirrored disk (DCRV)"),
        DeviceWord {
            name: "dcr",
            doc: "the registry, where the voting disk is not mirrored",
            shared: true,
            regions: &[Word { name: "registry", doc: "which EPs of each group are OK" }],
        },
    ],
    parameters: parameters::PARAMETERS,
    defects: DEFECTS,
    events: &[
        Word { name: "group.status", doc: "the control CSS has changed the status of a group: { group, status, sub }" },
        Word { name: "css.control", doc: "a CSS has become the control CSS: { css, reign }" },
        Word { name: "ep.status", doc: "an ASM or database EP shows another status: { ep, guid }" },
        Word { name: "ep.killed", doc: "the control CSS writes Kill into the mailbox of an EP: { ep, guid }" },
        Word { name: "ep.halted", doc: "an EP has read Kill and ends: { ep, guid }" },
        Word { name: "vip.changed", doc: "a virtual address went up or down on this host: { address, up }" },
        Word { name: "link.reported", doc: "an EP reports which EPs it cannot reach: { ep, unreachable }" },
        Word {
            name: "vote.mail-read",
            doc: "an EP reads its mailbox on mirrored disks: { ep, sequence, guid, began }",
        },
        Word { name: "crash.rolled-back", doc: "an EP has undone a crash handling: { ep }" },
        Word { name: "watchdog.fired", doc: "the watchdog of the host ends the database: { ep }" },
        Word { name: "database.panic", doc: "dmserver ends because its log cannot be used: { reason }" },
    ],
    headlines: HEADLINES,
    procedures: &[],
    commands: monitor::COMMANDS,
    looking: &[&["dmcssm", "show"]],
    status_output: StatusOutput::Plain,
    verbs: &[
        VerbWord { verb: "start", command: "dmcssm ep startup GRP_DSC.EP" },
        VerbWord { verb: "stop", command: "dmcssm ep stop GRP_DSC.EP" },
    ],
    files: &[],
    external_commands: &[Word { name: VIRTUAL_ADDRESS, doc: "css_vip_config: puts a virtual address up or down" }],
    limits: &[
        Told {
            en: "Page ownership is kept by the control EP alone and has one mode (X); the real service is spread over all EPs.",
            zh: "页归属只由控制 EP 维护,且只有一种模式(X);真实服务分布在所有 EP 上。",
        },
        Told {
            en: "What is written of a data page is its number, LSN and a checksum of its rows; the rows themselves come from the \
                 redo logs, which every start and every crash handling reads from their beginning.",
            zh: "写入的数据页只含页号、LSN 与行校验和;行内容来自重做日志,每次启动与故障处理都从头读取日志。",
        },
        Told {
            en: "ASM files, undo segments and DSC_CRASH_RECV_POLICY are left out; so is the halt of a CSS that does not reach \
                 DMDCR_LINK_CHECK_IP.",
            zh: "未模拟 ASM 文件、回滚段与 DSC_CRASH_RECV_POLICY,也未模拟 CSS 无法访问 DMDCR_LINK_CHECK_IP 时的停机。",
        },
        Told {
            en: "A css_vip_config that hangs is taken for one that fails.", zh: "css_vip_config 挂起按失败处理。"
        },
        Told {
            en: "The byte layout of the voting disk, the order of group start and the sequence of the statuses of dm8-2024 are the \
                 model's own: none of them is published.",
            zh: "表决磁盘的字节布局、组启动顺序以及 dm8-2024 的状态顺序为模型自定,均未公开。",
        },
        Told {
            en: "Of a split into equal parts the one with the smallest seqno stays: the real rule is not published.",
            zh: "对等分裂时保留 seqno 最小的一方:真实规则未公开。",
        },
    ],
    build: cluster::build,
};

const fn voting_disk(name: &'static str, doc: &'static str) -> DeviceWord {
    const REGIONS: &[Word] = &[
        Word { name: "voting-disk", doc: "heartbeats, mailboxes and group records" },
        Word { name: "registry", doc: "on mirrored disks: which EPs of each group are OK" },
    ];
    DeviceWord { name, doc, shared: true, regions: REGIONS }
}
