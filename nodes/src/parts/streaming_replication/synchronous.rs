//! `synchronous_standby_names`: whose confirmation a commit waits for.
//!
//! `FIRST n (a, b)` waits for the first `n` that are connected, in this order; `ANY n (a, b)` for any `n`; a bare list
//! is `FIRST 1`. `*` stands for every standby. An empty setting waits for nobody. Source: the KingbaseES incident
//! (`ANY 1(node2)`) and PostgreSQL's documentation of the setting.

use thiserror::Error;

use crate::parts::wal::Lsn;

/// How the number is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The first so many of the list.
    First,
    /// So many of the list, whoever is fastest.
    Any,
}

/// Whose confirmation a commit waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncRule {
    /// How the number is meant.
    pub method: Method,
    /// How many.
    pub count: usize,
    /// Their names, in order.
    pub names: Vec<String>,
}

/// A setting that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("synchronous_standby_names = '{0}' cannot be read: write ANY n (name, ...), FIRST n (name, ...) or a list")]
pub struct SyncRuleError(pub String);

impl SyncRule {
    /// Reads the setting; `None` if commits wait for nobody.
    ///
    /// # Errors
    /// [`SyncRuleError`] if it makes no sense.
    pub fn parse(text: &str) -> Result<Option<Self>, SyncRuleError> {
        let wrong = || SyncRuleError(text.to_owned());
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(None);
        }
        let Some((head, rest)) = trimmed.split_once('(') else {
            return Ok(Some(SyncRule { method: Method::First, count: 1, names: names_of(trimmed) }));
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
        Ok(Some(SyncRule { method, count, names }))
    }

    /// How far every commit is confirmed, given the flush positions of the connected standbys by name; `None` while
    /// too few are connected.
    pub fn confirmed(&self, standbys: &[(String, Lsn)]) -> Option<Lsn> {
        let mut positions: Vec<Lsn> = match self.method {
            Method::Any => {
                let mut listed: Vec<Lsn> =
                    standbys.iter().filter(|(name, _)| self.rank(name).is_some()).map(|(_, at)| *at).collect();
                listed.sort_by(|one, other| other.cmp(one));
                listed
            }
            Method::First => {
                let mut ranked: Vec<(usize, Lsn)> =
                    standbys.iter().filter_map(|(name, at)| Some((self.rank(name)?, *at))).collect();
                ranked.sort_by_key(|(rank, _)| *rank);
                ranked.into_iter().map(|(_, at)| at).collect()
            }
        };
        positions.truncate(self.count);
        (positions.len() == self.count).then(|| positions.into_iter().min()).flatten()
    }

    /// How `sys_stat_replication` calls a standby: `quorum`, `sync`, `potential` (it would be if an earlier one were gone)
    /// or `async`.
    pub fn state_of(&self, name: &str) -> &'static str {
        match (self.method, self.rank(name)) {
            (_, None) => "async",
            (Method::Any, Some(_)) => "quorum",
            (Method::First, Some(rank)) if rank < self.count => "sync",
            (Method::First, Some(_)) => "potential",
        }
    }

    /// Where a standby stands in the list, from 0; `None` if it is not on it.
    pub fn rank(&self, name: &str) -> Option<usize> {
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

    #[test]
    fn the_incidents_setting_waits_for_node2() {
        let rule = SyncRule::parse("ANY 1(node2)").unwrap().unwrap();
        assert_eq!(rule, SyncRule { method: Method::Any, count: 1, names: vec!["node2".to_owned()] });
        assert_eq!(rule.confirmed(&[at("node2", 70), at("node3", 90)]), Some(Lsn(70)));
        assert_eq!(rule.confirmed(&[at("node3", 90)]), None, "nobody on the list is connected");
        assert_eq!(SyncRule::parse(" "), Ok(None));
    }

    #[test]
    fn first_goes_by_the_list_and_any_by_speed() {
        let standbys = [at("c", 90), at("a", 50), at("b", 70)];
        assert_eq!(SyncRule::parse("FIRST 2 (a, b, c)").unwrap().unwrap().confirmed(&standbys), Some(Lsn(50)));
        assert_eq!(SyncRule::parse("ANY 2 (a, b, c)").unwrap().unwrap().confirmed(&standbys), Some(Lsn(70)));
        assert_eq!(SyncRule::parse("b, c").unwrap().unwrap().confirmed(&standbys), Some(Lsn(70)));
        assert_eq!(SyncRule::parse("*").unwrap().unwrap().confirmed(&[at("z", 5)]), Some(Lsn(5)));
    }

    #[test]
    fn a_standby_is_called_by_what_it_counts_for() {
        let first = SyncRule::parse("FIRST 1 (a, b)").unwrap().unwrap();
        assert_eq!(["a", "b", "c"].map(|name| first.state_of(name)), ["sync", "potential", "async"]);
        assert_eq!(SyncRule::parse("ANY 1(node2)").unwrap().unwrap().state_of("node2"), "quorum");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["ANY (a)", "ANY 0 (a)", "SOME 1 (a)", "ANY 1 (a", "ANY 1 ()"] {
            assert!(SyncRule::parse(text).is_err(), "{text}");
        }
    }
}
