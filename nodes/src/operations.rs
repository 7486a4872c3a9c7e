//! How a product is looked at by whom operates it: the status command, and what is checked before a drill and after it.
//!
//! It exists beside [`crate::product`] because a cluster can be run without it: reports, plans and glances into a run
//! need it. All of it is plain data, under the product's own names.

use crate::product::events::{FENCED, LOCK_CHANGED, ROLE_CHANGED, WRITES_OPENED};

/// A sentence for the operator, in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// In English.
    pub en: &'static str,
    /// In Chinese.
    pub zh: &'static str,
}

/// A name, and what it means in Chinese.
pub type Phrase = (&'static str, &'static str);

/// On which hosts a command is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// On one host, the next one if it fails there: the command shows the whole cluster.
    Any,
    /// On every host: the command shows its own host only.
    Every,
}

/// A command that looks, and what a healthy cluster shows.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The command as typed.
    pub command: &'static str,
    /// Where.
    pub whom: Whom,
    /// What it must show before a drill may begin and after it has ended.
    pub healthy: Told,
}

/// A statement that proves that the business is served, for people: the model's clients are its workload.
#[derive(Clone, Copy, Debug)]
pub struct Verification {
    /// The command line with the statement.
    pub command: &'static str,
    /// What it must show.
    pub shows: Told,
}

/// The events by which the time of an outage is split: what each product announces when it gets on.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    /// The first of these: the outage is known.
    pub detected: &'static [&'static str],
    /// The last of these: it is decided who serves.
    pub decided: &'static [&'static str],
    /// The last of these: whoever must not write is fenced.
    pub fenced: &'static [&'static str],
    /// The last of these: writes are accepted again.
    pub opened: &'static [&'static str],
    /// Whether the database that accepts writes is the one that announces it and replays the log before.
    pub opens_itself: bool,
}

impl Marks {
    /// Those of a product with a primary.
    pub const OF_A_PRIMARY: Marks = Marks {
        detected: &[LOCK_CHANGED, ROLE_CHANGED, FENCED, WRITES_OPENED],
        decided: &[LOCK_CHANGED],
        fenced: &[FENCED],
        opened: &[WRITES_OPENED],
        opens_itself: true,
    };
}

/// How a product is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Operations {
    /// The status command: what a report shows for each moment.
    pub status: Look,
    /// What else is looked at before a drill begins.
    pub before: &'static [Look],
    /// Statements that prove service on the real product after the drill.
    pub verification: &'static [Verification],
    /// What must make the operator stop, beyond what every drill has.
    pub abort: &'static [Told],
    /// How to get back into service whatever the drill has left, beyond lifting its faults.
    pub rollback: &'static [Told],
    /// How the time of an outage is split.
    pub phases: Marks,
    /// What its own events mean, in Chinese: those of [`crate::product::Product::events`] that are no steps of a
    /// procedure.
    pub events: &'static [Phrase],
}

/// Whether typed words begin as a command that is known to change nothing.
pub(crate) fn begins(known: &[&str], words: &[&str]) -> bool {
    let Some((last, before)) = known.split_last() else { return false };
    let whole = words.len() >= known.len() && before.iter().zip(words).all(|(known, word)| known == word);
    whole && said(last, words[before.len()])
}

/// Whether a word is the known one. A statement may go on after it, one statement at a time.
fn said(known: &str, word: &str) -> bool {
    match known.contains(' ') {
        true => {
            let statement = word.trim().trim_end_matches(';');
            statement.to_lowercase().starts_with(known) && !statement.contains(';')
        }
        false => known == word,
    }
}

#[cfg(test)]
mod tests {
    use crate::catalogue;

    #[test]
    fn a_command_that_changes_something_is_no_look() {
        let reads = |model: &str, words: &[&str]| catalogue::find(model).expect("known").only_looks(words);
        assert!(reads("opengauss_ha", &["gs_om", "-t", "status", "--detail"]));
        assert!(!reads("opengauss_ha", &["gs_om", "-t", "stop"]));
        assert!(!reads("opengauss_ha", &["gs_om", "-t"]));
        assert!(!reads("opengauss_dms", &["cm_ctl", "switchover", "-n", "2"]));
        assert!(reads("polardb", &["psql", "-c", "select pg_is_in_recovery()"]));
        assert!(reads("polardb", &["psql", "-x", "-c", "select * from pg_stat_replication"]));
        assert!(!reads("polardb", &["psql", "-c", "select pg_drop_replication_slot('replica1')"]));
        assert!(!reads("polardb", &["psql", "-c", "select pg_is_in_recovery(); checkpoint"]));
        assert!(!reads("dm_dsc", &["dmcssm", "ep", "halt", "GRP_DSC.DSC0"]));
        assert!(!reads("kingbase", &["repmgr", "standby", "switchover"]));
    }
}
