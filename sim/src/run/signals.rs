//! How steps and faults tell each other that they have begun or ended.
//!
//! A scenario may say `after = "promote-new"`; whoever waits is woken in the order of the scenario, so that two entries
//! waiting for the same thing always act in the same order.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::scenario::model::Moment;

/// The signals of one run; clones share them.
#[derive(Clone, Default)]
pub(super) struct Signals {
    board: Rc<RefCell<BTreeMap<(String, bool), Signal>>>,
}

#[derive(Default)]
struct Signal {
    given: bool,
    waiting: Vec<Waker>,
}

impl Signals {
    /// The entry called `name` has begun or ended.
    pub(super) fn give(&self, name: &str, moment: Moment) {
        let waiting = {
            let mut board = self.board.borrow_mut();
            let signal = board.entry(key(name, moment)).or_default();
            signal.given = true;
            std::mem::take(&mut signal.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Waits until the entry called `name` has begun or ended; returns at once if it has already.
    pub(super) async fn wait(&self, name: &str, moment: Moment) {
        let key = key(name, moment);
        poll_fn(|cx| {
            let mut board = self.board.borrow_mut();
            let signal = board.entry(key.clone()).or_default();
            if signal.given {
                return Poll::Ready(());
            }
            signal.waiting.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

fn key(name: &str, moment: Moment) -> (String, bool) {
    (name.to_owned(), moment == Moment::Ended)
}
