//! Stories as text, for the examples of the checks: one note a line.
//!
//! ```text
//! 1s dsc0/dmcss order DB.1 guid=8 command=15 seq=49 control=0 dead=1
//! 1s dsc0/dmcss record DB OPEN/STARTUP counter=47 ok=0,1 lives=0:7,1:8
//! 2s dsc1/dmserver slot DB.1 guid=8 status=3 done=49 unreachable=1
//! ```
//!
//! The life of a process is 1, or what `life=` says. A field that is left out is 0 or empty. The run ends with its last
//! note, or at the moment of a line `90s ends`.

use std::collections::BTreeMap;
use std::time::Duration;

use nodes::world::time::Instant;

use super::story::{Ep, Group, GroupRecord, Note, Story, Told, What};

/// Reads a written story.
///
/// # Errors
/// The first line that cannot be read.
pub(super) fn read(text: &str) -> Result<Story, String> {
    let mut story = Story::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let wrong = || format!("`{line}` is not a note");
        let at = moment(words.first().copied().unwrap_or_default()).ok_or_else(wrong)?;
        story.ended = story.ended.max(at);
        if words.get(1) == Some(&"ends") {
            continue;
        }
        let [_, by, word, rest @ ..] = &words[..] else { return Err(wrong()) };
        let plain: Vec<&str> = rest.iter().copied().filter(|it| !it.contains('=')).collect();
        let fields = Fields(rest.iter().filter_map(|it| it.split_once('=')).collect());
        let what = what(word, &plain, &fields).ok_or_else(wrong)?;
        let life = fields.number("life").max(1) as u32;
        story.notes.push(Note { at, by: (*by).to_owned(), life, reign: fields.number("reign"), what });
    }
    Ok(story)
}

fn what(word: &str, plain: &[&str], fields: &Fields<'_>) -> Option<What> {
    let number = |name: &str| fields.number(name);
    let small = |name: &str| fields.number(name) as u8;
    let first = plain.first().copied().unwrap_or_default();
    let (guid, sequence) = (number("guid"), number("seq"));
    let rows = || fields.pairs("rows").into_iter().map(|(key, value)| (key as i64, vec![value as i64])).collect();
    let transaction = || fields.pairs("tx").first().map(|(client, count)| (*client as u32, *count as u32));
    Some(match word {
        "slot" => {
            let (group, ep) = member(first)?;
            let (status, done, unreachable) = (small("status"), number("done"), small("unreachable"));
            What::Slot { group, ep, guid, status, done, unreachable }
        }
        "order" => {
            let (group, ep) = member(first)?;
            let (command, control, dead) = (small("command"), small("control"), small("dead"));
            What::Order { group, ep, guid, command, sequence, control, dead }
        }
        "record" => {
            let (status, sub) = plain.get(1)?.split_once('/')?;
            let lives = fields.pairs("lives").into_iter().map(|(ep, guid)| (ep as Ep, guid)).collect();
            What::Record(GroupRecord {
                group: group(first)?,
                status: (status.to_owned(), sub.to_owned()),
                counter: number("counter"),
                ok: fields.list("ok").collect(),
                broken: fields.list("broken").collect(),
                recovering: fields.list("recovering").next(),
                lives,
            })
        }
        "record-lost" => What::RecordLost(group(first)?),
        "registry" => What::Registry { group: group(first)?, ok: fields.list("ok").collect() },
        "redo" => What::Redo { log: small("log") },
        "page" => What::Page { page: number("page") as u32, lsn: number("lsn") },
        "commit" => {
            let (log, lsn) = (small("log"), number("lsn"));
            What::Commit { log, lsn, transaction: transaction().unwrap_or_default(), rows: rows() }
        }
        "address" => What::Address { address: first.to_owned(), up: plain.get(1) == Some(&"up") },
        "power-lost" => What::PowerLost,
        "ended" => What::Ended,
        "halted" => {
            let (group, ep) = member(first)?;
            What::Halted { group, ep, guid }
        }
        "mail-read" => {
            let (group, ep) = member(first)?;
            What::MailRead { group, ep, guid, sequence, began: moment(fields.0.get("began")?)? }
        }
        "told" => {
            let answer = match first {
                "committed" => Told::Committed,
                "read" => Told::Read,
                "refused" => Told::Refused,
                _ => return None,
            };
            let called = moment(fields.0.get("called")?)?;
            What::Told { called, transaction: transaction().unwrap_or_default(), answer, read: rows() }
        }
        "shown" => What::Shown { group: group(first)?, ok: fields.list("ok").collect() },
        _ => return None,
    })
}

struct Fields<'a>(BTreeMap<&'a str, &'a str>);

impl Fields<'_> {
    fn number(&self, name: &str) -> u64 {
        self.0.get(name).and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    fn list(&self, name: &str) -> impl Iterator<Item = Ep> {
        self.0.get(name).into_iter().flat_map(|value| value.split(',')).filter_map(|value| value.parse().ok())
    }

    fn pairs(&self, name: &str) -> Vec<(u64, u64)> {
        let pairs = self.0.get(name).into_iter().flat_map(|value| value.split(','));
        let read = |pair: &str| {
            let (left, right) = pair.split_once(':')?;
            Some((left.parse().ok()?, right.parse().ok()?))
        };
        pairs.filter_map(read).collect()
    }
}

fn group(name: &str) -> Option<Group> {
    Group::ALL.into_iter().find(|group| group.name() == name)
}

fn member(name: &str) -> Option<(Group, Ep)> {
    let (name, ep) = name.split_once('.')?;
    Some((group(name)?, ep.parse().ok()?))
}

fn moment(word: &str) -> Option<Instant> {
    let (seconds, millis) = word.strip_suffix('s')?.split_once('.').unwrap_or((word.strip_suffix('s')?, "0"));
    let millis: u64 = format!("{millis:0<3}").parse().ok()?;
    Some(Instant::START + Duration::from_millis(seconds.parse::<u64>().ok()? * 1_000 + millis))
}
