//! The renderers: one file (or folder) for each format, each a function from a Report to text.
//!
//! A renderer reads the [`Report`](crate::Report) and decides nothing: no verdict, no measurement and no filter that
//! it does not mention in what it prints. The same Report gives the same bytes.

pub mod github;
pub mod handout_markdown;
mod hosts;
pub mod html;
mod interest;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod pretty;
pub mod shiviz;
pub mod text;
pub mod trace;
