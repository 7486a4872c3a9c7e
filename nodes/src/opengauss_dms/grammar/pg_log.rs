//! The reform lines of an instance's pg_log: what a start, a reform round, a demotion and a promotion say, in order.
//!
//! A round that fails says nothing here, and neither does a process that dies: after any line another round or another
//! life may begin. Within a round each line has its place.

use crate::grammar::{LogLine, Machine, Phase, filled, holes, moment, numbers};

use super::super::reform::ReformType;

/// `2024-10-09 15:07:59.881 67062bcc.1 [unknown] … [DMS] LOG:  MESSAGE`, of the modules BACKEND and DMS.
pub(super) fn split(line: &str) -> Option<LogLine<'_>> {
    let (at, rest) = moment(line)?;
    let module = ["[BACKEND] ", "[DMS] "].iter().find_map(|module| rest.split_once(module))?.1;
    let message = ["LOG:  ", "WARNING:  ", "ERROR:  "].iter().find_map(|level| module.strip_prefix(level))?;
    Some(LogLine { at: Some(at), message: message.trim_end() })
}

const STARTS: &str = "[SS reform][db] Node:{} starts, found cluster PRIMARY:{}";
const GRANT: &str = "[SS reform] set dss server status as primary start.";
const GRANTED: &str = "[SS reform] set dss server status as primary: success";
const LOADS: &str = "Dynamically loading the DMS library, version:{}";
const WAITS: &str = "[SS reform] Node:{} first-round reform start wait.";
const FIRST_FAILED: &str = "[SS reform] Node:{} first-round reform failed, shutdown now";
const ROUND: &str = "[SS reform] reform start, role:{}, reform type:SS {}, standby scenario:{}, \
    bitmap_reconnect:{}, reform_ver:{}.";
const SESSIONS: &str = "[SS reform] backends exit successfully, wait_time = {}us.";
const DEMOTE: &str = "[SS reform][SS switchover] Recv fast demote request from DMS reformer.";
const DEMOTED: &str = "[SS reform][SS switchover] Success in fast primary demote, running as standby, waiting for \
    reformer setting new role.";
const TAKES_DSS: &str = "[SS reform][SS switchover] begin to set currrent DSS as primary";
const SWITCHED: &str = "[SS reform][SS switchover] role and lock switched, updated inst:{} with role:{} success";
const PROMOTE: &str = "[SS reform][SS switchover] Starting to promote standby.";
const PROMOTED: &str = "[SS reform][SS switchover] Standby promote: success, set new primary:{}.";
const PROMOTE_LATE: &str = "[SS reform][SS switchover] Standby promote timeout, please try again later.";
const FAILOVER: &str = "[SS reform][SS failover] failover trigger.";
const RECORDED: &str = "[SS reform] set current instance:{} as primary, list_stable:{}.";
const CONFIRMED: &str =
    "[SS reform] Reform success, this is a standby:{} confirming new primary:{}, list_stable:{}, confirm ntries={}.";
const RUNNING: &str = "[SS reform] Reform success, instance:{} is running.";
const ASKED: &str = "[SS reform][SS switchover] Starting switchover, current inst:{} will be promoted.";
const IGNORED: &str = "[SS switchover] SS switchover command ignored";
const STOPS: &str = "received fast shutdown request";
const PANIC: &str = "PANIC: {}";

const SHAPES: &[&str] = &[
    STARTS,
    GRANT,
    GRANTED,
    LOADS,
    WAITS,
    FIRST_FAILED,
    ROUND,
    SESSIONS,
    DEMOTE,
    DEMOTED,
    TAKES_DSS,
    SWITCHED,
    PROMOTE,
    PROMOTED,
    PROMOTE_LATE,
    FAILOVER,
    RECORDED,
    CONFIRMED,
    RUNNING,
    ASKED,
    IGNORED,
    STOPS,
    PANIC,
];

/// A line of a round: its shape, and whether a round can do without it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    shape: &'static str,
    needed: bool,
}

const fn row(shape: &'static str) -> Row {
    Row { shape, needed: true }
}

const fn perhaps(shape: &'static str) -> Row {
    Row { shape, needed: false }
}

/// The lines of a start of the process. The recorded primary takes the DSS main role before anything else.
const START_OF_PRIMARY: &[Row] = &[row(GRANT), row(GRANTED), row(LOADS), row(WAITS)];
const START: &[Row] = &[row(LOADS), row(WAITS)];

