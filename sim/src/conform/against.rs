//! A real drill beside the rehearsed one: how long each phase took, and whether that is within what the seeds showed.
//!
//! The rehearsed logs are read by the same grammar as the real ones, so that a phase means the same in both. A phase of
//! the real log that no seed went through is said to be so: nothing is known about how long it may take.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use reports::Language;
use serde_json::{Value, json};

use super::Judged;

/// A phase: the kind of log, and the procedure with its step where it has only one.
type Name = (&'static str, String);

/// How long the seeds took for each phase, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Bands {
    lengths: BTreeMap<Name, Vec<i64>>,
}

/// Where a real phase lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Within what the seeds showed.
    Inside,
    /// Shorter than every seed, by so many milliseconds.
    Shorter(i64),
    /// Longer than every seed, by so many milliseconds.
    Longer(i64),
    /// No seed went through it.
    NeverRehearsed,
}

/// A phase of a real log beside the rehearsed ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Its file.
    pub file: String,
    /// The phase.
    pub phase: String,
    /// How long it took, in milliseconds.
    pub took: i64,
    /// The shortest, the middle and the longest of the seeds; none if no seed went through it.
    pub band: Option<(i64, i64, i64)>,
    /// Where it lies.
    pub place: Place,
}

impl Bands {
    /// Adds a rehearsed log.
    pub fn add(&mut self, judged: &Judged) {
        for (name, took) in phases(judged) {
            self.lengths.entry(name).or_default().push(took);
        }
    }

    /// A real log beside them; a phase that had not ended when the log did is left out.
    pub fn compare(&self, judged: &Judged) -> Vec<Compared> {
        phases(judged).into_iter().map(|(name, took)| self.place(&judged.file, name, took)).collect()
    }

    fn place(&self, file: &str, name: Name, took: i64) -> Compared {
        let band = self.lengths.get(&name).map(|lengths| {
            let mut sorted = lengths.clone();
            sorted.sort_unstable();
            (sorted[0], sorted[sorted.len() / 2], sorted[sorted.len() - 1])
        });
        let place = match band {
            None => Place::NeverRehearsed,
            Some((low, ..)) if took < low => Place::Shorter(low - took),
            Some((.., high)) if took > high => Place::Longer(took - high),
            Some(_) => Place::Inside,
        };
        Compared { file: file.to_owned(), phase: name.1, took, band, place }
    }
}

/// The phases of a log that ended, with how long each took. A phase in which nothing goes on is none; one that comes to
/// rest has ended there.
fn phases(judged: &Judged) -> Vec<(Name, i64)> {
    let stays = judged.procedures();
    let ended = stays.iter().filter_map(|stay| {
        let (first, last) = (stay.first().filter(|first| !first.phase.rests)?, stay.last()?);
        let until = stay.iter().find(|passage| passage.phase.rests).map(|rest| rest.from).or(last.until)?;
        let phase = match stay.len() {
            1 => format!("{}: {}", first.phase.procedure, first.phase.step),
            _ => first.phase.procedure.clone(),
        };
        Some(((judged.kind, phase), until.0 - first.from.0))
    });
    ended.collect()
}

