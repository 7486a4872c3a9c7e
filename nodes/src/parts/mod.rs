//! What several products share, built on the world: never more than one of each.

pub mod service;
pub mod shell;
pub mod signal;
