//! The local directory of a node (`$PGDATA`): role files, configuration, the local copies of shared data.
//!
//! A node is what its files say: `replica.signal` makes it a replica, `standby.signal` a standby, neither the writer.
//! The shared disk has no say in that.

use crate::world::World;
use crate::world::process::Process;
use crate::world::trace::HostId;

/// The home of the database's user in the images of the incident.
const HOME: &str = "/home/postgres";

/// The file that makes a directory a node's.
pub(super) const VERSION_FILE: &str = "PG_VERSION";
/// The configuration.
pub(super) const CONFIGURATION_FILE: &str = "postgresql.conf";
/// Makes a node a replica.
pub(super) const REPLICA_SIGNAL: &str = "replica.signal";
/// Makes a node a standby.
pub(super) const STANDBY_SIGNAL: &str = "standby.signal";
/// Asks a server to promote.
pub(super) const PROMOTE_FILE: &str = "promote";
/// The local copy of the control file.
pub(super) const CONTROL_FILE: &str = "global/pg_control";
/// The local copy of CLOG.
pub(super) const CLOG_FILE: &str = "pg_xact/0000";
/// Which directory the server of a host runs in: what a container starts with.
pub(super) const PGDATA_FILE: &str = "env/PGDATA";

/// A path as the host's file names have it: `~` and `$HOME` resolved, no slash at the end.
pub(super) fn resolve(path: &str) -> String {
    let path = path.trim_matches('"').trim_end_matches('/');
    let tail = path.strip_prefix('~').or_else(|| path.strip_prefix("$HOME"));
    let path = tail.map_or_else(|| path.to_owned(), |tail| format!("{HOME}{tail}"));
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(0, "");
    parts.join("/")
}

/// A value of a configuration file: the last line with this name wins, a comment ends a line.
pub(super) fn setting(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines().filter_map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let (key, value) = line.split_once('=')?;
        (key.trim() == name).then(|| value.trim().trim_matches('\'').to_owned())
    });
    lines.next_back()
}

/// A value inside a connection string: `host=172.17.0.3 port=5432`.
pub(super) fn connection_word<'a>(connection: &'a str, name: &str) -> Option<&'a str> {
    connection.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

/// A size with a unit in the manner of a configuration file, in bytes; 0 if it cannot be read.
pub(super) fn size(text: &str) -> u64 {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let number: u64 = digits.parse().unwrap_or(0);
    let unit = match &text[digits.len()..] {
        "kB" | "KB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => 1,
    };
    number.saturating_mul(unit)
}

/// A data directory on a host.
#[derive(Clone)]
pub(super) struct DataDirectory {
    world: World,
    host: HostId,
    /// Its path.
    pub(super) path: String,
}

impl DataDirectory {
    /// The directory at a path.
    pub(super) fn new(world: &World, host: HostId, path: &str) -> Self {
        DataDirectory { world: world.clone(), host, path: resolve(path) }
    }

    /// The directory the server of this host is to run in.
    pub(super) fn of_server(process: &Process) -> Option<Self> {
        let path = String::from_utf8(process.read_file(PGDATA_FILE)?).ok()?;
        Some(DataDirectory::new(process.world(), process.host(), &path))
    }

    /// Whether it is a node's.
    pub(super) fn exists(&self) -> bool {
        self.has(VERSION_FILE)
    }

    /// Whether it has a file.
    pub(super) fn has(&self, file: &str) -> bool {
        self.read(file).is_some()
    }

    /// Reads a file.
    pub(super) fn read(&self, file: &str) -> Option<Vec<u8>> {
        self.world.read_file(self.host, &self.name_of(file))
    }

    /// Writes a file.
    pub(super) fn write(&self, file: &str, bytes: impl Into<Vec<u8>>) {
        self.world.write_file(self.host, &self.name_of(file), bytes.into());
    }

    /// Removes a file; whether it was there.
    pub(super) fn remove(&self, file: &str) -> bool {
        self.world.remove_file(self.host, &self.name_of(file)).is_some()
    }

    /// A value of its configuration.
    pub(super) fn setting(&self, name: &str) -> Option<String> {
        let text = String::from_utf8(self.read(CONFIGURATION_FILE)?).ok()?;
        setting(&text, name)
    }

    fn name_of(&self, file: &str) -> String {
        format!("{}/{file}", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_as_a_shell_would() {
        assert_eq!(resolve("~/primary/"), "/home/postgres/primary");
        assert_eq!(resolve("$HOME/primary"), "/home/postgres/primary");
        assert_eq!(resolve("\"/a//b\""), "/a/b");
    }

    #[test]
    fn the_last_line_of_a_setting_wins() {
        let text = "port=5432 # the port\n#port=1\nprimary_slot_name='replica1'\nport = 5433\n";
        assert_eq!(setting(text, "port").as_deref(), Some("5433"));
        assert_eq!(setting(text, "primary_slot_name").as_deref(), Some("replica1"));
        assert_eq!(setting(text, "polar_hostid"), None);
    }

    #[test]
    fn connection_strings_and_sizes() {
        assert_eq!(connection_word("host=172.17.0.3 port=5432", "host"), Some("172.17.0.3"));
        assert_eq!(connection_word("hostaddr=1 port=5432", "host"), None);
        assert_eq!([size("64MB"), size("0"), size("8kB"), size("nonsense")], [64 << 20, 0, 8 << 10, 0]);
    }
}
