//! `simrun crash-states`: every state a device may be in after a power cut at a moment, each recovered from.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use nodes::world::device::Garbage;
use nodes::world::time::Instant;

use super::interrupt::interrupted;
use super::{CliError, Exit, files};
use crate::crash_states::{CrashStatesError, Effort, LateTried, LateWrites, Tried, try_all, try_late_writes};
use crate::draws::Draws;
use crate::run::cut::Wanted;
use crate::run::{RunError, RunOptions};
use crate::scenario::source::Source;
use crate::scenario::values::parse_duration;
use crate::scenario::verbs::FaultVerb;
use crate::scenario::{self, Accepted};
use crate::vocabulary;

/// What to cut, when, and how much to try.
#[derive(Args, Debug, Clone)]
pub struct CrashStatesArguments {
    /// The scenario file.
    pub scenario: PathBuf,
    /// When the power goes: an event (dn2.reformer-lock.acquired), a step or fault, or a time of the run (31s).
    #[arg(long, value_name = "EVENT")]
    pub at: String,
    /// How long after that: 5ms.
    #[arg(long, value_name = "TIME")]
    pub delay: Option<String>,
    /// Which occurrence of the event, from 1.
    #[arg(long, value_name = "N")]
    pub nth: Option<u32>,
    /// How many moments to try: the first as above, each further one when the device accepts its next request.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub moments: u32,
    /// The device whose power goes (default: the product's first one).
    #[arg(long)]
    pub device: Option<String>,
    /// Whose device, if every host has one.
    #[arg(long)]
    pub host: Option<String>,
    /// The seed (default: the first of the scenario's own seeds).
    #[arg(long)]
    pub seed: Option<u64>,
    /// At most so many states at each moment; all of them if there are no more.
    #[arg(long, default_value_t = 4096)]
    pub budget: usize,
    /// At most so many states of a second cut, at each of up to four moments of a recovery; 0 for no second cut.
    #[arg(long, default_value_t = 16)]
    pub nested: usize,
    /// Let a sector that was being written be unreadable after the cut, too.
    #[arg(long)]
    pub garbage: bool,
    /// Instead of a power cut let this host die, with the device still on: each of its writes that are under way takes
    /// effect never, before its successor begins, between the successor's own writes, or behind them.
    #[arg(long, value_name = "HOST")]
    pub late_writes_of: Option<String>,
    /// With --late-writes-of: a fence is complete before the successor begins, so that nothing lands later.
    #[arg(long, requires = "late_writes_of")]
    pub fenced: bool,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = TriedFormat::Plain)]
    pub format: TriedFormat,
}

/// What is printed of the states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TriedFormat {
    /// Lines for people.
    Plain,
    /// One JSON object for each moment, and a summary.
    Jsonl,
}

/// The name of the cut among the entries of the scenario.
const CUT: &str = "the-cut";

/// How many violations are shown to people.
const SHOWN: usize = 10;

/// Tries every state, and says what came of it.
pub fn crash_states(arguments: &CrashStatesArguments) -> Result<Exit, CliError> {
    let (accepted, wanted) = match read(arguments) {
        Ok(read) => read,
        Err(rejected) => {
            files::show_mistakes(&rejected, super::arguments::MistakeFormat::Carets);
            return Err(CliError::Rejected(rejected));
        }
    };
    let scenario = &accepted.scenario;
    let Some(product) = nodes::catalogue::find(&scenario.product.model) else {
        return Err(CliError::Unknown { name: scenario.product.model.clone(), hint: None });
    };
    let seed = arguments.seed.unwrap_or(scenario.run.seeds.first);
    let garbage = if arguments.garbage { Garbage::Unreadable } else { Garbage::None };
    let effort = Effort { budget: arguments.budget.max(1), nested: arguments.nested, garbage };
    let options = RunOptions { interrupted, ..RunOptions::default() };
    let draws = Draws::of(scenario, seed);
    if let Some(host) = &arguments.late_writes_of {
        let late = LateWrites { host: host.clone(), fenced: arguments.fenced };
        let tried = match try_late_writes(scenario, product, &draws, &wanted, &late, &options) {
            Ok(tried) => tried,
            Err(error) => {
                anstream::eprintln!("error: {} seed {seed}: {error}", scenario.path);
                return Ok(exit_of(&error));
            }
        };
        let mut out = anstream::stdout().lock();
        write_late(&mut out, arguments, &scenario.name, seed, &tried)?;
        return Ok(late_exit(&tried));
    }
    let tried = match try_all(scenario, product, &draws, &wanted, effort, &options) {
        Ok(tried) => tried,
        Err(error) => {
            anstream::eprintln!("error: {} seed {seed}: {error}", scenario.path);
            return Ok(exit_of(&error));
        }
    };
    let mut out = anstream::stdout().lock();
    match arguments.format {
        TriedFormat::Jsonl => write_lines(&mut out, &scenario.name, seed, &arguments.at, &tried)?,
        TriedFormat::Plain => write_page(&mut out, &scenario.name, seed, &arguments.at, &tried)?,
    }
    Ok(match tried.iter().all(|it| it.violations.is_empty()) {
        _ if interrupted() => Exit::Interrupted,
        true => Exit::AsExpected,
        false => Exit::NotAsExpected,
    })
}

