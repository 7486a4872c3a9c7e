//! What a rehearsal leaves on disk: its page, its numbers, and the plan of the drill in both languages.

use std::path::{Path, PathBuf};

use nodes::operations::Look;
use nodes::product::Product;
use nodes::world::time::Instant;
use reports::render::handout_markdown::handout_markdown;
use reports::render::html::handout_html;
use reports::{Lane, LaneInterval, Language, Moment, Report, Sentence, Span, Standing};

use super::CliError;
use super::interrupt::interrupted;
use super::results::write;
use crate::draws::Draws;
use crate::explore::trial;
use crate::rehearse::{Back, Material, Precondition, Rehearsal, StepTimes, page, plan};
use crate::run::{self, RunOptions, Subject, glances, portable_command};
use crate::scenario::Accepted;
use crate::scenario::command::{joined, typed};
use crate::tell::{self, Tale};

/// What all seeds came to.
#[derive(Clone, Copy)]
pub(super) struct Numbers<'a> {
    /// The distribution.
    pub(super) rehearsal: &'a Rehearsal,
    /// How long each step took.
    pub(super) steps: &'a [StepTimes],
    /// How long nodes stayed in states that pass.
    pub(super) stays: &'a [(String, Span, u64)],
}

/// Writes the papers of a rehearsal below `out`; the folder they are in.
pub(super) fn write_papers(
    accepted: &Accepted,
    product: &'static Product,
    Numbers { rehearsal, steps, stays }: Numbers<'_>,
    (out, language): (&Path, Language),
) -> Result<PathBuf, CliError> {
    let scenario = &accepted.scenario;
    let folder = out.join(&scenario.name);
    let trial = trial::run(scenario, product, rehearsal.typical(), interrupted)?;
    let (draws, record, verdict) = (&trial.draws, &trial.record, &trial.verdict);
    let tale = Tale { scenario, text: accepted.source.text(), product, draws, record, verdict };
    let typical = tell::report(&tale);
    let operations = nodes::catalogue::operations(product.model);
    let before = before(accepted, product, draws, &typical)?;
    let back = back(accepted, product, draws, &typical)?;
    let material = Material {
        scenario,
        product,
        operations,
        rehearsal,
        steps,
        stays,
        typical: &typical,
        before: &before,
        back: &back,
    };
    let plan = plan(&material);
    let json = serde_json::to_string(rehearsal).map_err(std::io::Error::other)?;
    write(&folder.join("rehearsal.json"), &format!("{json}\n"))?;
    write(&folder.join("rehearsal.html"), &handout_html(&page(&material), language))?;
    write(&folder.join("plan.html"), &handout_html(&plan, language))?;
    write(&folder.join("plan.md"), &handout_markdown(&plan, Language::English))?;
    write(&folder.join("plan.zh.md"), &handout_markdown(&plan, Language::Chinese))?;
    Ok(folder)
}

fn subject<'a>(accepted: &'a Accepted, product: &'a Product, draws: &'a Draws) -> Subject<'a> {
    Subject { scenario: &accepted.scenario, product, draws, options: RunOptions::default() }
}

/// A moment shortly before anything is done to the cluster.
fn before_the_first_deed(typical: &Report) -> Moment {
    let steps = typical.runbook.iter().filter_map(|step| step.started);
    let faults = typical.faults.iter().filter_map(|fault| fault.fired);
    let first = steps.chain(faults).map(|at| at.0).filter(|at| *at > 0).min().unwrap_or(typical.end().0);
    Moment(first - first / 20)
}

/// What a look at the healthy cluster shows, just before anything is done to it.
fn before(
    accepted: &Accepted,
    product: &Product,
    draws: &Draws,
    typical: &Report,
) -> Result<Vec<Precondition>, CliError> {
    let Some(operations) = nodes::catalogue::operations(product.model) else { return Ok(Vec::new()) };
    let at = Instant(before_the_first_deed(typical).0);
    let known: Vec<&Look> = std::iter::once(&operations.status).chain(operations.before).collect();
    let looks: Vec<run::Look> =
        known.iter().map(|look| run::Look { at, host: None, whom: look.whom, words: typed(look.command) }).collect();
    let (_, shown) = glances(&subject(accepted, product, draws), &looks)?;
    let told = known.iter().zip(&shown).flat_map(|(look, commands)| {
        commands.iter().map(move |command| Precondition {
            command: look.command.to_owned(),
            host: command.host.clone(),
            healthy: Sentence::new(look.healthy.en, look.healthy.zh),
            lines: command.lines.iter().map(|(_, line)| line.clone()).collect(),
        })
    });
    Ok(told.collect())
}

/// How the role is handed back to the node that had it first.
fn back(accepted: &Accepted, product: &Product, draws: &Draws, typical: &Report) -> Result<Back, CliError> {
    let primary = |at: Moment| {
        let is_primary = |lane: &&Lane| {
            let covers = |it: &LaneInterval| it.from <= at && it.until.is_none_or(|until| at < until);
            lane.intervals.iter().any(|it| it.standing == Standing::Primary && covers(it))
        };
        typical.lanes.iter().find(is_primary).map(|lane| lane.node.as_str())
    };
    let before = before_the_first_deed(typical);
    let last = Moment(typical.end().0.saturating_sub(1));
    let Some(first) = primary(before).filter(|first| primary(last) != Some(first)) else { return Ok(Back::NotMoved) };
    let at = Instant(last.0);
    let command = portable_command(&subject(accepted, product, draws), at, ("switchover", first))?;
    Ok(match command {
        Some((host, words)) => Back::Command { host, command: joined(&words) },
        None => Back::NoCommand,
    })
}
