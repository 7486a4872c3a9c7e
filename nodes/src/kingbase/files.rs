//! What an operator does with the files of the log: look, remove, and find out afterwards what is gone.

use std::collections::BTreeMap;

use super::connection::Connections;
use super::plan::{Node, Shared};
use super::speech::Speech;
use crate::parts::streaming_replication::files::WalFiles;
use crate::parts::streaming_replication::names::{parse_segment_name, segment_name};

/// Whether a name fits a pattern of the shell: `*` for anything, `[0-7]` for one of a range, everything else for itself.
pub(super) fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match pattern {
        [] => name.is_empty(),
        [b'*', rest @ ..] => (0..=name.len()).any(|skip| fits(rest, &name[skip..])),
        [b'[', low, b'-', high, b']', rest @ ..] => {
            name.first().is_some_and(|letter| (low..=high).contains(&letter)) && fits(rest, &name[1..])
        }
        [letter, rest @ ..] => name.first() == Some(letter) && fits(rest, &name[1..]),
    }
}

/// `sys_archivecleanup DIRECTORY OLDEST-KEPT`: removes the WAL files that sort before one, whatever their timeline, and
/// leaves their status files.
pub(super) fn archive_cleanup(speech: &Speech, plan: &Shared, node: &Node, words: &[&str]) -> i32 {
    let files = plan.files(speech.process.world(), node);
    let Some(oldest) = words.get(1).and_then(|name| parse_segment_name(name, files.segment_size())) else {
        speech.print("sys_archivecleanup: error: must specify oldest kept WAL file");
        return 2;
    };
    for file in files.segments() {
        if file.segment < oldest.1 {
            files.remove(&files.name_of(file));
        }
    }
    0
}

enum Folder {
    Log,
    Status,
    Archive,
}

fn folder_of(path: &str) -> Option<Folder> {
    let path = path.trim_end_matches('/');
    match path {
        path if path.ends_with("archive_status") => Some(Folder::Status),
        path if path.ends_with("sys_wal") => Some(Folder::Log),
        path if path.ends_with("archive") => Some(Folder::Archive),
        _ => None,
    }
}

fn names_in(speech: &Speech, files: &WalFiles, folder: &Folder) -> Vec<String> {
    match folder {
        Folder::Log => files.names(),
        Folder::Status => files.status_names(),
        Folder::Archive => {
            let paths = speech.process.list_files("archive/").into_iter();
            paths.filter_map(|path| path.strip_prefix("archive/").map(str::to_owned)).collect()
        }
    }
}

/// `ls DIRECTORY`
pub(super) fn list(speech: &Speech, plan: &Shared, node: &Node, words: &[&str]) -> i32 {
    let files = plan.files(speech.process.world(), node);
    let Some(folder) = words.last().and_then(|path| folder_of(path)) else {
        speech.print("ls: cannot access: No such file or directory");
        return 2;
    };
    let mut names = names_in(speech, &files, &folder);
    if matches!(folder, Folder::Log) {
        names.push("archive_status".to_owned());
    }
    names.sort();
    names.iter().for_each(|name| speech.print(name));
    0
}

/// `rm -rf DIRECTORY/PATTERN ...`
pub(super) fn remove(speech: &Speech, plan: &Shared, node: &Node, words: &[&str]) -> i32 {
    let files = plan.files(speech.process.world(), node);
    for path in words.iter().filter(|word| !word.starts_with('-')) {
        let (folder, pattern) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(folder) = folder_of(folder) else {
            speech.print(&format!("rm: cannot remove '{path}': only files of sys_wal can be removed here"));
            return 1;
        };
        for name in names_in(speech, &files, &folder) {
            if fits(pattern.as_bytes(), name.as_bytes()) {
                match folder {
                    Folder::Log => files.remove(&name),
                    Folder::Status => files.remove_status(&name),
                    Folder::Archive => node.directory.remove(&format!("archive/{name}")),
                };
            }
        }
    }
    0
}

/// Which of the segments up to the newest can be had from the archive or from sys_wal, and which cannot: a restore from
/// an older backup stops at the first that is missing.
pub(super) async fn restore_check(speech: &Speech, plan: &Shared, node: &Node) -> i32 {
    let files = plan.files(speech.process.world(), node);
    let size = files.segment_size();
    let archived = names_in(speech, &files, &Folder::Archive);
    let numbers = |names: &[String]| -> BTreeMap<u64, u64> {
        names
            .iter()
            .filter_map(|name| parse_segment_name(name, size))
            .map(|(timeline, segment)| (segment, timeline))
            .collect()
    };
    let (archived, present) = (numbers(&archived), numbers(&files.names()));
    let first = u64::try_from(plan.parameters.first_segment).unwrap_or(0);
    // Files that were removed are still known by their status, and the newest by the server that writes it.
    let waiting = numbers(&files.ready());
    let connections = Connections { process: speech.process.clone(), plan: plan.clone() };
    let written = connections.identity(node).await.ok().map(|identity| identity.log_end.0 / size);
    let known = present.keys().chain(archived.keys()).chain(waiting.keys()).copied();
    let newest = known.chain(written).max().unwrap_or(first);
    let missing: Vec<u64> =
        (first..=newest).filter(|segment| !archived.contains_key(segment) && !present.contains_key(segment)).collect();
    let orphans = files.ready().iter().filter(|name| !files.exists(name)).count();
    speech.print(&format!("{} segments in the archive, {} in sys_wal", archived.len(), present.len()));
    speech
        .print(&format!("{} files wait to be archived, {orphans} of them without their WAL file", files.ready().len()));
    match (missing.first(), missing.last()) {
        (Some(low), Some(high)) => {
            let (low, high) = (segment_name(1, *low, size), segment_name(1, *high, size));
            speech.print(&format!("archive gap: {} segments from {low} to {high} are gone", missing.len()));
            speech.print("point-in-time recovery from a backup made before the gap ends where it begins");
            1
        }
        _ => {
            speech.print("no archive gap");
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_incidents_pattern_takes_00_to_7f_and_leaves_80_to_8b() {
        let pattern = b"0000000100000000000000[0-7]*";
        assert!(fits(pattern, b"000000010000000000000006.ready"));
        assert!(fits(pattern, b"00000001000000000000007F.ready"));
        assert!(!fits(pattern, b"000000010000000000000080.ready"));
        assert!(!fits(pattern, b"00000001000000000000008B.ready"));
    }
}
