//! The page of a rehearsal: the drill as a distribution.

use reports::handout::{Block, Handout};

use super::Rehearsal;
use super::slips::{self, Slip};
use super::words::{objectives, outcomes, say, section, times};
use crate::scenario::Scenario;

/// The rehearsal as a handout; `tried` is how many slips of the operator were tried.
pub fn page(scenario: &Scenario, rehearsal: &Rehearsal, slips: &[Slip], tried: usize) -> Handout {
    let (first, last) = rehearsal.seeds;
    let drill = &scenario.drill;
    let title = drill.title_zh.as_ref().unwrap_or(&drill.title);
    let mut told: Vec<Block> = objectives(rehearsal).into_iter().map(Block::Words).collect();
    told.push(times(rehearsal));
    told.push(Block::Words(say(
        "In brackets: 95 % confidence; dots where the seeds are too few. Phases are those of the longest outage of each run.",
        "方括号内为 95% 置信区间,种子数不足时以省略号表示;各阶段取每次演练中最长的一次中断。",
    )));
    Handout {
        number: format!("{} {}", drill.id, scenario.name),
        title: say(format!("Rehearsal: {}", drill.title), format!("演练分布:{title}")),
        notes: vec![
            say(
                format!("{} simulated runs, seeds {first} to {last}.", rehearsal.ran),
                format!("共 {} 次仿真演练,随机种子 {first} 至 {last}。", rehearsal.ran),
            ),
            super::plan::simulated(),
        ],
        sections: vec![
            section("times", "How long, how much", "时间与数据", told),
            section("outcomes", "Outcomes", "各种结局", vec![outcomes(rehearsal)]),
            section("slips", "Dangerous slips of the operator", "危险的操作失误", vec![slips::block(slips, tried)]),
            section(
                "again",
                "The same again",
                "复现",
                vec![Block::Code(vec![format!("simrun rehearse {} --seeds {first}..{last}", rehearsal.scenario)])],
            ),
        ],
    }
}
