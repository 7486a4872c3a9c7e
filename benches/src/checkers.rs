//! How many operations a second the checkers get through, beside stateright's tester where that ends.
//!
//! The histories are of eight clients that overlap, drawn from a fixed seed and correct, because a correct one must be
//! read to its end. stateright runs in a process of its own with a time limit: its tester tries orders without a memory
//! and goes one call deeper for each operation. The last history has no short answer at all; what is measured there is
//! that the checker stops within its budget.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;
use nodes::world::streams::{Seed, Stream};
use nodes::world::time::Instant;
use simrun::check::isolation::{self, Level};
use simrun::check::{Answer, Budget, Finding, linearizable};
use simrun::history::{Action, History, Operation, Outcome, Reply};
use stateright::semantics::register::{Register, RegisterOp, RegisterRet};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester};

use crate::error::Error;
use crate::measure::{ends_within, timed};
use crate::table::grouped;

/// How large the histories are.
#[derive(Args)]
pub struct Options {
    /// How many operations.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    sizes: Vec<u64>,
    /// How long stateright's tester may take for one history, in seconds.
    #[arg(long, default_value_t = 60)]
    patience: u64,
    /// Steps that the hard history may take.
    #[arg(long, default_value_t = Budget::default().steps)]
    steps: u64,
    /// Only stateright's tester, on one history of so many operations.
    #[arg(long, hide = true)]
    stateright: Option<u64>,
}

const CLIENTS: u64 = 8;

/// Measures and tells.
pub fn run(options: &Options) -> Result<String, Error> {
    if let Some(size) = options.stateright {
        return stateright(size);
    }
    let mut table = format!("{:>10}  {:22}  {:>14}  {:>10}\n", "operations", "checker", "operations/s", "seconds");
    for size in &options.sizes {
        let registers = registers(*size, false);
        row(&mut table, *size, "register, by zones", || linearizable::check(&registers, Budget::default()))?;
        let compared = self::registers(*size, true);
        row(&mut table, *size, "register, by search", || linearizable::check(&compared, Budget::default()))?;
        let lists = lists(*size);
        let strict = Level::default();
        row(&mut table, *size, "list-append", || isolation::check(&lists, strict, Budget::default()))?;
        let _ = match beside(*size, options.patience)? {
            Some(took) => writeln!(table, "{}", told(*size, "stateright's tester", took)),
            None => writeln!(table, "{size:>10}  {:22}  not within {} s", "stateright's tester", options.patience),
        };
    }
    let budget = Budget { steps: options.steps, ..Budget::default() };
    let hard = hard();
    let (finding, took) = timed(|| linearizable::check(&hard, budget));
    let _ = writeln!(
        table,
        "a hard history of {} operations: {} after {:.1} s, within {} steps and {} MB",
        hard.operations.len(),
        finding.answer.word(),
        took.as_secs_f64(),
        grouped(budget.steps as f64),
        budget.memory >> 20
    );
    Ok(table)
}

fn row(table: &mut String, size: u64, checker: &'static str, judge: impl Fn() -> Finding) -> Result<(), Error> {
    let (finding, took) = timed(judge);
    if finding.answer != Answer::Holds {
        return Err(Error::Incomplete { contestant: checker, finished: 0, expected: size });
    }
    table.push_str(&told(size, checker, took));
    table.push('\n');
    Ok(())
}

fn told(size: u64, checker: &str, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    format!("{size:>10}  {checker:22}  {:>14}  {seconds:>10.3}", grouped(size as f64 / seconds.max(1e-9)))
}

/// When an operation is called, takes effect and is answered.
#[derive(Clone, Copy)]
struct Span {
    client: u64,
    called: u64,
    effect: u64,
    returned: u64,
}

/// The spans of operations of overlapping clients, in the order of their effects.
fn spans(size: u64, stream: &mut Stream) -> Vec<Span> {
    let mut now = vec![0; CLIENTS as usize];
    let mut spans: Vec<Span> = (0..size)
        .map(|number| {
            let client = number % CLIENTS;
            let called = now[client as usize] + stream.between(1, 40);
            let effect = called + stream.between(1, 40);
            let returned = effect + stream.between(1, 40);
            now[client as usize] = returned;
            Span { client, called, effect, returned }
        })
        .collect();
    spans.sort_by_key(|span| (span.effect, span.client));
    spans
}

fn operation(span: Span, actions: Vec<Action>, replies: Vec<Reply>) -> Operation {
    // Eight places for the clients make every moment its own.
    let moment = |at: u64| Instant(at * CLIENTS + span.client);
    Operation::new(span.client, moment(span.called), Some(moment(span.returned)), actions, Outcome::Ok(replies))
}

