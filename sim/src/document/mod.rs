//! A scenario file that can be changed and written again: the form in which plans are searched, shrunk and kept.
//!
//! Shrinking, sweeping and swarms all make scenarios out of a scenario, and each must end as a file that a person can
//! read and run. So they change the file's own tables, not the typed scenario behind them, and every candidate goes
//! through the same reader as a file that somebody wrote: what it refuses is no candidate.
//!
//! [`explicit`] takes the choices of a seed into the file; [`print`](mod@print) writes a file for people.

pub mod explicit;
pub mod print;

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::scenario::source::Source;
use crate::scenario::vocabulary::Vocabulary;
use crate::scenario::{Accepted, Rejected, check};

/// The two kinds of entries that happen at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What the operator does.
    Step,
    /// What the world does.
    Fault,
}

impl Kind {
    /// Both.
    pub const ALL: [Kind; 2] = [Kind::Step, Kind::Fault];

    /// Its table in the file.
    pub fn key(self) -> &'static str {
        match self {
            Kind::Step => "step",
            Kind::Fault => "fault",
        }
    }
}

/// A scenario file as its tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    table: Table,
}

impl Document {
    /// The tables of a scenario that was accepted.
    pub fn of(accepted: &Accepted) -> Document {
        // What was accepted is valid TOML; a text that is not would be refused again by `accept`.
        Document { table: accepted.source.text().parse().unwrap_or_default() }
    }

    /// Reads it as a scenario file of this path.
    ///
    /// # Errors
    /// [`Rejected`] if it is no scenario any more.
    pub fn accept(&self, path: &str, vocabulary: &Vocabulary) -> Result<Accepted, Box<Rejected>> {
        check(Source::new(path, print::plain(self)), vocabulary).map_err(Box::new)
    }

    /// The whole file.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The value at a path of keys.
    pub fn get(&self, path: &[&str]) -> Option<&Value> {
        let (last, tables) = path.split_last()?;
        let mut table = &self.table;
        for key in tables {
            table = table.get(*key)?.as_table()?;
        }
        table.get(*last)
    }

    /// Sets the value at a path of keys; tables on the way are made.
    pub fn set(&mut self, path: &[&str], value: impl Into<Value>) {
        let Some((last, tables)) = path.split_last() else { return };
        let mut table = &mut self.table;
        for key in tables {
            let inner = table.entry(*key).or_insert_with(|| Value::Table(Table::new()));
            let Value::Table(inner) = inner else { return };
            table = inner;
        }
        table.insert((*last).to_owned(), value.into());
    }

    /// Removes what is at a path of keys, and tables that are empty then; whether there was anything.
    pub fn remove(&mut self, path: &[&str]) -> bool {
        fn remove(table: &mut Table, path: &[&str]) -> bool {
            match path {
                [] => false,
                [key] => table.remove(*key).is_some(),
                [key, rest @ ..] => {
                    let Some(Value::Table(inner)) = table.get_mut(*key) else { return false };
                    let removed = remove(inner, rest);
                    if inner.is_empty() {
                        table.remove(*key);
                    }
                    removed
                }
            }
        }
        remove(&mut self.table, path)
    }

