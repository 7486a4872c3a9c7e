//! The DMS run log of one instance: rounds, the steps of each in their order, and how a round fails.
//!
//! The steps are those of [`steps_of`], for every kind of round and every combination of conditions; what a failed
//! round says is judged by the rules of [`super::super::reform::health`]. A log that begins in the middle of a round
//! is joined there.

use crate::grammar::{LogLine, Machine, Phase, filled, holes, moment, numbers};

use super::super::reform::health::reformer_aborted;
use super::super::reform::steps::{Conditions, Step, steps_of};
use super::super::reform::{Bitmap, ReformType, ShareInfo, Version};

/// `UTC+8 2024-10-09 15:07:52.019|DMS|3753680|ERROR>[DMS REFORM]MESSAGE [dms_reform_health.c:103]`.
pub(super) fn split(line: &str) -> Option<LogLine<'_>> {
    let (_, rest) = line.strip_prefix("UTC")?.split_once(' ')?;
    let (at, rest) = moment(rest)?;
    let (head, message) = rest.split_once(">[DMS REFORM]")?;
    holes("|DMS|{}|{}", head)?;
    let message = message.trim_end();
    let message = match message.rsplit_once(" [") {
        Some((message, place)) if place.ends_with(']') && place.contains(".c:") => message,
        _ => message,
    };
    Some(LogLine { at, message: message.trim() })
}

const SET_ROLE: &str = "dms_reformer_preempt set role {}";
const REFUSING: &str = "Refusing to {} because the src {} is not the same as the local reformer {}";
const LISTS: &str = "instance lists info:";
const LIST: &str = "list_name: {}, bitmap: {}";
const ROUND: &str = "inst_id:{}, role:{}, catalog:{}, reform_type:{}, full_clean:{}, ddl_2phase:{}, step:{}";
const BEGINNING: [&str; 3] = ["dms_reform_set_start", "dms_reform_proc running", "dms_reform_health running"];
const STEP_FAILED: &str = "{} fail, error: {}";
const SELF_FAIL: &str = "dms_reform_self_fail enter: {}";
const FAIL: &str = "dms_reform_fail enter";
const SET_FAIL: &str = "set reform fail{}";
const PUSHED: &str = "[GCV PUSH]GCV++:{}, inst_id:{}; lock_instance unlock";
const LOCK_MOVED: &str = "success to trans reformer lock to {}";
const OTHER_REFORMER: &str = "local reformer version({}, {}) is not same as share reformer version({}, {})";
const OTHER_REFORMER_IN_SWITCHOVER: &str = "local reformer version({}, {}) is not same as share reformer \
    version({}, {}) andshare switchover version({}, {})";
const REFORMER_ABORT: &str = "reformer abort during reform";
const PARTNER_OFFLINE: &str = "dms_reform_cmp_list_online error, inst({}) offline, cache: {}, current: {}";
const PARTNER_CHANGED: &str = "dms_reform_cmp_online_status error, inst({}){}";
const PARTNER_ABORT: &str = "partner abort during reform";
const EXIT: &str = "node exit, reform fail during switchover, old primary node need restart after reformer lock \
    transfered, demote id:{}, reformer id:{}";
const WAIT: &str = "dms_reform_sync_wait {} success";

/// The rounds of an instance.
pub(super) struct Rounds;

/// How a log of an instance can be explained.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    at: At,
    /// Which instance writes the log, once it has said so.
    me: Option<u64>,
    /// Whether it holds itself for the reformer, once it has said so.
    reformer: Option<bool>,
    /// How many rounds of this life have pushed the cluster version; unknown in a log joined midway.
    pushes: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
enum At {
    /// No round.
    Idle,
    /// The reformer lists who takes part.
    Listing { listed: bool, failed: bool },
    /// A round.
    Round(Round),
    /// The process is about to end.
    Exiting { told: bool },
}

#[derive(Clone, Debug, PartialEq)]
struct Round {
    kind: ReformType,
    steps: Vec<Step>,
    /// Whether this instance organises it.
    organises: bool,
    /// Whether the others report to this instance; unknown for a partner after the lock has moved.
    coordinates: Option<bool>,
    /// The step that is under way or comes next.
    position: usize,
    under_way: bool,
    /// How much of the beginning has been said.
    begun: usize,
    failed: bool,
    telling: Telling,
}

