//! Transactions on pages that travel between EPs.
//!
//! A transaction takes the pages of its rows in the order of their numbers, so that two never wait for each other,
//! logs its changes in this EP's own redo log, and is answered when they are durable. A page leaves an EP only when
//! everything this EP has logged is durable, so that the logs always say at least as much as the pages.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use crate::fields;
use crate::parts::service::{self, Answer, Transaction};
use crate::parts::signal::Signal;
use crate::parts::wal::{Body, Lsn, WalError, Writer};
use crate::product::events;
use crate::world::disk::Disk;
use crate::world::process::Process;

use super::super::plan::{MAL_PORT, Shared};
use super::super::words::Seqno;
use super::directory::Directory;
use super::messages::{Content, Page, Reply, Request, page_of};

/// How long a MAL request waits for its answer.
const MAIL_WAIT: Duration = Duration::from_secs(5);
/// How long an EP waits before it asks again for a page.
const RETRY: Duration = Duration::from_millis(20);

/// Why statements are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hold {
    /// A crash is being handled.
    Crash,
    /// The workers are suspended for a rejoin.
    Suspended,
}

/// The database of one life of an EP.
pub(super) struct Database {
    pub(super) process: Process,
    pub(super) plan: Shared,
    pub(super) me: Seqno,
    pub(super) disk: Disk,
    pub(super) control: Cell<Seqno>,
    pub(super) directory: RefCell<Option<Directory>>,
    pages: RefCell<BTreeMap<Page, Content>>,
    /// The last page given to each EP, for an answer that was lost.
    departed: RefCell<BTreeMap<Page, (Seqno, Content)>>,
    pinned: RefCell<BTreeSet<Page>>,
    fetching: RefCell<BTreeSet<Page>>,
    /// Rises when ownership is rebuilt: a page asked for before is not taken after.
    generation: Cell<u64>,
    writer: RefCell<Option<Writer>>,
    lsn: Cell<u64>,
    holds: RefCell<BTreeSet<Hold>>,
    running: Cell<u32>,
    open: Cell<bool>,
    changed: Signal,
}

impl Database {
    pub(super) fn new(process: &Process, plan: &Shared, me: Seqno, disk: Disk) -> Rc<Self> {
        Rc::new(Database {
            process: process.clone(),
            plan: plan.clone(),
            me,
            disk,
            control: Cell::new(me),
            directory: RefCell::default(),
            pages: RefCell::default(),
            departed: RefCell::default(),
            pinned: RefCell::default(),
            fetching: RefCell::default(),
            generation: Cell::default(),
            writer: RefCell::default(),
            lsn: Cell::default(),
            holds: RefCell::default(),
            running: Cell::default(),
            open: Cell::default(),
            changed: Signal::default(),
        })
    }

    /// Begins to listen to clients and to the other EPs.
    pub(super) fn spawn(self: &Rc<Self>) {
        self.process.spawn(self.clone().serve_clients());
        self.process.spawn(self.clone().serve_peers());
    }

    /// Writes further commits behind the end of this EP's own log.
    pub(super) fn begin_writing(&self, writer: Writer, lsn: u64) {
        *self.writer.borrow_mut() = Some(writer);
        self.lsn.set(self.lsn.get().max(lsn));
    }

    /// Lets users in.
    pub(super) fn open(&self) {
        if !self.open.replace(true) {
            // An EP has no reign: all of them write at once, each its own log.
            let log = self.plan.redo[usize::from(self.me)].name.as_str();
            self.plan.show(self.me, |state| state.writable = true);
            self.process.announce(events::WRITES_OPENED, fields! { epoch: 0u64, log: log });
        }
        self.changed.notify();
    }

    /// Turns users away and finishes what was accepted.
    pub(super) async fn shut_down(&self) {
        if self.open.replace(false) {
            self.plan.show(self.me, |state| state.writable = false);
            self.process.announce(events::WRITES_CLOSED, fields! {});
        }
        self.changed.notify();
        self.changed.wait_until(|| self.running.get() == 0).await;
        let writer = self.writer.borrow().clone();
        if let Some(writer) = writer {
            self.flush(&writer, writer.end()).await;
        }
    }

    /// Holds new statements; those that run go on.
    pub(super) fn hold(&self, hold: Hold) {
        self.holds.borrow_mut().insert(hold);
        if hold == Hold::Crash {
            self.generation.set(self.generation.get() + 1);
        }
    }

    /// Waits until no statement runs.
    pub(super) async fn quiesce(&self) {
        self.changed.wait_until(|| self.running.get() == 0).await;
    }

    pub(super) fn release(&self, hold: Hold) {
        self.holds.borrow_mut().remove(&hold);
        self.changed.notify();
    }

    /// The pages this EP has, with their LSNs.
    pub(super) fn owned(&self) -> BTreeMap<Page, u64> {
        self.pages.borrow().iter().map(|(page, content)| (*page, content.lsn)).collect()
    }

    /// The pages as this EP knows them, its own and those that no EP has.
    pub(super) fn known_pages(&self) -> BTreeMap<Page, Content> {
        let departed = self.departed.borrow();
        departed
            .iter()
            .map(|(page, (_, content))| (*page, content.clone()))
            .chain(self.pages.borrow().clone())
            .collect()
    }

