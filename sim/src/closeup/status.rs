//! What the product's status command would have printed at each moment.

use std::collections::BTreeSet;
use std::time::Duration;

use nodes::operations::Look as Command;
use nodes::world::time::{Instant, nanos};
use nodes::world::trace::{Event, Place, Trace, What};
use reports::{Moment, StatusOutput};

use crate::run::record::CommandRecord;
use crate::run::{Look, Record, RunError, RunOptions, glances};
use crate::scenario::command::typed;
use crate::tell::Tale;

/// The command is typed this often at most while nothing changes.
const CLOSEST: Duration = Duration::from_secs(1);
/// So often over a run while nothing changes.
const REGULAR: u64 = 200;
/// At so many changes.
const CHANGES: usize = 120;
/// So many runs are spent; what is not seen by then is not shown.
const RUNS: usize = 24;

/// What the status command prints, from the first moment on; none for a product that has no such command.
///
/// Looks share a run until one of them has disturbed it; those after that share the next run, which is undisturbed up to
/// the first of them.
pub(super) fn outputs(tale: &Tale<'_>) -> Result<Vec<StatusOutput>, RunError> {
    let Some(operations) = nodes::catalogue::operations(tale.product.model) else { return Ok(Vec::new()) };
    let mut outputs: Vec<StatusOutput> = Vec::new();
    let mut looks = looks(tale.record, &operations.status);
    for _ in 0..RUNS {
        if looks.is_empty() {
            break;
        }
        let (again, shown) = glances(tale.scenario, tale.product, tale.draws, &RunOptions::default(), &looks)?;
        let parted = parted(&tale.record.trace, &again.trace);
        let believed = match parted {
            Some(parted) => looks.partition_point(|look| look.at < parted).max(1),
            None => looks.len(),
        };
        let pairs = looks.iter().zip(&shown).take(believed);
        outputs.extend(pairs.filter_map(|(look, commands)| output(look, commands, &operations.status)));
        looks.drain(..believed);
    }
    outputs.dedup_by(|next, last| (&next.command, &next.lines) == (&last.command, &last.lines));
    Ok(outputs)
}

/// Looks at every change of a node, as far as they are not too many, and now and then.
fn looks(record: &Record, command: &Command) -> Vec<Look> {
    let words = typed(command.command);
    let spread = record.states.len().div_ceil(CHANGES).max(1);
    let changes = record.states.iter().step_by(spread).map(|snapshot| snapshot.at);
    let step = (record.ended.as_nanos() / REGULAR).max(nanos(CLOSEST));
    let regular = (0..).map(|number| Instant(number * step)).take_while(|at| *at < record.ended);
    let moments: BTreeSet<Instant> = changes.chain(regular).filter(|at| *at < record.ended).collect();
    moments.into_iter().map(|at| Look { at, whom: command.whom, words: words.clone() }).collect()
}

fn output(look: &Look, commands: &[CommandRecord], command: &Command) -> Option<StatusOutput> {
    let several = commands.len() > 1;
    let lines = commands.iter().flat_map(|shown| {
        let heading = several.then(|| format!("{}$ {}", shown.host, command.command));
        heading.into_iter().chain(shown.lines.iter().map(|(_, line)| line.clone()))
    });
    (!commands.is_empty()).then(|| StatusOutput {
        at: Moment(look.at.as_nanos()),
        command: command.command.to_owned(),
        lines: lines.collect(),
    })
}

/// The moment from which on the nodes did something else when somebody looked; none if they never did. Only what the
/// looks themselves did, in the shells they were typed into, may be more.
fn parted(undisturbed: &Trace, looked_at: &Trace) -> Option<Instant> {
    let same = |one: &Event, other: &Event| (one.at, one.place, &one.what) == (other.at, other.place, &other.what);
    let mut expected = undisturbed.events().iter().peekable();
    for event in looked_at.events() {
        match expected.peek() {
            Some(next) if same(next, event) => drop(expected.next()),
            _ if is_of_a_shell(looked_at, event) => {}
            Some(next) => return Some(next.at.min(event.at)),
            None => return Some(event.at),
        }
    }
    expected.next().map(|event| event.at)
}

fn is_of_a_shell(trace: &Trace, event: &Event) -> bool {
    let Place::Process(process, _) = event.place else { return false };
    let typed = matches!(event.what, What::Announced { .. } | What::Log { .. });
    typed && trace.processes.get(usize::from(process.0)).is_some_and(|name| &*name.name == "shell")
}

#[cfg(test)]
mod tests {
    use nodes::fields;
    use nodes::world::trace::{HostId, Incarnation, Keep, ProcessId, ProcessName};

    use super::*;

    fn trace(events: &[(u64, u16, &'static str)]) -> Trace {
        let mut trace = Trace::new(Keep::default());
        let process = |name: &str| ProcessName { host: HostId(0), name: name.into() };
        trace.processes = vec![process("gaussdb"), process("shell")];
        for (at, process, name) in events {
            let place = Place::Process(ProcessId(*process), Incarnation(1));
            trace.record(Instant(*at), place, What::Announced { name, fields: fields! {} });
        }
        trace
    }

    #[test]
    fn looks_are_believed_while_the_nodes_do_what_they_did_without_them() {
        let alone = trace(&[(1, 0, "a"), (5, 0, "b")]);
        assert_eq!(parted(&alone, &alone), None);
        assert_eq!(parted(&alone, &trace(&[(1, 0, "a"), (2, 1, "query"), (5, 0, "b")])), None);
        assert_eq!(parted(&alone, &trace(&[(1, 0, "a"), (6, 0, "b")])), Some(Instant(5)));
        assert_eq!(parted(&alone, &trace(&[(1, 0, "a"), (3, 0, "c"), (5, 0, "b")])), Some(Instant(3)));
        assert_eq!(parted(&alone, &trace(&[(1, 0, "a")])), Some(Instant(5)));
    }
}
