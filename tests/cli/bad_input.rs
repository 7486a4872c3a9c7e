//! Files that are no scenarios, and scenarios with mistakes: every one ends with code 2 and words that help.

use std::path::Path;

use crate::program::{Done, KILLED_AND_BACK, folder, program, simrun, write};

/// Runs `KILLED_AND_BACK` with one slip of the hand; the program must refuse it before it runs anything.
#[track_caller]
fn slip(test: &str, from: &str, to: &str) -> Done {
    assert!(KILLED_AND_BACK.contains(from), "{from}");
    let folder = folder(test);
    write(&folder, "drill.toml", &KILLED_AND_BACK.replacen(from, to, 1));
    let done = simrun(&folder, &["drill.toml"]).ends_with(2);
    assert_eq!(done.out, "");
    assert!(!folder.join("simrun-out").exists());
    done
}

/// Asserts the code, the line the message points at, the underlined words and the help.
#[track_caller]
fn says(done: &Done, code: &str, line: usize, underlined: &str, help: &str) {
    let Done { err, .. } = done;
    assert!(err.contains(&format!("error[{code}]")), "{err}");
    assert!(err.contains(&format!("--> drill.toml:{line}:")), "line {line}?\n{err}");
    let mut lines = err.lines().skip_while(|shown| !shown.starts_with(&format!("{line} |")));
    let (text, carets) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let start = carets.find('^').unwrap_or_else(|| panic!("nothing is underlined\n{err}"));
    let length = carets[start..].chars().take_while(|it| *it == '^').count();
    assert_eq!(text.get(start..start + length), Some(underlined), "{err}");
    assert!(err.contains("= help: ") && err.contains(help), "{help}?\n{err}");
}

fn line_of(text: &str) -> usize {
    KILLED_AND_BACK.lines().position(|line| line == text).expect("a line of the scenario") + 1
}

#[test]
fn an_unknown_key_is_underlined_with_the_one_that_is_meant() {
    let done = slip("unknown_key", "rate = \"20/s\"", "rat = \"20/s\"");
    says(&done, "S008", line_of("rate = \"20/s\""), "rat", "did you mean \"rate\"?");
}

#[test]
fn a_misspelled_node_is_underlined_with_the_one_that_is_meant() {
    let done = slip("misspelled_node", "kill = \"dn1\"", "kill = \"dn11\"");
    says(&done, "S023", line_of("kill = \"dn1\""), "dn11", "did you mean \"dn1\"");
}

#[test]
fn two_verbs_in_one_entry_are_refused() {
    let done = slip("two_verbs", "kill = \"dn1\"", "kill = \"dn1\"\npause = \"dn2\"");
    says(&done, "S017", line_of("kill = \"dn1\""), "\"dn1\"", "make an entry of each");
    assert!(done.err.contains("`kill`, `pause`"), "{}", done.err);
}

#[test]
fn a_duration_needs_its_unit() {
    let done = slip("no_unit", "at = \"12s\"", "at = \"12\"");
    says(&done, "S011", line_of("at = \"12s\""), "\"12\"", "write \"12s\" for seconds");
}

#[test]
fn after_must_name_something() {
    let done = slip("after_nothing", "at = \"12s\"", "after = \"swichover\"");
    says(&done, "S014", line_of("at = \"12s\""), "\"swichover\"", "known here: kill");
}

#[test]
fn a_circle_of_after_is_refused_with_its_members() {
    let circle = "after = \"again\"\nkill = \"dn1\"\n[[fault]]\nname = \"again\"\nafter = \"kill\"";
    let done = slip("circle", "at = \"12s\"", circle);
    says(&done, "S015", line_of("at = \"12s\"") + 4, "\"kill\"", "give one of them a time");
    assert!(done.err.contains("in a circle: again, kill"), "{}", done.err);
}

#[test]
fn several_mistakes_are_told_at_once() {
    let folder = folder("several");
    let text = KILLED_AND_BACK
        .replace("rate =", "rat =")
        .replace("at = \"12s\"", "at = \"12\"")
        .replace("kill = \"dn1\"", "kill = \"dn11\"")
        .replace("single-writer", "single-writers");
    write(&folder, "drill.toml", &text);
    let done = simrun(&folder, &["drill.toml"]).ends_with(2);
    for code in ["S008", "S011", "S023", "S033"] {
        assert!(done.err.contains(&format!("error[{code}]")), "{code}?\n{}", done.err);
    }
    assert!(done.err.contains("drill.toml cannot be run: 4 errors"), "{}", done.err);
}

