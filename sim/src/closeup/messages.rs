//! Messages between hosts around a moment, from a run that keeps them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use nodes::world::time::Instant;
use nodes::world::trace::{Keep, MessageFate, Trace, What};
use reports::{Message, Moment};

use crate::run::{RunError, RunOptions, Subject, run_until};
use crate::tell::Tale;

/// How long after the moment one keeps watching: messages that were under way arrive.
const AFTERWARDS: Duration = Duration::from_secs(1);
/// So many messages are told, those nearest to the moment.
const MOST: usize = 300;
/// So much of what a message says.
const MOST_CONTENTS: usize = 240;

pub(super) fn around(tale: &Tale<'_>, around: Moment) -> Result<Vec<Message>, RunError> {
    let options = RunOptions { keep: Keep { detail: true, ..Keep::default() }, ..RunOptions::default() };
    let until = Instant(around.0) + AFTERWARDS;
    let subject = Subject { scenario: tale.scenario, product: tale.product, draws: tale.draws, options };
    let record = run_until(&subject, until)?;
    let mut messages = between_hosts(&record.trace);
    let distance = |message: &Message| message.sent.0.abs_diff(around.0);
    messages.sort_by_key(distance);
    messages.truncate(MOST);
    messages.sort_by_key(|message| (message.sent, message.arrived));
    Ok(messages)
}

/// Every message that left its host. What a receiver got is the oldest of what was sent to it with the same content.
fn between_hosts(trace: &Trace) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    let mut on_the_way: BTreeMap<(u16, u16, u64), VecDeque<usize>> = BTreeMap::new();
    for event in trace.events() {
        let What::Message { from, to, fate, text, digest } = &event.what else { continue };
        let hosts = [from, to].map(|process| trace.processes.get(usize::from(process.0)).map(|name| name.host));
        let [Some(sender), Some(receiver)] = hosts else { continue };
        if sender == receiver {
            continue;
        }
        let key = (from.0, to.0, *digest);
        match fate {
            MessageFate::Sent => {
                on_the_way.entry(key).or_default().push_back(messages.len());
                let (name, contents) = parts(text);
                messages.push(Message {
                    from: trace.host_name(sender).to_owned(),
                    to: trace.host_name(receiver).to_owned(),
                    sent: Moment(event.at.as_nanos()),
                    arrived: None,
                    name,
                    contents,
                });
            }
            MessageFate::Delivered | MessageFate::Dropped => {
                let sent = on_the_way.get_mut(&key).and_then(VecDeque::pop_front);
                if let (Some(sent), MessageFate::Delivered) = (sent, fate) {
                    messages[sent].arrived = Some(Moment(event.at.as_nanos()));
                }
            }
        }
    }
    messages
}

/// The kind of a message and what it says, of its printed form: `Append { lsn: 7 }`.
fn parts(text: &str) -> (String, String) {
    let end = text.find(|character: char| !(character.is_alphanumeric() || character == '_')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = rest.trim();
    let cut = rest.char_indices().nth(MOST_CONTENTS).map(|(at, _)| at);
    let contents = cut.map_or_else(|| rest.to_owned(), |cut| format!("{}…", &rest[..cut]));
    (if name.is_empty() { "message".to_owned() } else { name.to_owned() }, contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_a_kind_and_contents() {
        assert_eq!(parts("Append { lsn: 7 }"), ("Append".to_owned(), "{ lsn: 7 }".to_owned()));
        assert_eq!(parts("Ping"), ("Ping".to_owned(), String::new()));
        assert_eq!(parts("(1, 2)"), ("message".to_owned(), "(1, 2)".to_owned()));
        let long = format!("Page({})", "升".repeat(MOST_CONTENTS));
        assert!(parts(&long).1.ends_with('…'));
    }
}
