//! Block devices in the world: processes read, write and flush them and wait for the answer.
//!
//! The [`Device`] itself is a state machine without time; this file submits requests to it, calls it back when it
//! asks, and wakes whoever waits. An answer that arrives after its process died goes nowhere, as in life.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use super::World;
use super::device::{
    Advanced, Answer, Completion, Device, DeviceError, DeviceOptions, Fate, IoError, Origin, Paths, Request, RequestId,
    ReservationCommand, Scheduled, SharedBytes,
};
use super::digest::Digest;
use super::executor::{LocalFuture, Occurrence};
use super::process::Process;
use super::trace::{HostChange, HostId, Incarnation, Place, ProcessId, What};

/// A block device, by its number in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub u16);

/// A device and who waits for it.
pub(crate) struct Slot {
    pub(crate) device: Device,
    /// The host it is built into; `None` for one that all hosts share.
    local_to: Option<HostId>,
    waiting: BTreeMap<RequestId, Waiting>,
}

struct Waiting {
    answer: Option<Result<Answer, IoError>>,
    waker: Option<Waker>,
}

impl World {
    /// Adds a device that hosts share, each through a path of its own.
    ///
    /// # Errors
    /// [`DeviceError`] if the options make no device.
    pub fn add_shared_device(&self, options: DeviceOptions) -> Result<DeviceId, DeviceError> {
        self.add_device(options, None)
    }

    /// Adds a device that is built into a host and loses power with it.
    ///
    /// # Errors
    /// [`DeviceError`] if the options make no device.
    pub fn add_local_device(&self, host: HostId, options: DeviceOptions) -> Result<DeviceId, DeviceError> {
        self.add_device(options, Some(host))
    }

    fn add_device(&self, options: DeviceOptions, local_to: Option<HostId>) -> Result<DeviceId, DeviceError> {
        let device = Device::new(options, self.seed())?;
        let mut devices = self.inner.devices.borrow_mut();
        devices.push(Slot { device, local_to, waiting: BTreeMap::new() });
        Ok(DeviceId((devices.len() - 1) as u16))
    }

    /// Adds a device as it is, taken from another world or restored from a crash state.
    pub fn adopt_device(&self, device: Device) -> DeviceId {
        let mut devices = self.inner.devices.borrow_mut();
        devices.push(Slot { device, local_to: None, waiting: BTreeMap::new() });
        DeviceId((devices.len() - 1) as u16)
    }

    /// The number of devices.
    pub fn device_count(&self) -> u16 {
        self.inner.devices.borrow().len() as u16
    }

    /// The device called `name`.
    pub fn find_device(&self, name: &str) -> Option<DeviceId> {
        let devices = self.inner.devices.borrow();
        devices.iter().position(|slot| slot.device.options().name == name).map(|index| DeviceId(index as u16))
    }

    /// The device that a host calls `name` and has built in: devices built into several hosts are told apart by a name
    /// that goes on with the host's, as in `data of dn1`.
    pub fn find_device_of(&self, host: HostId, name: &str) -> Option<DeviceId> {
        let own = format!("{name} of {}", self.host_name(host));
        let devices = self.inner.devices.borrow();
        let fits = |slot: &Slot| {
            let called = &slot.device.options().name;
            slot.local_to == Some(host) && (called == name || *called == own)
        };
        devices.iter().position(fits).map(|index| DeviceId(index as u16))
    }

    /// The host a device is built into.
    pub fn host_of_device(&self, device: DeviceId) -> Option<HostId> {
        self.inner.devices.borrow()[usize::from(device.0)].local_to
    }

    /// Looks at a device, or does something to it that needs no call back.
    pub fn with_device<T>(&self, device: DeviceId, look: impl FnOnce(&mut Device) -> T) -> T {
        look(&mut self.inner.devices.borrow_mut()[usize::from(device.0)].device)
    }

    /// Does something to a device that asks to be called back.
    pub fn change_device(&self, device: DeviceId, change: impl FnOnce(&mut Device) -> Vec<Scheduled>) {
        for scheduled in self.with_device(device, change) {
            self.call_device_back(device, scheduled);
        }
    }

    /// Takes paths to a device from a host.
    pub fn lose_path(&self, device: DeviceId, host: HostId, paths: Paths) {
        let now = self.now();
        self.change_device(device, |device| device.lose_path(now, host.0, paths));
        self.record(Place::Host(host), What::Host(HostChange::PathLost(device.0)));
    }

