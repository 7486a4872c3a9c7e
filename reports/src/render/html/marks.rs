//! Small shapes for things that happened. Every kind has a shape of its own, so that colour is never needed to tell.

use maud::{Markup, html};

use super::scale::Place;
use crate::report::EntryKind;

/// A shape ten units wide around its middle. A nested picture at a place in per cent keeps its size when the
/// picture around it is made wider.
pub(super) fn mark(place: Place, top: u64, class: &str, shape: Shape, words: &str) -> Markup {
    html! {
        svg x=(place) y=(top) class=(class) overflow="visible" width="1" height="1" {
            path d=(shape.path()) {}
            title { (words) }
        }
    }
}

#[derive(Clone, Copy)]
pub(super) enum Shape {
    Triangle,
    Cross,
    Disc,
    Square,
    Diamond,
    Bar,
}

impl Shape {
    pub(super) fn of(kind: EntryKind) -> Self {
        match kind {
            EntryKind::Step => Shape::Triangle,
            EntryKind::Fault => Shape::Cross,
            EntryKind::Announced => Shape::Disc,
            EntryKind::Process => Shape::Square,
            EntryKind::Client => Shape::Diamond,
            EntryKind::Log => Shape::Bar,
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Shape::Triangle => "M-4 -5L5 0L-4 5Z",
            Shape::Cross => "M-5 -3L-3 -5L0 -2L3 -5L5 -3L2 0L5 3L3 5L0 2L-3 5L-5 3L-2 0Z",
            Shape::Disc => "M-4 0A4 4 0 1 1 4 0A4 4 0 1 1 -4 0Z",
            Shape::Square => "M-4 -4H4V4H-4Z",
            Shape::Diamond => "M0 -5L5 0L0 5L-5 0Z",
            Shape::Bar => "M-1 -5H1V5H-1Z",
        }
    }

    /// The shape alone, for a legend.
    pub(super) fn sample(self, class: &str) -> Markup {
        html! {
            svg class={ "sample " (class) } width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true" {
                path d=(self.path()) {}
            }
        }
    }
}

/// The class of a kind of entry.
pub(super) fn kind_class(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Step => "mark step",
        EntryKind::Fault => "mark fault",
        EntryKind::Announced => "mark announced",
        EntryKind::Process => "mark process",
        EntryKind::Client => "mark client",
        EntryKind::Log => "mark log",
    }
}
