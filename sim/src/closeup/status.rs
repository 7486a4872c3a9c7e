//! What the product's status command would have printed at each moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nodes::operations::Look as Command;
use nodes::world::time::{Instant, nanos};
use nodes::world::trace::{Event, Place, Trace, What};
use rayon::prelude::*;
use reports::{Moment, Sentence, Span, StatusOutput, sentence};

use crate::run::record::CommandRecord;
use crate::run::{Look, OBSERVER, RunError, RunOptions, Subject, glance, glances};
use crate::scenario::command::typed as words_of;
use crate::tell::{Tale, lanes};

/// The command is typed this often at most while nothing changes.
const CLOSEST: Duration = Duration::from_secs(1);
/// So often over a run while nothing changes.
const REGULAR: u64 = 200;
/// At so many changes.
const CHANGES: usize = 120;
/// A run that shows fewer looks than this is not worth it: the looks that are left are had one by one.
const WORTH: usize = 8;
/// Two outputs that differ are looked between until they are this close.
const CLOSE: Duration = Duration::from_millis(100);

/// How much is spent on looks.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// So many looks have a run of their own.
    pub alone: usize,
    /// So often is looked between two outputs that differ.
    pub rounds: usize,
}

impl Default for Effort {
    fn default() -> Self {
        // Five halvings bring a second down to less than `CLOSE`.
        Effort { alone: 160, rounds: 5 }
    }
}

/// What the command printed at each moment at which it was typed.
type Typed = BTreeMap<Instant, StatusOutput>;

/// What the status command prints, from the first moment on, and how well that is known; nothing for a product that has
/// no such command.
///
/// Looks share a run until one of them has disturbed it; those after that share the next run, which is undisturbed up to
/// the first of them. Where every look disturbs, each change of a node has a look in a run of its own. Where two outputs
/// differ, one looks between them.
pub(super) fn outputs(tale: &Tale<'_>, effort: Effort) -> Result<(Vec<StatusOutput>, Option<Sentence>), RunError> {
    let Some(operations) = nodes::catalogue::operations(tale.product.model) else { return Ok((Vec::new(), None)) };
    let command = &operations.status;
    let mut typed = Typed::new();
    let mut left = effort.alone;
    let mut moments = moments(tale);
    for _ in 0..=effort.rounds {
        if moments.is_empty() {
            break;
        }
        let alone = together(tale, command, moments, &mut typed)?;
        apart(tale, command, &alone, &mut left, &mut typed)?;
        moments = between(&typed);
    }
    let known = known(&typed);
    let mut outputs: Vec<StatusOutput> = typed.into_values().collect();
    outputs.dedup_by(|next, last| (&next.command, &next.lines) == (&last.command, &last.lines));
    Ok((outputs, known))
}

/// Types at these moments in as few runs as show them all; those that are left when runs show too few of them.
fn together(
    tale: &Tale<'_>,
    command: &Command,
    mut moments: Vec<Instant>,
    typed: &mut Typed,
) -> Result<Vec<Instant>, RunError> {
    while !moments.is_empty() {
        let looks: Vec<Look> = moments.iter().map(|at| look(*at, command)).collect();
        let (again, shown) = glances(&subject(tale), &looks)?;
        let believed = match parted(&tale.record.trace, &again.trace) {
            Some(parted) => moments.partition_point(|at| *at < parted).max(1),
            None => moments.len(),
        };
        let pairs = looks.iter().zip(&shown).take(believed);
        typed.extend(pairs.filter_map(|(look, commands)| Some((look.at, output(look, commands, command)?))));
        moments.drain(..believed);
        if believed < WORTH {
            break;
        }
    }
    Ok(moments)
}

