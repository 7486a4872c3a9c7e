//! KingbaseES V8R6: streaming replication run by repmgr, from the refused switchover to the split brain.
//!
//! | folder or file | what it models |
//! |---|---|
//! | `server` | the `kingbase` process: the shared server of [`crate::parts::streaming_replication`] and what tools ask it |
//! | `repmgr` | the command line: switchover, promote, follow, rejoin, check, show, pause |
//! | `repmgrd` | the daemon: monitoring, election, failover, witness |
//! | `recovery` | what the primary does with its device alone |
//! | `ssh` | commands on the other node |
//! | `ctl`, `tools`, `files` | `sys_ctl`, `ksql`, `sys_archivecleanup` and what an operator does with files |
//! | `metadata`, `sql`, `connection` | the nodes table, and how tools reach a database |
//! | `chinese` | what its events mean in Chinese |
//! | `cluster`, `plan`, `parameters`, `conf`, `description` | how it is put together, and what a scenario may say |

mod chinese;
mod cluster;
mod conf;
mod connection;
mod ctl;
mod description;
mod files;
pub mod grammar;
mod liveness;
pub mod metadata;
mod operations;
mod parameters;
mod plan;
mod recovery;
mod repmgr;
mod repmgrd;
mod server;
mod speech;
mod sql;
mod ssh;
mod tools;

pub use description::PRODUCT;
pub use operations::OPERATIONS;
