//! Why a benchmark has no figure to show.

/// What kept a benchmark from measuring what it says it measures.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// madsim's network refused an operation.
    #[error("madsim's network failed: {0}; nothing in this benchmark injects faults, so this is a defect of it")]
    Madsim(#[from] std::io::Error),
    /// turmoil ended its simulation with an error.
    #[error("turmoil's simulation failed: {0}; nothing in this benchmark injects faults, so this is a defect of it")]
    Turmoil(String),
    /// A process or thread of a contestant could not be started or watched.
    #[error("a contestant's own process cannot be run: {0}")]
    Process(std::io::Error),
    /// A device could not be built.
    #[error(transparent)]
    Device(#[from] nodes::world::device::DeviceError),
    /// A drill could not be run.
    #[error("the drill whose memory is measured cannot be run: {0}")]
    Drill(String),
    /// The work under the stopwatch was not the work announced.
    #[error("{contestant} finished {finished} of {expected} messages or requests: its time would mean nothing")]
    Incomplete {
        /// Whose run it was.
        contestant: &'static str,
        /// How many messages arrived, or requests succeeded.
        finished: u64,
        /// How many should have.
        expected: u64,
    },
    /// The scenario under the stopwatch is not one.
    #[error("the scenario cannot be run: {0}; it is a shipped one, so this is a defect of simrun")]
    Scenario(String),
    /// The scenario could not be run to its end.
    #[error(transparent)]
    Run(#[from] simrun::run::RunError),
    /// The folder of scenarios cannot be read.
    #[error("{}: {source}; name the folder with --scenarios", path.display())]
    Folder {
        /// The folder.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What was shrunk could not be kept.
    #[error("{}: {source}; name another folder with --out", path.display())]
    Unwritable {
        /// The folder.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The figures could not be written as JSON.
    #[error("the figures cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Checks that a run did all its work.
pub fn require_all(contestant: &'static str, finished: u64, expected: u64) -> Result<(), Error> {
    if finished == expected { Ok(()) } else { Err(Error::Incomplete { contestant, finished, expected }) }
}
