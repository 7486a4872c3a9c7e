//! What all faults of links share: rules in the network, and packets counted by them.

use nodes::world::network::{Effect, End, Rule, RuleId};

use super::{Begun, Effects, Injection, Scene, listed};
use crate::run::stage::Stage;
use crate::scenario::model::NodeSelector;
use crate::scenario::verbs::network::{Direction, LinkTarget};

/// How the packets that a rule has touched are told, in both languages: what comes after their number.
#[derive(Clone, Copy)]
pub(super) struct Words {
    pub(super) english: &'static str,
    pub(super) chinese: &'static str,
}

/// Rules in force.
struct Ruled {
    rules: Vec<RuleId>,
    words: Words,
}

/// From whom to whom packets are touched.
pub(super) type Way = (Vec<End>, Vec<End>);

/// Adds a rule for each way.
pub(super) fn rule(scene: &Scene<'_>, targets: Vec<String>, ways: Vec<Way>, effect: Effect, words: Words) -> Begun {
    let rules = ways
        .into_iter()
        .filter(|(from, to)| !(from.is_empty() && to.is_empty()) || targets == [EVERY_LINK])
        .map(|(from, to)| scene.stage.world().add_rule(Rule { from, to, message: None, effect }))
        .collect();
    Begun { targets, injection: Box::new(Ruled { rules, words }) }
}

const EVERY_LINK: &str = "every link";

/// All ways, and their name.
pub(super) fn every_way() -> (Vec<String>, Vec<Way>) {
    (vec![EVERY_LINK.to_owned()], vec![(Vec::new(), Vec::new())])
}

/// The ways over certain links, and their names.
pub(super) fn ways(scene: &Scene<'_>, link: &LinkTarget, pick: u32) -> (Vec<String>, Vec<Way>) {
    let Some([first, second]) = &link.between else { return every_way() };
    let (there, here) = (ends(scene, first, pick), ends(scene, second, pick));
    let names = vec![format!("{} and {}", names(scene, &there), names(scene, &here))];
    // An empty side would mean everybody to the network, but nobody is meant.
    if there.is_empty() || here.is_empty() {
        return (names, Vec::new());
    }
    let ways = match link.direction {
        Direction::Both => vec![(there.clone(), here.clone()), (here, there)],
        Direction::To => vec![(there, here)],
        Direction::From => vec![(here, there)],
    };
    (names, ways)
}

/// Who is meant at one end of a link.
pub(super) fn ends(scene: &Scene<'_>, selector: &NodeSelector, pick: u32) -> Vec<End> {
    match selector.process {
        Some(_) => scene.stage.processes(selector, pick).into_iter().map(End::Process).collect(),
        None => scene.stage.hosts(&selector.host, pick).into_iter().map(End::Host).collect(),
    }
}

/// Names of ends, for people.
pub(super) fn names(scene: &Scene<'_>, ends: &[End]) -> String {
    let name = |end: &End| match end {
        End::Host(host) => scene.stage.world().host_name(*host).to_string(),
        End::Process(process) => scene.stage.process_name(*process),
    };
    match ends {
        [] => "nobody".to_owned(),
        _ => listed(&ends.iter().map(name).collect::<Vec<_>>()),
    }
}

impl Injection for Ruled {
    fn effects(&self, stage: &Stage) -> Effects {
        let touched = self.rules.iter().map(|rule| stage.world().rule_hits(*rule)).sum();
        let Words { english, chinese } = self.words;
        Effects::seen(touched, format!("{touched} packets {english}"), format!("{touched} 个报文{chinese}"))
    }

    fn end(&mut self, stage: &Stage) {
        for rule in &self.rules {
            stage.world().remove_rule(*rule);
        }
    }
}
