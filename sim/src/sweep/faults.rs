//! Single faults, and pairs of them: each kind, on each target, at each event.

use std::collections::BTreeSet;
use std::time::Duration;

use nodes::product::Product;
use toml::{Table, Value};

use super::Attempt;
use super::events::Moment;
use crate::document::{Document, Kind};
use crate::scenario::Scenario;
use crate::scenario::model::Promise;
use crate::scenario::values::print_duration;

/// What a kind of fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hits {
    /// A process.
    Process,
    /// A host with all that runs on it.
    Host,
    /// What a host sends to others and receives from them.
    NetworkCard,
    /// What one host sends to another.
    Link,
}

/// A kind of fault that a sweep knows how to aim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultKind {
    /// Its verb.
    pub verb: &'static str,
    /// What it hits.
    pub hits: Hits,
    /// How long it lasts; `None` if it does not last.
    pub lasts: Option<Duration>,
}

/// A pause outlasts every usual time-out of a failure detector, and ends: what was frozen comes back and must be safe.
const LASTS: Duration = Duration::from_secs(30);

/// What is said on a link that is cut for so long is lost to whoever waits for the answer of a call.
const CUT_LASTS: Duration = Duration::from_secs(10);

/// The kinds, from the smallest to the largest.
pub const KINDS: [FaultKind; 4] = [
    FaultKind { verb: "kill", hits: Hits::Process, lasts: None },
    FaultKind { verb: "pause", hits: Hits::Process, lasts: Some(LASTS) },
    FaultKind { verb: "nic-down", hits: Hits::NetworkCard, lasts: Some(LASTS) },
    FaultKind { verb: "lose-power", hits: Hits::Host, lasts: Some(LASTS) },
];

/// The kind that loses the messages of one way, and nothing else.
pub const CUT: FaultKind = FaultKind { verb: "partition", hits: Hits::Link, lasts: Some(CUT_LASTS) };

/// One fault, not yet at a moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Aim {
    kind: FaultKind,
    target: Target,
}

/// What a fault is aimed at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A host, or a process as `host/process`.
    Node(String),
    /// The way from one host to another.
    Way {
        /// The host that sends.
        from: String,
        /// The host that receives.
        to: String,
    },
}

impl Aim {
    /// A fault of this kind on a host, or on a process as `host/process`.
    pub fn at_node(kind: FaultKind, target: String) -> Aim {
        Aim { kind, target: Target::Node(target) }
    }

    /// A fault of this kind on the way from one host to another.
    pub fn on_way(kind: FaultKind, from: String, to: String) -> Aim {
        Aim { kind, target: Target::Way { from, to } }
    }

    /// Its kind.
    pub fn kind(&self) -> &FaultKind {
        &self.kind
    }

    /// What it is aimed at.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// `kill dn1/gaussdb`.
    pub fn told(&self) -> String {
        match &self.target {
            Target::Node(node) => format!("{} {node}", self.kind.verb),
            Target::Way { from, to } => format!("{} {from} to {to}", self.kind.verb),
        }
    }

    /// The host that it hits; of a way, the one that sends.
    fn host(&self) -> &str {
        let (Target::Node(node) | Target::Way { from: node, .. }) = &self.target;
        node.split('/').next().unwrap_or_default()
    }

    /// How a scenario writes the target.
    fn value(&self) -> Value {
        match &self.target {
            Target::Node(node) => node.clone().into(),
            Target::Way { from, to } => {
                let ends = Value::Array(vec![from.clone().into(), to.clone().into()]);
                let way = [("between".to_owned(), ends), ("direction".to_owned(), "to".into())];
                Value::Table(way.into_iter().collect())
            }
        }
    }

    /// The entry of a scenario that does it at a moment.
    pub fn entry(&self, name: &str, moment: &Moment) -> Table {
        let mut entry = Table::new();
        entry.insert("name".to_owned(), name.into());
        entry.insert("after".to_owned(), moment.trigger().into());
        if moment.nth > 1 {
            entry.insert("nth".to_owned(), Value::Integer(i64::from(moment.nth)));
        }
        entry.insert(self.kind.verb.to_owned(), self.value());
        if let Some(lasts) = self.kind.lasts {
            entry.insert("for".to_owned(), print_duration(lasts).into());
        }
        entry
    }
}

/// The procedure alone: without faults, without what is counted from them, and without an expected violation.
pub fn undisturbed(document: &Document) -> Document {
    let faults: BTreeSet<String> = document.names(Kind::Fault).into_iter().collect();
    let mut alone = document.without(&faults);
    // What a scenario must reach, it reaches because of its faults.
    alone.retain("check", |check| !check.contains_key("sometimes"));
    alone.remove(&["expect"]);
    alone
}

/// The procedure with time behind its end: a fault at its last event is over before the run is, and what must come true
/// within a time after the last step has that time. Otherwise much of a sweep could not be told. Of several faults each
/// may begin when the one before it is over.
pub fn with_room(undisturbed: &Document, scenario: &Scenario, faults: u32) -> Document {
    let promised = scenario.checks.iter().filter_map(|check| match check.promise {
        Promise::Eventually { within, .. } => within,
        _ => None,
    });
    let room = LASTS * faults + promised.max().unwrap_or_default();
    let mut document = undisturbed.clone();
    document.set(&["run", "time-limit"], print_duration(scenario.run.time_limit + room));
    document
}

