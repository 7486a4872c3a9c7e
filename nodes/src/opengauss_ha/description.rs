//! What a scenario may say of openGauss primary and standby.

use crate::operations::Told;
use crate::product::{CommandWord, DeviceWord, Product, RoleWord, StatusOutput, VerbWord, Word, joined};

use super::gs_ctl::STEP_EVENTS;
use super::{cluster, files, gs_ctl, gs_guc, gs_om, parameters};

const PROCESSES: &[&str] = &["gaussdb", "gs_ctl", "streamer", "sshd", "cm_agent", "cm_server"];

const COMMANDS: &[CommandWord] = &joined::<
    CommandWord,
    { gs_ctl::words::COMMANDS.len() + gs_om::COMMANDS.len() + gs_guc::COMMANDS.len() },
>(&[gs_ctl::words::COMMANDS, gs_om::COMMANDS, gs_guc::COMMANDS]);

const DEFECTS: &[Word] = &[
    Word {
        name: "quorum-takes-reporters-position",
        doc: "with ANY n, the standby that reported last releases waiters up to its own position (present in 1.0.0 to \
              2.1.0, syncrep.cpp)",
    },
    Word {
        name: "heartbeat-stops-at-demote",
        doc: "the primary stops its heartbeat when a demotion begins, and the waiting standby gives it up (fixed in \
              e31113115 and 0d1a224b9)",
    },
    Word {
        name: "worker-ignores-demote",
        doc: "a worker is never signalled by a demotion, which then never ends (fixed in a083b4899 and abe8a6c0c)",
    },
    Word {
        name: "last-reply-shared",
        doc: "all walsenders share the time of the last reply, so that a dead standby is not noticed while another one \
              lives (fixed in 5b25cfb87)",
    },
    Word {
        name: "reload-ignored",
        doc: "a changed most_available_sync is read anew and counts for nobody (fixed in 995da02ba, c851929ad and \
              26edea031)",
    },
    Word {
        name: "waiters-lost-on-reconnect",
        doc: "who waits for a commit is never woken once a walsender has begun anew (fixed in aeb5df627)",
    },
    Word {
        name: "standby-recycles-too-much",
        doc: "a standby that archives nothing recycles its log by an archive position (fixed in 9ce2d7176)",
    },
    Word {
        name: "build-reads-too-shortly",
        doc: "a build waits ten seconds for an answer of its source (5faa2648f, fixed in 50ec3f99a)",
    },
    Word {
        name: "streamer-outlives-build",
        doc: "the streamer of a rewind goes on when its parent is gone (always in 2.0.0; fixed in 46a3254c6)",
    },
    Word {
        name: "two-masters-configured",
        doc: "a removed node left two nodes configured as primary, and gs_om starts both so (fixed in OM 574ecb1)",
    },
    Word {
        name: "approves-before-flush",
        doc: "the demoting primary lets the standby promote itself before the last checkpoint is written (planted)",
    },
    Word { name: "attach-without-crc", doc: "a standby streams without comparing its last record (planted)" },
    Word { name: "commit-waits-for-nobody", doc: "a commit is acknowledged before any standby has it (planted)" },
    Word { name: "start-ignores-build-tag", doc: "a server starts over an unfinished build (planted)" },
    Word {
        name: "promotes-below-minimum",
        doc: "a standby is promoted before it has reached minRecoveryPoint (planted)",
    },
    Word { name: "term-of-file-alone", doc: "a lowered term_file lowers the term a server writes under (planted)" },
    Word { name: "rewind-copies-no-pages", doc: "gs_rewind leaves the pages of the abandoned log (planted)" },
    Word { name: "timeout-reported-as-success", doc: "gs_ctl says \"done\" when its time is over (planted)" },
];

const OWN_EVENTS: &[Word] = &[
    Word { name: "server.started", doc: "a server passed its first checks: { mode, uncompleted }" },
    Word { name: "reason.changed", doc: "a standby records why it needs repair: { peer, reason }" },
    Word {
        name: "attach.judged",
        doc: "a standby compares its last record with the primary's: { peer, lsn, local, remote }",
    },
    Word { name: "stream.started", doc: "a walreceiver streams: { peer, lsn }" },
    Word { name: "stream.ended", doc: "a walreceiver ends: { peer, lsn }" },
    Word { name: "standby.connected", doc: "a walsender begins: { standby, from }" },
    Word { name: "standby.caught-up", doc: "a standby has the whole log: { standby, lsn }" },
    Word { name: "standby.lost", doc: "a walsender ends: { standby, reason }" },
    Word { name: "sync.standalone", doc: "a primary waits for no standby any more, or again: { standalone }" },
    Word { name: "checkpoint.done", doc: "a checkpoint is complete: { lsn, redo, shutdown }" },
    Word { name: "segment.removed", doc: "a segment of the log was removed: { segment }" },
    Word { name: "switchover.dropped", doc: "a standby without a stream drops the wish for a switchover: {}" },
    Word { name: "switchover.requested", doc: "a standby asks the primary to hand over: { standby }" },
    Word { name: "switchover.approved", doc: "the primary tells the standby to promote itself: { standby }" },
    Word { name: "switchover.reported", doc: "gs_ctl tells the operator how the switchover ended: { success }" },
    Word { name: "failover.reported", doc: "gs_ctl tells the operator how the failover ended: { success }" },
    Word { name: "demote.started", doc: "a primary begins to hand over: { standby }" },
    Word { name: "demote.checkpoint", doc: "a demoting primary has written its last checkpoint: { lsn }" },
    Word { name: "promote.started", doc: "a standby begins to become primary: { kind, lsn }" },
    Word { name: "promote.finished", doc: "a standby has become primary: { kind, lsn }" },
    Word { name: "cm.ordered", doc: "the arbiter orders a node to do something: { node, order, term }" },
    Word { name: "cm.fenced", doc: "an agent ends a primary whose arbiter it does not hear: {}" },
    Word { name: "database.panic", doc: "a server ends because it cannot go on: { reason }" },
];

