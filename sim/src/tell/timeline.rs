//! What happened, in order: steps, faults, announcements, processes, outages, complaints in logs.
//!
//! A run has tens of thousands of events and a reader has a minute. What was done to the cluster is always major; what
//! the cluster announces is major if it is rare, because what happens every second is no news.

use std::collections::BTreeMap;

use nodes::product::events;
use nodes::world::time::Instant;
use nodes::world::trace::{Event, HostChange, Place, ProcessChange, What};
use reports::{Entry, EntryKind, Importance, Landmark, Outage, Sentence, StepKind, sentence};

use super::Tale;
use super::headlines::{self, Draft};
use super::logs::{COMPLAINTS, complains};
use super::moment::{host_and_process, moment};
use super::runbook::kind;

/// What is announced more often than this in a run is no news.
const RARE: usize = 24;
/// A complaint that is logged more often than this is no news.
const RARE_COMPLAINT: usize = 6;

/// The entries in order of time.
pub(super) fn timeline(tale: &Tale<'_>, outages: &[Outage]) -> Vec<Entry> {
    let news = News::of(tale);
    let mut drafts: Vec<Draft> =
        tale.record.trace.events().iter().filter_map(|event| draft(tale, &news, event)).collect();
    let mut entries = commands(tale);
    entries.extend(faults(tale));
    for outage in outages {
        entries.push(noticed(&outage.first_failed));
        entries.extend(outage.first_durable.iter().map(noticed));
    }
    drafts.extend(entries.into_iter().map(|entry| Draft { entry, subject: None, always: true }));
    drafts.sort_by_key(|draft| (draft.entry.at, draft.entry.event));
    headlines::choose(drafts)
}

/// How often things happened, and from when on they are interesting at all.
struct News<'a> {
    announced: BTreeMap<&'a str, usize>,
    complained: BTreeMap<String, usize>,
    ready: Instant,
}

impl<'a> News<'a> {
    fn of(tale: &Tale<'a>) -> Self {
        let mut news = News { announced: BTreeMap::new(), complained: BTreeMap::new(), ready: Instant::START };
        let trace = &tale.record.trace;
        if let Some((event, _)) = trace.announced(events::CLUSTER_READY).next() {
            news.ready = event.at;
        }
        for event in trace.events() {
            match &event.what {
                What::Announced { name, .. } => *news.announced.entry(name).or_default() += 1,
                What::Log { line, .. } if complains(line) => {
                    *news.complained.entry(pattern(line)).or_default() += 1;
                }
                _ => {}
            }
        }
        news
    }

    fn weigh(&self, at: Instant, is_news: bool) -> Importance {
        if is_news && at >= self.ready { Importance::Major } else { Importance::Normal }
    }
}

/// A log line without its numbers: what repeats with other numbers is the same complaint.
fn pattern(line: &str) -> String {
    line.chars().filter(|character| !character.is_ascii_digit()).collect()
}

fn draft(tale: &Tale<'_>, news: &News<'_>, event: &Event) -> Option<Draft> {
    let (lane, component) = host_and_process(&tale.record.trace, event.place);
    if lane.as_ref().is_some_and(|host| !tale.is_node(host)) {
        return None;
    }
    let weighed = match &event.what {
        What::Announced { name, fields } => {
            let is_rare = news.announced.get(name).is_none_or(|count| *count <= RARE);
            let is_news = match tale.product.headlines {
                [] => !QUIET.contains(name) && !tale.product.is_step(name) && is_rare,
                headlines => ALWAYS.contains(name) || headlines.contains(name),
            };
            Weighed {
                kind: EntryKind::Announced,
                subject: Some((*name).to_owned()),
                always: ALWAYS.contains(name),
                is_news,
                text: super::events::told(tale.product, name, fields),
            }
        }
        What::Process(change) => {
            let is_database = component.as_ref().is_some_and(|process| tale.is_database(process));
            let (is_news, text) = process(*change, event.place);
            let subject = Some(format!("{change:?} {}", lane.as_deref().unwrap_or_default()));
            Weighed { kind: EntryKind::Process, subject, always: true, is_news: is_news && is_database, text }
        }
        What::Host(change) => {
            let text = host(*change);
            Weighed { kind: EntryKind::Process, subject: None, always: false, is_news: false, text }
        }
        What::Log { line, .. } if complains(line) => {
            let complaint = pattern(line);
            let is_news = news.complained.get(&complaint).is_none_or(|count| *count <= RARE_COMPLAINT);
            let line = message(line);
            let text = sentence!("{line}", "日志:{line}");
            Weighed { kind: EntryKind::Log, subject: Some(complaint), always: false, is_news, text }
        }
        _ => return None,
    };
    let importance = news.weigh(event.at, weighed.is_news);
    let Weighed { kind, subject, always, text, .. } = weighed;
    let entry = Entry { at: moment(event.at), event: Some(event.number), lane, component, kind, importance, text };
    Some(Draft { entry, subject, always })
}

