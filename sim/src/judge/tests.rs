//! Written histories in each form, judged.

use super::*;
use crate::check::Answer;

fn judged(text: &str, model: Model) -> Finding {
    match judge(text, Options::of(model)) {
        Ok(mut findings) => findings.remove(0),
        Err(error) => panic!("{error}"),
    }
}

fn refused(text: &str, model: Model) -> String {
    judge(text, Options::of(model)).unwrap_err().to_string()
}

/// Written with single blanks; the reader must not mind tabs.
fn console(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("INFO  jepsen.util - {}\n", line.replace(' ', "\t"))).collect()
}

const STALE_READ: &[&str] = &[
    "0 :invoke :write 4",
    "0 :ok :write 4",
    "1 :invoke :cas [4 2]",
    "2 :invoke :read nil",
    "1 :ok :cas [4 2]",
    "2 :ok :read 4",
    "2 :invoke :read nil",
    "2 :ok :read 4",
];

#[test]
fn a_register_in_a_console_log() {
    assert_eq!(judged(&console(&STALE_READ[..6]), Model::Register).answer, Answer::Holds);
    let finding = judged(&console(STALE_READ), Model::Register);
    assert_eq!(finding.answer, Answer::Violated);
    assert_eq!((finding.event, finding.at), (Some(8), None));
    assert!(finding.told().contains("process 2 read 4 from key register, from line 7 to line 8"));
}

#[test]
fn blanks_are_as_good_as_tabs() {
    let text = console(STALE_READ).replace('\t', "  ");
    assert_eq!(judged(&text, Model::Register).answer, Answer::Violated);
}

#[test]
fn an_indeterminate_write_may_happen_late_or_never() {
    let history = |reads: &[&str]| {
        let mut lines = vec!["0 :invoke :write 1", "0 :ok :write 1", "1 :invoke :write 2", "1 :info :write :timed-out"];
        lines.extend(reads);
        console(&lines)
    };
    let late = ["0 :invoke :read nil", "0 :ok :read 1", "0 :invoke :read nil", "0 :ok :read 2"];
    assert_eq!(judged(&history(&late), Model::Register).answer, Answer::Holds);
    let never = ["0 :invoke :read nil", "0 :ok :read 1"];
    assert_eq!(judged(&history(&never), Model::Register).answer, Answer::Holds);
    let undone = ["0 :invoke :read nil", "0 :ok :read 2", "0 :invoke :read nil", "0 :ok :read 1"];
    assert_eq!(judged(&history(&undone), Model::Register).answer, Answer::Violated);
}

#[test]
fn a_failed_compare_and_set_was_not_made() {
    let lines = ["0 :invoke :write 1", "0 :ok :write 1", "0 :invoke :cas [1 2]", "0 :fail :cas [1 2]"];
    assert_eq!(judged(&console(&lines), Model::Register).answer, Answer::Holds);
    let mut seen = lines.to_vec();
    seen.extend(["0 :invoke :read nil", "0 :ok :read 2"]);
    assert_eq!(judged(&console(&seen), Model::Register).answer, Answer::Violated);
}

#[test]
fn many_registers_in_pairs_of_key_and_value() {
    let maps = "[{:process 0, :type :invoke, :f :write, :value [:x 1], :time 10}
                 {:process 0, :type :ok, :f :write, :value [:x 1], :time 20}
                 {:process :nemesis, :type :info, :f :start, :value nil, :time 25}
                 {:process 1, :type :invoke, :f :cas, :value [:x [1 3]], :time 30}
                 {:process 1, :type :ok, :f :cas, :value [:x [1 3]], :time 40}
                 {:process 0, :type :invoke, :f :read, :value [:y nil], :time 50}
                 {:process 0, :type :ok, :f :read, :value [:y nil], :time 60}
                 {:process 0, :type :invoke, :f :read, :value [:x nil], :time 70}
                 {:process 0, :type :ok, :f :read, :value [:x 1], :time 80}]";
    let finding = judged(maps, Model::Register);
    assert_eq!(finding.answer, Answer::Violated);
    assert_eq!((finding.event, finding.at), (Some(9), Some(Instant(80))));
    assert!(finding.told().contains("key :x"), "{:?}", finding.explanation);
    assert_eq!(judged(&maps.replace("[:x 1], :time 80", "[:x 3], :time 80"), Model::Register).answer, Answer::Holds);
}

#[test]
fn several_entries_on_a_line_are_told_by_their_numbers() {
    let maps = "[{:process 0, :type :invoke, :f :read} {:process 0, :type :ok, :f :read, :value 7}]";
    let finding = judged(maps, Model::Register);
    assert_eq!(finding.event, Some(2));
    assert!(finding.explanation[0].en.contains("from entry 1 to entry 2"), "{:?}", finding.explanation);
}

