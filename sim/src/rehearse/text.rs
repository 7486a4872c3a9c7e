//! A rehearsal for people: in English or Chinese, as plain text.

use std::fmt::Write as _;

use reports::Language;
use reports::render::pretty::width;

use super::words::{percent, say};
use super::{Kept, PHASES, Quantile, Quantiles, Rehearsal, Slips};

/// How many ways of ending are shown.
const SHOWN: usize = 12;

/// The rehearsal as text.
pub fn told(rehearsal: &Rehearsal, language: Language) -> String {
    let zh = language == Language::Chinese;
    let mut text = String::new();
    let Rehearsal { scenario, seeds: (first, last), ran, .. } = rehearsal;
    let _ = match zh {
        false => writeln!(text, "REHEARSAL  {scenario}  seeds {first}..{last}  {ran} runs"),
        true => writeln!(text, "演练分布  {scenario}  随机种子 {first}..{last}  共 {ran} 次"),
    };
    let worst = if zh { "最差" } else { "worst" };
    let seed = if zh { "种子" } else { "seed" };
    let _ = writeln!(text, "\n  {:<12} {:>26} {:>26} {:>26}   {worst}", "", "p50", "p95", "p99");
    row(&mut text, "RTO", rehearsal.rto.as_ref(), seed);
    for name in PHASES {
        row(&mut text, &format!("  {}", phase_word(name, zh)), rehearsal.phases.get(name), seed);
    }
    row(&mut text, "RPO", rehearsal.rpo.as_ref(), seed);
    let _ = match zh {
        false => writeln!(text, "  (in brackets: 95 % confidence; … where the seeds are too few)"),
        true => writeln!(text, "  (方括号内为 95% 置信区间;种子数不足时为 …)"),
    };
    if rehearsal.never_returned > 0 {
        let never = rehearsal.never_returned;
        let _ = match zh {
            false => writeln!(text, "  service never returned in {never} of {ran} runs"),
            true => writeln!(text, "  {ran} 次中有 {never} 次服务未恢复"),
        };
    }
    text.push('\n');
    objective(&mut text, "RTO", &rehearsal.rto_met, zh);
    objective(&mut text, "RPO", &rehearsal.rpo_met, zh);
    endings(&mut text, rehearsal, zh);
    slips(&mut text, &rehearsal.slips, language);
    text
}

/// What the operator must not get wrong.
fn slips(text: &mut String, slips: &Slips, language: Language) {
    let _ = writeln!(text, "\n  {}", say("slips of the operator", "操作失误").words(language));
    if let Some(harmless) = slips.harmless() {
        let _ = writeln!(text, "    {}", harmless.words(language));
        return;
    }
    let (tried, costly) = (slips.tried, slips.dangerous.len());
    let _ = match language {
        Language::English => writeln!(text, "    {tried} were tried, {costly} of them cost something:"),
        Language::Chinese => writeln!(text, "    共演练 {tried} 种,其中 {costly} 种有代价:"),
    };
    for slip in slips.dangerous.iter().take(SHOWN) {
        let (what, costs) = (slip.what.words(language), slip.costs());
        let _ = writeln!(text, "    {}: {what} -> {}", slip.step, costs.words(language));
    }
    if costly > SHOWN {
        let more = costly - SHOWN;
        let _ = match language {
            Language::English => writeln!(text, "    and {more} more: --format json"),
            Language::Chinese => writeln!(text, "    其余 {more} 种见 --format json"),
        };
    }
}

fn phase_word(name: &str, zh: bool) -> &str {
    match (name, zh) {
        ("detect", true) => "发现",
        ("decide", true) => "决策",
        ("fence", true) => "隔离",
        ("promote", true) => "升主",
        ("replay", true) => "回放",
        ("reconnect", true) => "重连",
        _ => name,
    }
}

fn row(text: &mut String, name: &str, quantiles: Option<&Quantiles>, seed: &str) {
    let Some(of) = quantiles else { return };
    let room = " ".repeat(12_usize.saturating_sub(width(name)));
    let _ = write!(text, "  {name}{room}");
    for quantile in &of.quantiles {
        let _ = write!(text, " {:>26}", with_bounds(quantile));
    }
    let _ = writeln!(text, "   {} ({seed} {})", seconds(of.worst), of.worst_seed);
}

fn with_bounds(quantile: &Quantile) -> String {
    let bound = |bound: Option<u64>| bound.map_or("…".to_owned(), seconds);
    format!("{} [{} {}]", seconds(quantile.value), bound(quantile.low), bound(quantile.high))
}

fn objective(text: &mut String, name: &str, kept: &Kept, zh: bool) {
    let all = kept.met + kept.not_met + kept.could_not_tell;
    if all == 0 {
        return;
    }
    let (met, share) = (kept.met, percent(kept.met, all));
    let word = match (kept.met == all, zh) {
        (true, false) => "met",
        (true, true) => "达标",
        (false, false) => "NOT MET",
        (false, true) => "未达标",
    };
    let _ = match zh {
        false => writeln!(text, "  {name} objective {word}: in {met} of {all} runs ({share})"),
        true => writeln!(text, "  {name} 目标{word}:{all} 次中 {met} 次达标({share})"),
    };
}

fn endings(text: &mut String, rehearsal: &Rehearsal, zh: bool) {
    let _ = writeln!(text, "\n  {}", if zh { "各种结局" } else { "outcomes" });
    for share in rehearsal.endings.iter().take(SHOWN) {
        let part = percent(share.seeds, rehearsal.ran);
        let worst = match (share.worst_ns, zh) {
            (Some(worst), false) => format!("longest outage {}", seconds(worst)),
            (Some(worst), true) => format!("最长中断 {}", seconds(worst)),
            (None, false) => "service never returned".to_owned(),
            (None, true) => "服务未恢复".to_owned(),
        };
        let verdict = match (share.ending.verdict, zh) {
            ("as-expected", true) => "符合预期",
            ("not-as-expected", true) => "不符合预期",
            ("inconclusive", true) => "无法判定",
            (word, _) => word,
        };
        let (seed, told) = (if zh { "种子" } else { "seed" }, share.ending.told(zh));
        let _ = writeln!(text, "  {part:>6}  {verdict}  ({seed} {}; {worst})\n          {told}", share.example);
    }
    if rehearsal.endings.len() > SHOWN {
        let rest: u64 = rehearsal.endings.iter().skip(SHOWN).map(|share| share.seeds).sum();
        let kinds = rehearsal.endings.len() - SHOWN;
        let _ = match zh {
            false => writeln!(text, "  {:>6}  {kinds} rarer outcomes: --format json", percent(rest, rehearsal.ran)),
            true => writeln!(text, "  {:>6}  其余 {kinds} 种见 --format json", percent(rest, rehearsal.ran)),
        };
    }
}

/// `12.345s`.
fn seconds(nanoseconds: u64) -> String {
    let millis = (nanoseconds + 500_000) / 1_000_000;
    format!("{}.{:03}s", millis / 1_000, millis % 1_000)
}
