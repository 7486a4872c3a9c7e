//! The words a scenario may use that are not the language's own: products and all that belongs to them, checks,
//! workloads, events.
//!
//! Lowering must not know any product, or a new product would mean a new scenario language. So it is given this
//! plain list, which is filled from the product catalogue and the catalogue of checks. It holds names and one
//! sentence about each, never behaviour.

/// Everything a scenario can name.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// The products.
    pub products: Vec<Product>,
    /// The checks every product shares.
    pub checks: Vec<CheckWord>,
    /// The workloads.
    pub workloads: Vec<Word>,
    /// The events every product announces (a process exits, a connection breaks).
    pub events: Vec<Word>,
}

/// A name and one sentence about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The name, as a scenario writes it.
    pub name: String,
    /// What it is.
    pub doc: String,
}

/// One modelled product.
#[derive(Clone, Debug, Default)]
pub struct Product {
    /// Its module name: `opengauss_dms`.
    pub model: String,
    /// What an operator calls it: `openGauss resource pooling`.
    pub title: String,
    /// Versions whose behaviour differs; the first is the default.
    pub profiles: Vec<Word>,
    /// Roles of hosts.
    pub roles: Vec<Role>,
    /// Roles bound at trigger time that only this product has (`reformer`, `control-node`).
    pub selectors: Vec<Word>,
    /// Block devices; the first is the default of a device fault.
    pub devices: Vec<Device>,
    /// Parameters under their real names.
    pub parameters: Vec<Parameter>,
    /// Real bugs that can be switched back on.
    pub defects: Vec<Word>,
    /// Events its nodes announce (`reformer-lock.acquired`).
    pub events: Vec<Word>,
    /// What an operator can type.
    pub commands: Vec<CommandWord>,
    /// Portable verbs it has a command for.
    pub verbs: Vec<VerbAlias>,
    /// Checks of its own.
    pub checks: Vec<CheckWord>,
    /// Names of the workloads it serves.
    pub workloads: Vec<String>,
    /// Files a fault can remove (`pg_hba.conf`).
    pub files: Vec<Word>,
    /// Commands its processes call that a fault can break (`ssh`, `archive_command`).
    pub external_commands: Vec<Word>,
}

/// A role of a host.
#[derive(Clone, Debug, Default)]
pub struct Role {
    /// Its name: `standby`.
    pub name: String,
    /// What such a host does.
    pub doc: String,
    /// Which of the processes is meant by the host's bare name in `kill = "dn2"`.
    pub database: String,
    /// What runs on it, the database process included.
    pub processes: Vec<String>,
}

/// A block device of the product.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// Its name: `shared`, `voting`, `data`.
    pub name: String,
    /// What is on it.
    pub doc: String,
    /// True if several hosts reach it, each by a path of its own; false if every host has one.
    pub shared: bool,
    /// Named parts of it (`wal`, `control`), for faults that hit one of them.
    pub regions: Vec<Word>,
}

/// A parameter of a product.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its real name.
    pub name: String,
    /// What it sets.
    pub doc: String,
    /// What it can be.
    pub kind: ParameterKind,
    /// Its default, as a scenario would write it.
    pub default: String,
}

/// What a parameter can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A length of time; a bare integer counts `bare_unit`s, if the product's own files allow that.
    Duration {
        /// The length of one unit of a bare integer.
        bare_unit: Option<std::time::Duration>,
    },
    /// A whole number between both bounds, which are included.
    Integer {
        /// The smallest.
        low: i64,
        /// The largest.
        high: i64,
    },
    /// A fraction.
    Ratio,
    /// A number of bytes.
    Size,
    /// Any text.
    Text,
    /// `true`, `false`, `"on"` or `"off"`.
    Boolean,
    /// One of these words.
    OneOf(Vec<String>),
}

/// A check of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckWord {
    /// Its name: `single-writer`.
    pub name: String,
    /// What it promises, in one sentence.
    pub promise: String,
    /// When it can be asked.
    pub kind: CheckKind,
}

/// What sort of rule a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckKind {
    /// Something bad never happens: `always`.
    Safety,
    /// Something good happens in the end: `eventually`, `sometimes`.
    Liveness,
}

/// A portable verb and the product's command it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerbAlias {
    /// The verb: `switchover`.
    pub verb: String,
    /// The command, for people to read: `cm_ctl switchover -n N -D DIR`.
    pub command: String,
}

/// One command an operator can type.
#[derive(Clone, Debug, Default)]
pub struct CommandWord {
    /// The program: `cm_ctl`.
    pub program: String,
    /// The words that choose what it does: `switchover`, or `standby switchover`.
    pub words: Vec<String>,
    /// Its options.
    pub options: Vec<OptionWord>,
    /// Its other arguments, in order.
    pub positionals: Vec<PositionalWord>,
    /// What it does.
    pub doc: String,
}

/// An option of a command.
#[derive(Clone, Debug, Default)]
pub struct OptionWord {
    /// Its spellings, the one the model uses first: `-n`, `--node`.
    pub flags: Vec<String>,
    /// What it takes, if anything.
    pub value: Option<ArgumentKind>,
    /// True if the command needs it.
    pub required: bool,
    /// What it means.
    pub doc: String,
}

/// An argument that is not an option.
#[derive(Clone, Debug, Default)]
pub struct PositionalWord {
    /// Its name in help: `FILE`.
    pub name: String,
    /// What it can be.
    pub kind: ArgumentKind,
    /// True if the command needs it.
    pub required: bool,
    /// True if it can be given more than once; such an argument is the last.
    pub repeated: bool,
}

/// What an argument of a command can be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ArgumentKind {
    /// Anything.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// A path.
    Path,
    /// One of these words.
    OneOf(Vec<String>),
}

impl Word {
    /// `name`, which is `doc`.
    pub fn new(name: impl Into<String>, doc: impl Into<String>) -> Self {
        Word { name: name.into(), doc: doc.into() }
    }
}

impl Vocabulary {
    /// The product called `model`.
    pub fn product(&self, model: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.model == model)
    }
}

impl Product {
    /// The role called `name`.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// The device called `name`.
    pub fn device(&self, name: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.name == name)
    }

    /// The parameter called `name`.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Every process of every role, each once.
    pub fn processes(&self) -> Vec<&str> {
        let all: std::collections::BTreeSet<&str> =
            self.roles.iter().flat_map(|role| role.processes.iter().map(String::as_str)).collect();
        all.into_iter().collect()
    }
}

/// The names of some words.
pub fn names(words: &[Word]) -> impl Iterator<Item = &str> {
    words.iter().map(|word| word.name.as_str())
}
