//! How the operator looks at the cluster: `repmgr cluster show` and its relatives, and what they show when all is well.

use super::chinese;
use crate::operations::{Look, Marks, Operations, Told, Verification, Whom};

const CLUSTER_SHOW: Look = Look {
    command: "repmgr cluster show",
    whom: Whom::Any,
    healthy: Told {
        en: "one primary is `* running`, every standby is `running` with that primary as its upstream, all on one \
             timeline, LSN_Lag 0 or a few bytes",
        zh: "有且仅有一个主库 `* running`,各备库 `running` 且 Upstream 为该主库,时间线一致,LSN_Lag 为 0 或极小",
    },
};

/// How the cluster is looked at.
pub const OPERATIONS: Operations = Operations {
    status: CLUSTER_SHOW,
    before: &[
        Look {
            command: "repmgr node check",
            whom: Whom::Every,
            healthy: Told {
                en: "every line says OK; WAL archiving above all: 128 files that wait refuse a switchover",
                zh: "各项均为 OK;尤其关注 WAL archiving:待归档文件超过 128 个将拒绝切换",
            },
        },
        Look {
            command: "repmgr service status",
            whom: Whom::Any,
            healthy: Told {
                en: "repmgrd is running on every node, Paused? says no",
                zh: "各节点 repmgrd 均为 running,Paused? 为 no",
            },
        },
    ],
    verification: &[
        Verification {
            command: "ksql -U system -d test -c \"select sys_is_in_recovery();\"",
            shows: Told { en: "f on the primary, t on every standby", zh: "主库返回 f,备库返回 t" },
        },
        Verification {
            command: "ksql -U system -d test -c \"select client_addr, state, sync_state from sys_stat_replication;\"",
            shows: Told {
                en: "one row in state streaming for every standby", zh: "每个备库一行,state 为 streaming"
            },
        },
    ],
    abort: &[
        Told {
            en: "`repmgr cluster show` lists two running primaries",
            zh: "`repmgr cluster show` 显示两个运行中的主库",
        },
        Told {
            en: "`repmgr node check` says CRITICAL for WAL archiving or replication lag",
            zh: "`repmgr node check` 的 WAL archiving 或 Replication lag 为 CRITICAL",
        },
    ],
    phases: Marks::OF_A_PRIMARY,
    rollback: &[
        Told {
            en: "Two primaries: stop the one that is to go with `sys_ctl stop -D DATADIR -m fast` before anything else",
            zh: "出现两个主库时,先用 `sys_ctl stop -D DATADIR -m fast` 停止应放弃的一个",
        },
        Told {
            en: "Bring a stopped node back with `repmgr node rejoin -d CONNINFO --force-rewind`, then `repmgr service unpause`",
            zh: "用 `repmgr node rejoin -d CONNINFO --force-rewind` 使停止的节点重加入,再执行 `repmgr service unpause`",
        },
    ],
    events: chinese::EVENTS,
};
