//! What must hold, and what the run is expected to show.

use super::cluster::in_both;
use crate::scenario::codes::Code;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::located::Located;
use crate::scenario::model::{Check, Expect, ExpectedVerdict, PROGRESS, Promise, Reached};
use crate::scenario::raw::{RawCheck, RawExpect};
use crate::scenario::reader::{Reader, shown};
use crate::scenario::suggest::did_you_mean;
use crate::scenario::verbs::RawFault;
use crate::scenario::vocabulary::{CheckKind, CheckWord};

impl<'a> Reader<'a> {
    pub(super) fn checks(&mut self, raw: &[Located<RawCheck>], faults: &[Located<RawFault>]) -> Option<Vec<Check>> {
        let checks: Vec<Option<Check>> = raw.iter().map(|table| self.check(table, faults)).collect();
        let checks: Vec<Check> = checks.into_iter().collect::<Option<_>>()?;
        for (index, check) in checks.iter().enumerate() {
            let is_progress = |check: &Check| matches!(check.promise, Promise::Progress { .. });
            let is_again =
                |earlier: &Check| earlier.promise == check.promise || (is_progress(earlier) && is_progress(check));
            if checks[..index].iter().any(is_again) {
                let message = format!("the check `{}` is declared twice", check.name());
                let diagnostic = Diagnostic::error(Code::DuplicateName, message)
                    .label(raw[index].span(), "declared before")
                    .help("remove one of the two");
                self.report(diagnostic);
            }
        }
        Some(checks)
    }

    fn check(&mut self, table: &Located<RawCheck>, faults: &[Located<RawFault>]) -> Option<Check> {
        let raw = table.value();
        let place = self.source().place(table.span().start);
        if raw.eventually.is_none() {
            for (key, text) in [("within", &raw.within), ("after", &raw.after)] {
                if let Some(text) = text {
                    self.not_together(text.span(), &format!("`{key}` needs `eventually`"), "remove it");
                }
            }
        }
        let is_progress = raw.eventually.as_ref().is_some_and(|what| what.text() == PROGRESS);
        if let Some(first) = raw.core.iter().flatten().next().filter(|_| !is_progress) {
            self.not_together(first.span(), "`core` needs `eventually = \"progress\"`", "remove it");
        }
        let promise = match (&raw.always, &raw.eventually, &raw.sometimes) {
            (Some(name), None, None) => self.always(name, faults),
            (None, Some(_), None) if is_progress => self.progress(raw),
            (None, Some(what), None) => self.eventually(what, raw, faults),
            (None, None, Some(what)) if what.text() == PROGRESS => {
                let diagnostic = Diagnostic::error(Code::CheckMode, "`progress` is asked of a healed core, once")
                    .label(what.span(), "not something to come by")
                    .help("write `eventually = \"progress\"`");
                self.report(diagnostic);
                None
            }
            (None, None, Some(what)) => self.reached(what, "sometimes", faults).map(Promise::Sometimes),
            _ => {
                self.report_mode(table);
                None
            }
        };
        Some(Check { promise: promise?, place })
    }

    fn report_mode(&mut self, table: &Located<RawCheck>) {
        let raw = table.value();
        let given: Vec<_> = [&raw.always, &raw.eventually, &raw.sometimes].into_iter().flatten().collect();
        if given.is_empty() && self.is_bruised(&table.span()) {
            return;
        }
        let mut diagnostic =
            Diagnostic::error(Code::CheckMode, "a check says one of `always`, `eventually` and `sometimes`");
        for text in &given {
            diagnostic = diagnostic.label(text.span(), "one of these");
        }
        if given.is_empty() {
            diagnostic = diagnostic.label(table.span(), "says none");
        }
        self.report(diagnostic.help("make an entry of each"));
    }

    fn always(&mut self, name: &Located<String>, faults: &[Located<RawFault>]) -> Option<Promise> {
        if self.asks_of_a_fault(name.text()) {
            return self.asked_of_a_fault(name, "always", faults).map(|asked| Promise::Survives(asked.fault));
        }
        let check = self.known_check(name)?;
        if check.kind == CheckKind::Liveness {
            let message = format!("`{}` cannot hold all the time", check.name);
            let diagnostic = Diagnostic::error(Code::CheckMode, message)
                .label(name.span(), "something that comes true in the end")
                .help(format!("write `eventually = \"{}\"`", check.name));
            self.report(diagnostic);
            return None;
        }
        Some(Promise::Always(check.name.clone()))
    }

