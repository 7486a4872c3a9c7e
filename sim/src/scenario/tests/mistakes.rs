//! One file for each mistake of the list, and how it is shown.
//!
//! A file is built from a sound one by a replacement or an addition, so that each snapshot shows exactly what one
//! slip of the hand brings. The last test proves that no code of the list is without its file.

use std::collections::BTreeSet;

use super::{SWITCHOVER_FAIL, diagnostics};
use crate::scenario::codes::{CODES, Code};
use crate::scenario::render::{Style, carets, count, github, json_lines};

/// What is done to the sound file.
enum Slip {
    /// These words are replaced by those.
    Swap(&'static str, &'static str),
    /// This is added at the end.
    Add(&'static str),
    /// The file is this.
    Whole(&'static str),
}
use Slip::{Add, Swap, Whole};

impl Slip {
    fn text(&self) -> String {
        match self {
            Swap(from, to) => {
                assert!(SWITCHOVER_FAIL.contains(from), "{from}");
                SWITCHOVER_FAIL.replacen(from, to, 1)
            }
            Add(more) => format!("{SWITCHOVER_FAIL}\n{more}"),
            Whole(text) => (*text).to_owned(),
        }
    }
}

/// Each mistake, and the codes it must bring, in the order of the file.
const SLIPS: &[(&str, Slip, &[Code])] = &[
    ("newer_format", Swap("format = 1", "format = 2\nbrand-new-key = 1"), &[Code::NewerFormat]),
    ("syntax", Swap("rto = \"60s\"", "rto = 60s\nrpo = \"0s"), &[Code::Syntax, Code::Syntax, Code::Syntax]),
    ("unknown_key", Swap("kill  = \"dn2\"", "kil   = \"dn2\""), &[Code::UnknownKey]),
    ("unknown_table", Swap("[workload]", "[wokload]"), &[Code::UnknownKey]),
    (
        "several_unknown_keys",
        Add("[storage]\nlatencey = \"1ms\"\nsector_size = \"4kB\"\nzebra = 1"),
        &[Code::UnknownKey; 3],
    ),
    ("wrong_types", Swap("clients = 8\nrate    = \"100/s\"", "clients = \"8\"\nrate    = 100"), &[Code::WrongType; 2]),
    ("number_too_large", Swap("clients = 8", "clients = 99999999999999999999"), &[Code::OutOfBounds]),
    ("number_out_of_bounds", Swap("clients = 8", "clients = 0"), &[Code::OutOfBounds]),
    (
        "empty_file",
        Whole(""),
        &[Code::MissingKey, Code::MissingKey, Code::MissingKey, Code::MissingKey, Code::NothingChecked],
    ),
    ("missing_tables", Swap("[product]\nmodel = \"opengauss_dms\"\n", ""), &[Code::MissingKey]),
    (
        "missing_keys",
        Whole("format = 1\n[drill]\n[product]\n[[node]]\n[[step]]\n[[check]]\n"),
        &[
            Code::MissingKey,
            Code::MissingKey,
            Code::MissingKey,
            Code::MissingKey,
            Code::MissingKey,
            Code::MissingKey,
            Code::NoTime,
            Code::NoVerb,
            Code::CheckMode,
        ],
    ),
    ("no_unit", Swap("delay = \"0s..50ms\"", "delay = \"0..50\""), &[Code::NoUnit]),
    ("not_a_value", Swap("within     = \"60s\"", "within     = \"a minute\""), &[Code::NotAValue]),
    ("range_upside_down", Swap("delay = \"0s..50ms\"", "delay = \"50ms..0s\""), &[Code::RangeUpsideDown]),
    ("seeds_upside_down", Swap("1..500", "500..1"), &[Code::RangeUpsideDown]),
    ("ratio_malformed", Add("[network]\nloss = \"5%\""), &[Code::RatioMalformed]),
    ("ratio_above_one", Add("[network]\nloss = \"3/2\""), &[Code::OutOfBounds]),
    (
        "after_nothing",
        Swap("after      = \"kill-new-primary\"", "after      = \"kill-new-primry\""),
        &[Code::AfterNothing],
    ),
    (
        "after_event_without_node",
        Swap("after = \"dn2.reformer-lock.acquired\"", "after = \"reformer-lock.acquired\""),
        &[Code::AfterNothing],
    ),
    ("unknown_event", Swap("dn2.reformer-lock.acquired", "dn2.reformer-lock.aquired"), &[Code::UnknownEvent]),
    ("check_of_unknown_event", Swap("dn1.self-exit", "dn1.selfexit"), &[Code::UnknownEvent]),
    (
        "circle",
        Add(
            "[[step]]\nname = \"a\"\nafter = \"b\"\nstop = \"dn1\"\n[[fault]]\nname = \"b\"\nafter = \"c.ended\"\nfor = \"1s\"\npause = \"dn1\"\n\
             [[step]]\nname = \"c\"\nafter = \"a\"\nstop = \"dn2\"\n[[step]]\nname = \"d\"\nafter = \"a\"\nstop = \"dn3\"",
        ),
        &[Code::AfterCycle],
    ),
    (
        "waits_for_itself",
        Swap("after = \"dn2.reformer-lock.acquired\"", "after = \"kill-new-primary\""),
        &[Code::AfterCycle],
    ),
    ("no_verb", Swap("kill  = \"dn2\"\n", ""), &[Code::NoVerb]),
    ("two_verbs", Swap("kill  = \"dn2\"", "kill  = \"dn2\"\npause = \"dn1\"\nlose-power = \"dn3\""), &[Code::TwoVerbs]),
    (
        "verb_and_command",
        Swap("on      = \"dn1\"", "on      = \"dn1\"\nswitchover = { to = \"dn2\" }"),
        &[Code::TwoVerbs],
    ),
    ("no_time", Swap("at      = \"20s\"\n", ""), &[Code::NoTime]),
    ("two_times", Swap("at      = \"20s\"", "at      = \"20s\"\nafter = \"kill-new-primary\""), &[Code::TwoTimes]),
    (
        "delay_without_after",
        Swap("at      = \"20s\"", "at      = \"20s\"\ndelay = \"1s\"\nnth = 2"),
        &[Code::NotTogether; 2],
    ),
    ("for_of_a_moment", Swap("kill  = \"dn2\"", "kill  = \"dn2\"\nfor = \"5s\""), &[Code::NotTogether]),
    ("command_without_on", Swap("on      = \"dn1\"\n", ""), &[Code::MissingKey]),
    ("duplicate_node", Swap("name = \"dn3\"", "name = \"dn2\""), &[Code::DuplicateName]),
    (
        "duplicate_entry",
        Swap("name  = \"kill-new-primary\"", "name  = \"switchover\""),
        &[Code::DuplicateName, Code::AfterNothing],
    ),
    ("entry_named_as_node", Swap("name    = \"switchover\"", "name    = \"dn1\""), &[Code::DuplicateName]),
    ("check_declared_twice", Add("[[check]]\nalways = \"single-writer\""), &[Code::DuplicateName]),
    ("bad_names", Swap("name    = \"switchover\"", "name    = \"switch over\""), &[Code::BadName]),
    ("role_word_as_name", Swap("name = \"dn3\"", "name = \"new-primary\""), &[Code::BadName]),
    ("unknown_node", Swap("kill  = \"dn2\"", "kill  = \"dn22\""), &[Code::UnknownNode]),
    ("process_where_host", Swap("kill  = \"dn2\"", "lose-power = \"dn2/gaussdb\""), &[Code::UnknownNode]),
    ("unknown_process", Swap("kill  = \"dn2\"", "kill  = \"dn2/cm_agnt\""), &[Code::UnknownProcess]),
    ("kill_the_clients", Swap("kill  = \"dn2\"", "kill  = \"clients\""), &[Code::NotTogether]),
    ("unknown_role", Swap("role = \"primary\"", "role = \"master\""), &[Code::UnknownRole]),
    ("unknown_product", Swap("model = \"opengauss_dms\"", "model = \"opengauss-dsm\""), &[Code::UnknownProduct]),
    (
        "unknown_profile",
        Swap("model = \"opengauss_dms\"", "model = \"opengauss_dms\"\nprofile = \"7.0\""),
        &[Code::UnknownProfile],
    ),
    (
        "unknown_parameters",
        Swap(
            "model = \"opengauss_dms\"",
            "model = \"opengauss_dms\"\nset = { agent_hartbeat_timeout = 6, ss_work_thread_count = 99, enable_dss = 3 }\ndefects = [\"kick-keeps-locks\"]",
        ),
        &[Code::UnknownParameter, Code::OutOfBounds, Code::WrongType, Code::UnknownDefect],
    ),
    ("unknown_program", Swap("cm_ctl switchover", "rm -rf / | cm_ctl"), &[Code::UnknownCommand]),
    ("unknown_subcommand", Swap("cm_ctl switchover", "cm_ctl switchovr"), &[Code::UnknownCommand]),
    ("bad_options", Swap("-n 2 -D", "-n two --data"), &[Code::BadCommandLine; 2]),
    ("open_quote", Swap("-n 2 -D", "-n '2 -D"), &[Code::BadCommandLine]),
    ("unknown_check", Swap("always = \"single-writer\"", "always = \"single-writers\""), &[Code::UnknownCheck]),
    ("check_without_mode", Add("[[check]]\nwithin = \"3s\""), &[Code::CheckMode, Code::NotTogether]),
    (
        "check_with_two_modes",
        Add("[[check]]\nalways = \"log-intact\"\nsometimes = \"dn1.self-exit\""),
        &[Code::CheckMode],
    ),
    ("liveness_always", Add("[[check]]\nalways = \"converged\""), &[Code::CheckMode]),
    ("safety_eventually", Add("[[check]]\neventually = \"log-intact\""), &[Code::CheckMode]),
    ("unknown_count", Add("[[check]]\nsometimes = \"kill-new-primary.obsrved\""), &[Code::FaultCount]),
    ("count_of_unknown_fault", Add("[[check]]\nsometimes = \"kill-new-primry.observed\""), &[Code::FaultCount]),
    ("count_in_another_mode", Add("[[check]]\neventually = \"kill-new-primary.survived\""), &[Code::FaultCount]),
    ("nothing_to_repair", Add("[[check]]\nsometimes = \"kill-new-primary.repaired\""), &[Code::FaultCount]),
    ("unknown_workload", Swap("kind    = \"bank-transfer\"", "kind    = \"bank-transfers\""), &[Code::UnknownWorkload]),
    (
        "expect_undeclared",
        Swap("verdict = \"pass\"", "verdict = \"violation\"\nof = [\"log-intact\", \"single-writer\"]"),
        &[Code::ExpectUndeclared],
    ),
    (
        "of_without_violation",
        Swap("verdict = \"pass\"", "verdict = \"pass\"\nof = [\"single-writer\"]"),
        &[Code::NotTogether],
    ),
    ("unknown_word", Swap("verdict = \"pass\"", "verdict = \"fail\""), &[Code::UnknownWord]),
    (
        "unknown_device",
        Swap("kill  = \"dn2\"", "lose-write = { device = \"vote\", host = \"dn2\" }"),
        &[Code::UnknownDevice],
    ),
    (
        "unknown_region",
        Swap("kill  = \"dn2\"", "lose-write = { region = \"wall\", host = \"dn2\", sectors = \"9..3\" }"),
        &[Code::UnknownDevice, Code::RangeUpsideDown],
    ),
    (
        "unknown_file",
        Swap("kill  = \"dn2\"", "remove-file = { host = \"dn2\", file = \"pg_hba\" }"),
        &[Code::UnknownDevice],
    ),
    ("path_without_host", Swap("kill  = \"dn2\"", "lose-path = { device = \"voting\" }"), &[Code::MissingKey]),
    (
        "link_with_three_ends",
        Swap("kill  = \"dn2\"", "slow = { link = [\"dn1\", \"dn2\", \"dn3\"] }"),
        &[Code::MissingKey, Code::OutOfBounds],
    ),
    (
        "link_with_one_end",
        Swap("kill  = \"dn2\"", "drop = { link = [\"dn1\", \"dn1\"], ratio = \"1/10\" }"),
        &[Code::OutOfBounds],
    ),
    (
        "partition_twice",
        Swap("kill  = \"dn2\"", "partition = { between = [\"dn1\", \"dn2\"], isolate = [\"dn3\"] }"),
        &[Code::NotTogether],
    ),
    (
        "unknown_argument",
        Swap("kill  = \"dn2\"", "partition = { betwen = [\"dn1\", \"dn2\"], direction = \"both\" }"),
        &[Code::UnknownKey],
    ),
    ("verb_not_offered", Add("[[step]]\nname = \"p\"\nat = \"30s\"\npromote = \"dn2\""), &[Code::VerbNotOffered]),
    ("never_happens", Swap("at      = \"20s\"", "at      = \"4m\""), &[Code::NeverHappens]),
    (
        "five_at_once",
        Swap(
            "kill  = \"dn2\"",
            "kill  = \"dn9\"\n[[fault]]\nname = \"f2\"\nat = \"20\"\npause = \"dn1/gausdb\"\n[[step]]\nname = \"s2\"\nafter = \"f3\"\nstop = \"dn1\"\nrestrat = \"dn2\"",
        ),
        &[Code::UnknownNode, Code::NoUnit, Code::UnknownProcess, Code::AfterNothing, Code::UnknownKey],
    ),
];

#[test]
fn every_slip_is_shown_as_it_was_last_reviewed() {
    let mut surprises = String::new();
    for (name, slip, codes) in SLIPS {
        let (source, diagnostics) = diagnostics(&slip.text());
        let found: Vec<Code> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        if found != *codes {
            surprises.push_str(&format!("{name}: {found:?} in place of {codes:?}\n"));
        }
        insta::assert_snapshot!(*name, carets(&diagnostics, &source, Style::Plain) + &count(&diagnostics));
    }
    assert_eq!(surprises, "");
}

#[test]
fn every_code_that_a_text_can_bring_is_among_the_slips() {
    let shown: BTreeSet<Code> = SLIPS.iter().flat_map(|(_, _, codes)| codes.iter().copied()).collect();
    let of_files = [Code::FileMissing, Code::NotAFile, Code::FileTooLarge, Code::NotText, Code::Unreadable];
    let missing: Vec<Code> =
        CODES.iter().map(|entry| entry.code).filter(|code| !shown.contains(code) && !of_files.contains(code)).collect();
    assert_eq!(missing, []);
}

#[test]
fn tools_are_told_the_same() {
    let slip = SLIPS.iter().find(|(name, ..)| *name == "five_at_once").unwrap();
    let (source, diagnostics) = diagnostics(&slip.1.text());
    insta::assert_snapshot!("as_json_lines", json_lines(&diagnostics, &source));
    insta::assert_snapshot!("as_github_annotations", github(&diagnostics, &source));
}

#[test]
fn of_very_many_mistakes_the_first_hundred_are_drawn() {
    let many: String = (0..150).map(|number| format!("[[check]]\nalways = \"no-such-{number}\"\n")).collect();
    let (source, diagnostics) = diagnostics(&format!("{SWITCHOVER_FAIL}\n{many}"));
    let drawn = carets(&diagnostics, &source, Style::Plain);
    assert_eq!(drawn.matches("error[S033]").count(), 100);
    assert!(drawn.ends_with("... and 50 more\n\n"));
    assert_eq!(json_lines(&diagnostics, &source).lines().count(), 150);
}
