//! A real drill beside the rehearsed one: how long each phase took, and whether that is within what the seeds showed.
//!
//! The rehearsed logs are read by the same grammar as the real ones, so that a phase means the same in both. What ended
//! otherwise is another phase: a promote that died is not held against those that came through. A phase of the real log
//! that no seed went through is said to be so: nothing is known about how long it may take.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use nodes::grammar::Moment;
use nodes::operations::Phrase;
use reports::Language;
use serde_json::{Value, json};

use super::text::{called, clock, seconds};
use super::{Judged, Stay};

/// A procedure with the step it ended with, or a step of a procedure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    kind: &'static str,
    procedure: String,
    /// The step the procedure ended with; none for a step whatever its procedure came to.
    ends: Option<String>,
    /// The step, if this is about one.
    step: Option<String>,
}

/// How long the seeds took for each phase, in milliseconds, by the track it was on.
#[derive(Clone, Debug, Default)]
pub struct Bands {
    lengths: BTreeMap<Name, BTreeMap<String, Vec<i64>>>,
}

/// How long the seeds took for a phase, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// The shortest.
    pub shortest: i64,
    /// The middle one.
    pub middle: i64,
    /// The longest.
    pub longest: i64,
    /// How often they went through it.
    pub times: usize,
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

/// A length of a real log beside the rehearsed ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// How long it took, in milliseconds.
    pub took: i64,
    /// How long the seeds took; none if no seed went through it.
    pub band: Option<Band>,
    /// Where it lies.
    pub place: Place,
}

/// A procedure of a real log beside the rehearsed ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// When it began.
    pub from: Moment,
    /// Whose it was: a group of EPs, an instance.
    pub track: String,
    /// The procedure.
    pub phase: String,
    /// The step it ended with, or had come to.
    pub ends: String,
    /// Its length; none if it had not ended when the log did.
    pub whole: Option<Beside>,
    /// Its steps, and how long each took.
    pub steps: Vec<(String, Beside)>,
}

/// A real log beside the rehearsed ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedLog {
    /// Its file.
    pub file: String,
    /// Which kind of log.
    pub kind: &'static str,
    /// What its phases are called in Chinese.
    pub chinese: &'static [Phrase],
    /// Whether its lines have stamps: without them nothing has a length.
    pub is_timed: bool,
    /// Its procedures.
    pub phases: Vec<Compared>,
}

impl Band {
    fn of(mut lengths: Vec<i64>) -> Option<Band> {
        lengths.sort_unstable();
        let (shortest, longest) = (*lengths.first()?, *lengths.last()?);
        Some(Band { shortest, middle: lengths[lengths.len() / 2], longest, times: lengths.len() })
    }

    /// Where a length lies that is known up to `resolution`.
    fn place(self, took: i64, resolution: i64) -> Place {
        match took {
            took if took + resolution < self.shortest => Place::Shorter(self.shortest - took),
            took if took > self.longest + resolution => Place::Longer(took - self.longest),
            _ => Place::Inside,
        }
    }
}

impl Bands {
    /// Adds a rehearsed log.
    pub fn add(&mut self, judged: &Judged) {
        for stay in going(judged) {
            let lengths = whole(judged.kind, &stay).into_iter().chain(steps(judged.kind, &stay));
            for (name, took) in lengths {
                let both = name.step.is_some() && name.ends.is_some();
                let whatever_ends = both.then(|| Name { ends: None, ..name.clone() });
                for name in whatever_ends.into_iter().chain([name]) {
                    let tracks = self.lengths.entry(name).or_default();
                    tracks.entry(stay.phase().track.clone()).or_default().push(took);
                }
            }
        }
    }

