//! The program as people and scripts meet it: the real binary, what it prints, and how it ends.
//!
//! What a scenario shows is tested in `scenarios.rs`; here it is exit codes, streams, files and messages.

mod bad_input;
mod crash_states;
mod endings;
mod program;
mod results;
