//! The list of fault verbs.

use super::clock::{JumpClock, SkewClock};
use super::device::{
    BitRot, FailFlush, FillDevice, LateWrite, LieAboutFlush, LimpDevice, LosePath, LoseReservation, LoseWrite,
    MisdirectWrite, PowerCut, ReadError, RestorePath, SlowDevice, StaleRead, StallDevice, TornWrite, WriteError,
};
use super::host::{LoseData, LosePower, RestorePower};
use super::network::{Drop, Duplicate, LimitBandwidth, NicDown, Partition, Reorder, Slow};
use super::outside::{FailCommand, FailVip, RemoveFile, RestoreFile};
use super::process::{Kill, Pause, Resume, SlowCpu, StartProcess};
use super::{Verb, VerbWord, verbs};
use crate::draws::Drawer;
use crate::scenario::located::{Located, Span};
use crate::scenario::lower::Lowering;

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
        kill "kill" => Kill,
        /// Starts a process that is down, as a supervisor of the host would.
        start "start" => StartProcess,
        /// Stops a process from running without ending it: it accepts connections and never answers.
        pause "pause" => Pause,
        /// Lets a paused process run again.
        resume "resume" => Resume,
        /// Makes a process slow.
        slow_cpu "slow-cpu" => SlowCpu,
        /// Cuts the power of a host: all its processes end, nothing is sent any more, unflushed writes are at risk.
        lose_power "lose-power" => LosePower,
        /// Gives a host its power back; it boots and starts what it is told to start.
        restore_power "restore-power" => RestorePower,
        /// Wipes the devices that belong to one host: its data are gone when it comes back.
        lose_data "lose-data" => LoseData,
        /// Cuts links: between two sides, around some nodes, or between groups.
        partition "partition" => Partition,
        /// Takes a host's network card down.
        nic_down "nic-down" => NicDown,
        /// Gives messages another latency.
        slow "slow" => Slow,
        /// Loses messages.
        drop "drop" => Drop,
        /// Delivers messages twice.
        duplicate "duplicate" => Duplicate,
        /// Lets messages overtake each other.
        reorder "reorder" => Reorder,
        /// Limits how much goes through in a second.
        limit_bandwidth "limit-bandwidth" => LimitBandwidth,
        /// Lets a host's clock run at another speed.
        skew_clock "skew-clock" => SkewClock,
        /// Moves a host's wall clock.
        jump_clock "jump-clock" => JumpClock,
        /// Breaks an external command that the product's processes call, such as ssh or the archive command.
        fail_command "fail-command" => FailCommand,
        /// Lets binding or unbinding the virtual address fail.
        fail_vip "fail-vip" => FailVip,
        /// Takes a file away.
        remove_file "remove-file" => RemoveFile,
        /// Puts a removed file back.
        restore_file "restore-file" => RestoreFile,
        /// Cuts the power of a device: any part of what is in its volatile cache may be gone.
        power_cut "power-cut" => PowerCut,
        /// Tears writes that are in flight at a power cut: some of their sectors are written, others not.
        torn_write "torn-write" => TornWrite,
        /// Lets reads fail.
        read_error "read-error" => ReadError,
        /// Lets writes fail.
        write_error "write-error" => WriteError,
        /// Changes one bit of a sector, for good.
        bit_rot "bit-rot" => BitRot,
        /// Lets writes land on another sector.
        misdirect_write "misdirect-write" => MisdirectWrite,
        /// Lets reads give what was there before the last write.
        stale_read "stale-read" => StaleRead,
        /// Acknowledges writes and drops them.
        lose_write "lose-write" => LoseWrite,
        /// Lets flushes fail.
        fail_flush "fail-flush" => FailFlush,
        /// Acknowledges flushes without doing them.
        lie_about_flush "lie-about-flush" => LieAboutFlush,
        /// Fills a device up.
        fill_device "fill-device" => FillDevice,
        /// Gives requests to a device another latency.
        slow_device "slow-device" => SlowDevice,
        /// Lets requests to a device hang; they go on when the fault ends.
        stall_device "stall-device" => StallDevice,
        /// Limits how much a device does in a second.
        limp_device "limp-device" => LimpDevice,
        /// Cuts one host's path to a device.
        lose_path "lose-path" => LosePath,
        /// Gives a host its path to a device back.
        restore_path "restore-path" => RestorePath,
        /// Lets writes in flight of a host that dies or is fenced land later all the same.
        late_write "late-write" => LateWrite,
        /// Makes a device forget its reservations.
        lose_reservation "lose-reservation" => LoseReservation,
    }
}
