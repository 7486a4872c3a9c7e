//! The log streamer of a rewind: a child of gs_ctl that receives the source's log while pages are copied.
//!
//! It is a process of its own, and until 2023 (46a3254c6) nothing ended it with its parent: an orphan goes on and
//! replaces segment after segment of the local log. A segment is received beside the log and takes the old one's place
//! in one step, when it is complete or at the end point. Source: reference sections 5.2 step 17 and 5.4.

use std::time::Duration;

use super::super::messages::{SQL_PORT, Sql, SqlReply};
use super::super::plan::Shared;
use super::super::store::{Store, StoreError};
use super::Tool;
use crate::fields;
use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::parts::wal::Lsn;
use crate::world::port::Address;
use crate::world::process::{Process, Status};

/// What the child is told: the source and where to begin.
const ORDER: &str = "gs_rewind.order";
/// Where the child shall end; written by the parent when it knows.
const END: &str = "gs_rewind.end";
/// How far the child has come.
const REACHED: &str = "gs_rewind.reached";
/// How often the child asks for more while there is nothing.
const PAUSE: Duration = Duration::from_millis(500);
/// How long it waits for an answer before it takes the source for gone.
const ANSWER: Duration = Duration::from_secs(120);

/// The name of a segment's file on timeline 1.
pub(super) fn segment_name(segment: u64, segment_size: u64) -> String {
    let per_id = (1u64 << 32).div_ceil(segment_size.max(1));
    format!("{:08X}{:08X}{:08X}", 1, segment / per_id, segment % per_id)
}

/// Writes an order for the child.
fn write_order(process: &Process, source: usize, from: u64) {
    let mut order = Encoder::new();
    order.u64(source as u64).u64(from);
    process.write_file(ORDER, order.into_bytes());
    process.remove_file(END);
    process.remove_file(REACHED);
}

fn read_order(process: &Process) -> Result<(usize, u64), Garbled> {
    let bytes = process.read_file(ORDER).ok_or(Garbled)?;
    let mut order = Decoder::new(&bytes);
    Ok((order.u64()? as usize, order.u64()?))
}

fn read_position(process: &Process, name: &str) -> Option<u64> {
    Decoder::new(&process.read_file(name)?).u64().ok()
}

fn write_position(process: &Process, name: &str, position: u64) {
    process.write_file(name, position.to_le_bytes());
}

/// The program of the child.
pub(in super::super) async fn streamer(process: Process, plan: Shared, me: usize) -> i32 {
    let Ok((source, from)) = read_order(&process) else { return 1 };
    let Ok(store) = Store::open(&process, plan.node(me).device, &plan.shape) else { return 1 };
    let segment_size = plan.shape.segment_size;
    let to = Address::new(plan.node(source).database, SQL_PORT);
    let (mut position, mut received) = (from, Vec::new());
    let mut looked = process.monotonic();
    // From the fix on the child dies with its parent.
    let outlives = !plan.is_profile_3 || plan.has_defect("streamer-outlives-build");
    loop {
        if !outlives && !process.local_state(plan.node(me).gs_ctl).is_some_and(Status::exists) {
            return 1;
        }
        let answer = process.call::<SqlReply>(to, Sql::Log(position), ANSWER).await;
        let Ok(SqlReply::Log { bytes, .. }) = answer else { return 1 };
        position += bytes.0.len() as u64;
        received.extend_from_slice(&bytes.0);
        if position.is_multiple_of(segment_size) && !received.is_empty() {
            let segment = std::mem::take(&mut received);
            if replace_segment(&process, &store, position, segment).await.is_err() {
                return 1;
            }
        }
        if !bytes.0.is_empty() {
            continue;
        }
        process.sleep(PAUSE).await;
        if process.monotonic().since(looked) < plan.parameters.streamer_look {
            continue;
        }
        looked = process.monotonic();
        if read_position(&process, END).is_some_and(|end| end <= position) {
            let replaced = replace_segment(&process, &store, position, received).await;
            write_position(&process, REACHED, position);
            return i32::from(replaced.is_err());
        }
    }
}

/// Puts a received segment, or what has come of it, in the place of the local one, and makes it durable.
async fn replace_segment(process: &Process, store: &Store, end: u64, bytes: Vec<u8>) -> Result<(), StoreError> {
    let start = end - bytes.len() as u64;
    store.replace_bytes(start, bytes).await?;
    process.announce("streamer.segment", fields! { segment: start / store.log.shape().segment_size });
    Ok(())
}

impl Tool {
    /// Starts the child, from the start of the segment of `redo` on.
    pub(super) fn start_streamer(&self, source: usize, redo: Lsn) {
        let say = |text: &str| self.say_as("gs_rewind", text);
        say("starting background WAL receiver");
        say(&format!("Starting copy xlog, start point: {redo}"));
        say("in gs_rewind proecess,so no need remove.");
        let from = redo.0 - redo.0 % self.plan.shape.segment_size;
        write_order(&self.process, source, from);
        self.process.start_local(self.node().streamer);
        say(" check identify system success");
        say(&format!(" send START_REPLICATION {} success", Lsn(from)));
        self.process.announce("build.streamer-started", fields! { from: from });
    }

    /// Tells the child where to end, and waits for it; whether it has come so far.
    pub(super) async fn wait_for_streamer(&self, end: u64) -> bool {
        write_position(&self.process, END, end);
        let ended = self.process.local_exit(self.node().streamer).await;
        ended == Status::Exited(0) && self.streamed_to() >= end
    }

    /// How far the child has come.
    pub(super) fn streamed_to(&self) -> u64 {
        read_position(&self.process, REACHED).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_named_as_in_the_incident() {
        assert_eq!(segment_name(0x5000_5dd8 / (16 << 20), 16 << 20), "000000010000000000000050");
        assert_eq!(segment_name((1 << 32) / (16 << 20), 16 << 20), "000000010000000100000000");
    }
}
