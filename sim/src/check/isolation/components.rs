//! The strongly connected components of a graph (Tarjan), without recursion: histories are longer than stacks.

/// The components with a cycle in them, each with its nodes in rising order.
///
/// `successor(node, number)` gives the edge of that number: `None` when the node has no more, `Some(None)` for an
/// edge that does not count.
pub fn cyclic_components(nodes: usize, successor: impl Fn(usize, usize) -> Option<Option<usize>>) -> Vec<Vec<usize>> {
    let mut search =
        Search { index: vec![0; nodes], low: vec![0; nodes], on_stack: vec![false; nodes], ..Search::default() };
    for node in 0..nodes {
        if search.index[node] == 0 {
            search.from(node, &successor);
        }
    }
    search.components
}

#[derive(Default)]
struct Search {
    /// When each node was first met, from 1; zero if not yet.
    index: Vec<usize>,
    /// The earliest node still open that each node leads back to.
    low: Vec<usize>,
    on_stack: Vec<bool>,
    open: Vec<usize>,
    met: usize,
    components: Vec<Vec<usize>>,
}

impl Search {
    fn from(&mut self, root: usize, successor: &impl Fn(usize, usize) -> Option<Option<usize>>) {
        let mut path = vec![(root, 0)];
        self.meet(root);
        while let Some((node, edge)) = path.last_mut() {
            let from = *node;
            let next = successor(from, *edge);
            *edge += 1;
            match next {
                Some(Some(to)) if self.index[to] == 0 => {
                    self.meet(to);
                    path.push((to, 0));
                }
                Some(Some(to)) if self.on_stack[to] => self.low[from] = self.low[from].min(self.index[to]),
                Some(_) => {}
                None => {
                    path.pop();
                    if let Some((parent, _)) = path.last() {
                        self.low[*parent] = self.low[*parent].min(self.low[from]);
                    }
                    self.close(from);
                }
            }
        }
    }

    fn meet(&mut self, node: usize) {
        self.met += 1;
        self.index[node] = self.met;
        self.low[node] = self.met;
        self.on_stack[node] = true;
        self.open.push(node);
    }

    /// Takes the component of a node off the stack, if the node is its first.
    fn close(&mut self, node: usize) {
        if self.low[node] != self.index[node] {
            return;
        }
        let from = self.open.iter().rposition(|open| *open == node).expect("an open node is on the stack");
        let mut component = self.open.split_off(from);
        component.iter().for_each(|member| self.on_stack[*member] = false);
        // A node never leads to itself here, so one node alone is no cycle.
        if component.len() > 1 {
            component.sort_unstable();
            self.components.push(component);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn components_of(nodes: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
        let successors = |node: usize| edges.iter().filter(move |(from, _)| *from == node).map(|(_, to)| *to);
        let mut components = cyclic_components(nodes, |node, number| successors(node).nth(number).map(Some));
        components.sort();
        components
    }

    #[test]
    fn cycles_are_found_and_paths_are_not() {
        let edges = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3), (5, 0)];
        assert_eq!(components_of(6, &edges), [vec![0, 1, 2], vec![3, 4]]);
        assert_eq!(components_of(3, &[(0, 1), (1, 2), (0, 2)]), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn a_long_path_needs_no_deep_stack() {
        let length = 300_000;
        let components = cyclic_components(length, |node, number| (number == 0).then_some(Some((node + 1) % length)));
        assert_eq!(components.len(), 1);
        assert_eq!(components[0].len(), length);
    }
}