    /// A real log beside them.
    pub fn compare(&self, judged: &Judged) -> ComparedLog {
        let phases = going(judged).map(|stay| self.compare_stay(judged, &stay));
        let phases = phases.filter(|phase| phase.whole.is_some() || !phase.steps.is_empty()).collect();
        ComparedLog {
            file: judged.file.clone(),
            kind: judged.kind,
            chinese: judged.chinese,
            is_timed: judged.is_timed,
            phases,
        }
    }

    fn compare_stay(&self, judged: &Judged, stay: &Stay<'_>) -> Compared {
        let phase = stay.phase();
        let beside = |(name, took): (Name, i64)| (name.step.clone(), self.beside(&phase.track, &name, took, judged));
        Compared {
            from: stay.first.from,
            track: phase.track.clone(),
            phase: phase.procedure.clone(),
            ends: stay.ends().phase.step.clone(),
            whole: whole(judged.kind, stay).map(|length| beside(length).1),
            steps: steps(judged.kind, stay)
                .map(beside)
                .map(|(step, beside)| (step.unwrap_or_default(), beside))
                .collect(),
        }
    }

    /// On the same track if the seeds went through it there, else on any: the roles may be exchanged. A step beside those
    /// of procedures that ended alike, else beside all of that name.
    fn beside(&self, track: &str, name: &Name, took: i64, judged: &Judged) -> Beside {
        let whatever_ends = Name { ends: None, ..name.clone() };
        let tracks = self.lengths.get(name).or_else(|| self.lengths.get(&whatever_ends));
        let lengths = tracks.and_then(|tracks| tracks.get(track).cloned());
        let any = || tracks.into_iter().flat_map(BTreeMap::values).flatten().copied().collect();
        let band = Band::of(lengths.unwrap_or_else(any));
        let place = band.map_or(Place::NeverRehearsed, |band| band.place(took, judged.resolution));
        Beside { took, band, place }
    }
}

/// The stays in which something goes on.
fn going(judged: &Judged) -> impl Iterator<Item = Stay<'_>> {
    judged.stays().into_iter().filter(|stay| !stay.phase().rests)
}

/// How long a stay took, if it ended; nothing if the clock was set back meanwhile.
fn whole(kind: &'static str, stay: &Stay<'_>) -> Option<(Name, i64)> {
    let ends = Some(stay.ends().phase.step.clone());
    let name = Name { kind, procedure: stay.phase().procedure.clone(), ends, step: None };
    let took = stay.ended()?.0 - stay.first.from.0;
    (took >= 0).then_some((name, took))
}

/// How long each step of a stay took, if it has several.
fn steps(kind: &'static str, stay: &Stay<'_>) -> impl Iterator<Item = (Name, i64)> {
    let several = !stay.later.is_empty() || stay.ended().is_none();
    let ends = stay.ended().map(|_| stay.ends().phase.step.clone());
    let passed = stay.steps().filter(move |passage| several && !passage.phase.rests);
    let lengths = passed.filter_map(move |passage| {
        let (procedure, step) = (passage.phase.procedure.clone(), Some(passage.phase.step.clone()));
        let name = Name { kind, procedure, ends: ends.clone(), step };
        Some((name, passage.until?.0 - passage.from.0))
    });
    lengths.filter(|(_, took)| *took >= 0)
}

impl Compared {
    /// Whether it took shorter or longer than in every seed.
    pub fn is_outside(&self) -> bool {
        self.whole.as_ref().is_some_and(Beside::is_outside)
    }

    /// The steps that a reader must see: those that make a tenth of the difference or more, and all of what has not ended.
    fn told_steps(&self) -> impl Iterator<Item = &(String, Beside)> {
        let tells = |step: &&(String, Beside)| {
            let Beside { took, place, .. } = step.1;
            match (self.whole.as_ref().map(|whole| whole.place), place) {
                (None, _) => true,
                (Some(Place::Shorter(by)), Place::Shorter(own)) | (Some(Place::Longer(by)), Place::Longer(own)) => {
                    own * 10 >= by
                }
                (Some(Place::Longer(by)), Place::NeverRehearsed) => took * 10 >= by,
                _ => false,
            }
        };
        self.steps.iter().filter(tells)
    }
}