const NORMAL_REFORMER: &[Row] = &[row(GRANT), row(GRANTED), row(RECORDED), row(RUNNING)];
const PARTNER: &[Row] = &[row(CONFIRMED), row(RUNNING)];
const FAILOVER_REFORMER: &[Row] =
    &[perhaps(SESSIONS), row(GRANT), row(GRANTED), row(FAILOVER), row(RECORDED), row(RUNNING)];
const FAILOVER_PARTNER: &[Row] = &[perhaps(SESSIONS), row(CONFIRMED), row(RUNNING)];
const OLD_PRIMARY: &[Row] = &[
    perhaps(SESSIONS),
    row(GRANT),
    row(GRANTED),
    row(DEMOTE),
    row(DEMOTED),
    row(SWITCHED),
    row(CONFIRMED),
    row(RUNNING),
];
const NEW_PRIMARY: &[Row] = &[
    perhaps(SESSIONS),
    row(TAKES_DSS),
    row(GRANT),
    row(GRANTED),
    row(SWITCHED),
    row(PROMOTE),
    row(PROMOTED),
    row(RECORDED),
    row(RUNNING),
];
const ONLOOKER: &[Row] = &[perhaps(SESSIONS), row(SWITCHED), row(CONFIRMED), row(RUNNING)];

/// The lines of a round for the reformer or a partner; a partner of a switchover is the new primary or an onlooker.
fn rows_of(kind: ReformType, reformer: bool) -> &'static [&'static [Row]] {
    match (kind, reformer) {
        (ReformType::Switchover, true) => &[OLD_PRIMARY],
        (ReformType::Switchover, false) => &[NEW_PRIMARY, ONLOOKER],
        (ReformType::Failover, true) => &[FAILOVER_REFORMER],
        (ReformType::Failover, false) => &[FAILOVER_PARTNER],
        (ReformType::Normal | ReformType::FullClean, true) => &[NORMAL_REFORMER],
        (ReformType::Normal | ReformType::FullClean, false) => &[PARTNER],
    }
}

/// The life of an instance in its pg_log.
pub(super) struct Instance;

/// How the log so far can be explained.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    /// Which instance writes the log, once it has said so.
    me: Option<u64>,
    /// What it is doing.
    doing: Doing,
    /// Whether a round can begin here; not before the start is over.
    may_reform: bool,
    /// Whether this life has finished a round; unknown in a log joined midway.
    ran: Option<bool>,
    /// The version of the last round: no round is judged twice.
    version: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
struct Doing {
    procedure: &'static str,
    rows: &'static [Row],
    position: usize,
}

const NOTHING: Doing = Doing { procedure: "no round", rows: &[], position: 0 };

impl Machine for Instance {
    type State = Place;

    fn knows(&self, message: &str) -> bool {
        SHAPES.iter().any(|shape| holes(shape, message).is_some())
    }

    fn begin(&self, message: &str) -> Vec<Place> {
        let unknown = Place { me: None, doing: NOTHING, may_reform: true, ran: None, version: None };
        let joined = every_doing().into_iter().map(|doing| Place { doing, ..unknown.clone() });
        joined.flat_map(|place| self.after(&place, message)).collect()
    }

    fn after(&self, state: &Place, message: &str) -> Vec<Place> {
        if let Some([me, primary]) = numbers(STARTS, message) {
            let rows = if me == primary { START_OF_PRIMARY } else { START };
            let doing = Doing { procedure: "start", rows, position: 0 };
            let begun = Place { me: Some(me), doing, may_reform: false, ran: Some(false), version: state.version };
            return state.is_me(me).then_some(begun).into_iter().collect();
        }
        if [IGNORED, STOPS].contains(&message) || holes(PANIC, message).is_some() {
            return vec![state.clone()];
        }
        if let Some([me]) = numbers(ASKED, message) {
            let asked = Place { me: Some(me), ..state.clone() };
            return (state.is_me(me) && state.is_idle()).then_some(asked).into_iter().collect();
        }
        if let Some([me]) = numbers(FIRST_FAILED, message) {
            let possible = state.is_me(me) && state.ran != Some(true) && state.may_reform;
            let down = Place { doing: NOTHING, may_reform: false, ..state.clone() };
            return possible.then_some(down).into_iter().collect();
        }
        let mut next = state.begin_round(message);
        next.extend(state.go_on(message));
        next
    }

