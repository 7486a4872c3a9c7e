//! The results of a campaign on disk: one line a seed, in the order of the plan, behind one line that says which
//! campaign it is.
//!
//! A campaign may be killed at any moment. What was written by then is a beginning of what it would have written; the
//! last line may be cut. Resuming cuts that line off, compares the rest with the plan and goes on behind it, so the
//! finished file is the same bytes as one of a campaign that nobody disturbed. No time and no place is written.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use nodes::world::digest::Digest;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::line::ExploredSeed;
use super::plan::{Plan, Range, Shard};
use crate::scenario::Accepted;

/// The name of the file in the folder of a campaign.
pub const NAME: &str = "explore.jsonl";

/// Which campaign a file belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// The version of simrun: another one may run the same seed differently.
    pub simrun: String,
    /// The scenarios, in the order of the campaign.
    pub scenarios: Vec<Explored>,
    /// The share that is in this file.
    pub shard: String,
    /// Whether each seed had a configuration drawn for it.
    #[serde(default, skip_serializing_if = "is_no")]
    pub swarm: bool,
    /// Whether later seeds go on from what earlier ones have shown.
    #[serde(default, skip_serializing_if = "is_no")]
    pub guided: bool,
    /// Whether each seed heals a core and asks it for progress.
    #[serde(default, skip_serializing_if = "is_no")]
    pub liveness: bool,
}

fn is_no(answer: &bool) -> bool {
    !answer
}

/// A scenario of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explored {
    /// Its path, as it was given.
    pub scenario: String,
    /// The digest of its text: a changed file is another scenario.
    pub text: String,
    /// Its seeds.
    pub seeds: String,
}

/// The first line of a file.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    campaign: Campaign,
}

/// Why results cannot be used.
#[derive(Debug, Error)]
pub enum FileError {
    /// Reading or writing failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A campaign would be overwritten.
    #[error("{} holds results already: go on with --resume, or name another folder with --out", .0.display())]
    Exists(PathBuf),
    /// It belongs to another campaign.
    #[error("{} belongs to another campaign: {what} was {theirs} and is {ours}", path.display())]
    OtherCampaign {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// In the file.
        theirs: String,
        /// Now.
        ours: String,
    },
    /// A line is not a result.
    #[error("{} line {line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// Two files have run one seed differently.
    #[error("{0}")]
    Different(Box<Different>),
}

/// One seed that two files have run differently.
#[derive(Debug, Error)]
#[error(
    "seed {seed} of {scenario} ran differently in {} and in {}: hash {hash} and {other_hash}",
    path.display(), other.display()
)]
pub struct Different {
    /// The scenario.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// One file.
    pub path: PathBuf,
    /// Its hash.
    pub hash: String,
    /// The other file.
    pub other: PathBuf,
    /// Its hash.
    pub other_hash: String,
}

impl Campaign {
    /// The campaign over these scenarios.
    pub fn of(scenarios: &[Accepted], ranges: &[Range], shard: Shard) -> Campaign {
        let explored = |(accepted, range): (&Accepted, &Range)| Explored {
            scenario: accepted.scenario.path.clone(),
            text: format!("{:016x}", Digest::of(accepted.source.text())),
            seeds: range.to_string(),
        };
        Campaign {
            simrun: env!("CARGO_PKG_VERSION").to_owned(),
            scenarios: scenarios.iter().zip(ranges).map(explored).collect(),
            shard: shard.to_string(),
            swarm: false,
            guided: false,
            liveness: false,
        }
    }

    /// The first line of its file, without a line break.
    fn head(&self) -> String {
        let head = Head { format: reports::FORMAT, campaign: self.clone() };
        serde_json::to_string(&head).expect("a head holds only strings and integers")
    }

    fn number_of(&self, scenario: &str) -> Option<usize> {
        self.scenarios.iter().position(|known| known.scenario == scenario)
    }