    /// The tables of an array such as `[[fault]]`.
    pub fn tables(&self, key: &str) -> impl Iterator<Item = &Table> {
        self.table.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table)
    }

    /// Keeps the tables of an array that are wanted; an empty array goes.
    pub fn retain(&mut self, key: &str, mut wanted: impl FnMut(&Table) -> bool) {
        if let Some(Value::Array(entries)) = self.table.get_mut(key) {
            entries.retain(|entry| entry.as_table().is_none_or(&mut wanted));
            if entries.is_empty() {
                self.table.remove(key);
            }
        }
    }

    /// Adds a table to an array.
    pub fn push(&mut self, key: &str, entry: Table) {
        let entries = self.table.entry(key).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(entries) = entries {
            entries.push(Value::Table(entry));
        }
    }

    /// The names of the entries of a kind, in the order of the file.
    pub fn names(&self, kind: Kind) -> Vec<String> {
        self.tables(kind.key()).filter_map(|entry| name(entry).map(str::to_owned)).collect()
    }

    /// The entry of this name.
    pub fn entry(&self, wanted: &str) -> Option<(Kind, &Table)> {
        Kind::ALL.into_iter().find_map(|kind| {
            let entry = self.tables(kind.key()).find(|entry| name(entry) == Some(wanted))?;
            Some((kind, entry))
        })
    }

    /// The entry of this name, to be changed.
    pub fn entry_mut(&mut self, wanted: &str) -> Option<&mut Table> {
        let (kind, _) = self.entry(wanted)?;
        let entries = self.table.get_mut(kind.key())?.as_array_mut()?;
        entries.iter_mut().filter_map(Value::as_table_mut).find(|entry| name(entry) == Some(wanted))
    }

    /// The file without these entries, without what waits for them, and without checks that are counted from them.
    pub fn without(&self, names: &BTreeSet<String>) -> Document {
        let mut gone = names.clone();
        loop {
            let before = gone.len();
            for kind in Kind::ALL {
                let waiting =
                    self.tables(kind.key()).filter(|entry| waits_for(entry).is_some_and(|it| gone.contains(it)));
                let waiting: Vec<String> = waiting.filter_map(name).map(str::to_owned).collect();
                gone.extend(waiting);
            }
            if gone.len() == before {
                break;
            }
        }
        let mut rest = self.clone();
        for kind in Kind::ALL {
            rest.retain(kind.key(), |entry| !name(entry).is_some_and(|name| gone.contains(name)));
        }
        rest.retain("check", |check| !waits_for(check).is_some_and(|entry| gone.contains(entry)));
        rest
    }
}

/// The name of an entry.
pub fn name(entry: &Table) -> Option<&str> {
    entry.get("name").and_then(Value::as_str)
}

/// The step or fault that an entry or check waits for, if it does not wait for an announcement.
pub fn waits_for(entry: &Table) -> Option<&str> {
    let after = entry.get("after").and_then(Value::as_str)?;
    let bare = after.strip_suffix(".started").or_else(|| after.strip_suffix(".ended")).unwrap_or(after);
    Some(bare)
}

/// The verb of a step or fault: its one key that all entries do not have.
pub fn verb(entry: &Table) -> Option<&str> {
    const COMMON: [&str; 9] = ["name", "at", "after", "delay", "nth", "for", "on", "timeout", "if-fails"];
    entry.keys().map(String::as_str).find(|key| !COMMON.contains(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::testing::{accepted, vocabulary};

    const CHAIN: &str = r#"
[[step]]
name = "switch"
at = "5s"
switchover = { to = "b" }
[[fault]]
name = "freeze"
after = "switch.started"
delay = "10ms..20ms"
pause = "a"
[[fault]]
name = "thaw"
after = "freeze"
delay = "3s"
resume = "a"
[[check]]
eventually = "writable"
after = "thaw"
[[check]]
always = "linearizable"
"#;

    #[test]
    fn what_waits_for_a_removed_entry_goes_with_it() {
        let document = Document::of(&accepted(CHAIN));
        assert_eq!(document.names(Kind::Fault), ["freeze", "thaw"]);
        let rest = document.without(&BTreeSet::from(["switch".to_owned()]));
        assert_eq!(rest.names(Kind::Step), [""; 0]);
        assert_eq!(rest.names(Kind::Fault), [""; 0]);
        assert_eq!(rest.tables("check").count(), 1);
        assert!(rest.accept("scenarios/test.toml", &vocabulary()).is_ok());
        let (kind, thaw) = document.entry("thaw").expect("an entry");
        assert_eq!((kind, verb(thaw), waits_for(thaw)), (Kind::Fault, Some("resume"), Some("freeze")));
    }

    #[test]
    fn values_are_set_and_removed_by_path() {
        let mut document = Document::of(&accepted(CHAIN));
        document.set(&["network", "latency"], "1ms");
        assert_eq!(document.get(&["network", "latency"]).and_then(Value::as_str), Some("1ms"));
        assert!(document.remove(&["network", "latency"]));
        assert!(document.get(&["network"]).is_none(), "an empty table goes");
        assert!(!document.remove(&["network", "latency"]));
    }
}
