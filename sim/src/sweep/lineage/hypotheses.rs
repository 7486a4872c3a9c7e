//! Which sets of faults break every support that is known: the next to be tried.
//!
//! It knows numbers of faults and which of them break what, and nothing else. A set that held was shown by its run to
//! have supports of its own. Whoever adds faults to it must break all those of some good outcome, or that outcome is
//! still supported by what was seen. So sets grow: from each that held, by each fault that breaks a support of it; and
//! what comes of that is tried only if every smaller set in it that held agrees.

use std::collections::BTreeMap;

use super::numbers::Numbers;

/// Numbers of faults that happen together, ascending.
pub type FaultSet = Vec<usize>;

/// The support of one good outcome: one of these faults must happen, or it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clause {
    /// The faults that break the support.
    pub faults: Numbers,
    /// How many faults had a number when it was asked which break it: of others that is not known.
    pub asked: usize,
}

impl Clause {
    fn may_be_broken_by(&self, fault: usize) -> bool {
        fault >= self.asked || self.faults.contains(fault)
    }
}

/// A set under which all was well.
#[derive(Clone, Debug)]
struct Held {
    /// The supports of the good outcomes, always in the same order; `None` for one that was not reached though nothing
    /// had promised it.
    clauses: Vec<Option<Clause>>,
    /// The faults that break any of them.
    breaking: Numbers,
}

/// What was found out about sets of faults.
#[derive(Clone, Debug, Default)]
pub struct Known {
    held: BTreeMap<FaultSet, Held>,
    /// Sets that broke something.
    broken: Vec<FaultSet>,
}

/// A set that grew out of one that held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grown {
    /// The set.
    pub faults: FaultSet,
    /// Whether it breaks all known supports of some good outcome; otherwise it need not be tried.
    pub is_open: bool,
}

impl Known {
    /// A set held, and its good outcomes had these supports.
    pub fn held(&mut self, set: FaultSet, clauses: Vec<Option<Clause>>) {
        let mut breaking = Numbers::default();
        clauses.iter().flatten().for_each(|clause| breaking.insert_all(&clause.faults));
        self.held.insert(set, Held { clauses, breaking });
    }

    /// A set broke something: no larger one is of interest.
    pub fn broke(&mut self, set: FaultSet) {
        self.broken.push(set);
    }

    /// Every set of this size that grows out of one that held, each once and always in the same order, without those
    /// that contain one that is broken already. There may be too many to keep.
    pub fn grown(&self, size: usize) -> impl Iterator<Item = Grown> + Send {
        let parents = self.held.iter().filter(move |(set, _)| set.len() + 1 == size);
        let all = parents.flat_map(|(set, held)| {
            let added = held.breaking.iter().filter(|fault| !set.contains(fault));
            added.map(move |fault| (fault, with(set, fault)))
        });
        let once = all.filter(|(fault, set)| self.grows_last_by(*fault, set));
        let minimal = once.filter(|(_, set)| !self.broken.iter().any(|broken| is_part(broken, set)));
        minimal.map(|(_, faults)| Grown { is_open: self.breaks_an_outcome(&faults), faults })
    }

    /// Whether no other fault comes later by which the set grows out of one that held.
    fn grows_last_by(&self, fault: usize, set: &FaultSet) -> bool {
        let grows_by =
            |other: &usize| self.held.get(&without(set, *other)).is_some_and(|parent| parent.breaking.contains(*other));
        set.iter().rfind(|other| grows_by(other)) == Some(&fault)
    }

    fn breaks_an_outcome(&self, set: &FaultSet) -> bool {
        let smaller: Vec<(FaultSet, &Held)> =
            parts(set).into_iter().filter_map(|part| self.held.get(&part).map(|held| (part, held))).collect();
        let outcomes = smaller.iter().map(|(_, held)| held.clauses.len()).min().unwrap_or(0);
        let is_broken = |outcome: usize| {
            smaller.iter().all(|(part, held)| {
                let clause = held.clauses[outcome].as_ref();
                let mut added = set.iter().filter(|fault| !part.contains(fault));
                clause.is_some_and(|clause| added.any(|fault| clause.may_be_broken_by(*fault)))
            })
        };
        (0..outcomes).any(is_broken)
    }
}

fn with(set: &FaultSet, fault: usize) -> FaultSet {
    let mut larger = set.clone();
    larger.insert(set.partition_point(|known| *known < fault), fault);
    larger
}

fn without(set: &FaultSet, fault: usize) -> FaultSet {
    set.iter().copied().filter(|known| *known != fault).collect()
}

fn is_part(part: &FaultSet, set: &FaultSet) -> bool {
    part.iter().all(|fault| set.contains(fault))
}

