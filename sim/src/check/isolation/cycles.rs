//! Cycles of dependencies: for each knot of the graph the worst kind there is, with a shortest witness.
//!
//! ```text
//!        ww          wr          rw
//!     A ────▶ B   A ────▶ B   A ────▶ B        who must come first, and why
//!
//!     kind of cycle      made of                          found as
//!     G0                 ww                               a component of the ww edges
//!     G1c                ww, wr                           a component of the ww and wr edges
//!     G-single           those and exactly one rw         a walk that counts its rw edges
//!     G-nonadjacent      several rw, never two in a row   a component of (node, was the last edge rw?)
//!     G2-item            anything                         a component of all edges
//! ```
//!
//! Whether there is a cycle of a kind is decided by components, in linear time; only the search for the *shortest*
//! one is bounded by the budget, so a small budget costs brevity, never truth. For the strict kinds the edges of
//! sessions and of real time join; the kinds are looked for in the order of the table, first by data alone.

use super::components::cyclic_components;
use super::graph::{Edge, Graph, kind};
use super::level::{Anomaly, Extra, Level, SHAPES, Shape};

/// A cycle: each edge begins where the one before ends, the first where the last ends.
#[derive(Debug)]
pub struct Cycle {
    /// Its kind.
    pub anomaly: Anomaly,
    /// Its edges.
    pub edges: Vec<Edge>,
}

/// The worst cycle that a level forbids in each component of the graph. Spends steps on making cycles short.
pub fn find(graph: &Graph, level: Level, steps: &mut u64) -> Vec<Cycle> {
    let all = Walk::Plain { kinds: kinds_of(Shape::G2Item, level.extra()) };
    let components = components_of(graph.nodes(), |node| graph.edges(node), all);
    components.iter().filter_map(|component| Knot::of(graph, component).worst(level, steps)).collect()
}

/// The kinds of edges that a shape may use.
fn kinds_of(shape: Shape, extra: Extra) -> u8 {
    let data = kind::UNSEEN
        | match shape {
            Shape::G0 => kind::WRITE_WRITE,
            Shape::G1c => kind::WRITE_WRITE | kind::WRITE_READ,
            Shape::GSingle | Shape::GNonadjacent | Shape::G2Item => {
                kind::WRITE_WRITE | kind::WRITE_READ | kind::READ_WRITE
            }
        };
    data | match extra {
        Extra::DataOnly => 0,
        Extra::Process => kind::PROCESS,
        Extra::RealTime => kind::PROCESS | kind::REAL_TIME,
    }
}

/// How one walks along edges. A state is a node and a flag: state `2 * node + flag`.
#[derive(Clone, Copy)]
enum Walk {
    /// Along these kinds of edges.
    Plain { kinds: u8 },
    /// Along at most one rw edge; the flag says that it was taken.
    OneReadWrite { kinds: u8 },
    /// Never along two rw edges in a row; the flag says that the last edge was one.
    NeverTwoReadWrites { kinds: u8 },
}

impl Walk {
    /// The state after an edge, if the walk may take it.
    fn step(self, flag: usize, edge: &Edge) -> Option<usize> {
        let edge_kind = edge.reason.kind();
        let is_read_write = edge_kind == kind::READ_WRITE;
        let (Walk::Plain { kinds } | Walk::OneReadWrite { kinds } | Walk::NeverTwoReadWrites { kinds }) = self;
        if edge_kind & kinds == 0 {
            return None;
        }
        let flag = match self {
            _ if edge_kind == kind::UNSEEN => flag,
            Walk::Plain { .. } => 0,
            Walk::OneReadWrite { .. } if is_read_write => (flag == 0).then_some(1)?,
            Walk::OneReadWrite { .. } => flag,
            Walk::NeverTwoReadWrites { .. } if is_read_write => (flag == 0).then_some(1)?,
            Walk::NeverTwoReadWrites { .. } => 0,
        };
        Some(2 * edge.to + flag)
    }

    /// The flag with which a cycle starts. Where two rw edges may not meet, it starts as if one had come before:
    /// then its last edge may be one.
    fn first_flag(self) -> usize {
        match self {
            Walk::Plain { .. } | Walk::OneReadWrite { .. } => 0,
            Walk::NeverTwoReadWrites { .. } => 1,
        }
    }

    /// Whether a cycle that comes back with this flag is of the kind wanted.
    fn closes(self, flag: usize) -> bool {
        match self {
            Walk::Plain { .. } | Walk::NeverTwoReadWrites { .. } => true,
            Walk::OneReadWrite { .. } => flag == 1,
        }
    }
}

/// The components of the states of a walk, as nodes.
fn components_of<'a>(nodes: usize, edges: impl Fn(usize) -> &'a [Edge], walk: Walk) -> Vec<Vec<usize>> {
    let successor = |state: usize, number: usize| Some(walk.step(state % 2, edges(state / 2).get(number)?));
    let components = cyclic_components(nodes * 2, successor);
    let nodes_of = |states: Vec<usize>| {
        let mut nodes: Vec<usize> = states.into_iter().map(|state| state / 2).collect();
        nodes.dedup();
        nodes
    };
    components.into_iter().map(nodes_of).collect()
}

