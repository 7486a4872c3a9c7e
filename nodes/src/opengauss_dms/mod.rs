//! openGauss resource pooling (资源池化): DMS reform, the CM reform lock, DSS shared storage.
//!
//! | folder or file | what it models |
//! |---|---|
//! | `reform` | the rules of a reform round: pure functions and tables |
//! | `gaussdb` | the database process with its DMS threads |
//! | `dss` | dssserver: the main role, SCSI-3 registration and kick |
//! | `cm` | cm_server, cm_agent, cm_ctl, the DDB with both locks |
//! | `grammar` | the lines of the logs, and which may follow which |
//! | `cluster` | how the processes of a cluster are put together |
//! | `view` | how the nodes look from outside, read from what they announce |
//! | `chinese` | what its events mean in Chinese |
//! | `description` | what a scenario may say of this product |

mod chinese;
mod cluster;
pub mod cm;
mod cm_client;
mod control_page;
mod description;
mod dss;
mod gaussdb;
pub mod grammar;
mod liveness;
mod log;
pub mod messages;
mod operations;
mod parameters;
mod plan;
mod recovery;
pub mod reform;
mod view;

pub use description::PRODUCT;
pub use operations::OPERATIONS;
