//! Page ownership (GBS): which EP has the only valid copy of a page.
//!
//! The real service is spread over all EPs by page number; here the control EP keeps all of it, and a page has one
//! owner at a time for reading and writing alike (mode X). A page that no EP has is kept here as redo left it.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Those of them that are being written to the data disk: nobody gets them meanwhile.
    written: BTreeSet<Page>,
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
        Directory { owners, store, ..Directory::default() }
    }

    /// `from` wants a page. Asking twice gives the same answer.
    pub(super) fn want(&mut self, page: Page, from: Seqno) -> Reply {
        if self.moving.get(&page).is_some_and(|to| *to != from) || self.written.contains(&page) {
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

impl Directory {
    /// The pages that no EP has and that are not on the data disk as they are.
    pub(super) fn dirty(&self) -> BTreeMap<Page, u64> {
        let dirty = self.store.iter().filter(|(_, content)| content.dirty_since > 0);
        dirty.map(|(page, content)| (*page, content.dirty_since)).collect()
    }

    /// A dirty page, which stays here until it is written; nothing if it is on its way to an EP.
    pub(super) fn begin_writing(&mut self, page: Page) -> Option<Content> {
        let content = self.store.get(&page).filter(|content| content.dirty_since > 0)?;
        let stays = !self.moving.contains_key(&page) && self.written.insert(page);
        stays.then(|| content.clone())
    }

    /// The page may go again.
    pub(super) fn end_writing(&mut self, page: Page, lsn: u64, is_written: bool) {
        self.written.remove(&page);
        if let Some(content) = self.store.get_mut(&page).filter(|content| is_written && content.lsn == lsn) {
            content.dirty_since = 0;
        }
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

    #[test]
    fn a_page_that_is_written_stays_and_one_that_moves_is_not_written() {
        let dirty = Content { lsn: 5, dirty_since: 3, ..Content::default() };
        let mut directory = Directory::rebuilt([(1, dirty.clone()), (2, dirty)].into(), &BTreeMap::new());
        assert_eq!(directory.begin_writing(1).map(|content| content.lsn), Some(5));
        assert_eq!(directory.want(1, 0), Reply::Later);
        directory.end_writing(1, 5, true);
        assert_eq!(directory.dirty(), [(2, 3)].into());
        assert!(matches!(directory.want(2, 0), Reply::Here(_)));
        assert_eq!(directory.begin_writing(2), None);
    }
}
