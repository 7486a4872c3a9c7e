//! Pieces that the plan and the page of a rehearsal share.

use reports::handout::{Block, Cell, Range, Section};
use reports::{Sentence, Span};

use super::{Ending, Kept, PHASES, Quantile, Quantiles, Rehearsal};

/// A sentence in both languages.
pub(super) fn say(english: impl Into<String>, chinese: impl Into<String>) -> Sentence {
    Sentence::new(english, chinese)
}

pub(super) fn section(name: &str, english: &str, chinese: &str, blocks: Vec<Block>) -> Section {
    Section { name: name.to_owned(), heading: say(english, chinese), blocks }
}

/// Heads of columns, English and Chinese in turn.
pub(super) fn columns(heads: &[(&str, &str)]) -> Vec<Sentence> {
    heads.iter().map(|(english, chinese)| say(*english, *chinese)).collect()
}

/// A length of time to the millisecond: nobody compares less by eye.
pub(super) fn time(nanoseconds: u64) -> String {
    Span::from_millis((nanoseconds + 500_000) / 1_000_000).to_string()
}

/// `12.5s [12.4s 12.7s]`; dots where the seeds are too few for a bound.
fn with_bounds(quantile: &Quantile) -> Cell {
    let bound = |bound: Option<u64>| bound.map_or("…".to_owned(), time);
    Cell::Value(format!("{} [{} {}]", time(quantile.value), bound(quantile.low), bound(quantile.high)))
}

/// RTO, its phases and RPO: p50, p95, p99 with their bounds, the worst and the seed that has it.
pub(super) fn times(rehearsal: &Rehearsal) -> Block {
    let mut rows = Vec::new();
    let mut row = |name: Sentence, of: Option<&Quantiles>| {
        let Some(of) = of else { return };
        let mut cells = vec![Cell::Words(name)];
        cells.extend(of.quantiles.iter().map(with_bounds));
        cells.push(Cell::Value(time(of.worst)));
        cells.push(Cell::Value(of.worst_seed.to_string()));
        rows.push(cells);
    };
    row(("RTO", "RTO").into(), rehearsal.rto.as_ref());
    for name in PHASES {
        row(phase(name), rehearsal.phases.get(name));
    }
    row(("RPO", "RPO").into(), rehearsal.rpo.as_ref());
    let heads = [("", ""), ("p50", "p50"), ("p95", "p95"), ("p99", "p99"), ("Worst", "最差"), ("Its seed", "对应种子")];
    Block::Table { columns: columns(&heads), rows }
}

/// How often each length of the longest outage was met; nothing where service never returned.
pub(super) fn distribution(rehearsal: &Rehearsal, objective: Option<Span>) -> Option<Block> {
    let ranges = rehearsal.rto_histogram.as_ref()?.ranges().map(|(from, until, count)| Range {
        label: format!("{} – {}", Span(from), Span(until)),
        count,
        misses: count > 0 && objective.is_some_and(|objective| from > objective.0),
    });
    let of = match objective {
        Some(objective) => say(format!("RTO (objective {objective})"), format!("RTO(目标 {objective})")),
        None => say("RTO", "RTO"),
    };
    Some(Block::Distribution { of, ranges: ranges.collect() })
}

fn phase(name: &str) -> Sentence {
    let chinese = match name {
        "detect" => "发现",
        "decide" => "决策",
        "fence" => "隔离",
        "promote" => "升主",
        "replay" => "回放",
        _ => "重连",
    };
    say(format!("· {name}"), format!("· {chinese}"))
}

/// Whether the objectives were met, in sentences; nothing where none was set.
pub(super) fn objectives(rehearsal: &Rehearsal) -> Vec<Sentence> {
    let told = |name: &str, kept: &Kept| {
        let all = kept.met + kept.not_met + kept.could_not_tell;
        let met = kept.met;
        (all > 0).then(|| match met == all {
            true => {
                say(format!("{name} objective met in all {all} runs."), format!("{all} 次演练 {name} 目标全部达标。"))
            }
            false => say(
                format!("{name} objective NOT met: met in {met} of {all} runs, missed in {}.", kept.not_met),
                format!("{name} 目标未达标:{all} 次中 {met} 次达标,{} 次未达标。", kept.not_met),
            ),
        })
    };
    let mut sentences: Vec<Sentence> =
        [told("RTO", &rehearsal.rto_met), told("RPO", &rehearsal.rpo_met)].into_iter().flatten().collect();
    if rehearsal.never_returned > 0 {
        let (never, ran) = (rehearsal.never_returned, rehearsal.ran);
        sentences.push(say(
            format!("Service never returned in {never} of {ran} runs."),
            format!("{ran} 次中有 {never} 次服务未恢复。"),
        ));
    }
    sentences
}

/// Every way of ending with its share and a seed that shows it.
pub(super) fn outcomes(rehearsal: &Rehearsal) -> Block {
    let rows = rehearsal.endings.iter().map(|share| {
        let worst = match share.worst_ns {
            Some(worst) => Cell::Value(time(worst)),
            None => Cell::Words(say("never back", "未恢复")),
        };
        vec![
            Cell::Value(percent(share.seeds, rehearsal.ran)),
            Cell::Words(verdict(&share.ending)),
            Cell::Words(say(share.ending.told(false), share.ending.told(true))),
            worst,
            Cell::Command(format!("simrun {} --seed {}", rehearsal.scenario, share.example)),
        ]
    });
    let heads = [
        ("Share", "占比"),
        ("Verdict", "结论"),
        ("What happens", "结局"),
        ("Longest outage", "最长中断"),
        ("Example", "示例"),
    ];
    Block::Table { columns: columns(&heads), rows: rows.collect() }
}

fn verdict(ending: &Ending) -> Sentence {
    match ending.verdict {
        "as-expected" => say("as expected", "符合预期"),
        "inconclusive" => say("inconclusive", "无法判定"),
        _ => say("not as expected", "不符合预期"),
    }
}

/// `0.8%`, never rounded to nothing or to everything.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let per_thousand = (part * 1_000 + whole / 2) / whole.max(1);
    let shown = match per_thousand {
        0 if part > 0 => 1,
        1_000 if part < whole => 999,
        exact => exact,
    };
    format!("{}.{}%", shown / 10, shown % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_never_rounded_away() {
        assert_eq!(percent(1, 5_000), "0.1%");
        assert_eq!(percent(4_999, 5_000), "99.9%");
        assert_eq!(percent(8, 1_000), "0.8%");
        assert_eq!(percent(5, 5), "100.0%");
    }

    #[test]
    fn times_are_told_to_the_millisecond() {
        assert_eq!(time(12_849_499_000), "12.849s");
        assert_eq!(time(1_499_999), "1ms");
    }
}