/// Every part of a set but the whole.
fn parts(set: &FaultSet) -> Vec<FaultSet> {
    let mut parts = vec![FaultSet::new()];
    for fault in set {
        let with_it = |part: &FaultSet| part.iter().copied().chain([*fault]).collect();
        parts.extend(parts.iter().map(with_it).collect::<Vec<FaultSet>>());
    }
    parts.pop();
    parts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use nodes::world::streams::Seed;

    use super::*;

    fn clause(faults: &[usize], asked: usize) -> Option<Clause> {
        Some(Clause { faults: faults.iter().copied().collect(), asked })
    }

    fn open(known: &Known, size: usize) -> Vec<FaultSet> {
        known.grown(size).filter(|grown| grown.is_open).map(|grown| grown.faults).collect()
    }

    fn ruled_out(known: &Known, size: usize) -> usize {
        known.grown(size).filter(|grown| !grown.is_open).count()
    }

    #[test]
    fn each_fault_of_any_first_support_is_tried_alone() {
        let mut known = Known::default();
        known.held(vec![], vec![clause(&[1, 3], 4), clause(&[0, 3], 4), None]);
        assert_eq!(open(&known, 1), [vec![0], vec![1], vec![3]]);
        assert!(open(&known, 2).is_empty());
    }

    /// What breaks the supports under 1 and under 2 alone, which pairs are then open, and how many need not be tried.
    type Case = (&'static [usize], &'static [usize], &'static [[usize; 2]], usize);

    #[test]
    fn a_pair_must_break_what_each_of_its_faults_left_standing() {
        let all = [0, 1, 2, 3];
        let cases: [Case; 4] = [
            (&[2], &[1], &[[1, 2]], 0),
            (&[2, 3], &[1, 3], &[[1, 2], [1, 3], [2, 3]], 0),
            // Under 2 alone, 1 takes nothing away that counts.
            (&[2], &[3], &[[2, 3]], 1),
            (&[], &[], &[], 0),
        ];
        for (under_1, under_2, expected, expected_ruled_out) in cases {
            let mut known = Known::default();
            known.held(vec![], vec![clause(&all, 4)]);
            known.held(vec![1], vec![clause(under_1, 4)]);
            known.held(vec![2], vec![clause(under_2, 4)]);
            assert_eq!(open(&known, 2), expected, "{under_1:?} {under_2:?}");
            assert_eq!(ruled_out(&known, 2), expected_ruled_out, "{under_1:?} {under_2:?}");
        }
    }

    #[test]
    fn one_outcome_is_enough_but_all_its_supports_must_break() {
        let mut known = Known::default();
        known.held(vec![], vec![clause(&[0, 1], 3), clause(&[0, 2], 3)]);
        // Under 0, the first outcome rests on 1 and the second on 2; under 2, 0 breaks only the first.
        known.held(vec![0], vec![clause(&[1], 3), clause(&[2], 3)]);
        known.held(vec![2], vec![clause(&[0], 3), clause(&[], 3)]);
        assert_eq!(open(&known, 2), [vec![0, 1]]);
        assert_eq!(ruled_out(&known, 2), 1);
    }

    #[test]
    fn a_fault_nobody_had_asked_about_may_break_anything() {
        let mut known = Known::default();
        known.held(vec![], vec![clause(&[0, 1], 0)]);
        known.held(vec![0], vec![clause(&[7], 2)]);
        assert_eq!(open(&known, 2), [vec![0, 7]]);
    }

    #[test]
    fn nothing_grows_from_what_broke_or_showed_nothing() {
        let mut known = Known::default();
        known.held(vec![], vec![clause(&[0, 1, 2], 3)]);
        known.held(vec![0], vec![clause(&[1, 2], 3)]);
        known.broke(vec![1]);
        assert_eq!(open(&known, 2), [vec![0, 2]]);
        assert_eq!(ruled_out(&known, 2), 0);
    }

    /// A thing that is supported in several ways, each of which needs several parts: all sets of parts that break it
    /// and of which no part can be left out are found, and nothing else.
    #[test]
    fn what_is_found_is_what_all_sets_would_show() {
        const PARTS: usize = 7;
        let mut draws = Seed(5).stream("hypotheses");
        let mut found_any = 0;
        for _ in 0..200 {
            let ways: Vec<Vec<usize>> =
                (0..draws.between(1, 4)).map(|_| (0..PARTS).filter(|_| draws.chance(1, 3)).collect()).collect();
            let stands = |set: &[usize]| ways.iter().find(|way| !way.iter().any(|part| set.contains(part)));
            let mut known = Known::default();
            let mut found: BTreeSet<FaultSet> = BTreeSet::new();
            let mut learn = |known: &mut Known, set: FaultSet| match stands(&set) {
                Some(way) => known.held(set, vec![clause(way, PARTS)]),
                None => {
                    found.insert(set.clone());
                    known.broke(set);
                }
            };
            learn(&mut known, vec![]);
            for size in 1..=PARTS {
                for set in open(&known, size) {
                    learn(&mut known, set);
                }
            }
            let every = parts(&(0..=PARTS).collect()).into_iter().filter(|set| !set.contains(&PARTS));
            let breaks = |set: &FaultSet| stands(set).is_none();
            let minimal = |set: &FaultSet| breaks(set) && set.iter().all(|part| !breaks(&without(set, *part)));
            let expected: BTreeSet<FaultSet> = every.filter(minimal).collect();
            assert_eq!(found, expected, "{ways:?}");
            found_any += expected.len();
        }
        assert!(found_any > 200, "{found_any}");
    }
}