impl Beside {
    fn is_outside(&self) -> bool {
        matches!(self.place, Place::Shorter(_) | Place::Longer(_))
    }

    fn told(&self, zh: bool) -> String {
        let band = self.band.map_or_else(
            || "-".to_owned(),
            |Band { shortest, middle, longest, times }| {
                format!("{} .. {} .. {} ({times})", seconds(shortest), seconds(middle), seconds(longest))
            },
        );
        let place = match (self.place, zh) {
            (Place::Inside, false) => "inside".to_owned(),
            (Place::Inside, true) => "范围内".to_owned(),
            (Place::Shorter(by), false) => format!("OUTSIDE: {} shorter than any", seconds(by)),
            (Place::Shorter(by), true) => format!("范围外:比最短还短 {}", seconds(by)),
            (Place::Longer(by), false) => format!("OUTSIDE: {} longer than any", seconds(by)),
            (Place::Longer(by), true) => format!("范围外:比最长还长 {}", seconds(by)),
            (Place::NeverRehearsed, false) => "no seed went through it".to_owned(),
            (Place::NeverRehearsed, true) => "仿真中未出现".to_owned(),
        };
        format!("{:>10}  {band:<38} {place}", seconds(self.took))
    }

    fn as_json(&self) -> Value {
        let (place, by) = match self.place {
            Place::Inside => ("inside", None),
            Place::Shorter(by) => ("shorter", Some(by)),
            Place::Longer(by) => ("longer", Some(by)),
            Place::NeverRehearsed => ("never-rehearsed", None),
        };
        json!({
            "took_ms": self.took,
            "band_ms": self.band.map(|band| [band.shortest, band.middle, band.longest]),
            "times": self.band.map_or(0, |band| band.times),
            "place": place,
            "by_ms": by,
        })
    }
}

/// The comparison as text.
pub fn told_against(logs: &[ComparedLog], seeds: (u64, u64), language: Language) -> String {
    let zh = language == Language::Chinese;
    let mut text = String::new();
    let (first, last) = seeds;
    let _ = match zh {
        false => writeln!(
            text,
            "AGAINST  seeds {first}..{last}: each phase, how long it took, and how long in the rehearsal: \
             shortest .. middle .. longest (how often)"
        ),
        true => writeln!(text, "与演练比对  种子 {first}..{last}:阶段、实际用时、仿真用时:最短 .. 中位 .. 最长(次数)"),
    };
    for log in logs {
        let _ = writeln!(text, "  {}  ({})", log.file, log.kind);
        let nothing = match (log.is_timed, zh) {
            (false, false) => "its lines have no time stamps: nothing can be compared",
            (false, true) => "日志行无时间戳,无法比对用时",
            (true, false) => "no phase of it has a length to compare",
            (true, true) => "其中没有可比对用时的阶段",
        };
        if log.phases.is_empty() {
            let _ = writeln!(text, "    {nothing}");
        }
        log.phases.iter().for_each(|phase| tell_phase(&mut text, log, phase, zh));
    }
    text
}

fn tell_phase(text: &mut String, log: &ComparedLog, compared: &Compared, zh: bool) {
    let word = |word: &str| called(log.chinese, word, zh);
    let (track, phase, ends) = (word(&compared.track), word(&compared.phase), word(&compared.ends));
    let not_ended = if zh { "尚未结束" } else { "had not ended" };
    // A procedure of one step has that step for its name.
    let name = if compared.steps.is_empty() { format!("{phase}: {ends}") } else { format!("{phase} .. {ends}") };
    let whole = compared.whole.as_ref();
    let told = whole.map_or_else(|| format!("{:>10}  {not_ended}", "…"), |whole| whole.told(zh));
    let _ = writeln!(text, "    {}  {track:<10} {name:<44} {told}", clock(compared.from));
    for (step, beside) in compared.told_steps() {
        let _ = writeln!(text, "    {:<12}  {:<10}   {:<42} {}", "", "", word(step), beside.told(zh));
    }
}