    /// Gives paths to a device back to a host.
    pub fn restore_path(&self, device: DeviceId, host: HostId, paths: Paths) {
        let now = self.now();
        self.change_device(device, |device| device.restore_path(now, host.0, paths));
        self.record(Place::Host(host), What::Host(HostChange::PathRestored(device.0)));
    }

    /// A host lost its power, and the devices built into it with it. At the devices it shares, its requests on the way
    /// may be dropped, carried out, or land late.
    pub(crate) fn host_died_at_devices(&self, host: HostId, fate: Fate) {
        let now = self.now();
        for index in 0..self.device_count() {
            let device = DeviceId(index);
            if self.host_of_device(device) == Some(host) {
                self.with_device(device, |device| device.power_cut_with_host(now, host.0));
                self.record(Place::Host(host), What::Host(HostChange::DevicePowerLost(index)));
                continue;
            }
            // Late writes are carried out by the device when it is next touched; nobody waits for them.
            let orphans = self.with_device(device, |device| device.host_died(now, host.0, fate));
            if orphans.dropped + orphans.applied + orphans.late + orphans.torn > 0 {
                let change = HostChange::WritesInFlight {
                    device: index,
                    dropped: orphans.dropped,
                    applied: orphans.applied,
                    late: orphans.late,
                    torn: orphans.torn,
                };
                self.record(Place::Host(host), What::Host(change));
            }
        }
    }

    /// A host has its power back, and so have the devices built into it.
    pub(crate) fn host_revived_at_devices(&self, host: HostId) {
        let now = self.now();
        let built_in = |device: &DeviceId| self.host_of_device(*device) == Some(host);
        for device in (0..self.device_count()).map(DeviceId).filter(built_in) {
            self.change_device(device, |device| device.power_on(now));
        }
    }

    fn call_device_back(&self, device: DeviceId, scheduled: Scheduled) {
        let advance = move |world: &World| {
            let now = world.now();
            match world.with_device(device, |state| state.advance(now, scheduled.token)) {
                Advanced::Done(completion) => world.complete(device, completion),
                Advanced::Later(scheduled) => world.call_device_back(device, scheduled),
                Advanced::Nothing => {}
            }
        };
        self.inner.executor.schedule(scheduled.at, Occurrence::Call(Box::new(advance)));
    }

    fn complete(&self, device: DeviceId, completion: Completion) {
        let Completion { id, origin, checksum, result, .. } = completion;
        let place = Place::Process(ProcessId(origin.process), Incarnation(origin.incarnation));
        let failure = result.as_ref().err();
        let digest = Digest::of(&(device, checksum, failure, 2u8));
        self.inner.trace.borrow_mut().record_detail(self.now(), place, digest, || What::Device {
            device: device.0,
            text: match failure {
                Some(error) => format!("failed: {error}").into(),
                None => "done".into(),
            },
            digest,
        });
        let mut devices = self.inner.devices.borrow_mut();
        if let Some(waiting) = devices[usize::from(device.0)].waiting.get_mut(&id) {
            waiting.answer = Some(result);
            if let Some(waker) = waiting.waker.take() {
                waker.wake();
            }
        }
    }
}

/// What a request says of its sender beside who that is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The reign it is written under.
    pub epoch: u64,
    /// The key its sender believes its host is registered with.
    pub reservation_key: u64,
}

/// Whoever carries the requests of a process to a device in its place: a storage daemon of its host.
pub trait Gateway {
    /// Carries a request to the device; the answer, whenever it comes.
    fn carry(&self, request: Request, stamp: Stamp) -> LocalFuture<Result<Answer, IoError>>;
}

/// A process's handle to a device.
#[derive(Clone)]
pub struct Disk {
    process: Process,
    device: DeviceId,
    stamp: Rc<Cell<Stamp>>,
    gateway: Option<Rc<dyn Gateway>>,
}

impl Process {
    /// Opens a device.
    pub fn disk(&self, device: DeviceId) -> Disk {
        Disk { process: self.clone(), device, stamp: Rc::default(), gateway: None }
    }
}

impl Disk {
    /// Which device this is.
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// Bytes per sector.
    pub fn sector_size(&self) -> u64 {
        self.process.world.with_device(self.device, |device| device.options().sector_size)
    }

    /// The same device, reached through a daemon of the host.
    pub fn through(self, gateway: Rc<dyn Gateway>) -> Disk {
        Disk { gateway: Some(gateway), ..self }
    }

    /// Stamps further requests with the reign they are written under; all clones of this handle share the stamp.
    pub fn set_epoch(&self, epoch: u64) {
        self.stamp.set(Stamp { epoch, ..self.stamp.get() });
    }