/// How far the account of a failure has come.
#[derive(Clone, Debug, PartialEq)]
enum Telling {
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

impl Machine for Rounds {
    type State = Place;

    fn knows(&self, message: &str) -> bool {
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

    fn begin(&self, message: &str) -> Vec<Place> {
        every_place().iter().flat_map(|place| self.after(place, message)).collect()
    }

    fn after(&self, state: &Place, message: &str) -> Vec<Place> {
        let mut next = state.new_life(message);
        next.extend(state.go_on(message));
        next
    }

    fn allowed(&self, state: &Place) -> Vec<String> {
        state.allowed()
    }

    fn phase(&self, state: &Place, message: &str) -> Option<Phase> {
        let track = state.me.map_or("instance".to_owned(), |me| format!("instance {me}"));
        let phase =
            |procedure: &str, step: &str| Some(Phase { track, procedure: procedure.to_owned(), step: step.to_owned() });
        match &state.at {
            At::Exiting { told: false } => phase("exit", "the old primary ends itself"),
            At::Idle if holes(SET_ROLE, message).is_none() && holes(REFUSING, message).is_none() => {
                phase("no round", if failure_word(message) { "after a failed round" } else { "after a round" })
            }
            At::Round(round) if round.under_way && step_word(message).is_some_and(|(_, enters)| enters) => {
                phase(round.kind.dms_name(), round.steps.get(round.position).map_or("", |step| step.name()))
            }
            At::Round(round) if message == FAIL || round.telling != Telling::Nothing => {
                phase(round.kind.dms_name(), "fails")
            }
            _ => None,
        }
    }
}

fn failure_word(message: &str) -> bool {
    message == FAIL || holes(EXIT, message).is_some() || holes(SELF_FAIL, message).is_some()
}

/// The step a `dms_reform_… enter` or `… success` is about, and whether it enters.
fn step_word(message: &str) -> Option<(Step, bool)> {
    let (function, word) = message.rsplit_once(' ')?;
    let enters = match word {
        "enter" => true,
        "success" => false,
        _ => return None,
    };
    let step = Step::ALL.iter().find(|step| step.function() == function && **step != Step::SyncWait)?;
    Some((*step, enters))
}

impl Place {
    const UNKNOWN: Place = Place { at: At::Idle, me: None, reformer: None, pushes: None };

    /// The process may have died at any moment; a new life begins by finding out who is reformer, or by refusing one.
    fn new_life(&self, message: &str) -> Vec<Place> {
        let fresh = Place { me: self.me, pushes: Some(0), ..Place::UNKNOWN };
        let refuses_unknown = filled(REFUSING, message).is_some_and(|[_, _, local]| local == "none");
        match filled(SET_ROLE, message) {
            Some([role]) => role_word(role).map(|reformer| Place { reformer: Some(reformer), ..fresh }),
            None => refuses_unknown.then_some(fresh),
        }
        .into_iter()
        .collect()
    }

    fn go_on(&self, message: &str) -> Vec<Place> {
        if let Some([role]) = filled(SET_ROLE, message) {
            let changed = role_word(role).filter(|role| self.reformer != Some(*role));
            return changed.map(|role| Place { reformer: Some(role), ..self.clone() }).into_iter().collect();
        }
        if holes(REFUSING, message).is_some() {
            return vec![self.clone()];
        }
        match &self.at {
            At::Idle => self.when_idle(message),
            At::Listing { listed, failed } => self.when_listing(*listed, *failed, message),
            At::Round(round) => self.when_in_round(round, message),
            At::Exiting { told } => {
                let tells = message == FAIL && !told;
                tells.then(|| Place { at: At::Exiting { told: true }, ..self.clone() }).into_iter().collect()
            }
        }
    }

    fn with(&self, at: At) -> Vec<Place> {
        vec![Place { at, ..self.clone() }]
    }

    fn when_idle(&self, message: &str) -> Vec<Place> {
        if message == LISTS && self.reformer != Some(false) {
            return Place { reformer: Some(true), ..self.clone() }.with(At::Listing { listed: false, failed: false });
        }
        self.begin_round(message, "PARTNER", false)
    }

