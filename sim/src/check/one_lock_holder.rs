//! `one-lock-holder`: the history of a lock is one sequence of owners.

use std::collections::BTreeMap;

use nodes::world::trace::{Trace, What, field};
use reports::sentence;

use super::Finding;
use super::catalogue::{Check, Example};
use super::written_trace;
use crate::run::Record;

/// Its name.
pub const NAME: &str = "one-lock-holder";

/// The check.
pub const CHECK: Check = Check {
    name: NAME,
    promise: "A lock has one owner at a time, and the version of its ownership only grows.",
    promise_zh: "一把锁任何时刻只有一个持有者,持有版本号只增不减。",
    example: Example {
        story: "Two servers give the same lock to different owners under the same version.",
        text: "1s a/server lock.changed lock=leader owner=0 version=4\n2s b/server lock.changed lock=leader owner=1 version=4\n",
        judge: |text| match written_trace::read(text) {
            Ok(trace) => judge(&trace),
            Err(error) => Finding::could_not_tell(NAME, error.to_string()),
        },
    },
};

/// Judges a record.
pub fn check(record: &Record) -> Finding {
    judge(&record.trace)
}

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut locks: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for event in trace.events() {
        let What::Announced { name: "lock.changed", fields } = &event.what else { continue };
        let number = |name| field(fields, name).and_then(|value| value.number());
        let Some(lock) = field(fields, "lock").and_then(|value| value.text()) else { continue };
        let (Some(owner), Some(version)) = (number("owner"), number("version")) else { continue };
        if let Some((before, last)) = locks.insert(lock.to_owned(), (owner, version))
            && version <= last
        {
            return Finding::violated(
                NAME,
                Some(event.number),
                Some(event.at),
                vec![sentence!(
                    "At {} {} gave {lock} to {owner} under version {version}, although {before} had it under \
                     version {last}.",
                    "{} 时,{} 以版本 {version} 把锁 {lock} 给了 {owner},而 {before} 已以版本 {last} 持有它。",
                    event.at,
                    trace.place_name(event.place)
                )],
            );
        }
    }
    if locks.is_empty() {
        Finding::could_not_tell(NAME, ("no lock ever had an owner", "没有锁有过持有者"))
    } else {
        Finding::holds(NAME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    #[test]
    fn a_run_without_locks_tells_nothing_and_one_owner_after_the_other_is_fine() {
        let answer = |text: &str| written_trace::read(text).map(|trace| judge(&trace).answer);
        assert_eq!(answer("1s a/server started\n"), Ok(Answer::CouldNotTell));
        let change =
            |at, owner, version| format!("{at}s a/server lock.changed lock=x owner={owner} version={version}\n");
        assert_eq!(answer(&(change(1, 0, 1) + &change(2, 1, 2))), Ok(Answer::Holds));
        assert_eq!(answer(&(change(1, 0, 2) + &change(2, 1, 1))), Ok(Answer::Violated));
    }
}
