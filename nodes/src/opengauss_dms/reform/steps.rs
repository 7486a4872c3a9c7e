//! The steps of each kind of round, in order (`DMS: src/rc/dms_reform_judge.c`, `dms_reform_judge_step.c`).

use super::ReformType;

macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident = $log:literal, $function:literal, $event:literal;)*) => {
        /// One step of a round.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Step { $($(#[$doc])* $step,)* }

        impl Step {
            /// Its name in the step list of the DMS run log.
            pub const fn name(self) -> &'static str {
                match self { $(Step::$step => $log,)* }
            }

            /// The function that logs its beginning and end.
            pub const fn function(self) -> &'static str {
                match self { $(Step::$step => $function,)* }
            }

            /// The event announced when it begins; switchover and failover rounds have names of their own, so that a
            /// scenario can wait for a step of the round it means.
            pub const fn event(self, reform_type: ReformType) -> &'static str {
                match reform_type {
                    ReformType::Switchover => match self { $(Step::$step => concat!("switchover-step.", $event),)* },
                    ReformType::Failover => match self { $(Step::$step => concat!("failover-step.", $event),)* },
                    ReformType::Normal | ReformType::FullClean => {
                        match self { $(Step::$step => concat!("reform-step.", $event),)* }
                    }
                }
            }

            /// Every step there is.
            pub const ALL: &'static [Step] = &[$(Step::$step,)*];
        }
    };
}

steps! {
    /// Clears what the last round left.
    Prepare = "PREPARE", "dms_reform_prepare", "prepare";
    /// Closes connections to those that left.
    Disconnect = "DISCONN", "dms_reform_disconnect", "disconnect";
    /// Opens connections to those that came.
    Reconnect = "RECONN", "dms_reform_reconnect", "reconnect";
    /// The database is told; sessions end; the reformer waits for its dssserver to be main.
    Start = "START", "dms_reform_start", "start";
    /// The old primary becomes a standby.
    Demote = "SWITCHOVER_DEMOTE", "dms_reform_switchover_demote", "demote";
    /// Page ownership is closed.
    DrcInaccess = "DRC_INACCESS", "dms_reform_drc_inaccess", "drc-inaccess";
    /// The instance latch is taken exclusively.
    LockInstance = "LOCK_INSTANCE", "dms_reform_lock_instance", "lock-instance";
    /// The cluster version goes up and the latch is released.
    PushGcvAndUnlock = "PUSH_GCV_AND_UNLOCK", "dms_reform_push_gcv_and_unlock", "push-gcv";
    /// All page ownership is thrown away.
    FullClean = "FULL_CLEAN", "dms_reform_full_clean", "full-clean";
    /// Page ownership is collected again.
    Rebuild = "REBUILD", "dms_reform_rebuild", "rebuild";
    /// Masters of pages are dealt out again.
    Remaster = "REMASTER", "dms_reform_remaster", "remaster";
    /// Page ownership moves to the new masters.
    Migrate = "MIGRATE", "dms_reform_migrate", "migrate";
    /// The startup thread begins.
    Startup = "STARTUP", "dms_reform_startup", "startup";
    /// Damaged page ownership is repaired.
    Repair = "REPAIR", "dms_reform_repair", "repair";
    /// Page ownership is opened.
    DrcAccess = "DRC_ACCESS", "dms_reform_drc_access", "drc-access";
    /// The log is replayed.
    Recovery = "RECOVERY_OPENGAUSS", "dms_reform_recovery_opengauss", "recovery";
    /// What replay needed is thrown away.
    DrcRecoveryClean = "DRC_RCY_CLEAN", "dms_reform_drc_rcy_clean", "drc-recovery-clean";
    /// The same for control pages.
    ControlRecoveryClean = "CTL_RCY_CLEAN", "dms_reform_ctl_rcy_clean", "control-recovery-clean";
    /// Pages are served again.
    PageAccess = "PAGE_ACCESS", "dms_reform_page_access", "page-access";
    /// XA ownership is opened.
    XaDrcAccess = "XA_DRC_ACCESS", "dms_reform_xa_drc_access", "xa-drc-access";
    /// The reformer lock moves to the new primary.
    SwitchLock = "SWITCH_LOCK", "dms_reform_switch_lock", "switch-lock";
    /// The new primary of a switchover is promoted and recorded.
    SwitchoverPromote = "SWITCHOVER_PROMOTE_OPENGAUSS", "dms_reform_switchover_promote_opengauss", "switchover-promote";
    /// The reformer of a failover is promoted.
    FailoverPromote = "FAILOVER_PROMOTE_OPENGAUSS", "dms_reform_failover_promote_opengauss", "failover-promote";
    /// The round has worked.
    Success = "SUCCESS", "dms_reform_success", "success";
    /// The new members are recorded.
    Done = "DONE", "dms_reform_done", "done";
    /// Everybody has recorded them.
    DoneCheck = "DONE_CHECK", "dms_reform_done_check", "done-check";
    /// Everybody waits for everybody.
    SyncWait = "SYNC_WAIT", "dms_reform_sync_wait", "sync-wait";
}

