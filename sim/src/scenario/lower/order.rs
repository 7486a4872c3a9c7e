//! Circles of steps and faults that wait for each other.
//!
//! Every entry waits for at most one other, so following the arrows from anywhere either ends or comes back.

use std::collections::{BTreeMap, BTreeSet};

use super::entries::all;
use crate::scenario::codes::Code;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::located::Located;
use crate::scenario::raw::RawScenario;
use crate::scenario::reader::Reader;

impl Reader<'_> {
    /// Reports each circle once, with everyone in it.
    pub(super) fn report_circles(&mut self, raw: &RawScenario) {
        let mut waits_for: BTreeMap<&str, &Located<String>> = BTreeMap::new();
        for entry in all(raw) {
            if let (Some(name), Some(after), None) = (entry.name, entry.after, entry.at) {
                waits_for.entry(name.text()).or_insert(after);
            }
        }
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for start in waits_for.keys().copied() {
            let circle = self.circle_from(start, &waits_for, &mut seen);
            if !circle.is_empty() {
                self.report_circle(&circle, &waits_for);
            }
        }
    }

    /// The circle that the arrows from `start` run into, unless it was seen from an earlier start.
    fn circle_from<'r>(
        &self,
        start: &'r str,
        waits_for: &BTreeMap<&'r str, &'r Located<String>>,
        seen: &mut BTreeSet<&'r str>,
    ) -> Vec<&'r str> {
        let mut path: Vec<&str> = Vec::new();
        let mut at = start;
        while seen.insert(at) {
            path.push(at);
            match waits_for.get(at).and_then(|after| self.entry_named_by(after.text())) {
                Some(next) => at = next,
                None => return Vec::new(),
            }
        }
        match path.iter().position(|name| *name == at) {
            Some(first) => path.split_off(first),
            None => Vec::new(),
        }
    }

    /// The entry that an `after` names, with or without one of its ends.
    fn entry_named_by<'r>(&self, after: &'r str) -> Option<&'r str> {
        let bare = after.strip_suffix(".started").or(after.strip_suffix(".ended"));
        [Some(after), bare].into_iter().flatten().find(|name| self.entries.contains_key(*name))
    }

    fn report_circle(&mut self, circle: &[&str], waits_for: &BTreeMap<&str, &Located<String>>) {
        let message = match circle {
            [alone] => format!("`{alone}` waits for itself"),
            several => format!("these wait for each other in a circle: {}", several.join(", ")),
        };
        let mut diagnostic = Diagnostic::error(Code::AfterCycle, message);
        for name in circle {
            if let Some(after) = waits_for.get(name) {
                let label = match circle {
                    [_] => "waits for itself".to_owned(),
                    _ => format!("`{name}` waits for this"),
                };
                diagnostic = diagnostic.label(after.span(), label);
            }
        }
        self.report(diagnostic.help("give one of them a time with `at`, or let it wait for an event"));
    }
}
