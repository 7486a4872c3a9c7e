//! Who survives a split of the interconnect: decided on the reports of the EPs, once all of them have looked.
//!
//! Sources: manual, chapters 9 and 17 (of two EPs the larger number is halted; with `DMDCR_LINK_CHECK_IP` whoever does
//! not reach that address is; of more than two the connected part with more EPs is kept). The rule for equal halves is
//! not published: here the part with the smallest number stays.

use std::collections::{BTreeMap, BTreeSet};

use super::super::words::{EpMask, Seqno, is_in};

/// What one EP reports of its links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The EPs it cannot reach.
    pub unreachable: EpMask,
    /// Whether it reaches the third-party address; `None` if there is none.
    pub third_party: Option<bool>,
}

/// The EPs to be halted, by what each of them reports: never all of them.
///
/// The third-party address decides only where it tells EPs apart: if nobody reaches it, the address is to blame.
pub fn losers(reports: &BTreeMap<Seqno, Reach>) -> BTreeSet<Seqno> {
    let cut_off = |ep: &Seqno| reports[ep].third_party == Some(false);
    let all: Vec<Seqno> = reports.keys().copied().collect();
    let reaching: Vec<Seqno> = all.iter().copied().filter(|ep| !cut_off(ep)).collect();
    let candidates = if reaching.is_empty() { &all } else { &reaching };
    let kept = largest_connected(candidates, reports);
    all.into_iter().filter(|ep| !kept.contains(ep)).collect()
}

/// The largest set of EPs that all reach each other; of several the one with the smallest numbers.
fn largest_connected(eps: &[Seqno], reports: &BTreeMap<Seqno, Reach>) -> BTreeSet<Seqno> {
    let reaches = |one: Seqno, other: Seqno| !is_in(reports[&one].unreachable, other);
    let connected =
        |set: &BTreeSet<Seqno>| set.iter().all(|one| set.iter().all(|other| one == other || reaches(*one, *other)));
    let sets = (1u32..1 << eps.len()).map(|bits| -> BTreeSet<Seqno> {
        (0..eps.len()).filter(|place| bits >> place & 1 == 1).map(|place| eps[place]).collect()
    });
    let best = sets.filter(|set| connected(set)).min_by_key(|set| (std::cmp::Reverse(set.len()), set.clone()));
    best.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dm_dsc::words::mask_of;

    /// Reports of EPs cut into these parts.
    fn parts(parts: &[&[Seqno]]) -> BTreeMap<Seqno, Reach> {
        let all: Vec<Seqno> = parts.concat();
        let report = |part: &[Seqno]| Reach {
            unreachable: mask_of(all.iter().copied().filter(|ep| !part.contains(ep))),
            third_party: None,
        };
        parts.iter().flat_map(|part| part.iter().map(move |ep| (*ep, report(part)))).collect()
    }

    #[test]
    fn of_two_the_larger_number_goes() {
        assert_eq!(losers(&parts(&[&[0], &[1]])), [1].into());
        assert_eq!(losers(&parts(&[&[0, 1]])), [].into());
    }

    #[test]
    fn the_larger_part_stays_and_of_equal_halves_the_one_with_the_smallest_number() {
        assert_eq!(losers(&parts(&[&[0], &[1, 2, 3]])), [0].into());
        assert_eq!(losers(&parts(&[&[0, 3], &[1, 2]])), [1, 2].into());
        assert_eq!(losers(&parts(&[&[0], &[1], &[2], &[3]])), [1, 2, 3].into());
    }

    #[test]
    fn whoever_does_not_reach_the_third_party_goes_even_the_smaller_one() {
        let mut reports = parts(&[&[0], &[1]]);
        let mut tell = |ep: Seqno, reaches| reports.get_mut(&ep).expect("an EP").third_party = Some(reaches);
        tell(0, false);
        tell(1, true);
        assert_eq!(losers(&reports), [0].into());
        for reach in reports.values_mut() {
            reach.third_party = Some(false);
        }
        assert_eq!(losers(&reports), [1].into(), "an address that nobody reaches says nothing");
    }

    #[test]
    fn one_report_of_a_cut_is_enough() {
        let mut reports = parts(&[&[0, 1]]);
        reports.insert(1, Reach { unreachable: mask_of([0]), third_party: None });
        assert_eq!(losers(&reports), [1].into());
    }
}