/// Without a write under way nothing was tried, and nobody may take that for a pass.
fn late_exit(tried: &[LateTried]) -> Exit {
    match tried.iter().all(|it| it.violations.is_empty()) {
        _ if interrupted() => Exit::Interrupted,
        _ if tried.iter().all(|it| it.under_way == 0) => Exit::Inconclusive,
        true => Exit::AsExpected,
        false => Exit::NotAsExpected,
    }
}

fn write_late(
    out: &mut impl Write,
    arguments: &CrashStatesArguments,
    scenario: &str,
    seed: u64,
    tried: &[LateTried],
) -> Result<(), CliError> {
    if arguments.format == TriedFormat::Jsonl {
        for one in tried {
            let line = serde_json::json!({ "format": 1, "scenario": scenario, "seed": seed, "event": arguments.at,
                "fenced": arguments.fenced, "late": one });
            writeln!(out, "{line}")?;
        }
        return Ok(());
    }
    let fence = if arguments.fenced { ", a fence complete before its successor begins" } else { "" };
    writeln!(out, "late writes  {scenario}  seed {seed}  from {} on{fence}", arguments.at)?;
    for one in tried {
        let at = Instant::START + Duration::from_nanos(one.at_ns);
        let (before, all) = (one.broken_before(), one.violations.len());
        writeln!(out, "  {} dies at {at} with {} writes to {} under way", one.host, one.under_way, one.device)?;
        writeln!(
            out,
            "    nothing lands behind the successor's start: {} placements, {before} violations",
            one.tried_before
        )?;
        writeln!(
            out,
            "    something does (it makes {} writes): {} placements, {} violations",
            one.successor_writes,
            one.tried_behind,
            all - before
        )?;
        for violation in one.violations.iter().take(SHOWN) {
            let landed: Vec<String> = violation.placement.iter().map(|when| when.told()).collect();
            writeln!(out, "    VIOLATED  {}: {}", violation.rule, violation.explanation)?;
            writeln!(out, "              writes land: {}", landed.join("; "))?;
        }
    }
    let broken: usize = tried.iter().map(|it| it.violations.len()).sum();
    let placed: usize = tried.iter().map(|it| it.tried_before + it.tried_behind).sum();
    match (tried.iter().all(|it| it.under_way == 0), broken) {
        (true, _) => writeln!(out, "NOTHING TRIED  no write of the host was under way: name another moment")?,
        (false, 0) => {
            writeln!(out, "HOLDS  whoever starts next finds what the successor found, in each of {placed} placements")?
        }
        (false, _) => writeln!(out, "VIOLATED  {broken} violations in {placed} placements")?,
    }
    Ok(())
}

fn exit_of(error: &CrashStatesError) -> Exit {
    match error {
        CrashStatesError::Run(error) if error.is_our_bug() => Exit::OurBug,
        CrashStatesError::Run(RunError::Build(_))
        | CrashStatesError::NoRecovery { .. }
        | CrashStatesError::NoDevice { .. }
        | CrashStatesError::NoHost { .. } => Exit::Usage,
        CrashStatesError::Run(_) => Exit::Usage,
        CrashStatesError::NeverCame { .. } => Exit::Inconclusive,
    }
}

