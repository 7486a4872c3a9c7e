//! Telling a run: scenario, draws, record and verdict become a [`Report`].
//!
//! It only selects and words. What is true was decided before: by the world, which wrote the record, and by the
//! verdict. A report holds no path of this machine and no wall clock, so the same run always gives the same one.

mod checks;
mod drill;
mod events;
mod faults;
mod headlines;
mod lanes;
mod logs;
mod moment;
mod outages;
mod runbook;
mod service;
mod settings;
mod story;
mod timeline;
mod writers;

#[cfg(test)]
mod tests;

use nodes::product::Product;
use reports::{
    CheckLine, FORMAT, Limits, LostCommit, Objectives, RecoveryPoint, RecoveryTime, Report, RpoLine, Run, SeedLine,
    Sentence, Service,
};

use crate::draws::Draws;
use crate::run::Record;
use crate::scenario::Scenario;
use crate::verdict::Verdict;
pub use lanes::lanes;
use moment::{moment, span};
pub(crate) use outages::outages;

/// Everything there is to tell from.
#[derive(Clone, Copy)]
pub struct Tale<'a> {
    /// What was asked for.
    pub scenario: &'a Scenario,
    /// The text of the scenario file.
    pub text: &'a str,
    /// The product's description.
    pub product: &'a Product,
    /// What the seed drew.
    pub draws: &'a Draws,
    /// What happened.
    pub record: &'a Record,
    /// What it is worth.
    pub verdict: &'a Verdict,
}

impl Tale<'_> {
    /// Whether a process is the database process of some role, to which most of the attention goes.
    fn is_database(&self, process: &str) -> bool {
        self.product.roles.iter().any(|role| role.database == process)
    }

    /// Whether a host is one of the scenario's, and not the clients' machine.
    fn is_node(&self, host: &str) -> bool {
        self.scenario.node(host).is_some()
    }
}

/// How the service was, and whether the objectives were met: what a rehearsal keeps of a run.
pub fn measured(tale: &Tale<'_>) -> (Service, Objectives) {
    let Tale { scenario, record, .. } = tale;
    let outages = outages::outages(record, scenario);
    let lost = service::losses(tale);
    let service = service::service(record, outages, lost.clone().unwrap_or_default());
    let target = |length: Option<std::time::Duration>| length.map(span);
    let objectives = Objectives {
        rto: RecoveryTime::measure(target(scenario.objectives.rto), &service.outages, moment(record.ended)),
        rpo: recovery_point(tale, &service, lost.as_deref()),
    };
    (service, objectives)
}

/// The report of a run.
pub fn report(tale: &Tale<'_>) -> Report {
    let Tale { scenario, record, .. } = tale;
    let (service, objectives) = measured(tale);
    let timeline = timeline::timeline(tale, &service.outages);
    let checks = checks::checks(tale.verdict);
    Report {
        format: FORMAT,
        run: run(tale),
        drill: drill::card(&scenario.drill),
        cluster: drill::cluster(tale),
        verdict: checks::verdict(tale, &objectives.rto),
        story: story::story(&checks, &timeline),
        objectives,
        checks,
        runbook: runbook::runbook(tale),
        faults: faults::faults(tale),
        timeline,
        lanes: lanes::lanes(tale),
        writers: writers::writers(tale),
        service,
        messages: Vec::new(),
        status: runbook::status(tale),
        logs: logs::excerpts(record),
        settings: settings::settings(tale),
        limits: Limits {
            not_simulated: tale.product.limits.iter().map(|limit| Sentence::new(limit.en, limit.zh)).collect(),
            ..Limits::default()
        },
    }
}

/// The line that a seed leaves behind: the same as that of its report, without making the rest of the report, which
/// costs more than a short run.
pub fn seed_line(tale: &Tale<'_>) -> SeedLine {
    let Tale { scenario, record, .. } = tale;
    let outages = outages::outages(record, scenario);
    let lost = service::losses(tale);
    let service = Service { outages, ..Service::default() };
    let rto = RecoveryTime::measure(None, &service.outages, moment(record.ended));
    let rpo = recovery_point(tale, &service, lost.as_deref());
    SeedLine {
        format: FORMAT,
        scenario: scenario.path.clone(),
        seed: record.seed,
        verdict: checks::outcome(tale.verdict),
        hash: format!("{:016x}", record.trace.hash()),
        checks: checks::checks(tale.verdict).iter().map(CheckLine::from).collect(),
        rto_ms: rto.measured.map(|span| span.as_millis()),
        rpo: RpoLine { lost_commits: rpo.lost_commits, window_ms: rpo.window.map(|span| span.as_millis()) },
        simulated_ms: span(record.ended.elapsed()).as_millis(),
        events: record.trace.count(),
    }
}

fn run(tale: &Tale<'_>) -> Run {
    let Tale { scenario, record, .. } = tale;
    Run {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: scenario.path.clone(),
        name: scenario.name.clone(),
        seed: record.seed,
        hash: format!("{:016x}", record.trace.hash()),
        events: record.trace.count(),
        simulated: span(record.ended.elapsed()),
        again: format!("simrun {} --seed {}", scenario.path, record.seed),
        scenario_text: Some(tale.text.to_owned()),
    }
}

/// What was lost, as far as that is known.
fn recovery_point(tale: &Tale<'_>, service: &Service, lost: Option<&[LostCommit]>) -> RecoveryPoint {
    let target = tale.scenario.objectives.rpo.map(span);
    match lost {
        Some(lost) => RecoveryPoint::measure(target, lost, service::writing_stopped(service, lost)),
        None => RecoveryPoint::unknown(target),
    }
}
