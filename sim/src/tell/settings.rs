//! Every setting that was in force, and where it came from.

use reports::{Origin, Sentence, Setting, sentence};

use super::Tale;
use super::moment::span;
use crate::draws::DrawnWhen;
use crate::scenario::model::{Damage, When};
use crate::scenario::values::{DurationRange, print_duration};

pub(super) fn settings(tale: &Tale<'_>) -> Vec<Setting> {
    let mut settings = written(tale);
    settings.extend(drawn(tale));
    let defaults = tale.scenario.defaults.iter();
    settings.extend(defaults.map(|default| setting(&default.key, &default.value, Origin::Default)));
    settings.extend(parameters_left_alone(tale));
    settings.sort_by(|one, other| one.name.cmp(&other.name));
    for setting in settings.iter_mut().filter(|setting| setting.value == UNBOUNDED) {
        setting.value_zh = Some("unbounded(只判定安全性)".to_owned());
    }
    settings
}

fn setting(name: &str, value: &str, origin: Origin) -> Setting {
    Setting { name: name.to_owned(), value: value.to_owned(), value_zh: None, origin }
}

fn written(tale: &Tale<'_>) -> Vec<Setting> {
    let scenario = tale.scenario;
    let set = scenario.product.set.iter();
    let mut settings: Vec<Setting> =
        set.map(|(name, value)| setting(&format!("product.{name}"), &value.to_string(), Origin::Written)).collect();
    let mut say = |name: &str, value: String| {
        if !scenario.defaults.iter().any(|default| default.key == name) {
            settings.push(setting(name, &value, Origin::Written));
        }
    };
    if let Some(workload) = &scenario.workload {
        say("workload.kind", workload.kind.clone());
        say("workload.clients", workload.clients.to_string());
        say("workload.rate", workload.rate.to_string());
        say("workload.keys", workload.keys.to_string());
        say("workload.reads", workload.reads.to_string());
        say("workload.timeout", print_duration(workload.timeout));
    }
    say("network.latency", scenario.network.default.latency.to_string());
    say("storage.damage", damage(scenario.storage.damage).to_owned());
    say("storage.latency", scenario.storage.default.latency.to_string());
    say("run.time-limit", print_duration(scenario.run.time_limit));
    say("run.steps-limit", scenario.run.steps_limit.to_string());
    settings
}

const UNBOUNDED: &str = "unbounded (only safety is judged)";

/// Whether liveness is judged too depends on it.
fn damage(damage: Damage) -> &'static str {
    match damage {
        Damage::Bounded => "bounded",
        Damage::Unbounded => UNBOUNDED,
    }
}

/// Parameters of the product that the scenario left at their defaults.
fn parameters_left_alone(tale: &Tale<'_>) -> Vec<Setting> {
    let left = tale.product.parameters.iter().filter(|it| !tale.scenario.product.set.contains_key(it.name));
    left.map(|it| setting(&format!("product.{}", it.name), it.default, Origin::Default)).collect()
}

/// What the seed chose about steps and faults.
fn drawn(tale: &Tale<'_>) -> Vec<Setting> {
    let steps = tale.scenario.steps.iter().zip(&tale.draws.steps);
    let steps = steps.filter_map(|(step, drawn)| chosen("step", &step.name, &step.when, &drawn.when));
    let faults = tale.scenario.faults.iter().zip(&tale.draws.faults);
    let faults = faults.flat_map(|(fault, drawn)| {
        let length = fault.lasts.filter(|range| !range.is_fixed()).zip(drawn.lasts);
        let length = length
            .map(|(_, length)| setting(&format!("fault.{}.for", fault.name), &print_duration(length), Origin::Drawn));
        [chosen("fault", &fault.name, &fault.when, &drawn.when), length]
    });
    steps.chain(faults.flatten()).collect()
}

fn chosen(kind: &str, name: &str, written: &When, drawn: &DrawnWhen) -> Option<Setting> {
    let (range, key, length) = match (written, drawn) {
        (When::At(range), DrawnWhen::At { at }) => (range, "at", at),
        (When::After { delay, .. }, DrawnWhen::After { delay: length, .. }) => (delay, "delay", length),
        _ => return None,
    };
    let name = format!("{kind}.{name}.{key}");
    (!range.is_fixed()).then(|| setting(&name, &print_duration(*length), Origin::Drawn))
}

/// When a step or a fault was to begin: `at 20s`, `12ms after dn2.reformer-lock.acquired (0s..50ms, drawn)`.
pub(super) fn planned(written: &When, drawn: &DrawnWhen) -> Sentence {
    match (written, drawn) {
        (When::At(range), DrawnWhen::At { at }) => {
            sentence!("at {}{}", "{} 时{}", span(*at), remark(range))
        }
        (When::After { delay, nth, .. }, DrawnWhen::After { after, delay: length, .. }) => {
            let (later, later_zh) = match length.is_zero() {
                true => (String::new(), String::new()),
                false => (format!("{} ", span(*length)), format!(" {}", span(*length))),
            };
            let which = if *nth > 1 { sentence!(", occurrence {nth}", "(第 {nth} 次)") } else { Sentence::default() };
            sentence!("{later}after {after}{}{}", "{after} {}之后{later_zh}{}", which, remark(delay))
        }
        _ => Sentence::default(),
    }
}

fn remark(range: &DurationRange) -> Sentence {
    if range.is_fixed() { Sentence::default() } else { sentence!(" ({range}, drawn)", "({range} 内抽取)") }
}