/// What an event is, before its moment and place are looked at.
struct Weighed {
    kind: EntryKind,
    subject: Option<String>,
    always: bool,
    is_news: bool,
    text: Sentence,
}

/// A complaint without what stands before its level: the time and the thread are told by other columns.
fn message(line: &str) -> &str {
    let level = COMPLAINTS.iter().filter_map(|level| line.find(level)).min();
    level.map_or(line, |level| &line[level..])
}

/// What decides whether the cluster serves: never left out.
const ALWAYS: [&str; 4] = [events::WRITES_OPENED, events::WRITES_CLOSED, events::CLUSTER_READY, events::FENCED];

/// What lanes and the strip of writers show better.
const QUIET: [&str; 2] = [events::ROLE_CHANGED, events::STATE_CHANGED];

/// How the world changed under a host.
fn host(change: HostChange) -> Sentence {
    let chinese = match change {
        HostChange::PowerLost => "断电".to_owned(),
        HostChange::PowerRestored => "恢复供电".to_owned(),
        HostChange::ClockJumps(nanoseconds) => format!("系统时间跳变 {nanoseconds} ns"),
        HostChange::ClockDrifts(parts_per_billion) => format!("时钟漂移 {parts_per_billion} ppb"),
        HostChange::NetworkCard { up } => format!("网卡{}", if up { "恢复" } else { "断开" }),
        HostChange::PathLost(device) => format!("到设备 {device} 的路径中断"),
        HostChange::PathRestored(device) => format!("到设备 {device} 的路径恢复"),
        HostChange::DevicePowerLost(device) => format!("设备 {device} 断电"),
        HostChange::WritesInFlight { device, dropped, applied, late, torn } => {
            let torn = if torn == 0 { String::new() } else { format!(",撕裂 {torn}") };
            format!("设备 {device} 的在途写:丢弃 {dropped},落盘 {applied},迟到 {late}{torn}")
        }
    };
    Sentence::new(change.to_string(), chinese)
}

/// What happened to a process, and whether it is more than the first start of a run.
fn process(change: ProcessChange, place: Place) -> (bool, Sentence) {
    let life = if let Place::Process(_, incarnation) = place { incarnation.0 } else { 0 };
    match change {
        ProcessChange::Started if life <= 1 => (false, Sentence::new("starts", "启动")),
        ProcessChange::Started => {
            (true, Sentence::new(format!("starts again, life {life}"), format!("再次启动,第 {life} 次")))
        }
        ProcessChange::Exited(code) => {
            (true, Sentence::new(format!("exits by itself with code {code}"), format!("自行退出,退出码 {code}")))
        }
        ProcessChange::Killed => (true, Sentence::new("is gone, killed", "已被杀死")),
        ProcessChange::Paused => (true, Sentence::new("is frozen", "被冻结")),
        ProcessChange::Resumed => (true, Sentence::new("goes on", "继续运行")),
    }
}

fn commands(tale: &Tale<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (step, drawn) in tale.record.steps.iter().zip(&tale.draws.steps) {
        let importance =
            if kind(tale, &drawn.verb) == StepKind::Query { Importance::Normal } else { Importance::Major };
        for command in &step.commands {
            let component = command.words.first().cloned();
            let entry = |at, importance, text| Entry {
                at: moment(at),
                event: None,
                lane: Some(command.host.clone()),
                component: component.clone(),
                kind: EntryKind::Step,
                importance,
                text,
            };
            let line = command.line();
            entries.push(entry(command.began, importance, sentence!("{line}", "执行 {line}")));
            if let (Some(ended), Some(code)) = (command.ended, command.exit_code) {
                let text = Sentence::new(format!("{} returns {code}", step.name), format!("{} 返回 {code}", step.name));
                entries.push(entry(ended, importance, text));
            }
        }
    }
    entries
}

fn faults(tale: &Tale<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (fault, drawn) in tale.record.faults.iter().zip(&tale.draws.faults) {
        let lane = fault.targets.first().and_then(|target| target.split(['/', ' ']).next()).map(str::to_owned);
        let lane = lane.filter(|host| tale.is_node(host));
        let entry = |at, text| Entry {
            at: moment(at),
            event: None,
            lane: lane.clone(),
            component: None,
            kind: EntryKind::Fault,
            importance: Importance::Major,
            text,
        };
        let name = &fault.name;
        entries.extend(fault.fired.map(|at| entry(at, sentence!("{name}: {}", "{name}:{}", drawn.verb.story()))));
        let ended = Sentence::new(format!("{name} is over"), format!("{name} 结束"));
        entries.extend(fault.ended.map(|at| entry(at, ended)));
    }
    entries
}

fn noticed(landmark: &Landmark) -> Entry {
    Entry {
        at: landmark.at,
        event: landmark.event,
        lane: None,
        component: None,
        kind: EntryKind::Client,
        importance: Importance::Major,
        text: landmark.what.clone(),
    }
}
