//! Who is meant: hosts, roles, processes, and the events they announce.

use super::{Reader, shown};
use crate::scenario::codes::Code;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::located::Located;
use crate::scenario::suggest::did_you_mean;
use crate::scenario::target::{HostSelector, NodeSelector, RoleSelector};
use crate::scenario::vocabulary::names;

impl Reader<'_> {
    /// A process: `dn2` is the database process of dn2, `dn2/cm_agent` another.
    pub(crate) fn process(&mut self, text: &Located<String>) -> Option<NodeSelector> {
        let selector = self.endpoint(text)?;
        self.not_the_clients(&selector.host, text)?;
        Some(selector)
    }

    /// A host as a whole.
    pub(crate) fn host(&mut self, text: &Located<String>) -> Option<HostSelector> {
        let selector = self.endpoint(text)?;
        self.not_the_clients(&selector.host, text)?;
        if selector.process.is_some() {
            let host = selector.host;
            let diagnostic = Diagnostic::error(Code::UnknownNode, "a whole host is wanted here, not a process")
                .label(text.span(), "names a process")
                .help(format!("write \"{host}\""));
            self.report(diagnostic);
            return None;
        }
        Some(selector.host)
    }

    fn not_the_clients(&mut self, host: &HostSelector, text: &Located<String>) -> Option<()> {
        if *host != HostSelector::Role(RoleSelector::Clients) {
            return Some(());
        }
        let help = "`clients` can stand at an end of a link only";
        self.not_together(text.span(), "the clients' machines are no part of the cluster", help);
        None
    }

    /// Anything that sends messages: a host, a process, a role, the clients.
    pub(crate) fn endpoint(&mut self, text: &Located<String>) -> Option<NodeSelector> {
        let (host, process) = match text.text().split_once('/') {
            Some((host, process)) => (host, Some(process)),
            None => (text.text(), None),
        };
        let Some(selector) = self.find_host(host) else {
            self.unknown_host(text, host);
            return None;
        };
        if let Some(process) = process {
            self.known_process(text, &selector, process)?;
        }
        Some(NodeSelector { host: selector, process: process.map(str::to_owned) })
    }

    pub(in crate::scenario) fn find_host(&self, name: &str) -> Option<HostSelector> {
        if self.hosts.contains_key(name) {
            return Some(HostSelector::Named(name.to_owned()));
        }
        if let Some((_, role)) = RoleSelector::WORDS.iter().find(|(word, _)| *word == name) {
            return Some(HostSelector::Role(role.clone()));
        }
        let of_product = self.product.is_some_and(|product| names(&product.selectors).any(|known| known == name));
        of_product.then(|| HostSelector::Role(RoleSelector::Product(name.to_owned())))
    }

    fn unknown_host(&mut self, text: &Located<String>, host: &str) {
        let known: Vec<&str> = self.hosts.keys().map(String::as_str).chain(self.role_words()).collect();
        let help = did_you_mean(host, known);
        let message = format!("there is no node `{}`", shown(host));
        let span = self.part(text, &(0..host.len()));
        self.report(Diagnostic::error(Code::UnknownNode, message).label(span, "no such node").maybe_help(help));
    }

    /// The words that are bound to hosts when the moment comes.
    pub(in crate::scenario) fn role_words(&self) -> impl Iterator<Item = &str> {
        let of_product = self.product.map(|product| product.selectors.as_slice()).unwrap_or_default();
        RoleSelector::WORDS.iter().map(|(word, _)| *word).chain(names(of_product))
    }

    fn known_process(&mut self, text: &Located<String>, host: &HostSelector, process: &str) -> Option<()> {
        let Some(product) = self.product else { return Some(()) };
        let known: Vec<&str> = match host {
            HostSelector::Named(name) => match self.hosts.get(name).copied().flatten() {
                Some(role) => role.processes.iter().map(String::as_str).collect(),
                None => return Some(()),
            },
            HostSelector::Role(_) => product.processes(),
        };
        if known.contains(&process) {
            return Some(());
        }
        let message = format!("no process `{}` runs on {host}", shown(process));
        let end = text.text().len();
        let diagnostic = Diagnostic::error(Code::UnknownProcess, message)
            .label(self.part(text, &(end - process.len()..end)), "no such process here")
            .maybe_help(did_you_mean(process, known));
        self.report(diagnostic);
        None
    }

    /// An event and who announces it: `dn2.reformer-lock.acquired`.
    pub(crate) fn announced(&mut self, text: &Located<String>) -> Option<(NodeSelector, String)> {
        let Some((who, event)) = text.text().split_once('.') else {
            let diagnostic = Diagnostic::error(Code::UnknownEvent, "an event is written `NODE.EVENT`")
                .label(text.span(), "no event of a node")
                .maybe_help(self.event_without_node(text.text()));
            self.report(diagnostic);
            return None;
        };
        let who = Located::new(who.to_owned(), self.part(text, &(0..who.len())));
        let node = self.process(&who);
        let known = self.known_event(text, event);
        known.and(node).map(|node| (node, event.to_owned()))
    }

    fn known_event(&mut self, text: &Located<String>, event: &str) -> Option<()> {
        let Some(product) = self.product else { return Some(()) };
        let known: Vec<&str> = names(&product.events).chain(names(&self.vocabulary.events)).collect();
        if known.contains(&event) {
            return Some(());
        }
        let help = did_you_mean(event, known)
            .unwrap_or_else(|| format!("`simrun list events --product {}` prints them", product.model));
        let end = text.text().len();
        let diagnostic = Diagnostic::error(Code::UnknownEvent, format!("no node announces `{}`", shown(event)))
            .label(self.part(text, &(end - event.len()..end)), "no such event")
            .help(help);
        self.report(diagnostic);
        None
    }

    pub(in crate::scenario) fn event_without_node(&self, text: &str) -> Option<String> {
        let product = self.product?;
        let mut known = names(&product.events).chain(names(&self.vocabulary.events));
        let node = self.hosts.keys().next()?;
        known.any(|event| event == text).then(|| format!("say which node announces it: \"{node}.{text}\""))
    }
}
