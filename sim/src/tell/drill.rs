//! The drill card and the cluster, as the scenario declares them.

use reports::{Cluster, DrillCard, DrillKind, Node, Sentence};

use super::Tale;
use crate::scenario::model::{self, Drill};

pub(super) fn card(drill: &Drill) -> DrillCard {
    DrillCard {
        id: drill.id.clone(),
        title: drill.title.clone(),
        title_zh: drill.title_zh.clone(),
        kind: match drill.kind {
            model::DrillKind::Tabletop => DrillKind::Tabletop,
            model::DrillKind::Simulation => DrillKind::Simulation,
            model::DrillKind::Live => DrillKind::Live,
        },
        level: drill.level.clone(),
        hypothesis: english(&drill.hypothesis),
        hypothesis_zh: chinese(&drill.hypothesis),
        scope: english(&drill.scope),
        scope_zh: chinese(&drill.scope),
        rollback: english(&drill.rollback),
        rollback_zh: chinese(&drill.rollback),
        owner: drill.owner.clone(),
        tags: drill.tags.clone(),
    }
}

fn english(said: &Option<Sentence>) -> Option<String> {
    said.as_ref().map(|said| said.en.clone())
}

fn chinese(said: &Option<Sentence>) -> Option<String> {
    said.as_ref().and_then(|said| said.zh.clone())
}

pub(super) fn cluster(tale: &Tale<'_>) -> Cluster {
    let scenario = tale.scenario;
    let workload = scenario.workload.as_ref();
    let node = |node: &model::Node| Node { name: node.name.clone(), role: node.role.clone() };
    Cluster {
        model: scenario.product.model.clone(),
        profile: scenario.product.profile.clone(),
        defects: scenario.product.defects.clone(),
        nodes: scenario.nodes.iter().map(node).collect(),
        workload: workload.map(|it| format!("{}, {} clients, {}, {} keys", it.kind, it.clients, it.rate, it.keys)),
        workload_zh: workload
            .map(|it| format!("{},{} 个客户端,速率 {},{} 个键", it.kind, it.clients, it.rate, it.keys)),
    }
}
