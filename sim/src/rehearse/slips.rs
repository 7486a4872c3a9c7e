//! What the operator must not get wrong: the slips that cost more than nothing.

use reports::Sentence;
use reports::handout::{Block, Cell};
use serde::Serialize;

use super::words::{columns, say};
use crate::explore::line::ExploredSeed;
use crate::sweep::{Tried, report};

/// What became of the slips that were tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Slips {
    /// How many.
    pub tried: u64,
    /// Those that cost something.
    pub dangerous: Vec<Slip>,
}

/// A slip and what it costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slip {
    /// The step.
    pub step: String,
    /// What is done wrong with it.
    pub what: Sentence,
    /// `data`, `the service`, `a check`, `time`.
    pub cost: &'static str,
}

impl Slips {
    /// What each of them costs beside the runbook done well; data first.
    pub fn of(well_done: &ExploredSeed, tried: &[Tried]) -> Slips {
        const ORDER: [&str; 4] = ["data", "the service", "a check", "time"];
        let rank = |cost: &str| ORDER.iter().position(|known| *known == cost);
        let slips = tried.iter().map(|it| Slip {
            step: it.attempt.at.clone(),
            what: it.attempt.what.clone(),
            cost: report::cost(well_done, it),
        });
        let mut dangerous: Vec<Slip> = slips.filter(|slip| rank(slip.cost).is_some()).collect();
        dangerous.sort_by_key(|slip| rank(slip.cost));
        Slips { tried: tried.len() as u64, dangerous }
    }

    /// That nothing was tried, or that nothing costs anything; none if something does.
    pub(super) fn harmless(&self) -> Option<Sentence> {
        let tried = self.tried;
        match (tried, self.dangerous.is_empty()) {
            (0, _) => Some(say("There is no step to go wrong with.", "没有可能失误的步骤。")),
            (_, true) => Some(say(
                format!("{tried} slips of the operator were tried; none costs more than the runbook done well."),
                format!("已演练操作失误 {tried} 种,代价均不高于规范操作。"),
            )),
            (_, false) => None,
        }
    }
}

impl Slip {
    /// What it costs, in words.
    pub(super) fn costs(&self) -> Sentence {
        match self.cost {
            "data" => say("data", "丢失或损坏数据"),
            "the service" => say("the service", "服务不再恢复"),
            "a check" => say("a check", "破坏检查项"),
            other => say(other, "中断更久"),
        }
    }
}

/// The slips as a table, or that there are none among so many.
pub(super) fn block(slips: &Slips) -> Block {
    if let Some(harmless) = slips.harmless() {
        return Block::Words(harmless);
    }
    let rows = slips
        .dangerous
        .iter()
        .map(|slip| vec![Cell::Value(slip.step.clone()), Cell::Words(slip.what.clone()), Cell::Words(slip.costs())]);
    let heads = [("Step", "步骤"), ("Slip", "失误"), ("Costs", "代价")];
    Block::Table { columns: columns(&heads), rows: rows.collect() }
}