    /// Stamps further requests with the key this process believes its host is registered with.
    pub fn set_reservation_key(&self, key: u64) {
        self.stamp.set(Stamp { reservation_key: key, ..self.stamp.get() });
    }

    /// Reads whole sectors.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn read(&self, offset: u64, length: u64) -> Result<SharedBytes, IoError> {
        match self.request(Request::Read { offset, length }).await? {
            Answer::Data(bytes) => Ok(bytes),
            other => unreachable!("the device answered a read with {other:?}"),
        }
    }

    /// Writes whole sectors into the volatile cache.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn write(&self, offset: u64, bytes: impl Into<Arc<[u8]>>) -> Result<(), IoError> {
        self.request(Request::Write { offset, bytes: bytes.into(), force_unit_access: false }).await.map(drop)
    }

    /// Writes whole sectors past the volatile cache.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn write_through(&self, offset: u64, bytes: impl Into<Arc<[u8]>>) -> Result<(), IoError> {
        self.request(Request::Write { offset, bytes: bytes.into(), force_unit_access: true }).await.map(drop)
    }

    /// Makes every acknowledged write stable.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn flush(&self) -> Result<(), IoError> {
        self.request(Request::Flush).await.map(drop)
    }

    /// A SCSI-3 persistent reservation command.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn reservation(&self, command: ReservationCommand) -> Result<Answer, IoError> {
        self.request(Request::Reservation(command)).await
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn request(&self, request: Request) -> Result<Answer, IoError> {
        if let Some(gateway) = &self.gateway {
            return gateway.carry(request, self.stamp.get()).await;
        }
        let own = (self.process.id, self.process.incarnation);
        self.request_for(own, self.stamp.get(), request).await
    }

    /// Sends a request that another process of the host asked for: the device and its journal see that one as the
    /// sender, while this process waits for the answer and may outlive it.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn request_for(
        &self,
        client: (ProcessId, Incarnation),
        stamp: Stamp,
        request: Request,
    ) -> Result<Answer, IoError> {
        let id = self.submit(client, stamp, request);
        let _waiting = Registered { disk: self, id };
        poll_fn(|cx| {
            let mut devices = self.process.world.inner.devices.borrow_mut();
            let Some(waiting) = devices[usize::from(self.device.0)].waiting.get_mut(&id) else {
                return Poll::Pending;
            };
            match waiting.answer.take() {
                Some(answer) => Poll::Ready(answer),
                None => {
                    waiting.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    fn submit(&self, client: (ProcessId, Incarnation), stamp: Stamp, request: Request) -> RequestId {
        let world = &self.process.world;
        let (process, incarnation) = client;
        let origin = Origin {
            host: self.process.host.0,
            process: process.0,
            incarnation: incarnation.0,
            reservation_key: stamp.reservation_key,
            epoch: stamp.epoch,
        };
        let printed = summary(&request);
        let now = world.now();
        let submitted = world.with_device(self.device, |device| device.submit(now, origin, request));
        let digest = Digest::of(&(self.device, printed, submitted.checksum));
        world.inner.trace.borrow_mut().record_detail(now, Place::Process(process, incarnation), digest, || {
            What::Device {
                device: self.device.0,
                text: format!("{} offset {} length {}", printed.0, printed.1, printed.2).into(),
                digest,
            }
        });
        let mut devices = world.inner.devices.borrow_mut();
        devices[usize::from(self.device.0)].waiting.insert(submitted.id, Waiting { answer: None, waker: None });
        drop(devices);
        if let Some(scheduled) = submitted.scheduled {
            world.call_device_back(self.device, scheduled);
        }
        submitted.id
    }
}

/// What a request is, where and how long.
fn summary(request: &Request) -> (&'static str, u64, u64) {
    match request {
        Request::Read { offset, length } => ("read", *offset, *length),
        Request::Write { offset, bytes, force_unit_access: false } => ("write", *offset, bytes.len() as u64),
        Request::Write { offset, bytes, force_unit_access: true } => ("write through", *offset, bytes.len() as u64),
        Request::Flush => ("flush", 0, 0),
        Request::FlushRange { offset, length } => ("flush range", *offset, *length),
        Request::Reservation(_) => ("reservation", 0, 0),
    }
}

/// Forgets a request when nobody waits for it any more.
struct Registered<'a> {
    disk: &'a Disk,
    id: RequestId,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        if let Ok(mut devices) = self.disk.process.world.inner.devices.try_borrow_mut() {
            devices[usize::from(self.disk.device.0)].waiting.remove(&self.id);
        }
    }
}
