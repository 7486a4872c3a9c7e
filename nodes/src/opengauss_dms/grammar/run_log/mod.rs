//! The DMS run log of one instance: rounds, the steps of each in their order, and how a round fails.
//!
//! The steps are those of [`steps_of`](super::super::reform::steps::steps_of), for every kind of round and every combination of conditions; what a failed
//! round says is judged by the rules of [`super::super::reform::health`]. A log that begins in the middle of a round
//! is joined there.

mod places;
mod round;
mod words;

use crate::grammar::{Machine, Phase, filled, holes, numbers};

use super::super::reform::ReformType;
use super::super::reform::steps::Step;
use places::{every_place, every_round};
use round::{Round, Telling, other_reformer};
pub(super) use words::split;
use words::{
    BEGINNING, EXIT, FAIL, LIST, LISTS, LOCK_MOVED, PARTNER_ABORT, PARTNER_CHANGED, PARTNER_OFFLINE, PUSHED,
    REFORMER_ABORT, REFUSING, ROUND, SELF_FAIL, SET_FAIL, SET_ROLE, STEP_FAILED, WAIT, failure_word, role_word,
    step_word,
};

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

impl Machine for Rounds {
    type State = Place;

    fn knows(&self, message: &str) -> bool {
        words::is_known(message)
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
        let phase = |procedure: &str, step: &str| {
            let rests = state.at == At::Idle;
            Some(Phase { track: track.clone(), procedure: procedure.to_owned(), step: step.to_owned(), rests })
        };
        match &state.at {
            At::Exiting { told: false } => phase("exit", "the old primary ends itself"),
            At::Idle if holes(SET_ROLE, message).is_none() && holes(REFUSING, message).is_none() => {
                phase("no round", if failure_word(message) { "after a failed round" } else { "after a round" })
            }
            At::Round(round) if round.position == round.steps.len() && step_word(message).is_some() => {
                Some(Phase { rests: true, ..phase(round.kind.dms_name(), "over")? })
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
        // The reformer looks after its partners: whoever coordinates the round, and the old primary that got the lock back.
        if gone && (round.coordinates != Some(false) || self.reformer == Some(true)) {
            return self.with(At::Round(Round { telling: Telling::PartnerGone, ..round.clone() }));
        }
        match other_reformer(round.kind, message) {
            Some(telling) => self.with(At::Round(Round { telling, ..round.clone() })),
            None => Vec::new(),
        }
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

#[cfg(test)]
mod tests;
