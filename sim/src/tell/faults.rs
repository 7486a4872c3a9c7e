//! The faults: planned beside done, with their proofs.

use nodes::world::device::{FaultCounts, FaultKind};
use nodes::world::time::Instant;
use reports::{EffectCounts, Fault, Sentence, sentence};

use super::Tale;
use super::moment::{moment, span};
use super::settings::planned;
use crate::run::record::{FaultRecord, WeatherRecord};

pub(super) fn faults(tale: &Tale<'_>) -> Vec<Fault> {
    let planned = tale.record.faults.iter().enumerate().map(|(number, record)| fault(tale, number, record));
    planned.chain(tale.record.weather.iter().map(weather)).collect()
}

/// What strikes a device by itself is in force from the beginning.
fn weather(record: &WeatherRecord) -> Fault {
    let WeatherRecord { device, kind, counts } = record;
    let (fired, observed, repaired) = (counts.fired, counts.observed, counts.repaired);
    let proof = Sentence::new(
        format!("{fired} times; {observed} seen, {repaired} mended"),
        format!("{fired} 次;{observed} 次被察觉,{repaired} 次被修复"),
    );
    Fault {
        name: format!("weather-{}", kind.name()),
        verb: kind.name().to_owned(),
        target: device.clone(),
        planned: "by chance, as [storage] says".to_owned(),
        planned_zh: Some("按 [storage] 给出的概率随机发生".to_owned()),
        told: Some(Sentence::new(format!("{} {device}", kind.name()), format!("设备 {device}:{}", in_chinese(*kind)))),
        fired: Some(moment(Instant::START)),
        ended: None,
        effects: effect_counts(*counts),
        proof: (fired > 0).then_some(proof),
    }
}

/// What strikes a device, in Chinese.
fn in_chinese(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::ReadError => "读错误",
        FaultKind::WriteError => "写错误",
        FaultKind::LatentSectorError => "潜在扇区错误",
        FaultKind::BitRot => "位腐烂",
        FaultKind::StaleRead => "读到旧内容",
        FaultKind::MisdirectedRead => "读错位置",
        FaultKind::MisdirectedWrite => "写错位置",
        FaultKind::LostWrite => "写丢失",
        FaultKind::TornWrite => "写撕裂",
        FaultKind::LyingFlush => "虚假刷盘",
        FaultKind::FailedFlush => "刷盘失败",
        FaultKind::Full => "空间写满",
        FaultKind::WriteProtected => "写保护",
        FaultKind::Slow => "变慢",
        FaultKind::Hang => "挂起",
        FaultKind::Stall => "停顿",
        FaultKind::Limp => "限速",
        FaultKind::LateWrite => "迟到的写",
        FaultKind::PathLoss => "路径中断",
        FaultKind::ReservationsLost => "预留丢失",
        FaultKind::PowerCut => "断电",
        FaultKind::Wipe => "数据清空",
    }
}

fn effect_counts(counts: FaultCounts) -> EffectCounts {
    let FaultCounts { armed, fired, observed, repaired, .. } = counts;
    EffectCounts { armed, fired, observed, repaired }
}

fn fault(tale: &Tale<'_>, number: usize, record: &FaultRecord) -> Fault {
    let drawn = &tale.draws.faults[number];
    let mut when = planned(&tale.scenario.faults[number].when, &drawn.when);
    if let Some(length) = record.lasts {
        when = sentence!("{} for {}", "{},持续 {}", when, span(length));
    }
    let fired = u64::from(record.fired.is_some());
    let bit = record.effects.observed > 0;
    Fault {
        name: record.name.clone(),
        verb: record.verb.to_owned(),
        target: if record.targets.is_empty() { "nobody".to_owned() } else { record.targets.join(", ") },
        planned: when.en,
        planned_zh: when.zh,
        told: Some(drawn.verb.story()),
        fired: record.fired.map(moment),
        ended: record.ended.map(moment),
        effects: match record.effects.counts {
            Some(counts) => effect_counts(counts),
            None => EffectCounts {
                armed: fired,
                fired,
                observed: record.effects.observed,
                repaired: u64::from(record.ended.is_some()),
            },
        },
        proof: bit.then(|| record.effects.account.clone()),
    }
}
