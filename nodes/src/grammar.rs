//! The contract of a log grammar: the shapes of a product's native lines, and how its behaviours follow each other.
//!
//! It exists so that a log of a real cluster can be held against the model: each line that the grammar knows must be
//! one that some behaviour of the model could write there. Lines it does not know are somebody else's business. A
//! grammar judges nothing and knows no time: it says what it makes of a line, and what could have stood there.

pub mod script;

use crate::operations::Phrase;

/// A moment of a log, in milliseconds since 1970-01-01 00:00 of the log's own time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

/// A line of a log, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// Its time stamp; what a command prints often has none.
    pub at: Option<Moment>,
    /// What it says, without stamp, process, thread and place in the source.
    pub message: &'a str,
}

/// One kind of log a product writes.
#[derive(Clone, Copy)]
pub struct LogKind {
    /// Its name: `dmcss`.
    pub name: &'static str,
    /// What writes it, and which of its lines are judged.
    pub doc: &'static str,
    /// What its tracks, procedures and steps are called in Chinese, with `{}` for what differs. What is not here is a word
    /// of the product itself.
    pub chinese: &'static [Phrase],
    /// How many milliseconds its stamps are apart; a length between two of them is known no better.
    pub resolution: i64,
    /// Takes a line apart; nothing if it has not the shape of this log.
    pub split: for<'a> fn(&'a str) -> Option<LogLine<'a>>,
    /// Begins a replay; it may look at all messages for who takes part, never for what comes next.
    pub replay: fn(&[&str]) -> Box<dyn Replay>,
}

/// Where a behaviour has come to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phase {
    /// Whose: a group of EPs, an instance. Phases of different tracks overlap.
    pub track: String,
    /// The procedure: `PROCESS_EP_CRASH`.
    pub procedure: String,
    /// Its step.
    pub step: String,
    /// Whether nothing goes on in it: the procedure before it has ended, and how long it lasts tells nothing.
    pub rests: bool,
}

/// What a grammar makes of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The model does not write such lines.
    Foreign,
    /// A behaviour of the model writes this line here, and enters this phase with it.
    Explained(Option<Phase>),
    /// No behaviour of the model writes this line here; these it could have written.
    Unexplained(Vec<String>),
}

/// A model that follows a log.
pub trait Replay {
    /// Takes the next message.
    fn take(&mut self, message: &str) -> Taken;
}

/// A model as a machine of which a log shows only the lines: several states may explain what was seen so far.
pub trait Machine {
    /// One explanation.
    type State: Clone + PartialEq;
    /// Whether the model writes lines of this shape at all.
    fn knows(&self, message: &str) -> bool;
    /// Every state in which a log can begin with this message, the message taken.
    fn begin(&self, message: &str) -> Vec<Self::State>;
    /// The states after this message; none if it cannot come in this state.
    fn after(&self, state: &Self::State, message: &str) -> Vec<Self::State>;
    /// The messages that could come in this state, with `{}` for what is free; those that go on with what was said first.
    fn allowed(&self, state: &Self::State) -> Vec<String>;
    /// What the message begins.
    fn phase(&self, state: &Self::State, message: &str) -> Option<Phase>;
}

/// A replay that keeps every explanation of what was seen.
pub struct Tracker<M: Machine> {
    machine: M,
    states: Option<Vec<M::State>>,
}

impl<M: Machine> Tracker<M> {
    /// Before the first line.
    pub fn new(machine: M) -> Self {
        Tracker { machine, states: None }
    }
}

impl<M: Machine> Replay for Tracker<M> {
    fn take(&mut self, message: &str) -> Taken {
        if !self.machine.knows(message) {
            return Taken::Foreign;
        }
        let mut next: Vec<M::State> = Vec::new();
        let reached = match &self.states {
            None => self.machine.begin(message),
            Some(states) => states.iter().flat_map(|state| self.machine.after(state, message)).collect(),
        };
        for state in reached {
            if !next.contains(&state) {
                next.push(state);
            }
        }
        let Some(first) = next.first() else { return Taken::Unexplained(self.allowed()) };
        let phase = self.machine.phase(first, message);
        self.states = Some(next);
        Taken::Explained(phase)
    }
}

