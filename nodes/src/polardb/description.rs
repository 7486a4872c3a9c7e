//! What a scenario may say of PolarDB.

use crate::operations::Told;
use crate::product::{DeviceWord, Product, RoleWord, StatusOutput, VerbWord, Word};

use super::{cluster, parameters, tools};

const PROCESSES: &[&str] = &["postgres", "pfsd", "logindex-bg"];

const REGIONS: &[Word] = &[
    Word { name: "wal", doc: "pg_wal: the log of all nodes on this volume" },
    Word { name: "pages", doc: "base: data pages of 8 KiB blocks" },
    Word { name: "control", doc: "global/pg_control" },
    Word { name: "clog", doc: "pg_xact" },
    Word { name: "slots", doc: "pg_replslot" },
    Word { name: "pfs", doc: "leader record and journal of PFS" },
    Word { name: "fence", doc: "RWID and DEATH, used by PG11 only" },
];

/// What a reader of a run wants to see first.
const HEADLINES: &[&str] = &[
    "server.panic",
    "startup.crashed",
    "promote.received",
    "promote.guard",
    "promote.end-of-recovery",
    "promote.finished",
    "pfs.another-writer",
    "pfs.late-write",
    "fence.death",
    "stop.received",
    "stop.finished",
    "checkpoint.blocked",
    "replica.read-failed",
];

