//! Where the time of an outage went: detect, decide, fence, promote, replay, reconnect.
//!
//! The phases are cut out of the longest outage by what each product announces, its [`Marks`]; of one with a primary:
//!
//! | phase | from | to |
//! |---|---|---|
//! | detect | the first write that failed | the first change of a lock, a role or a reign, or the first fence |
//! | decide | | the last change of a lock before the database that ends the outage accepts writes |
//! | fence | | the last fence before that |
//! | promote | | that database accepts writes, without the time of replay |
//! | replay | replay of the log begins there | it ends |
//! | reconnect | that database accepts writes | the first durable write |
//!
//! Each begins where the one before it ends; one that did not happen lasts no time. Together they are the outage.

use nodes::catalogue;
use nodes::operations::Marks;
use nodes::product::Product;
use nodes::product::events::{REPLAY_FINISHED, REPLAY_STARTED};
use nodes::world::trace::{Event, What};
use reports::{Moment, Outage, Span};

use crate::run::Record;

/// The names of the phases, in order.
pub const PHASES: [&str; 6] = ["detect", "decide", "fence", "promote", "replay", "reconnect"];

/// How long each phase of an outage was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phases {
    /// In the order of [`PHASES`].
    pub lengths: [Span; 6],
}

impl Phases {
    /// The phases of the longest outage that ended, by what the product announces; none without one.
    pub fn of(record: &Record, outages: &[Outage], product: &Product) -> Option<Self> {
        let marks = catalogue::operations(product.model).map_or(Marks::OF_A_PRIMARY, |operations| operations.phases);
        let (from, until) = outages
            .iter()
            .filter_map(|outage| Some((outage.first_failed.at, outage.first_durable.as_ref()?.at)))
            .max_by_key(|(from, until)| (until.since(*from), std::cmp::Reverse(*from)))?;
        let seen = |event: &&Event| (from.0..=until.0).contains(&event.at.as_nanos());
        let events: Vec<&Event> = record.trace.events().iter().filter(seen).collect();
        Some(cut(&events, (from, until), &marks))
    }
}

fn cut(events: &[&Event], (from, until): (Moment, Moment), marks: &Marks) -> Phases {
    let named = |wanted: &'static [&'static str]| {
        events.iter().filter_map(move |event| match &event.what {
            What::Announced { name, .. } if wanted.contains(name) => Some((event.at.as_nanos(), event.place)),
            _ => None,
        })
    };
    let opened = named(marks.opened).next_back();
    let accepts = opened.map_or(until.0, |(at, _)| at);
    let before = |at: &(u64, _)| at.0 <= accepts;
    let detected = named(marks.detected).map(|(at, _)| at).find(|at| *at <= accepts).unwrap_or(accepts);
    let last = |wanted| named(wanted).filter(before).map(|(at, _)| at).next_back();
    let decided = last(marks.decided).unwrap_or(detected).max(detected);
    let fenced = last(marks.fenced).unwrap_or(decided).max(decided);
    let there = |event: &(u64, _)| {
        let elsewhere = marks.opens_itself && opened.is_some_and(|(_, place)| place != event.1);
        !elsewhere && before(event)
    };
    let replayed = named(&[REPLAY_FINISHED]).filter(there).map(|(at, _)| at).next_back();
    let replay = replayed.and_then(|end| {
        let begun = named(&[REPLAY_STARTED]).filter(there).map(|(at, _)| at).rfind(|at| *at <= end)?;
        Some(end.saturating_sub(begun.max(fenced)))
    });
    let replay = replay.unwrap_or(0);
    let lengths = [
        detected - from.0,
        decided - detected,
        fenced - decided,
        (accepts - fenced).saturating_sub(replay),
        replay,
        until.0 - accepts,
    ];
    Phases { lengths: lengths.map(Span) }
}
