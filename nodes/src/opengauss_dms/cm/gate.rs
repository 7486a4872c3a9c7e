//! A gate that lets one task through at a time, in the order they came.
//!
//! Several tasks of cm_server change the DDB; each change reads, decides and writes, and must not be interrupted by
//! another. Everything is in one process, so this needs no more than a queue of wakers.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

#[derive(Default)]
struct Queue {
    serving: u64,
    next_ticket: u64,
    waiting: VecDeque<(u64, Waker)>,
    left: Vec<u64>,
}

/// The gate.
#[derive(Default)]
pub(super) struct Gate {
    queue: RefCell<Queue>,
}

/// The right to be inside; dropping it lets the next one in.
pub(super) struct Pass<'a> {
    gate: &'a Gate,
    ticket: u64,
}

impl Gate {
    /// Waits for the turn.
    pub(super) async fn enter(&self) -> Pass<'_> {
        let ticket = {
            let mut queue = self.queue.borrow_mut();
            queue.next_ticket += 1;
            queue.next_ticket - 1
        };
        let pass = Pass { gate: self, ticket };
        poll_fn(|cx| {
            let mut queue = self.queue.borrow_mut();
            if queue.serving == ticket {
                return Poll::Ready(());
            }
            queue.waiting.retain(|(waiting, _)| *waiting != ticket);
            queue.waiting.push_back((ticket, cx.waker().clone()));
            Poll::Pending
        })
        .await;
        pass
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut queue = self.gate.queue.borrow_mut();
        queue.left.push(self.ticket);
        // Whoever gave up waiting is passed over.
        while let Some(position) = queue.left.iter().position(|left| *left == queue.serving) {
            queue.left.swap_remove(position);
            queue.serving += 1;
        }
        let serving = queue.serving;
        if let Some(position) = queue.waiting.iter().position(|(ticket, _)| *ticket == serving)
            && let Some((_, waker)) = queue.waiting.remove(position)
        {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::Context;

    #[test]
    fn one_at_a_time_in_order_and_who_gives_up_is_passed_over() {
        let gate = Gate::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut first = pin!(gate.enter());
        let mut second = Box::pin(gate.enter());
        let mut third = pin!(gate.enter());
        let Poll::Ready(inside) = first.as_mut().poll(&mut context) else { panic!("the gate is free") };
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(third.as_mut().poll(&mut context).is_pending());
        drop(second);
        assert!(third.as_mut().poll(&mut context).is_pending());
        drop(inside);
        assert!(third.as_mut().poll(&mut context).is_ready());
    }
}
