//! Steps and faults: their names, their time, their verb.

use std::collections::btree_map::Entry as MapEntry;

use crate::scenario::codes::Code;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::located::{Located, Span};
use crate::scenario::model::{Fault, IfFails, NodeSelector, Run, Step, When};
use crate::scenario::raw::{RawScenario, Text};
use crate::scenario::reader::{Entry, EntryKind, Reader, shown};
use crate::scenario::suggest::list;
use crate::scenario::values::DurationRange;
use crate::scenario::verbs::{FAULT_VERBS, RawFault, RawStep, STEP_VERBS, StepVerb, VerbWord};

/// What a step and a fault have in common.
pub(super) struct Common<'r> {
    pub(super) name: &'r Text,
    pub(super) at: &'r Text,
    pub(super) after: &'r Text,
    pub(super) delay: &'r Text,
    pub(super) nth: &'r Option<Located<i64>>,
    pub(super) span: Span,
    pub(super) kind: EntryKind,
}

impl Common<'_> {
    /// The entry in a sentence.
    fn called(&self) -> String {
        match self.name {
            Some(name) => format!("the {} `{}`", self.kind.word(), shown(name.text())),
            None => format!("this {}", self.kind.word()),
        }
    }
}

pub(super) fn of_step(table: &Located<RawStep>) -> Common<'_> {
    let raw = table.value();
    let (name, at, after, delay, nth) = (&raw.name, &raw.at, &raw.after, &raw.delay, &raw.nth);
    Common { name, at, after, delay, nth, span: table.span(), kind: EntryKind::Step }
}

pub(super) fn of_fault(table: &Located<RawFault>) -> Common<'_> {
    let raw = table.value();
    let (name, at, after, delay, nth) = (&raw.name, &raw.at, &raw.after, &raw.delay, &raw.nth);
    Common { name, at, after, delay, nth, span: table.span(), kind: EntryKind::Fault }
}

/// Every step, then every fault.
pub(super) fn all(raw: &RawScenario) -> impl Iterator<Item = Common<'_>> {
    raw.step.iter().flatten().map(of_step).chain(raw.fault.iter().flatten().map(of_fault))
}

