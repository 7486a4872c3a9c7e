//! The invariants of PolarDB. Their numbers are those of the protocol reference, section 9.6.
//!
//! Where a device holds the bytes (log, pages, control file, CLOG, slots, the journal of PFS), the bytes are judged, as
//! `disk` reads them from the device's journal; what nodes announce says only what no device knows: who connected,
//! how far a replica says to have replayed, what an operator was told.
//!
//! | reference | check |
//! |---|---|
//! | I1 | `polar-one-writer` |
//! | I2 | `polar-log-bytes-stay`, and of every product `log-intact`, `single-writer` |
//! | I3, the flush rule | `polar-log-before-page`, `polar-flush-waits-for-replicas` |
//! | I4 | `polar-no-future-page` |
//! | I5 | of every product `no-lost-commit` |
//! | I6 | `polar-clog-follows-log`, and of every product `linearizable` |
//! | I7 | `polar-numbers-never-go-back` |
//! | I8 | `polar-promote-keeps-log` |
//! | I9 | `pfs-block-of-one-file` |
//! | I10 | `polar-slot-keeps-log` |
//! | I11 | `polar-stop-means-silent` |
//! | I12 | `polar-stop-and-promote-end` |
//! | I13 | `polar-role-matches-mount` |

mod block_of_one_file;
mod clog_follows_log;
mod disk;
mod flush_rule;
mod log_before_page;
mod log_bytes_stay;
mod no_future_page;
mod numbers_once;
mod one_writer;
mod promote_keeps_log;
mod role_matches_mount;
mod slot_keeps_log;
mod stop_and_promote_end;
mod stop_means_silent;

use nodes::world::trace::{Event, Trace};
use reports::{Sentence, sentence};

use super::Finding;
use super::announced::{Life, announcement, is_end, life, number, text};
use super::catalogue::{Check, Example};
use super::written_trace;
use crate::run::Record;
use disk::{Story, Want};

/// All of them.
pub const CHECKS: &[&Check] = &[
    &one_writer::CHECK,
    &log_bytes_stay::CHECK,
    &log_before_page::CHECK,
    &flush_rule::CHECK,
    &no_future_page::CHECK,
    &clog_follows_log::CHECK,
    &numbers_once::CHECK,
    &promote_keeps_log::CHECK,
    &block_of_one_file::CHECK,
    &slot_keeps_log::CHECK,
    &stop_means_silent::CHECK,
    &stop_and_promote_end::CHECK,
    &role_matches_mount::CHECK,
];

/// A check that judges a record.
pub type RecordJudge = fn(&Record) -> Finding;

/// What judges them, in the same order.
pub const JUDGES: &[(&str, RecordJudge)] = &[
    (one_writer::CHECK.name, |record| one_writer::judge(&Story::of(record, &[Want::Sectors]))),
    (log_bytes_stay::CHECK.name, |record| log_bytes_stay::judge(&Story::of(record, &[Want::Log]))),
    (log_before_page::CHECK.name, |record| log_before_page::judge(&Story::of(record, &[Want::Log, Want::Pages]))),
    (flush_rule::CHECK.name, |record| flush_rule::judge(&Story::of(record, &[Want::Pages]))),
    (no_future_page::CHECK.name, |record| no_future_page::judge(&Story::told(&record.trace))),
    (clog_follows_log::CHECK.name, |record| clog_follows_log::judge(&Story::of(record, &[Want::Log, Want::Clog]))),
    (numbers_once::CHECK.name, |record| numbers_once::judge(&Story::of(record, &[Want::Log, Want::Control]))),
    (promote_keeps_log::CHECK.name, |record| promote_keeps_log::judge(&Story::of(record, &[Want::Log]))),
    (block_of_one_file::CHECK.name, |record| block_of_one_file::judge(&Story::of(record, &[Want::Pfs]))),
    (slot_keeps_log::CHECK.name, |record| slot_keeps_log::judge(&Story::of(record, &[Want::Log, Want::Slots]))),
    (stop_means_silent::CHECK.name, |record| stop_means_silent::judge(&Story::of(record, &[Want::Sectors]))),
    (stop_and_promote_end::CHECK.name, |record| stop_and_promote_end::judge(&Story::told(&record.trace))),
    (role_matches_mount::CHECK.name, |record| role_matches_mount::judge(&Story::of(record, &[Want::Sectors]))),
];

/// The promise was kept, if the run put it to the test at all: one of these things happened.
fn kept(check: &Check, story: &Story, tests: &[&str]) -> Finding {
    let was_tested = story.events().filter_map(announcement).any(|(name, _)| tests.contains(&name));
    match was_tested {
        true => Finding::holds(check.name),
        false => Finding::could_not_tell(
            check.name,
            sentence!(
                "the run never came to {}",
                "运行从未到达 {}",
                Sentence::new(tests.join(" or "), tests.join("、"))
            ),
        ),
    }
}

