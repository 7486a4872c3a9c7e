//! `sys_wal` and `archive_status`: the files of one host that say which segments exist and which wait to be archived.
//!
//! Several processes of the host work with them at once, as on a real one: the server, the operator's shell, a tool
//! that came over ssh. Nothing here is kept in memory: what was removed is gone for everybody at the next look.

use std::collections::BTreeSet;

use super::directory::Directory;
use super::history::History;
use super::names::{self, Timeline};
use crate::world::World;
use crate::world::device::IoError;
use crate::world::trace::HostId;

/// Where replication slots are kept.
const SLOTS: &str = "data/sys_replslot/";

/// The files of a node's log.
#[derive(Clone)]
pub struct WalFiles {
    world: World,
    host: HostId,
    directory: String,
    segment_size: u64,
    /// Where the files are bytes on a device; without it they last as long as the world.
    kept: Option<Directory>,
}

/// A segment that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentFile {
    /// Its number.
    pub segment: u64,
    /// Its timeline.
    pub timeline: Timeline,
}

impl WalFiles {
    /// The log in `directory` (`data/sys_wal`) of a host.
    pub fn new(world: &World, host: HostId, directory: &str, segment_size: u64) -> Self {
        WalFiles { world: world.clone(), host, directory: directory.to_owned(), segment_size, kept: None }
    }

    /// The same files, kept on a device.
    pub fn kept_in(self, directory: &Directory) -> Self {
        WalFiles { kept: Some(directory.clone()), ..self }
    }

    /// Waits until all files are stable, with their content (`fsync`); at once where they are kept on no device.
    ///
    /// # Errors
    /// [`IoError`] if the device fails.
    pub async fn sync(&self) -> Result<(), IoError> {
        match &self.kept {
            Some(kept) => kept.sync().await,
            None => Ok(()),
        }
    }

    /// How the device of the files failed, if it did.
    pub fn failure(&self) -> Option<IoError> {
        self.kept.as_ref().and_then(Directory::failure)
    }

    fn put(&self, path: &str, bytes: Vec<u8>) {
        match &self.kept {
            Some(kept) => kept.write(path, bytes),
            None => self.world.write_file(self.host, path, bytes),
        }
    }

    fn take(&self, path: &str) -> bool {
        match &self.kept {
            Some(kept) => kept.remove(path),
            None => self.world.remove_file(self.host, path).is_some(),
        }
    }

    /// The names of the replication slots that are kept, with what is kept of each.
    pub fn slots(&self) -> Vec<(String, String)> {
        let read = |path: String| {
            let text = String::from_utf8(self.world.read_file(self.host, &path)?).ok()?;
            Some((path.rsplit('/').next().unwrap_or_default().to_owned(), text))
        };
        self.world.list_files(self.host, SLOTS).into_iter().filter_map(read).collect()
    }

    /// Keeps a replication slot.
    pub fn write_slot(&self, name: &str, text: &str) {
        let path = format!("{SLOTS}{name}");
        // Most checkpoints find most slots where they were.
        if self.world.read_file(self.host, &path).is_none_or(|known| known != text.as_bytes()) {
            self.put(&path, text.as_bytes().to_vec());
        }
    }

    /// Forgets a replication slot.
    pub fn remove_slot(&self, name: &str) {
        self.take(&format!("{SLOTS}{name}"));
    }

    /// The name of a segment's file.
    pub fn name_of(&self, file: SegmentFile) -> String {
        names::segment_name(file.timeline, file.segment, self.segment_size)
    }

