//! What a review of the rehearsal would ask about, with blanks for what is done about it, by whom and until when.

use reports::Sentence;
use reports::handout::{Block, Cell};

use super::across::Across;
use super::plan::Material;
use super::words::{columns, percent, say, time};
use super::{Kept, Rehearsal};

/// The findings as a table with blanks, or that there are none.
pub(super) fn block(from: &Material<'_>) -> Block {
    let findings = findings(from);
    if findings.is_empty() {
        return Block::Words(say("No findings.", "无问题。"));
    }
    let row = |(index, finding): (usize, Sentence)| {
        vec![Cell::Value((index + 1).to_string()), Cell::Words(finding), Cell::Blank, Cell::Blank, Cell::Blank]
    };
    let heads = [("#", "序号"), ("Finding", "问题"), ("Action item", "改进项"), ("Owner", "责任人"), ("Due", "期限")];
    Block::Table { columns: columns(&heads), rows: findings.into_iter().enumerate().map(row).collect() }
}

fn findings(from: &Material<'_>) -> Vec<Sentence> {
    let rehearsal = from.rehearsal;
    let mut findings: Vec<Sentence> =
        from.typical.checks.iter().flat_map(|check| of_check(rehearsal, &check.name)).collect();
    findings.extend(missed("RTO", &rehearsal.rto_met, rehearsal.rto.as_ref().map(|rto| (rto.worst, rto.worst_seed))));
    findings.extend(missed("RPO", &rehearsal.rpo_met, rehearsal.rpo.as_ref().map(|rpo| (rpo.worst, rpo.worst_seed))));
    findings.extend(never_returned(rehearsal));
    let failed = from.steps.iter().filter(|step| step.succeeded < rehearsal.ran);
    findings.extend(failed.map(|step| {
        let (name, share) = (&step.name, percent(rehearsal.ran - step.succeeded, rehearsal.ran));
        say(
            format!("Step {name} does not succeed in {share} of the runs."),
            format!("步骤 {name} 在 {share} 的演练中未成功。"),
        )
    }));
    let data = rehearsal.slips.dangerous.iter().filter(|slip| slip.cost == "data" || slip.cost == "the service");
    findings.extend(data.map(|slip| {
        let (english, chinese) = match slip.cost {
            "data" => ("loses or damages data", "会丢失或损坏数据"),
            _ => ("ends the service for good", "会使服务不再恢复"),
        };
        let zh = slip.what.zh.as_ref().unwrap_or(&slip.what.en);
        say(
            format!("A slip at step {} {english}: {}.", slip.step, slip.what.en),
            format!("步骤 {} 的失误{chinese}:{zh}。", slip.step),
        )
    }));
    findings
}

fn of_check(rehearsal: &Rehearsal, name: &str) -> Vec<Sentence> {
    let mut told = Vec::new();
    let violated = Across::of(rehearsal, |ending| &ending.violated, name);
    if let Some(seed) = violated.first {
        let share = percent(violated.seeds, rehearsal.ran);
        told.push(say(
            format!("{name} is violated in {share} of the runs, first with seed {seed}."),
            format!("{share} 的演练违反 {name},首个种子 {seed}。"),
        ));
    }
    let undecided = Across::of(rehearsal, |ending| &ending.undecided, name);
    if let Some(seed) = undecided.first {
        let share = percent(undecided.seeds, rehearsal.ran);
        told.push(say(
            format!("{name} could not be told in {share} of the runs, first with seed {seed}."),
            format!("{share} 的演练无法判定 {name},首个种子 {seed}。"),
        ));
    }
    told
}

fn missed(name: &str, kept: &Kept, worst: Option<(u64, u64)>) -> Option<Sentence> {
    let not_met = kept.not_met;
    let all = kept.met + not_met + kept.could_not_tell;
    let worst = worst.filter(|_| not_met > 0)?;
    let (worst, seed) = (time(worst.0), worst.1);
    Some(say(
        format!("The {name} objective is missed in {not_met} of {all} runs; the worst is {worst}, seed {seed}."),
        format!("{all} 次演练中有 {not_met} 次 {name} 未达标;最差 {worst},种子 {seed}。"),
    ))
}

fn never_returned(rehearsal: &Rehearsal) -> Option<Sentence> {
    let example = rehearsal.endings.iter().filter(|share| share.worst_ns.is_none()).map(|share| share.example).min()?;
    let (never, ran) = (rehearsal.never_returned, rehearsal.ran);
    Some(say(
        format!("Service never returns in {never} of {ran} runs, for instance with an ending of seed {example}."),
        format!("{ran} 次演练中有 {never} 次服务未恢复,例如种子 {example} 的结局。"),
    ))
}