/// One register; with comparisons it needs a search.
fn registers(size: u64, with_comparisons: bool) -> History {
    let mut stream = Seed(1).stream("checkers/register");
    let mut held: Option<i64> = None;
    let mut operations = Vec::new();
    for (number, span) in (1..).zip(spans(size, &mut stream)) {
        let (action, reply) = match stream.below(if with_comparisons { 3 } else { 2 }) {
            0 => (Action::Read { key: 1 }, Reply::Row(held.into_iter().collect())),
            1 => {
                held = Some(number);
                (Action::Write { key: 1, value: number }, Reply::Done)
            }
            _ => {
                let expected = if stream.chance(1, 2) { held.unwrap_or(0) } else { number - 1 };
                let matched = held == Some(expected);
                if matched {
                    held = Some(number);
                }
                (Action::CompareAndSet { key: 1, expected, new: number }, Reply::Matched(matched))
            }
        };
        operations.push(operation(span, vec![action], vec![reply]));
    }
    operations.sort_by_key(|operation| operation.called);
    History::of(operations)
}

/// Transactions of two appends and two reads over keys that move on, as Elle's generator has them.
fn lists(size: u64) -> History {
    let mut stream = Seed(1).stream("checkers/lists");
    let mut lists: std::collections::BTreeMap<i64, Vec<i64>> = std::collections::BTreeMap::new();
    let mut operations = Vec::new();
    for (number, span) in (0..).zip(spans(size / 4, &mut stream)) {
        let (mut actions, mut replies) = (Vec::new(), Vec::new());
        for deed in 0..4_i64 {
            let key = number / 32 + stream.below(4) as i64;
            let list = lists.entry(key).or_default();
            if deed % 2 == 0 {
                actions.push(Action::Read { key });
                replies.push(Reply::Row(list.clone()));
            } else {
                let value = list.len() as i64 + 1;
                list.push(value);
                actions.push(Action::Append { key, value });
                replies.push(Reply::Done);
            }
        }
        operations.push(operation(span, actions, replies));
    }
    operations.sort_by_key(|operation| operation.called);
    History::of(operations)
}

/// Forty additions of different powers of two, all at once, and a read of a sum that none of their orders gives: whoever
/// wants to be sure must try them all.
fn hard() -> History {
    let add = |client: u64| {
        let add = Action::Add { key: 1, delta: 1 << (client + 1) };
        Operation::new(client, Instant(1), Some(Instant(100)), vec![add], Outcome::Ok(vec![Reply::Done]))
    };
    let answer = Outcome::Ok(vec![Reply::Row(vec![1])]);
    let read = Operation::new(40, Instant(1), Some(Instant(100)), vec![Action::Read { key: 1 }], answer);
    History::of((0..40).map(add).chain([read]).collect())
}

/// How long stateright's tester takes in a process of its own; `None` if it does not end.
fn beside(size: u64, patience: u64) -> Result<Option<Duration>, Error> {
    let program = std::env::current_exe().map_err(Error::Process)?;
    let mut child = Command::new(program)
        .args(["checkers", "--stateright", &size.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(Error::Process)?;
    ends_within(&mut child, Duration::from_secs(patience)).map_err(Error::Process)
}

/// Lets stateright judge a register. It goes one call deeper for each operation, so it gets a deep stack.
fn stateright(size: u64) -> Result<String, Error> {
    const STACK: usize = 4 << 30;
    let judge = move || {
        let history = registers(size, false);
        let mut events: Vec<(Instant, bool, &Operation)> = Vec::new();
        for operation in &history.operations {
            events.push((operation.called, false, operation));
            events.extend(operation.returned.map(|at| (at, true, operation)));
        }
        events.sort_by_key(|(at, is_answer, _)| (*at, *is_answer));
        let mut tester = LinearizabilityTester::new(Register(None::<i64>));
        for (_, is_answer, operation) in events {
            let fed = match (is_answer, &operation.actions[0], &operation.outcome) {
                (false, Action::Write { value, .. }, _) => {
                    tester.on_invoke(operation.client, RegisterOp::Write(Some(*value))).map(|_| ())
                }
                (false, ..) => tester.on_invoke(operation.client, RegisterOp::Read).map(|_| ()),
                (true, Action::Read { .. }, Outcome::Ok(replies)) => {
                    let row = match &replies[0] {
                        Reply::Row(row) => row.first().copied(),
                        _ => None,
                    };
                    tester.on_return(operation.client, RegisterRet::ReadOk(row)).map(|_| ())
                }
                (true, ..) => tester.on_return(operation.client, RegisterRet::WriteOk).map(|_| ()),
            };
            if fed.is_err() {
                return false;
            }
        }
        tester.is_consistent()
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(judge).map_err(Error::Process)?;
    match thread.join() {
        Ok(true) => Ok("consistent\n".to_owned()),
        _ => Err(Error::Incomplete { contestant: "stateright's tester", finished: 0, expected: size }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_histories_are_correct_and_the_hard_one_is_hard() {
        let budget = Budget::default();
        assert_eq!(linearizable::check(&registers(400, false), budget).answer, Answer::Holds);
        assert_eq!(linearizable::check(&registers(400, true), budget).answer, Answer::Holds);
        let lists = isolation::check(&lists(400), Level::default(), budget);
        assert_eq!(lists.answer, Answer::Holds, "{:?}", lists.explanation);
        let little = Budget { steps: 50_000, ..budget };
        assert_eq!(linearizable::check(&hard(), little).answer, Answer::CouldNotTell);
        assert!(stateright(60).is_ok());
    }
}
