//! The table at the end of a campaign: verdicts, distinct failures, what is left unseen, how fast it was.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use super::Exit;
use super::explore::DRAWN;
use crate::explore::tally::{Failure, Tally};
use crate::scenario::source::name_of;
use crate::scenario::values::print_duration;

/// How many distinct failures are told one by one.
const FAILURES_TOLD: usize = 20;

/// How a seed of a campaign is had again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// It is a seed of the scenario file.
    OwnFile,
    /// By exploring it alone with these options, and with a folder to which its drawn scenario is written.
    ExploredAlone(String),
    /// Its plan was written into the folder of the campaign.
    WrittenPlan(PathBuf),
    /// A plan of a search hangs on those before it: by the whole search, with a folder to write it to.
    SameSearch,
}

impl Again {
    /// The lines that a person can type.
    fn lines(&self, scenario: &str, seed: u64) -> Vec<String> {
        match self {
            Again::OwnFile => vec![
                format!("again    simrun {scenario} --seed {seed}"),
                format!("smaller  simrun shrink {scenario} --seed {seed}"),
            ],
            Again::ExploredAlone(options) => {
                vec![format!("again    simrun explore {scenario}{options} --seeds {seed}..{seed} --out DIR")]
            }
            Again::WrittenPlan(folder) => {
                let name = name_of(scenario);
                let file = folder.join(name).join(format!("seed-{seed}")).join(DRAWN);
                let file = file.display();
                vec![format!("again    simrun {file}"), format!("smaller  simrun shrink {file}")]
            }
            Again::SameSearch => {
                vec![format!("again    the same command with --out DIR: the plan of seed {seed} is written there")]
            }
        }
    }
}

/// What a campaign came to.
pub fn table(tally: &Tally, again: &Again) -> String {
    let summary = &tally.summary;
    let mut table = String::new();
    let (mut as_expected, mut not_as_expected, mut inconclusive) = (0, 0, 0);
    for scenario in summary.scenarios.values() {
        as_expected += scenario.as_expected;
        not_as_expected += scenario.not_as_expected;
        inconclusive += scenario.inconclusive;
        let seeds = format!("{}..{}", scenario.first_seed, scenario.last_seed);
        let _ = writeln!(
            table,
            "EXPLORED  {}  seeds {seeds} ({}): {} as expected, {} not as expected, {} inconclusive",
            scenario.scenario, scenario.seeds, scenario.as_expected, scenario.not_as_expected, scenario.inconclusive
        );
        for check in scenario.checks.iter().filter(|check| check.violated + check.could_not_tell > 0) {
            let _ = writeln!(
                table,
                "    {}: holds {}, violated {}, could not tell {}",
                check.name, check.holds, check.violated, check.could_not_tell
            );
        }
        if let (Some(half), Some(most)) = (scenario.rto_quantile(500), scenario.rto_quantile(1_000)) {
            let never = match scenario.never_served_again {
                0 => String::new(),
                seeds => format!(", never again in {seeds} seeds"),
            };
            let _ = writeln!(table, "    RTO p50 {}, worst {}{never}", milliseconds(half), milliseconds(most));
        }
    }
    let _ = writeln!(table, "  seeds      {}, {} events", summary.seeds, summary.events);
    let _ = writeln!(
        table,
        "  verdicts   {as_expected} as expected, {not_as_expected} not as expected, {inconclusive} inconclusive"
    );
    failures(&mut table, tally, again);
    unseen(&mut table, tally);
    table
}

fn failures(table: &mut String, tally: &Tally, again: &Again) {
    let findings = tally.failures.values().filter(|failure| failure.is_finding).count();
    let _ = writeln!(table, "  failures   {findings} distinct, {} distinct doubts", tally.failures.len() - findings);
    let mut failures: Vec<(&(String, String), &Failure)> = tally.failures.iter().collect();
    failures.sort_by_key(|(_, failure)| (!failure.is_finding, failure.first_seed));
    for ((scenario, signature), failure) in failures.iter().take(FAILURES_TOLD) {
        let (events, shortest) = failure.shortest;
        let _ = writeln!(table, "    {signature}");
        let _ = writeln!(
            table,
            "      {} seeds, first {}, shortest {shortest} ({events} events)",
            failure.seeds, failure.first_seed
        );
        for line in again.lines(scenario, failure.first_seed) {
            let _ = writeln!(table, "      {line}");
        }
    }
    if let Some(more) = failures.len().checked_sub(FAILURES_TOLD).filter(|more| *more > 0) {
        let _ = writeln!(table, "    and {more} more");
    }
}

fn unseen(table: &mut String, tally: &Tally) {
    let (states, once) = (tally.states(), tally.states_seen_once());
    let estimate = match tally.one_new_in() {
        Some(one_in) => format!("about 1 in {one_in} further sightings would be of an unseen state (Good-Turing)"),
        None => "every one was seen again".to_owned(),
    };
    let _ = writeln!(table, "  states     {states} distinct, {once} seen in one seed only: {estimate}");
    let certainty = match tally.would_have_shown() {
        Some(one_in) => {
            format!("a defect that shows in 1 seed of {one_in} or more often would have shown with 95 % probability")
        }
        None => "too few seeds to say anything about what did not show".to_owned(),
    };
    let _ = writeln!(table, "  certainty  {certainty}");
}

/// How fast the seeds of this session ran; what was resumed took no time.
pub fn speed(seeds: u64, simulated_ms: u64, took: Duration) -> String {
    let took_ms = took.as_millis().max(1);
    let hundredths = u128::from(seeds) * 100_000 / took_ms;
    // Years of 365 days in a day of 24 hours: the days cancel out.
    let years = u128::from(simulated_ms) * 10 / took_ms / 365;
    let seconds = Duration::from_secs(took.as_secs());
    format!(
        "  speed      {}.{:02} seeds/s, {}.{} simulated years a day, {} in all\n",
        hundredths / 100,
        hundredths % 100,
        years / 10,
        years % 10,
        print_duration(seconds)
    )
}

/// What the campaign's verdicts are to a script.
pub fn exit(tally: &Tally) -> Exit {
    let verdict = match tally.summary.verdict() {
        Some(reports::Outcome::AsExpected) => Exit::AsExpected,
        Some(reports::Outcome::NotAsExpected) => Exit::NotAsExpected,
        Some(reports::Outcome::Inconclusive) | None => Exit::Inconclusive,
    };
    let broken = tally.failures.keys().map(|(_, signature)| signature).filter_map(|signature| {
        let refused = signature.starts_with("model refused").then_some(Exit::Usage);
        refused.or_else(|| signature.starts_with("model panicked").then_some(Exit::OurBug))
    });
    broken.fold(verdict, Exit::worst)
}

fn milliseconds(milliseconds: u64) -> String {
    print_duration(Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_of_three_minute_drills_is_told_in_years_a_day() {
        let told = speed(1_000, 180_000_000, Duration::from_secs(100));
        assert_eq!(told, "  speed      10.00 seeds/s, 4.9 simulated years a day, 1m40s in all\n");
    }
}
