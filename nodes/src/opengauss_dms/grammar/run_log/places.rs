//! Every round there is, and every place in one at which a log can be joined.

use super::super::super::reform::ReformType;
use super::super::super::reform::steps::{Conditions, Step, steps_of};
use super::round::{Round, Telling};
use super::words::BEGINNING;
use super::{At, Place};

/// Every list of steps there is.
pub(super) fn every_round() -> Vec<(ReformType, Vec<Step>)> {
    let mut rounds = Vec::new();
    for kind in [ReformType::Normal, ReformType::Failover, ReformType::Switchover, ReformType::FullClean] {
        for bits in 0..16u8 {
            let has = |bit: u8| bits >> bit & 1 == 1;
            let conditions = Conditions { disconnect: has(0), reconnect: has(1), migrate: has(2), recovery: has(3) };
            let round = (kind, steps_of(kind, conditions));
            if !rounds.contains(&round) {
                rounds.push(round);
            }
        }
    }
    rounds
}

/// Every place at which a log can be joined.
pub(super) fn every_place() -> Vec<Place> {
    let mut places = vec![At::Idle];
    for listed in [false, true] {
        places.push(At::Listing { listed, failed: false });
    }
    for (kind, steps) in every_round() {
        for organises in [false, true] {
            for position in 0..steps.len() {
                for under_way in [false, true] {
                    if under_way && steps[position] == Step::SyncWait {
                        continue;
                    }
                    let round = Round {
                        kind,
                        steps: steps.clone(),
                        organises,
                        coordinates: None,
                        position,
                        under_way,
                        begun: BEGINNING.len(),
                        failed: false,
                        telling: Telling::Nothing,
                    };
                    places.push(At::Round(round));
                }
            }
        }
    }
    places.into_iter().map(|at| Place { at, ..Place::UNKNOWN }).collect()
}