#[test]
fn strings_by_key() {
    let history = |seen: &str| {
        format!(
            "{{:process 0, :type :invoke, :f :put, :key \"k\", :value \"a\"}}
             {{:process 0, :type :ok, :f :put, :key \"k\", :value \"a\"}}
             {{:process 1, :type :invoke, :f :append, :key \"k\", :value \"bc\"}}
             {{:process 0, :type :invoke, :f :get, :key \"k\", :value nil}}
             {{:process 0, :type :ok, :f :get, :key \"k\", :value \"a\"}}
             {{:process 1, :type :ok, :f :append, :key \"k\", :value \"bc\"}}
             {{:process 0, :type :invoke, :f :get, :key \"k\", :value nil}}
             {{:process 0, :type :ok, :f :get, :key \"k\", :value {seen:?}}}
             {{:process 0, :type :invoke, :f :get, :key \"other\", :value nil}}
             {{:process 0, :type :ok, :f :get, :key \"other\", :value \"\"}}"
        )
    };
    assert_eq!(judged(&history("abc"), Model::KeyValue).answer, Answer::Holds);
    let finding = judged(&history("a"), Model::KeyValue);
    assert_eq!((finding.answer, finding.event), (Answer::Violated, Some(8)));
    assert!(finding.told().contains("read \"a\" from key k"), "{:?}", finding.explanation);
}

#[test]
fn a_bank_with_balances_in_a_map_or_a_vector() {
    let history = |balances: &str| {
        console(&[
            "0 :invoke :read nil",
            "0 :ok :read {0 10, 1 10}",
            "1 :invoke :transfer {:from 0, :to 1, :amount 5}",
            "0 :invoke :read nil",
            &format!("0 :ok :read {balances}"),
            "1 :info :transfer :timed-out",
        ])
    };
    assert_eq!(judged(&history("{0 5, 1 15}"), Model::Bank).answer, Answer::Holds);
    assert_eq!(judged(&history("[5 15]"), Model::Bank).answer, Answer::Holds);
    let finding = judged(&history("{0 5, 1 10}"), Model::Bank);
    assert_eq!((finding.answer, finding.event), (Answer::Violated, Some(5)));
    assert_eq!(judged(&history("{0 5}"), Model::Bank).event, Some(5), "a lost account");
    let short = Options { total: Some(30), ..Options::of(Model::Bank) };
    assert_eq!(judge(&history("{0 5, 1 15}"), short).unwrap()[0].event, Some(2));
}

#[test]
fn transactions_on_lists_in_maps() {
    let history = |seen: &str| {
        format!(
            "{{:index 0, :type :invoke, :process 0, :f :txn, :value [[:append :x 1] [:r :y nil]]}}
             {{:index 1, :type :invoke, :process 1, :f :txn, :value [[:append :y 1] [:r :x nil]]}}
             {{:index 2, :type :ok, :process 0, :f :txn, :value [[:append :x 1] [:r :y {seen}]]}}
             {{:index 3, :type :ok, :process 1, :f :txn, :value [[:append :y 1] [:r :x [1]]]}}"
        )
    };
    assert_eq!(judged(&history("nil"), Model::ListAppend).answer, Answer::Holds);
    let finding = judged(&history("[1]"), Model::ListAppend);
    assert_eq!((finding.answer, finding.event), (Answer::Violated, Some(4)));
    assert!(finding.explanation[0].en.starts_with("G1c"), "{:?}", finding.explanation);
    assert!(
        finding.explanation[1].en.contains("process 0 appended 1 to key :x, read 1 from key :y, from line 1 to line 3")
    );
    let weak = Options { level: Level::ReadUncommitted, ..Options::of(Model::ListAppend) };
    assert_eq!(judge(&history("[1]"), weak).unwrap()[0].answer, Answer::Holds);
}

#[test]
fn our_own_form_is_judged_too() {
    let finding = judged(linearizable::CHECK.example.text, Model::Register);
    assert_eq!((finding.answer, finding.at), (Answer::Violated, Some(Instant(6_000_000))));
}

#[test]
fn what_cannot_be_read_is_named_by_line() {
    for (lines, model, words) in [
        (&["0 :invoke :read nil", "0 :ok :frob 4"][..], Model::Register, "line 2: process 0 called :read"),
        (&["0 :invoke :frob 4"], Model::Register, "line 1: :frob is no function of a register"),
        (&["0 :invoke :cas 4"], Model::Register, "line 1: expected [expected new], found 4"),
        (&["0 :invoke :write nil"], Model::Register, "line 1: expected a value, found nil"),
        (&["0 :invoke :cas [1 2]"], Model::KeyValue, "line 1: :cas is no function of a key-value store"),
        (&["0 :invoke :transfer {:from 1}"], Model::Bank, "line 1: expected {:from account"),
        (&["0 :invoke :read nil", "0 :ok :read 4"], Model::Bank, "line 2: expected the balances"),
        (&["0 :invoke :txn [[:r 1]]"], Model::ListAppend, "line 1: expected [:append key value]"),
        (
            &["0 :invoke :txn [[:r 1 nil]]", "0 :ok :txn [[:r 2 [1]]]"],
            Model::ListAppend,
            "line 2: [[:r 2 [1]]] answers another transaction",
        ),
    ] {
        let error = refused(&console(lines), model);
        assert!(error.contains(words), "{lines:?}: {error}");
    }
    assert!(refused("{\"client\":0}", Model::Register).starts_with("line 1: not an operation of a history"));
    assert!(refused("\0\u{1}binary", Model::Register).starts_with("line 1: not an operation"));
}

#[test]
fn an_empty_file_is_not_a_pass() {
    for text in ["", "\n\n", "[]", "; nothing"] {
        assert_eq!(judged(text, Model::Register).answer, Answer::CouldNotTell, "{text:?}");
    }
}
