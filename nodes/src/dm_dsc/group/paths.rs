//! The paths of a group through its states: what is waited for and what is ordered in each.
//!
//! They are tables because that is what was measured: the rows of the DB group's crash and rejoin are those of a real
//! cluster's log (version of 2021), row by row. The paths of the ASM group and those of 2024 are built from the manual's
//! lists of steps and statuses; no trace of them was published. Nothing here is executed: [`super::Group`] walks the rows.

use super::super::words::{Command, GroupKind, Profile};

/// Where a group is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// It is being started, or waits for its EPs.
    Startup,
    /// It works.
    Open,
    /// An EP died.
    Crash,
    /// An EP comes back.
    Recover,
    /// Every EP of it is being killed.
    Halt,
    /// Another EP died while a crash was handled: what was done is undone first (2024).
    Rollback,
    /// An EP reports that it cannot reach another one.
    LinkCheck,
    /// The operator stops all of it.
    Stop,
}

impl Path {
    /// The first word of the status.
    pub const fn name(self, profile: Profile) -> &'static str {
        match self {
            Path::Startup => "STARTUP",
            Path::Open => "OPEN",
            Path::Crash | Path::Rollback => match profile {
                Profile::V2021 => "PROCESS_EP_CRASH",
                Profile::V2024 => "PROCESS_CRASH",
            },
            Path::Recover => "PROCESS_RECOVER",
            Path::Halt => "SYS_HALT",
            Path::LinkCheck => "LINK_CHECK",
            Path::Stop => "SHUTDOWN",
        }
    }

    /// The rows of the path.
    pub(super) const fn rows(self, kind: GroupKind, profile: Profile) -> &'static [Row] {
        match (self, kind) {
            (Path::Startup, GroupKind::Asm) => ASM_START,
            (Path::Startup, _) => DB_START,
            (Path::Crash, GroupKind::Asm) => ASM_CRASH,
            (Path::Crash, _) => match profile {
                Profile::V2021 => DB_CRASH,
                Profile::V2024 => DB_CRASH_2024,
            },
            (Path::Recover, GroupKind::Asm) => ASM_REJOIN,
            (Path::Recover, _) => DB_REJOIN,
            (Path::Open | Path::Stop, _) => OPEN,
            (Path::Halt, _) => HALT,
            (Path::Rollback, _) => ROLLBACK,
            (Path::LinkCheck, _) => LINK_CHECK,
        }
    }
}

/// Whom a deed concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// The control EP.
    Control,
    /// The EPs that died, or the one that comes back.
    Patient,
    /// Every EP that works, the returning one not.
    Workers,
    /// Every EP that works, but not the control EP.
    Normals,
    /// Every EP, the returning one too.
    All,
}

/// What is done in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// The registry gets the dead EP as an ERROR EP.
    MarkError,
    /// The registry gets the returning EP as OK.
    MarkOk,
    /// The control EP is chosen, if there is none.
    ChooseControl,
    /// The database of the dead EP's host is killed.
    HaltDatabase,
    /// A command is written.
    Tell(Command, Whom),
    /// The mailbox is cleared.
    Clear(Whom),
    /// A line of the log.
    Say(&'static str),
    /// A virtual address is configured on the host of that EP.
    Vip(Whom, bool),
    /// Whoever loses by the reports of LINK_CHECK is halted.
    Arbitrate,
    /// Crash handling begins, for all that are dead.
    BeginCrash,
}

/// One state of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// The second word of the status.
    pub(super) name: &'static str,
    /// Whether every command given so far must be answered first.
    pub(super) waits: bool,
    /// Whether it is carried out in the tick in which it is entered.
    pub(super) chained: bool,
    pub(super) deeds: &'static [Deed],
}

const fn row(name: &'static str, deeds: &'static [Deed]) -> Row {
    Row { name, waits: false, chained: false, deeds }
}

const fn wait(name: &'static str, deeds: &'static [Deed]) -> Row {
    Row { waits: true, ..row(name, deeds) }
}

const fn chained(name: &'static str, deeds: &'static [Deed]) -> Row {
    Row { chained: true, ..row(name, deeds) }
}

use Command::*;
use Deed::*;
use Whom::*;

const OPEN: &[Row] = &[row("STARTUP", &[])];
const HALT: &[Row] = &[row("WAIT_SYS_HALT", &[])];

const LINK_CHECK: &[Row] =
    &[row("WAIT_LINK_CHECK", &[Tell(LinkCheck, All)]), wait("WAIT_LINK_CHECK", &[Clear(All), Arbitrate])];

const ROLLBACK: &[Row] = &[
    row("CRASH_ROLLBACK", &[Tell(CrashRollback, Workers)]),
    wait("WAIT_CRASH_ROLLBACK", &[Clear(Workers), Say("cmd[CRASH_ROLLBACK] process over!"), BeginCrash]),
];

const DB_CRASH_2024: &[Row] = &[
    row("EP_CRASH", &[MarkError, ChooseControl, Tell(EpCrash, Workers)]),
    wait("WAIT_EP_CRASH", &[Clear(Workers), Say("cmd[EP_CRASH] process over!")]),
    row("WAIT_CMD_CLEAR", &[]),
    row("SLAVE_CONFIG_VIP", &[Vip(Patient, false)]),
    row("WAIT_SLAVE_CONFIG_VIP", &[]),
    row("MASTER_CONFIG_VIP", &[Vip(Control, true)]),
    row("WAIT_MASTER_CONFIG_VIP", &[]),
    row("EP_CONFIG_VIP", &[Tell(ConfigVip, Workers)]),
    wait("WAIT_EP_CONFIG_VIP", &[Clear(Workers), Say("cmd[CONFIG VIP] process over!")]),
];

