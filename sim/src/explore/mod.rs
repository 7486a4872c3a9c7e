//! Thousands of seeds: which of them fail, in how many ways, and what is left unseen.
//!
//! One seed answers what happened once. A campaign answers how often, and how sure one may be that nothing else
//! happens. Its results are lines in a file, one a seed and in the order of seeds, so that it can be stopped at any
//! moment, go on where it was, be split over machines and be put together again.
//!
//! | file | what it holds |
//! |---|---|
//! | [`trial`] | one seed, run and judged |
//! | [`signature`] | in which way a run failed |
//! | [`abstract_state`] | what a cluster looked like, with names and sizes taken away |
//! | [`mod@line`] | what a seed leaves behind |
//! | [`plan`] | which seeds of which scenarios, and which share of them is ours |
//! | [`workers`] | seeds on all cores, results in order |
//! | [`file`](mod@file) | the results on disk: appended, resumed, merged |
//! | [`tally`] | what the lines add up to |
//!
//! Nothing here knows the wall clock or the terminal; the command line does.

pub mod abstract_state;
pub mod file;
pub mod line;
pub mod plan;
pub mod signature;
pub mod tally;
pub mod trial;
pub mod workers;