/// What makes some steps of a list appear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Somebody left.
    pub disconnect: bool,
    /// Somebody came.
    pub reconnect: bool,
    /// Page ownership has to move.
    pub migrate: bool,
    /// A log has to be replayed.
    pub recovery: bool,
}

/// The steps of a round, synchronisation points included.
pub fn steps_of(reform_type: ReformType, conditions: Conditions) -> Vec<Step> {
    use Step::*;
    let connections = |list: &mut Vec<Step>| {
        list.push(Prepare);
        list.extend(conditions.disconnect.then_some(Disconnect));
        list.extend(conditions.reconnect.then_some(Reconnect));
    };
    let mut list = Vec::new();
    match reform_type {
        ReformType::Switchover => {
            list.extend([
                Prepare,
                SyncWait,
                Start,
                SyncWait,
                Demote,
                SyncWait,
                DrcInaccess,
                SyncWait,
                LockInstance,
                SyncWait,
                PushGcvAndUnlock,
                SyncWait,
                Remaster,
            ]);
            if conditions.migrate {
                list.extend([SyncWait, Migrate]);
            }
            list.extend([
                SyncWait,
                DrcAccess,
                SyncWait,
                PageAccess,
                SyncWait,
                SwitchLock,
                SyncWait,
                SwitchoverPromote,
                SyncWait,
            ]);
        }
        ReformType::Failover => {
            connections(&mut list);
            list.extend([
                SyncWait,
                Start,
                SyncWait,
                DrcInaccess,
                SyncWait,
                LockInstance,
                SyncWait,
                PushGcvAndUnlock,
                SyncWait,
                Rebuild,
                SyncWait,
                Remaster,
                SyncWait,
                FailoverPromote,
                Startup,
                SyncWait,
                Repair,
                SyncWait,
                DrcAccess,
                SyncWait,
                Recovery,
                SyncWait,
                DrcRecoveryClean,
                ControlRecoveryClean,
                SyncWait,
                PageAccess,
                SyncWait,
            ]);
        }
        ReformType::Normal => {
            connections(&mut list);
            list.extend([
                SyncWait,
                Start,
                SyncWait,
                DrcInaccess,
                SyncWait,
                LockInstance,
                SyncWait,
                PushGcvAndUnlock,
                SyncWait,
                FullClean,
                SyncWait,
                Rebuild,
                SyncWait,
                Remaster,
                Startup,
                SyncWait,
                Repair,
                SyncWait,
                DrcAccess,
            ]);
            if conditions.recovery {
                list.extend([SyncWait, Recovery, SyncWait, DrcRecoveryClean, ControlRecoveryClean]);
            }
            list.extend([SyncWait, PageAccess, SyncWait]);
        }
        ReformType::FullClean => list.extend([
            Prepare,
            SyncWait,
            Start,
            SyncWait,
            DrcInaccess,
            SyncWait,
            LockInstance,
            SyncWait,
            PushGcvAndUnlock,
            SyncWait,
            FullClean,
            SyncWait,
            Rebuild,
            SyncWait,
            Remaster,
            SyncWait,
            Repair,
            SyncWait,
            DrcAccess,
            SyncWait,
            PageAccess,
            SyncWait,
            XaDrcAccess,
            SyncWait,
        ]),
    }
    list.extend([Success, Done, DoneCheck]);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(reform_type: ReformType, conditions: Conditions) -> Vec<Step> {
        steps_of(reform_type, conditions).into_iter().filter(|step| *step != Step::SyncWait).collect()
    }

    #[test]
    fn a_switchover_demotes_before_the_lock_moves_and_promotes_after() {
        use Step::*;
        let steps = names(ReformType::Switchover, Conditions::default());
        assert_eq!(
            steps,
            [
                Prepare,
                Start,
                Demote,
                DrcInaccess,
                LockInstance,
                PushGcvAndUnlock,
                Remaster,
                DrcAccess,
                PageAccess,
                SwitchLock,
                SwitchoverPromote,
                Success,
                Done,
                DoneCheck
            ]
        );
    }

    #[test]
    fn replay_happens_in_failover_always_and_in_a_normal_round_when_asked() {
        let failover = names(ReformType::Failover, Conditions::default());
        assert!(failover.contains(&Step::Recovery) && failover.contains(&Step::FailoverPromote));
        assert!(!names(ReformType::Normal, Conditions::default()).contains(&Step::Recovery));
        let restart = Conditions { recovery: true, ..Conditions::default() };
        assert!(names(ReformType::Normal, restart).contains(&Step::Recovery));
    }

    #[test]
    fn nobody_passes_a_step_alone() {
        for reform_type in [ReformType::Normal, ReformType::Failover, ReformType::Switchover, ReformType::FullClean] {
            let steps = steps_of(reform_type, Conditions::default());
            let start = steps.iter().position(|step| *step == Step::Start);
            assert!(start.is_some_and(|start| steps[start + 1] == Step::SyncWait), "{reform_type:?}");
        }
    }
}