impl Reader<'_> {
    /// Learns the names of all steps and faults before anything mentions them.
    pub(super) fn collect_names(&mut self, raw: &RawScenario) {
        for entry in all(raw) {
            let Some(name) = self.required(entry.name, "name", entry.span) else { continue };
            if self.valid_name(name, entry.kind.word()).is_none() {
                continue;
            }
            if self.hosts.contains_key(name.text()) {
                self.name_is_taken(name, "a node has this name", None);
            }
            match self.entries.entry(name.text().to_owned()) {
                MapEntry::Vacant(vacant) => drop(vacant.insert(Entry { kind: entry.kind, span: name.span() })),
                MapEntry::Occupied(first) => {
                    let first = first.get().span.clone();
                    self.name_is_taken(name, "used again", Some(first));
                }
            }
        }
    }

    fn name_is_taken(&mut self, name: &Located<String>, label: &str, first: Option<Span>) {
        let message = format!("the name `{}` is used twice", shown(name.text()));
        let mut diagnostic = Diagnostic::error(Code::DuplicateName, message).label(name.span(), label);
        if let Some(first) = first {
            diagnostic = diagnostic.label(first, "first used here");
        }
        self.report(diagnostic.help("steps, faults and nodes need names of their own"));
    }

    pub(super) fn steps(&mut self, raw: &[Located<RawStep>]) -> Option<Vec<Step>> {
        let steps: Vec<Option<Step>> = raw.iter().map(|table| self.step(table)).collect();
        steps.into_iter().collect()
    }

    fn step(&mut self, table: &Located<RawStep>) -> Option<Step> {
        let raw = table.value();
        let when = self.when(&of_step(table));
        let verb = self.one_verb(&raw.verbs(), &of_step(table), STEP_VERBS).and_then(|()| raw.lower_verb(self));
        let on = self.optional(&raw.on, |reader, on| reader.host(on).map(|host| NodeSelector { host, process: None }));
        if raw.command.is_some() && raw.on.is_none() {
            self.missing_because(table.span(), "`on`", Some("`on` is the host on which the command is typed"));
        }
        let timeout = self.optional(&raw.timeout, Self::positive_duration);
        let if_fails = self.word_or(&raw.if_fails, IfFails::WORDS, IfFails::Stop);
        if matches!(verb, Some(StepVerb::WaitFor(_))) && raw.on.is_some() {
            self.not_together(table.span(), "`wait-for` is not typed anywhere", "remove `on`");
        }
        let name = raw.name.as_ref()?.text().to_owned();
        let place = self.source().place(table.span().start);
        Some(Step { name, when: when?, verb: verb?, on: on?, timeout: timeout?, if_fails: if_fails?, place })
    }

    pub(super) fn faults(&mut self, raw: &[Located<RawFault>]) -> Option<Vec<Fault>> {
        let faults: Vec<Option<Fault>> = raw.iter().map(|table| self.fault(table)).collect();
        faults.into_iter().collect()
    }

    fn fault(&mut self, table: &Located<RawFault>) -> Option<Fault> {
        let raw = table.value();
        let when = self.when(&of_fault(table));
        let verb = self.one_verb(&raw.verbs(), &of_fault(table), FAULT_VERBS).and_then(|()| raw.lower_verb(self));
        let lasts = self.optional(&raw.r#for, Self::positive_range);
        if let (Some(lasts), [(name, _)]) = (&raw.r#for, raw.verbs().as_slice()) {
            self.can_last(name, lasts.span());
        }
        let name = raw.name.as_ref()?.text().to_owned();
        let place = self.source().place(table.span().start);
        Some(Fault { name, when: when?, verb: verb?, lasts: lasts?, place })
    }

    fn can_last(&mut self, verb: &str, span: Span) {
        let happens_at_once = FAULT_VERBS.iter().any(|word| word.name == verb && !word.lasts);
        if happens_at_once {
            let help = "remove `for`; use another fault to undo it";
            self.not_together(span, &format!("`{verb}` happens at one moment and cannot last"), help);
        }
    }

    fn positive_range(&mut self, text: &Located<String>) -> Option<DurationRange> {
        let range: DurationRange = self.value(text)?;
        if range.low.is_zero() {
            self.out_of_bounds(text.span(), "a fault that may last no time at all", "begin the range above zero");
            return None;
        }
        Some(range)
    }

    /// Exactly one verb.
    fn one_verb(&mut self, given: &[(&str, Span)], entry: &Common<'_>, known: &[VerbWord]) -> Option<()> {
        match given {
            [_] => Some(()),
            [] => {
                if !self.is_bruised(&entry.span) {
                    let known: Vec<&str> = known.iter().map(|verb| verb.name).collect();
                    let diagnostic = Diagnostic::error(Code::NoVerb, format!("{} does nothing", entry.called()))
                        .label(entry.span.clone(), "no verb")
                        .help(format!("add one verb: {}", list(&known)));
                    self.report(diagnostic);
                }
                None
            }
            several => {
                let names: Vec<String> = several.iter().map(|(name, _)| format!("`{name}`")).collect();
                let message = format!("{} does several things: {}", entry.called(), names.join(", "));
                let mut diagnostic = Diagnostic::error(Code::TwoVerbs, message);
                for (name, span) in several {
                    diagnostic = diagnostic.label(span.clone(), format!("`{name}`"));
                }
                self.report(diagnostic.help("make an entry of each; the second may wait for the first with `after`"));
                None
            }
        }
    }

    /// When an entry begins.
    fn when(&mut self, entry: &Common<'_>) -> Option<When> {
        match (entry.at, entry.after) {
            (Some(at), None) => self.at(at, entry),
            (None, Some(after)) => {
                let trigger = self.trigger(after);
                let delay = self.optional(entry.delay, Self::value);
                let nth = self.optional(entry.nth, |reader, nth| reader.number(nth, 1, i64::from(u32::MAX)));
                let nth = u32::try_from(nth?.unwrap_or(1)).unwrap_or(u32::MAX);
                Some(When::After { trigger: trigger?, delay: delay?.unwrap_or(DurationRange::ZERO), nth })
            }
            (Some(at), Some(after)) => {
                let diagnostic = Diagnostic::error(Code::TwoTimes, "`at` and `after` exclude each other")
                    .label(after.span(), "after this")
                    .label(at.span(), "and at this time")
                    .help("keep one of them; `after` can have a `delay`");
                self.report(diagnostic);
                None
            }
            (None, None) => {
                if !self.is_bruised(&entry.span) {
                    let diagnostic = Diagnostic::error(Code::NoTime, format!("{} has no time", entry.called()))
                        .label(entry.span.clone(), "neither `at` nor `after`")
                        .help("add `at = \"20s\"` or `after = \"NAME\"`");
                    self.report(diagnostic);
                }
                None
            }
        }
    }

    fn at(&mut self, at: &Located<String>, entry: &Common<'_>) -> Option<When> {
        for (key, span) in
            [("delay", entry.delay.as_ref().map(Located::span)), ("nth", entry.nth.as_ref().map(Located::span))]
        {
            if let Some(span) = span {
                let help = "remove it, or use `after` in place of `at`";
                self.not_together(span, &format!("`{key}` needs `after`"), help);
            }
        }
        self.value(at).map(When::At)
    }

    /// Warns of entries whose time lies behind the end of the run.
    pub(super) fn report_too_late(&mut self, raw: &RawScenario, run: Option<&Run>) {
        let Some(limit) = run.map(|run| run.time_limit) else { return };
        for entry in all(raw) {
            let Some(at) = entry.at else { continue };
            let is_late = <DurationRange as crate::scenario::values::Value>::parse(at.text())
                .is_ok_and(|range| range.low >= limit);
            if is_late {
                let message = format!("{} would never happen", entry.called());
                let limit = crate::scenario::values::print_duration(limit);
                let diagnostic = Diagnostic::warning(Code::NeverHappens, message)
                    .label(at.span(), format!("the run ends after {limit}"))
                    .help("raise `[run] time-limit` or choose an earlier time");
                self.report(diagnostic);
            }
        }
    }
}
