//! The faults: planned beside done, with their proofs.

use reports::{EffectCounts, Fault};

use super::Tale;
use super::moment::{moment, span};
use super::settings::planned;
use crate::run::record::FaultRecord;

pub(super) fn faults(tale: &Tale<'_>) -> Vec<Fault> {
    tale.record.faults.iter().enumerate().map(|(number, record)| fault(tale, number, record)).collect()
}

fn fault(tale: &Tale<'_>, number: usize, record: &FaultRecord) -> Fault {
    let drawn = &tale.draws.faults[number];
    let mut when = planned(&tale.scenario.faults[number].when, &drawn.when);
    if let Some(length) = record.lasts {
        when.push_str(&format!(" for {}", span(length)));
    }
    let fired = u64::from(record.fired.is_some());
    let bit = record.effects.observed > 0;
    Fault {
        name: record.name.clone(),
        verb: record.verb.to_owned(),
        target: if record.targets.is_empty() { "nobody".to_owned() } else { record.targets.join(", ") },
        planned: when,
        fired: record.fired.map(moment),
        ended: record.ended.map(moment),
        effects: EffectCounts {
            armed: fired,
            fired,
            observed: record.effects.observed,
            repaired: u64::from(record.ended.is_some()),
        },
        proof: bit.then(|| record.effects.account.clone()),
    }
}
