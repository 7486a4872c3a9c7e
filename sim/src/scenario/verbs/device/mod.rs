//! Faults of block devices: of single requests and sectors, and of devices as a whole.

mod paths;
mod requests;
mod slow;
mod whole;

pub use paths::{LosePath, RestorePath};
pub use requests::{
    BitRot, ErrorMode, FailFlush, LieAboutFlush, LoseWrite, MisdirectWrite, ReadError, RequestTarget, StaleRead,
    TornWrite, WriteError,
};
pub use slow::{SlowDevice, StallDevice};
pub use whole::{FillDevice, LateWrite, LimpDevice, LoseReservation, PowerCut};

pub use crate::scenario::target::DeviceTarget;
