//! The invariants of Dameng DSC, judged on what the devices hold and accepted. Their numbers are those of the protocol
//! reference, section 9.5.
//!
//! "One writer" holds in DSC for each redo log and, at any moment, for each page: all instances write at once, each
//! its own log, and a page is changed by whoever has it. There is no writer of the cluster, so none of these checks
//! looks for one, and `single-writer` judges every redo log by itself.
//!
//! | file | what |
//! |---|---|
//! | `story` | the notes that are judged: writes decoded from bytes, answers to clients, and few announcements |
//! | `voting_disk`, `redo` | the readers of the devices |
//! | `written` | notes as text, for the examples |
//! | the others | one invariant each |

mod acknowledged_is_readable;
mod command_to_its_life;
mod killed_writes_nothing_after_redo;
mod mirror_reads_what_was_written;
mod one_control_css;
mod open_again;
mod page_lsn_rises;
mod redo;
mod redo_log_has_one_owner;
mod registry_agrees;
mod rejoin_after_crash_is_over;
mod split_leaves_one_part;
mod statements_are_delayed;
pub mod status_sequence;
mod story;
mod vip_on_one_host;
mod voting_disk;
mod written;

use reports::Sentence;

use super::Finding;
use super::catalogue::{Check, Example};
use crate::run::Record;
use story::{Note, Story};

/// All of them.
pub const CHECKS: &[&Check] = &[
    &one_control_css::CHECK,
    &redo_log_has_one_owner::CHECK,
    &page_lsn_rises::CHECK,
    &killed_writes_nothing_after_redo::CHECK,
    &acknowledged_is_readable::CHECK,
    &rejoin_after_crash_is_over::CHECK,
    &vip_on_one_host::CHECK,
    &command_to_its_life::CHECK,
    &status_sequence::CHECK,
    &split_leaves_one_part::CHECK,
    &mirror_reads_what_was_written::CHECK,
    &registry_agrees::CHECK,
    &statements_are_delayed::CHECK,
    &open_again::CHECK,
];

macro_rules! judges {
    ($($name:ident),+ $(,)?) => {
        /// What judges them, in the same order.
        pub const JUDGES: &[(&str, fn(&Record) -> Finding)] =
            &[$(($name::CHECK.name, |record| $name::judge(&Story::of(record)))),+];
    };
}

judges!(
    one_control_css,
    redo_log_has_one_owner,
    page_lsn_rises,
    killed_writes_nothing_after_redo,
    acknowledged_is_readable,
    rejoin_after_crash_is_over,
    vip_on_one_host,
    command_to_its_life,
    status_sequence,
    split_leaves_one_part,
    mirror_reads_what_was_written,
    registry_agrees,
    statements_are_delayed,
    open_again,
);

/// A check that judges a story.
type StoryJudge = fn(&Story) -> Finding;

/// The promise was kept, if the run put it to the test at all.
fn kept(check: &Check, was_tested: bool, nothing: (&str, &str)) -> Finding {
    if was_tested { Finding::holds(check.name) } else { Finding::could_not_tell(check.name, nothing) }
}

/// The promise was broken by a note.
fn violated(check: &Check, note: &Note, explanation: Sentence) -> Finding {
    Finding::violated(check.name, None, Some(note.at), vec![explanation])
}

/// Judges a written example.
fn judge_written(text: &str, check: &Check, judge: StoryJudge) -> Finding {
    match written::read(text) {
        Ok(story) => judge(&story),
        Err(problem) => Finding::could_not_tell(check.name, problem),
    }
}
