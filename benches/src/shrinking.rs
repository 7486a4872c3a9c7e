//! What shrinking makes of every planted defect: how large the plan was in which it was found, how large it is in the
//! end, what that took, and whether nothing more can go alone.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use simrun::document::print::plain;
use simrun::explore::trial;
use simrun::mutants::Hunt;
use simrun::scenario::{self, source::Source};
use simrun::shrink::{self, Shrunk, Story};
use simrun::vocabulary;

use crate::defects::scenarios;
use crate::error::Error;
use crate::measure::timed;

/// How much to spend.
#[derive(Args)]
pub struct Options {
    /// Within how many seeds a defect must be found to be shrunk.
    #[arg(long, default_value_t = 200)]
    within: u64,
    /// How many candidates may be run for each.
    #[arg(long, default_value_t = 1_000)]
    runs: u64,
    /// How many other seeds are tried on each result.
    #[arg(long, default_value_t = 5)]
    other_seeds: u64,
    /// Only this product.
    #[arg(long)]
    product: Option<String>,
    /// Only this defect.
    #[arg(long)]
    defect: Option<String>,
    /// How many candidates run at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// The folder of scenarios.
    #[arg(long, default_value = "scenarios")]
    scenarios: PathBuf,
    /// Write what is left of each to a scenario file in this folder.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// What came of one defect.
struct Row {
    name: String,
    /// What is left, or why nothing was shrunk.
    shrunk: Result<Shrunk, String>,
    replays: bool,
    seconds: f64,
}

/// Finds every defect and shrinks what shows it.
pub fn run(options: &Options) -> Result<String, Error> {
    let scenarios = scenarios(&options.scenarios)?;
    let vocabulary = vocabulary::known();
    let mut rows = Vec::new();
    for product in nodes::catalogue::products() {
        if options.product.as_ref().is_some_and(|wanted| wanted != product.model) {
            continue;
        }
        for defect in product.defects {
            if options.defect.as_ref().is_some_and(|wanted| wanted != defect.name) {
                continue;
            }
            let hunt = Hunt::of(product, defect.name, &scenarios, &vocabulary);
            let (done, took) = timed(|| {
                let found = hunt.search(1, options.within).ok_or("not found")?;
                let accepted = hunt.scenario(&found).ok_or("what was drawn cannot be read again")?;
                let spend = shrink::Options {
                    runs: options.runs,
                    other_seeds: options.other_seeds,
                    jobs: options.jobs,
                    interrupted: || false,
                };
                let shrunk = shrink::shrink(&accepted, product, &vocabulary, found.seed, spend);
                // A missed objective is nothing that a check says, so there is no signature to keep.
                let shrunk = shrunk.map_err(|error| match found.check.starts_with("objective") {
                    true => format!("not shrunk: found by a missed {}", found.check),
                    false => error.to_string(),
                })?;
                Ok::<_, String>((Story::of(&accepted, found.seed, &shrunk).file(&shrunk), shrunk))
            });
            if let (Some(folder), Ok((text, _))) = (&options.out, &done) {
                write(folder, &format!("{}-{}.toml", product.model, defect.name), text)?;
            }
            let shrunk = done.map(|(_, shrunk)| shrunk);
            let replays = shrunk.as_ref().is_ok_and(|shrunk| {
                // The file as a person would run it: printed, read again, run.
                let source = Source::new(&shrunk.accepted.scenario.path, plain(&shrunk.document));
                let again = scenario::check(source, &vocabulary).ok();
                let again = again.and_then(|again| trial::run(&again.scenario, product, shrunk.seed, || false).ok());
                again.is_some_and(|again| shrunk.signature.is_shown_by(&again.verdict))
            });
            let row = Row { name: hunt.name(), shrunk, replays, seconds: took.as_secs_f64() };
            // It takes long: whoever waits sees it grow.
            eprint!("{}", line(&row));
            rows.push(row);
        }
    }
    Ok(told(&rows))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    let unwritable = |source| Error::Unwritable { path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    std::fs::write(folder.join(name), text).map_err(unwritable)
}

fn told(rows: &[Row]) -> String {
    let mut table = format!(
        "{:46} {:>7} {:>6} {:>13} {:>6}  {:10} {:8} {:>8}\n",
        "defect", "before", "after", "operations", "runs", "1-minimal", "replays", "seconds"
    );
    let shrunk: Vec<&Shrunk> = rows.iter().filter_map(|row| row.shrunk.as_ref().ok()).collect();
    rows.iter().for_each(|row| table.push_str(&line(row)));
    let minimal = shrunk.iter().filter(|it| it.is_minimal).count();
    let replay = rows.iter().filter(|row| row.replays).count();
    let _ = writeln!(
        table,
        "{} of {} shrunk; median size (steps + faults + clients) {} before, {} after; median operations {} before, {} \
         after; median runs {}; 1-minimal {minimal} of {}; {replay} replay to the same signature",
        shrunk.len(),
        rows.len(),
        median(shrunk.iter().map(|it| it.before.total())),
        median(shrunk.iter().map(|it| it.after.total())),
        median(shrunk.iter().map(|it| it.operations.0)),
        median(shrunk.iter().map(|it| it.operations.1)),
        median(shrunk.iter().map(|it| it.runs)),
        shrunk.len()
    );
    table
}

fn line(row: &Row) -> String {
    let it = match &row.shrunk {
        Ok(it) => it,
        Err(why) => return format!("{:46} {why}\n", row.name),
    };
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    format!(
        "{:46} {:>7} {:>6} {:>13} {:>6}  {:10} {:8} {:>8.1}\n",
        row.name,
        it.before.total(),
        it.after.total(),
        format!("{} to {}", it.operations.0, it.operations.1),
        it.runs,
        yes(it.is_minimal),
        yes(row.replays),
        row.seconds
    )
}

fn median(numbers: impl Iterator<Item = u64>) -> u64 {
    let mut numbers: Vec<u64> = numbers.collect();
    numbers.sort_unstable();
    numbers.get(numbers.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}
