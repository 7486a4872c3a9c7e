//! The words of the DMS run log: the shape of its lines and of the messages that tell of rounds.

use crate::grammar::{LogLine, holes, moment};

use super::super::super::reform::steps::Step;

/// `UTC+8 2024-10-09 15:07:52.019|DMS|3753680|ERROR>[DMS REFORM]MESSAGE [dms_reform_health.c:103]`.
pub(in super::super) fn split(line: &str) -> Option<LogLine<'_>> {
    let (_, rest) = line.strip_prefix("UTC")?.split_once(' ')?;
    let (at, rest) = moment(rest)?;
    let (head, message) = rest.split_once(">[DMS REFORM]")?;
    holes("|DMS|{}|{}", head)?;
    let message = message.trim_end();
    let message = match message.rsplit_once(" [") {
        Some((message, place)) if place.ends_with(']') && place.contains(".c:") => message,
        _ => message,
    };
    Some(LogLine { at: Some(at), message: message.trim() })
}

pub(super) const SET_ROLE: &str = "dms_reformer_preempt set role {}";
pub(super) const REFUSING: &str = "Refusing to {} because the src {} is not the same as the local reformer {}";
pub(super) const LISTS: &str = "instance lists info:";
pub(super) const LIST: &str = "list_name: {}, bitmap: {}";
pub(super) const ROUND: &str = "inst_id:{}, role:{}, catalog:{}, reform_type:{}, full_clean:{}, ddl_2phase:{}, step:{}";
pub(super) const BEGINNING: [&str; 3] =
    ["dms_reform_set_start", "dms_reform_proc running", "dms_reform_health running"];
pub(super) const STEP_FAILED: &str = "{} fail, error: {}";
pub(super) const SELF_FAIL: &str = "dms_reform_self_fail enter: {}";
pub(super) const FAIL: &str = "dms_reform_fail enter";
pub(super) const SET_FAIL: &str = "set reform fail{}";
pub(super) const PUSHED: &str = "[GCV PUSH]GCV++:{}, inst_id:{}; lock_instance unlock";
pub(super) const LOCK_MOVED: &str = "success to trans reformer lock to {}";
pub(super) const OTHER_REFORMER: &str = "local reformer version({}, {}) is not same as share reformer version({}, {})";
pub(super) const OTHER_REFORMER_IN_SWITCHOVER: &str = "local reformer version({}, {}) is not same as share reformer \
    version({}, {}) andshare switchover version({}, {})";
pub(super) const REFORMER_ABORT: &str = "reformer abort during reform";
pub(super) const PARTNER_OFFLINE: &str = "dms_reform_cmp_list_online error, inst({}) offline, cache: {}, current: {}";
pub(super) const PARTNER_CHANGED: &str = "dms_reform_cmp_online_status error, inst({}){}";
pub(super) const PARTNER_ABORT: &str = "partner abort during reform";
pub(super) const EXIT: &str = "node exit, reform fail during switchover, old primary node need restart after reformer lock \
    transfered, demote id:{}, reformer id:{}";
pub(super) const WAIT: &str = "dms_reform_sync_wait {} success";

/// Whether a message is one of those of rounds.
pub(super) fn is_known(message: &str) -> bool {
    const SHAPES: &[&str] = &[
        SET_ROLE,
        REFUSING,
        LIST,
        ROUND,
        STEP_FAILED,
        SELF_FAIL,
        SET_FAIL,
        PUSHED,
        LOCK_MOVED,
        OTHER_REFORMER,
        PARTNER_OFFLINE,
        PARTNER_CHANGED,
        EXIT,
        WAIT,
    ];
    const WORDS: &[&str] = &[LISTS, FAIL, REFORMER_ABORT, PARTNER_ABORT];
    WORDS.contains(&message)
        || BEGINNING.contains(&message)
        || step_word(message).is_some()
        || SHAPES.iter().any(|shape| holes(shape, message).is_some())
}

/// Whether a message says that a round has failed.
pub(super) fn failure_word(message: &str) -> bool {
    message == FAIL || holes(EXIT, message).is_some() || holes(SELF_FAIL, message).is_some()
}

/// The step a `dms_reform_… enter` or `… success` is about, and whether it enters.
pub(super) fn step_word(message: &str) -> Option<(Step, bool)> {
    let (function, word) = message.rsplit_once(' ')?;
    let enters = match word {
        "enter" => true,
        "success" => false,
        _ => return None,
    };
    let step = Step::ALL.iter().find(|step| step.function() == function && **step != Step::SyncWait)?;
    Some((*step, enters))
}

/// Whether a role is the reformer's; nothing for a word that is no role.
pub(super) fn role_word(role: &str) -> Option<bool> {
    match role {
        "reformer" => Some(true),
        "partner" => Some(false),
        _ => None,
    }
}