    /// The pages that are not on the data disk as they are here, with the LSN of the first change that is not.
    fn dirty_since(&self) -> BTreeMap<Page, u64> {
        let mut dirty = self.directory.borrow().as_ref().map(Directory::dirty).unwrap_or_default();
        let pages = self.pages.borrow();
        let here = pages.iter().filter(|(_, content)| content.dirty_since > 0);
        dirty.extend(here.map(|(page, content)| (*page, content.dirty_since)));
        dirty
    }

    /// Those pages.
    pub(super) fn dirty(&self) -> Vec<Page> {
        self.dirty_since().into_keys().collect()
    }

    /// The LSN of the oldest change that is not on the data disk; 0 for none.
    pub(super) fn oldest_dirty(&self) -> u64 {
        self.dirty_since().into_values().min().unwrap_or(0)
    }

    /// A dirty page, which stays as it is and here until it is written; nothing if somebody else has it in use.
    pub(super) fn pin_dirty(&self, page: Page) -> Option<Content> {
        let here = self.pages.borrow().get(&page).filter(|content| content.dirty_since > 0).cloned();
        match here {
            Some(content) => self.pinned.borrow_mut().insert(page).then_some(content),
            None => self.directory.borrow_mut().as_mut()?.begin_writing(page),
        }
    }

    /// The page may change and go again.
    pub(super) fn unpin_written(&self, page: Page, lsn: u64, is_written: bool) {
        match self.pages.borrow_mut().get_mut(&page) {
            Some(content) => {
                self.pinned.borrow_mut().remove(&page);
                if is_written && content.lsn == lsn {
                    content.dirty_since = 0;
                }
            }
            None => {
                if let Some(directory) = self.directory.borrow_mut().as_mut() {
                    directory.end_writing(page, lsn, is_written);
                }
            }
        }
        self.changed.notify();
    }

    /// Makes everything this EP has logged durable.
    pub(super) async fn flush_own_log(&self) -> Result<(), WalError> {
        let writer = self.writer.borrow().clone();
        match writer {
            Some(writer) => writer.flush_to(writer.end()).await.map(drop),
            None => Ok(()),
        }
    }

    /// A log that cannot be written or read: the process must not go on, and nobody is told anything more.
    pub(super) async fn crash(&self, error: WalError) -> ! {
        self.process.announce("database.panic", fields! { reason: error.to_string() });
        match self.process.exit(134).await {}
    }

    async fn serve_clients(self: Rc<Self>) {
        let port = self.process.bind::<Transaction>(service::PORT);
        loop {
            let incoming = port.recv().await;
            let Some(call) = incoming.call else { continue };
            let database = self.clone();
            self.process.spawn(async move {
                let answer = database.carry_out(&incoming.message).await;
                database.process.reply(call, answer);
            });
        }
    }

    async fn serve_peers(self: Rc<Self>) {
        let port = self.process.bind::<Request>(MAL_PORT);
        loop {
            let incoming = port.recv().await;
            let Some(call) = incoming.call else { continue };
            let database = self.clone();
            self.process.spawn(async move {
                let reply = database.answer(incoming.message).await;
                database.process.reply(call, reply);
            });
        }
    }

