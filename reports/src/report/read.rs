//! Reading a stored report back, so that it can be rendered again without running anything.
//!
//! A report written by a newer simrun is refused rather than half understood.

use serde::Deserialize;
use thiserror::Error;

use super::{FORMAT, Report};

/// Why a stored report cannot be used.
#[derive(Debug, Error)]
pub enum ReadError {
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

#[derive(Deserialize)]
struct Header {
    format: u32,
}

impl Report {
    /// Reads a report from its JSON form.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        let header: Header = serde_json::from_str(text)?;
        if header.format > FORMAT {
            return Err(ReadError::Newer { found: header.format });
        }
        Ok(serde_json::from_str(text)?)
    }
}
