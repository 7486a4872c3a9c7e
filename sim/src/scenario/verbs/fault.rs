//! The list of fault verbs.

use super::clock::{JumpClock, SkewClock};
use super::device::{
    BitRot, FailFlush, FillDevice, LateWrite, LieAboutFlush, LimpDevice, LosePath, LoseReservation, LoseWrite,
    MisdirectWrite, PowerCut, ReadError, RestorePath, SlowDevice, StaleRead, StallDevice, TornWrite, WriteError,
};
use super::host::{LoseData, LosePower, RestorePower};
use super::network::{Drop, Duplicate, LimitBandwidth, NicDown, Partition, Reorder, Slow};
use super::outside::{FailCommand, FailVip, RemoveFile, RestoreFile};
use super::priorities::Prioritize;
use super::process::{Kill, Pause, Resume, SlowCpu, StartProcess};
use super::{Verb, VerbWord, verbs};
use crate::draws::drawer::Drawer;
use crate::scenario::located::{Located, Span};
use crate::scenario::reader::Reader;

verbs! {
    /// What the world does: one verb, at one time.
    raw RawFault {
        /// Its name, by which others wait for it. Used once among steps and faults.
        name: Located<String>,
        /// The time of the run at which it begins: "20s", or a range that the seed draws from, "10s..30s".
        at: Located<String>,
        /// What it waits for: a step (it has ended), a fault (it has begun), NAME.started, NAME.ended, or an event that a node announces: "dn2.reformer-lock.acquired".
        after: Located<String>,
        /// How long after that it begins: "5s" or "0s..50ms". Default: at once.
        delay: Located<String>,
        /// Which occurrence of `after` counts, from 1. Default: the first.
        nth: Located<i64>,
        /// How long it lasts: "10s" or a range. Default: until another fault ends it, or for good.
        r#for: Located<String>,
    }
    /// What a fault does.
    verbs FaultVerb, FAULT_VERBS {
        /// Kills a process at once. A bare host means its database process.
        kill "kill" r#"kill = "dn1""# => Kill,
        /// Starts a process that is down, as a supervisor of the host would.
        start "start" r#"start = "dn1/cm_agent""# => StartProcess,
        /// Stops a process from running without ending it: it accepts connections and never answers.
        pause "pause" r#"pause = "primary""# => Pause,
        /// Lets a paused process run again.
        resume "resume" r#"resume = "primary""# => Resume,
        /// Makes a process slow.
        slow_cpu "slow-cpu" r#"slow-cpu = { target = "dn1", speed = "1/10" }"# => SlowCpu,
        /// Cuts the power of a host: all its processes end, nothing is sent any more, unflushed writes are at risk.
        lose_power "lose-power" r#"lose-power = "every-standby""# => LosePower,
        /// Gives a host its power back; it boots and starts what it is told to start.
        restore_power "restore-power" r#"restore-power = "every-standby""# => RestorePower,
        /// Wipes the devices that belong to one host: its data are gone when it comes back.
        lose_data "lose-data" r#"lose-data = "old-primary""# => LoseData,
        /// Cuts links: between two sides, around some nodes, or between groups.
        partition "partition" r#"partition = { groups = [["dn1"], ["dn2", "dn3"]] }"# => Partition,
        /// Takes a host's network card down.
        nic_down "nic-down" r#"nic-down = "dn1""# => NicDown,
        /// Gives messages another latency.
        slow "slow" r#"slow = { link = ["dn1", "dn2"], latency = "50ms..200ms" }"# => Slow,
        /// Loses messages.
        drop "drop" r#"drop = { link = ["dn1/cm_agent", "dn2"], direction = "from", ratio = "1/10" }"# => Drop,
        /// Delivers messages twice.
        duplicate "duplicate" r#"duplicate = { ratio = "1/10" }"# => Duplicate,
        /// Lets messages overtake each other.
        reorder "reorder" r#"reorder = { ratio = "1/10" }"# => Reorder,
        /// Limits how much goes through in a second.
        limit_bandwidth "limit-bandwidth" r#"limit-bandwidth = { link = ["dn1", "clients"], bandwidth = "1Mbit/s" }"# => LimitBandwidth,
        /// Holds messages up by the priority of who sends them, which changes a few times: finds defects that need an order.
        prioritize "prioritize" r#"prioritize = { latency = "50ms", depth = 3 }"# => Prioritize,
        /// Lets a host's clock run at another speed.
        skew_clock "skew-clock" r#"skew-clock = { host = "dn1", rate = "1001/1000" }"# => SkewClock,
        /// Moves a host's wall clock.
        jump_clock "jump-clock" r#"jump-clock = { host = "dn1", by = "-5m..5m" }"# => JumpClock,
        /// Breaks an external command that the product's processes call, such as ssh or the archive command.
        fail_command "fail-command" r#"fail-command = { on = "dn1", command = "ssh", how = "hang", count = 1 }"# => FailCommand,
        /// Lets binding or unbinding the virtual address fail.
        fail_vip "fail-vip" r#"fail-vip = { on = "dn1", count = 2 }"# => FailVip,
        /// Takes a file away.
        remove_file "remove-file" r#"remove-file = { host = "dn1", file = "pg_hba.conf" }"# => RemoveFile,
        /// Puts a removed file back.
        restore_file "restore-file" r#"restore-file = { host = "dn1", file = "pg_hba.conf" }"# => RestoreFile,
        /// Cuts the power of a device: any part of what is in its volatile cache may be gone.
        power_cut "power-cut" "power-cut = {}" => PowerCut,
        /// Tears writes that a power cut or the death of their host meets before they are stable: some of their sectors are written, others not.
        torn_write "torn-write" r#"torn-write = { region = "wal" }"# => TornWrite,
        /// Lets reads fail.
        read_error "read-error" r#"read-error = { ratio = "1/100", mode = "latent" }"# => ReadError,
        /// Lets writes fail.
        write_error "write-error" r#"write-error = { sectors = "10..20", mode = "sticky" }"# => WriteError,
        /// Changes one bit of a sector, for good.
        bit_rot "bit-rot" r#"bit-rot = { region = "control", count = 3 }"# => BitRot,
        /// Lets writes land on another sector.
        misdirect_write "misdirect-write" "misdirect-write = { count = 1 }" => MisdirectWrite,
        /// Lets reads give what was there before the last write.
        stale_read "stale-read" r#"stale-read = { host = "dn2" }"# => StaleRead,
        /// Acknowledges writes and drops them.
        lose_write "lose-write" r#"lose-write = { device = "voting", host = "dn1", count = 1 }"# => LoseWrite,
        /// Lets flushes fail.
        fail_flush "fail-flush" r#"fail-flush = { ratio = "1/2", count = 5 }"# => FailFlush,
        /// Acknowledges flushes without doing them.
        lie_about_flush "lie-about-flush" "lie-about-flush = {}" => LieAboutFlush,
        /// Fills a device up.
        fill_device "fill-device" r#"fill-device = { leave = "16MB" }"# => FillDevice,
        /// Lets requests to a device take longer, all of them or a few (a latency tail).
        slow_device "slow-device" r#"slow-device = { latency = "1s..2s", ratio = "1/100" }"# => SlowDevice,
        /// Lets requests to a device hang; they go on when the fault ends.
        stall_device "stall-device" r#"stall-device = { device = "voting", host = "dn1" }"# => StallDevice,
        /// Limits how much a device does in a second.
        limp_device "limp-device" r#"limp-device = { bandwidth = "1MB/s" }"# => LimpDevice,
        /// Cuts one host's paths to a device, or one of them.
        lose_path "lose-path" r#"lose-path = { device = "voting", host = "dn1" }"# => LosePath,
        /// Gives a host its paths to a device back, or one of them.
        restore_path "restore-path" r#"restore-path = { device = "voting", host = "dn1" }"# => RestorePath,
        /// Lets writes in flight of a host that dies or is fenced land later all the same.
        late_write "late-write" r#"late-write = { host = "dn1", delay = "0s..30s" }"# => LateWrite,
        /// Makes a device forget its reservations.
        lose_reservation "lose-reservation" "lose-reservation = {}" => LoseReservation,
    }
}