/// Types at these moments, each in a run of its own that ends with the answer; of more than are left to be spent those at
/// which a node changed, and of these some over the whole run.
fn apart(
    tale: &Tale<'_>,
    command: &Command,
    moments: &[Instant],
    left: &mut usize,
    typed: &mut Typed,
) -> Result<(), RunError> {
    let changes = changes_of_nodes(tale);
    let (mut chosen, others): (Vec<Instant>, Vec<Instant>) = moments.iter().partition(|at| changes.contains(*at));
    // Some of the spending is kept for looking between.
    let room = if typed.len() < WORTH { *left * 3 / 4 } else { *left };
    chosen.extend(spread(&others, room.saturating_sub(chosen.len())));
    let chosen = spread(&chosen, room);
    *left -= chosen.len();
    let subject = subject(tale);
    let shown = chosen.par_iter().map(|at| glance(&subject, &look(*at, command)).map(|(_, shown)| shown));
    let shown: Result<Vec<_>, RunError> = shown.collect();
    let pairs = chosen.iter().zip(shown?);
    typed.extend(pairs.filter_map(|(at, commands)| Some((*at, output(&look(*at, command), &commands, command)?))));
    Ok(())
}

/// So many of them at most, from the first to the last.
fn spread(moments: &[Instant], most: usize) -> Vec<Instant> {
    if most == 0 {
        return Vec::new();
    }
    moments.iter().step_by(moments.len().div_ceil(most).max(1)).copied().collect()
}

/// Every change of a node, as far as they are not too many, and now and then.
fn moments(tale: &Tale<'_>) -> Vec<Instant> {
    let record = tale.record;
    let of_nodes: Vec<Instant> = changes_of_nodes(tale).into_iter().collect();
    let changes = spread(&of_nodes, CHANGES).into_iter();
    let step = (record.ended.as_nanos() / REGULAR).max(nanos(CLOSEST));
    let regular = (0..).map(|number| Instant(number * step)).take_while(|at| *at < record.ended);
    let moments: BTreeSet<Instant> = changes.chain(regular).filter(|at| *at < record.ended).collect();
    moments.into_iter().collect()
}

/// When a node announced another state, or its database began or ceased to run.
fn changes_of_nodes(tale: &Tale<'_>) -> BTreeSet<Instant> {
    let announced = tale.record.states.iter().map(|snapshot| snapshot.at);
    let lanes = lanes(tale);
    let lived = lanes.iter().flat_map(|lane| &lane.intervals).map(|interval| Instant(interval.from.0));
    announced.chain(lived).collect()
}

/// Pairs of looks in a row whose outputs differ.
fn changes(typed: &Typed) -> impl Iterator<Item = (Instant, Instant)> {
    let pairs = typed.iter().zip(typed.iter().skip(1));
    pairs.filter(|((_, one), (_, next))| one.lines != next.lines).map(|((from, _), (until, _))| (*from, *until))
}

/// The middle of every change that is not yet known well enough.
fn between(typed: &Typed) -> Vec<Instant> {
    let wide = changes(typed).filter(|(from, until)| until.since(*from) > CLOSE);
    wide.map(|(from, until)| Instant(from.as_nanos().midpoint(until.as_nanos()))).collect()
}

/// How often was looked, and how far a change of the output may be from the moment it is shown at.
fn known(typed: &Typed) -> Option<Sentence> {
    let widest = changes(typed).map(|(from, until)| until.as_nanos() - from.as_nanos()).max()?;
    let widest = Span::from_millis(Span(widest).as_millis() + 1);
    let times = typed.len();
    Some(sentence!(
        "The status command was typed at {times} moments; a change of its output is shown {widest} late at most.",
        "状态命令共在 {times} 个时刻执行;其输出变化的显示最多迟 {widest}。"
    ))
}

fn subject<'a>(tale: &Tale<'a>) -> Subject<'a> {
    Subject { scenario: tale.scenario, product: tale.product, draws: tale.draws, options: RunOptions::default() }
}