    fn when_listing(&self, listed: bool, failed: bool, message: &str) -> Vec<Place> {
        if holes(LIST, message).is_some() {
            return self.with(At::Listing { listed: true, failed });
        }
        if holes(SET_FAIL, message).is_some() && !failed && listed {
            return self.with(At::Listing { listed, failed: true });
        }
        if listed { self.begin_round(message, "REFORMER", failed) } else { Vec::new() }
    }

    fn begin_round(&self, message: &str, role: &str, failed: bool) -> Vec<Place> {
        let Some([me, its_role, _, kind, _, _, steps]) = filled(ROUND, message) else { return Vec::new() };
        let Ok(me) = me.parse::<u64>() else { return Vec::new() };
        if its_role != role || self.me.is_some_and(|known| known != me) {
            return Vec::new();
        }
        let round = every_round()
            .into_iter()
            .find(|(known, list)| known.dms_name() == kind && list.iter().map(|step| step.name()).eq(steps.split('-')));
        let Some((kind, list)) = round else { return Vec::new() };
        let organises = role == "REFORMER";
        let round = Round {
            kind,
            steps: list,
            organises,
            coordinates: Some(organises),
            position: 0,
            under_way: false,
            begun: 0,
            failed,
            telling: Telling::Nothing,
        };
        Place { me: Some(me), ..self.clone() }.with(At::Round(round))
    }

    fn when_in_round(&self, round: &Round, message: &str) -> Vec<Place> {
        if round.begun < BEGINNING.len() {
            let said = message == BEGINNING[round.begun];
            return if said { self.with(At::Round(Round { begun: round.begun + 1, ..round.clone() })) } else { vec![] };
        }
        match &round.telling {
            Telling::Nothing => {
                let mut next = self.next_step(round, message);
                next.extend(self.next_failure(round, message));
                next
            }
            Telling::OtherReformer { demote, .. } if message == REFORMER_ABORT => {
                let telling = Telling::ReformerAbort { demote: *demote };
                self.with(At::Round(Round { telling, ..round.clone() }))
            }
            Telling::ReformerAbort { demote } => {
                let exits = self.exits(round, *demote, message);
                if exits.is_empty() { self.failed(round).when_failed(message) } else { exits }
            }
            Telling::PartnerGone if message == PARTNER_ABORT => vec![self.failed(round)],
            Telling::StepFailed if holes(SELF_FAIL, message).is_some() => {
                let telling = if round.failed { Telling::Ending } else { Telling::SelfFail };
                self.with(At::Round(Round { telling, ..round.clone() }))
            }
            Telling::SelfFail if holes(SET_FAIL, message).is_some() => {
                self.with(At::Round(Round { telling: Telling::Ending, failed: true, ..round.clone() }))
            }
            Telling::Ending => {
                let exits = self.me.map_or(Vec::new(), |me| self.exits(round, me, message));
                if exits.is_empty() { Place { at: At::Idle, ..self.clone() }.when_idle(message) } else { exits }
            }
            _ => Vec::new(),
        }
    }

    /// The round has been marked as failed; its steps end when they next look.
    fn failed(&self, round: &Round) -> Place {
        let round = Round { failed: true, telling: Telling::Nothing, ..round.clone() };
        Place { at: At::Round(round), ..self.clone() }
    }

    fn when_failed(&self, message: &str) -> Vec<Place> {
        match &self.at {
            At::Round(round) => self.when_in_round(round, message),
            _ => Vec::new(),
        }
    }

    /// The old primary of a switchover ends itself, if the lock is another's.
    fn exits(&self, round: &Round, demote: u64, message: &str) -> Vec<Place> {
        let Some([said, owner]) = numbers(EXIT, message) else { return Vec::new() };
        let possible = round.kind == ReformType::Switchover && round.organises && said == demote && owner != said;
        let told = round.telling == Telling::Ending;
        if possible { Place { me: Some(said), ..self.clone() }.with(At::Exiting { told }) } else { Vec::new() }
    }