/// PolarDB for PostgreSQL, as a scenario may speak of it.
pub const PRODUCT: Product = Product {
    model: "polardb",
    title: "PolarDB for PostgreSQL (shared storage, PolarFS)",
    profiles: &[
        Word { name: "pg15", doc: "15.10, the incident's line: one guard in promote, no fencing" },
        Word { name: "pg11", doc: "11: the I/O fencing module with RWID and DEATH, no guard in promote" },
    ],
    roles: &[
        RoleWord { name: "rw", doc: "the writer", database: "postgres", processes: PROCESSES },
        RoleWord { name: "ro", doc: "a replica on the shared volume", database: "postgres", processes: PROCESSES },
        RoleWord {
            name: "standby",
            doc: "a copy for disasters with a volume of its own",
            database: "postgres",
            processes: PROCESSES,
        },
    ],
    selectors: &[],
    devices: &[
        DeviceWord { name: "shared", doc: "the shared volume nvme1n1", shared: true, regions: REGIONS },
        DeviceWord { name: "standby", doc: "the volume of the first standby", shared: true, regions: REGIONS },
    ],
    parameters: parameters::PARAMETERS,
    defects: &[
        Word {
            name: "stop-waits-for-dead-replica",
            doc: "the slot of a replica that is gone holds up the shutdown for ever (fixed with test 050_shutdown_disconnected_replica.pl)",
        },
        Word {
            name: "flush-ignores-apply-lsn",
            doc: "pages are written whatever the replicas have applied (polar_force_flush_buffer, for development only)",
        },
        Word {
            name: "replica-uses-future-page",
            doc: "a replica takes a page that is newer than what it has replayed",
        },
        Word { name: "page-before-log", doc: "a page may reach the disk before the log records it holds" },
        Word {
            name: "clog-before-log",
            doc: "pg_xact calls a transaction committed before its commit is durable in the log",
        },
        Word {
            name: "promote-without-guard",
            doc: "promote does not look whether the log goes on (before t/013_ro_missing_some_wal_before_promote.pl)",
        },
        Word {
            name: "mount-mode-remembered",
            doc: "after a crash a node mounts as its first server did, not by its role files (t/002_promote_kill.pl)",
        },
        Word {
            name: "removal-ignores-slots",
            doc: "old log is removed though a slot still needs it (issue 370 with a slot)",
        },
        Word {
            name: "own-slot-pins-flush",
            doc: "the promoted node counts its own old slot as a replica's and cannot flush (t/005_promote_ro_without_slot.pl)",
        },
        Word {
            name: "replica-keeps-old-pages",
            doc: "pages a replica cached before the redo position survive promote and overwrite newer ones (t/012_polar_redoptr_fallback_after_promote.pl)",
        },
        Word {
            name: "next-xid-from-control-file",
            doc: "transaction numbers go on from the control file, not from what replay has seen",
        },
        Word {
            name: "slot-published-late",
            doc: "a new slot reserves its position before checkpoints can see it (t/029_polar_invalidate_new_slot.pl)",
        },
        Word {
            name: "stop-leaves-requests",
            doc: "the unmount at a stop does not wait for requests that pfsd still has",
        },
    ],
    events: &[
        Word { name: "database.created", doc: "the first writer has made the database on an empty volume" },
        Word { name: "server.mounted", doc: "a server has mounted the volume: { role, mode, volume }" },
        Word { name: "server.panic", doc: "a server ends because it cannot go on: { reason }" },
        Word { name: "startup.crashed", doc: "the startup process of a replica without logindex has died: { signal }" },
        Word { name: "control.written", doc: "pg_control was written: { redo, checkpoint, next_xid }" },
        Word { name: "checkpoint.completed", doc: "a checkpoint is complete: { redo }" },
        Word { name: "checkpoint.blocked", doc: "a checkpoint waits for replicas: { redo, oldest_apply }" },
        Word { name: "log.removed", doc: "old segments were removed: { before, slot, restart }" },
        Word { name: "stream.started", doc: "a walreceiver gets the stream: { from, to, slot, role }" },
        Word { name: "stream.ended", doc: "a walreceiver has ended" },
        Word { name: "replica.applied", doc: "a replica reports how far it has applied the log: { lsn }" },
        Word { name: "slot.inactive", doc: "the peer of a slot is gone: { slot, peer }" },
        Word { name: "replica.read", doc: "a session of a replica has read a page: { page, lsn, replayed }" },
        Word { name: "replica.future-page", doc: "a page on the disk is newer than replay: { page, lsn, replayed }" },
        Word {
            name: "replica.read-failed",
            doc: "a session ended because of a page of the future: { page, lsn, replayed }",
        },
        Word { name: "promote.received", doc: "the postmaster was told to promote" },
        Word { name: "promote.drained", doc: "the last session of the replica has ended" },
        Word { name: "promote.remounted", doc: "the volume is mounted for writing" },
        Word { name: "promote.guard", doc: "the one guard has looked: { end, refused }" },
        Word { name: "promote.background-ready", doc: "the logindex background process is ready" },
        Word { name: "promote.end-of-log", doc: "where the new writer goes on: { end, timeline }" },
        Word { name: "promote.signal-removed", doc: "replica.signal is gone: a crash now makes a writer" },
        Word { name: "promote.data-copied", doc: "CLOG was copied over the shared one" },
        Word { name: "promote.end-of-recovery", doc: "the first record of the new writer is durable: { lsn, end }" },
        Word { name: "promote.finished", doc: "the shared control file says in production" },
        Word { name: "pfs.allocated", doc: "a file got a block: { block, file, txid }" },
        Word { name: "pfs.another-writer", doc: "pfsd has found a newer leader record: { own, found }" },
        Word { name: "pfs.late-write", doc: "pfsd has carried out a write whose client is gone: { client }" },
        Word { name: "fence.death", doc: "PG11 has marked the storage dead" },
        Word { name: "stop.received", doc: "a server was told to stop" },
        Word { name: "stop.finished", doc: "a server has shut down in order" },
        Word { name: "pg_ctl.stopped", doc: "pg_ctl has told the operator that the server is stopped: { mode }" },
    ],
    headlines: HEADLINES,
    procedures: &[],
    commands: tools::COMMANDS,
    looking: &[
        &["pg_ctl", "status"],
        &["psql", "-c", "select pg_is_in_recovery()"],
        &["psql", "-c", "select * from pg_"],
        &["psql", "-x", "-c", "select * from pg_"],
        &["psql", "-c", "select pg_xact_status("],
    ],
    status_output: StatusOutput::Plain,
    verbs: &[
        VerbWord { verb: "start", command: "pg_ctl start -D DIR" },
        VerbWord { verb: "stop", command: "pg_ctl stop -m fast -D DIR" },
        VerbWord { verb: "restart", command: "pg_ctl restart -m fast -D DIR" },
        VerbWord { verb: "promote", command: "pg_ctl promote -D DIR" },
    ],
    files: &[],
    external_commands: &[],
    limits: &[
        Told {
            en: "A block that PFS gives to a file is written into the journal of PFS; where the file's bytes lie does not depend on it.",
            zh: "PFS 分配给文件的块会写入 PFS 日志;但文件字节的位置不取决于它。",
        },
        Told {
            en: "A server is one process: the death of any of its parts ends all of it, and nobody starts it again but the operator.",
            zh: "一个实例是一个进程:任何部分死亡即全部结束,且只有运维人员会重新启动它。",
        },
        Told {
            en: "Transactions run one after the other and never abort by themselves; CLOG is written as in life, but no reader decides by it.",
            zh: "事务依次执行且不会自行回滚;CLOG 照真实方式写入,但没有读者据此判断。",
        },
        Told {
            en: "Full-page snapshots, parallel replay, prepared transactions and multixacts are left out; the copy buffer is in.",
            zh: "未模拟整页快照、并行回放、两阶段事务与 multixact;已模拟 copy buffer。",
        },
        Told {
            en: "The metadata of the stream is the flushed position: replicas read the records themselves from the shared disk.",
            zh: "流复制只传输已落盘位点:只读节点自行从共享盘读取日志记录。",
        },
        Told {
            en: "A standby is made from the log of its primary, without a base backup.",
            zh: "备库由主库日志建立,不做基础备份。",
        },
    ],
    build: cluster::build,
};
