//! Dameng DM8 DSC: several active instances on shared disks, arbitrated by DMCSS through a voting disk.
//!
//! | folder or file | what it models |
//! |---|---|
//! | `group` | the status machine of a group: pure, as tables |
//! | `css` | dmcss: election, control of the groups, supervision of its host |
//! | `asm` | dmasmsvr |
//! | `server` | dmserver: transactions, page ownership, redo |
//! | `ep` | what ASM and DB EPs do with the voting disk |
//! | `vote` | what is on the voting disk and in the registry |
//! | `grammar`, `replay` | the lines of a dmcss log, and the runs of the groups that explain them |
//! | `monitor` | dmcssm, and the console of dmcss |
//! | `network` | the IP stack of a host, which answers pings |
//! | `watchdog` | a watchdog, to compare with |
//! | `defects` | real bugs and broken rules that can be switched on |
//! | `chinese` | what its events mean in Chinese |
//! | `cluster`, `plan`, `parameters`, `description` | how it is put together, and what a scenario may say |

mod asm;
mod chinese;
mod cluster;
mod css;
mod defects;
mod description;
mod ep;
pub mod grammar;
pub mod group;
mod liveness;
mod log;
mod monitor;
mod network;
mod operations;
mod parameters;
mod plan;
mod replay;
mod server;
pub mod vote;
mod watchdog;
pub mod words;

pub use description::PRODUCT;
pub use operations::OPERATIONS;
