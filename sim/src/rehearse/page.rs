//! The page of a rehearsal: the drill as a distribution.

use reports::handout::{Block, Handout, Section};
use reports::{Sentence, Span};

use super::plan::{Material, hazard, overview, simulated};
use super::words::{distribution, objectives, outcomes, say, section, times};
use super::{across, findings, slips};

/// The rehearsal as a handout.
pub fn page(from: &Material<'_>) -> Handout {
    let rehearsal = from.rehearsal;
    let (first, last) = rehearsal.seeds;
    let drill = &from.scenario.drill;
    let title = drill.title_zh.as_ref().unwrap_or(&drill.title);
    let again = format!("simrun rehearse {} --seeds {first}..{last}", rehearsal.scenario);
    let checks = vec![across::checks(rehearsal, &from.typical.checks)];
    let slips = vec![slips::block(&rehearsal.slips)];
    Handout {
        number: format!("{} {}", drill.id, from.scenario.name),
        title: say(format!("Rehearsal: {}", drill.title), format!("演练分布:{title}")),
        notes: [verdict(from)].into_iter().chain(hazard(from)).chain([simulated()]).collect(),
        sections: vec![
            section("times", "How long, how much", "时间与数据", how_long(from)),
            section("outcomes", "Outcomes", "各种结局", vec![outcomes(rehearsal)]),
            section("checks", "Checks over all seeds", "各检查项(全部种子)", checks),
            section("slips", "Dangerous slips of the operator", "危险的操作失误", slips),
            section("findings", "Findings and action items", "问题与改进项", vec![findings::block(from)]),
            overview(from),
            limits(from),
            section("again", "The same again", "复现", vec![Block::Code(vec![again])]),
        ],
    }
}

/// The line at the top: in how many runs the drill ended as it is meant to.
fn verdict(from: &Material<'_>) -> Sentence {
    let count = |verdict: &str| -> u64 {
        let endings = from.rehearsal.endings.iter().filter(|share| share.ending.verdict == verdict);
        endings.map(|share| share.seeds).sum()
    };
    let (first, last) = from.rehearsal.seeds;
    let (ran, good) = (from.rehearsal.ran, count("as-expected"));
    let (bad, open) = (count("not-as-expected"), count("inconclusive"));
    say(
        format!(
            "{ran} simulated runs, seeds {first} to {last}: {good} as expected, {bad} not as expected, {open} inconclusive."
        ),
        format!(
            "共 {ran} 次仿真演练,随机种子 {first} 至 {last}:{good} 次符合预期,{bad} 次不符合预期,{open} 次无法判定。"
        ),
    )
}

fn how_long(from: &Material<'_>) -> Vec<Block> {
    let mut told: Vec<Block> = objectives(from.rehearsal).into_iter().map(Block::Words).collect();
    told.push(times(from.rehearsal));
    told.push(Block::Words(say(
        "In brackets: 95 % confidence; dots where the seeds are too few. Phases are those of the longest outage of each run.",
        "方括号内为 95% 置信区间,种子数不足时以省略号表示;各阶段取每次演练中最长的一次中断。",
    )));
    let objective: Option<Span> = from.typical.objectives.rto.target;
    told.extend(distribution(from.rehearsal, objective));
    told
}

fn limits(from: &Material<'_>) -> Section {
    let points: Vec<Sentence> = from.product.limits.iter().map(|limit| Sentence::new(limit.en, limit.zh)).collect();
    let blocks = vec![
        Block::Words(say("The model of the product leaves out:", "产品模型未包含:")),
        Block::Points { points, boxes: false },
    ];
    section("limits", "Limits", "局限", blocks)
}
