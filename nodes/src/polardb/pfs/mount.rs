//! A mount of a shared volume by one client process.
//!
//! What a mount checks is little: a write mount takes a lock on the host id, on this host alone
//! (PFS:src/pfs_sdk/pfsd_sdk_mount.cc). Two hosts, or two host ids, both succeed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use thiserror::Error;

use crate::fields;
use crate::parts::signal::Signal;
use crate::world::device::IoError;
use crate::world::disk::{DeviceId, Disk};
use crate::world::process::Process;

use super::super::log::{Log, sdk_line};
use super::super::plan::Shared;
use super::super::shared::Storage;
use super::super::shared::journal::{Leader, LeaderFound};
use super::channel::{Channel, Sdk};

/// How long a process tries to reach pfsd before its mount fails (PFS:src/pfs_sdk/pfsd_sdk.cc).
const CONNECT: Duration = Duration::from_secs(20);
/// How often it looks whether pfsd is there.
const CONNECT_RETRY: Duration = Duration::from_millis(100);
/// How often a mount reads the leader record (PFS:src/pfs_core/pfs_mount.cc).
const POLL: Duration = Duration::from_secs(1);

/// How a volume is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::polardb) enum Mode {
    /// `PFS_RD`
    ReadOnly,
    /// `PFS_RDWR`, with the flag `PAXOS_BYFORCE` that nothing tests.
    ReadWrite,
}

impl Mode {
    /// As the server's log says it.
    pub(in crate::polardb) fn name(self) -> &'static str {
        match self {
            Mode::ReadOnly => "readonly",
            Mode::ReadWrite => "readwrite (force)",
        }
    }
}

/// Why a volume cannot be mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(in crate::polardb) enum MountError {
    /// Nobody answers in shared memory.
    #[error("cannot connect to pfsd within 20 s: start pfsd on this host")]
    NoDaemon,
    /// The lock on the host id is held by another process of this host.
    #[error("pfs_mount_prepare failed, maybe hostid {host_id} used, err Permission denied")]
    HostIdUsed {
        /// The host id.
        host_id: u64,
    },
    /// The leader record cannot be believed.
    #[error("the leader record of the volume is damaged")]
    Leader,
    /// The device failed.
    #[error("{0}")]
    Device(#[from] IoError),
}

/// A mount of one process.
pub(in crate::polardb) struct Mount {
    process: Process,
    channel: Rc<Channel>,
    pub(in crate::polardb) mode: Cell<Mode>,
    pub(in crate::polardb) storage: Storage,
    leader: RefCell<Leader>,
    /// A transaction of metadata is under way: the next one waits for it.
    busy: Cell<bool>,
    free: Signal,
    log: Log,
}

impl Mount {
    /// Connects to pfsd and mounts a volume.
    ///
    /// # Errors
    /// See [`MountError`].
    pub(in crate::polardb) async fn open(
        process: &Process,
        plan: &Shared,
        me: usize,
        device: DeviceId,
        mode: Mode,
        host_id: u64,
        log: &Log,
    ) -> Result<Rc<Mount>, MountError> {
        let daemon = plan.node(me).pfsd;
        let connected = process.timeout(CONNECT, async {
            while !process.local_state(daemon).is_some_and(|state| state.exists()) {
                process.sleep(CONNECT_RETRY).await;
            }
        });
        connected.await.map_err(|_| MountError::NoDaemon)?;
        if mode == Mode::ReadWrite {
            take_host_id(process, plan, me, host_id)?;
        }
        let channel = plan.channel(me);
        let disk: Disk = process.disk(device).through(Rc::new(Sdk::new(process, &channel, device)));
        let storage = Storage::new(&disk, plan.layout(me));
        let leader = match storage.read_leader().await? {
            LeaderFound::Nothing => Leader::default(),
            LeaderFound::Leader(leader) => leader,
            LeaderFound::Damaged => return Err(MountError::Leader),
        };
        let mount = Rc::new(Mount {
            process: process.clone(),
            channel,
            mode: Cell::new(mode),
            storage,
            leader: RefCell::new(leader),
            busy: Cell::default(),
            free: Signal::default(),
            log: log.clone(),
        });
        process.spawn(mount.clone().poll());
        Ok(mount)
    }