/// The scenario, and the moments that are wanted. The cut is read as one more fault of the file, so that a name that
/// is mistyped is explained as in a file; then it is taken out again, because the run ends before it could act.
fn read(arguments: &CrashStatesArguments) -> Result<(Accepted, Wanted), Box<scenario::Rejected>> {
    let vocabulary = vocabulary::known();
    let whole = files::load(&arguments.scenario, &vocabulary)?;
    let text = format!("{}\n{}", whole.source.text(), entry(arguments));
    let mut accepted = scenario::check(Source::new(whole.source.path(), text), &vocabulary).map_err(Box::new)?;
    let drawn = Draws::of(&accepted.scenario, arguments.seed.unwrap_or(accepted.scenario.run.seeds.first));
    accepted.scenario.faults.pop();
    match drawn.faults.into_iter().next_back() {
        Some(cut) if cut.name == CUT => {
            let FaultVerb::PowerCut(verb) = cut.verb else { unreachable!("the entry is a power cut") };
            let wanted = Wanted { when: cut.when, device: verb.device, moments: arguments.moments as usize };
            Ok((accepted, wanted))
        }
        _ => unreachable!("the last fault is the one that was added"),
    }
}

fn entry(arguments: &CrashStatesArguments) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut entry = format!("[[fault]]\nname = \"{CUT}\"\n");
    let when = if parse_duration(&arguments.at).is_ok() { "at" } else { "after" };
    entry.push_str(&format!("{when} = {}\n", quoted(&arguments.at)));
    if let Some(delay) = &arguments.delay {
        entry.push_str(&format!("delay = {}\n", quoted(delay)));
    }
    if let Some(nth) = arguments.nth {
        entry.push_str(&format!("nth = {nth}\n"));
    }
    let key = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name} = {}", quoted(value)));
    let target = [key("device", &arguments.device), key("host", &arguments.host)];
    let target: Vec<String> = target.into_iter().flatten().collect();
    entry.push_str(&format!("power-cut = {{ {} }}\n", target.join(", ")));
    entry
}

fn write_lines(out: &mut impl Write, scenario: &str, seed: u64, event: &str, tried: &[Tried]) -> Result<(), CliError> {
    for one in tried {
        let line = serde_json::json!({
            "format": 1, "scenario": scenario, "seed": seed, "event": event,
            "device": one.device, "at_ns": one.at_ns, "open_writes": one.open_writes,
            "possible": one.possible, "exhaustive": one.exhaustive,
            "tried": one.tried, "duplicates": one.duplicates,
            "nested_tried": one.nested_tried, "nested_duplicates": one.nested_duplicates,
            "violations": one.violations,
        });
        writeln!(out, "{line}")?;
    }
    let sum = |count: fn(&Tried) -> usize| tried.iter().map(count).sum::<usize>();
    let summary = serde_json::json!({
        "format": 1, "summary": true, "moments": tried.len(), "tried": sum(|it| it.tried),
        "duplicates": sum(|it| it.duplicates), "nested_tried": sum(|it| it.nested_tried),
        "nested_duplicates": sum(|it| it.nested_duplicates), "violations": sum(|it| it.violations.len()),
    });
    writeln!(out, "{summary}")?;
    Ok(())
}

fn write_page(out: &mut impl Write, scenario: &str, seed: u64, event: &str, tried: &[Tried]) -> Result<(), CliError> {
    writeln!(out, "crash states  {scenario}  seed {seed}  from {event} on")?;
    for one in tried {
        let possible = match (one.possible, one.exhaustive) {
            (Some(possible), true) => format!("all of {possible} choices"),
            (Some(possible), false) => format!("chosen from {possible} choices"),
            (None, _) => "chosen from more than can be counted".to_owned(),
        };
        writeln!(
            out,
            "  {} at {}: {} writes not stable; {} states tried, {possible}, {} duplicates skipped",
            one.device,
            Instant::START + Duration::from_nanos(one.at_ns),
            one.open_writes,
            one.tried,
            one.duplicates
        )?;
        writeln!(
            out,
            "    a second cut during recovery: {} states tried, {} duplicates skipped",
            one.nested_tried, one.nested_duplicates
        )?;
        for violation in one.violations.iter().take(SHOWN) {
            writeln!(out, "    VIOLATED {}: {}", violation.rule, violation.explanation)?;
            writeln!(out, "      after {}", violation.state)?;
            if let Some(nested) = &violation.nested {
                writeln!(out, "      and then {nested}")?;
            }
        }
        if one.violations.len() > SHOWN {
            writeln!(out, "    and {} more", one.violations.len() - SHOWN)?;
        }
    }
    let violations: usize = tried.iter().map(|it| it.violations.len()).sum();
    let states: usize = tried.iter().map(|it| it.tried + it.nested_tried).sum();
    match violations {
        0 => writeln!(out, "HOLDS  the product recovers from each of {states} states")?,
        _ => writeln!(out, "VIOLATED  {violations} violations in {states} states")?,
    }
    Ok(())
}
