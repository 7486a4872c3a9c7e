//! Taking steps and faults away: halves first (ddmin), then one at a time.
//!
//! An injection and its healing go together, or half of the candidates would be about a fault that never ends. What
//! waits for an entry that goes either goes too, or gets the moment at which it began written out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use toml::Value;

use super::{Shrinker, all_names, values};
use crate::document::{Document, Kind, name, verb, waits_for};

/// Entries that go together.
type Group = BTreeSet<String>;

/// Injections and what heals them.
const PAIRS: [(&str, &str); 5] = [
    ("pause", "resume"),
    ("lose-power", "restore-power"),
    ("lose-path", "restore-path"),
    ("remove-file", "restore-file"),
    ("kill", "start"),
];

impl Shrinker<'_> {
    /// Halves of all entries, quarters, eighths; whether anything went.
    pub(super) fn halve_entries(&mut self) -> bool {
        let base = self.best.clone();
        let groups = groups(&base);
        let all = groups.len();
        let keep = |kept: &[Group]| {
            let kept: BTreeSet<&String> = kept.iter().flatten().collect();
            let gone = all_names(&base).into_iter().filter(|name| !kept.contains(name)).collect();
            base.without(&gone)
        };
        self.ddmin(groups, usize::MAX, keep).len() < all
    }

    /// Every entry alone; whether any went.
    pub(super) fn remove_single_entries(&mut self) -> bool {
        let mut found = false;
        loop {
            let candidates = all_names(&self.best).into_iter().flat_map(|name| {
                let gone = BTreeSet::from([name]);
                let detached = detached(&self.best, &gone, &self.shown.began).without(&gone);
                [self.best.without(&gone), detached]
            });
            if !self.take_first(candidates.collect()) {
                return found;
            }
            found = true;
        }
    }
}

/// The entries of a file, injections with what heals them.
fn groups(document: &Document) -> Vec<Group> {
    let mut groups: Vec<Group> = all_names(document).into_iter().map(|name| Group::from([name])).collect();
    let faults: Vec<_> = document.tables("fault").collect();
    for healing in &faults {
        let injection = faults.iter().find(|injection| heals(healing, injection));
        if let Some((healing, injection)) = name(healing).zip(injection.and_then(|injection| name(injection))) {
            join(&mut groups, injection, healing);
        }
    }
    groups
}

fn heals(healing: &toml::Table, injection: &toml::Table) -> bool {
    let (Some(heals), Some(injects)) = (verb(healing), verb(injection)) else { return false };
    let is_pair = PAIRS.contains(&(injects, heals));
    is_pair && (healing.get(heals) == injection.get(injects) || waits_for(healing) == name(injection))
}

fn join(groups: &mut Vec<Group>, one: &str, other: &str) {
    let find = |groups: &[Group], wanted: &str| groups.iter().position(|group| group.contains(wanted));
    let (Some(to), Some(from)) = (find(groups, one), find(groups, other)) else { return };
    if to != from {
        let moved = groups[from].clone();
        groups[to].extend(moved);
        groups.remove(from);
    }
}

/// The file in which what waits for entries that are to go begins at the moment it began.
fn detached(document: &Document, gone: &Group, began: &BTreeMap<String, Duration>) -> Document {
    let mut free = document.clone();
    for kind in Kind::ALL {
        for waiting in document.tables(kind.key()).filter(|entry| waits_for(entry).is_some_and(|it| gone.contains(it)))
        {
            let Some((name, at)) = name(waiting).and_then(|name| Some((name, began.get(name)?))) else { continue };
            let Some(entry) = free.entry_mut(name) else { continue };
            for key in ["after", "delay", "nth"] {
                entry.remove(key);
            }
            entry.insert("at".to_owned(), Value::String(values::length(*at)));
        }
    }
    free
}