const EVENTS: &[Word] = &joined::<Word, { OWN_EVENTS.len() + STEP_EVENTS.len() }>(&[OWN_EVENTS, STEP_EVENTS]);

const HEADLINES: &[&str] = &[
    "reason.changed",
    "sync.standalone",
    "switchover.dropped",
    "switchover.requested",
    "switchover.approved",
    "switchover.reported",
    "failover.reported",
    "demote.started",
    "promote.started",
    "promote.finished",
    "build.common-checkpoint",
    "build.start-tag",
    "build.deleted",
    "build.done-tag",
    "build.failed",
    "build.finished",
    "segment.removed",
    "cm.ordered",
    "cm.fenced",
    "database.panic",
];

/// openGauss primary and standby, as a scenario may speak of it.
pub const PRODUCT: Product = Product {
    model: "opengauss_ha",
    title: "openGauss primary and standby (gs_ctl, gs_om, gs_rewind)",
    profiles: &[
        Word { name: "2.0.0", doc: "the release family of the incident of July 2021" },
        Word { name: "3.0.0", doc: "a rewind removes what is left of the abandoned log; a failed build exits with 1" },
    ],
    roles: &[
        RoleWord {
            name: "primary",
            doc: "P of the static configuration: started as primary unless refreshconf says otherwise",
            database: "gaussdb",
            processes: PROCESSES,
        },
        RoleWord { name: "standby", doc: "S of the static configuration", database: "gaussdb", processes: PROCESSES },
    ],
    selectors: &[],
    devices: &[DeviceWord {
        name: "data",
        doc: "the data directory of a node: every node has its own, `data of NODE`",
        shared: false,
        regions: &[
            Word { name: "wal", doc: "pg_xlog" },
            Word { name: "pages", doc: "the data files" },
            Word { name: "control", doc: "pg_control" },
        ],
    }],
    parameters: parameters::PARAMETERS,
    defects: DEFECTS,
    events: EVENTS,
    headlines: HEADLINES,
    procedures: &[],
    commands: COMMANDS,
    looking: &[
        &["gs_om", "-t", "status"],
        &["gs_om", "--detail", "-t", "status"],
        &["gs_ctl", "query"],
        &["gs_ctl", "querybuild"],
    ],
    status_output: StatusOutput::Plain,
    verbs: &[
        VerbWord { verb: "switchover", command: "gs_ctl switchover -D DATADIR" },
        VerbWord { verb: "failover", command: "gs_ctl failover -D DATADIR" },
        VerbWord { verb: "promote", command: "gs_ctl failover -D DATADIR" },
        VerbWord { verb: "start", command: "gs_ctl start -D DATADIR -M standby" },
        VerbWord { verb: "stop", command: "gs_ctl stop -D DATADIR" },
    ],
    files: &[
        Word { name: files::HBA, doc: "who may connect; without it a server does not start" },
        Word { name: files::CONFIGURATION, doc: "the settings; without it a server does not start" },
        Word { name: files::TERM, doc: "the term gs_ctl asked for last" },
        Word { name: files::DYNAMIC, doc: "whom gs_om takes for the primary" },
    ],
    external_commands: &[],
    limits: &[
        Told {
            en: "The log begins at 0 and its records have the sizes of this house's log; those of a checkpoint are as long as \
                 in the incident.",
            zh: "日志从 0 开始,记录大小取自本模型的日志;检查点记录长度与事故中一致。",
        },
        Told {
            en: "Small files of a data directory (tags, labels, state) are durable when written: a power cut loses blocks of \
                 the log and of pages, never such a file.",
            zh: "数据目录中的小文件(标记、标签、状态)写入即持久:断电只丢日志块与数据页,不丢这些文件。",
        },
        Told {
            en: "Slots live in memory: only a connected standby holds the log back, as with enable_xlog_prune.",
            zh: "复制槽只在内存中:仅已连接的备机阻止日志回收,相当于开启 enable_xlog_prune。",
        },
        Told {
            en: "CM is one arbiter without standbys of its own; cascade standbys, DCF, data catchup, logical replication, tablespaces and MOT are left out.",
            zh: "CM 是单个仲裁者,自身没有备;未模拟级联备、DCF、数据追赶、逻辑复制、表空间与 MOT。",
        },
        Told {
            en: "A read waits for what it has seen to be confirmed; openGauss would not show it to others before.",
            zh: "读操作会等到所见内容得到确认;openGauss 在此之前不会让其他会话看到它。",
        },
    ],
    build: cluster::build,
};
