//! Logs of real clusters held against the model: could it have written them?
//!
//! It exists for the day after a drill, when the logs are there and the question is whether the cluster did what was
//! rehearsed. A product's grammar explains lines ([`nodes::grammar`]); here its explanations become a verdict: the way
//! the model went through the log and the time each phase took, or the first line that nothing explains. Lines of
//! others are passed over. Nothing is run, and no two logs are compared with each other.

mod against;
mod text;

use nodes::grammar::{LogKind, Moment, Phase, Taken};
use nodes::operations::Phrase;
use serde_json::{Value, json};

pub use against::{Band, Bands, Beside, Compared, ComparedLog, Place, against_as_json, told_against};
pub use text::told;

/// What becomes of a log whose clock went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// A time stamp before the one of the line above is a line out of place.
    Forward,
    /// The host's clock was set: stamps prove nothing about order.
    MayJump,
}

/// A log as one kind of log, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The file, as it was named.
    pub file: String,
    /// Which kind of log.
    pub kind: &'static str,
    /// What its phases are called in Chinese.
    pub chinese: &'static [Phrase],
    /// How many milliseconds its stamps are apart.
    pub resolution: i64,
    /// Whether its lines have stamps.
    pub is_timed: bool,
    /// How many lines the file has.
    pub lines: usize,
    /// How many of them the model explains.
    pub explained: usize,
    /// The way of the model through them.
    pub path: Vec<Passage>,
    /// The first line that nothing explains; none if the log is consistent.
    pub stray: Option<Stray>,
}

/// A phase and how long it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The phase.
    pub phase: Phase,
    /// When it began.
    pub from: Moment,
    /// When the next one of its track began; none for the last.
    pub until: Option<Moment>,
}

/// A line that nothing explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// Its number, from 1.
    pub line: usize,
    /// The line.
    pub text: String,
    /// Why it cannot stand there.
    pub why: Why,
}

/// Why a line cannot stand where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its time is before that of the line above, by so many milliseconds.
    TimeGoesBack(i64),
    /// No behaviour of the model writes it there; these it could have written.
    NoBehaviour(Vec<String>),
}

impl Judged {
    /// Whether the model could have written the log.
    pub fn is_consistent(&self) -> bool {
        self.stray.is_none()
    }
}

/// Judges a log as every kind of log it can be; nothing if no line of it is of any kind, or none tells the model
/// anything.
pub fn judge(kinds: &[LogKind], file: &str, text: &str, clock: Clock) -> Vec<Judged> {
    kinds.iter().filter_map(|kind| judge_as(kind, file, text, clock)).collect()
}

fn judge_as(kind: &LogKind, file: &str, text: &str, clock: Clock) -> Option<Judged> {
    let lines: Vec<(usize, &str)> = text.lines().enumerate().map(|(number, line)| (number + 1, line)).collect();
    let of_kind = || lines.iter().filter_map(|(number, line)| Some((*number, *line, (kind.split)(line)?)));
    let messages: Vec<&str> = of_kind().map(|(_, _, parts)| parts.message).collect();
    let mut replay = (kind.replay)(&messages);
    let mut judged = Judged {
        file: file.to_owned(),
        kind: kind.name,
        chinese: kind.chinese,
        resolution: kind.resolution,
        is_timed: false,
        lines: lines.len(),
        explained: 0,
        path: vec![],
        stray: None,
    };
    let mut latest: Option<Moment> = None;
    for (number, line, parts) in of_kind() {
        let stray = |why| Some(Stray { line: number, text: line.to_owned(), why });
        let back = latest.zip(parts.at).map_or(0, |(latest, at)| latest.0 - at.0);
        match replay.take(parts.message) {
            Taken::Foreign => continue,
            Taken::Unexplained(allowed) => {
                judged.stray = stray(Why::NoBehaviour(allowed));
                break;
            }
            Taken::Explained(_) if back > 0 && clock == Clock::Forward => {
                judged.stray = stray(Why::TimeGoesBack(back));
                break;
            }
            Taken::Explained(phase) => judged.enter(phase, parts.at.or(latest)),
        }
        judged.explained += 1;
        judged.is_timed |= parts.at.is_some();
        latest = parts.at.or(latest);
    }
    (judged.explained > 0 || judged.stray.is_some()).then_some(judged)
}