    fn eventually(&mut self, what: &Located<String>, raw: &RawCheck, faults: &[Located<RawFault>]) -> Option<Promise> {
        let what = self.reached(what, "eventually", faults);
        let after = self.optional(&raw.after, Self::trigger);
        let within = self.optional(&raw.within, Self::positive_duration);
        Some(Promise::Eventually { what: what?, after: after?, within: within? })
    }

    /// A healed core: which hosts, from when, how soon.
    fn progress(&mut self, raw: &RawCheck) -> Option<Promise> {
        let after = self.optional(&raw.after, Self::trigger);
        let within = self.optional(&raw.within, Self::positive_duration);
        let core = match &raw.core {
            Some(hosts) => Some(hosts.iter().map(|host| self.host(host)).collect::<Option<Vec<_>>>()?),
            None => None,
        };
        Some(Promise::Progress { after: after?, core, within: within? })
    }

    /// A check of the catalogue, an event of a node, or what a fault came to.
    fn reached(&mut self, what: &Located<String>, mode: &str, faults: &[Located<RawFault>]) -> Option<Reached> {
        if self.asks_of_a_fault(what.text()) {
            let asked = self.asked_of_a_fault(what, mode, faults)?;
            return Some(Reached::Counted { fault: asked.fault, count: asked.count });
        }
        if what.text().contains('.') {
            return self.announced(what).map(|(node, event)| Reached::Announced { node, event });
        }
        let check = self.known_check(what)?;
        if check.kind == CheckKind::Safety {
            let message = format!("`{}` is a rule that never breaks, not something to reach", check.name);
            let diagnostic = Diagnostic::error(Code::CheckMode, message)
                .label(what.span(), "a rule")
                .help(format!("write `always = \"{}\"`", check.name));
            self.report(diagnostic);
            return None;
        }
        Some(Reached::Check(check.name.clone()))
    }

    fn known_check(&mut self, name: &Located<String>) -> Option<&'a CheckWord> {
        let of_product = self.product.map(|product| product.checks.as_slice()).unwrap_or_default();
        let all: Vec<&'a CheckWord> = self.vocabulary.checks.iter().chain(of_product).collect();
        let found = all.iter().copied().find(|check| check.name == name.text());
        // Without a product its own checks are not known: the product's name is the mistake.
        if found.is_none() && self.product.is_some() {
            self.unknown(Code::UnknownCheck, name, "check", all.iter().map(|check| check.name.as_str()));
        }
        found
    }

    pub(super) fn expect(&mut self, raw: &Option<Located<RawExpect>>, checks: &[Located<RawCheck>]) -> Option<Expect> {
        let omitted = RawExpect::default();
        let raw = raw.as_ref().map_or(&omitted, Located::value);
        let is_violation = self.or(
            &raw.verdict,
            &false,
            Some("expect.verdict"),
            |_| "pass".to_owned(),
            |reader, verdict| reader.word(verdict, &[("pass", false), ("violation", true)]),
        );
        let of = raw.of.as_deref().unwrap_or_default();
        let undeclared = of.iter().filter(|name| !self.is_declared(name, checks)).count();
        let is_violation = is_violation?;
        if let (false, Some(first)) = (is_violation, of.first()) {
            let help = "remove `of`, or write `verdict = \"violation\"`";
            self.not_together(first.span(), "`of` needs `verdict = \"violation\"`", help);
        }
        let of = of.iter().map(|name| name.text().to_owned()).collect();
        let verdict = if is_violation { ExpectedVerdict::Violation(of) } else { ExpectedVerdict::Pass };
        let because = in_both(&raw.because, &raw.because_zh);
        let stray_log = match &raw.log {
            Some(log) => self.word(log, &[("sound", false), ("stray", true)])?,
            None => false,
        };
        (undeclared == 0).then_some(Expect { verdict, because, stray_log })
    }

    fn is_declared(&mut self, name: &Located<String>, checks: &[Located<RawCheck>]) -> bool {
        let declared: Vec<&str> = checks
            .iter()
            .flat_map(|table| [&table.value().always, &table.value().eventually])
            .flatten()
            .map(|name| name.text())
            .collect();
        let is_declared = declared.contains(&name.text());
        if !is_declared {
            let message = format!("the check `{}` is not declared in this file", shown(name.text()));
            let diagnostic = Diagnostic::error(Code::ExpectUndeclared, message)
                .label(name.span(), "no `[[check]]` of this name")
                .maybe_help(did_you_mean(name.text(), declared));
            self.report(diagnostic);
        }
        is_declared
    }
}
