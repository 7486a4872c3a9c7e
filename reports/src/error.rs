//! The one error of this crate.

use crate::report::FORMAT;

/// Why a stored report cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not JSON, or not the shape of a report.
    #[error("this is not a report of simrun: {0}; make it again with `simrun run … --out DIR`")]
    NotAReport(#[from] serde_json::Error),
    /// It was written in a later format.
    #[error("this report has format {found}, and this simrun reads format {FORMAT}; use a newer simrun")]
    Newer {
        /// The format it has.
        found: u32,
    },
}
