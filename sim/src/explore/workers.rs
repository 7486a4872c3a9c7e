//! Many pieces of work on several threads, their results taken in order.
//!
//! Results must come in the order of the work, or a file of them could not be resumed. Threads may run ahead of the
//! slowest piece by a bounded distance only, so that memory stays flat and a kill loses little.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::mpsc;
use std::sync::{Condvar, Mutex, PoisonError};

/// How far ahead of the oldest unfinished piece the threads may run, for each thread.
const AHEAD: u64 = 16;

struct Handed<I> {
    work: I,
    /// Pieces handed out.
    out: u64,
    /// Results taken.
    taken: u64,
    stopped: bool,
}

/// Does each piece of `work` on one of `threads` threads and gives the results to `take`, in the order of the work,
/// on this thread. Ends when the work does, when `take` breaks, or when `stop` says so and what runs is done. A job that
/// was cut short gives no result; then those behind it are dropped, for the order has a gap.
pub fn in_order<W, T: Send>(
    work: impl Iterator<Item = W> + Send,
    threads: usize,
    stop: impl Fn() -> bool + Sync,
    job: impl Fn(W) -> Option<T> + Sync,
    mut take: impl FnMut(T) -> ControlFlow<()>,
) {
    let handed = Mutex::new(Handed { work, out: 0, taken: 0, stopped: false });
    let moved = Condvar::new();
    let (done, results) = mpsc::channel::<(u64, T)>();
    let ahead = AHEAD * threads as u64;
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let (done, handed, moved, stop, job) = (done.clone(), &handed, &moved, &stop, &job);
            scope.spawn(move || {
                while let Some((number, piece)) = next(handed, moved, stop, ahead) {
                    let Some(result) = job(piece) else { break };
                    if done.send((number, result)).is_err() {
                        break;
                    }
                }
                // Threads that wait to run ahead must not wait for one that has left.
                handed.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
                moved.notify_all();
            });
        }
        drop(done);
        let mut waiting: BTreeMap<u64, T> = BTreeMap::new();
        let mut due = 0;
        'results: for (number, result) in results {
            waiting.insert(number, result);
            while let Some(result) = waiting.remove(&due) {
                due += 1;
                let broken = take(result).is_break();
                let mut handed = handed.lock().unwrap_or_else(PoisonError::into_inner);
                handed.taken = due;
                handed.stopped |= broken;
                moved.notify_all();
                if broken {
                    break 'results;
                }
            }
        }
        // A thread that waits to run ahead must see that nobody takes results any more.
        handed.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
        moved.notify_all();
    });
}

fn next<W, I: Iterator<Item = W>>(
    handed: &Mutex<Handed<I>>,
    moved: &Condvar,
    stop: &impl Fn() -> bool,
    ahead: u64,
) -> Option<(u64, W)> {
    let mut handed = handed.lock().unwrap_or_else(PoisonError::into_inner);
    while !handed.stopped && handed.out >= handed.taken + ahead {
        handed = moved.wait(handed).unwrap_or_else(PoisonError::into_inner);
    }
    if handed.stopped || stop() {
        return None;
    }
    let piece = handed.work.next()?;
    let number = handed.out;
    handed.out += 1;
    Some((number, piece))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Lets the other threads go first, so many times.
    fn linger(times: u32) {
        (0..times).for_each(|_| std::thread::yield_now());
    }

    #[test]
    fn results_come_in_order_however_long_each_takes() {
        let mut taken = Vec::new();
        let slow_first = |number: u64| {
            linger(if number.is_multiple_of(7) { 500 } else { 0 });
            Some(number)
        };
        in_order(
            0..200,
            4,
            || false,
            slow_first,
            |number| {
                taken.push(number);
                ControlFlow::Continue(())
            },
        );
        assert_eq!(taken, (0..200).collect::<Vec<u64>>());
    }

    #[test]
    fn nobody_runs_far_ahead_of_the_oldest_piece() {
        let furthest = AtomicU64::new(0);
        let mut seen_at_first = None;
        let job = |number: u64| {
            furthest.fetch_max(number, Ordering::SeqCst);
            if number == 0 {
                linger(20_000);
            }
            Some(())
        };
        in_order(
            0..10_000,
            2,
            || false,
            job,
            |()| {
                seen_at_first.get_or_insert(furthest.load(Ordering::SeqCst));
                ControlFlow::Continue(())
            },
        );
        assert!(seen_at_first.is_some_and(|furthest| furthest < 2 * AHEAD), "{seen_at_first:?}");
    }

    #[test]
    fn a_break_and_a_stop_end_it() {
        let mut taken = 0;
        in_order(
            0..,
            2,
            || false,
            Some,
            |number: u64| {
                taken += 1;
                if number == 9 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        assert_eq!(taken, 10);
        let done = AtomicU64::new(0);
        let stop = || done.load(Ordering::SeqCst) >= 20;
        let job = |number: u64| {
            done.fetch_add(1, Ordering::SeqCst);
            (number != 15).then_some(number)
        };
        let mut last = 0;
        in_order(0.., 2, stop, job, |number| {
            last = number;
            ControlFlow::Continue(())
        });
        assert_eq!(last, 14, "the sixteenth was cut short, and nothing behind it counts");
    }
}
