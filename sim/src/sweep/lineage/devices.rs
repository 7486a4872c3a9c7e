//! What one life wrote onto a device and another read, from a trace that keeps requests.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use nodes::world::trace::{Trace, What};

use super::flow::{Actor, Flow, Medium};

/// What is read from where somebody writes at least so often is read again and again.
const OFTEN: usize = 8;

/// Bytes on a device that were written in one go.
#[derive(Clone, Copy)]
struct Written {
    end: u64,
    by: Actor,
    at: Instant,
    /// Where the write that they are left of began.
    began: u64,
}

/// A device as a map of who wrote what last.
#[derive(Default)]
struct Surface {
    pieces: BTreeMap<u64, Written>,
}

impl Surface {
    fn write(&mut self, offset: u64, end: u64, by: Actor, at: Instant) {
        let overlapping: Vec<(u64, Written)> = self.overlapping(offset, end).collect();
        for (start, piece) in overlapping {
            self.pieces.remove(&start);
            if start < offset {
                self.pieces.insert(start, Written { end: offset, ..piece });
            }
            if piece.end > end {
                self.pieces.insert(end, piece);
            }
        }
        self.pieces.insert(offset, Written { end, by, at, began: offset });
    }

    fn overlapping(&self, offset: u64, end: u64) -> impl Iterator<Item = (u64, Written)> {
        let before = self.pieces.range(..offset).next_back().filter(|(_, piece)| piece.end > offset);
        before.into_iter().chain(self.pieces.range(offset..end)).map(|(start, piece)| (*start, *piece))
    }
}

/// Every reading of what another life wrote. Of what is read again and again from the same place, with the same writer,
/// the later readings only repeat: whether the bytes say anything new is not in the trace.
pub fn readings(trace: &Trace) -> Vec<Flow> {
    let mut surfaces: BTreeMap<u16, Surface> = BTreeMap::new();
    let mut found: Vec<((Actor, Actor, u16, u64), Flow)> = Vec::new();
    for event in trace.events() {
        let What::Device { device, text, .. } = &event.what else { continue };
        let (Some(actor), Some((verb, offset, end))) = (Actor::at(event.place), request(text)) else { continue };
        let surface = surfaces.entry(*device).or_default();
        if verb.starts_with("write") {
            surface.write(offset, end, actor, event.at);
            continue;
        }
        for (_, piece) in surface.overlapping(offset, end).filter(|(_, piece)| piece.by != actor) {
            let flow = Flow {
                from: piece.by,
                left: piece.at,
                to: actor,
                arrived: event.at,
                medium: Medium::Device,
                repeats: false,
            };
            found.push(((piece.by, actor, *device, piece.began), flow));
        }
    }
    let mut counts: BTreeMap<(Actor, Actor, u16, u64), (usize, usize)> = BTreeMap::new();
    for (place, _) in &found {
        counts.entry(*place).or_default().0 += 1;
    }
    let told = |(place, flow): ((Actor, Actor, u16, u64), Flow)| {
        let (all, before) = counts.entry(place).or_default();
        *before += 1;
        Flow { repeats: *all >= OFTEN && *before > 1, ..flow }
    };
    found.into_iter().map(told).collect()
}

/// What a request does, from where to where, of its printed form: `write through offset 512 length 1024`. None of an
/// answer, a flush or a reservation.
fn request(text: &str) -> Option<(&str, u64, u64)> {
    let (verb, place) = text.split_once(" offset ")?;
    let (offset, length) = place.split_once(" length ")?;
    let (offset, length): (u64, u64) = (offset.parse().ok()?, length.parse().ok()?);
    let moves_bytes = verb == "read" || verb == "write" || verb == "write through";
    moves_bytes.then_some((verb, offset, offset.saturating_add(length)))
}