/// Every kind on every target: processes of each host for kinds that hit processes, each way between two hosts for
/// those that hit links, hosts for the others.
pub fn aims(scenario: &Scenario, product: &Product, kinds: &[FaultKind]) -> Vec<Aim> {
    let mut aims = Vec::new();
    for kind in kinds {
        for node in &scenario.nodes {
            let role = product.roles.iter().find(|role| role.name == node.role);
            let processes: &[&str] = role.map_or(&[], |role| role.processes);
            match kind.hits {
                Hits::Process => {
                    let targets = processes.iter().map(|process| format!("{}/{process}", node.name));
                    aims.extend(targets.map(|target| Aim::at_node(*kind, target)));
                }
                Hits::Host | Hits::NetworkCard => aims.push(Aim::at_node(*kind, node.name.clone())),
                Hits::Link => {
                    let others = scenario.nodes.iter().filter(|other| other.name != node.name);
                    aims.extend(others.map(|other| Aim::on_way(*kind, node.name.clone(), other.name.clone())));
                }
            }
        }
    }
    aims
}

/// Each fault at each moment, fault by fault; at most `limit`, spread over both: every moment is met once before any is
/// met twice, each time by the next fault.
pub fn singles(undisturbed: &Document, aims: &[Aim], moments: &[Moment], limit: usize) -> Vec<Attempt> {
    let attempt = |(aim, moment): (usize, usize)| {
        let (aim, moment) = (&aims[aim], &moments[moment]);
        let mut document = undisturbed.clone();
        document.push("fault", aim.entry("swept", moment));
        Attempt { what: aim.told().into(), at: moment.told(), document }
    };
    spread(aims.len(), moments.len(), limit).into_iter().map(attempt).collect()
}

/// So many places of a table of rows and columns, in its order.
fn spread(rows: usize, columns: usize, limit: usize) -> Vec<(usize, usize)> {
    let count = limit.min(rows * columns);
    // Along the diagonals: one begins again where it began after so many places, so the next is taken then.
    let length = least_common_multiple(rows, columns);
    let place = |number: usize| match count < columns {
        true => (number % rows, number * columns / count),
        false => ((number + number / length) % rows, number % columns),
    };
    let mut places: Vec<(usize, usize)> = (0..count).map(place).collect();
    places.sort_unstable();
    places
}

fn least_common_multiple(one: usize, other: usize) -> usize {
    let (mut divisor, mut rest) = (one, other);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (one / divisor.max(1) * other).max(1)
}

/// Pairs of faults at moments that lie within a window; the first of one host, the second of another. If there are more
/// than `limit`, they are thinned evenly. The number of all pairs comes with them.
pub fn pairs(
    undisturbed: &Document,
    aims: &[Aim],
    moments: &[Moment],
    window: Duration,
    limit: usize,
) -> (usize, Vec<Attempt>) {
    let mut all: Vec<(&Aim, &Moment, &Aim, &Moment)> = Vec::new();
    for (number, first) in moments.iter().enumerate() {
        for second in moments[number..].iter().take_while(|second| second.at <= first.at + window) {
            for one in aims {
                all.extend(
                    aims.iter().filter(|other| one.host() != other.host()).map(|other| (one, first, other, second)),
                );
            }
        }
    }
    let step = all.len().div_ceil(limit.max(1)).max(1);
    let attempt = |(one, first, other, second): &(&Aim, &Moment, &Aim, &Moment)| {
        let mut document = undisturbed.clone();
        document.push("fault", one.entry("swept-first", first));
        document.push("fault", other.entry("swept-second", second));
        Attempt {
            what: format!("{} and {}", one.told(), other.told()).into(),
            at: format!("{} and {}", first.told(), second.told()),
            document,
        }
    };
    (all.len(), all.iter().step_by(step).map(attempt).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_leaves_out_no_moment_before_another_is_met_twice() {
        assert_eq!(spread(2, 3, 100), [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]);
        assert!(spread(0, 3, 5).is_empty() && spread(3, 0, 5).is_empty() && spread(3, 3, 0).is_empty());
        for (rows, columns) in [(16, 26), (4, 4), (3, 7), (7, 3)] {
            for limit in 1..=rows * columns {
                let places = spread(rows, columns, limit);
                let different: BTreeSet<_> = places.iter().collect();
                assert_eq!(different.len(), limit, "{limit} of {rows} by {columns}");
                let met: BTreeSet<usize> = places.iter().map(|(_, column)| *column).collect();
                assert_eq!(met.len(), limit.min(columns), "{limit} of {rows} by {columns}");
                let used: BTreeSet<usize> = places.iter().map(|(row, _)| *row).collect();
                assert_eq!(used.len(), limit.min(rows), "{limit} of {rows} by {columns}");
            }
        }
    }
}
