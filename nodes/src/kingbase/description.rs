//! What a scenario may say of KingbaseES.

use super::{cluster, ctl, parameters, repmgr, repmgrd, server, ssh, tools};
use crate::operations::Told;
use crate::parts::streaming_replication::server::EVENTS as SERVER_EVENTS;
use crate::product::{CommandWord, DeviceWord, Product, RoleWord, StatusOutput, VerbWord, Word, joined};

const PROCESSES: &[&str] = &["kingbase", "repmgrd", "sshd"];

const OWN_EVENTS: &[Word] = &[
    Word { name: "repmgr.event", doc: "a row of repmgr.events: { event, node, successful }" },
    Word { name: "metadata.changed", doc: "a row of repmgr.nodes was changed on this node's database: { node }" },
    Word { name: "repmgrd.paused", doc: "a server was told that repmgrd is paused, or not: { paused }" },
    Word { name: "repmgrd.degraded", doc: "a repmgrd gives its upstream up without a failover: { why }" },
    Word { name: "repmgrd.followed", doc: "a repmgrd made its node follow: { primary }" },
    Word { name: "node.attached", doc: "a rejoin made a stopped node a standby of another: { to }" },
    Word { name: "upstream.lost", doc: "a repmgrd cannot reach its upstream and begins to probe: { upstream }" },
    Word { name: "upstream.down", doc: "all probes failed: { upstream }" },
    Word { name: "election.held", doc: "a repmgrd has voted: { outcome, visible }" },
    Word { name: "promotion.failed", doc: "the promote command of a repmgrd failed: { code }" },
    Word { name: "synchronous.given-up", doc: "a repmgrd lets its primary go on alone: { names }" },
    Word { name: "switchover.step", doc: "a switchover begins a step: { step }" },
    Word { name: "switchover.ended", doc: "a switchover has ended: { code }" },
];

const EVENTS: &[Word] = &joined::<Word, { SERVER_EVENTS.len() + OWN_EVENTS.len() }>(&[SERVER_EVENTS, OWN_EVENTS]);

const COMMANDS: &[CommandWord] =
    &joined::<CommandWord, { repmgr::COMMANDS.len() + tools::COMMANDS.len() }>(&[repmgr::COMMANDS, tools::COMMANDS]);

const HEADLINES: &[&str] = &[
    "timeline.started",
    "control.shut-down",
    "promotion.requested",
    "stream.refused",
    "archive.failed",
    "rewind.done",
    "database.panic",
    "repmgrd.paused",
    "repmgrd.degraded",
    "upstream.lost",
    "upstream.down",
    "election.held",
    "promotion.failed",
    "synchronous.given-up",
    "switchover.ended",
];