    fn allowed(&self, state: &Place) -> Vec<String> {
        let mut allowed: Vec<String> = state.next_rows().map(|(_, row)| state.shown(row)).collect();
        if state.may_reform {
            allowed.push("[SS reform] reform start, role:{}, reform type:SS {}, …".to_owned());
        }
        let me = state.me.map_or("{}".to_owned(), |me| me.to_string());
        allowed.push(format!("[SS reform][db] Node:{me} starts, found cluster PRIMARY:{{}}"));
        allowed
    }

    fn phase(&self, state: &Place, message: &str) -> Option<Phase> {
        let track = state.me.map_or("instance".to_owned(), |me| format!("instance {me}"));
        let phase = |step: &str| {
            let rests = step == LAST_STEP;
            Some(Phase { track, procedure: state.doing.procedure.to_owned(), step: step.to_owned(), rests })
        };
        STEPS.iter().find(|(shape, _)| holes(shape, message).is_some()).and_then(|(_, step)| phase(step))
    }
}

/// What begins with a line.
const STEPS: &[(&str, &str)] = &[
    (STARTS, "reads the control page"),
    (GRANT, "waits for the DSS main role"),
    (GRANTED, "has the DSS main role"),
    (LOADS, "loads DMS"),
    (WAITS, "waits for its first round"),
    (ROUND, "begins"),
    (SESSIONS, "sessions have ended"),
    (DEMOTE, "demotes itself"),
    (DEMOTED, "is demoted"),
    (TAKES_DSS, "takes the DSS main role"),
    (SWITCHED, "the lock has moved"),
    (PROMOTE, "promotes itself"),
    (PROMOTED, "is promoted"),
    (FAILOVER, "takes over"),
    (RECORDED, "is recorded as primary"),
    (CONFIRMED, "has seen the new primary recorded"),
    (RUNNING, LAST_STEP),
];

/// The step in which nothing goes on any more.
const LAST_STEP: &str = "runs";

impl Place {
    fn is_me(&self, me: u64) -> bool {
        self.me.is_none_or(|known| known == me)
    }

    fn is_idle(&self) -> bool {
        self.may_reform && self.ran != Some(false)
    }

    fn begin_round(&self, message: &str) -> Vec<Place> {
        let Some([role, kind, standby, _, version]) = filled(ROUND, message) else { return Vec::new() };
        let kinds = [ReformType::Normal, ReformType::Failover, ReformType::Switchover, ReformType::FullClean];
        let kind = kinds.into_iter().find(|known| known.database_name() == kind);
        let (Some(kind), Ok(version)) = (kind, version.parse::<u64>()) else { return Vec::new() };
        let words = ["0", "1"];
        if !words.contains(&role) || !words.contains(&standby) || !self.may_reform || self.version == Some(version) {
            return Vec::new();
        }
        let begun = |rows: &'static [Row]| Place {
            doing: Doing { procedure: kind.database_name(), rows, position: 0 },
            version: Some(version),
            ..self.clone()
        };
        rows_of(kind, role == "0").iter().map(|rows| begun(rows)).collect()
    }

    /// The rows that can come next: up to the first that is needed.
    fn next_rows(&self) -> impl Iterator<Item = (usize, Row)> {
        let rest = self.doing.rows.iter().copied().enumerate().skip(self.doing.position);
        rest.scan(false, |passed, row| (!std::mem::replace(passed, *passed || row.1.needed)).then_some(row))
    }

    fn go_on(&self, message: &str) -> Vec<Place> {
        if message == PROMOTE_LATE {
            // The round fails with it.
            let waiting = self.next_rows().any(|(_, row)| row.shape == PROMOTED);
            return waiting.then(|| Place { doing: NOTHING, ..self.clone() }).into_iter().collect();
        }
        let fitting = self.next_rows().find(|(_, row)| holes(row.shape, message).is_some());
        let Some((position, row)) = fitting.filter(|(_, row)| self.tells_the_truth(*row, message)) else {
            return Vec::new();
        };
        let mut next = Place { me: self.me.or_else(|| myself(row, message)), ..self.clone() };
        next.doing.position = position + 1;
        next.may_reform |= row.shape == WAITS;
        if row.shape == RUNNING {
            next.ran = Some(true);
        }
        vec![next]
    }

    /// Whether the numbers in a line can be those of this instance.
    fn tells_the_truth(&self, row: Row, message: &str) -> bool {
        let mine = myself(row, message).is_none_or(|me| self.is_me(me));
        mine && match row.shape {
            CONFIRMED => numbers(CONFIRMED, message).is_some_and(|[me, primary, _, _]: [u64; 4]| me != primary),
            SWITCHED => {
                let new_primary = self.doing.rows == NEW_PRIMARY;
                let role = if new_primary { 0 } else { 1 };
                numbers(SWITCHED, message).is_some_and(|[_, said]: [u64; 2]| said == role)
            }
            RECORDED => numbers::<2>(RECORDED, message).is_some_and(|[me, members]| members >> me & 1 == 1),
            _ => true,
        }
    }

    fn shown(&self, row: Row) -> String {
        match self.me {
            Some(me) if ![SESSIONS, LOADS].contains(&row.shape) => row.shape.replacen("{}", &me.to_string(), 1),
            _ => row.shape.to_owned(),
        }
    }
}

