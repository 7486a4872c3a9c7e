//! The one screen a person sees: what was done, what the cluster did, when it served, what was lost, which rule broke.
//!
//! It exists for the DBA at the terminal and the engineer reading a CI log. It opens with the drill and ends with the
//! verdict and the command that replays the run, because the end is what a terminal still shows. `plain` is the
//! same without colour. Only ASCII is drawn with: terminals disagree about the width of line and block characters.
//! It leaves out minor timeline entries and long outputs, and says how many; the page and the JSON have them all.

mod checks;
mod columns;
mod deeds;
mod ending;
mod heading;
mod page;
mod seeds;
mod service;
mod status;
mod strip;
mod timeline;
mod writers;

pub use columns::width;

use crate::report::{Language, Report};
use crate::summary::Summary;
use page::Page;

/// How the screen is to look.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The language of everything but names.
    pub language: Language,
    /// Whether to colour it.
    pub colour: bool,
    /// How many columns to fill; kept between 60 and 200.
    pub columns: usize,
    /// Where the report page was written, when it was.
    pub page: Option<&'a str>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { language: Language::English, colour: false, columns: 100, page: None }
    }
}

/// The whole screen for one run.
pub fn pretty(report: &Report, options: &Options<'_>) -> String {
    let mut page = Page::new(options);
    heading::write(&mut page, report);
    deeds::write(&mut page, report);
    timeline::write(&mut page, report);
    writers::write(&mut page, report);
    service::write(&mut page, report);
    checks::write(&mut page, report);
    status::write(&mut page, report);
    ending::write_story(&mut page, report);
    page.line("");
    ending::write(&mut page, report);
    page.finish()
}

/// Only the ending of [`pretty`]: the verdict, its cause and the command that replays the run. For one of many seeds.
pub fn ending(report: &Report, options: &Options<'_>) -> String {
    let mut page = Page::new(options);
    ending::write(&mut page, report);
    page.finish()
}

/// What many seeds add up to.
pub fn summary(summary: &Summary, options: &Options<'_>) -> String {
    let mut page = Page::new(options);
    seeds::write(&mut page, summary);
    page.finish()
}
