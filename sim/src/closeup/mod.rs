//! A closer look at a run that gets a page: what the product's status command would have printed at every moment, and
//! the messages around the finding.
//!
//! Neither is kept while a run goes on, because almost no run is looked at. A run is a function of its seed, so both
//! are had by running it again: once with everything kept up to the finding, and once with somebody who types the
//! status command now and then. That second run is believed only as far as everybody did in it, event for event, what
//! they did when nobody looked; the looks that are left share another run, in which nobody looks before, or have runs of
//! their own where every look disturbs.

mod messages;
mod status;

use reports::Report;

pub use status::Effort;

use crate::run::RunError;
use crate::tell::Tale;

/// Puts what a closer look shows into the report of the run.
///
/// # Errors
/// As [`crate::run::run_scenario`].
pub fn complete(tale: &Tale<'_>, report: &mut Report) -> Result<(), RunError> {
    complete_with(tale, report, Effort::default())
}

/// As [`complete`], with less effort: the status is shown less often.
///
/// # Errors
/// As [`crate::run::run_scenario`].
pub fn complete_with(tale: &Tale<'_>, report: &mut Report, effort: Effort) -> Result<(), RunError> {
    report.messages = match report.finding() {
        Some(around) => messages::around(tale, around)?,
        None => Vec::new(),
    };
    let (outputs, known) = status::outputs(tale, effort)?;
    report.status = outputs;
    report.limits.cut.extend(known);
    Ok(())
}