    fn next_step(&self, round: &Round, message: &str) -> Vec<Place> {
        let Some(step) = round.steps.get(round.position) else {
            // After the last step the round is over without a word in this log.
            return Place { at: At::Idle, ..self.clone() }.when_idle(message);
        };
        let at = |round: Round| self.with(At::Round(round));
        if round.under_way {
            return match message {
                _ if step_word(message) == Some((*step, false)) => at(round.pass(*step)),
                _ if filled(STEP_FAILED, message).is_some_and(|[function, _]| function == step.function()) => {
                    at(Round { telling: Telling::StepFailed, ..round.clone() })
                }
                _ => self.within_step(round, *step, message),
            };
        }
        if *step == Step::SyncWait {
            if let Some([role]) = filled(WAIT, message) {
                let coordinates = role == "reformer";
                let possible = (coordinates || role == "partner") && round.coordinates.is_none_or(|c| c == coordinates);
                let passed = Round { coordinates: Some(coordinates), position: round.position + 1, ..round.clone() };
                return if possible { at(passed) } else { Vec::new() };
            }
            // A coordinator that cannot reach a partner fails without naming the step.
            if holes(SELF_FAIL, message).is_some() {
                let telling = if round.failed { Telling::Ending } else { Telling::SelfFail };
                return at(Round { telling, ..round.clone() });
            }
            return Vec::new();
        }
        let enters = step_word(message) == Some((*step, true)) && !round.failed;
        if enters { at(Round { under_way: true, ..round.clone() }) } else { Vec::new() }
    }

    /// What some steps say before they end.
    fn within_step(&self, round: &Round, step: Step, message: &str) -> Vec<Place> {
        if let (Step::PushGcvAndUnlock, Some([count, me])) = (step, numbers(PUSHED, message)) {
            let counted = self.pushes.is_none_or(|pushes| count == pushes + 1);
            let mine = self.me.is_none_or(|known| known == me);
            let place = Place { me: Some(me), pushes: Some(count), ..self.clone() };
            return if counted && mine { place.with(At::Round(round.clone())) } else { Vec::new() };
        }
        let moves = step == Step::SwitchLock && round.organises && holes(LOCK_MOVED, message).is_some();
        if moves { vec![self.clone()] } else { Vec::new() }
    }

