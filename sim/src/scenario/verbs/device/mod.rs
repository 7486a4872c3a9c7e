//! Faults of block devices: of single requests and sectors, and of devices as a whole.

mod paths;
mod requests;
mod whole;

pub use paths::{LosePath, RestorePath};
pub use requests::{
    BitRot, ErrorMode, FailFlush, LieAboutFlush, LoseWrite, MisdirectWrite, ReadError, RequestTarget, StaleRead,
    TornWrite, WriteError,
};
pub use whole::{FillDevice, LateWrite, LimpDevice, LoseReservation, PowerCut, SlowDevice, StallDevice};

pub use crate::scenario::target::DeviceTarget;
