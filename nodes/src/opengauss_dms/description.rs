//! What a scenario may say of openGauss resource pooling.

use crate::operations::Told;
use crate::product::{DeviceWord, ParameterWord, Product, RoleWord, StatusOutput, VerbWord, Word, joined};

use super::reform::ReformType;
use super::reform::steps::Step;
use super::{cluster, cm, parameters};

const PROCESSES: &[&str] = &["gaussdb", "dssserver", "cm_agent", "cm_server", "om_monitor"];

const PARAMETERS: &[ParameterWord] = &joined::<ParameterWord, { parameters::TIMERS.len() + cm::PARAMETERS.len() }>(&[
    parameters::TIMERS,
    cm::PARAMETERS,
]);

const OWN_DEFECTS: &[Word] = &[
    Word {
        name: "old-primary-stays",
        doc: "the old primary of a failed switchover stays alive after the lock moved (fixed in DMS 627b003)",
    },
    Word {
        name: "exit-by-share-reformer",
        doc: "the exit rule looks at the share reformer instead of the lock's owner now (fixed in DMS 1491137)",
    },
];

const DEFECTS: &[Word] = &joined::<Word, { OWN_DEFECTS.len() + cm::DEFECTS.len() }>(&[OWN_DEFECTS, cm::DEFECTS]);

const OWN_EVENTS: &[Word] = &[
    Word { name: "reformer-lock.acquired", doc: "gaussdb sees that it owns dms_reformer_lock: { owner }" },
    Word { name: "reformer-lock.seen", doc: "gaussdb sees that another instance owns dms_reformer_lock: { owner }" },
    Word { name: "dss-lock.acquired", doc: "dssserver sees that it owns the dss lock: { owner }" },
    Word { name: "dss.read-write", doc: "dssserver has become the main instance" },
    Word { name: "dss.read-only", doc: "dssserver is no longer the main instance" },
    Word { name: "dss-write.granted", doc: "gaussdb knows that its dssserver is main: { instance }" },
    Word { name: "scsi.registered", doc: "cm_agent has put its host's SCSI-3 key on the volume: { key }" },
    Word { name: "database.starts", doc: "gaussdb has read the control page: { instance, recorded_primary }" },
    Word { name: "database.panic", doc: "gaussdb ends because it cannot go on: { reason }" },
    Word {
        name: "database.forced-exit",
        doc: "gaussdb ends at once because a round found it where it cannot go on: { reason }",
    },
    Word { name: "switchover.requested", doc: "the new primary asks the reformer for a switchover: { instance }" },
    Word { name: "switchover.recorded", doc: "the reformer has noted a request for a switchover: { promote }" },
    Word {
        name: "reform.started",
        doc: "a round begins: { kind, version, judge_time, reformer, participants, joining, last_primary }",
    },
    Word { name: "reform.finished", doc: "a round has ended well: { kind, version, judge_time, participants }" },
    Word { name: "reform.failed", doc: "a round has failed: { kind, version, judge_time }" },
    Word { name: "reform.blocked", doc: "no round may begin because a member is down: { offline }" },
    Word {
        name: "reformer.aborted",
        doc: "another life of the reformer showed itself during a round: { local, share }",
    },
    Word { name: "partner.aborted", doc: "a participant left the round: { coordinator }" },
    Word { name: "demote.finished", doc: "the old primary is a standby: { instance }" },
    Word { name: "promote.finished", doc: "the new primary is promoted and recorded: { instance }" },
    Word { name: "control-page.written", doc: "page 64 of pg_control was written: { version, primary, stable, step }" },
    Word { name: "self-exit", doc: "the old primary of a failed switchover ends itself: { instance, owner }" },
    Word { name: "first-round.failed", doc: "gaussdb ends because its first round failed: { instance }" },
];

const fn step_events(reform_type: ReformType) -> [Word; Step::ALL.len()] {
    let mut words = [Word { name: "", doc: "a step of a round begins on this node: { instance }" }; Step::ALL.len()];
    let mut index = 0;
    while index < words.len() {
        words[index].name = Step::ALL[index].event(reform_type);
        index += 1;
    }
    words
}

