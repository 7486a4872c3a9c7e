//! The rules of a DMS reform: types, steps, the judgement, the health check. Pure functions and tables; the processes
//! that feed them are in `gaussdb`.

pub mod health;
pub mod judge;
pub mod steps;

use super::messages::InstanceId;

/// A set of instances, as DMS keeps it: one bit each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bitmap(pub u64);

impl Bitmap {
    /// The set with one member.
    pub const fn of(instance: InstanceId) -> Self {
        Bitmap(1 << instance)
    }

    /// Whether an instance is in it.
    pub const fn contains(self, instance: InstanceId) -> bool {
        self.0 >> instance & 1 == 1
    }

    /// The set with one more member.
    pub const fn with(self, instance: InstanceId) -> Self {
        Bitmap(self.0 | 1 << instance)
    }

    /// The set with one member less.
    pub const fn without(self, instance: InstanceId) -> Self {
        Bitmap(self.0 & !(1 << instance))
    }

    /// Those of this set that are not in the other.
    pub const fn minus(self, other: Bitmap) -> Self {
        Bitmap(self.0 & !other.0)
    }

    /// Whether nobody is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, smallest first.
    pub fn iter(self) -> impl Iterator<Item = InstanceId> {
        (0..64).filter(move |instance| self.contains(*instance))
    }
}

impl FromIterator<InstanceId> for Bitmap {
    fn from_iter<I: IntoIterator<Item = InstanceId>>(instances: I) -> Self {
        instances.into_iter().fold(Bitmap::default(), Bitmap::with)
    }
}

impl std::fmt::Debug for Bitmap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Names one life of an instance: its number and when it initialised DMS, in microseconds since 2000-01-01.
/// Compared for equality only, never ordered (`DMS: src/rc/dms_reform_proc.c` dms_reform_version_same).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Version {
    /// The instance.
    pub instance: InstanceId,
    /// When this life of it began.
    pub start_time: u64,
}

/// How an instance stands in the cluster (`DMS: src/rc/dms_reform.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// DMS is initialised, the database not yet ready for its first reform.
    Out,
    /// It waits for its first reform.
    Join,
    /// Its first round is under way.
    Reform,
    /// It has finished a round in this life.
    In,
}

/// The kinds of a reform round in openGauss (`DMS: src/rc/dms_reform_judge.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReformType {
    /// Members join, leave, or the primary restarted.
    Normal,
    /// The lock owner is not the recorded primary: it takes over.
    Failover,
    /// A planned move of the primary.
    Switchover,
    /// Nothing changed but the last round failed: build everything again.
    FullClean,
}

impl ReformType {
    /// Its name in the DMS run log.
    pub const fn dms_name(self) -> &'static str {
        match self {
            ReformType::Normal => "OPENGAUSS_NORMAL",
            ReformType::Failover => "FAILOVER FOR OPENGAUSS",
            ReformType::Switchover => "SWITCHOVER FOR OPENGAUSS",
            ReformType::FullClean => "FULL_CLEAN",
        }
    }

    /// Its name in pg_log.
    pub const fn database_name(self) -> &'static str {
        match self {
            ReformType::Normal => "normal reform",
            ReformType::Failover => "failover reform",
            ReformType::Switchover => "switchover reform",
            ReformType::FullClean => "full clean reform",
        }
    }

    /// Its name in announcements.
    pub const fn word(self) -> &'static str {
        match self {
            ReformType::Normal => "normal",
            ReformType::Failover => "failover",
            ReformType::Switchover => "switchover",
            ReformType::FullClean => "full-clean",
        }
    }
}

/// What every participant of a round is told when it begins.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShareInfo {
    /// The kind of round.
    pub reform_type: ReformType,
    /// Goes up with each judged round of one reformer.
    pub version_number: u64,
    /// When the round was judged; messages of another round carry another one.
    pub judge_time: u64,
    /// Who organised it.
    pub reformer: Version,
    /// Of a switchover, the new primary as it was when it asked.
    pub switch_version: Option<Version>,
    /// The old primary of a switchover.
    pub demote: Option<InstanceId>,
    /// Whose log a failover replays: the recorded primary.
    pub last_primary: InstanceId,
    /// Who takes part, with the life each was in when the round was judged.
    pub participants: Vec<Version>,
    /// Which participants begin their life with this round, or begin it again.
    pub joining: Bitmap,
    /// The steps.
    pub steps: Vec<steps::Step>,
}

impl ShareInfo {
    /// The participants as a set.
    pub fn bitmap(&self) -> Bitmap {
        self.participants.iter().map(|version| version.instance).collect()
    }

    /// The new primary of a switchover.
    pub fn promote(&self) -> Option<InstanceId> {
        self.switch_version.map(|version| version.instance)
    }
}
