//! The model `bank`: transfers between accounts, and reads of all accounts at once.

use std::collections::BTreeSet;

use super::call::Call;
use super::edn::Edn;
use super::entry::{Kind, short};
use super::names::Numbers;
use super::{Problem, operation_of, outcome_without_result};
use crate::history::{Action, Key, Operation, Outcome, Reply};

/// The operation that a call is.
pub fn operation(call: &Call, accounts: &mut Numbers) -> Result<Operation, Problem> {
    match call.invoke.function.as_str() {
        "read" => read(call, accounts),
        "transfer" => transfer(call, accounts),
        other => Err(call.wrong(format!(":{other} is no function of a bank: :read, :transfer"))),
    }
}

/// Makes every read one of all accounts: where an account is missing from what was read, nothing was found in it.
pub fn complete_reads(operations: &mut [Operation]) {
    let is_read = |operation: &Operation| operation.is_ok() && operation.actions.iter().all(Action::is_read);
    let accounts: BTreeSet<Key> = operations
        .iter()
        .filter(|operation| is_read(operation))
        .flat_map(|operation| operation.actions.iter().map(Action::key))
        .collect();
    for operation in operations.iter_mut().filter(|operation| is_read(operation)) {
        let seen: BTreeSet<Key> = operation.actions.iter().map(Action::key).collect();
        let Outcome::Ok(replies) = &mut operation.outcome else { continue };
        for account in accounts.difference(&seen) {
            operation.actions.push(Action::Read { key: *account });
            replies.push(Reply::Row(Vec::new()));
        }
    }
}

fn read(call: &Call, accounts: &mut Numbers) -> Result<Operation, Problem> {
    let (Kind::Ok, Some(answer)) = (call.kind(), &call.answer) else {
        return Ok(operation_of(call, Vec::new(), outcome_without_result(call)));
    };
    let balances = balances(&answer.value).ok_or_else(|| {
        call.wrong(format!(
            "expected the balances as {{account balance}} or [balance …], found {}",
            short(&answer.value)
        ))
    })?;
    let actions = balances.iter().map(|(account, _)| Action::Read { key: accounts.of(account) }).collect();
    let replies = balances.iter().map(|(_, balance)| Reply::Row(balance.iter().copied().collect())).collect();
    Ok(operation_of(call, actions, Outcome::Ok(replies)))
}

/// Accounts with their balances; an account may be there and hold nothing.
fn balances(value: &Edn) -> Option<Vec<(Edn, Option<i64>)>> {
    let balance = |form: &Edn| match form {
        Edn::Nil => Some(None),
        Edn::Integer(number) => Some(Some(*number)),
        _ => None,
    };
    match value {
        Edn::Map(entries) => entries.iter().map(|(account, form)| Some((account.clone(), balance(form)?))).collect(),
        Edn::Vector(forms) => {
            (0i64..).zip(forms).map(|(number, form)| Some((Edn::Integer(number), balance(form)?))).collect()
        }
        _ => None,
    }
}

fn transfer(call: &Call, accounts: &mut Numbers) -> Result<Operation, Problem> {
    let value = &call.invoke.value;
    let parts = (value.get("from"), value.get("to"), value.get("amount").and_then(Edn::integer));
    let (Some(from), Some(to), Some(amount)) = parts else {
        let reason = format!("expected {{:from account, :to account, :amount number}}, found {}", short(value));
        return Err(Problem { line: call.invoke.line, reason });
    };
    let actions = vec![
        Action::Add { key: accounts.of(from), delta: -amount },
        Action::Add { key: accounts.of(to), delta: amount },
    ];
    let outcome = match call.kind() {
        Kind::Ok => Outcome::Ok(vec![Reply::Done, Reply::Done]),
        _ => outcome_without_result(call),
    };
    Ok(operation_of(call, actions, outcome))
}
