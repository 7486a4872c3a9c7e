//! openGauss resource pooling: DMS reform, the CM reform lock, DSS shared storage.

pub mod messages;
pub mod reform;