    /// Refuses a campaign that is not this one; its share may differ if shares are being put together.
    fn compare(&self, theirs: &Campaign, path: &Path, shares_may_differ: bool) -> Result<(), FileError> {
        let differs = |what, theirs: &dyn ToString, ours: &dyn ToString| {
            let (theirs, ours) = (theirs.to_string(), ours.to_string());
            Err(FileError::OtherCampaign { path: path.to_owned(), what, theirs, ours })
        };
        if theirs.simrun != self.simrun {
            return differs("the version of simrun", &theirs.simrun, &self.simrun);
        }
        if theirs.scenarios.len() != self.scenarios.len() {
            return differs("the number of scenarios", &theirs.scenarios.len(), &self.scenarios.len());
        }
        for (theirs, ours) in theirs.scenarios.iter().zip(&self.scenarios) {
            if theirs.scenario != ours.scenario {
                return differs("a scenario", &theirs.scenario, &ours.scenario);
            }
            if theirs.text != ours.text {
                return differs("the digest of a scenario's text", &theirs.text, &ours.text);
            }
            if theirs.seeds != ours.seeds {
                return differs("the seeds", &theirs.seeds, &ours.seeds);
            }
        }
        if theirs.swarm != self.swarm {
            return differs("--swarm", &theirs.swarm, &self.swarm);
        }
        if theirs.liveness != self.liveness {
            return differs("--liveness", &theirs.liveness, &self.liveness);
        }
        if theirs.guided != self.guided {
            return differs("--guided", &theirs.guided, &self.guided);
        }
        if !shares_may_differ && theirs.shard != self.shard {
            return differs("the share", &theirs.shard, &self.shard);
        }
        Ok(())
    }
}

/// A file that is being written.
pub struct Appending {
    file: File,
    path: PathBuf,
}

impl Appending {
    /// Begins a file.
    ///
    /// # Errors
    /// [`FileError::Exists`] if there are results already.
    pub fn begin(path: &Path, campaign: &Campaign) -> Result<Appending, FileError> {
        let io = |source| FileError::Io { path: path.to_owned(), source };
        if path.metadata().is_ok_and(|about| about.len() > 0) {
            return Err(FileError::Exists(path.to_owned()));
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(path).map_err(io)?;
        let mut begun = Appending { file, path: path.to_owned() };
        begun.append(&campaign.head())?;
        begun.sync()?;
        Ok(begun)
    }

    /// Goes on behind the last whole line; every line is given to `each`, and `plan` goes on behind them.
    ///
    /// # Errors
    /// [`FileError`] if the file belongs to another campaign or is not what that campaign would have written.
    pub fn resume(
        path: &Path,
        campaign: &Campaign,
        plan: &mut Plan,
        mut each: impl FnMut(&ExploredSeed),
    ) -> Result<Appending, FileError> {
        let mut reading = match Reading::open(path) {
            Ok(reading) => reading,
            // Killed before anything was written, or never begun.
            Err(FileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Appending::begin(path, campaign);
            }
            Err(error) => return Err(error),
        };
        let Some(theirs) = reading.campaign()? else {
            std::fs::remove_file(path).map_err(|source| FileError::Io { path: path.to_owned(), source })?;
            return Appending::begin(path, campaign);
        };
        campaign.compare(&theirs, path, false)?;
        while let Some(line) = reading.next()? {
            let found = (line.line.seed, campaign.number_of(&line.line.scenario));
            let due = plan.next().map(|work| (work.seed, Some(work.scenario)));
            if due != Some(found) {
                let reason = format!("seed {} of {} is not what comes next", line.line.seed, line.line.scenario);
                return Err(reading.wrong(reason));
            }
            each(&line);
        }
        let whole = reading.whole;
        let io = |source| FileError::Io { path: path.to_owned(), source };
        let mut file = OpenOptions::new().write(true).open(path).map_err(io)?;
        file.set_len(whole).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        Ok(Appending { file, path: path.to_owned() })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn append(&mut self, line: &str) -> Result<(), FileError> {
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        // One write for the whole line: a kill cuts between lines, or within the last.
        self.file.write_all(&bytes).map_err(|source| FileError::Io { path: self.path.clone(), source })
    }

    /// Makes sure that what was added outlives a power cut.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn sync(&mut self) -> Result<(), FileError> {
        self.file.sync_data().map_err(|source| FileError::Io { path: self.path.clone(), source })
    }
}

/// A file that is being read.
struct Reading {
    lines: BufReader<File>,
    path: PathBuf,
    number: u64,
    /// How many bytes are whole lines.
    whole: u64,
}

impl Reading {
    fn open(path: &Path) -> Result<Reading, FileError> {
        let file = File::open(path).map_err(|source| FileError::Io { path: path.to_owned(), source })?;
        Ok(Reading { lines: BufReader::new(file), path: path.to_owned(), number: 0, whole: 0 })
    }

    fn wrong(&self, reason: impl Into<String>) -> FileError {
        FileError::Line { path: self.path.clone(), line: self.number, reason: reason.into() }
    }

