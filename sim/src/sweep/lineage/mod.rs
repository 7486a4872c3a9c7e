//! Lineage-driven fault injection: faults only where something good rests on what they take away.
//!
//! A sweep tries every fault at every event, and most of them hit what nobody needed; pairs of them soon are millions.
//! This search goes the other way round (Alvaro, Rosen, Hellerstein, "Lineage-driven Fault Injection", SIGMOD 2015). It
//! runs the procedure without faults and asks of each good outcome - every `eventually` promise, and the first durable
//! write after the last outage - what supported it. If something is to break, one thing of each support must fail. Each
//! set of faults that breaks all known supports of an outcome is tried, the smallest first. One under which all is well
//! shows another support, that of its own run, and its successors must break that too. When no set is left there is a
//! bound: no set of so many of these faults breaks the procedure.
//!
//! | file | what it holds |
//! |---|---|
//! | [`flow`] | what passed from one actor to another, and who lived when |
//! | [`messages`], [`devices`], [`deeds`] | where that comes from: the network, the devices, commands and starts |
//! | [`outcomes`] | what is good in a run |
//! | [`cone`] | the walk backwards from it |
//! | [`support`] | what it rests on, and which faults take that away |
//! | [`universe`], [`numbers`] | faults and their numbers |
//! | [`hypotheses`] | which sets break every known support |
//! | [`search`] | run, learn, try |
//! | [`report`] | the table and the bound |
//!
//! # What a support is, and what it is not
//!
//! The world records who sent what to whom, not why. So a support is all that came before its outcome and could have
//! led to it, through messages that arrived, bytes of a device that another life had written, commands that were typed,
//! and starts of processes. This says too much, which costs runs and hides nothing:
//!
//! * All that a process took up or announced earlier in its life counts for what it does later.
//! * Whoever runs on a host when a process starts there is taken to have started it.
//! * A step counts for all that the operator does after it.
//!
//! And it leaves out some, on purpose or because it is not in the trace:
//!
//! * A message that repeats except for its numbers what its sender says again and again is no link of a support, unless
//!   the operation of a client waits while it arrives; neither is a block that is read again and again. Heartbeats
//!   would tie everything to everything.
//! * Silence: that nothing came can make a process act, but is nobody's message.
//! * Signals between the processes of a host, and the deaths they cause.
//! * Clients and their machine cannot fail.
//!
//! So the bound is about what it says: these faults, at announcements of what good outcomes rest on. A fault that takes
//! nothing away and still does harm, such as a restart that writes what it must not, is for [`crate::sweep::faults`].

pub mod cone;
pub mod deeds;
pub mod devices;
pub mod flow;
pub mod hypotheses;
pub mod messages;
pub mod numbers;
pub mod outcomes;
pub mod report;
pub mod search;
pub mod support;
#[cfg(test)]
mod tests;
pub mod universe;

use super::faults::{CUT, FaultKind, KINDS};

/// The kinds of faults that can be searched, from the smallest to the largest.
pub fn kinds() -> Vec<FaultKind> {
    KINDS.into_iter().chain([CUT]).collect()
}

/// The kinds that are searched if nobody names others. Who is paused is late, but loses nothing.
pub fn usual_kinds() -> Vec<FaultKind> {
    kinds().into_iter().filter(|kind| kind.verb != "pause").collect()
}
