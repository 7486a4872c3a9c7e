//! What an `after` waits for.

use crate::scenario::codes::Code;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::located::Located;
use crate::scenario::model::{Moment, Trigger};
use crate::scenario::reader::{EntryKind, Reader};
use crate::scenario::suggest::{closest, did_you_mean};

impl Reader<'_> {
    /// What `after` names: a step, a fault, one of their ends, or an event.
    pub(super) fn trigger(&mut self, text: &Located<String>) -> Option<Trigger> {
        let written = text.text();
        if let Some(trigger) = self.entry_trigger(written, None) {
            return Some(trigger);
        }
        if let Some((head, tail)) = written.split_once('.') {
            let moment = match tail {
                "started" => Some(Moment::Started),
                "ended" => Some(Moment::Ended),
                _ => None,
            };
            if let Some(trigger) = moment.and_then(|moment| self.entry_trigger(head, Some(moment))) {
                return Some(trigger);
            }
            let host = head.split('/').next().unwrap_or(head);
            if self.find_host(host).is_some() {
                return self.announced(text).map(|(node, event)| Trigger::Announced { node, event });
            }
        }
        self.after_nothing(text);
        None
    }

    fn entry_trigger(&self, name: &str, moment: Option<Moment>) -> Option<Trigger> {
        let entry = self.entries.get(name)?;
        let name = name.to_owned();
        Some(match entry.kind {
            EntryKind::Step => Trigger::Step(name, moment.unwrap_or(Moment::Ended)),
            EntryKind::Fault => Trigger::Fault(name, moment.unwrap_or(Moment::Started)),
        })
    }

    fn after_nothing(&mut self, text: &Located<String>) {
        let head = text.text().split('.').next().unwrap_or_default();
        let help = match closest(text.text(), self.entries.keys().map(String::as_str)) {
            Some(name) => Some(self.offer_entry(name)),
            None => self.event_without_node(text.text()).or_else(|| {
                let hosts = self.hosts.keys().map(String::as_str).chain(self.role_words());
                let entries = self.entries.keys().map(String::as_str);
                did_you_mean(head, entries.chain(hosts.filter(|_| text.text().contains('.'))))
            }),
        };
        let diagnostic = Diagnostic::error(Code::AfterNothing, "`after` names something that does not exist")
            .label(text.span(), "no step, fault or announced event has this name")
            .maybe_help(help);
        self.report(diagnostic);
    }

    fn offer_entry(&self, name: &str) -> String {
        match self.entries.get(name) {
            Some(entry) => {
                let line = self.source().place(entry.span.start).line;
                format!("did you mean \"{name}\" ({}, line {line})?", entry.kind.word())
            }
            None => format!("did you mean \"{name}\"?"),
        }
    }
}