const STEP_EVENTS: &[Word] = &joined::<Word, { 3 * Step::ALL.len() }>(&[
    &step_events(ReformType::Normal),
    &step_events(ReformType::Switchover),
    &step_events(ReformType::Failover),
]);

const EVENTS: &[Word] = &joined::<Word, { OWN_EVENTS.len() + STEP_EVENTS.len() + cm::EVENTS.len() }>(&[
    OWN_EVENTS,
    STEP_EVENTS,
    cm::EVENTS,
]);

const HEADLINES: &[&str] = &[
    "switchover.requested",
    "demote.finished",
    "promote.finished",
    "reformer-lock.acquired",
    "reform.started",
    "reform.finished",
    "reform.failed",
    "reformer.aborted",
    "partner.aborted",
    "self-exit",
    "first-round.failed",
    "database.starts",
    "database.panic",
    "database.forced-exit",
    "cms.primary",
    "arbitration.halted",
    "arbitration.resumed",
    "member.kicked",
    "member.joined",
    "unreg.ordered",
];

/// openGauss resource pooling, as a scenario may speak of it.
pub const PRODUCT: Product = Product {
    model: "opengauss_dms",
    title: "openGauss resource pooling (DMS, DSS, CM)",
    profiles: &[],
    roles: &[
        RoleWord {
            name: "primary",
            doc: "the static primary: role P of the static configuration, primary when the cluster first starts",
            database: "gaussdb",
            processes: PROCESSES,
        },
        RoleWord {
            name: "standby",
            doc: "role S of the static configuration",
            database: "gaussdb",
            processes: PROCESSES,
        },
    ],
    selectors: &[
        Word { name: "reformer", doc: "the host whose gaussdb owns dms_reformer_lock, as it last saw" },
        Word { name: "cm-primary", doc: "the host whose cm_server is primary" },
        Word { name: "cm-standby", doc: "the first host whose cm_server runs and is not primary" },
    ],
    devices: &[
        DeviceWord {
            name: "shared",
            doc: "the DSS volume: pg_control and the log",
            shared: true,
            regions: &[
                Word { name: "control", doc: "pg_control: the reformer's control page and its backup" },
                Word { name: "wal", doc: "the log all nodes share" },
            ],
        },
        DeviceWord {
            name: "cm",
            doc: "the disks of CM: voting disk and share disk",
            shared: true,
            regions: &[
                Word { name: "voting-disk", doc: "one slot with a wall-clock time for each node" },
                Word { name: "share-disk", doc: "the disk lock of cm_server and the DDB" },
            ],
        },
    ],
    parameters: PARAMETERS,
    defects: DEFECTS,
    events: EVENTS,
    headlines: HEADLINES,
    procedures: &["switchover", "failover", "reform"],
    commands: cm::COMMANDS,
    looking: &[&["cm_ctl", "query"]],
    status_output: StatusOutput::LastBlock,
    verbs: &[
        VerbWord { verb: "switchover", command: "cm_ctl switchover -n NODE -D DATADIR" },
        VerbWord { verb: "stop", command: "cm_ctl stop -n NODE -D DATADIR" },
        VerbWord { verb: "start", command: "cm_ctl start -n NODE -D DATADIR" },
    ],
    files: cm::FILES,
    external_commands: &[],
    limits: &[
        Told {
            en: "Page ownership (DRC) is a delay in each round: no page is moved between nodes, standbys serve no reads.",
            zh: "页归属(DRC)只体现为每轮中的延迟:节点间不传输页,备机不提供读。",
        },
        Told {
            en: "On-demand redo, AZ switchover, DCF, streaming disaster recovery and write forwarding are left out.",
            zh: "未模拟按需回放、AZ 切换、DCF、流式容灾与写转发。",
        },
        Told {
            en: "The log is replayed from its beginning; checkpoints shorten nothing.",
            zh: "日志总是从头回放;检查点不缩短回放。",
        },
        Told {
            en: "Standbys have no sessions, so no failover waits for sessions to end.",
            zh: "备机没有会话,因此 failover 不会等待会话结束。",
        },
    ],
    build: cluster::build,
};