    fn next_failure(&self, round: &Round, message: &str) -> Vec<Place> {
        if round.failed {
            return match message == FAIL {
                true => self.with(At::Round(Round { telling: Telling::Ending, ..round.clone() })),
                false => Vec::new(),
            };
        }
        if holes(SET_FAIL, message).is_some() {
            return vec![self.failed(round)];
        }
        let gone = holes(PARTNER_OFFLINE, message).or_else(|| holes(PARTNER_CHANGED, message)).is_some();
        if gone && round.coordinates != Some(false) {
            return self.with(At::Round(Round { telling: Telling::PartnerGone, ..round.clone() }));
        }
        match other_reformer(round.kind, message) {
            Some(telling) => self.with(At::Round(Round { telling, ..round.clone() })),
            None => Vec::new(),
        }
    }
}

fn role_word(role: &str) -> Option<bool> {
    match role {
        "reformer" => Some(true),
        "partner" => Some(false),
        _ => None,
    }
}

/// Judges the versions of a "not same" line by the rule of the health check itself.
fn other_reformer(kind: ReformType, message: &str) -> Option<Telling> {
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

impl Round {
    /// The step under way has worked.
    fn pass(&self, step: Step) -> Round {
        let mut next = Round { position: self.position + 1, under_way: false, ..self.clone() };
        if step == Step::SwitchLock {
            // From here on the new primary coordinates; which partner that is this log does not say beforehand.
            next.coordinates = self.organises.then_some(false);
        }
        next
    }
}

impl Place {
    fn allowed(&self) -> Vec<String> {
        let partner = || {
            let me = self.me.map_or("{}".to_owned(), |me| me.to_string());
            format!("inst_id:{me}, role:PARTNER, …, reform_type:{{}}, …")
        };
        let mut allowed = match &self.at {
            At::Idle if self.reformer == Some(true) => vec![LISTS.to_owned(), partner()],
            At::Idle => vec![partner()],
            At::Listing { listed: false, .. } => vec![LIST.to_owned()],
            At::Listing { .. } => vec!["inst_id:{}, role:REFORMER, …, reform_type:{}, …".to_owned()],
            At::Round(round) => round.allowed(),
            At::Exiting { told: false } => vec![FAIL.to_owned()],
            At::Exiting { told: true } => Vec::new(),
        };
        allowed.push(match self.reformer {
            Some(true) => "dms_reformer_preempt set role partner".to_owned(),
            _ => "dms_reformer_preempt set role reformer".to_owned(),
        });
        allowed
    }
}

impl Round {
    fn allowed(&self) -> Vec<String> {
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

/// Every list of steps there is.
fn every_round() -> Vec<(ReformType, Vec<Step>)> {
    let mut rounds = Vec::new();
    for kind in [ReformType::Normal, ReformType::Failover, ReformType::Switchover, ReformType::FullClean] {
        for bits in 0..16u8 {
            let has = |bit: u8| bits >> bit & 1 == 1;
            let conditions = Conditions { disconnect: has(0), reconnect: has(1), migrate: has(2), recovery: has(3) };
            let round = (kind, steps_of(kind, conditions));
            if !rounds.contains(&round) {
                rounds.push(round);
            }
        }
    }
    rounds
}

/// Every place at which a log can be joined.
fn every_place() -> Vec<Place> {
    let mut places = vec![At::Idle];
    for listed in [false, true] {
        places.push(At::Listing { listed, failed: false });
    }
    for (kind, steps) in every_round() {
        for organises in [false, true] {
            for position in 0..steps.len() {
                for under_way in [false, true] {
                    if under_way && steps[position] == Step::SyncWait {
                        continue;
                    }
                    let round = Round {
                        kind,
                        steps: steps.clone(),
                        organises,
                        coordinates: None,
                        position,
                        under_way,
                        begun: BEGINNING.len(),
                        failed: false,
                        telling: Telling::Nothing,
                    };
                    places.push(At::Round(round));
                }
            }
        }
    }
    places.into_iter().map(|at| Place { at, ..Place::UNKNOWN }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::{Replay, Taken, Tracker};

    const INCIDENT: &str = include_str!("../../../tests/fixtures/dms_run_switchover_fail.log");

    fn messages() -> Vec<String> {
        INCIDENT.lines().filter_map(split).map(|line| line.message.to_owned()).collect()
    }

    fn first_unexplained(messages: &[String]) -> Option<usize> {
        let mut replay = Tracker::new(Rounds);
        messages.iter().position(|message| matches!(replay.take(message), Taken::Unexplained(_)))
    }

    #[test]
    fn the_exit_of_the_old_primary_is_explained() {
        let all = messages();
        assert_eq!(all.len(), 4);
        assert!(all.iter().all(|message| Rounds.knows(message)), "{all:?}");
        assert_eq!(first_unexplained(&all), None);
    }

    #[test]
    fn an_abort_needs_a_version_that_is_neither_the_reformers_nor_the_requesters() {
        let mut copy = messages();
        copy[0] = copy[0].replace("(1, 781801668325620)", "(1, 781783739740808)");
        assert_eq!(first_unexplained(&copy), Some(0));
        copy[0] = messages()[0].replace("781801668325620", "781783739740807");
        assert_eq!(first_unexplained(&copy), Some(0), "a life that began before the last one");
    }

    #[test]
    fn only_the_demoted_ends_itself_and_only_when_the_lock_is_anothers() {
        for (from, to) in [("demote id:0", "demote id:2"), ("reformer id:1", "reformer id:0")] {
            let mut copy = messages();
            copy[2] = copy[2].replace(from, to);
            assert_eq!(first_unexplained(&copy), Some(2), "{to}");
        }
    }

    #[test]
    fn order_and_completeness_are_judged() {
        for first in 0..3 {
            let mut copy = messages();
            copy.swap(first, first + 1);
            assert!(first_unexplained(&copy).is_some(), "lines {first} and {}", first + 1);
        }
        let mut copy = messages();
        copy.remove(1);
        assert_eq!(first_unexplained(&copy), Some(1));
    }
}
