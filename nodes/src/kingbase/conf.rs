//! Configuration files: `kingbase.conf`, then `es_rep.conf`, then `kingbase.auto.conf`; the last one wins.
//!
//! That a value set by a command (auto.conf) silently beats the one an operator writes into the file is how a cluster
//! meant to be synchronous was found asynchronous (KingbaseES reference, section 6, row 22).

use std::collections::BTreeMap;

use crate::world::World;
use crate::world::trace::HostId;

/// The files, in the order in which they are read.
pub(super) const FILES: [&str; 3] = ["data/kingbase.conf", "data/es_rep.conf", "data/kingbase.auto.conf"];
/// The file that `ALTER SYSTEM` writes.
pub(super) const AUTO: &str = FILES[2];

/// The user that the database and its tools run as.
pub(super) const USER: &str = "kingbase";

/// The lines `name = 'value'` of a text.
pub(super) fn parse(text: &str) -> BTreeMap<String, String> {
    let setting = |line: &str| {
        let (name, value) = line.split('#').next()?.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().trim_matches('\'').to_owned()))
    };
    text.lines().filter_map(setting).collect()
}

/// What the files of a host say together.
pub(super) fn read(world: &World, host: HostId) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for file in FILES {
        all.extend(read_file(world, host, file));
    }
    all
}

fn read_file(world: &World, host: HostId, file: &str) -> BTreeMap<String, String> {
    let bytes = world.read_file(host, file).unwrap_or_default();
    parse(&String::from_utf8_lossy(&bytes))
}

/// Who owns a file, as `chown` has it; files are made by the user of the database.
pub(super) fn owner(world: &World, host: HostId, file: &str) -> String {
    let owner = world.read_file(host, &owner_of(file));
    owner.map_or_else(|| USER.to_owned(), |owner| String::from_utf8_lossy(&owner).into_owned())
}

/// Gives a file to somebody.
pub(super) fn set_owner(world: &World, host: HostId, file: &str, owner: &str) {
    world.write_file(host, &owner_of(file), owner.as_bytes().to_vec());
}

fn owner_of(file: &str) -> String {
    format!("owner of {file}")
}

/// Sets a value in one file.
pub(super) fn set(world: &World, host: HostId, file: &str, name: &str, value: &str) {
    let mut settings = read_file(world, host, file);
    settings.insert(name.to_owned(), value.to_owned());
    let text: String = settings.iter().map(|(name, value)| format!("{name} = '{value}'\n")).collect();
    world.write_file(host, file, text.into_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_without_quotes_and_comments() {
        let read = parse("archive_command = '/bin/cp -f %p archive/%f'\n# a comment\narchive_mode=on # restart\n");
        assert_eq!(read["archive_command"], "/bin/cp -f %p archive/%f");
        assert_eq!(read["archive_mode"], "on");
        assert_eq!(read.len(), 2);
    }
}
