//! PolarFS on a host: the daemon pfsd, the shared memory its clients reach it through, and mounts.
//!
//! | file | what |
//! |---|---|
//! | `channel` | the shared memory: requests that wait, are under way, or were given up by a dead client |
//! | `daemon` | pfsd |
//! | `mount` | a mount of one client: mode, the lock on the host id, the cached leader record and its poll |

mod channel;
mod daemon;
mod mount;

pub(super) use channel::Channel;
pub(super) use daemon::pfsd;
pub(super) use mount::{Mode, Mount, MountError};