/// A violation at an event. What a device says is no event of the trace: it has a moment and no number.
fn violated(check: &Check, event: &Event, explanation: Vec<Sentence>) -> Finding {
    let number = (!Story::is_of_disk(event)).then_some(event.number);
    Finding::violated(check.name, number, Some(event.at), explanation)
}

/// Judges a written example.
fn judge_written(text: &str, check: &Check, judge: fn(&Story) -> Finding) -> Finding {
    match written_trace::read(text) {
        Ok(trace) => judge(&Story::told(&trace)),
        Err(error) => Finding::could_not_tell(check.name, error.to_string()),
    }
}

/// The volume an event of a device is about.
fn volume(fields: &nodes::world::trace::Fields) -> String {
    text(fields, "volume").unwrap_or_default().to_owned()
}

/// A process as a sentence names it: with its life, if it has had more than one.
fn who(trace: &Trace, event: &Event) -> Sentence {
    let name = trace.place_name(event.place);
    match life(event.place) {
        Some((_, incarnation)) if incarnation.0 > 1 => {
            sentence!("{name} (life {})", "{name}(第 {} 次启动)", incarnation.0)
        }
        _ => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    /// Changes one thing of an example that breaks a promise, so that it is kept.
    fn mended(check: &Check, from: &str, to: &str) -> Answer {
        assert!(check.example.text.contains(from), "{}: {from}", check.name);
        (check.example.judge)(&check.example.text.replace(from, to)).answer
    }

    #[test]
    fn an_example_without_its_mistake_keeps_the_promise() {
        let cases: [(&Check, &str, &str); 12] = [
            (&one_writer::CHECK, "4s pb1/postgres", "4s pb2/postgres"),
            (
                &log_bytes_stay::CHECK,
                "disk.log-changed volume=wal byte=9000 over=pb2/postgres written_ms=1000",
                "disk.log-durable volume=wal end=9000 timeline=1",
            ),
            (&log_before_page::CHECK, "lsn=900", "lsn=800"),
            (&flush_rule::CHECK, "lsn=900", "lsn=700"),
            (&no_future_page::CHECK, "lsn=900", "lsn=700"),
            (&clog_follows_log::CHECK, "xid=8 status", "xid=7 status"),
            (&numbers_once::CHECK, "xid=7 client=2", "xid=8 client=2"),
            (&promote_keeps_log::CHECK, "start=8000", "start=9000"),
            (&block_of_one_file::CHECK, "block=9 file=base", "block=10 file=base"),
            (&slot_keeps_log::CHECK, "end=9000", "end=5000"),
            (&stop_means_silent::CHECK, "2s pb1/postgres", "2s pb2/postgres"),
            (&role_matches_mount::CHECK, "mode=readonly", "mode=readwrite"),
        ];
        for (check, from, to) in cases {
            assert_eq!(mended(check, from, to), Answer::Holds, "{}", check.name);
        }
        assert_eq!(mended(&stop_and_promote_end::CHECK, "72s", "52s"), Answer::Holds);
    }

    #[test]
    fn what_the_examples_do_not_show_breaks_the_promises_too() {
        let late_slot = "1s pb1/postgres disk.segment-removed volume=wal end=9000\n\
                         2s pb1/postgres disk.slot volume=wal place=1 slot=extra restart=5000\n";
        let reader = "1s pb2/postgres server.mounted role=replica mode=readonly volume=wal\n\
                      2s pb2/postgres disk.written volume=wal structure=pages first=9 sectors=1\n";
        let back = "1s pb1/postgres disk.control volume=wal redo=9 checkpoint=9 next_xid=8 timeline=1\n\
                    2s pb2/postgres disk.control volume=wal redo=7 checkpoint=9 next_xid=9 timeline=1\n";
        let timeline = "1s pb2/postgres server.mounted role=replica volume=wal\n\
                        2s pb1/postgres disk.log-durable volume=wal end=9000 timeline=1\n\
                        3s pb2/postgres disk.end-of-recovery volume=wal start=9000 timeline=2\n";
        let rolled_back = "1s pb1/postgres disk.transaction volume=wal xid=7 client=1 number=1 end=9000\n\
                           2s pb1/postgres disk.clog volume=wal xid=7 status=aborted\n";
        let stories: [(&Check, &str); 5] = [
            (&slot_keeps_log::CHECK, late_slot),
            (&role_matches_mount::CHECK, reader),
            (&numbers_once::CHECK, back),
            (&promote_keeps_log::CHECK, timeline),
            (&clog_follows_log::CHECK, rolled_back),
        ];
        for (check, story) in stories {
            assert_eq!((check.example.judge)(story).answer, Answer::Violated, "{}", check.name);
        }
    }
}
