//! The words of DMDSC: groups and commands, as logs and the voting disk have them.

/// The number of an EP in its group, which is the number of its host.
pub type Seqno = u8;

/// What "none" looks like in logs and records.
pub const NOBODY: Seqno = 255;

/// A set of EPs as one bit each, as records and reports have it: bit `e` is EP `e`.
pub type EpMask = u8;

/// The mask of some EPs.
pub fn mask_of(eps: impl IntoIterator<Item = Seqno>) -> EpMask {
    eps.into_iter().fold(0, |mask, ep| mask | 1u8.checked_shl(u32::from(ep)).unwrap_or(0))
}

/// Whether an EP is in a mask.
pub const fn is_in(mask: EpMask, ep: Seqno) -> bool {
    ep < 8 && mask >> ep & 1 == 1
}

/// The version whose status machine is modelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// `dm8-2021`: crash handling in two steps, as in the log of May 2021. A second death on the way halts all.
    #[default]
    V2021,
    /// `dm8-2024`: one step EP_CRASH, and CRASH_ROLLBACK when another EP dies meanwhile (manual, chapters 5 and 7).
    V2024,
}

/// A group of EPs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKind {
    /// The synchronisation services.
    Css,
    /// The file servers.
    Asm,
    /// The database instances.
    Db,
}

impl GroupKind {
    /// All groups, in the order of their numbers.
    pub const ALL: [GroupKind; 3] = [GroupKind::Css, GroupKind::Asm, GroupKind::Db];

    /// `DB`.
    pub const fn name(self) -> &'static str {
        match self {
            GroupKind::Css => "CSS",
            GroupKind::Asm => "ASM",
            GroupKind::Db => "DB",
        }
    }

    /// What the registry calls the group.
    pub const fn group_name(self) -> &'static str {
        match self {
            GroupKind::Css => "GRP_CSS",
            GroupKind::Asm => "GRP_ASM",
            GroupKind::Db => "GRP_DSC",
        }
    }

    /// What an EP of the group is called.
    pub fn ep_name(self, seqno: Seqno) -> String {
        let prefix = match self {
            GroupKind::Css => "CSS",
            GroupKind::Asm => "ASM",
            GroupKind::Db => "DSC",
        };
        format!("{prefix}{seqno}")
    }
}

macro_rules! commands {
    ($($(#[doc = $doc:literal])* $command:ident = $code:literal, $name:literal;)*) => {
        /// What a CSS orders an EP to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Command { $($(#[doc = $doc])* $command,)* }

        impl Command {
            /// The name, as the log of the CSS prints it.
            pub const fn name(self) -> &'static str {
                match self { $(Command::$command => $name,)* }
            }

            /// The number on the voting disk.
            pub const fn code(self) -> u8 {
                match self { $(Command::$command => $code,)* }
            }

            /// The command with a number.
            pub const fn of_code(code: u8) -> Option<Command> {
                match code {
                    $($code => Some(Command::$command),)*
                    _ => None,
                }
            }
        }
    };
}

commands! {
    /// The mailbox is empty.
    None = 0, "NONE";
    /// First phase of crash handling: stop work, rebuild page ownership without the dead EP.
    EpCrashStep1 = 1, "EP_CRASH_STEP1";
    /// Second and third phase: redo and rollback for the dead EP.
    EpCrashStep2 = 2, "EP_CRASH_STEP2";
    /// Configure a virtual address (CSS) or the listener on it (dmserver).
    ConfigVip = 3, "CONFIG VIP";
    /// A rejoin begins.
    StartNotify = 4, "START NOTIFY";
    /// Hold user work.
    SuspendWorkers = 5, "SUSPEND EP WORKER THREAD";
    /// Go on with user work.
    ResumeWorkers = 6, "RESUME EP WORKER THREAD";
    /// Read the registry again.
    DcrLoad = 7, "DCR_LOAD";
    /// Take the returning EP into the membership.
    ErrorEpAdd = 8, "ERROR EP ADD";
    /// Rebuild the global services for the new membership.
    EpRecv = 9, "EP RECV";
    /// First step of a start.
    EpStart = 10, "EP START";
    /// Second step of a start: redo.
    EpStart2 = 11, "EP START2";
    /// Open the instance.
    EpOpen = 12, "EP OPEN";
    /// Let users in.
    EpRealOpen = 13, "EP REAL OPEN";
    /// Kill: end at once, unconditionally.
    SysHalt = 14, "SYS_HALT";
    /// All of crash handling in one step (`dm8-2024`).
    EpCrash = 15, "EP_CRASH";
    /// Undo a crash handling that another death interrupted (`dm8-2024`).
    CrashRollback = 16, "CRASH_ROLLBACK";
    /// Probe the other EPs and the third-party address, and report.
    LinkCheck = 17, "LINK_CHECK";
}