/// The comparison as text.
pub fn told_against(compared: &[Compared], seeds: (u64, u64), language: Language) -> String {
    let zh = language == Language::Chinese;
    let mut text = String::new();
    let (first, last) = seeds;
    let _ = match zh {
        false => writeln!(text, "AGAINST  seeds {first}..{last}: phase, real, rehearsed from .. middle .. to"),
        true => writeln!(text, "与演练比对  种子 {first}..{last}:阶段、实际、仿真最短 .. 中位 .. 最长"),
    };
    for phase in compared {
        let band = phase.band.map_or_else(
            || "-".to_owned(),
            |(low, middle, high)| format!("{} .. {} .. {}", seconds(low), seconds(middle), seconds(high)),
        );
        let place = match (phase.place, zh) {
            (Place::Inside, false) => "inside".to_owned(),
            (Place::Inside, true) => "范围内".to_owned(),
            (Place::Shorter(by), false) => format!("OUTSIDE: {} shorter than any", seconds(by)),
            (Place::Shorter(by), true) => format!("范围外:比最短还短 {}", seconds(by)),
            (Place::Longer(by), false) => format!("OUTSIDE: {} longer than any", seconds(by)),
            (Place::Longer(by), true) => format!("范围外:比最长还长 {}", seconds(by)),
            (Place::NeverRehearsed, false) => "no seed went through it".to_owned(),
            (Place::NeverRehearsed, true) => "仿真中未出现".to_owned(),
        };
        let _ = writeln!(text, "  {:<44} {:>10}  {band:<34} {place}", phase.phase, seconds(phase.took));
    }
    if compared.is_empty() {
        let _ = writeln!(text, "  {}", if zh { "日志中没有已结束的阶段" } else { "no phase of the logs has ended" });
    }
    text
}

fn seconds(millis: i64) -> String {
    format!("{}.{:03}s", millis / 1_000, millis % 1_000)
}

/// The comparison as JSON.
pub fn against_as_json(compared: &[Compared]) -> Value {
    let phases = compared.iter().map(|phase| {
        let (place, by) = match phase.place {
            Place::Inside => ("inside", None),
            Place::Shorter(by) => ("shorter", Some(by)),
            Place::Longer(by) => ("longer", Some(by)),
            Place::NeverRehearsed => ("never-rehearsed", None),
        };
        json!({
            "file": phase.file,
            "phase": phase.phase,
            "took_ms": phase.took,
            "band_ms": phase.band.map(|(low, middle, high)| [low, middle, high]),
            "place": place,
            "by_ms": by,
        })
    });
    phases.collect()
}

#[cfg(test)]
mod tests {
    use nodes::grammar::{Moment, Phase};

    use super::super::Passage;
    use super::*;

    fn log(lengths: &[(&str, i64)]) -> Judged {
        let passage = |(procedure, length): &(&str, i64)| Passage {
            phase: Phase { track: (*procedure).into(), procedure: (*procedure).into(), step: "S".into(), rests: false },
            from: Moment(0),
            until: Some(Moment(*length)),
        };
        let path = lengths.iter().map(passage).collect();
        Judged { file: "css.log".into(), kind: "dmcss", lines: 1, explained: 1, path, stray: None }
    }

    #[test]
    fn a_phase_is_inside_outside_by_so_much_or_unknown() {
        let mut bands = Bands::default();
        for length in [30, 10, 20] {
            bands.add(&log(&[("RECOVER", length)]));
        }
        let place = |length| bands.compare(&log(&[("RECOVER", length)]))[0].place;
        assert_eq!([10, 30, 5, 37].map(place), [Place::Inside, Place::Inside, Place::Shorter(5), Place::Longer(7)]);
        let unknown = bands.compare(&log(&[("CRASH", 1)]));
        assert_eq!((unknown[0].place, unknown[0].band), (Place::NeverRehearsed, None));
        assert_eq!(bands.compare(&log(&[("RECOVER", 12)]))[0].band, Some((10, 20, 30)));
    }

    #[test]
    fn where_nothing_goes_on_nothing_is_compared_and_what_comes_to_rest_has_ended() {
        let mut bands = Bands::default();
        bands.add(&log(&[("RECOVER", 10)]));
        let mut resting = log(&[("OPEN", 1_000_000)]);
        resting.path[0].phase.rests = true;
        assert!(bands.compare(&resting).is_empty());
        let mut rested = log(&[("RECOVER", 10)]);
        let rest = Phase { step: "over".into(), rests: true, ..rested.path[0].phase.clone() };
        rested.path.push(Passage { phase: rest, from: Moment(10), until: None });
        assert_eq!(bands.compare(&rested)[0].took, 10);
    }

    #[test]
    fn what_had_not_ended_is_not_compared() {
        let mut open = log(&[("RECOVER", 1)]);
        open.path[0].until = None;
        assert!(Bands::default().compare(&open).is_empty());
    }
}
