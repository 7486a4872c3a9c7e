//! A gate that lets one task of a process through at a time.
//!
//! Several tasks of cm_server change the DDB; each change reads, decides and writes, and must not be interrupted by
//! another.

use std::cell::Cell;

use crate::parts::signal::Signal;

/// The gate.
#[derive(Default)]
pub(super) struct Gate {
    taken: Cell<bool>,
    signal: Signal,
}

/// The right to be inside; dropping it lets the next one in.
pub(super) struct Pass<'a> {
    gate: &'a Gate,
}

impl Gate {
    /// Waits for the turn.
    pub(super) async fn enter(&self) -> Pass<'_> {
        self.signal.wait_until(|| !self.taken.replace(true)).await;
        Pass { gate: self }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.taken.set(false);
        self.gate.signal.notify();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn one_at_a_time_and_who_gives_up_does_no_harm() {
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
