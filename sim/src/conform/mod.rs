//! Logs of real clusters held against the model: could it have written them?
//!
//! It exists for the day after a drill, when the logs are there and the question is whether the cluster did what was
//! rehearsed. A product's grammar explains lines ([`nodes::grammar`]); here its explanations become a verdict: the way
//! the model went through the log and the time each phase took, or the first line that nothing explains. Lines of
//! others are passed over. Nothing is run, and no two logs are compared with each other.

mod against;
mod text;

use nodes::grammar::{LogKind, Moment, Phase, Taken};
use serde_json::{Value, json};

pub use against::{Bands, Compared, Place, against_as_json, told_against};
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
    let mut judged =
        Judged { file: file.to_owned(), kind: kind.name, lines: lines.len(), explained: 0, path: vec![], stray: None };
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

    /// Each stay in a procedure: its track, its name, when it began and ended, and its steps.
    fn procedures(&self) -> Vec<Vec<&Passage>> {
        let mut stays: Vec<Vec<&Passage>> = Vec::new();
        for passage in &self.path {
            let of_track = |stay: &&mut Vec<&Passage>| stay[0].phase.track == passage.phase.track;
            match stays.iter_mut().rev().find(of_track) {
                Some(stay) if stay[0].phase.procedure == passage.phase.procedure && !at_rest(stay) => {
                    stay.push(passage)
                }
                _ => stays.push(vec![passage]),
            }
        }
        stays
    }
}

/// Whether a stay has come to its end: what follows is another one, though it may be of the same procedure.
fn at_rest(stay: &[&Passage]) -> bool {
    stay.last().is_some_and(|last| last.phase.rests)
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
