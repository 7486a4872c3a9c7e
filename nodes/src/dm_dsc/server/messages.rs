//! What databases say to each other over MAL: who owns a page, and the page itself.

use std::collections::BTreeMap;

use crate::parts::service::{Key, Row};

use super::super::words::Seqno;

/// Names a page.
pub(super) type Page = u32;

/// How many pages the rows are spread over.
const PAGES: i64 = 64;

/// The page a row is on.
pub(super) fn page_of(key: Key) -> Page {
    key.rem_euclid(PAGES) as Page
}

/// A page: its rows, and the LSN of its last change. For one page LSNs rise across all EPs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Content {
    pub(super) lsn: u64,
    /// The LSN from which on its changes are not on the data disk; 0 if all are.
    pub(super) dirty_since: u64,
    pub(super) rows: BTreeMap<Key, Row>,
}

/// A request of one database to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Request {
    /// To the control EP: who has this page? It is mine next.
    Want { page: Page, from: Seqno },
    /// To the control EP: I have it now.
    Have { page: Page, from: Seqno },
    /// To the owner: give it to me.
    Give { page: Page, to: Seqno },
    /// From the control EP in crash handling: what do you own?
    Owned,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reply {
    /// That EP has the page.
    At(Seqno),
    /// Here is the page.
    Here(Content),
    /// Noted.
    Noted,
    /// These pages, with their LSNs.
    Pages(BTreeMap<Page, u64>),
    /// Not now or not here: ask again.
    Later,
}