fn look(at: Instant, command: &Command) -> Look {
    Look { at, host: None, whom: command.whom, words: words_of(command.command) }
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

/// The moment from which on the nodes did something else when somebody looked; none if they never did. Only what
/// happened in the shells that the looks were typed into may be more, and what the looks sent counts among what a fault
/// held up.
fn parted(undisturbed: &Trace, looked_at: &Trace) -> Option<Instant> {
    let same = |one: &Event, other: &Event| {
        let did_the_same = match (&one.what, &other.what) {
            (What::Fault { name: one, .. }, What::Fault { name: other, .. }) => one == other,
            (one, other) => one == other,
        };
        (one.at, one.place) == (other.at, other.place) && did_the_same
    };
    let mut expected = undisturbed.events().iter().peekable();
    for event in looked_at.events() {
        match expected.peek() {
            Some(next) if same(next, event) => drop(expected.next()),
            _ if is_of_the_observer(looked_at, event) => {}
            Some(next) => return Some(next.at.min(event.at)),
            None => return Some(event.at),
        }
    }
    expected.next().map(|event| event.at)
}

fn is_of_the_observer(trace: &Trace, event: &Event) -> bool {
    let Place::Process(process, _) = event.place else { return false };
    trace.processes.get(usize::from(process.0)).is_some_and(|name| &*name.name == OBSERVER)
}

#[cfg(test)]
mod tests {
    use nodes::fields;
    use nodes::world::trace::{HostId, Incarnation, Keep, ProcessId, ProcessName};

    use super::*;

    fn trace(events: &[(u64, u16, &'static str)]) -> Trace {
        let mut trace = Trace::new(Keep::default());
        let process = |name: &str| ProcessName { host: HostId(0), name: name.into() };
        trace.processes = vec![process("gaussdb"), process(OBSERVER)];
        for (at, process, name) in events {
            let place = Place::Process(ProcessId(*process), Incarnation(1));
            trace.record(Instant(*at), place, What::Announced { name, fields: fields! {} });
        }
        trace
    }

    fn typed(outputs: &[(u64, &str)]) -> Typed {
        let output = |at: &u64, line: &str| StatusOutput {
            at: Moment(at * 1_000_000),
            command: "status".to_owned(),
            lines: vec![line.to_owned()],
        };
        outputs.iter().map(|(at, line)| (Instant(at * 1_000_000), output(at, line))).collect()
    }

    fn milliseconds(moments: &[Instant]) -> Vec<u64> {
        moments.iter().map(|at| at.as_nanos() / 1_000_000).collect()
    }

    #[test]
    fn of_too_many_moments_some_are_spread_over_all() {
        let moments: Vec<Instant> = (0..10).map(Instant).collect();
        assert_eq!(spread(&moments, 10), moments);
        assert_eq!(spread(&moments, 100), moments);
        assert_eq!(spread(&moments, 5), [0, 2, 4, 6, 8].map(Instant));
        assert_eq!(spread(&moments, 4), [0, 3, 6, 9].map(Instant));
        assert_eq!(spread(&moments, 1), [Instant(0)]);
        assert_eq!(spread(&moments, 0), []);
        assert_eq!(spread(&[], 3), []);
        for most in 1..=10 {
            assert!(spread(&moments, most).len() <= most);
        }
    }

    #[test]
    fn one_looks_between_outputs_that_differ_until_they_are_close() {
        let looks = typed(&[(0, "up"), (1_000, "up"), (2_000, "down"), (2_090, "up"), (2_190, "down"), (4_191, "up")]);
        // Neither where nothing changed, nor where the two looks are a tenth of a second apart.
        assert_eq!(milliseconds(&between(&looks)), [1_500, 3_190]);
        assert_eq!(between(&typed(&[(0, "up"), (9_000, "up")])), []);
        assert_eq!(between(&Typed::new()), []);
    }

    #[test]
    fn how_late_a_change_may_be_shown_is_told_from_the_two_looks_that_are_furthest_apart() {
        let told = known(&typed(&[(0, "up"), (5_000, "up"), (5_400, "down"), (5_500, "up")])).expect("two changes");
        assert!(told.en.contains("at 4 moments") && told.en.contains("401ms"), "{told:?}");
        assert!(told.chinese().contains("4 个时刻"), "{told:?}");
        assert_eq!(known(&typed(&[(0, "up"), (5_000, "up")])), None);
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

    #[test]
    fn what_a_fault_counts_may_be_more_because_of_the_looks() {
        let cut = |lost: u32, at: u64| {
            let mut trace = trace(&[(1, 0, "a")]);
            let text = format!("ended: {lost} packets were lost").into();
            trace.record(Instant(at), Place::Outside, What::Fault { name: "cut".into(), text });
            trace
        };
        assert_eq!(parted(&cut(47, 5), &cut(53, 5)), None);
        assert_eq!(parted(&cut(47, 5), &cut(47, 6)), Some(Instant(5)));
    }
}