/// One component of the graph, with nodes numbered from zero.
struct Knot {
    /// The node in the graph of each node here.
    names: Vec<usize>,
    /// The edges that leave each node and stay inside.
    edges: Vec<Vec<Edge>>,
}

impl Knot {
    fn of(graph: &Graph, nodes: &[usize]) -> Knot {
        let local = |node: usize| nodes.binary_search(&node).ok();
        let inside = |edge: &Edge| Some(Edge { from: local(edge.from)?, to: local(edge.to)?, reason: edge.reason });
        let edges = nodes.iter().map(|node| graph.edges(*node).iter().filter_map(inside).collect()).collect();
        Knot { names: nodes.to_vec(), edges }
    }

    fn worst(&self, level: Level, steps: &mut u64) -> Option<Cycle> {
        for extra in [Extra::DataOnly, Extra::Process, Extra::RealTime] {
            for shape in SHAPES {
                if !level.forbids(Anomaly::Cycle(shape, extra)) {
                    continue;
                }
                if let Some(edges) = self.shortest(shape, kinds_of(shape, extra), steps) {
                    return Some(self.cycle(shape, extra, edges));
                }
            }
        }
        None
    }

    /// A shortest cycle of a shape, if there is one.
    fn shortest(&self, shape: Shape, kinds: u8, steps: &mut u64) -> Option<Vec<Edge>> {
        let plain = Walk::Plain { kinds };
        let never_two = Walk::NeverTwoReadWrites { kinds };
        let (exists_as, walk) = match shape {
            Shape::G0 | Shape::G1c | Shape::G2Item => (plain, plain),
            // A cycle with exactly one rw edge is also one without two in a row.
            Shape::GSingle => (never_two, Walk::OneReadWrite { kinds }),
            Shape::GNonadjacent => (never_two, never_two),
        };
        let mut breadth = Breadth::new(self);
        let mut best: Option<Vec<Edge>> = None;
        for component in components_of(self.edges.len(), |node| &self.edges[node], exists_as) {
            for start in component {
                // One rw edge too many has a name of its own: that search need not succeed.
                let may_stop = best.is_some() || shape == Shape::GSingle;
                if best.as_ref().is_some_and(|best| best.len() == 2) || (*steps == 0 && may_stop) {
                    return best;
                }
                let at_most = best.as_ref().map_or(usize::MAX, |best| best.len() - 1);
                best = breadth.cycle(walk, start, at_most, steps).or(best);
            }
        }
        best
    }

    /// The cycle by the names of the graph, called what it is.
    fn cycle(&self, shape: Shape, extra: Extra, edges: Vec<Edge>) -> Cycle {
        let name = |edge: Edge| Edge { from: self.names[edge.from], to: self.names[edge.to], ..edge };
        let edges: Vec<Edge> = edges.into_iter().map(name).collect();
        let read_writes = edges.iter().filter(|edge| edge.reason.kind() == kind::READ_WRITE).count();
        let shape = if shape == Shape::GNonadjacent && read_writes == 1 { Shape::GSingle } else { shape };
        Cycle { anomaly: Anomaly::Cycle(shape, extra), edges }
    }
}

/// A search by breadth whose memory is used again from start to start.
struct Breadth<'a> {
    knot: &'a Knot,
    /// For each state: in which search it was met, and the edge and the state it was met from.
    met: Vec<(usize, Option<(usize, Edge)>)>,
    searches: usize,
}

impl<'a> Breadth<'a> {
    fn new(knot: &'a Knot) -> Self {
        Breadth { knot, met: vec![(0, None); knot.edges.len() * 2], searches: 0 }
    }

    /// A shortest walk from a node back to itself with at most so many edges.
    fn cycle(&mut self, walk: Walk, start: usize, at_most: usize, steps: &mut u64) -> Option<Vec<Edge>> {
        self.searches += 1;
        let first = 2 * start + walk.first_flag();
        self.met[first] = (self.searches, None);
        let mut layer = vec![first];
        let mut length = 0;
        while !layer.is_empty() && length < at_most {
            length += 1;
            let mut next_layer = Vec::new();
            for state in layer {
                for edge in &self.knot.edges[state / 2] {
                    *steps = steps.saturating_sub(1);
                    let Some(next) = walk.step(state % 2, edge) else { continue };
                    if edge.to == start && walk.closes(next % 2) {
                        return Some(self.path(state, *edge));
                    }
                    if self.met[next].0 != self.searches {
                        self.met[next] = (self.searches, Some((state, *edge)));
                        next_layer.push(next);
                    }
                }
            }
            layer = next_layer;
        }
        None
    }

    fn path(&self, last: usize, closing: Edge) -> Vec<Edge> {
        let mut edges = vec![closing];
        let mut state = last;
        while let Some((before, edge)) = self.met[state].1 {
            edges.push(edge);
            state = before;
        }
        edges.reverse();
        edges
    }
}
