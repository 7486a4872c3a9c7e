//! Synchronous commit: whose confirmation a commit waits for, and what it may do without.
//!
//! `FIRST n (a, b)` and a bare list go by the order of the list, `ANY n (a, b)` by speed, `*` stands for everybody.
//! With `most_available_sync` the number needed falls to the standbys that are alive, and to nobody at all while none
//! is (the primary is then "standalone"). Source: reference section 1.3 (`syncrep.cpp SyncRepWaitForLSN`).

use thiserror::Error;

use crate::parts::wal::Lsn;

/// How the number of standbys is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The first so many of the list.
    First,
    /// So many of the list, whoever is fastest.
    Any,
}

/// `synchronous_standby_names`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncStandbys {
    method: Method,
    count: usize,
    names: Vec<String>,
}

/// A setting that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("synchronous_standby_names = '{0}' cannot be read: write *, a list, FIRST n (name, ...) or ANY n (name, ...)")]
pub struct SyncStandbysError(pub String);

/// How far commits are confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// Up to this position.
    UpTo(Lsn),
    /// Nobody confirms and nobody is waited for: the primary is standalone.
    Standalone,
    /// Too few standbys are alive; whoever waits goes on waiting, without a limit.
    Blocked,
}

impl SyncStandbys {
    /// Reads the setting; `None` if commits wait for nobody.
    ///
    /// # Errors
    /// [`SyncStandbysError`] if it makes no sense.
    pub fn parse(text: &str) -> Result<Option<Self>, SyncStandbysError> {
        let wrong = || SyncStandbysError(text.to_owned());
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(None);
        }
        let Some((head, rest)) = trimmed.split_once('(') else {
            return Ok(Some(SyncStandbys { method: Method::First, count: 1, names: names_of(trimmed) }));
        };
        let names = names_of(rest.strip_suffix(')').ok_or_else(wrong)?);
        let words: Vec<&str> = head.split_whitespace().collect();
        let (method, number) = match words[..] {
            [method, number] if method.eq_ignore_ascii_case("any") => (Method::Any, number),
            [method, number] if method.eq_ignore_ascii_case("first") => (Method::First, number),
            [number] => (Method::First, number),
            _ => return Err(wrong()),
        };
        let count = number.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
        if names.is_empty() {
            return Err(wrong());
        }
        Ok(Some(SyncStandbys { method, count, names }))
    }

    /// For how many standbys a commit waits.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How `sync_state` of `gs_ctl query` calls a standby: `Quorum`, `Sync`, `Potential` or `Async`.
    pub fn sync_state(&self, name: &str) -> &'static str {
        match (self.method, self.rank(name)) {
            (_, None) => "Async",
            (Method::Any, Some(_)) => "Quorum",
            (Method::First, Some(rank)) if rank < self.count => "Sync",
            (Method::First, Some(_)) => "Potential",
        }
    }

    /// How far every commit is confirmed, given how far each living synchronous standby has come.
    pub fn confirmed(&self, living: &[(String, Lsn)], most_available: bool) -> Confirmed {
        let mut ranked: Vec<(usize, Lsn)> =
            living.iter().filter_map(|(name, position)| Some((self.rank(name)?, *position))).collect();
        if ranked.is_empty() && most_available {
            return Confirmed::Standalone;
        }
        let needed = if most_available { self.count.min(ranked.len()) } else { self.count };
        if ranked.len() < needed {
            return Confirmed::Blocked;
        }
        match self.method {
            Method::First => ranked.sort_by_key(|(rank, _)| *rank),
            Method::Any => ranked.sort_by_key(|(_, position)| std::cmp::Reverse(*position)),
        }
        ranked.truncate(needed);
        ranked.into_iter().map(|(_, position)| position).min().map_or(Confirmed::Blocked, Confirmed::UpTo)
    }

    fn rank(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|listed| listed == "*" || listed == name)
    }
}

fn names_of(list: &str) -> Vec<String> {
    list.split(',').map(|name| name.trim().trim_matches('"').to_owned()).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(name: &str, position: u64) -> (String, Lsn) {
        (name.to_owned(), Lsn(position))
    }

    fn parse(text: &str) -> SyncStandbys {
        SyncStandbys::parse(text).expect("a setting").expect("somebody to wait for")
    }

    #[test]
    fn a_quorum_of_two_is_as_far_as_its_slower_member() {
        let living = [at("b", 10), at("a", 20)];
        assert_eq!(parse("ANY 2 (a, b, c)").confirmed(&living, false), Confirmed::UpTo(Lsn(10)));
        assert_eq!(parse("ANY 1 (a, b, c)").confirmed(&living, false), Confirmed::UpTo(Lsn(20)));
        assert_eq!(parse("FIRST 1 (b, a)").confirmed(&living, false), Confirmed::UpTo(Lsn(10)));
        assert_eq!(parse("*").confirmed(&living, false), Confirmed::UpTo(Lsn(10)));
        assert_eq!(parse("ANY 3 (a, b, c)").confirmed(&living, false), Confirmed::Blocked);
    }

    #[test]
    fn most_available_lowers_the_number_and_then_waits_for_nobody() {
        let quorum = parse("ANY 2 (a, b)");
        assert_eq!(quorum.confirmed(&[at("b", 7)], true), Confirmed::UpTo(Lsn(7)));
        assert_eq!(quorum.confirmed(&[], true), Confirmed::Standalone);
        assert_eq!(quorum.confirmed(&[at("stranger", 7)], true), Confirmed::Standalone);
        assert_eq!(quorum.confirmed(&[], false), Confirmed::Blocked);
    }

    #[test]
    fn the_words_of_a_query() {
        assert_eq!(parse("ANY 1 (a)").sync_state("a"), "Quorum");
        assert_eq!(parse("a, b").sync_state("a"), "Sync");
        assert_eq!(parse("a, b").sync_state("b"), "Potential");
        assert_eq!(parse("a").sync_state("z"), "Async");
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(SyncStandbys::parse("  "), Ok(None));
        for text in ["ANY (a)", "ANY 0 (a)", "SOME 1 (a)", "ANY 1 (a", "ANY 1 ()"] {
            assert!(SyncStandbys::parse(text).is_err(), "{text}");
        }
    }
}
