//! Calls with their answers: each entry that calls is joined with the next entry of the same process.

use std::collections::BTreeMap;

use super::Problem;
use super::entry::{Entry, Kind, short};

/// One operation of a Jepsen history.
#[derive(Clone, Debug)]
pub struct Call {
    /// The entry that called.
    pub invoke: Entry,
    /// The entry that answered, if there is one.
    pub answer: Option<Entry>,
}

impl Call {
    /// Which answer it got; none is as good as `:info`.
    pub fn kind(&self) -> Kind {
        self.answer.as_ref().map_or(Kind::Info, |answer| answer.kind)
    }

    /// A problem of this call, named by the line of the entry that shows it.
    pub fn wrong(&self, reason: impl Into<String>) -> Problem {
        let line = self.answer.as_ref().map_or(self.invoke.line, |answer| answer.line);
        Problem { line, reason: reason.into() }
    }
}

/// Joins entries to calls, in the order in which they were called.
pub fn pair(entries: Vec<Entry>) -> Result<Vec<Call>, Vec<Problem>> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: BTreeMap<i64, usize> = BTreeMap::new();
    let mut problems = Vec::new();
    for entry in entries {
        let waiting = open.remove(&entry.process);
        match (entry.kind, waiting) {
            (Kind::Invoke, None) => {
                open.insert(entry.process, calls.len());
                calls.push(Call { invoke: entry, answer: None });
            }
            (Kind::Invoke, Some(call)) => problems.push(Problem {
                line: entry.line,
                reason: format!(
                    "process {} calls :{} while its :{} of line {} has no answer",
                    entry.process, entry.function, calls[call].invoke.function, calls[call].invoke.line
                ),
            }),
            (_, None) => problems.push(Problem {
                line: entry.line,
                reason: format!("process {} is answered but called nothing", entry.process),
            }),
            (_, Some(call)) if calls[call].invoke.function != entry.function => problems.push(Problem {
                line: entry.line,
                reason: format!(
                    "process {} called :{} on line {} but this answers :{} {}",
                    entry.process,
                    calls[call].invoke.function,
                    calls[call].invoke.line,
                    entry.function,
                    short(&entry.value)
                ),
            }),
            (_, Some(call)) => calls[call].answer = Some(entry),
        }
    }
    if problems.is_empty() { Ok(calls) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::super::entry;
    use super::*;

    fn paired(log: &str) -> Result<Vec<Call>, Vec<Problem>> {
        pair(entry::read_console(log).unwrap())
    }

    #[test]
    fn a_call_finds_its_answer_between_those_of_others() {
        let calls = paired(
            "INFO jepsen.util - 0 :invoke :read nil\nINFO jepsen.util - 1 :invoke :write 4\n\
             INFO jepsen.util - 0 :ok :read 4\nINFO jepsen.util - 0 :invoke :read nil\n",
        )
        .unwrap();
        let answers: Vec<Option<u64>> =
            calls.iter().map(|call| call.answer.as_ref().map(|answer| answer.number)).collect();
        assert_eq!(answers, [Some(3), None, None]);
        assert_eq!(calls[1].kind(), Kind::Info);
    }

    #[test]
    fn answers_and_calls_that_do_not_meet_are_named() {
        for (log, line) in [
            ("INFO jepsen.util - 0 :ok :read 4", 1),
            ("INFO jepsen.util - 0 :invoke :read nil\nINFO jepsen.util - 0 :invoke :read nil", 2),
            ("INFO jepsen.util - 0 :invoke :read nil\nINFO jepsen.util - 0 :ok :write 4", 2),
        ] {
            let problems = paired(log).unwrap_err();
            assert_eq!(problems[0].line, line, "{problems:?}");
        }
    }
}
