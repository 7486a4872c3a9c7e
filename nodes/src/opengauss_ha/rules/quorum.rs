//! Synchronous commit: whose confirmation a commit waits for, and what it may do without.
//!
//! The grammar and the counting are those of streaming replication everywhere ([`SyncRule`]). What openGauss adds is
//! `most_available_sync`: the number needed falls to the standbys that are alive, and to nobody at all while none is
//! (the primary is then "standalone"). Source: reference section 1.3 (`syncrep.cpp SyncRepWaitForLSN`).

use crate::parts::streaming_replication::synchronous::{Method, SyncRule, SyncRuleError};
use crate::parts::wal::Lsn;

/// `synchronous_standby_names`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncStandbys(SyncRule);

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
    /// [`SyncRuleError`] if it makes no sense.
    pub fn parse(text: &str) -> Result<Option<Self>, SyncRuleError> {
        Ok(SyncRule::parse(text)?.map(SyncStandbys))
    }

    /// For how many standbys a commit waits.
    pub fn count(&self) -> usize {
        self.0.count
    }

    /// How `sync_state` of `gs_ctl query` calls a standby: `Quorum`, `Sync`, `Potential` or `Async`.
    pub fn sync_state(&self, name: &str) -> &'static str {
        match (self.0.method, self.0.rank(name)) {
            (_, None) => "Async",
            (Method::Any, Some(_)) => "Quorum",
            (Method::First, Some(rank)) if rank < self.0.count => "Sync",
            (Method::First, Some(_)) => "Potential",
        }
    }

    /// How far every commit is confirmed, given how far each living synchronous standby has come.
    pub fn confirmed(&self, living: &[(String, Lsn)], most_available: bool) -> Confirmed {
        let listed = living.iter().filter(|(name, _)| self.0.rank(name).is_some()).count();
        let needed = if most_available { self.0.count.min(listed) } else { self.0.count };
        if needed == 0 {
            return Confirmed::Standalone;
        }
        let rule = SyncRule { count: needed, ..self.0.clone() };
        rule.confirmed(living).map_or(Confirmed::Blocked, Confirmed::UpTo)
    }
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
