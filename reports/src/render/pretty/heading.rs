//! The top of the screen: which drill on which cluster.

use super::columns::harmless;
use super::page::{Ink, Page, left, widest};
use crate::report::{Cluster, Language, Report, Sentence};

pub(super) fn write(page: &mut Page<'_>, report: &Report) {
    write_titles(page, report);
    let text = page.text;
    let model = match &report.cluster.profile {
        Some(profile) => format!("{} {profile}", report.cluster.model),
        None => report.cluster.model.clone(),
    };
    let kind = (text.phrases.drill_of)(text.kind(report.drill.kind), &model);
    page.row(&[], &kind, Ink::Plain);
    let words = |said: Option<Sentence>| said.map(|said| page.words(&said).to_owned()).unwrap_or_default();
    let defects = report.cluster.defects.join(", ");
    let facts = [
        (text.labels.cluster, cluster(&report.cluster)),
        (text.labels.workload, words(report.cluster.workload())),
        (text.labels.defects, defects),
        (text.labels.hypothesis, words(report.drill.hypothesis())),
        (text.labels.because, words(report.verdict.expectation.because())),
    ];
    let labels = widest(facts.iter().map(|(label, _)| *label));
    for (label, fact) in facts.iter().filter(|(_, fact)| !fact.is_empty()) {
        page.row(&[left(label, labels, Ink::Quiet)], fact, Ink::Plain);
    }
}

/// The title in the language of the screen first, the other one under it.
fn write_titles(page: &mut Page<'_>, report: &Report) {
    let drill = &report.drill;
    let english = Some(drill.title.as_str());
    let (first, second) = match (page.language(), drill.title_zh.as_deref()) {
        (Language::Chinese, Some(chinese)) => (Some(chinese), english),
        (_, chinese) => (english, chinese),
    };
    let id = harmless(&drill.id);
    let line =
        format!("{}  {}", page.inked(&id, Ink::Heading), page.inked(&harmless(first.unwrap_or("")), Ink::Heading));
    page.line(&line);
    if let Some(second) = second {
        let indent = " ".repeat(super::columns::width(&id) + 2);
        let line = indent + &harmless(second);
        page.line(&line);
    }
}

fn cluster(cluster: &Cluster) -> String {
    let nodes: Vec<String> = cluster.nodes.iter().map(|node| format!("{} ({})", node.name, node.role)).collect();
    nodes.join(", ")
}
