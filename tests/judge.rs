//! `simrun judge` through the real binary: three forms of a history, three answers, and what cannot be read.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Judges a history that is given on standard input.
fn judge(model: &str, more: &[&str], history: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_simrun"))
        .args(["judge", "-", "--model", model])
        .args(more)
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("simrun starts");
    child.stdin.take().expect("its input").write_all(history.as_bytes()).expect("the history is read");
    let Output { status, stdout, stderr } = child.wait_with_output().expect("simrun ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

const STALE: &str = "INFO  jepsen.util - 0\t:invoke\t:write\t1
INFO  jepsen.util - 0\t:ok\t:write\t1
INFO  jepsen.util - 1\t:invoke\t:write\t2
INFO  jepsen.util - 1\t:info\t:write\t:timed-out
INFO  jepsen.util - 0\t:invoke\t:read\tnil
INFO  jepsen.util - 0\t:ok\t:read\t2
INFO  jepsen.util - 0\t:invoke\t:read\tnil
INFO  jepsen.util - 0\t:ok\t:read\t1
";

#[test]
fn a_console_log_in_three_answers() {
    let (code, out, _) = judge("register", &[], STALE);
    assert_eq!(code, 1);
    assert!(out.starts_with("VIOLATED  linearizable  -\n"), "{out}");
    assert!(out.contains("line 8"), "the read that cannot be is named by its line:\n{out}");

    // Without its last read, the write of unknown outcome has simply happened.
    let sound: String = STALE.lines().take(6).map(|line| format!("{line}\n")).collect();
    assert_eq!(judge("register", &[], &sound).0, 0);
    assert_eq!(judge("register", &[], &sound.replace('\t', "  ")).0, 0, "blanks are as good as tabs");

    let (code, out, _) = judge("register", &["--format", "jsonl"], STALE);
    let line: serde_json::Value = serde_json::from_str(&out).expect("one JSON object");
    assert_eq!((code, &line["answer"], &line["event"]), (1, &"violated".into(), &8.into()));
}

#[test]
fn a_search_that_ends_before_it_knows_says_so() {
    // Many writes at once whose values repeat leave nothing but search; that two reads after all of them see two values
    // is seen by no shorter way.
    let calls =
        (0..9).map(|process| format!("{{:process {process}, :type :invoke, :f :write, :value {}}}\n", process % 3));
    let answers =
        (0..9).map(|process| format!("{{:process {process}, :type :ok, :f :write, :value {}}}\n", process % 3));
    let reads = (0..2).map(|value| {
        let read = |kind: &str, value: &str| format!("{{:process 0, :type :{kind}, :f :read, :value {value}}}\n");
        read("invoke", "nil") + &read("ok", &value.to_string())
    });
    let history: String = calls.chain(answers).chain(reads).collect();
    let (code, out, _) = judge("register", &["--steps", "10"], &history);
    assert_eq!(code, 3, "{out}");
    assert!(out.starts_with("COULD NOT TELL"), "{out}");
    assert_eq!(judge("register", &[], &history).0, 1, "with its usual budget it finds out");
}

#[test]
fn maps_in_one_vector_and_one_a_line() {
    let first = "{:process 0, :type :invoke, :f :txn, :value [[:append :x 1] [:r :y nil]]}
{:process 1, :type :invoke, :f :txn, :value [[:append :y 2] [:r :x nil]]}
{:process 0, :type :ok, :f :txn, :value [[:append :x 1] [:r :y []]]}
{:process 1, :type :ok, :f :txn, :value [[:append :y 2] [:r :x []]]}
{:process 0, :type :invoke, :f :txn, :value [[:r :x nil] [:r :y nil]]}
{:process 0, :type :ok, :f :txn, :value [[:r :x [1]] [:r :y [2]]]}
";
    let (code, out, _) = judge("list-append", &["--level", "serializable"], first);
    assert_eq!(code, 1, "write skew is no serializable history: {out}");
    assert_eq!(
        judge("list-append", &["--level", "snapshot-isolation"], &format!("[{first}]")).0,
        0,
        "but a snapshot one"
    );
    let (code, _, complaint) = judge("list-append", &["--level", "best-effort"], first);
    assert_eq!(code, 2);
    assert!(complaint.contains("snapshot-isolation"), "the levels are named: {complaint}");
}

#[test]
fn a_bank_and_a_store_of_strings() {
    let bank = "{:process 0, :type :invoke, :f :read, :value nil}
{:process 0, :type :ok, :f :read, :value {0 10, 1 10}}
{:process 1, :type :invoke, :f :transfer, :value {:from 0, :to 1, :amount 5}}
{:process 1, :type :ok, :f :transfer, :value {:from 0, :to 1, :amount 5}}
{:process 0, :type :invoke, :f :read, :value nil}
{:process 0, :type :ok, :f :read, :value {0 5, 1 10}}
";
    let (code, out, _) = judge("bank", &[], bank);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("The total is 20"), "{out}");
    assert_eq!(judge("bank", &["--total", "20"], &bank.replace("{0 5, 1 10}", "{0 5, 1 15}")).0, 0);

    let store = "{:process 0, :type :invoke, :f :append, :key \"k\", :value \"a\"}
{:process 0, :type :ok, :f :append, :key \"k\", :value \"a\"}
{:process 1, :type :invoke, :f :get, :key \"k\", :value nil}
{:process 1, :type :ok, :f :get, :key \"k\", :value \"a\"}
";
    assert_eq!(judge("key-value", &[], store).0, 0);
    assert_eq!(
        judge(
            "key-value",
            &[],
            &store.replace(
                "{:process 1, :type :ok, :f :get, :key \"k\", :value \"a\"}",
                "{:process 1, :type :ok, :f :get, :key \"k\", :value \"b\"}"
            )
        )
        .0,
        1
    );
}

#[test]
fn what_cannot_be_read_is_named_by_line() {
    let broken = STALE.replace("0\t:ok\t:read\t2", "0\t:maybe\t:read\t2");
    let (code, out, complaint) = judge("register", &[], &broken);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(complaint.contains("line 6: the type is :maybe"), "{complaint}");
    let missing = Command::new(env!("CARGO_BIN_EXE_simrun"))
        .args(["judge", "no-such-file.edn", "--model", "register"])
        .output()
        .expect("simrun runs");
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn a_run_leaves_a_history_that_can_be_judged() {
    let folder = std::env::temp_dir().join(format!("simrun-judge-{}", std::process::id()));
    let simrun = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_simrun")).args(arguments).current_dir(root()).output();
        output.expect("simrun runs").status.code()
    };
    let out = folder.to_string_lossy();
    assert_eq!(simrun(&["run", "scenarios/switchover_fail.toml", "--out", &out]), Some(0));
    let history = folder.join("switchover_fail/seed-1/history.jsonl");
    assert_eq!(simrun(&["judge", &history.to_string_lossy(), "--model", "register"]), Some(0));
    std::fs::remove_dir_all(folder).expect("cleaned up");
}
