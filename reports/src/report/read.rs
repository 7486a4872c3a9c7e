//! Reading a stored report back, so that it can be rendered again without running anything.
//!
//! A report written by a newer simrun is refused rather than half understood.

use super::{FORMAT, Report};
use crate::Error;
use serde::Deserialize;

#[derive(Deserialize)]
struct Header {
    format: u32,
}

impl Report {
    /// Reads a report from its JSON form.
    ///
    /// # Errors
    /// [`Error`] if it is none, or one of a later format.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let header: Header = serde_json::from_str(text)?;
        if header.format > FORMAT {
            return Err(Error::Newer { found: header.format });
        }
        Ok(serde_json::from_str(text)?)
    }
}
