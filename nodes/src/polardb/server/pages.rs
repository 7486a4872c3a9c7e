//! Pages in memory, and the logindex: for each page the records it may still miss.
//!
//! Replaying a record only notes it in the logindex; a page takes it when somebody looks at the page. A replica's pages
//! are never dirty and can go at any time; a writer's are written out by the flush rule.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::parts::pages::{Page, PageError, PageProblem, PageStamp, PageStore};
use crate::parts::service::{Key, Row};
use crate::parts::wal::{Lsn, RowChange, WriterTag};

use super::super::rules;
use super::super::shared::PAGES;

type Rows = BTreeMap<Key, Row>;
/// What a record that ends at a position does to a page.
type Logged = (Lsn, Vec<RowChange>);

/// A page in memory.
#[derive(Clone, Debug, Default)]
struct Frame {
    lsn: Lsn,
    rows: Rows,
    /// Since when it differs from the disk (`oldest_lsn`).
    dirty_since: Option<Lsn>,
    /// The same for the version that is being written out.
    writing_since: Option<Lsn>,
    /// An older version, written in the place of one that a replica would find too new (copy buffer).
    copy: Option<(Lsn, Rows)>,
    last_used: u64,
}

/// A version of a page that may go to the disk now.
#[derive(Clone, Debug)]
pub(super) struct Flushable {
    pub(super) number: u64,
    pub(super) lsn: Lsn,
    rows: Rows,
}

impl Flushable {
    /// As a page of the disk.
    pub(super) fn into_page(self, epoch: u64, writer: WriterTag) -> Page {
        Page { number: self.number, stamp: PageStamp { lsn: self.lsn, epoch, writer }, rows: self.rows }
    }
}

/// What may be flushed now.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlushLimits {
    pub(super) flushed: Lsn,
    pub(super) oldest_apply: Lsn,
}

impl FlushLimits {
    /// Whether a page with this LSN may be written.
    pub(super) fn allow(&self, page: Lsn) -> bool {
        rules::may_flush(page, self.flushed, self.oldest_apply)
    }
}

/// The pages of a server and its logindex.
#[derive(Default)]
pub(super) struct Pages {
    frames: RefCell<BTreeMap<u64, Frame>>,
    index: RefCell<BTreeMap<u64, Vec<Logged>>>,
    clock: std::cell::Cell<u64>,
}

impl Pages {
    /// Notes a commit that ends at `end` in the logindex.
    pub(super) fn note(&self, end: Lsn, changes: Vec<RowChange>) {
        let mut index = self.index.borrow_mut();
        for change in changes {
            let records = index.entry(PAGES.page_of(change.0)).or_default();
            match records.last_mut() {
                Some((last, rows)) if *last == end => rows.push(change),
                _ => records.push((end, vec![change])),
            }
        }
    }

    /// Forgets records that end at or before `position`: the disk has them.
    pub(super) fn forget_before(&self, position: Lsn) {
        for records in self.index.borrow_mut().values_mut() {
            records.retain(|(end, _)| *end > position);
        }
    }

    /// Throws away pages in memory that are older than `position`: the logindex no longer says what they miss.
    pub(super) fn evict_older_than(&self, position: Lsn) {
        self.frames.borrow_mut().retain(|_, frame| frame.lsn >= position || frame.dirty_since.is_some());
    }

    /// Whether a page is in memory.
    pub(super) fn has(&self, number: u64) -> bool {
        self.frames.borrow().contains_key(&number)
    }

    /// Keeps a page that was read from the disk, unless it is in memory already.
    pub(super) fn keep(&self, page: Page) {
        let frame = Frame { lsn: page.stamp.lsn, rows: page.rows, ..Frame::default() };
        self.frames.borrow_mut().entry(page.number).or_insert(frame);
    }

