//! From a scenario as it is written to a scenario that can be run.
//!
//! Every mistake of the file is collected, each with its place; a part that is wrong is left out and the rest is
//! looked at all the same, so that one run of `simrun check` shows everything there is to mend. A scenario comes out
//! only if there was no mistake at all. Nothing here knows a product: what names mean is looked up in the vocabulary.

mod checks;
mod cluster;
mod entries;
mod fault_counts;
mod order;
mod triggers;
mod weather;

use super::codes::Code;
use super::diagnostic::{Diagnostic, Severity};
use super::located::{Located, Span};
use super::model::Scenario;
use super::raw::RawScenario;
use super::reader::Reader;
use super::source::Source;
use super::vocabulary::Vocabulary;

/// Checks a file and fills in what it omits. The scenario is missing only if one of the diagnostics is an error, or if
/// something is missing from a `bruised` table, whose mistakes have been reported before.
pub fn lower(
    raw: &Located<RawScenario>,
    source: &Source,
    vocabulary: &Vocabulary,
    bruised: Vec<Span>,
) -> (Option<Scenario>, Vec<Diagnostic>) {
    let is_whole = bruised.is_empty();
    let mut reader = Reader::new(source, vocabulary, bruised);
    let scenario = reader.scenario(raw);
    let mut diagnostics = reader.into_diagnostics();
    diagnostics.sort_by_key(Diagnostic::start);
    let is_wrong = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    debug_assert!(is_wrong || scenario.is_some() || !is_whole, "a part was left out without a word");
    (scenario.filter(|_| !is_wrong), diagnostics)
}

/// The most steps and faults, and the most checks, of one file.
const MOST_ENTRIES: usize = 500;

impl Reader<'_> {
    /// A file with thousands of entries was not written by hand, and comparing all their names would take its time.
    fn not_too_many(&mut self, raw: &RawScenario) -> Option<()> {
        let count = |what, number: Option<usize>, first: Option<Span>| (what, number.unwrap_or(0), first);
        let tables = [
            count("[[node]]", raw.node.as_ref().map(Vec::len), first_of(&raw.node)),
            count("[[step]]", raw.step.as_ref().map(Vec::len), first_of(&raw.step)),
            count("[[fault]]", raw.fault.as_ref().map(Vec::len), first_of(&raw.fault)),
            count("[[check]]", raw.check.as_ref().map(Vec::len), first_of(&raw.check)),
        ];
        let mut all_fit = Some(());
        for (what, number, first) in tables {
            if let (Some(first), true) = (first, number > MOST_ENTRIES) {
                let help = format!("a file has at most {MOST_ENTRIES} of each; nothing else in it was looked at");
                self.out_of_bounds(first, &format!("{number} tables `{what}` are too many"), &help);
                all_fit = None;
            }
        }
        all_fit
    }
    /// The order matters: names first (product, hosts, steps and faults), then everything that mentions them.
    fn scenario(&mut self, file: &Located<RawScenario>) -> Option<Scenario> {
        let raw = file.value();
        self.not_too_many(raw)?;
        if raw.format.is_none() {
            self.missing(file.span(), "`format = 1`");
        }
        let drill = self.drill(&raw.drill, file.span());
        let objectives = self.objectives(&raw.objectives);
        let product = self.product(&raw.product, file.span());
        let nodes = self.nodes(&raw.node, file.span());
        let run = self.run(&raw.run);
        let network = self.network(&raw.network);
        let storage = self.storage(&raw.storage);
        let workload = match &raw.workload {
            Some(workload) => self.workload(workload).map(Some),
            None => Some(None),
        };
        self.collect_names(raw);
        let steps = self.steps(raw.step.as_deref().unwrap_or_default());
        let faults = self.faults(raw.fault.as_deref().unwrap_or_default());
        self.report_circles(raw);
        self.report_too_late(raw, run.as_ref());
        let checks = self.checks(raw.check.as_deref().unwrap_or_default(), raw.fault.as_deref().unwrap_or_default());
        let expect = self.expect(&raw.expect, raw.check.as_deref().unwrap_or_default());
        if raw.check.as_ref().is_none_or(Vec::is_empty) && !self.is_bruised(&file.span()) {
            self.report(
                Diagnostic::warning(Code::NothingChecked, "the scenario checks nothing")
                    .help("add a `[[check]]`, such as `always = \"single-writer\"`"),
            );
        }
        Some(Scenario {
            name: self.source().scenario_name(),
            path: self.source().path().to_owned(),
            drill: drill?,
            objectives: objectives?,
            product: product?,
            nodes: nodes?,
            network: network?,
            storage: storage?,
            workload: workload?,
            steps: steps?,
            faults: faults?,
            checks: checks?,
            expect: expect?,
            run: run?,
            defaults: self.take_defaults(),
        })
    }
}

fn first_of<T>(tables: &Option<Vec<Located<T>>>) -> Option<Span> {
    tables.as_ref()?.first().map(Located::span)
}
