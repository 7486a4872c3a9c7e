//! How the tests start the program, and the small scenarios they give it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A drill of twenty seconds: the cluster gets ready, its primary is killed and comes back.
pub const KILLED_AND_BACK: &str = r#"
format = 1
[drill]
id = "T-1"
title = "The primary is killed and comes back"
[product]
model = "opengauss_dms"
[[node]]
name = "dn1"
role = "primary"
[[node]]
name = "dn2"
role = "standby"
[[node]]
name = "dn3"
role = "standby"
[workload]
kind = "register"
keys = 8
rate = "20/s"
[[fault]]
name = "kill"
at = "12s"
kill = "dn1"
[[check]]
always = "single-writer"
[run]
time-limit = "30s"
"#;

/// What the program did.
pub struct Done {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program prints UTF-8");
        Done { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Done {
    /// Asserts an exit code and that nothing panicked.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }
}

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// An empty folder for one test.
pub fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(test);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("an old folder goes");
    }
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

/// The program, to be started in a folder, with nothing in its environment that would change what it prints.
pub fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simrun"));
    command.current_dir(folder);
    for name in ["RUST_LOG", "NO_COLOR", "CLICOLOR_FORCE", "LC_ALL", "LC_MESSAGES", "LANG"] {
        command.env_remove(name);
    }
    command
}

/// Starts the program and waits for its end.
pub fn simrun(folder: &Path, arguments: &[&str]) -> Done {
    program(folder).args(arguments).output().expect("the program starts").into()
}

/// Writes a scenario into a folder.
pub fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("a file of the test");
}