#[test]
fn mistakes_of_several_files_are_told_at_once_and_nothing_runs() {
    let folder = folder("files");
    write(&folder, "sound.toml", KILLED_AND_BACK);
    write(&folder, "one.toml", &KILLED_AND_BACK.replace("rate =", "rat ="));
    write(&folder, "two.toml", "format = 1\n[drill\n");
    let done = simrun(&folder, &["."]).ends_with(2);
    assert!(done.err.contains("one.toml cannot be run") && done.err.contains("two.toml cannot be run"), "{}", done.err);
    assert_eq!(done.out, "");
}

#[test]
fn a_file_of_100_megabytes_is_refused_unread() {
    let folder = folder("large");
    let file = std::fs::File::create(folder.join("large.toml")).expect("a file");
    file.set_len(100 << 20).expect("a hole of 100 MiB");
    let done = simrun(&folder, &["large.toml"]).ends_with(2);
    assert!(done.err.contains("error[S003]") && done.err.contains("104857600 bytes"), "{}", done.err);
    assert!(done.err.contains("= help: "), "{}", done.err);
}

#[test]
fn a_binary_file_is_refused_with_the_place_of_its_first_odd_byte() {
    let folder = folder("binary");
    for (name, bytes, told) in [
        ("elf.toml", b"\x7fELF\x02\x01\x01\0\0\0".as_slice(), "zero bytes"),
        ("gbk.toml", b"title = \"\xd6\xf7\xb1\xb8\"".as_slice(), "byte 10 is not UTF-8"),
    ] {
        std::fs::write(folder.join(name), bytes).expect("a file");
        let done = simrun(&folder, &[name]).ends_with(2);
        assert!(done.err.contains("error[S004]") && done.err.contains(told), "{}", done.err);
        assert!(done.err.contains("= help: "), "{}", done.err);
    }
}

#[test]
fn a_missing_file_is_named() {
    let done = simrun(&folder("missing"), &["no_such_drill.toml"]).ends_with(2);
    assert!(done.err.contains("error[S001]: there is no file `no_such_drill.toml`"), "{}", done.err);
    assert!(done.err.contains("= help: check the spelling"), "{}", done.err);
}

#[test]
fn a_folder_without_scenarios_and_a_command_as_a_file_are_named() {
    let folder = folder("nothing");
    let done = simrun(&folder, &["."]).ends_with(2);
    assert!(done.err.contains("no scenario files below"), "{}", done.err);
    let done = simrun(&folder, &["--seed", "3", "check", "x.toml"]).ends_with(2);
    assert!(done.err.contains("`check` is a command"), "{}", done.err);
}

#[test]
fn usage_mistakes_end_with_2() {
    let folder = folder("usage");
    for arguments in [&[][..], &["--no-such-option", "x.toml"], &["--seeds", "9..1", "x.toml"], &["explain", "what"]] {
        simrun(&folder, arguments).ends_with(2);
    }
}

#[test]
fn mistakes_can_be_read_by_machines() {
    let folder = folder("machines");
    write(&folder, "drill.toml", &KILLED_AND_BACK.replace("rate =", "rat ="));
    let done = simrun(&folder, &["check", "--format", "jsonl", "drill.toml"]).ends_with(2);
    let told: serde_json::Value = serde_json::from_str(done.out.trim()).expect("one JSON object");
    assert_eq!(told["code"], "S008");
    let done = simrun(&folder, &["check", "--format", "github", "drill.toml"]).ends_with(2);
    assert!(done.out.starts_with("::error file=drill.toml,line="), "{}", done.out);
}

/// Whatever bytes a file holds, the program says so in words and never panics.
#[test]
fn damaged_scenarios_never_panic() {
    let folder = folder("damaged");
    let sound = KILLED_AND_BACK.as_bytes();
    for cut in (1..sound.len()).step_by(29) {
        let mut bytes = sound.to_vec();
        // Half of them lose their end, the others one byte in the middle.
        if cut % 2 == 0 {
            bytes.truncate(cut)
        } else {
            bytes[cut] = b'"'
        }
        std::fs::write(folder.join("damaged.toml"), &bytes).expect("a file");
        let done = check(&folder, "damaged.toml");
        assert!(matches!(done.code, Some(0 | 2)), "cut at {cut}: {:?}\n{}", done.code, done.err);
        assert!(!done.err.contains("panicked"), "cut at {cut}\n{}", done.err);
    }
}

fn check(folder: &Path, file: &str) -> Done {
    program(folder).args(["check", file]).output().expect("the program starts").into()
}
