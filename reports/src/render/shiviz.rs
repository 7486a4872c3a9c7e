//! `events.shiviz.log`: messages and events with vector clocks, for ShiViz and its relatives.
//!
//! The first line is the regular expression that reads the rest, the second (empty) would separate several runs. A clock
//! is made here from the order of events on each host and from the messages between them: entries of the timeline
//! tick their host, and a message that arrives brings along all its sender knew.

use std::collections::BTreeMap;

use crate::report::{Entry, Message, Moment, Report};

/// Reads one line of the log; its three groups are what ShiViz asks for.
const PARSER: &str = r#"(?<host>\S+) "(?<event>.*)" (?<clock>\{.*\})"#;

type Clock<'a> = BTreeMap<&'a str, u64>;

/// The log with its parser line.
pub fn shiviz(report: &Report) -> String {
    let names = host_names(report);
    let mut clocks: BTreeMap<&str, Clock<'_>> = BTreeMap::new();
    let mut sent: BTreeMap<usize, Clock<'_>> = BTreeMap::new();
    let mut log = format!("{PARSER}\n\n");
    for happening in happenings(report) {
        let host = happening.host(report);
        let clock = clocks.entry(host).or_default();
        if let Happening::Arrived(_, id) = happening
            && let Some(known) = sent.get(&id)
        {
            merge(clock, known);
        }
        *clock.entry(host).or_default() += 1;
        if let Happening::Sent(_, id) = happening {
            sent.insert(id, clock.clone());
        }
        log.push_str(&line(&names, host, &happening.words(report), clock));
    }
    log
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Entry(Moment, usize),
    Sent(Moment, usize),
    Arrived(Moment, usize),
}

impl Happening {
    fn at(self) -> Moment {
        match self {
            Happening::Entry(at, _) | Happening::Sent(at, _) | Happening::Arrived(at, _) => at,
        }
    }

    fn host(self, report: &Report) -> &str {
        match self {
            Happening::Entry(_, index) => report.timeline[index].lane.as_deref().unwrap_or("cluster"),
            Happening::Sent(_, index) => &report.messages[index].from,
            Happening::Arrived(_, index) => &report.messages[index].to,
        }
    }

    fn words(self, report: &Report) -> String {
        let at = self.at();
        match self {
            Happening::Entry(_, index) => {
                let Entry { component, text, .. } = &report.timeline[index];
                let component = component.as_ref().map_or(String::new(), |component| format!("{component}: "));
                format!("{at} {component}{}", text.en)
            }
            Happening::Sent(_, index) => {
                let Message { name, contents, to, arrived, .. } = &report.messages[index];
                let fate = if arrived.is_some() { "sends" } else { "sends, lost:" };
                format!("{at} {fate} {name} to {to}: {contents}")
            }
            Happening::Arrived(_, index) => {
                let Message { name, from, .. } = &report.messages[index];
                format!("{at} receives {name} from {from}")
            }
        }
    }
}

/// Everything in order of time; at one moment what is sent comes before what arrives.
fn happenings(report: &Report) -> Vec<Happening> {
    let entries = report.timeline.iter().enumerate().map(|(index, entry)| Happening::Entry(entry.at, index));
    let sent = report.messages.iter().enumerate().map(|(index, message)| Happening::Sent(message.sent, index));
    let arrived = report.messages.iter().enumerate();
    let arrived = arrived.filter_map(|(index, message)| Some(Happening::Arrived(message.arrived?, index)));
    let mut all: Vec<Happening> = entries.chain(sent).chain(arrived).collect();
    all.sort_by_key(|happening| (happening.at(), *happening));
    all
}

fn merge<'a>(clock: &mut Clock<'a>, known: &Clock<'a>) {
    for (host, ticks) in known {
        let mine = clock.entry(host).or_default();
        *mine = (*mine).max(*ticks);
    }
}

/// Host names as the log spells them: without blanks, and still different where the hosts are.
fn host_names(report: &Report) -> BTreeMap<&str, String> {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    for host in super::hosts::hosts(report).into_iter().chain(["cluster"]) {
        let mut name: String =
            host.chars().map(|it| if it.is_whitespace() || it.is_control() { '_' } else { it }).collect();
        while names.values().any(|taken| *taken == name) {
            name.push('_');
        }
        names.entry(host).or_insert(name);
    }
    names
}

fn line(names: &BTreeMap<&str, String>, host: &str, words: &str, clock: &Clock<'_>) -> String {
    let words: String = words.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    let clock: BTreeMap<&String, u64> = clock.iter().map(|(host, ticks)| (&names[host], *ticks)).collect();
    let clock = serde_json::to_string(&clock).expect("names and counts are JSON");
    format!("{} \"{words}\" {clock}\n", names[host])
}
