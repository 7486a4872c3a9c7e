//! Waiting inside one process for its own state to change.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Wakes the tasks of a process that wait for a condition.
#[derive(Default)]
pub struct Signal {
    waiting: RefCell<Vec<Waker>>,
}

impl Signal {
    /// Something changed: every waiting task looks again.
    pub fn notify(&self) {
        for waker in self.waiting.take() {
            waker.wake();
        }
    }

    /// Waits until `look` finds something; it is asked now and after each [`Signal::notify`].
    pub async fn wait_for<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        poll_fn(|cx| match look() {
            Some(found) => Poll::Ready(found),
            None => {
                let mut waiting = self.waiting.borrow_mut();
                if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                    waiting.push(cx.waker().clone());
                }
                Poll::Pending
            }
        })
        .await
    }

    /// Waits until `condition` is true.
    pub async fn wait_until(&self, mut condition: impl FnMut() -> bool) {
        self.wait_for(|| condition().then_some(())).await;
    }
}
