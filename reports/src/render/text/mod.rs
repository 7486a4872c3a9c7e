//! The words renderers use, one constant for each language.
//!
//! [`Text`] has a field for every message, so a language that lacks one does not compile. Fields that carry values
//! are functions, because word order differs between languages. Names of checks, events and commands are not here:
//! they are the same everywhere.

mod cases;
mod chinese;
mod chinese_page;
mod english;
mod english_page;
mod numbers;
mod page;

pub use cases::{case_headline, case_lines};
pub use chinese::CHINESE;
pub use english::ENGLISH;
pub use numbers::grouped;
pub use page::PageText;

use crate::report::{
    Answer, Check, DrillKind, EntryKind, Language, Met, Mode, Moment, Origin, Outcome, Span, Standing, StepOutcome,
    Verdict,
};

/// Every message of every renderer in one language.
pub struct Text {
    /// The language itself.
    pub language: Language,
    /// What kind of drill it is.
    pub kinds: Kinds,
    /// Words for outcomes, answers and objectives.
    pub verdicts: Verdicts,
    /// What stands between words.
    pub marks: Marks,
    /// Headings of sections.
    pub headings: Headings,
    /// Labels in front of values.
    pub labels: Labels,
    /// Messages that carry values.
    pub phrases: Phrases,
    /// Labels of the report page.
    pub page: PageText,
}

/// Kinds of drill.
pub struct Kinds {
    /// 桌面演练.
    pub tabletop: &'static str,
    /// 仿真演练.
    pub simulation: &'static str,
    /// 实战演练.
    pub live: &'static str,
}

/// Words for outcomes, answers, modes and objectives.
pub struct Verdicts {
    /// The run met its expectation.
    pub as_expected: &'static str,
    /// It did not.
    pub not_as_expected: &'static str,
    /// It could not be said.
    pub inconclusive: &'static str,
    /// An expected violation was shown.
    pub hazard_shown: &'static str,
    /// A check's promise was kept.
    pub holds: &'static str,
    /// A check's promise was broken.
    pub violated: &'static str,
    /// Neither could be shown.
    pub could_not_tell: &'static str,
    /// A `sometimes` that never happened.
    pub never_reached: &'static str,
    /// A check's answer that the scenario expected although it is bad news.
    pub expected: &'static str,
    /// Mode of a check.
    pub always: &'static str,
    /// Mode of a check.
    pub eventually: &'static str,
    /// Mode of a check.
    pub sometimes: &'static str,
    /// An objective was met.
    pub met: &'static str,
    /// It was not met.
    pub not_met: &'static str,
    /// Nobody set one.
    pub no_target: &'static str,
}

/// What stands between words.
pub struct Marks {
    /// Between a name and what is said of it.
    pub colon: &'static str,
    /// Between two parts of a sentence.
    pub semicolon: &'static str,
    /// Between two words of equal rank.
    pub comma: &'static str,
    /// Between two sentences.
    pub stop: &'static str,
    /// Around an aside: its beginning.
    pub open: &'static str,
    /// Around an aside: its end.
    pub close: &'static str,
}

/// Headings of sections.
pub struct Headings {
    /// Steps and faults.
    pub done: &'static str,
    /// The timeline.
    pub happened: &'static str,
    /// Who could write when.
    pub writers: &'static str,
    /// Outages and objectives.
    pub service: &'static str,
    /// Checks.
    pub checks: &'static str,
    /// Output of status commands.
    pub status: &'static str,
    /// The causal chain.
    pub story: &'static str,
}

