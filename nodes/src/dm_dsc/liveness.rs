//! When a part of the cluster that is whole must serve, and how soon.

use crate::parts::standstill::{Reason, no_majority};
use crate::product::Wait;

use super::parameters::Parameters;

/// The waits from the death of an EP to the group that is open again: its heartbeat stands still, the others suspend and
/// read its log, and what is down is started.
pub(super) fn recovery_path(parameters: &Parameters) -> Vec<Wait> {
    let wait = |name, length| Wait { name, length };
    vec![
        wait("DCR_GRP_DSKCHK_CNT", parameters.disk_check),
        wait("DMDCR_ASM_RESTART_INTERVAL", parameters.asm_restart),
        wait("DMDCR_DB_RESTART_INTERVAL", parameters.db_restart),
        wait("EP_CRASH_STEP1", parameters.crash_step1),
        wait("SUSPEND_WORKERS", parameters.suspend),
        wait("EP_CRASH_STEP2", parameters.crash_step2),
        wait("EP START2", parameters.start2),
    ]
}

/// What is so in the cluster at a moment.
pub(super) struct Situation {
    /// How many EPs are whole, and how many of those have a running database.
    pub(super) whole: (usize, usize),
    /// The same for those outside.
    pub(super) outside: (usize, usize),
    /// Whether a CSS can start a database of its host.
    pub(super) starts: bool,
    /// Whether a group starts without EPs that are absent.
    pub(super) opens_alone: bool,
    /// Whether every EP that is whole is an ERROR EP.
    pub(super) only_errors: bool,
    /// Whether some EP is open.
    pub(super) is_open: bool,
}

/// Why the whole EPs may stand still.
pub(super) fn may_stand_still(now: &Situation) -> Option<Reason> {
    let all = now.whole.0 + now.outside.0;
    if now.outside.1 > 0 {
        // Those outside that still run may be the ones that the arbitration keeps.
        return no_majority(
            now.whole.0,
            all,
            ("the arbitration of CSS, which may keep the others,", "CSS 仲裁(可能保留另一部分)"),
        );
    }
    if now.whole.1 == 0 && !now.starts {
        return Some(Reason::new(
            "no database of the core runs, and no start command is configured",
            "核心中没有数据库在运行,且未配置启动命令",
        ));
    }
    if !now.is_open && now.only_errors {
        // Reference, section 1.1: the group starts once at least one OK EP has, or when the operator forces it.
        return Some(Reason::new(
            "the whole DB group is down, and only ERROR EPs are left: they wait for an OK EP or for `open force`",
            "整个 DB 组已停止,且只剩 ERROR EP:它们等待某个 OK 的 EP 启动或运维执行 open force",
        ));
    }
    let unstarted = if now.starts { 0 } else { now.whole.0 - now.whole.1 };
    let absent = now.outside.0 - now.outside.1 + unstarted;
    (!now.is_open && absent > 0 && !now.opens_alone).then(|| {
        Reason::new(
            "the whole DB group is down, and with DMDCR_AUTO_OPEN_CHECK 0 it does not start without the absent EPs",
            "整个 DB 组已停止,而 DMDCR_AUTO_OPEN_CHECK 为 0 时缺少 EP 就不会启动",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_must_serve_and_a_group_that_is_down_need_not() {
        let mut now = Situation {
            whole: (1, 1),
            outside: (1, 0),
            starts: true,
            opens_alone: false,
            only_errors: false,
            is_open: true,
        };
        assert_eq!(may_stand_still(&now), None);
        now.outside.1 = 1;
        assert!(may_stand_still(&now).is_some_and(|why| why.en.contains("no majority")));
        now.outside.1 = 0;
        now.whole.1 = 0;
        now.is_open = false;
        assert!(may_stand_still(&now).is_some_and(|why| why.en.contains("DMDCR_AUTO_OPEN_CHECK")));
        now.opens_alone = true;
        assert_eq!(may_stand_still(&now), None);
        now.starts = false;
        assert!(may_stand_still(&now).is_some());
        // One was started by hand, the other waits for the operator: together they may not start.
        let mut halves = Situation {
            whole: (2, 1),
            outside: (0, 0),
            starts: false,
            opens_alone: false,
            only_errors: false,
            is_open: false,
        };
        assert!(may_stand_still(&halves).is_some_and(|why| why.en.contains("DMDCR_AUTO_OPEN_CHECK")));
        halves.is_open = true;
        assert_eq!(may_stand_still(&halves), None);
        (halves.is_open, halves.whole.1) = (false, 2);
        assert_eq!(may_stand_still(&halves), None, "both run and must come to open");
    }

    #[test]
    fn error_eps_alone_wait_for_their_operator() {
        let mut now = Situation {
            whole: (1, 1),
            outside: (1, 0),
            starts: true,
            opens_alone: true,
            only_errors: true,
            is_open: false,
        };
        assert!(may_stand_still(&now).is_some_and(|why| why.en.contains("open force")));
        now.only_errors = false;
        assert_eq!(may_stand_still(&now), None);
        (now.only_errors, now.is_open) = (true, true);
        assert_eq!(may_stand_still(&now), None, "it may rejoin");
    }
}
