//! The report of a run as data, and its renderers.
//!
//! `sim` fills in a [`Report`] for each seed; this crate turns it into what people and tools read. It knows neither
//! the simulator nor the products: a report can be stored, read back and rendered again on another machine.
//!
//! * [`report`](mod@report): the data. Start with [`Report`].
//! * [`summary`](mod@summary): many seeds together.
//! * [`suite`](mod@suite): a scenario as CI sees it.
//! * [`handout`](mod@handout): papers to hand in, as data.
//! * [`render`](mod@render): one file for each format.

mod error;
pub mod handout;
pub mod render;
pub mod report;
pub mod suite;
pub mod summary;

pub use error::Error;
pub use render::text::Text;
pub use report::*;
pub use suite::{BrokenSeed, Suite};
pub use summary::{CheckLine, RpoLine, SeedLine, Summary};