    async fn carry_out(&self, transaction: &Transaction) -> Answer {
        if self.holds.borrow().contains(&Hold::Suspended) && self.plan.has_defect("suspended-workers-refuse") {
            return Answer::Refused("the workers are suspended".to_owned());
        }
        self.changed.wait_until(|| self.holds.borrow().is_empty() || !self.open.get()).await;
        if !self.open.get() {
            return Answer::Refused("the instance is not open".to_owned());
        }
        self.running.set(self.running.get() + 1);
        let pages: BTreeSet<Page> = transaction.actions.iter().map(|action| page_of(action.key())).collect();
        let taken = self.acquire_all(&pages).await;
        let result = match taken.len() == pages.len() {
            true => self.apply(transaction, &taken),
            false => Err("the instance is shutting down".to_owned()),
        };
        self.pinned.borrow_mut().retain(|page| !taken.contains(page));
        self.running.set(self.running.get() - 1);
        self.changed.notify();
        match result {
            Ok((replies, writer, until)) => {
                self.flush(&writer, until).await;
                Answer::Committed(replies)
            }
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    fn apply(
        &self,
        transaction: &Transaction,
        taken: &BTreeSet<Page>,
    ) -> Result<(Vec<service::Reply>, Writer, Lsn), String> {
        let writer = self.writer.borrow().clone().ok_or_else(|| "the redo log is not open".to_owned())?;
        let mut pages = self.pages.borrow_mut();
        let row = |key| pages.get(&page_of(key)).and_then(|page| page.rows.get(&key)).cloned().unwrap_or_default();
        let (replies, changed) = service::evaluate(&transaction.actions, row);
        if !changed.is_empty() {
            let newest = taken.iter().filter_map(|page| pages.get(page)).map(|page| page.lsn).max().unwrap_or(0);
            let lsn = self.lsn.get().max(newest) + 1;
            self.lsn.set(lsn);
            writer.set_epoch(lsn);
            let body = Body::Commit { changes: changed.clone() };
            writer.append(Some(transaction.id), &body).map_err(|error| error.to_string())?;
            for (key, row) in changed {
                let page = pages.entry(page_of(key)).or_default();
                page.lsn = lsn;
                page.dirty_since = if page.dirty_since == 0 { lsn } else { page.dirty_since };
                page.rows.insert(key, row);
            }
            self.plan.show(self.me, |state| state.log_position = lsn);
        }
        let until = writer.end();
        Ok((replies, writer, until))
    }

    async fn flush(&self, writer: &Writer, until: Lsn) {
        if let Err(error) = writer.flush_to(until).await {
            self.crash(error).await;
        }
    }

    /// The pages it got: all of them, or those before one that cannot be had.
    async fn acquire_all(&self, pages: &BTreeSet<Page>) -> BTreeSet<Page> {
        let mut taken = BTreeSet::new();
        for page in pages {
            if !self.acquire(*page).await {
                break;
            }
            taken.insert(*page);
        }
        taken
    }

    /// Gets a page to this EP and pins it. False if it cannot be had while this EP is shutting down: when a whole group is
    /// stopped, the EP that has the page may be down already.
    async fn acquire(&self, page: Page) -> bool {
        loop {
            self.changed
                .wait_until(|| {
                    let free = !self.pinned.borrow().contains(&page) && !self.fetching.borrow().contains(&page);
                    let here = self.pages.borrow().contains_key(&page);
                    free && (here || !self.holds.borrow().contains(&Hold::Crash))
                })
                .await;
            if self.pages.borrow().contains_key(&page) {
                self.pinned.borrow_mut().insert(page);
                return true;
            }
            self.fetching.borrow_mut().insert(page);
            let generation = self.generation.get();
            let fetched = self.fetch(page).await;
            let fetched = fetched.filter(|_| self.generation.get() == generation);
            self.fetching.borrow_mut().remove(&page);
            match fetched {
                Some(content) => {
                    self.departed.borrow_mut().remove(&page);
                    self.pages.borrow_mut().insert(page, content);
                    self.pinned.borrow_mut().insert(page);
                    self.changed.notify();
                    return true;
                }
                None => {
                    self.changed.notify();
                    if !self.open.get() {
                        return false;
                    }
                    self.process.sleep(RETRY).await;
                }
            }
        }
    }

    async fn fetch(&self, page: Page) -> Option<Content> {
        let (me, control) = (self.me, self.control.get());
        let content = match self.ask(control, Request::Want { page, from: me }).await {
            Reply::Here(content) => content,
            Reply::At(owner) => match self.ask(owner, Request::Give { page, to: me }).await {
                Reply::Here(content) => content,
                _ => return None,
            },
            _ => return None,
        };
        // Only when the directory knows where the page is may this EP use it.
        (self.ask(control, Request::Have { page, from: me }).await == Reply::Noted).then_some(content)
    }

    async fn ask(&self, ep: Seqno, request: Request) -> Reply {
        if ep == self.me {
            return Box::pin(self.answer(request)).await;
        }
        self.process.call(self.plan.mal(ep), request, MAIL_WAIT).await.unwrap_or(Reply::Later)
    }

    /// What a living EP owns. It is asked until it answers: a page it has must not be served from redo beside it.
    pub(super) async fn owned_by(&self, ep: Seqno) -> Vec<Page> {
        loop {
            match self.ask(ep, Request::Owned).await {
                Reply::Pages(pages) => return pages.into_keys().collect(),
                _ => self.process.sleep(RETRY).await,
            }
        }
    }

    async fn answer(&self, request: Request) -> Reply {
        match request {
            Request::Want { page, from } => {
                self.directory.borrow_mut().as_mut().map_or(Reply::Later, |directory| directory.want(page, from))
            }
            Request::Have { page, from } => {
                self.directory.borrow_mut().as_mut().map_or(Reply::Later, |directory| directory.have(page, from))
            }
            Request::Give { page, to } => self.give(page, to).await,
            Request::Owned if !self.holds.borrow().contains(&Hold::Crash) => Reply::Later,
            Request::Owned => Reply::Pages(self.owned()),
        }
    }

    /// Hands a page over, once everything this EP has logged is durable.
    async fn give(&self, page: Page, to: Seqno) -> Reply {
        self.changed.wait_until(|| !self.pinned.borrow().contains(&page)).await;
        let taken = self.pages.borrow_mut().remove(&page);
        let Some(content) = taken else {
            let departed = self.departed.borrow();
            return departed
                .get(&page)
                .filter(|(ep, _)| *ep == to)
                .map_or(Reply::Later, |(_, c)| Reply::Here(c.clone()));
        };
        self.departed.borrow_mut().insert(page, (to, content.clone()));
        let writer = self.writer.borrow().clone();
        if let Some(writer) = writer.filter(|_| !self.plan.has_defect("page-leaves-before-its-log")) {
            self.flush(&writer, writer.end()).await;
        }
        Reply::Here(content)
    }
}
