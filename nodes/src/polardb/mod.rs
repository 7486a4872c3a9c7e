//! PolarDB for PostgreSQL: one writer, many readers, one shared volume behind PolarFS, and no lock that protects promote.
//!
//! | folder or file | what it models |
//! |---|---|
//! | `rules` | what PolarDB decides, as pure functions |
//! | `shared` | what is on the shared disk beside the log and the pages: control file, CLOG, slots, PFS records, fence |
//! | `pfs` | pfsd and its clients: shared memory, mounts, the journal of metadata |
//! | `server` | postgres: start, transactions, flushing, streaming, replay, promote, stop |
//! | `tools` | what an operator types: pg_ctl, psql, polar-initdb.sh and the few shell commands of the runbooks |
//! | `data_directory` | the local directory of a node, with its configuration and role files |
//! | `chinese` | what its events mean in Chinese |
//! | `cluster`, `plan`, `parameters`, `description`, `log` | how it is put together, and what a scenario may say |

mod chinese;
mod cluster;
mod data_directory;
mod description;
pub mod grammar;
mod liveness;
mod log;
mod operations;
mod parameters;
mod pfs;
mod plan;
pub mod rules;
mod server;
mod shared;
mod tools;

pub use description::PRODUCT;
pub use operations::OPERATIONS;
