//! Who is the control CSS: decided by each CSS for itself, on the reigns it reads in the slots of the others.
//!
//! There is no ballot. Sources: manual, chapter 5 (whoever was there first is the control CSS; of several that begin at
//! the same time the smallest number is). A CSS that sees no living control CSS and is the smallest of those alive takes
//! over, under a higher reign than any it has read of. Two can believe so when reads or writes are late or lost; then the
//! higher reign stays, and of two equal ones the smaller number: both sides come to the same answer, whoever looks first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::super::words::Seqno;

/// What a CSS does about the control node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// It stays what it is.
    Stay,
    /// It is the control CSS and another one has the better claim.
    GiveUp,
    /// There is none, and it is its turn.
    TakeOver,
}

/// What `me` does whose own reign is `own` (0 for none). `living` is every CSS that is alive, this one too, with its reign.
pub(super) fn choose(me: Seqno, own: u64, living: &BTreeMap<Seqno, u64>) -> Choice {
    let others = living.iter().filter(|(css, reign)| **css != me && **reign > 0);
    let rival = others.map(|(css, reign)| (*reign, Reverse(*css))).max();
    match rival {
        Some(rival) if own > 0 && rival > (own, Reverse(me)) => Choice::GiveUp,
        None if own == 0 && living.keys().next() == Some(&me) => Choice::TakeOver,
        _ => Choice::Stay,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_of_the_living_takes_over_where_nobody_reigns() {
        assert_eq!(choose(0, 0, &[(0, 0), (1, 0)].into()), Choice::TakeOver);
        assert_eq!(choose(1, 0, &[(0, 0), (1, 0)].into()), Choice::Stay);
        assert_eq!(choose(1, 0, &[(1, 0), (2, 0)].into()), Choice::TakeOver);
    }

    #[test]
    fn whoever_reigns_is_left_alone_by_those_that_do_not() {
        assert_eq!(choose(0, 0, &[(0, 0), (1, 3)].into()), Choice::Stay);
        assert_eq!(choose(1, 3, &[(0, 0), (1, 3)].into()), Choice::Stay);
    }

    #[test]
    fn of_two_that_reign_exactly_one_gives_up_whatever_their_reigns() {
        for (first, second) in [(1, 1), (1, 2), (2, 1), (4, 4)] {
            let living = [(0, first), (1, second)].into();
            let choices = [choose(0, first, &living), choose(1, second, &living)];
            let stays = usize::from(second > first);
            assert_eq!((choices[stays], choices[1 - stays]), (Choice::Stay, Choice::GiveUp), "{first} and {second}");
        }
    }

    #[test]
    fn of_three_one_is_left() {
        let living: BTreeMap<Seqno, u64> = [(0, 1), (1, 2), (2, 2)].into();
        let stays: Vec<Seqno> = living
            .iter()
            .filter(|(css, own)| choose(**css, **own, &living) == Choice::Stay)
            .map(|(css, _)| *css)
            .collect();
        assert_eq!(stays, [1]);
    }
}