    /// Applies to a page in memory what the logindex has for it up to `until`; its LSN then.
    pub(super) fn catch_up(&self, number: u64, until: Lsn, dirty_since: Option<Lsn>) -> Lsn {
        let mut frames = self.frames.borrow_mut();
        let frame = frames.entry(number).or_default();
        self.clock.set(self.clock.get() + 1);
        frame.last_used = self.clock.get();
        for (end, changes) in self.index.borrow().get(&number).into_iter().flatten() {
            if *end <= frame.lsn || *end > until {
                continue;
            }
            frame.lsn = *end;
            frame.rows.extend(changes.iter().cloned());
            frame.dirty_since = frame.dirty_since.or(dirty_since);
        }
        frame.lsn
    }

    /// Lets all but the `most` pages used last go.
    pub(super) fn shrink_to(&self, most: usize) {
        let mut frames = self.frames.borrow_mut();
        while frames.len() > most {
            let oldest = frames.iter().min_by_key(|(_, frame)| frame.last_used).map(|(number, _)| *number);
            oldest.and_then(|number| frames.remove(&number));
        }
    }

    /// A row as the newest transaction left it.
    pub(super) fn row(&self, key: Key) -> Row {
        let frames = self.frames.borrow();
        frames.get(&PAGES.page_of(key)).and_then(|frame| frame.rows.get(&key)).cloned().unwrap_or_default()
    }

    /// Every row of the pages in memory.
    pub(super) fn rows(&self) -> Rows {
        self.frames.borrow().values().flat_map(|frame| frame.rows.clone()).collect()
    }

    /// Changes rows by a record that begins at `start` and ends at `end`.
    pub(super) fn change(&self, changes: Vec<RowChange>, start: Lsn, end: Lsn) {
        let mut frames = self.frames.borrow_mut();
        for (key, row) in changes {
            let frame = frames.entry(PAGES.page_of(key)).or_default();
            frame.lsn = end;
            frame.dirty_since.get_or_insert(start);
            frame.rows.insert(key, row);
        }
    }

    /// Everything that ends before this is on the disk (`consistent_lsn`), if the log ends at `end`.
    pub(super) fn consistent(&self, end: Lsn) -> Lsn {
        let frames = self.frames.borrow();
        rules::consistent_lsn(frames.values().flat_map(|frame| [frame.dirty_since, frame.writing_since]).flatten(), end)
    }

    /// How many pages differ from the disk.
    #[cfg(test)]
    fn dirty(&self) -> usize {
        self.frames.borrow().values().filter(|frame| frame.dirty_since.is_some()).count()
    }

    /// Takes the versions that may be written now, oldest first. A page that is too new for a replica is copied, and
    /// the copy is written in a later round.
    pub(super) fn take_flushable(&self, limits: FlushLimits) -> Vec<Flushable> {
        let may = |lsn| limits.allow(lsn);
        let mut frames = self.frames.borrow_mut();
        let mut taken = Vec::new();
        let mut dirty: Vec<(&u64, &mut Frame)> = frames
            .iter_mut()
            .filter(|(_, frame)| frame.dirty_since.is_some() && frame.writing_since.is_none())
            .collect();
        dirty.sort_by_key(|(number, frame)| (frame.dirty_since, **number));
        for (number, frame) in dirty {
            if may(frame.lsn) {
                taken.push(Flushable { number: *number, lsn: frame.lsn, rows: frame.rows.clone() });
                frame.writing_since = frame.dirty_since.take();
                frame.copy = None;
            } else if frame.copy.as_ref().is_some_and(|(lsn, _)| may(*lsn)) {
                let (lsn, rows) = frame.copy.take().unwrap_or_default();
                frame.writing_since = frame.dirty_since.replace(lsn);
                taken.push(Flushable { number: *number, lsn, rows });
            } else if frame.copy.is_none() {
                frame.copy = Some((frame.lsn, frame.rows.clone()));
            }
        }
        taken
    }

    /// A page that was taken is not written after all: it stays dirty since the change it was taken for.
    pub(super) fn give_back(&self, number: u64) {
        if let Some(frame) = self.frames.borrow_mut().get_mut(&number) {
            frame.dirty_since = frame.writing_since.take().or(frame.dirty_since);
        }
    }

