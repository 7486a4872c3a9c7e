//! The model `list-append`: transactions of appends to lists and reads of whole lists.

use super::call::Call;
use super::edn::Edn;
use super::entry::{Kind, short};
use super::names::Numbers;
use super::{Problem, operation_of, outcome_without_result};
use crate::history::{Action, Operation, Outcome, Reply};

/// The operation that a call is.
pub fn operation(call: &Call, keys: &mut Numbers, values: &mut Numbers) -> Result<Operation, Problem> {
    let asked = steps(&call.invoke.value)
        .map_err(|reason| Problem { line: call.invoke.line, reason })?
        .into_iter()
        .map(|step| step.action(keys, values))
        .collect();
    let (Kind::Ok, Some(answer)) = (call.kind(), &call.answer) else {
        return Ok(operation_of(call, asked, outcome_without_result(call)));
    };
    let answered = steps(&answer.value).map_err(|reason| call.wrong(reason))?;
    let done: Vec<Action> = answered.iter().map(|step| step.action(keys, values)).collect();
    if done != asked {
        return Err(call.wrong(format!("{} answers another transaction than was called", short(&answer.value))));
    }
    let replies = answered
        .iter()
        .map(|step| step.reply(values))
        .collect::<Result<_, String>>()
        .map_err(|reason| call.wrong(reason))?;
    Ok(operation_of(call, asked, Outcome::Ok(replies)))
}

/// One step of a transaction: `[:append 5 1]` or `[:r 5 [1]]`.
struct Step<'a> {
    is_append: bool,
    key: &'a Edn,
    value: &'a Edn,
}

fn steps(transaction: &Edn) -> Result<Vec<Step<'_>>, String> {
    let elements = transaction.elements().ok_or_else(|| {
        format!("expected a transaction like [[:append 5 1] [:r 5 nil]], found {}", short(transaction))
    })?;
    elements.iter().map(step).collect()
}

fn step(form: &Edn) -> Result<Step<'_>, String> {
    let unreadable = || format!("expected [:append key value] or [:r key list], found {}", short(form));
    let Some([function, key, value]) = form.elements() else { return Err(unreadable()) };
    let is_append = match function.name() {
        Some("append") => true,
        Some("r") => false,
        _ => return Err(unreadable()),
    };
    Ok(Step { is_append, key, value })
}

impl Step<'_> {
    fn action(&self, keys: &mut Numbers, values: &mut Numbers) -> Action {
        let key = keys.of(self.key);
        if self.is_append { Action::Append { key, value: values.of(self.value) } } else { Action::Read { key } }
    }

    fn reply(&self, values: &mut Numbers) -> Result<Reply, String> {
        match (self.is_append, self.value) {
            (true, _) => Ok(Reply::Done),
            (false, Edn::Nil) => Ok(Reply::Row(Vec::new())),
            (false, Edn::Vector(list)) => Ok(Reply::Row(list.iter().map(|element| values.of(element)).collect())),
            (false, other) => Err(format!("a read finds a list, not {}", short(other))),
        }
    }
}