    /// Bytes of a segment.
    pub fn segment_size(&self) -> u64 {
        self.segment_size
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.directory)
    }

    fn status_path(&self, name: &str, status: &str) -> String {
        format!("{}/archive_status/{name}.{status}", self.directory)
    }

    /// The names of all files of the log, status files aside.
    pub fn names(&self) -> Vec<String> {
        let prefix = format!("{}/", self.directory);
        let files = self.world.list_files(self.host, &prefix).into_iter();
        files.filter_map(|path| path.strip_prefix(&prefix).map(str::to_owned)).filter(|it| !it.contains('/')).collect()
    }

    /// The names of all status files.
    pub fn status_names(&self) -> Vec<String> {
        let prefix = format!("{}/archive_status/", self.directory);
        let files = self.world.list_files(self.host, &prefix).into_iter();
        files.filter_map(|path| path.strip_prefix(&prefix).map(str::to_owned)).collect()
    }

    /// The segments that exist, by number and timeline.
    pub fn segments(&self) -> BTreeSet<SegmentFile> {
        let parse = |name: String| {
            let (timeline, segment) = names::parse_segment_name(&name, self.segment_size)?;
            Some(SegmentFile { segment, timeline })
        };
        self.names().into_iter().filter_map(parse).collect()
    }

    /// Whether there is a file of this segment, of any timeline.
    pub fn has_segment(&self, segment: u64) -> bool {
        self.segments().iter().any(|file| file.segment == segment)
    }

    /// The oldest segment that exists.
    pub fn oldest(&self) -> Option<u64> {
        self.segments().first().map(|file| file.segment)
    }

    /// Makes the file of a segment; its bytes are on the device.
    pub fn create_segment(&self, file: SegmentFile) {
        self.write(&self.name_of(file), format!("segment {} of the log device", file.segment).into_bytes());
    }

    /// Writes a file with its content.
    pub fn write(&self, name: &str, bytes: Vec<u8>) {
        self.put(&self.path(name), bytes);
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.world.read_file(self.host, &self.path(name))
    }

    /// Whether a file exists.
    pub fn exists(&self, name: &str) -> bool {
        self.read(name).is_some()
    }

    /// Removes a file; whether it was there.
    pub fn remove(&self, name: &str) -> bool {
        self.take(&self.path(name))
    }

    /// Removes a status file such as `00000001000000000000008A.ready`; whether it was there.
    pub fn remove_status(&self, name: &str) -> bool {
        self.take(&format!("{}/archive_status/{name}", self.directory))
    }

    /// A file waits to be archived.
    pub fn mark_ready(&self, name: &str) {
        if !self.is_done(name) {
            self.put(&self.status_path(name, "ready"), Vec::new());
        }
    }

    /// A file is archived, or needs not to be.
    pub fn mark_done(&self, name: &str) {
        self.take(&self.status_path(name, "ready"));
        self.put(&self.status_path(name, "done"), Vec::new());
    }

    /// Whether a file is archived.
    pub fn is_done(&self, name: &str) -> bool {
        self.world.read_file(self.host, &self.status_path(name, "done")).is_some()
    }

    /// Whether a file waits to be archived.
    pub fn is_ready(&self, name: &str) -> bool {
        self.world.read_file(self.host, &self.status_path(name, "ready")).is_some()
    }

    /// What waits to be archived, in the order in which the archiver takes it: history files first, then the oldest.
    pub fn ready(&self) -> Vec<String> {
        let names = self.status_names().into_iter();
        let mut ready: Vec<String> = names.filter_map(|name| name.strip_suffix(".ready").map(str::to_owned)).collect();
        ready.sort_by_key(|name| (names::parse_history_name(name).is_none(), name.clone()));
        ready
    }

    /// The history of a timeline; a timeline without a file has no ancestors.
    pub fn history(&self, timeline: Timeline) -> History {
        let text = self.read(&names::history_name(timeline)).and_then(|bytes| String::from_utf8(bytes).ok());
        let parsed = text.and_then(|text| History::parse(timeline, &text).ok());
        parsed.unwrap_or_else(|| History::root(timeline))
    }

    /// Writes the history file of a timeline.
    pub fn write_history(&self, history: &History) {
        self.write(&names::history_name(history.timeline), history.text().into_bytes());
    }

    /// The highest timeline any file speaks of.
    pub fn highest_timeline(&self) -> Timeline {
        let of_history = self.names().into_iter().filter_map(|name| names::parse_history_name(&name));
        of_history.chain(self.segments().into_iter().map(|file| file.timeline)).max().unwrap_or(1)
    }
}
