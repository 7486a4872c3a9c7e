//! Waiting for an announced event by name.
//!
//! A scenario says "when the reformer lock has moved to dn2", not "at 21.37 s". Watchers look at announcements and at
//! what happens to processes (`process.exited`), and are woken in the order they began to wait.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::World;
use super::time::Instant;
use super::trace::{Fields, HostId, Place, Trace};

/// What an observer was told of an announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// When.
    pub at: Instant,
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: &'static str,
    /// Its values.
    pub fields: Fields,
}

struct Watcher {
    name: String,
    host: Option<HostId>,
    remaining: u32,
    heard: Rc<RefCell<Heard>>,
}

#[derive(Default)]
struct Heard {
    announcement: Option<Announcement>,
    waker: Option<Waker>,
}

#[derive(Default)]
pub(crate) struct Watchers {
    watchers: Vec<Watcher>,
}

impl Watchers {
    pub(crate) fn announced(&mut self, trace: &Trace, at: Instant, place: Place, name: &'static str, fields: &Fields) {
        self.watchers.retain_mut(|watcher| {
            if watcher.name != name || (watcher.host.is_some() && trace.host_of(place) != watcher.host) {
                return true;
            }
            watcher.remaining -= 1;
            if watcher.remaining > 0 {
                return true;
            }
            let mut heard = watcher.heard.borrow_mut();
            heard.announcement = Some(Announcement { at, place, name, fields: fields.clone() });
            if let Some(waker) = heard.waker.take() {
                waker.wake();
            }
            false
        });
    }
}

impl World {
    /// Waits until `name` has been announced `nth` times from now on, by any process of `host` (or anywhere).
    pub async fn announced(&self, host: Option<HostId>, name: &str, nth: u32) -> Announcement {
        let heard: Rc<RefCell<Heard>> = Rc::default();
        self.inner.watchers.borrow_mut().watchers.push(Watcher {
            name: name.to_owned(),
            host,
            remaining: nth.max(1),
            heard: heard.clone(),
        });
        poll_fn(move |cx| {
            let mut heard = heard.borrow_mut();
            match heard.announcement.take() {
                Some(announcement) => Poll::Ready(announcement),
                None => {
                    heard.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}