    /// Everything that was taken is on the disk.
    pub(super) fn written(&self) {
        self.frames.borrow_mut().values_mut().for_each(|frame| frame.writing_since = None);
    }
}

/// Reads a page; one that nobody has ever written is empty.
///
/// # Errors
/// See [`PageError`].
pub(super) async fn read_page(store: &PageStore, number: u64) -> Result<Page, PageError> {
    match store.read(number).await {
        Err(PageError::Lost { problem: PageProblem::Blank, .. }) => {
            let writer = WriterTag { process: 0, incarnation: 0 };
            let stamp = PageStamp { lsn: Lsn::NONE, epoch: 0, writer };
            Ok(Page { number, stamp, rows: Rows::new() })
        }
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: FlushLimits = FlushLimits { flushed: Lsn(u64::MAX), oldest_apply: Lsn::NONE };

    fn page_of(key: Key) -> u64 {
        PAGES.page_of(key)
    }

    #[test]
    fn a_page_takes_what_the_logindex_has_for_it_and_no_more() {
        let pages = Pages::default();
        pages.note(Lsn(100), vec![(1, vec![10])]);
        pages.note(Lsn(200), vec![(1, vec![20])]);
        assert_eq!(pages.catch_up(page_of(1), Lsn(150), None), Lsn(100));
        assert_eq!(pages.row(1), [10]);
        assert_eq!(pages.catch_up(page_of(1), Lsn(200), None), Lsn(200));
        assert_eq!(pages.row(1), [20]);
        assert_eq!(pages.dirty(), 0, "a replica's pages are never dirty");
    }

    #[test]
    fn a_page_too_new_for_a_replica_is_written_as_an_older_copy() {
        let pages = Pages::default();
        pages.change(vec![(1, vec![10])], Lsn(90), Lsn(100));
        let limits = |apply| FlushLimits { oldest_apply: Lsn(apply), ..FREE };
        assert!(pages.take_flushable(limits(50)).is_empty(), "the first round copies it");
        pages.change(vec![(1, vec![20])], Lsn(190), Lsn(200));
        let taken = pages.take_flushable(limits(150));
        assert_eq!(taken.iter().map(|page| page.lsn).collect::<Vec<_>>(), [Lsn(100)]);
        assert_eq!(pages.consistent(Lsn(300)), Lsn(90), "the copy is still on its way");
        pages.written();
        assert_eq!(pages.consistent(Lsn(300)), Lsn(100), "what came after the copy is not on the disk");
        assert_eq!(pages.dirty(), 1);
    }

    #[test]
    fn a_change_during_the_write_makes_the_page_dirty_again() {
        let pages = Pages::default();
        pages.change(vec![(1, vec![10])], Lsn(90), Lsn(100));
        assert_eq!(pages.take_flushable(FREE).len(), 1);
        pages.change(vec![(1, vec![20])], Lsn(110), Lsn(120));
        assert!(pages.take_flushable(FREE).is_empty(), "one write of a page at a time");
        pages.written();
        assert_eq!(pages.take_flushable(FREE)[0].lsn, Lsn(120));
    }

    #[test]
    fn a_page_given_back_is_dirty_as_before() {
        let pages = Pages::default();
        pages.change(vec![(1, vec![10])], Lsn(90), Lsn(100));
        let taken = pages.take_flushable(FREE);
        pages.give_back(taken[0].number);
        pages.written();
        assert_eq!(pages.consistent(Lsn(300)), Lsn(90));
        assert_eq!(pages.take_flushable(FREE)[0].lsn, Lsn(100));
    }

    #[test]
    fn pages_used_last_stay() {
        let pages = Pages::default();
        for number in 0..4 {
            pages.catch_up(number, Lsn::NONE, None);
        }
        pages.catch_up(0, Lsn::NONE, None);
        pages.shrink_to(2);
        assert_eq!((0..4).filter(|number| pages.has(*number)).collect::<Vec<_>>(), [0, 3]);
    }
}