impl Judged {
    /// A phase in a log without times has no length, and is not told.
    fn enter(&mut self, phase: Option<Phase>, at: Option<Moment>) {
        let Some((phase, at)) = phase.zip(at) else { return };
        let last = self.path.iter_mut().rev().find(|passage| passage.phase.track == phase.track);
        if let Some(last) = last {
            if last.phase == phase {
                return;
            }
            last.until = Some(at);
        }
        self.path.push(Passage { phase, from: at, until: None });
    }

    /// Each stay in a procedure.
    fn stays(&self) -> Vec<Stay<'_>> {
        let mut stays: Vec<Stay<'_>> = Vec::new();
        for passage in &self.path {
            let of_track = |stay: &&mut Stay<'_>| stay.phase().track == passage.phase.track;
            match stays.iter_mut().rev().find(of_track) {
                Some(stay) if stay.goes_on_with(&passage.phase) => stay.later.push(passage),
                _ => stays.push(Stay { first: passage, later: Vec::new() }),
            }
        }
        stays
    }
}

/// A stay in a procedure: its steps, up to those it comes to rest with. What follows is another stay, though it may be
/// in the same procedure.
struct Stay<'a> {
    first: &'a Passage,
    later: Vec<&'a Passage>,
}

impl<'a> Stay<'a> {
    fn phase(&self) -> &'a Phase {
        &self.first.phase
    }

    fn steps(&self) -> impl Iterator<Item = &'a Passage> {
        std::iter::once(self.first).chain(self.later.iter().copied())
    }

    fn goes_on_with(&self, phase: &Phase) -> bool {
        let same = self.phase().procedure == phase.procedure && !self.phase().rests;
        same && (phase.rests || self.rest().is_none())
    }

    /// The step it came to rest with.
    fn rest(&self) -> Option<&'a Passage> {
        self.later.iter().copied().find(|passage| passage.phase.rests)
    }

    /// The step it ended with, or has come to.
    fn ends(&self) -> &'a Passage {
        self.rest().or(self.later.last().copied()).unwrap_or(self.first)
    }

    /// When it ended: where it came to rest, or where another procedure began. Where it only rests, when that ended.
    fn ended(&self) -> Option<Moment> {
        self.rest().map(|rest| rest.from).or_else(|| self.ends().until)
    }
}

/// The verdicts as JSON, version 1.
pub fn as_json(product: &str, verdicts: &[Judged]) -> Value {
    let consistent = verdicts.iter().all(Judged::is_consistent);
    json!({
        "format": 1,
        "product": product,
        "answer": answer_word(verdicts.is_empty(), consistent),
        "logs": verdicts.iter().map(log_as_json).collect::<Vec<_>>(),
    })
}

fn answer_word(nothing: bool, consistent: bool) -> &'static str {
    match (nothing, consistent) {
        (true, _) => "could-not-tell",
        (false, true) => "consistent",
        (false, false) => "not-consistent",
    }
}

fn log_as_json(judged: &Judged) -> Value {
    let path = judged.path.iter().map(|passage| {
        json!({
            "track": passage.phase.track,
            "procedure": passage.phase.procedure,
            "step": passage.phase.step,
            "from_ms": passage.from.0,
            "lasts_ms": passage.until.map(|until| until.0 - passage.from.0),
        })
    });
    let stray = judged.stray.as_ref().map(|stray| {
        let (why, allowed, back) = match &stray.why {
            Why::TimeGoesBack(back) => ("time-goes-back", Vec::new(), Some(*back)),
            Why::NoBehaviour(allowed) => ("no-behaviour", allowed.clone(), None),
        };
        json!({ "line": stray.line, "text": stray.text, "why": why, "allowed": allowed, "back_ms": back })
    });
    json!({
        "file": judged.file,
        "kind": judged.kind,
        "answer": answer_word(false, judged.is_consistent()),
        "lines": judged.lines,
        "explained": judged.explained,
        "path": path.collect::<Vec<_>>(),
        "stray": stray,
    })
}