/// Labels in front of values, and single words of tables.
pub struct Labels {
    /// The cluster's nodes.
    pub cluster: &'static str,
    /// The workload.
    pub workload: &'static str,
    /// The steady-state hypothesis.
    pub hypothesis: &'static str,
    /// What the author expects.
    pub because: &'static str,
    /// Defects switched on.
    pub defects: &'static str,
    /// A seed.
    pub seed: &'static str,
    /// An operator step.
    pub step: &'static str,
    /// A fault.
    pub fault: &'static str,
    /// Steps and faults on the strip.
    pub acts: &'static str,
    /// RTO.
    pub rto: &'static str,
    /// RPO.
    pub rpo: &'static str,
    /// Objective.
    pub objective: &'static str,
    /// Where a measurement begins.
    pub from: &'static str,
    /// Where a measurement ends.
    pub until: &'static str,
    /// Another outage than the measured one.
    pub other_outage: &'static str,
    /// Clients' statistics.
    pub clients: &'static str,
    /// Trace hash.
    pub trace: &'static str,
    /// Where the report page is.
    pub report: &'static str,
    /// The command that replays the run.
    pub again: &'static str,
    /// The end of the run, as a moment.
    pub end_of_run: &'static str,
    /// Strip legend: could write.
    pub could_write: &'static str,
    /// Strip legend: up but could not write.
    pub could_not_write: &'static str,
    /// Strip legend: down.
    pub down: &'static str,
    /// Strip legend: two nodes could write the same log.
    pub two_at_once: &'static str,
    /// No two nodes could ever write the same log at once.
    pub never_two_writers: &'static str,
    /// Nobody could write.
    pub nobody: &'static str,
    /// Service never returned.
    pub never_returned: &'static str,
    /// No outage was seen.
    pub no_outage: &'static str,
    /// A fault never fired.
    pub never_fired: &'static str,
    /// A fault fired without any effect.
    pub no_effect: &'static str,
    /// A lost commit.
    pub lost: &'static str,
    /// It could not be found out.
    pub unknown: &'static str,
    /// The verdict.
    pub verdict: &'static str,
    /// RTO as quantiles over seeds.
    pub rto_quantiles: &'static str,
    /// Lost commits, as a heading.
    pub lost_commits: &'static str,
    /// A scenario.
    pub scenario: &'static str,
    /// Seeds.
    pub seeds: &'static str,
    /// Checks.
    pub check: &'static str,
    /// Where a setting came from.
    pub written: &'static str,
    /// Where a setting came from.
    pub drawn: &'static str,
    /// Where a setting came from.
    pub default: &'static str,
}

/// When something ended and how long it had taken, when it did end.
pub type Ended = Option<(Moment, Span)>;

/// Messages that carry values.
pub struct Phrases {
    /// `kind of drill, model and its profile`.
    pub drill_of: fn(&str, &str) -> String,
    /// `command on host`.
    pub command_on: fn(&str, &str) -> String,
    /// How a step ended: outcome, exit code, when, after how long.
    pub step_ended: fn(StepOutcome, Option<i32>, Ended) -> String,
    /// The nodes that were primary after a step.
    pub primary_after: fn(&str) -> String,
    /// The proof that a fault bit.
    pub bit: fn(&str) -> String,
    /// When a fault ended.
    pub fault_ended: fn(Moment) -> String,
    /// What the strip shows: from, until, width of a column.
    pub strip_scale: fn(Moment, Moment, Span) -> String,
    /// How many writes an interval saw.
    pub writes: fn(u64) -> String,
    /// Two nodes could write one log: the nodes, the log, from, until.
    pub conflict: fn(&str, &str, Moment, Moment) -> String,
    /// Lost commits: how many and over what window.
    pub lost_commits: fn(u64, Span) -> String,
    /// Client operations: ok, failed, unknown.
    pub operations: fn(u64, u64, u64) -> String,
    /// Latency: p50, p99, slowest.
    pub latency: fn(Span, Span, Span) -> String,
    /// The evidence of a violated check.
    pub first_bad: fn(Moment, u64) -> String,
    /// The evidence of a `sometimes` that was reached.
    pub reached: fn(Moment, u64) -> String,
    /// Lines that are not shown here.
    pub more_lines: fn(usize) -> String,
    /// Entries that are not shown here.
    pub more_entries: fn(usize) -> String,
    /// How many checks hold.
    pub checks_hold: fn(usize) -> String,
    /// A check's violation in a headline: name, moment.
    pub violated_at: fn(&str, Option<Moment>) -> String,
    /// How many events the story has.
    pub events_lead_here: fn(usize) -> String,
    /// The shortest plan: steps, faults, and both before.
    pub shortest_plan: fn(u64, u64, u64, u64) -> String,
    /// Trace: hash, events, simulated time.
    pub trace: fn(&str, u64, Span) -> String,
    /// Seeds by outcome: as expected, not as expected, inconclusive.
    pub seed_counts: fn(u64, u64, u64) -> String,
    /// Measured RTO over seeds in milliseconds: p50, p95, worst.
    pub rto_over_seeds: fn(Span, Span, Span) -> String,
    /// Seeds in which service never returned.
    pub never_served_seeds: fn(u64) -> String,
    /// A check over seeds: name, violated, all, first seed.
    pub violated_seeds: fn(&str, u64, u64, u64) -> String,
    /// A check over seeds: name, could not tell, all.
    pub could_not_tell_seeds: fn(&str, u64, u64) -> String,
    /// A check that should have been violated and was not: name, all seeds.
    pub expected_violation_missing: fn(&str, u64) -> String,
}

