//! Page ownership (GBS): which EP has the only valid copy of a page.
//!
//! The real service is spread over all EPs by page number; here the control EP keeps all of it, and a page has one
//! owner at a time for reading and writing alike (mode X). A page that no EP has is kept here as redo left it.

use std::collections::BTreeMap;

use super::super::words::Seqno;
use super::messages::{Content, Page, Reply};

/// The directory of a control EP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directory {
    owners: BTreeMap<Page, Seqno>,
    /// Pages on their way, and to whom.
    moving: BTreeMap<Page, Seqno>,
    /// Pages that no EP has.
    store: BTreeMap<Page, Content>,
}

impl Directory {
    /// The directory after redo: `store` is what the logs say, `owned` what living EPs have.
    pub(super) fn rebuilt(mut store: BTreeMap<Page, Content>, owned: &BTreeMap<Seqno, Vec<Page>>) -> Self {
        let mut owners = BTreeMap::new();
        for (ep, pages) in owned {
            for page in pages {
                owners.insert(*page, *ep);
                store.remove(page);
            }
        }
        Directory { owners, moving: BTreeMap::new(), store }
    }

    /// `from` wants a page. Asking twice gives the same answer.
    pub(super) fn want(&mut self, page: Page, from: Seqno) -> Reply {
        if self.moving.get(&page).is_some_and(|to| *to != from) {
            return Reply::Later;
        }
        self.moving.insert(page, from);
        match self.owners.get(&page) {
            Some(owner) => Reply::At(*owner),
            None => Reply::Here(self.store.get(&page).cloned().unwrap_or_default()),
        }
    }

    /// `from` has the page it wanted.
    pub(super) fn have(&mut self, page: Page, from: Seqno) -> Reply {
        if self.moving.get(&page) != Some(&from) {
            return Reply::Later;
        }
        self.moving.remove(&page);
        self.store.remove(&page);
        self.owners.insert(page, from);
        Reply::Noted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(lsn: u64) -> Content {
        Content { lsn, ..Content::default() }
    }

    #[test]
    fn a_page_moves_to_one_ep_at_a_time() {
        let mut directory = Directory::rebuilt([(1, content(5))].into(), &BTreeMap::new());
        assert_eq!(directory.want(1, 0), Reply::Here(content(5)));
        assert_eq!(directory.want(1, 1), Reply::Later);
        assert_eq!(directory.want(1, 0), Reply::Here(content(5)));
        assert_eq!(directory.have(1, 1), Reply::Later);
        assert_eq!(directory.have(1, 0), Reply::Noted);
        assert_eq!(directory.want(1, 1), Reply::At(0));
    }

    #[test]
    fn pages_of_the_living_stay_theirs_and_those_of_the_dead_come_from_redo() {
        let store = [(1, content(5)), (2, content(6))].into();
        let mut directory = Directory::rebuilt(store, &[(1, vec![2])].into());
        assert_eq!(directory.want(1, 1), Reply::Here(content(5)));
        assert_eq!(directory.want(2, 0), Reply::At(1));
    }
}
