//! A small world for the tests of the parts: one shared device, hosts, and processes that run a piece of a test.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use crate::world::device::DeviceOptions;
use crate::world::disk::DeviceId;
use crate::world::executor::Limits;
use crate::world::process::Process;
use crate::world::streams::Seed;
use crate::world::time::Instant;
use crate::world::trace::{HostId, ProcessId};
use crate::world::{World, WorldOptions};

/// What a test's script works with.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) device: DeviceId,
}

/// A process that runs a piece of a test.
pub(crate) struct Running<T> {
    world: World,
    pub(crate) process: ProcessId,
    result: Rc<RefCell<Option<T>>>,
}

/// Runs a script outside every process, in a world with one shared device of 64 MiB, and returns what it returns.
pub(crate) fn on_stage<T: 'static>(script: impl AsyncFnOnce(Stage) -> T + 'static) -> T {
    let world = World::new(WorldOptions { seed: Seed(11), ..Default::default() });
    let out: Rc<RefCell<Option<T>>> = Rc::default();
    let slot = out.clone();
    let limits = Limits { time: Instant::START + Duration::from_secs(3600), ..Default::default() };
    world.run(limits, move |world| {
        let device = world.add_shared_device(DeviceOptions::new("shared", 131_072)).expect("a sound device");
        let stage = Stage { world: world.clone(), device };
        let outside = world.clone();
        world.spawn_outside(async move {
            let result = script(stage).await;
            *slot.borrow_mut() = Some(result);
            outside.stop();
        });
    });
    let result = out.borrow_mut().take();
    result.expect("the script did not end within an hour of model time")
}

/// Runs one process on one host to its end.
pub(crate) fn in_process<T: 'static, F: Future<Output = T> + 'static>(
    program: impl Fn(Process, DeviceId) -> F + 'static,
) -> T {
    on_stage(async move |stage| {
        let device = stage.device;
        let host = stage.world.add_host("a");
        stage.run(host, move |process| program(process, device)).await
    })
}

impl Stage {
    /// Starts a process.
    pub(crate) fn start<T: 'static, F: Future<Output = T> + 'static>(
        &self,
        host: HostId,
        program: impl Fn(Process) -> F + 'static,
    ) -> Running<T> {
        let result: Rc<RefCell<Option<T>>> = Rc::default();
        let slot = result.clone();
        let process = self.world.add_process(host, "test", move |process| {
            let (slot, running) = (slot.clone(), program(process));
            async move {
                let result = running.await;
                *slot.borrow_mut() = Some(result);
                0
            }
        });
        assert!(self.world.start(process));
        Running { world: self.world.clone(), process, result }
    }

    /// Runs a process to its end.
    pub(crate) async fn run<T: 'static, F: Future<Output = T> + 'static>(
        &self,
        host: HostId,
        program: impl Fn(Process) -> F + 'static,
    ) -> T {
        self.start(host, program).result().await
    }

    /// Waits.
    pub(crate) async fn sleep(&self, length: Duration) {
        self.world.sleep_until(self.world.now() + length).await;
    }
}

impl<T> Running<T> {
    /// Waits for the result of the process, over restarts if need be.
    pub(crate) async fn result(&self) -> T {
        loop {
            let result = self.result.borrow_mut().take();
            match result {
                Some(result) => return result,
                None => self.world.sleep_until(self.world.now() + Duration::from_millis(1)).await,
            }
        }
    }
}
