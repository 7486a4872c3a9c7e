//! What can be set: the registry's parameters under their real names, and what the model must be told (`sim_`).

use std::time::Duration;

use crate::product::{ClusterPlan, ParameterKind, ParameterWord};

use super::words::{Command, Profile};

macro_rules! parameters {
    ($($(#[doc = $doc:literal])* $field:ident : $kind:ident = $name:literal, $text:literal, $default:expr;)*) => {
        /// The parameters of one cluster.
        #[derive(Clone, Debug)]
        pub struct Parameters {
            /// The version whose rules hold.
            pub profile: Profile,
            $($(#[doc = $doc])* pub $field: parameters!(@type $kind),)*
        }

        impl Parameters {
            /// The parameters a plan asks for.
            pub fn of(plan: &ClusterPlan) -> Self {
                Parameters {
                    profile: if plan.profile == "dm8-2024" { Profile::V2024 } else { Profile::V2021 },
                    $($field: parameters!(@read $kind, plan, $name, $default),)*
                }
            }
        }

        /// Their description.
        pub const PARAMETERS: &[ParameterWord] = &[$(ParameterWord {
            name: $name,
            doc: concat!($($doc),*),
            kind: parameters!(@kind $kind),
            default: $text,
        },)*];
    };
    (@type time) => { Duration };
    (@type switch) => { bool };
    (@type number) => { i64 };
    (@type text) => { String };
    (@read time, $plan:ident, $name:literal, $default:expr) => {
        $plan.duration($name, Duration::from_millis($default))
    };
    (@read switch, $plan:ident, $name:literal, $default:expr) => { $plan.boolean($name, $default) };
    (@read number, $plan:ident, $name:literal, $default:expr) => { $plan.integer($name, $default) };
    (@read text, $plan:ident, $name:literal, $default:expr) => { $plan.text($name, $default) };
    (@kind text) => { ParameterKind::Text };
    (@kind time) => { ParameterKind::Duration { bare_unit_ms: 1000 } };
    (@kind switch) => { ParameterKind::Boolean };
    (@kind number) => { ParameterKind::Integer { low: 0, high: i64::MAX } };
}

parameters! {
    /// How long the heartbeat of an EP may stand still before it is judged dead.
    disk_check: time = "DCR_GRP_DSKCHK_CNT", "60s", 60_000;
    /// Whether ASM and database halt themselves when the CSS of their host is dead.
    check_css: switch = "DMDCR_CHECK_CSS_ACTIVE", "off", false;
    /// After how long the CSS starts a dead ASM of its host; 0 for never.
    asm_restart: time = "DMDCR_ASM_RESTART_INTERVAL", "60s", 60_000;
    /// After how long the CSS starts a dead database of its host; 0 for never.
    db_restart: time = "DMDCR_DB_RESTART_INTERVAL", "60s", 60_000;
    /// After how long a group starts without the EPs that are absent; 0 for never.
    auto_open: time = "DMDCR_AUTO_OPEN_CHECK", "0s", 0;
    /// How often an EP looks whether it still reaches the others over the interconnect; 0 for never.
    mal_check: time = "MAL_CHECK_INTERVAL", "30s", 30_000;
    /// After how long without an answer such a look counts as a link fault.
    mal_fail: time = "MAL_CONN_FAIL_INTERVAL", "10s", 10_000;
    /// The third party that EPs ping when a link is down: the name of a node with the role third-party; empty for none.
    link_check: text = "DMDCR_LINK_CHECK_IP", "", "";
    /// For how many seconds the heartbeats of CSS, ASM and database of a host must be missed, and the host not be reached over
    /// the network, for a verdict before DCR_GRP_DSKCHK_CNT; 0 for none.
    fast_check: number = "DMDCR_CRASH_CHECK_OPT_COUNT", "0", 0;
    /// On how many mirrored disks (DCRV) the voting disk and the registry lie: 1, 3 or 5.
    vote_copies: number = "sim_vote_copies", "1", 1;
    /// Whether start commands are configured, without which a CSS restarts nothing.
    start_commands: switch = "sim_start_commands", "on", true;
    /// How often heartbeats are written and the voting disk is read.
    poll: time = "sim_poll", "1s", 1_000;
    /// Whether the CSS of a host sees at once that a process of its host is gone.
    pid_check: switch = "sim_local_pid_check", "on", true;
    /// What the command counter of the DB group shows when it is first open; 0 leaves it as the start left it.
    db_counter: number = "sim_db_cmd_seq", "0", 0;
    /// Where the command counter of the CSS group begins.
    css_counter: number = "sim_css_cmd_seq", "0", 0;
    /// How long an EP works on EP_CRASH_STEP1.
    crash_step1: time = "sim_work_crash_step1", "10ms", 10;
    /// How long an EP works on EP_CRASH_STEP2, beside reading the logs.
    crash_step2: time = "sim_work_crash_step2", "1s", 1_000;
    /// How long an EP needs to suspend its workers.
    suspend: time = "sim_work_suspend", "3s", 3_000;
    /// How long an EP works on EP START2, beside reading the logs.
    start2: time = "sim_work_start2", "1s", 1_000;
    /// How long an EP works on any other command.
    other: time = "sim_work_other", "10ms", 10;
    /// After how long without a write to the voting disk an EP stops itself, whatever kept it from writing, its own sleep too. 0:
    /// only once it has failed to reach the disk for as long as DCR_GRP_DSKCHK_CNT; one that slept past that does not know it.
    self_fence: time = "sim_self_fence", "0s", 0;
    /// How long the control CSS waits after Kill before it begins crash handling; the real one does not.
    post_kill_wait: time = "sim_post_kill_wait", "0s", 0;
    /// How often an EP writes changed pages to the data disk; 0 for never.
    checkpoint: time = "sim_checkpoint", "3s", 3_000;
    /// After how long without a heartbeat a watchdog of the host ends the database (SBD has 5 s); 0 for no watchdog.
    watchdog: time = "sim_watchdog", "0s", 0;
    /// Whether the data disk refuses a dead EP: the control EP preempts its SCSI-3 key before it replays.
    pr_fence: switch = "sim_pr_fence", "off", false;
}

impl Parameters {
    /// How long an EP works on a command.
    pub fn work(&self, command: Command) -> Duration {
        match command {
            Command::EpCrashStep1 => self.crash_step1,
            Command::EpCrashStep2 => self.crash_step2,
            Command::EpCrash => self.crash_step1 + self.crash_step2,
            Command::SuspendWorkers => self.suspend,
            Command::EpStart2 => self.start2,
            _ => self.other,
        }
    }

    /// Whether an EP stops itself after a while without a write to its voting disk, whatever kept it from writing.
    pub fn fences_itself(&self) -> bool {
        !self.self_fence.is_zero()
    }

    /// After how long without its voting disk an EP stops itself.
    pub fn own_limit(&self) -> Duration {
        if self.self_fence.is_zero() { self.disk_check } else { self.self_fence }
    }
}
