//! The faults that a search knows, each with a number.

use std::collections::BTreeMap;

use crate::sweep::events::Moment;
use crate::sweep::faults::Aim;

/// Something that can fail: a fault at an announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is done to whom.
    pub aim: Aim,
    /// At which announcement. When that comes differs from run to run.
    pub moment: Moment,
}

/// What makes two faults the same.
type Identity = (Aim, String, String, u32);

fn identity(fault: &Fault) -> Identity {
    let Moment { host, event, nth, .. } = &fault.moment;
    (fault.aim.clone(), host.clone(), event.clone(), *nth)
}

/// Every fault that was found so far, numbered as found.
#[derive(Clone, Debug, Default)]
pub struct Universe {
    faults: Vec<Fault>,
    numbers: BTreeMap<Identity, usize>,
}

impl Universe {
    /// The number of a fault, which it gets if it has none yet.
    pub fn number(&mut self, fault: Fault) -> usize {
        let next = self.faults.len();
        let number = *self.numbers.entry(identity(&fault)).or_insert(next);
        if number == next {
            self.faults.push(fault);
        }
        number
    }

    /// Whether a fault has a number.
    pub fn knows(&self, fault: &Fault) -> bool {
        self.numbers.contains_key(&identity(fault))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.faults.len()
    }

    /// Each fault with its number.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Fault)> {
        self.faults.iter().enumerate()
    }

    /// The faults with these numbers.
    pub fn faults<'u>(&'u self, numbers: &'u [usize]) -> impl Iterator<Item = &'u Fault> {
        numbers.iter().filter_map(|number| self.faults.get(*number))
    }
}
