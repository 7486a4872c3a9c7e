//! How the operator looks at the cluster: `cm_ctl query`, and what it shows when all is well.

use super::chinese;
use crate::operations::{Look, Marks, Operations, Told, Verification, Whom};

const QUERY: Look = Look {
    command: "cm_ctl query -Cvipd",
    whom: Whom::Any,
    healthy: Told {
        en: "cluster_state is Normal; one instance is Primary Normal, all others are Standby Normal",
        zh: "cluster_state 为 Normal;有且仅有一个 Primary Normal,其余均为 Standby Normal",
    },
};

/// How the cluster is looked at.
pub const OPERATIONS: Operations = Operations {
    status: QUERY,
    before: &[],
    verification: &[
        Verification {
            command: "gsql -d postgres -p 12600 -c \"select pg_is_in_recovery();\"",
            shows: Told { en: "f on the primary, t on every other node", zh: "主机返回 f,其余节点返回 t" },
        },
        Verification {
            command: "gsql -d postgres -p 12600 -c \"select local_role, db_state from pg_stat_get_stream_replications();\"",
            shows: Told { en: "Primary and Normal on the primary", zh: "主机显示 Primary 与 Normal" },
        },
    ],
    abort: &[
        Told { en: "`cm_ctl query` shows two instances as Primary", zh: "`cm_ctl query` 显示两个 Primary" },
        Told {
            en: "a node shows Down and CM has used up its restarts (`cm_ctl query` shows Manually stopped or Unknown)",
            zh: "某节点为 Down 且 CM 重启次数用尽(`cm_ctl query` 显示 Manually stopped 或 Unknown)",
        },
    ],
    phases: Marks::OF_A_PRIMARY,
    rollback: &[
        Told {
            en: "`cm_ctl query -Cvipd`; start what is down with `cm_ctl start -n NODE -D DATADIR` and wait until cluster_state is Normal",
            zh: "执行 `cm_ctl query -Cvipd`;用 `cm_ctl start -n NODE -D DATADIR` 启动未运行的节点,直至 cluster_state 为 Normal",
        },
        Told {
            en: "Two primaries: stop the one that does not own dms_reformer_lock with `cm_ctl stop -n NODE -D DATADIR` before anything else",
            zh: "出现两个主节点时,先用 `cm_ctl stop -n NODE -D DATADIR` 停止未持有 dms_reformer_lock 的节点",
        },
    ],
    events: chinese::EVENTS,
};
