//! How the operator looks at the cluster. PolarDB has no command that shows all of it: each server is asked.

use super::chinese;
use crate::operations::{Look, Marks, Operations, Told, Verification, Whom};

const RECOVERY: Look = Look {
    command: "psql -c \"select pg_is_in_recovery()\"",
    whom: Whom::Every,
    healthy: Told {
        en: "f on exactly one node, the writer; t on every replica and standby",
        zh: "有且仅有一个节点(读写节点)返回 f,只读节点与备库返回 t",
    },
};

/// How the cluster is looked at.
pub const OPERATIONS: Operations = Operations {
    status: RECOVERY,
    before: &[
        Look {
            command: "psql -x -c \"select * from pg_stat_replication\"",
            whom: Whom::Every,
            healthy: Told {
                en: "on the writer one row in state streaming for every replica and standby",
                zh: "读写节点上每个只读节点与备库各一行,state 为 streaming",
            },
        },
        Look {
            command: "psql -x -c \"select * from pg_replication_slots\"",
            whom: Whom::Every,
            healthy: Told {
                en: "on the writer one active slot for every replica",
                zh: "读写节点上每个只读节点各有一个 active 的复制槽",
            },
        },
    ],
    verification: &[
        Verification {
            command: "psql -c \"select pg_is_in_recovery();\"",
            shows: Told { en: "f on the writer only", zh: "仅读写节点返回 f" },
        },
        Verification {
            command: "psql -c \"select pg_current_wal_lsn();\"",
            shows: Told { en: "grows while the business writes", zh: "业务写入期间持续增长" },
        },
    ],
    abort: &[
        Told {
            en: "`pg_ctl stop` of the old writer has not returned: never promote while it may still write",
            zh: "旧读写节点的 `pg_ctl stop` 未返回:其仍可能写入时严禁升主",
        },
        Told { en: "two nodes answer f to pg_is_in_recovery()", zh: "两个节点的 pg_is_in_recovery() 均返回 f" },
    ],
    phases: Marks::OF_A_PRIMARY,
    rollback: &[
        Told {
            en: "Prove that the old writer is stopped (`pg_ctl status -D DATADIR`, no postgres process) before any node is promoted or started as the writer",
            zh: "任何节点升主或以读写方式启动之前,先确认旧写节点已停止(`pg_ctl status -D DATADIR`,无 postgres 进程)",
        },
        Told {
            en: "Start the others as replicas (replica.signal is there) with `pg_ctl start -D DATADIR`",
            zh: "其余节点以只读方式(存在 replica.signal)用 `pg_ctl start -D DATADIR` 启动",
        },
    ],
    events: chinese::EVENTS,
};
