//! A round as the log of one participant tells it: how far it has come, and how the account of its failure goes.

use crate::grammar::numbers;

use super::super::super::reform::health::reformer_aborted;
use super::super::super::reform::steps::Step;
use super::super::super::reform::{Bitmap, ReformType, ShareInfo, Version};
use super::words::{
    BEGINNING, EXIT, FAIL, LISTS, OTHER_REFORMER, OTHER_REFORMER_IN_SWITCHOVER, PARTNER_ABORT, REFORMER_ABORT,
    SELF_FAIL, SET_FAIL, WAIT,
};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Round {
    pub(super) kind: ReformType,
    pub(super) steps: Vec<Step>,
    /// Whether this instance organises it.
    pub(super) organises: bool,
    /// Whether the others report to this instance; unknown for a partner after the lock has moved.
    pub(super) coordinates: Option<bool>,
    /// The step that is under way or comes next.
    pub(super) position: usize,
    pub(super) under_way: bool,
    /// How much of the beginning has been said.
    pub(super) begun: usize,
    pub(super) failed: bool,
    pub(super) telling: Telling,
}

/// How far the account of a failure has come.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Telling {
    Nothing,
    OtherReformer {
        demote: u64,
        promote: Option<u64>,
    },
    ReformerAbort {
        demote: u64,
    },
    PartnerGone,
    /// A step has failed by itself.
    StepFailed,
    /// The step's failure has been told, the round is to be marked.
    SelfFail,
    /// The round is being cleaned up.
    Ending,
}

impl Round {
    /// The step under way has worked.
    pub(super) fn pass(&self, step: Step) -> Round {
        let mut next = Round { position: self.position + 1, under_way: false, ..self.clone() };
        if step == Step::SwitchLock {
            // From here on the new primary coordinates; which partner that is this log does not say beforehand.
            next.coordinates = self.organises.then_some(false);
        }
        next
    }

    /// What this round may say next.
    pub(super) fn allowed(&self) -> Vec<String> {
        if let Some(beginning) = BEGINNING.get(self.begun) {
            return vec![(*beginning).to_owned()];
        }
        let step = self.steps.get(self.position).copied();
        match (&self.telling, step) {
            (Telling::OtherReformer { .. }, _) => vec![REFORMER_ABORT.to_owned()],
            (Telling::ReformerAbort { demote }, _) if self.organises && self.kind == ReformType::Switchover => {
                vec![EXIT.replacen("{}", &demote.to_string(), 1), FAIL.to_owned()]
            }
            (Telling::ReformerAbort { .. }, _) => vec![FAIL.to_owned()],
            (Telling::PartnerGone, _) => vec![PARTNER_ABORT.to_owned()],
            (Telling::StepFailed, _) => vec![SELF_FAIL.to_owned()],
            (Telling::SelfFail, _) => vec![SET_FAIL.to_owned()],
            (Telling::Ending, _) | (_, None) => vec![LISTS.to_owned(), "inst_id:{}, role:PARTNER, …".to_owned()],
            (Telling::Nothing, Some(_)) if self.failed && !self.under_way => vec![FAIL.to_owned()],
            (Telling::Nothing, Some(Step::SyncWait)) => vec![match self.coordinates {
                Some(true) => "dms_reform_sync_wait reformer success".to_owned(),
                Some(false) => "dms_reform_sync_wait partner success".to_owned(),
                None => WAIT.to_owned(),
            }],
            (Telling::Nothing, Some(step)) => {
                vec![format!("{} {}", step.function(), if self.under_way { "success" } else { "enter" })]
            }
        }
    }
}

/// Judges the versions of a "not same" line by the rule of the health check itself.
pub(super) fn other_reformer(kind: ReformType, message: &str) -> Option<Telling> {
    let version = |instance: u64, start_time: u64| Version { instance: instance as u32, start_time };
    let (local, reformer, switch) = match kind {
        ReformType::Switchover => {
            let [a, b, c, d, e, f] = numbers(OTHER_REFORMER_IN_SWITCHOVER, message)?;
            (version(a, b), version(c, d), Some(version(e, f)))
        }
        _ => {
            let [a, b, c, d] = numbers(OTHER_REFORMER, message)?;
            (version(a, b), version(c, d), None)
        }
    };
    let share = ShareInfo {
        reform_type: kind,
        version_number: 0,
        judge_time: 0,
        reformer,
        switch_version: switch,
        demote: switch.map(|_| reformer.instance),
        last_primary: reformer.instance,
        participants: Vec::new(),
        joining: Bitmap::default(),
        steps: Vec::new(),
    };
    let sound = switch.is_none_or(|switch| switch.instance != reformer.instance);
    // A restarted instance has initialised DMS later than in its last life.
    let later = |old: Version| old.instance != local.instance || local.start_time > old.start_time;
    let possible = reformer_aborted(local, &share) && sound && later(reformer) && switch.is_none_or(later);
    possible.then(|| Telling::OtherReformer {
        demote: u64::from(reformer.instance),
        promote: share.promote().map(u64::from),
    })
}
