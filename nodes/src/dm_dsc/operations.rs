//! How the operator looks at the cluster: `show` of dmcssm, and what it shows when all is well.

use super::chinese;
use crate::operations::{Look, Marks, Operations, Told, Verification, Whom};

const SHOW: Look = Look {
    command: "dmcssm show GRP_DSC",
    whom: Whom::Any,
    healthy: Told {
        en: "sta is OPEN and sub_sta STARTUP; n_ok_ep counts every instance; break ep and recover ep are NULL; each \
             instance is OPEN, WORKING, OK, TRUE",
        zh: "sta 为 OPEN、sub_sta 为 STARTUP;n_ok_ep 等于实例总数;break ep 与 recover ep 均为 NULL;各实例为 \
             OPEN、WORKING、OK、TRUE",
    },
};

/// How the cluster is looked at.
pub const OPERATIONS: Operations = Operations {
    status: SHOW,
    before: &[
        Look {
            command: "dmcssm show GRP_CSS",
            whom: Whom::Any,
            healthy: Told {
                en: "every CSS is OPEN, WORKING, OK, TRUE", zh: "各 CSS 均为 OPEN、WORKING、OK、TRUE"
            },
        },
        Look {
            command: "dmcssm show GRP_ASM",
            whom: Whom::Any,
            healthy: Told {
                en: "every ASM is OPEN, WORKING, OK, TRUE", zh: "各 ASM 均为 OPEN、WORKING、OK、TRUE"
            },
        },
    ],
    verification: &[
        Verification {
            command: "disql SYSDBA@HOST:5236 -e \"select instance_name, status$, mode$ from v$instance;\"",
            shows: Told { en: "OPEN and NORMAL on every instance", zh: "各实例均为 OPEN、NORMAL" },
        },
        Verification {
            command: "disql SYSDBA@HOST:5236 -e \"select * from v$dsc_ep_info;\"",
            shows: Told { en: "every EP is OK", zh: "各 EP 状态均为 OK" },
        },
    ],
    abort: &[
        Told { en: "the voting disk cannot be read by one of the CSS", zh: "任一 CSS 无法读取表决磁盘" },
        Told {
            en: "sta of GRP_DSC stays in PROCESS_EP_CRASH or PROCESS_RECOVER longer than the worst rehearsed time",
            zh: "GRP_DSC 的 sta 停留在 PROCESS_EP_CRASH 或 PROCESS_RECOVER 超过演练最差时间",
        },
    ],
    // The control CSS leads a group through its statuses; the instances open and suspend by its orders.
    phases: Marks {
        detected: &["group.status", "ep.killed"],
        decided: &[],
        fenced: &["ep.killed"],
        opened: &["group.status"],
        opens_itself: false,
    },
    rollback: &[
        Told {
            en: "`dmcssm show`; start what is down with `dmcssm ep startup GROUP.EP` and wait until the group is OPEN and every EP is OK",
            zh: "执行 `dmcssm show`;用 `dmcssm ep startup GROUP.EP` 启动未运行的实例,直至组为 OPEN 且各实例为 OK",
        },
        Told {
            en: "An EP that cannot rejoin stays stopped: the group goes on without it, repair it afterwards",
            zh: "无法重加入的实例保持停止:组在没有它的情况下继续服务,事后修复",
        },
    ],
    events: chinese::EVENTS,
};