const DB_CRASH: &[Row] = &[
    row("CSS_SUB_STATUS_EP_CRASH_STEP1", &[MarkError, ChooseControl, Tell(EpCrashStep1, Workers)]),
    wait("CSS_SUB_STATUS_EP_CRASH_WAIT_STEP1", &[Clear(Workers), Say("cmd[EP_CRASH_STEP1] process over!")]),
    row("CSS_SUB_STATUS_EP_CRASH_STEP2", &[Tell(EpCrashStep2, Control)]),
    wait("CSS_SUB_STATUS_EP_CRASH_WAIT_STEP2", &[Clear(Control), Say("cmd[EP_CRASH_STEP2] process over!")]),
    row("SLAVE_CONFIG_VIP", &[Vip(Patient, false)]),
    row("WAIT_SLAVE_CONFIG_VIP", &[]),
    row("MASTER_CONFIG_VIP", &[Vip(Control, true)]),
    row("WAIT_MASTER_CONFIG_VIP", &[]),
    row("EP_CONFIG_VIP", &[Tell(ConfigVip, Workers)]),
    wait("WAIT_EP_CONFIG_VIP", &[Clear(Workers), Say("cmd[CONFIG VIP] process over!")]),
];

/// The line after the registry was loaded is the same as after the EP was added: the real log has it so.
const DB_REJOIN: &[Row] = &[
    chained("SUSPEND_WORKER", &[]),
    chained("WAIT_SUSPEND_WORKER", &[Tell(StartNotify, Patient)]),
    wait("WAIT_SUSPEND_WORKER", &[Tell(SuspendWorkers, Workers)]),
    wait("WAIT_SUSPEND_WORKER", &[Say("Suspend ep worker thread is over!"), MarkOk, Tell(DcrLoad, All)]),
    wait("CSS_SUB_STATUS_WAIT_DCR_LOAD", &[Say("Error ep add is over!"), Tell(ErrorEpAdd, All)]),
    wait("SUB_WAIT_ERROR_EP_ADD", &[Say("Error ep add is over!"), Tell(EpRecv, Control)]),
    wait("WAIT_EP_RECOVER", &[Say("Recover ep is over!")]),
    chained("EP_CONFIG_VIP", &[Tell(ConfigVip, Workers)]),
    wait("WAIT_EP_CONFIG_VIP", &[Clear(Workers)]),
    chained("MASTER_CONFIG_VIP", &[Vip(Control, false)]),
    chained("WAIT_MASTER_CONFIG_VIP", &[]),
    chained("SLAVE_CONFIG_VIP", &[Vip(Patient, true)]),
    chained("WAIT_SLAVE_CONFIG_VIP", &[Tell(EpStart, Patient)]),
    wait("WAIT_STARTUP", &[Tell(EpStart2, Patient)]),
    wait("AFTER_REDO", &[Tell(EpOpen, Patient)]),
    wait("WAIT_EP_OPEN", &[Clear(Patient), Tell(ResumeWorkers, Workers)]),
    wait("WAIT_RESUME_WORKER", &[Say("Resume ep worker thread is over!"), Clear(Workers), Tell(EpRealOpen, Patient)]),
    wait("WAIT_REAL_OPEN", &[Clear(Patient)]),
];

const DB_START: &[Row] = &[
    row("STARTUP", &[ChooseControl, Tell(EpStart, Control)]),
    wait("WAIT_STARTUP", &[Tell(EpStart2, Control)]),
    wait("WAIT_REDO", &[Tell(EpStart, Normals)]),
    wait("WAIT_STARTUP", &[Tell(EpStart2, Normals)]),
    wait("AFTER_REDO", &[Tell(EpOpen, Workers)]),
    wait("WAIT_EP_OPEN", &[Clear(Workers), Tell(EpRealOpen, Workers)]),
    wait("WAIT_REAL_OPEN", &[Clear(Workers)]),
];

const ASM_START: &[Row] = &[
    row("STARTUP", &[ChooseControl, Tell(EpStart, Control)]),
    wait("WAIT_STARTUP", &[Tell(EpStart, Normals)]),
    wait("WAIT_STARTUP", &[Tell(EpOpen, Workers)]),
    wait("WAIT_EP_OPEN", &[Clear(Workers)]),
];

const ASM_CRASH: &[Row] = &[
    row("SUSPEND_WORKER", &[ChooseControl, Tell(SuspendWorkers, Workers)]),
    wait("WAIT_SUSPEND_WORKER", &[MarkError, HaltDatabase, Tell(EpCrashStep1, Control)]),
    wait("WAIT_CRASH_RECV", &[Tell(ResumeWorkers, Workers)]),
    wait("WAIT_RESUME_WORKER", &[Clear(Workers)]),
];

const ASM_REJOIN: &[Row] = &[
    row("SUSPEND_WORKER", &[Tell(SuspendWorkers, Workers)]),
    wait("WAIT_SUSPEND_WORKER", &[MarkOk, Tell(ErrorEpAdd, All)]),
    wait("SUB_WAIT_ERROR_EP_ADD", &[Tell(EpRecv, Control)]),
    wait("WAIT_EP_RECOVER", &[Tell(EpStart, Patient)]),
    wait("WAIT_STARTUP", &[Tell(EpOpen, Patient)]),
    wait("WAIT_EP_OPEN", &[Clear(Patient), Tell(ResumeWorkers, Workers)]),
    wait("WAIT_RESUME_WORKER", &[Clear(Workers)]),
];
