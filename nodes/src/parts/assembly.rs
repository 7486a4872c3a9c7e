//! What every product does when it puts a cluster together: devices as the plan wants them, and a shell on each host.

use std::rc::Rc;

use super::shell::{Shell, Terminal};
use crate::product::{BuildError, ClusterPlan};
use crate::world::World;
use crate::world::device::DeviceOptions;
use crate::world::disk::DeviceId;
use crate::world::executor::LocalFuture;
use crate::world::trace::HostId;

/// What a shell answers for a command there is not.
const COMMAND_NOT_FOUND: i32 = 127;

/// The weather a plan has for a device, under its own name and with room for `length` bytes.
fn options(plan: &ClusterPlan, word: &str, name: &str, length: u64) -> DeviceOptions {
    let mut options = plan.devices.get(word).cloned().unwrap_or_else(|| DeviceOptions::new(word, 1));
    options.name = name.to_owned();
    options.capacity = options.capacity.max(length.div_ceil(options.sector_size));
    options
}

/// Adds a device that every host reaches, with room for `length` bytes at least.
///
/// # Errors
/// [`BuildError::Device`] if the plan's weather makes no sound device.
pub fn shared_device(world: &World, plan: &ClusterPlan, name: &str, length: u64) -> Result<DeviceId, BuildError> {
    Ok(world.add_shared_device(options(plan, name, name, length))?)
}

/// Adds a device that is built into a host. `word` is what the product's description calls such devices, `name` what this
/// one is called.
///
/// # Errors
/// [`BuildError::Device`] if the plan's weather makes no sound device.
pub fn local_device(
    world: &World,
    plan: &ClusterPlan,
    host: HostId,
    (word, name): (&str, &str),
    length: u64,
) -> Result<DeviceId, BuildError> {
    Ok(world.add_local_device(host, options(plan, word, name, length))?)
}

/// Adds a shell to a host. `run` carries a command out, given where it prints and the words as typed; for a program that
/// is not there it gives nothing, and the shell says so.
pub fn shell(
    world: &World,
    host: HostId,
    run: impl Fn(Terminal, Vec<String>) -> Option<LocalFuture<i32>> + 'static,
) -> Shell {
    Shell::add(
        world,
        host,
        Rc::new(move |terminal, words| match run(terminal.clone(), words.clone()) {
            Some(command) => command,
            None => Box::pin(async move {
                terminal.print(format!("{}: command not found", words.first().map_or("", String::as_str)));
                COMMAND_NOT_FOUND
            }),
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::test_world::{Stage, on_stage};

    #[test]
    fn a_device_has_the_weather_of_the_plan_and_the_room_of_the_product() {
        on_stage(async move |stage: Stage| {
            let mut plan = ClusterPlan::default();
            let mut weather = DeviceOptions::new("data", 4);
            weather.sector_size = 4096;
            plan.devices.insert("data".to_owned(), weather);
            let host = stage.world.add_host("dn1");
            let own = local_device(&stage.world, &plan, host, ("data", "data-dn1"), 1 << 20).expect("a device");
            assert_eq!(stage.world.find_device("data-dn1"), Some(own));
            assert_eq!(stage.world.host_of_device(own), Some(host));
            let shared = shared_device(&stage.world, &plan, "vote", 700).expect("a device");
            assert_eq!(stage.world.host_of_device(shared), None);
            let sectors = |device| stage.world.with_device(device, |device| device.options().capacity);
            assert_eq!((sectors(own), sectors(shared)), (256, 2));
        });
    }

    #[test]
    fn a_shell_runs_what_there_is_and_says_what_there_is_not() {
        on_stage(async move |stage: Stage| {
            let host = stage.world.add_host("dn1");
            let shell = shell(&stage.world, host, |terminal, words| {
                (words[0] == "true").then(|| -> LocalFuture<i32> {
                    Box::pin(async move {
                        terminal.print("yes");
                        0
                    })
                })
            });
            stage.world.start(shell.process());
            let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
            let text = |output: &crate::parts::shell::CommandOutput| output.lines[0].1.clone();
            let done = shell.run(words("true -x")).await;
            assert_eq!((done.exit_code, text(&done)), (Some(0), "yes".to_owned()));
            let missing = shell.run(words("gs_om -t status")).await;
            assert_eq!((missing.exit_code, text(&missing)), (Some(127), "gs_om: command not found".to_owned()));
        });
    }
}
