//! What the tools print: levels, in KingbaseES's dress or in upstream repmgr's, on a terminal, over ssh or into a file.

use std::cell::RefCell;
use std::rc::Rc;

use super::plan::Dress;
use crate::parts::shell::Terminal;
use crate::world::process::Process;

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Info,
    Notice,
    Warning,
    Error,
    Detail,
    Hint,
}

impl Level {
    pub(super) fn word(self) -> &'static str {
        match self {
            Level::Info => "INFO",
            Level::Notice => "NOTICE",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
            Level::Detail => "DETAIL",
            Level::Hint => "HINT",
        }
    }
}

/// Where lines go.
#[derive(Clone)]
pub(super) enum Output {
    /// A terminal of this host.
    Terminal(Terminal),
    /// Somebody else's, who reads them when the command has ended.
    Kept(Rc<RefCell<Vec<String>>>),
}

impl Output {
    pub(super) fn print(&self, line: &str) {
        match self {
            Output::Terminal(terminal) => terminal.print(line),
            Output::Kept(lines) => lines.borrow_mut().push(line.to_owned()),
        }
    }
}

/// A tool's voice.
#[derive(Clone)]
pub(super) struct Speech {
    pub(super) process: Process,
    pub(super) output: Output,
    pub(super) dress: Dress,
}

impl Speech {
    /// Prints lines as they are.
    pub(super) fn print(&self, text: &str) {
        text.split('\n').for_each(|line| self.output.print(line));
    }

    /// Prints a line with its level.
    pub(super) fn say(&self, level: Level, text: &str) {
        let word = level.word();
        match self.dress {
            Dress::Kingbase => self.print(&format!("[{word}] {text}")),
            Dress::Repmgr => self.print(&format!("{word}: {text}")),
        }
    }

    pub(super) fn info(&self, text: &str) {
        self.say(Level::Info, text);
    }

    pub(super) fn notice(&self, text: &str) {
        self.say(Level::Notice, text);
    }

    pub(super) fn warning(&self, text: &str) {
        self.say(Level::Warning, text);
    }

    pub(super) fn error(&self, text: &str) {
        self.say(Level::Error, text);
    }

    pub(super) fn detail(&self, text: &str) {
        self.say(Level::Detail, text);
    }

    pub(super) fn hint(&self, text: &str) {
        self.say(Level::Hint, text);
    }
}
