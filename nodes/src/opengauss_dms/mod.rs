//! openGauss resource pooling: DMS reform, the CM reform lock, DSS shared storage.

pub mod cm;
pub mod messages;
pub mod reform;