impl Text {
    /// The words of `language`.
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::Chinese => &CHINESE,
        }
    }

    /// The verdict on a run. A shown hazard says so and is never called a pass.
    pub fn verdict(&self, verdict: &Verdict) -> String {
        match (verdict.outcome, verdict.hazard_shown) {
            (Outcome::AsExpected, true) => {
                format!("{}{}{}", self.verdicts.as_expected, self.marks.comma, self.verdicts.hazard_shown)
            }
            (outcome, _) => self.outcome(outcome).to_owned(),
        }
    }

    /// An outcome.
    pub fn outcome(&self, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::AsExpected => self.verdicts.as_expected,
            Outcome::NotAsExpected => self.verdicts.not_as_expected,
            Outcome::Inconclusive => self.verdicts.inconclusive,
        }
    }

    /// A check's answer, with a word of its own for a `sometimes` that was never reached.
    pub fn answer(&self, check: &Check) -> &'static str {
        match check.answer {
            _ if check.never_reached() => self.verdicts.never_reached,
            Answer::Holds => self.verdicts.holds,
            Answer::Violated => self.verdicts.violated,
            Answer::CouldNotTell => self.verdicts.could_not_tell,
        }
    }

    /// A check's mode.
    pub fn mode(&self, mode: Mode) -> &'static str {
        match mode {
            Mode::Always => self.verdicts.always,
            Mode::Eventually => self.verdicts.eventually,
            Mode::Sometimes => self.verdicts.sometimes,
        }
    }

    /// Whether an objective was met.
    pub fn met(&self, met: Met) -> &'static str {
        match met {
            Met::Met => self.verdicts.met,
            Met::NotMet => self.verdicts.not_met,
            Met::NoTarget => self.verdicts.no_target,
            Met::CouldNotTell => self.verdicts.could_not_tell,
        }
    }

    /// A kind of drill.
    pub fn kind(&self, kind: DrillKind) -> &'static str {
        match kind {
            DrillKind::Tabletop => self.kinds.tabletop,
            DrillKind::Simulation => self.kinds.simulation,
            DrillKind::Live => self.kinds.live,
        }
    }

    /// Where a node stands.
    pub fn standing(&self, standing: Standing) -> &'static str {
        match standing {
            Standing::Down => self.page.standings.down,
            Standing::Starting => self.page.standings.starting,
            Standing::Standby => self.page.standings.standby,
            Standing::Changing => self.page.standings.changing,
            Standing::Primary => self.page.standings.primary,
        }
    }

    /// A kind of timeline entry.
    pub fn entry_kind(&self, kind: EntryKind) -> &'static str {
        match kind {
            EntryKind::Step => self.page.kinds.step,
            EntryKind::Fault => self.page.kinds.fault,
            EntryKind::Announced => self.page.kinds.announced,
            EntryKind::Process => self.page.kinds.process,
            EntryKind::Client => self.page.kinds.client,
            EntryKind::Log => self.page.kinds.log,
        }
    }

    /// Where a setting came from.
    pub fn origin(&self, origin: Origin) -> &'static str {
        match origin {
            Origin::Written => self.labels.written,
            Origin::Drawn => self.labels.drawn,
            Origin::Default => self.labels.default,
        }
    }
}
