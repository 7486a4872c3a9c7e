//! Checks that ask what a fault came to: `sometimes = "FAULT.observed"`, `always = "FAULT.survived"`.

use crate::scenario::codes::Code;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::located::Located;
use crate::scenario::model::FaultCount;
use crate::scenario::reader::{EntryKind, Reader, shown};
use crate::scenario::suggest::did_you_mean;
use crate::scenario::verbs::RawFault;

/// What a check asks of a fault.
pub(super) struct Asked {
    pub(super) fault: String,
    pub(super) count: FaultCount,
}

/// Verbs whose damage stays on a device until somebody writes over it.
const LEAVES_DAMAGE: [&str; 6] =
    ["bit-rot", "misdirect-write", "lose-write", "lie-about-flush", "torn-write", "read-error"];

impl Reader<'_> {
    /// True if a check's text is about a fault and not about a node or a check of the catalogue.
    pub(super) fn asks_of_a_fault(&self, what: &str) -> bool {
        let Some((head, tail)) = what.split_once('.') else { return false };
        let is_fault = self.entries.get(head).is_some_and(|entry| entry.kind == EntryKind::Fault);
        let host = head.split('/').next().unwrap_or(head);
        is_fault || (FaultCount::find(tail).is_some() && self.find_host(host).is_none())
    }

    /// What a check of the given key asks of a fault.
    pub(super) fn asked_of_a_fault(
        &mut self,
        what: &Located<String>,
        mode: &str,
        faults: &[Located<RawFault>],
    ) -> Option<Asked> {
        let (name, word) = what.text().split_once('.')?;
        let Some(fault) = faults.iter().find(|fault| fault.value().name.as_ref().is_some_and(|it| it.text() == name))
        else {
            let names: Vec<&str> = faults.iter().filter_map(|it| Some(it.value().name.as_ref()?.text())).collect();
            let span = self.part(what, &(0..name.len()));
            let diagnostic = Diagnostic::error(Code::FaultCount, format!("there is no fault `{}`", shown(name)))
                .label(span, "no fault of this file has this name")
                .maybe_help(did_you_mean(name, names));
            self.report(diagnostic);
            return None;
        };
        let span = self.part(what, &(name.len() + 1..what.text().len()));
        let Some(known) = FaultCount::find(word) else {
            let words = FaultCount::WORDS.iter().map(|word| word.name);
            let diagnostic = Diagnostic::error(Code::FaultCount, format!("nothing counts `{}`", shown(word)))
                .label(span, "no such count of a fault")
                .maybe_help(did_you_mean(word, words));
            self.report(diagnostic);
            return None;
        };
        if known.mode != mode {
            let diagnostic = Diagnostic::error(Code::FaultCount, format!("`{word}` does not go with `{mode}`"))
                .label(span, "not asked like this")
                .help(format!("write `{} = \"{name}.{word}\"`", known.mode));
            self.report(diagnostic);
            return None;
        }
        let verbs = fault.value().verbs();
        if let (FaultCount::Repaired, [(verb, _)]) = (known.count, verbs.as_slice())
            && !LEAVES_DAMAGE.contains(verb)
        {
            let diagnostic =
                Diagnostic::error(Code::FaultCount, format!("`{verb}` damages nothing that could be repaired"))
                    .label(span, "never comes true")
                    .help(format!(
                        "write `sometimes = \"{name}.observed\"`; repaired are {}",
                        LEAVES_DAMAGE.join(", ")
                    ));
            self.report(diagnostic);
            return None;
        }
        Some(Asked { fault: name.to_owned(), count: known.count })
    }
}
