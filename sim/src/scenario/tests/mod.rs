//! Whole files, from text to scenario, draws, explanation and diagnostics.

mod anything;
mod drawn;
mod files;
mod language;
mod mistakes;
mod understood;
mod verbs;

use super::Accepted;
use super::diagnostic::Diagnostic;
use super::model::Scenario;
use super::source::Source;
use super::testing::vocabulary;
use super::{Rejected, check};

/// The two complete examples of the language.
pub(crate) const SWITCHOVER_FAIL: &str = include_str!("examples/switchover_fail.toml");
pub(crate) const PROMOTE_BEFORE_STOP: &str = include_str!("examples/promote_before_stop.toml");

/// A sound file, understood.
pub(crate) fn accepted(text: &str) -> Scenario {
    let Accepted { scenario, warnings, .. } = check(Source::new("scenarios/drill.toml", text), &vocabulary())
        .map_err(|rejected| rejected.diagnostics)
        .unwrap();
    assert_eq!(warnings, []);
    scenario
}

/// Everything there is to say against a file.
pub(crate) fn diagnostics(text: &str) -> (Source, Vec<Diagnostic>) {
    match check(Source::new("scenarios/drill.toml", text), &vocabulary()) {
        Ok(Accepted { source, warnings, .. }) => (source, warnings),
        Err(Rejected { source, diagnostics }) => (source, diagnostics),
    }
}