/// The comparison as JSON: the procedures of all logs, each with its steps.
pub fn against_as_json(logs: &[ComparedLog]) -> Value {
    let phases = logs.iter().flat_map(|log| log.phases.iter().map(move |phase| (log, phase))).map(|(log, compared)| {
        let mut told = compared.whole.as_ref().map_or_else(|| json!({ "place": "not-ended" }), Beside::as_json);
        let steps = compared.steps.iter().map(|(step, beside)| {
            let mut told = beside.as_json();
            told["step"] = json!(step);
            told
        });
        told["file"] = json!(log.file);
        told["kind"] = json!(log.kind);
        told["track"] = json!(compared.track);
        told["from_ms"] = json!(compared.from.0);
        told["phase"] = json!(compared.phase);
        told["ends"] = json!(compared.ends);
        told["steps"] = steps.collect();
        told
    });
    phases.collect()
}

#[cfg(test)]
mod tests {
    use nodes::grammar::Phase;

    use super::super::Passage;
    use super::*;

    /// Procedures one after the other, each with its steps and how long they took.
    fn log(procedures: &[(&str, &[(&str, i64)])]) -> Judged {
        let (mut at, mut path) = (0, Vec::new());
        for (procedure, steps) in procedures {
            for (step, length) in *steps {
                let phase = Phase {
                    track: "DB".into(),
                    procedure: (*procedure).into(),
                    step: (*step).into(),
                    rests: step.starts_with("rests"),
                };
                path.push(Passage { phase, from: Moment(at), until: Some(Moment(at + length)) });
                at += length;
            }
        }
        Judged {
            file: "css.log".into(),
            kind: "dmcss",
            chinese: &[("RECOVER", "恢复")],
            resolution: 1,
            is_timed: true,
            lines: 1,
            explained: 1,
            path,
            stray: None,
        }
    }

    fn first(bands: &Bands, log: &Judged) -> Beside {
        bands.compare(log).phases[0].whole.clone().expect("it has ended")
    }

    fn rehearsed(lengths: &[i64]) -> Bands {
        let mut bands = Bands::default();
        lengths.iter().for_each(|length| bands.add(&log(&[("RECOVER", &[("S", *length)])])));
        bands
    }

    #[test]
    fn a_phase_is_inside_outside_by_so_much_or_unknown() {
        let bands = rehearsed(&[30, 10, 20]);
        let place = |length| first(&bands, &log(&[("RECOVER", &[("S", length)])])).place;
        assert_eq!([10, 30, 5, 37].map(place), [Place::Inside, Place::Inside, Place::Shorter(5), Place::Longer(7)]);
        let unknown = first(&bands, &log(&[("CRASH", &[("S", 1)])]));
        assert_eq!((unknown.place, unknown.band), (Place::NeverRehearsed, None));
        let band = Band { shortest: 10, middle: 20, longest: 30, times: 3 };
        assert_eq!(first(&bands, &log(&[("RECOVER", &[("S", 12)])])).band, Some(band));
    }

    #[test]
    fn what_ended_otherwise_is_another_phase() {
        let mut bands = Bands::default();
        bands.add(&log(&[("PROMOTE", &[("copies", 10), ("rests online", 0)])]));
        let died = log(&[("PROMOTE", &[("copies", 500), ("rests dead", 0)])]);
        let compared = &bands.compare(&died).phases[0];
        assert_eq!(compared.whole.as_ref().map(|whole| whole.place), Some(Place::NeverRehearsed));
        assert_eq!(compared.steps[0].1.place, Place::Longer(490), "its steps can be compared all the same");
        assert!(!compared.is_outside());
        bands.add(&log(&[("PROMOTE", &[("copies", 490), ("rests dead", 0)])]));
        let compared = &bands.compare(&died).phases[0];
        assert_eq!(compared.steps[0].1.place, Place::Longer(10), "beside those that ended alike");
    }