impl<M: Machine> Tracker<M> {
    fn allowed(&self) -> Vec<String> {
        let mut allowed: Vec<String> = Vec::new();
        for line in self.states.iter().flatten().flat_map(|state| self.machine.allowed(state)) {
            if !allowed.contains(&line) {
                allowed.push(line);
            }
        }
        allowed
    }
}

/// What stands in the holes of a pattern: `inst({}) trans to inst({})`. A hole takes as little as it can.
pub fn holes<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = pattern.split("{}");
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut found = Vec::new();
    let parts: Vec<&str> = parts.collect();
    for (number, part) in parts.iter().enumerate() {
        let last = number + 1 == parts.len();
        let end = match (last, part.is_empty()) {
            (true, true) => rest.len(),
            (true, false) => rest.len().checked_sub(part.len()).filter(|end| rest.get(*end..) == Some(part))?,
            (false, _) => rest.find(part)?,
        };
        found.push(&rest[..end]);
        rest = &rest[end + part.len()..];
    }
    rest.is_empty().then_some(found)
}

/// What stands in the holes of a pattern with `N` of them.
pub fn filled<'a, const N: usize>(pattern: &str, text: &'a str) -> Option<[&'a str; N]> {
    holes(pattern, text)?.try_into().ok()
}

/// The numbers that stand in the holes of a pattern with `N` of them.
pub fn numbers<const N: usize>(pattern: &str, text: &str) -> Option<[u64; N]> {
    let found: Option<Vec<u64>> = holes(pattern, text)?.into_iter().map(|text| text.parse().ok()).collect();
    found?.try_into().ok()
}

/// Takes `2024-10-09 15:07:52.019` off the front of a line.
pub fn moment(line: &str) -> Option<(Moment, &str)> {
    let (second, rest) = whole_second(line)?;
    let millis = digits(rest.strip_prefix('.')?, 0..3)?;
    Some((Moment(second.0 + millis), rest.get(4..)?))
}

/// The number that these digits are.
fn digits(text: &str, range: std::ops::Range<usize>) -> Option<i64> {
    let digits = text.get(range)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Takes `2024-10-09 15:07:52` off the front of a line.
pub fn whole_second(line: &str) -> Option<(Moment, &str)> {
    let number = |range| digits(line, range);
    let separators = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':')];
    if separators.iter().any(|(at, byte)| line.as_bytes().get(*at) != Some(byte)) {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    Some((Moment(seconds * 1_000), line.get(19..)?))
}

/// Days from 1970-01-01 to a date. Years are counted from March, so that the leap day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::WallTime;

    #[test]
    fn a_stamp_is_read_as_the_clock_writes_it() {
        for seconds in [0, 951_782_399, 951_825_600, 1_728_486_472, 4_107_542_400] {
            let written = WallTime(seconds * 1_000_000_000 + 19_000_000).with_millis();
            let line = format!("{written} rest");
            assert_eq!(moment(&line), Some((Moment(seconds as i64 * 1_000 + 19), " rest")), "{written}");
        }
        assert_eq!(moment("024-10-09 15:07:59.659 67062bcc.1"), None);
        assert_eq!(moment("2024-13-09 15:07:59.659"), None);
    }

    #[test]
    fn holes_take_what_the_pattern_leaves_free() {
        assert_eq!(holes("from ({}, {}) to {}", "from (A, B) to C"), Some(vec!["A", "B", "C"]));
        assert_eq!(holes("cmd[{}] process over!", "cmd[NONE] process over!"), Some(vec!["NONE"]));
        assert_eq!(holes("cmd[{}] process over!", "cmd[NONE] process over"), None);
        assert_eq!(holes("alone", "alone"), Some(vec![]));
        assert_eq!(holes("alone", "alone and more"), None);
    }
}
