//! One entry of a Jepsen history: a process calls something, or is answered.
//!
//! Jepsen writes the same entry in two ways, as an EDN map and as a line of its console log. Both become an
//! [`Entry`] here, and nothing after this file knows which it was.

use super::Problem;
use super::edn::{self, Edn};

/// A call or an answer of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Its number among the entries of the file, from 1.
    pub number: u64,
    /// The process, which has one operation under way at most.
    pub process: i64,
    /// Whether it is a call or which answer it is.
    pub kind: Kind,
    /// What is called, without its colon: `read`, `txn`.
    pub function: String,
    /// The key, where it is written apart from the value.
    pub key: Option<Edn>,
    /// The argument or the result.
    pub value: Edn,
    /// What an answer says of an error.
    pub error: Option<Edn>,
    /// Nanoseconds since the beginning of the test, where they are written.
    pub time: Option<u64>,
}

/// A call, or which answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A call.
    Invoke,
    /// It happened.
    Ok,
    /// It definitely did not happen.
    Fail,
    /// Nobody knows.
    Info,
}

impl Kind {
    fn of(name: &str) -> Option<Kind> {
        Some(match name {
            "invoke" => Kind::Invoke,
            "ok" => Kind::Ok,
            "fail" => Kind::Fail,
            "info" => Kind::Info,
            _ => return None,
        })
    }
}

/// The entries of all clients in a file of EDN maps. Those of the nemesis, which are no operations, are left out.
pub fn read_maps(text: &str) -> Result<Vec<Entry>, Vec<Problem>> {
    let forms = edn::read_entries(text).map_err(|error| vec![Problem { line: error.line, reason: error.reason }])?;
    collect((1..).zip(&forms).map(|(number, (line, form))| of_map(number, *line, form)))
}

/// The entries of all clients in a console log. Lines of the nemesis and of other loggers are left out.
pub fn read_console(text: &str) -> Result<Vec<Entry>, Vec<Problem>> {
    collect((1..).zip(text.lines()).map(|(line, content)| of_console(line, content)))
}

type Found = Result<Option<Entry>, Problem>;

fn collect(all: impl Iterator<Item = Found>) -> Result<Vec<Entry>, Vec<Problem>> {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for found in all {
        match found {
            Ok(entry) => entries.extend(entry),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(entries) } else { Err(problems) }
}

/// The entry that an EDN map holds.
fn of_map(number: u64, line: u64, form: &Edn) -> Found {
    let wrong = |reason: String| Problem { line, reason };
    if !matches!(form, Edn::Map(_)) {
        return Err(wrong(format!("expected a map with :process, :type, :f and :value, found {}", short(form))));
    }
    let field = |name: &str| form.get(name).ok_or_else(|| wrong(format!("{} has no :{name}", short(form))));
    let Edn::Integer(process) = *field("process")? else { return Ok(None) };
    let kind = field("type")?;
    let kind = kind.name().and_then(Kind::of).ok_or_else(|| wrong(unknown_kind(kind)))?;
    let function = field("f")?;
    let function = function.name().ok_or_else(|| wrong(format!(":f is {}, not a name", short(function))))?;
    Ok(Some(Entry {
        line,
        number,
        process,
        kind,
        function: function.to_string(),
        key: form.get("key").filter(|key| **key != Edn::Nil).cloned(),
        value: form.get("value").cloned().unwrap_or(Edn::Nil),
        error: form.get("error").cloned(),
        time: form.get("time").and_then(Edn::integer).and_then(|time| u64::try_from(time).ok()),
    }))
}

/// The entry that a line of the console log holds: `INFO  jepsen.util - 0 :invoke :write 4`.
fn of_console(line: u64, content: &str) -> Found {
    let wrong = |reason: String| Problem { line, reason };
    let Some((_, rest)) = content.split_once("jepsen.util") else {
        return if is_other_log_line(content) {
            Ok(None)
        } else {
            Err(wrong(format!("not an operation: `{}`", shortened(content))))
        };
    };
    let rest = rest.trim_start_matches([' ', '\t', '-', ':', ']']);
    let forms = edn::read_all(rest).map_err(|error| wrong(error.reason))?;
    let mut forms = forms.into_iter();
    let process = match forms.next() {
        Some(Edn::Integer(process)) => process,
        // `:nemesis`, or a sentence of the same logger.
        _ => return Ok(None),
    };
    let kind = forms.next().unwrap_or(Edn::Nil);
    let kind = kind.name().and_then(Kind::of).ok_or_else(|| wrong(unknown_kind(&kind)))?;
    let function = forms.next().unwrap_or(Edn::Nil);
    let function = match &function {
        Edn::Keyword(name) => name.clone(),
        other => return Err(wrong(format!("expected the name of a function like :read, found {}", short(other)))),
    };
    let value = forms.next().unwrap_or(Edn::Nil);
    Ok(Some(Entry { line, number: line, process, kind, function, key: None, value, error: forms.next(), time: None }))
}

/// Whether a line of a console log was written by someone else than the logger of operations.
fn is_other_log_line(content: &str) -> bool {
    let levels = ["INFO", "WARN", "ERROR", "DEBUG", "TRACE", "FATAL"];
    let continues = content.starts_with([' ', '\t']) || content.starts_with("Caused by:");
    content.trim().is_empty()
        || continues
        || content.split(|letter: char| !letter.is_ascii_alphabetic()).any(|word| levels.contains(&word))
}

fn unknown_kind(kind: &Edn) -> String {
    format!("the type is {}, not one of :invoke, :ok, :fail and :info", short(kind))
}

/// A form for a message: its beginning is enough.
pub fn short(form: &Edn) -> String {
    shortened(&form.to_string())
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        None => text.to_string(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let map = "{:process 3, :type :ok, :f :cas, :value [1 2], :time 12, :index 4}";
        let from_map = read_maps(map).unwrap().remove(0);
        for line in [
            "INFO  jepsen.util - 3\t:ok\t:cas\t[1 2]",
            "INFO  jepsen.util - 3   :ok :cas   [1 2]",
            "2026-01-01 10:00:00,000{GMT}\tINFO\t[jepsen worker 3] jepsen.util: 3\t:ok\t:cas\t[1 2]",
        ] {
            let from_line = read_console(line).unwrap().remove(0);
            assert_eq!(Entry { time: Some(12), ..from_line }, from_map, "{line}");
        }
    }

    #[test]
    fn the_nemesis_and_other_loggers_are_no_operations() {
        let log = "INFO  jepsen.core - Running test\n\
                   INFO  jepsen.util - :nemesis\t:info\t:start\tnil\n\
                   \tat java.lang.Thread.run(Thread.java:745)\n\
                   INFO  jepsen.util - 0\t:info\t:write\t:timed-out\n";
        let entries = read_console(log).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].line, entries[0].kind), (4, Kind::Info));
        assert_eq!(read_maps("{:process :nemesis, :type :info, :f :start}").unwrap(), []);
    }

    #[test]
    fn every_unreadable_entry_is_named() {
        let log = "INFO  jepsen.util - 0 :invoke :read nil\n\
                   INFO  jepsen.util - 0 :maybe :read nil\n\
                   what is this\n\
                   INFO  jepsen.util - 0 :ok\n\
                   INFO  jepsen.util - 0 :ok :read [1\n";
        let problems = read_console(log).unwrap_err();
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2, 3, 4, 5]);
        let maps = "{:process 0 :type :invoke :f :read}\n{:process 0 :f :read}\n[1 2]\n{:process 0 :type :ok :f 7}";
        let problems = read_maps(maps).unwrap_err();
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2, 3, 4]);
    }
}
