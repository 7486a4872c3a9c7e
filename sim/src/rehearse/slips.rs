//! What the operator must not get wrong: the slips that cost more than nothing.

use reports::Sentence;
use reports::handout::{Block, Cell};

use super::words::{columns, say};
use crate::explore::line::ExploredSeed;
use crate::sweep::{Tried, report};

/// A slip and what it costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// The step.
    pub step: String,
    /// What is done wrong with it.
    pub what: Sentence,
    /// `data`, `the service`, `a check`, `time`.
    pub cost: &'static str,
}

impl Slip {
    /// The dangerous ones of those that were tried, data first; beside what the runbook costs when done well.
    pub fn dangerous(well_done: &ExploredSeed, tried: &[Tried]) -> Vec<Slip> {
        const ORDER: [&str; 4] = ["data", "the service", "a check", "time"];
        let rank = |cost: &str| ORDER.iter().position(|known| *known == cost);
        let slips = tried.iter().map(|it| Slip {
            step: it.attempt.at.clone(),
            what: it.attempt.what.clone(),
            cost: report::cost(well_done, it),
        });
        let mut slips: Vec<Slip> = slips.filter(|slip| rank(slip.cost).is_some()).collect();
        slips.sort_by_key(|slip| rank(slip.cost));
        slips
    }
}

/// The slips as a table, or that there are none among so many.
pub(super) fn block(slips: &[Slip], tried: usize) -> Block {
    if slips.is_empty() {
        return Block::Words(say(
            format!("{tried} slips of the operator were tried; none costs anything."),
            format!("已演练操作失误 {tried} 种,均无额外代价。"),
        ));
    }
    let cost = |slip: &Slip| match slip.cost {
        "data" => say("data", "丢失或损坏数据"),
        "the service" => say("the service", "服务不再恢复"),
        "a check" => say("a check", "破坏检查项"),
        other => say(other, "中断更久"),
    };
    let rows = slips
        .iter()
        .map(|slip| vec![Cell::Value(slip.step.clone()), Cell::Words(slip.what.clone()), Cell::Words(cost(slip))]);
    let heads = [("Step", "步骤"), ("Slip", "失误"), ("Costs", "代价")];
    Block::Table { columns: columns(&heads), rows: rows.collect() }
}
