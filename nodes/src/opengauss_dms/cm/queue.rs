//! A queue between tasks of one process: whoever takes from it waits until there is something.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// The queue; one task takes from it.
pub(super) struct Queue<T> {
    items: RefCell<(VecDeque<T>, Option<Waker>)>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Queue { items: RefCell::default() }
    }
}

impl<T> Queue<T> {
    pub(super) fn push(&self, item: T) {
        let mut items = self.items.borrow_mut();
        items.0.push_back(item);
        if let Some(waker) = items.1.take() {
            waker.wake();
        }
    }

    pub(super) async fn next(&self) -> T {
        poll_fn(|cx| {
            let mut items = self.items.borrow_mut();
            match items.0.pop_front() {
                Some(item) => Poll::Ready(item),
                None => {
                    items.1 = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}