/// The instance a line names as its writer.
fn myself(row: Row, message: &str) -> Option<u64> {
    if [SESSIONS, LOADS].contains(&row.shape) {
        return None;
    }
    holes(row.shape, message)?.first()?.parse().ok()
}

/// Everything an instance can be doing when its log is joined.
fn every_doing() -> Vec<Doing> {
    let kinds = [ReformType::Normal, ReformType::Failover, ReformType::Switchover, ReformType::FullClean];
    let starts = [START_OF_PRIMARY, START].map(|rows| ("start", rows));
    let rounds = kinds.into_iter().flat_map(|kind| {
        let both = [true, false].into_iter().flat_map(move |reformer| rows_of(kind, reformer));
        both.map(move |rows| (kind.database_name(), *rows))
    });
    let mut doing = vec![NOTHING];
    for (procedure, rows) in starts.into_iter().chain(rounds) {
        doing.extend((0..rows.len()).map(|position| Doing { procedure, rows, position }));
    }
    doing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::{Replay, Taken, Tracker};

    #[test]
    fn every_step_has_its_chinese_name() {
        let words = crate::opengauss_dms::chinese::PHASES;
        let kinds = [ReformType::Normal, ReformType::Failover, ReformType::Switchover, ReformType::FullClean];
        let steps = STEPS.iter().map(|(_, step)| *step).chain(kinds.map(ReformType::database_name));
        let missing: Vec<&str> = steps.filter(|step| !words.iter().any(|(english, _)| english == step)).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    const INCIDENT: &str = include_str!("../../../tests/fixtures/pg_log_old_primary_restarts.log");

    fn messages() -> Vec<&'static str> {
        INCIDENT.lines().filter_map(split).map(|line| line.message).filter(|message| Instance.knows(message)).collect()
    }

    fn first_unexplained(messages: &[&str]) -> Option<usize> {
        let mut replay = Tracker::new(Instance);
        messages.iter().position(|message| matches!(replay.take(message), Taken::Unexplained(_)))
    }

    #[test]
    fn the_restart_of_the_old_primary_is_explained() {
        assert_eq!(messages().len(), 4);
        assert_eq!(first_unexplained(&messages()), None);
    }

    #[test]
    fn a_recorded_primary_asks_for_the_main_role_and_a_standby_does_not() {
        let mut wrong = messages();
        wrong.remove(1);
        assert_eq!(first_unexplained(&wrong), Some(1));
        let standby = "[SS reform][db] Node:0 starts, found cluster PRIMARY:1";
        assert_eq!(first_unexplained(&[standby, GRANT]), Some(1));
    }

    #[test]
    fn no_round_is_judged_twice_and_roles_fit() {
        let round = |kind: &str, version: u64| {
            format!(
                "[SS reform] reform start, role:0, reform type:SS {kind} reform, standby scenario:1, \
                 bitmap_reconnect:0, reform_ver:{version}."
            )
        };
        let (normal, again) = (round("normal", 7), round("normal", 7));
        assert_eq!(first_unexplained(&[&normal, &again]), Some(1));
        assert_eq!(first_unexplained(&[&normal, &round("switchover", 8)]), None);
        assert_eq!(first_unexplained(&[&normal, &round("sideways", 8)]), Some(1));
        let lost = "[SS reform][SS switchover] role and lock switched, updated inst:0 with role:0 success";
        let rows = [&round("switchover", 8), GRANT, GRANTED, DEMOTE, DEMOTED, lost];
        assert_eq!(first_unexplained(&rows), Some(5));
    }
}
