//! Faults of block devices: of single requests and sectors, and of devices as a whole.

mod requests;
mod whole;

pub use requests::{
    BitRot, ErrorMode, FailFlush, LieAboutFlush, LoseWrite, MisdirectWrite, ReadError, RequestTarget, StaleRead,
    TornWrite, WriteError,
};
pub use whole::{
    FillDevice, LateWrite, LimpDevice, LosePath, LoseReservation, PowerCut, RestorePath, SlowDevice, StallDevice,
};

pub use crate::scenario::target::DeviceTarget;