    /// Remounts a read-only mount for writing: reloads the leader record. Nothing asks whether another mount writes.
    ///
    /// # Errors
    /// See [`MountError`].
    pub(in crate::polardb) async fn remount(&self, plan: &Shared, me: usize, host_id: u64) -> Result<(), MountError> {
        take_host_id(&self.process, plan, me, host_id)?;
        match self.storage.read_leader().await? {
            LeaderFound::Leader(leader) => *self.leader.borrow_mut() = leader,
            LeaderFound::Nothing => {}
            LeaderFound::Damaged => return Err(MountError::Leader),
        }
        self.mode.set(Mode::ReadWrite);
        Ok(())
    }

    /// Gives a file a block, by the leader record this mount has in memory.
    ///
    /// # Errors
    /// See [`IoError`].
    pub(in crate::polardb) async fn allocate(&self, file: &str) -> Result<(), IoError> {
        self.free.wait_until(|| !self.busy.get()).await;
        self.busy.set(true);
        let leader = *self.leader.borrow();
        let done = self.storage.allocate(leader, file).await;
        self.busy.set(false);
        self.free.notify();
        let (leader, entry) = done?;
        *self.leader.borrow_mut() = leader;
        let (block, txid) = (entry.block, entry.txid);
        self.process.announce("pfs.allocated", fields! { block: block, file: entry.file, txid: txid });
        Ok(())
    }

    /// Unmounts: waits until pfsd has carried out everything this client asked for.
    pub(in crate::polardb) async fn unmount(&self, pbd: &str, pid: u64) {
        let line = |function: &str, line: u32, text: String| {
            self.log.raw(&sdk_line(&self.process, pid, function, line, &text));
        };
        line("pfsd_umount_force", 247, format!("pbdname {pbd}"));
        self.channel.drained((self.process.id(), self.process.incarnation())).await;
        let text = format!("client umount return : deleted /var/run/pfsd//{pbd}/{pid}.pid");
        line("chnl_connection_release_shm", 1164, text);
        line("pfsd_umount_force", 261, format!("umount success for {pbd}"));
    }

    /// Looks at the leader record now and then. A writer that finds a newer one says so in pfsd's trace, replays the
    /// entries and goes on: no stop, no error to PostgreSQL. A record that is not ahead of its own says nothing.
    async fn poll(self: Rc<Self>) {
        loop {
            self.process.sleep(POLL).await;
            let own = *self.leader.borrow();
            let Ok(LeaderFound::Leader(found)) = self.storage.read_leader().await else { continue };
            if found.txid <= self.leader.borrow().txid {
                continue;
            }
            if self.mode.get() == Mode::ReadWrite {
                let text = "pfs_tx.cc|new log entries found, another writer exists!";
                super::super::log::daemon_line(&self.process, text);
                self.process.announce("pfs.another-writer", fields! { own: own.txid, found: found.txid });
            }
            *self.leader.borrow_mut() = found;
        }
    }
}

/// The byte-range lock of a write mount on the file of host ids, which lies on this host and ends with its process.
fn take_host_id(process: &Process, plan: &Shared, me: usize, host_id: u64) -> Result<(), MountError> {
    let mut holders = plan.node(me).host_ids.borrow_mut();
    let own = (process.id(), process.incarnation());
    let alive = |(holder, life)| {
        process.world().incarnation(holder) == life && process.local_state(holder).is_some_and(|state| state.exists())
    };
    match holders.get(&host_id) {
        Some(holder) if *holder != own && alive(*holder) => Err(MountError::HostIdUsed { host_id }),
        _ => {
            holders.insert(host_id, own);
            Ok(())
        }
    }
}
