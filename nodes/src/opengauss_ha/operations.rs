//! How the operator looks at the cluster: `gs_om -t status`, `gs_ctl query`, and what they show when all is well.

use super::chinese;
use crate::operations::{Look, Marks, Operations, Told, Verification, Whom};

const STATUS: Look = Look {
    command: "gs_om -t status --detail",
    whom: Whom::Any,
    healthy: Told {
        en: "cluster_state is Normal; one node is P Primary Normal, the other S Standby Normal",
        zh: "cluster_state 为 Normal;一个节点 P Primary Normal,另一个 S Standby Normal",
    },
};

/// How the cluster is looked at.
pub const OPERATIONS: Operations = Operations {
    status: STATUS,
    before: &[],
    verification: &[
        Verification {
            command: "gsql -d postgres -p 26000 -c \"select pg_is_in_recovery();\"",
            shows: Told { en: "f on the primary, t on the standby", zh: "主机返回 f,备机返回 t" },
        },
        Verification {
            command: "gsql -d postgres -p 26000 -c \"select state, sync_percent from pg_stat_get_wal_senders();\"",
            shows: Told { en: "Streaming and 100% on the primary", zh: "主机显示 Streaming 与 100%" },
        },
    ],
    abort: &[
        Told { en: "two nodes show Primary", zh: "两个节点均显示 Primary" },
        Told {
            en: "a node shows Need repair(WAL): no switchover before it is built again",
            zh: "某节点显示 Need repair(WAL):重建完成前禁止切换",
        },
    ],
    phases: Marks::OF_A_PRIMARY,
    rollback: &[
        Told {
            en: "Stop every server but the one whose log is to be kept, start that one with `gs_ctl start -D DATADIR -M primary`",
            zh: "保留其日志的节点之外全部停止,再用 `gs_ctl start -D DATADIR -M primary` 启动该节点",
        },
        Told {
            en: "Bring the others back with `gs_ctl build -D DATADIR`, then `gs_om -t refreshconf`",
            zh: "其余节点用 `gs_ctl build -D DATADIR` 重建,最后执行 `gs_om -t refreshconf`",
        },
    ],
    events: chinese::EVENTS,
};
