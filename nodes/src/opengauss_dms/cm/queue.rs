//! A queue between tasks of one process: whoever takes from it waits until there is something.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::parts::signal::Signal;

/// The queue.
pub(super) struct Queue<T> {
    items: RefCell<VecDeque<T>>,
    signal: Signal,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Queue { items: RefCell::default(), signal: Signal::default() }
    }
}

impl<T> Queue<T> {
    pub(super) fn push(&self, item: T) {
        self.items.borrow_mut().push_back(item);
        self.signal.notify();
    }

    pub(super) async fn next(&self) -> T {
        self.signal.wait_for(|| self.items.borrow_mut().pop_front()).await
    }
}
