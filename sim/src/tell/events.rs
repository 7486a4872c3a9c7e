//! What nodes announce, in words.
//!
//! In English an event is told by its own name, which is how a scenario waits for it and how one searches for it. The
//! Chinese page says what it means, by the tables of the products.

use nodes::operations::Phrase;
use nodes::product::{Product, events};
use nodes::world::trace::{Fields, Value};
use reports::Sentence;

/// What every product announces.
const COMMON: &[Phrase] =
    &[(events::ROLE_CHANGED, "角色变更"), (events::STATE_CHANGED, "状态变更"), (events::LOCK_CHANGED, "锁持有者变更")];

/// Procedures that announce their steps as `<procedure>-step.<step>`.
const PROCEDURES: &[Phrase] = &[("switchover", "switchover"), ("failover", "failover"), ("reform", "重组")];

/// An event in words, with its values.
pub(super) fn told(product: &Product, name: &str, fields: &Fields) -> Sentence {
    let readable = fields.iter().filter(|(_, value)| !is_start_time(value));
    let values: Vec<String> = readable.map(|(name, value)| format!("{name} {value}")).collect();
    let values = values.join(", ");
    let with = |words: &str| if values.is_empty() { words.to_owned() } else { format!("{words} ({values})") };
    match name {
        events::WRITES_OPENED => Sentence::new(with("accepts writes from now on"), with("开始接受写入")),
        events::WRITES_CLOSED => Sentence::new(with("accepts no writes any more"), with("停止接受写入")),
        events::CLUSTER_READY => Sentence::new(with("the cluster is ready"), with("集群就绪")),
        events::REPLAY_STARTED => Sentence::new(with("replay of the log begins"), with("开始回放日志")),
        events::REPLAY_FINISHED => Sentence::new(with("replay of the log is done"), with("日志回放完成")),
        events::FENCED => Sentence::new(with("a node is fenced"), with("节点已被隔离")),
        other => match chinese(product, other) {
            Some(chinese) => Sentence::new(with(other), with(&chinese)),
            None => Sentence::english(with(other)),
        },
    }
}

/// What an event of a product means in Chinese.
fn chinese(product: &Product, name: &str) -> Option<String> {
    let own = nodes::catalogue::operations(product.model).map(|operations| operations.events).unwrap_or_default();
    let find = |phrases: &[Phrase], wanted: &str| phrases.iter().find(|(name, _)| *name == wanted).map(|found| found.1);
    if let Some(phrase) = find(own, name).or_else(|| find(COMMON, name)) {
        return Some(phrase.to_owned());
    }
    let (procedure, step) = name.split_once("-step.").filter(|_| product.is_step(name))?;
    Some(format!("{}步骤 {step} 开始", find(PROCEDURES, procedure)?))
}

/// Whether a number is the microseconds at which some process began: names of lives to products, noise to readers.
fn is_start_time(value: &Value) -> bool {
    matches!(value, Value::Number(number) if number.unsigned_abs() > 100_000_000_000_000)
}

#[cfg(test)]
mod tests {
    use nodes::fields;

    use super::*;

    #[test]
    fn every_event_of_every_product_has_a_chinese_phrase() {
        for product in nodes::catalogue::products() {
            for event in product.events {
                let told = told(product, event.name, &fields! { node: 1 });
                let chinese = told.zh.unwrap_or_default();
                assert!(chinese.chars().any(is_chinese), "{} of {}: {chinese}", event.name, product.model);
                assert!(chinese.ends_with("(node 1)"), "{chinese}");
            }
        }
    }

    fn is_chinese(character: char) -> bool {
        ('\u{4e00}'..='\u{9fff}').contains(&character)
    }

    #[test]
    fn the_steps_of_a_round_are_told_by_the_round_they_belong_to() {
        let product = nodes::catalogue::find("opengauss_dms").expect("a product");
        let told = told(product, "switchover-step.demote", &fields! {});
        assert_eq!((told.en.as_str(), told.chinese()), ("switchover-step.demote", "switchover步骤 demote 开始"));
    }
}