    /// The next whole line; a line without its end was being written when the campaign was killed.
    fn line(&mut self) -> Result<Option<Vec<u8>>, FileError> {
        let mut line = Vec::new();
        let io = |source| FileError::Io { path: self.path.clone(), source };
        self.lines.read_until(b'\n', &mut line).map_err(io)?;
        self.number += 1;
        if line.pop() != Some(b'\n') {
            return Ok(None);
        }
        self.whole += line.len() as u64 + 1;
        Ok(Some(line))
    }

    fn campaign(&mut self) -> Result<Option<Campaign>, FileError> {
        let Some(line) = self.line()? else { return Ok(None) };
        let head: Head = serde_json::from_slice(&line)
            .map_err(|error| self.wrong(format!("this is not the head of a campaign's results: {error}")))?;
        if head.format > reports::FORMAT {
            return Err(self.wrong(format!("format {} is newer than this simrun", head.format)));
        }
        Ok(Some(head.campaign))
    }

    fn next(&mut self) -> Result<Option<ExploredSeed>, FileError> {
        let Some(line) = self.line()? else { return Ok(None) };
        serde_json::from_slice(&line).map(Some).map_err(|error| self.wrong(format!("not a result: {error}")))
    }
}

/// What came of putting files together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Results written.
    pub results: u64,
    /// Seeds of the campaign that no file has; `None` if the campaign has no end.
    pub missing: Option<u64>,
}

/// Puts the files of a campaign's shares together, in the order of an undivided campaign: `each` gets the lines, the
/// head first.
///
/// # Errors
/// [`FileError`] if a file is of another campaign, or two files have run a seed differently.
pub fn merge(
    paths: &[PathBuf],
    mut each: impl FnMut(&str, Option<&ExploredSeed>) -> Result<(), FileError>,
) -> Result<Merged, FileError> {
    let mut sources = Vec::new();
    let mut whole: Option<Campaign> = None;
    for path in paths {
        let mut reading = Reading::open(path)?;
        let Some(theirs) = reading.campaign()? else { continue };
        match &whole {
            Some(whole) => whole.compare(&theirs, path, true)?,
            None => whole = Some(Campaign { shard: Shard::ALL.to_string(), ..theirs }),
        }
        let first = reading.next()?;
        sources.push((reading, first));
    }
    let Some(whole) = whole else { return Ok(Merged::default()) };
    each(&whole.head(), None)?;
    let mut results = 0;
    let mut last: Option<(ExploredSeed, PathBuf)> = None;
    while let Some(from) = next_source(&whole, &sources)? {
        let (reading, waiting) = &mut sources[from];
        let Some(line) = waiting.take() else { break };
        *waiting = reading.next()?;
        if let Some((known, path)) = &last
            && (known.line.seed, &known.line.scenario) == (line.line.seed, &line.line.scenario)
        {
            if *known == line {
                continue;
            }
            return Err(different(known, path, &line, &reading.path));
        }
        each(&line.to_json(), Some(&line))?;
        results += 1;
        last = Some((line, reading.path.clone()));
    }
    let ranges: Option<Vec<Range>> = whole.scenarios.iter().map(|explored| range(&explored.seeds)).collect();
    let due = ranges.and_then(|ranges| Plan::new(ranges, Shard::ALL).len());
    Ok(Merged { results, missing: due.map(|due| due.saturating_sub(results)) })
}

fn different(known: &ExploredSeed, path: &Path, line: &ExploredSeed, other: &Path) -> FileError {
    FileError::Different(Box::new(Different {
        scenario: line.line.scenario.clone(),
        seed: line.line.seed,
        path: path.to_owned(),
        hash: known.line.hash.clone(),
        other: other.to_owned(),
        other_hash: line.line.hash.clone(),
    }))
}

/// Which file has the line that comes next.
fn next_source(whole: &Campaign, sources: &[(Reading, Option<ExploredSeed>)]) -> Result<Option<usize>, FileError> {
    let mut first: Option<((u64, usize), usize)> = None;
    for (number, (reading, line)) in sources.iter().enumerate() {
        let Some(line) = line else { continue };
        let scenario = whole.number_of(&line.line.scenario);
        let scenario = scenario.ok_or_else(|| reading.wrong("its scenario is not in the head of the file"))?;
        let key = ((line.line.seed, scenario), number);
        first = Some(first.map_or(key, |known| known.min(key)));
    }
    Ok(first.map(|(_, number)| number))
}

fn range(text: &str) -> Option<Range> {
    let (first, last) = text.split_once("..")?;
    let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
    Some(Range { first: first.parse().ok()?, last })
}
