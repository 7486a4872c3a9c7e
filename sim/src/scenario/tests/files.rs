//! Files that are no scenarios at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::scenario::codes::Code;
use crate::scenario::load;
use crate::scenario::render::{Style, carets};
use crate::scenario::testing::vocabulary;

/// A directory of this test's own, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("simrun-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A scratch directory that stays behind harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn code(path: &Path) -> Code {
    let rejected = load(path, &vocabulary()).unwrap_err();
    let [diagnostic] = rejected.diagnostics.as_slice() else { panic!("{:?}", rejected.diagnostics) };
    let shown = carets(&rejected.diagnostics, &rejected.source, Style::Plain);
    assert!(shown.contains(&path.display().to_string()), "{shown}");
    diagnostic.code
}

#[test]
fn each_is_refused_in_words() {
    let scratch = Scratch::new("files");
    assert_eq!(code(&scratch.0.join("missing.toml")), Code::FileMissing);
    assert_eq!(code(&scratch.0), Code::NotAFile);
    assert_eq!(code(&scratch.file("zero.toml", b"format = 1\0")), Code::NotText);
    assert_eq!(code(&scratch.file("latin.toml", b"title = \"\xe9\"")), Code::NotText);
    assert_eq!(code(&scratch.file("binary.toml", &[0x7f, b'E', b'L', b'F', 0, 0xff])), Code::NotText);
    let inside_a_file = scratch.file("plain.toml", b"").join("below.toml");
    assert_eq!(code(&inside_a_file), Code::Unreadable);
}

#[test]
fn a_hundred_megabytes_are_refused_without_being_read() {
    let scratch = Scratch::new("huge");
    let path = scratch.0.join("huge.toml");
    File::create(&path).unwrap().set_len(100 << 20).unwrap();
    assert_eq!(code(&path), Code::FileTooLarge);
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_without_end_is_refused() {
    assert_eq!(code(Path::new("/dev/zero")), Code::FileTooLarge);
}

#[test]
fn a_sound_file_is_read_and_named() {
    let scratch = Scratch::new("sound");
    let path = scratch.file("mine.toml", super::SWITCHOVER_FAIL.as_bytes());
    assert_eq!(load(&path, &vocabulary()).unwrap().scenario.name, "mine");
}
