//! What the search must know of a run to go on from it: how it changed, when its faults acted, what could be waited for
//! when. It is written with the results, so that a search that was stopped goes on as if it had not been.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::novelty::Changes;
use crate::explore::abstract_state;
use crate::run::Record;
use crate::scenario::Scenario;
use crate::sweep::events;

/// The trail of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// The changes of the abstract state, five hexadecimal digits each.
    pub changes: String,
    /// When each fault of the file acted, in milliseconds; `None` if it never did.
    pub acted: Vec<Option<u64>>,
    /// For each announcement that a fault can wait for, the milliseconds at which it came.
    pub heard: BTreeMap<String, Vec<u64>>,
}

/// Of one announcement, so many are kept: a fault waits for none later than that.
const HEARD: usize = 6;

impl Trail {
    /// The trail of a run.
    pub fn of(scenario: &Scenario, record: &Record) -> Trail {
        let mut heard: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for moment in events::all_moments(scenario, record) {
            let times = heard.entry(moment.trigger()).or_default();
            if times.len() < HEARD {
                times.push(milliseconds(moment.at));
            }
        }
        let acted = record.faults.iter().map(|fault| fault.fired.map(|at| milliseconds(at.elapsed())));
        Trail { changes: Changes::of(&abstract_state::sequence(record)).written(), acted: acted.collect(), heard }
    }

    /// How often an announcement had come before a moment.
    pub fn heard_before(&self, trigger: &str, moment: u64) -> u64 {
        self.heard.get(trigger).map_or(0, |times| times.iter().filter(|at| **at < moment).count() as u64)
    }
}

fn milliseconds(at: std::time::Duration) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
}
