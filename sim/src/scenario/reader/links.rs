//! The ends of links and other lists of who sends messages.

use super::Reader;
use crate::scenario::located::{Located, Span};
use crate::scenario::target::NodeSelector;

impl Reader<'_> {
    /// Both ends of a link.
    pub(crate) fn two_ends(&mut self, link: &Located<Vec<Located<String>>>) -> Option<[NodeSelector; 2]> {
        let [first, second] = link.value().as_slice() else {
            self.out_of_bounds(link.span(), "a link has two ends", "write two names: `[\"dn1\", \"dn2\"]`");
            return None;
        };
        let ends = [self.endpoint(first), self.endpoint(second)];
        let [Some(first_end), Some(second_end)] = ends else { return None };
        if first_end == second_end {
            self.out_of_bounds(second.span(), "both ends of this link are the same", "name another node");
            return None;
        }
        Some([first_end, second_end])
    }

    /// A list of nodes that is not empty.
    pub(crate) fn endpoints(&mut self, nodes: &Located<Vec<Located<String>>>) -> Option<Vec<NodeSelector>> {
        if nodes.value().is_empty() {
            self.out_of_bounds(nodes.span(), "this list is empty", "name at least one node");
            return None;
        }
        let lowered: Vec<_> = nodes.value().iter().map(|node| self.endpoint(node)).collect();
        lowered.into_iter().collect()
    }

    /// Reports when none or several of some keys are given.
    pub(crate) fn exactly_one(&mut self, keys: &[(&str, Option<Span>)], table: Span) -> Option<()> {
        let names = keys.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let mut given = keys.iter().filter_map(|(_, span)| span.clone());
        match (given.next(), given.next()) {
            (Some(_), None) => Some(()),
            (None, _) => {
                self.missing(table, &format!("one of {names}"));
                None
            }
            (Some(_), Some(second)) => {
                self.not_together(second, "only one of these keys can be given", &format!("keep one of {names}"));
                None
            }
        }
    }
}
