//! Everything simrun simulates: the [`world`] (hosts, processes, network, clocks, block devices, trace), the
//! shared parts built on it, and one module per database product.
//!
//! Nothing here knows of scenarios, fault plans or checkers: a node does not know that it is being tested.

// rustdoc compiles nothing, and RUSTDOCFLAGS overrides the file too: documentation is built with either.
#[cfg(not(any(madsim, doc)))]
compile_error!(
    "simrun needs `--cfg madsim`: .cargo/config.toml sets it, but an environment variable RUSTFLAGS (or \
     CARGO_ENCODED_RUSTFLAGS, CARGO_BUILD_RUSTFLAGS) overrides that file. Unset it or add `--cfg madsim` to it."
);

pub mod catalogue;
pub mod dm_dsc;
mod error;
pub mod grammar;
pub mod kingbase;
pub mod opengauss_dms;
pub mod opengauss_ha;
pub mod operations;
pub mod parts;
pub mod polardb;
pub mod product;
pub mod world;

pub use error::Error;