/// KingbaseES, as a scenario may speak of it.
pub const PRODUCT: Product = Product {
    model: "kingbase",
    title: "KingbaseES V8R6 (streaming replication, repmgr)",
    profiles: &[
        Word { name: "v8r6", doc: "KingbaseES V8R6: the lines, columns and switches of the incident of 2024" },
        Word { name: "repmgr-5.3", doc: "upstream repmgr 5.3: its dress, and no change of synchronous replication" },
    ],
    roles: &[
        RoleWord {
            name: "primary",
            doc: "the first primary; it is the first node",
            database: "kingbase",
            processes: PROCESSES,
        },
        RoleWord { name: "standby", doc: "a streaming standby", database: "kingbase", processes: PROCESSES },
        RoleWord {
            name: "witness",
            doc: "a server of its own that counts in elections and serves nobody",
            database: "kingbase",
            processes: PROCESSES,
        },
    ],
    selectors: &[Word { name: "witness", doc: "the host of the witness" }],
    devices: &[DeviceWord {
        name: "data",
        doc: "the data directory of each node, on a disk of its own",
        shared: false,
        regions: &[
            Word { name: "sys_wal", doc: "the log" },
            Word { name: "pages", doc: "the tables" },
            Word { name: "control", doc: "the control file" },
            Word { name: "directory", doc: "names of segments, status and history files, slots, the archive" },
        ],
    }],
    parameters: parameters::PARAMETERS,
    defects: &[
        Word { name: "promote-before-shutdown", doc: "a switchover promotes without waiting for the old primary" },
        Word {
            name: "receive-check-skipped",
            doc: "a switchover does not compare the standby with the shutdown point",
        },
        Word { name: "switchover-leaves-paused", doc: "a switchover that succeeds leaves repmgrd paused" },
        Word { name: "promotion-keeps-sync-names", doc: "a new primary waits for the standbys it had listed before" },
        Word { name: "promote-without-looking", doc: "promote does not ask whether there is a primary" },
        Word { name: "minority-may-promote", doc: "an election counts no majority" },
        Word { name: "repmgrd-ignores-pause", doc: "a paused repmgrd fails over" },
        Word { name: "rejoin-skips-fork-check", doc: "a node past the fork is taken back without a rewind" },
        Word { name: "stream-past-the-fork", doc: "a walsender serves a standby that is past the fork" },
        Word { name: "timeline-used-twice", doc: "a promotion takes the next timeline without looking for used ones" },
        Word { name: "unarchived-is-recycled", doc: "a checkpoint recycles files that wait to be archived" },
        Word { name: "shutdown-leaves-standbys-behind", doc: "a shutdown does not wait for its standbys" },
        Word { name: "sync-is-never-given-up", doc: "a primary without its synchronous standbys waits for ever" },
    ],
    events: EVENTS,
    headlines: HEADLINES,
    procedures: &[],
    commands: COMMANDS,
    looking: &[
        &["repmgr", "cluster", "show"],
        &["repmgr", "node", "check"],
        &["repmgr", "node", "status"],
        &["repmgr", "service", "status"],
        &["repmgr", "--version"],
        &["ksql", "-c", "show "],
        &["ls"],
        &["restorecheck"],
    ],
    status_output: StatusOutput::Plain,
    verbs: &[
        VerbWord { verb: "switchover", command: "repmgr standby switchover" },
        VerbWord { verb: "failover", command: "repmgr standby promote" },
        VerbWord { verb: "promote", command: "repmgr standby promote" },
        VerbWord { verb: "start", command: "sys_ctl start" },
        VerbWord { verb: "stop", command: "sys_ctl stop" },
    ],
    files: &[
        Word { name: "data/standby.signal", doc: "makes a node a standby when it starts" },
        Word { name: "repmgr.conf", doc: "the configuration of repmgr, which a switchover looks for" },
    ],
    external_commands: &[
        Word {
            name: ssh::COMMAND,
            doc: "commands on another node, typed on this one: refused, hung, or (fail) carried out there without an answer",
        },
        Word { name: server::ARCHIVE_COMMAND, doc: "archives one file" },
        Word { name: ctl::START_COMMAND, doc: "starts the server; one that fails says that it worked" },
        Word { name: repmgrd::VALIDATION_COMMAND, doc: "must agree before the winner of an election promotes itself" },
        Word { name: ctl::STOP_COMMAND, doc: "stops the server; one that fails says that it worked" },
    ],
    limits: &[
        Told {
            en: "kbha, VIP and trusted_servers are left out: how they decide is not known; so are tablespaces and BDR.",
            zh: "未模拟 kbha、VIP 与 trusted_servers(其判定方式未知),也未模拟表空间与 BDR。",
        },
        Told {
            en: "A log segment begins with 4096 bytes of header, so positions at its start end in 1000, not in 28.",
            zh: "日志段以 4096 字节段头开始,故段首位点以 1000 而非 28 结尾。",
        },
        Told {
            en: "A read waits until what it has seen is confirmed; the real server would show the older row.",
            zh: "读操作会等到所见内容得到确认;真实服务器会返回较旧的行。",
        },
        Told {
            en: "A bulk load fills a segment with one record and its end, so that gigabytes of log cost no memory.",
            zh: "批量装载用一条记录及其末尾填满一个段,使大量日志不占内存。",
        },
        Told {
            en: "Configuration files of a host are durable at once; all others can be lost or torn with the data device.",
            zh: "主机上的配置文件写入即持久;其他文件可能随数据盘丢失或撕裂。",
        },
        Told {
            en: "The server keeps its synchronous setting cleared after it was given up; when KingbaseES restores it is not known.",
            zh: "同步设置被放弃后保持清空;KingbaseES 何时恢复它未知。",
        },
    ],
    build: cluster::build,
};