    #[test]
    fn stamps_of_whole_seconds_tell_no_more_than_seconds() {
        let bands = rehearsed(&[7_000]);
        let mut real = log(&[("RECOVER", &[("S", 8_000)])]);
        assert_eq!(first(&bands, &real).place, Place::Longer(1_000));
        real.resolution = 1_000;
        assert_eq!(first(&bands, &real).place, Place::Inside);
        real.path[0].until = Some(Moment(9_000));
        assert_eq!(first(&bands, &real).place, Place::Longer(2_000));
    }

    #[test]
    fn the_roles_of_two_instances_may_be_exchanged() {
        let mut bands = rehearsed(&[10]);
        let mut other = log(&[("RECOVER", &[("S", 50)]), ("CRASH", &[("S", 3)])]);
        other.path.iter_mut().for_each(|passage| passage.phase.track = "ASM".into());
        bands.add(&other);
        let place = |procedure| first(&bands, &log(&[(procedure, &[("S", 50)])])).place;
        assert_eq!(place("RECOVER"), Place::Longer(40), "of the same group");
        assert_eq!(place("CRASH"), Place::Longer(47), "only the other group went through it");
    }

    #[test]
    fn where_nothing_goes_on_nothing_is_compared_and_what_comes_to_rest_has_ended() {
        let bands = rehearsed(&[10]);
        assert!(bands.compare(&log(&[("OPEN", &[("rests", 1_000_000)])])).phases.is_empty());
        let rested = log(&[("RECOVER", &[("S", 10), ("rests", 1_000_000)])]);
        assert_eq!(first(&bands, &rested).took, 10);
        // And again: two stays in the same procedure.
        let twice = log(&[("RECOVER", &[("S", 10), ("rests", 9)]), ("RECOVER", &[("S", 12), ("rests", 9)])]);
        let took: Vec<i64> =
            bands.compare(&twice).phases.iter().filter_map(|it| Some(it.whole.as_ref()?.took)).collect();
        assert_eq!(took, [10, 12]);
    }

    #[test]
    fn of_what_had_not_ended_only_the_steps_are_compared() {
        let mut open = log(&[("RECOVER", &[("S", 1), ("T", 1)])]);
        open.path[1].until = None;
        let compared = &Bands::default().compare(&open).phases[0];
        assert_eq!((&compared.whole, compared.steps.len()), (&None, 1));
        let mut open = log(&[("RECOVER", &[("S", 1)])]);
        open.path[0].until = None;
        assert!(Bands::default().compare(&open).phases.is_empty());
    }

    #[test]
    fn a_clock_that_was_set_back_measures_nothing() {
        let back = log(&[("RECOVER", &[("S", -5_000)])]);
        assert!(Bands::default().compare(&back).phases.is_empty());
    }

    #[test]
    fn a_step_is_told_where_it_makes_the_difference() {
        let mut bands = Bands::default();
        bands.add(&log(&[("SWITCH", &[("demotes", 10), ("moves", 20), ("rests", 0)])]));
        let slow = bands.compare(&log(&[("SWITCH", &[("demotes", 13), ("moves", 900), ("rests", 0)])]));
        let told = told_against(&[slow], (1, 1), Language::English);
        assert!(told.contains("SWITCH .. rests") && told.contains("0.883s longer than any"), "{told}");
        assert!(told.contains("moves") && !told.contains("demotes"), "{told}");
        let silent = Judged { is_timed: false, path: Vec::new(), ..log(&[]) };
        let told = told_against(&[bands.compare(&silent)], (1, 1), Language::Chinese);
        assert!(told.contains("无时间戳"), "{told}");
    }
}
