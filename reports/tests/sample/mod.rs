//! Reports as a run would leave them, for the tests of the renderers.
//!
//! `switchover_fail` ends as expected, `promote_before_stop` shows the hazard it expects, `surprise` is the same
//! violation with nobody expecting it, and `hostile` carries names that want to break out of every format.

#![allow(dead_code, unused_imports, reason = "each test file uses some of them")]

pub mod hostile;
pub mod promote_before_stop;
pub mod switchover_fail;

use reports::{
    Entry, EntryKind, Importance, Landmark, Lane, LaneInterval, Moment, Origin, Report, SeedLine, Sentence, Setting,
    Standing, WriteInterval,
};

pub use hostile::hostile;
pub use promote_before_stop::{promote_before_stop, surprise};
pub use switchover_fail::switchover_fail;

pub fn ms(milliseconds: u64) -> Moment {
    Moment::from_millis(milliseconds)
}

pub fn landmark(at: u64, event: u64, what: Sentence) -> Landmark {
    Landmark { at: ms(at), event: Some(event), what }
}

/// An announced event, `who` being `node/component`.
pub fn entry(at: u64, event: u64, who: &str, text: &str) -> Entry {
    let (lane, component) = who.split_once('/').expect("node/component");
    Entry {
        at: ms(at),
        event: Some(event),
        lane: Some(lane.into()),
        component: Some(component.into()),
        kind: EntryKind::Announced,
        importance: Importance::Major,
        text: text.into(),
    }
}

pub fn lane(node: &str, stretches: &[(u64, Standing, &str)]) -> Lane {
    let ends = stretches.iter().skip(1).map(|(from, ..)| Some(ms(*from))).chain([None]);
    let intervals = stretches
        .iter()
        .zip(ends)
        .map(|((from, standing, state), until)| LaneInterval {
            from: ms(*from),
            until,
            standing: *standing,
            state: (*state).into(),
            term: None,
        })
        .collect();
    Lane { node: node.into(), intervals }
}

pub fn writer(node: &str, log: &str, from: u64, until: Option<u64>, writes: u64) -> WriteInterval {
    WriteInterval { node: node.into(), log: log.into(), from: ms(from), until: until.map(ms), writes }
}

pub fn setting(name: &str, value: &str, origin: Origin) -> Setting {
    Setting { name: name.into(), value: value.into(), value_zh: None, origin }
}

/// Lines of fifty seeds made from one report, a few of them different.
pub fn fifty_seeds(report: &Report) -> Vec<SeedLine> {
    (1..=50)
        .map(|seed| {
            let mut line = SeedLine::from(report);
            line.seed = seed;
            line.hash = format!("{:016x}", seed * 0x9e37_79b9);
            line.rto_ms = line.rto_ms.map(|rto| rto + seed * 13 % 7_000);
            line.events += seed * 17;
            line
        })
        .collect()
}
