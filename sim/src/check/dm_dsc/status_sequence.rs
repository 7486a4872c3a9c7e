//! I9: the DB group goes through its states in their order, and counts every change and every command by one.
//!
//! The orders are those of the reference, sections 3.1 and 3.2 (measured), and of the manual's lists for 2024; the law
//! of the counter is section 2.1.
//!
//! A record can go bad where it lies. As long as its control CSS lives it knows what it wrote and goes on from there. One
//! that takes over cannot know the status, nor how far the counter was beyond the commands that still stand in the
//! mailboxes and slots: what it writes begins a new sequence behind those.

use std::collections::BTreeMap;

use reports::{Sentence, sentence};

use super::story::{Ep, Group, GroupRecord, Note, SYS_HALT, Story, What};
use super::{Check, Example, Finding, judge_written, kept, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-status-sequence",
    promise: "The DB group goes through the states of crash handling and rejoin in their order, and each change and command counts one.",
    promise_zh: "DB 组严格按故障处理与重加入的状态顺序变化,每次状态变化和每条命令使 cmd_seq 加一。",
    example: Example {
        story: "The group is open again behind EP_CRASH_STEP1: the redo of the dead EP was left out.",
        text: "\
1s dsc1/dmcss record DB OPEN/STARTUP counter=47 ok=0,1
2s dsc1/dmcss record DB PROCESS_EP_CRASH/CSS_SUB_STATUS_EP_CRASH_STEP1 counter=48 broken=0
3s dsc1/dmcss record DB OPEN/STARTUP counter=49 ok=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// The second words of the path through crash handling of 2021, in their order.
pub const CRASH_2021: &[&str] = &[
    "CSS_SUB_STATUS_EP_CRASH_STEP1",
    "CSS_SUB_STATUS_EP_CRASH_WAIT_STEP1",
    "CSS_SUB_STATUS_EP_CRASH_STEP2",
    "CSS_SUB_STATUS_EP_CRASH_WAIT_STEP2",
    "SLAVE_CONFIG_VIP",
    "WAIT_SLAVE_CONFIG_VIP",
    "MASTER_CONFIG_VIP",
    "WAIT_MASTER_CONFIG_VIP",
    "EP_CONFIG_VIP",
    "WAIT_EP_CONFIG_VIP",
];
/// The same of 2024.
pub const CRASH_2024: &[&str] = &[
    "EP_CRASH",
    "WAIT_EP_CRASH",
    "WAIT_CMD_CLEAR",
    "SLAVE_CONFIG_VIP",
    "WAIT_SLAVE_CONFIG_VIP",
    "MASTER_CONFIG_VIP",
    "WAIT_MASTER_CONFIG_VIP",
    "EP_CONFIG_VIP",
    "WAIT_EP_CONFIG_VIP",
];
/// The second words of the path through a rejoin, in their order.
pub const REJOIN: &[&str] = &[
    "SUSPEND_WORKER",
    "WAIT_SUSPEND_WORKER",
    "CSS_SUB_STATUS_WAIT_DCR_LOAD",
    "SUB_WAIT_ERROR_EP_ADD",
    "WAIT_EP_RECOVER",
    "EP_CONFIG_VIP",
    "WAIT_EP_CONFIG_VIP",
    "MASTER_CONFIG_VIP",
    "WAIT_MASTER_CONFIG_VIP",
    "SLAVE_CONFIG_VIP",
    "WAIT_SLAVE_CONFIG_VIP",
    "WAIT_STARTUP",
    "AFTER_REDO",
    "WAIT_EP_OPEN",
    "WAIT_RESUME_WORKER",
    "WAIT_REAL_OPEN",
];
/// The start of the group: the real order is not published, the model's is checked against itself.
const START: &[&str] =
    &["STARTUP", "WAIT_STARTUP", "WAIT_REDO", "WAIT_STARTUP", "AFTER_REDO", "WAIT_EP_OPEN", "WAIT_REAL_OPEN"];
const ROLLBACK: &[&str] = &["CRASH_ROLLBACK", "WAIT_CRASH_ROLLBACK"];
const LINK_CHECK: &[&str] = &["WAIT_LINK_CHECK"];

/// The paths by the first word of the status.
const PATHS: &[(&str, &[&str])] = &[
    ("STARTUP", START),
    ("PROCESS_EP_CRASH", CRASH_2021),
    ("PROCESS_CRASH", CRASH_2024),
    ("PROCESS_CRASH", ROLLBACK),
    ("PROCESS_RECOVER", REJOIN),
    ("LINK_CHECK", LINK_CHECK),
];

/// As many commands of one tick can be on their way: one for each EP.
const MOST_LOST: usize = 8;

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    let mut counting = Counting::default();
    let mut last: Option<&GroupRecord> = None;
    let mut was_tested = false;
    for note in &story.notes {
        match &note.what {
            What::RecordLost(Group::Db) => counting.lost = true,
            What::Slot { group: Group::Db, ep, done, .. } => drop(counting.done.insert(*ep, *done)),
            What::Record(record) if record.group == Group::Db => {
                counting.new_writer(note);
                if counting.is_anew {
                    last = None;
                }
                if let Some(before) = last.filter(|before| before.status != record.status) {
                    was_tested = true;
                    if !follows(&before.status, &record.status) {
                        let ((from, from_sub), (to, to_sub)) = (&before.status, &record.status);
                        let text = sentence!(
                            "At {} the DB group goes from ({from}, {from_sub}) to ({to}, {to_sub}), which does not \
                             follow.",
                            "{} 时,DB 组从 ({from}, {from_sub}) 转到 ({to}, {to_sub}),不符合状态顺序。",
                            note.at
                        );
                        return violated(&CHECK, note, text);
                    }
                }
                if let Some(text) = counting.record(note, record, last) {
                    return violated(&CHECK, note, text);
                }
                last = Some(record);
            }
            What::Order { group: Group::Db, ep, command, sequence, .. } => {
                counting.new_writer(note);
                counting.mail.insert(*ep, *sequence);
                if *command == SYS_HALT || *sequence == 0 {
                    continue;
                }
                if let Some(text) = counting.order(note, (*ep, *command), *sequence) {
                    return violated(&CHECK, note, text);
                }
            }
            _ => {}
        }
    }
    if let Some((number, note)) = counting.owed.first_key_value() {
        let text = sentence!(
            "At {} the counter had passed over {number}, and no command ever came with it.",
            "{} 时,计数器已越过 {number},但从未有命令使用该序号。",
            note.at
        );
        return violated(&CHECK, note, text);
    }
    kept(&CHECK, was_tested, ("the DB group never changed its status", "DB 组从未改变状态"))
}

/// Whether one status may follow another one.
fn follows(from: &(String, String), to: &(String, String)) -> bool {
    let is_first = |status: &str, sub: &str| PATHS.iter().any(|(name, subs)| *name == status && subs[0] == sub);
    let is_last = |path: &(&str, &[&str])| path.0 == from.0 && path.1.last() == Some(&from.1.as_str());
    let next = |path: &(&str, &[&str])| {
        path.0 == from.0 && path.0 == to.0 && path.1.windows(2).any(|pair| pair == [from.1.as_str(), to.1.as_str()])
    };
    match (from.0.as_str(), to.0.as_str()) {
        (_, "SYS_HALT") => true,
        ("OPEN", "SHUTDOWN") | ("SYS_HALT" | "SHUTDOWN", "STARTUP") => true,
        ("OPEN", _) | ("LINK_CHECK", "PROCESS_EP_CRASH" | "PROCESS_CRASH") => is_first(&to.0, &to.1),
        (_, "OPEN") => PATHS.iter().any(|path| is_last(path) && path.1 != ROLLBACK),
        ("PROCESS_CRASH", "PROCESS_CRASH") if to.1 == ROLLBACK[0] => true,
        ("PROCESS_CRASH", "PROCESS_CRASH") if from.1 == ROLLBACK[1] => to.1 == CRASH_2024[0],
        _ => PATHS.iter().any(next),
    }
}

/// The counter of the DB group, as orders and records should go on with it.
#[derive(Default)]
struct Counting<'a> {
    last: Option<u64>,
    /// Commands by their number: a control CSS that lost its way writes the same again.
    given: BTreeMap<u64, (Ep, u8)>,
    writer: Option<(&'a str, u32, u64)>,
    /// What the last record counted: a new control CSS goes on from there.
    recorded: Option<u64>,
    /// What the first record counted: commands before it can have been lost on the way, and come late.
    first: Option<u64>,
    /// The number in the mailbox of each EP, and that of the command it finished last.
    mail: BTreeMap<Ep, u64>,
    done: BTreeMap<Ep, u64>,
    /// The record has gone bad since it was written.
    lost: bool,
    /// Somebody who could not read the record goes on, and has not yet written it.
    is_anew: bool,
    /// Numbers that were passed over, and by which note: of commands whose write got lost and that must come later.
    owed: BTreeMap<u64, &'a Note>,
}

impl<'a> Counting<'a> {
    /// Takes an order in; what is wrong with its number.
    fn order(&mut self, note: &'a Note, what: (Ep, u8), sequence: u64) -> Option<Sentence> {
        self.new_writer(note);
        let is_late = self.first.is_some_and(|first| sequence < first) && !self.given.contains_key(&sequence);
        let is_known = self.given.get(&sequence) == Some(&what) || self.owed.remove(&sequence).is_some() || is_late;
        self.given.insert(sequence, what);
        if is_known {
            self.last = self.last.max(Some(sequence));
            return None;
        }
        self.count(note, sequence)
    }

    /// Takes a record in; what is wrong with its counter.
    fn record(&mut self, note: &'a Note, record: &GroupRecord, before: Option<&GroupRecord>) -> Option<Sentence> {
        self.recorded = Some(record.counter);
        self.first = self.first.or(Some(record.counter));
        self.lost = false;
        if std::mem::take(&mut self.is_anew) {
            let wrong = self.count(note, record.counter);
            self.owed.clear();
            return wrong;
        }
        // A drill begins with the counter its scenario gives, written over the same status.
        if before.is_none_or(|before| before.status == record.status) {
            self.given.clear();
            self.last = Some(record.counter);
            return None;
        }
        self.count(note, record.counter)
    }

    fn count(&mut self, note: &'a Note, number: u64) -> Option<Sentence> {
        let last = self.last.replace(number)?;
        if number <= last {
            return Some(sentence!(
                "At {} the counter shows {number}; it stood at {last}.",
                "{} 时,计数器显示 {number},而此前已为 {last}。",
                note.at
            ));
        }
        self.owed.extend((last + 1..number).take(MOST_LOST).map(|owed| (owed, note)));
        None
    }

    fn new_writer(&mut self, note: &'a Note) {
        let writer = (note.by.as_str(), note.life, note.reign);
        if self.writer != Some(writer) && self.writer.replace(writer).is_some() {
            self.last = self.recorded;
            self.owed.clear();
            if std::mem::take(&mut self.lost) {
                self.is_anew = true;
                self.last = self.mail.values().chain(self.done.values()).max().copied();
                self.given.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::written;
    use super::*;
    use crate::check::Answer;

    fn answer(text: &str) -> Answer {
        judge(&written::read(text).expect("a story")).answer
    }

    #[test]
    fn a_number_that_is_left_out_shows_and_one_that_is_repeated_does_not() {
        let open = "1s a/dmcss record DB OPEN/STARTUP counter=61\n2s a/dmcss record DB PROCESS_RECOVER/SUSPEND_WORKER counter=62\n3s a/dmcss record DB PROCESS_RECOVER/WAIT_SUSPEND_WORKER counter=63\n";
        assert_eq!(
            answer(&format!("{open}4s a/dmcss order DB.0 command=4 seq=64\n5s a/dmcss order DB.0 command=4 seq=64\n")),
            Answer::Holds
        );
        assert_eq!(answer(&format!("{open}4s a/dmcss order DB.0 command=4 seq=65\n")), Answer::Violated);
        assert_eq!(
            answer(&format!("{open}4s a/dmcss record DB PROCESS_RECOVER/WAIT_EP_RECOVER counter=64\n")),
            Answer::Violated
        );
    }

    #[test]
    fn without_its_record_the_group_goes_on_behind_the_commands_that_can_still_be_read() {
        let lost = "1s a/dmcss record DB OPEN/STARTUP counter=61\n\
                    2s a/dmcss record DB PROCESS_RECOVER/SUSPEND_WORKER counter=62\n\
                    3s a/dmcss order DB.0 command=4 seq=63\n4s a/dmcss order DB.1 command=4 seq=64\n\
                    5s a/dmcss record DB PROCESS_RECOVER/WAIT_SUSPEND_WORKER counter=65\n";
        let halt = |counter| {
            format!(
                "7s b/dmcss order DB.0 command=14 guid=7\n7s b/dmcss record DB SYS_HALT/STARTUP counter={counter}\n\
                 9s b/dmcss record DB STARTUP/STARTUP counter={}\n",
                counter + 1
            )
        };
        let gone = "6s vote record-lost DB\n";
        assert_eq!(answer(&format!("{lost}{}", halt(66))), Answer::Holds, "the record could be read");
        assert_eq!(answer(&format!("{lost}{}", halt(65))), Answer::Violated, "the record could be read");
        assert_eq!(answer(&format!("{lost}{gone}{}", halt(65))), Answer::Holds, "the mailbox of DB.1 says 64");
        assert_eq!(answer(&format!("{lost}{gone}{}", halt(64))), Answer::Violated, "the mailbox of DB.1 says 64");
        let behind = format!("{lost}{gone}{}10s b/dmcss order DB.1 command=10 seq=", halt(65));
        assert_eq!(answer(&format!("{behind}67\n")), Answer::Holds);
        assert_eq!(answer(&format!("{behind}69\n")), Answer::Violated, "two numbers are left out behind the halt");
        let same = "7s a/dmcss record DB PROCESS_RECOVER/CSS_SUB_STATUS_WAIT_DCR_LOAD counter=68\n";
        assert_eq!(answer(&format!("{lost}{gone}{same}")), Answer::Violated, "whoever wrote it knows how far it was");
    }

    #[test]
    fn the_first_command_may_have_been_lost_and_come_behind_the_first_record() {
        let late = "1s a/dmcss record DB STARTUP/WAIT_STARTUP counter=2\n2s a/dmcss order DB.0 command=10 seq=1\n";
        let goes_on =
            format!("{late}3s a/dmcss order DB.0 command=11 seq=3\n4s a/dmcss record DB STARTUP/WAIT_REDO counter=4\n");
        assert_eq!(answer(&goes_on), Answer::Holds);
        let twice = format!("{goes_on}5s a/dmcss order DB.1 command=10 seq=1\n");
        assert_eq!(answer(&twice), Answer::Violated, "another command of the same number");
    }
}
