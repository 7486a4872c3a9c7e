//! The service: RTO and RPO against their objectives, other outages, losses and what clients counted.

use super::page::{Ink, Page, left, right, widest};
use crate::report::{Landmark, Met, Outage, Report, Span};

/// Lost commits and further outages that are listed by name.
const MOST_LISTED: usize = 5;

/// Columns of a measured value.
const VALUE: usize = 9;

pub(super) fn write(page: &mut Page<'_>, report: &Report) {
    let text = page.text;
    page.heading(text.headings.service, "");
    let labels = widest([
        text.labels.rto,
        text.labels.rpo,
        text.labels.from,
        text.labels.until,
        text.labels.other_outage,
        text.labels.clients,
        text.labels.lost,
    ]);
    write_recovery_time(page, report, labels);
    write_other_outages(page, report, labels);
    write_recovery_point(page, report, labels);
    write_clients(page, report, labels);
}

fn write_recovery_time(page: &mut Page<'_>, report: &Report, labels: usize) {
    let text = page.text;
    let rto = &report.objectives.rto;
    let measured = match (rto.measured, &rto.from) {
        (Some(_), None) => text.labels.no_outage.to_owned(),
        (Some(measured), _) => measured.to_string(),
        (None, _) => text.labels.never_returned.to_owned(),
    };
    write_objective(page, labels, text.labels.rto, &measured, rto.target, rto.met);
    for (label, landmark) in [(text.labels.from, &rto.from), (text.labels.until, &rto.until)] {
        if let Some(landmark) = landmark {
            write_landmark(page, labels, label, landmark);
        }
    }
}

fn write_objective(page: &mut Page<'_>, labels: usize, name: &str, measured: &str, target: Option<Span>, met: Met) {
    let text = page.text;
    let ink = match met {
        Met::Met => Ink::Good,
        Met::NotMet => Ink::Bad,
        Met::CouldNotTell => Ink::Doubtful,
        Met::NoTarget => Ink::Quiet,
    };
    let judgement = match target {
        Some(target) => format!("{} {target}{}{}", text.labels.objective, text.marks.colon, text.met(met)),
        None => text.met(met).to_owned(),
    };
    page.row(&[left(name, labels, Ink::Heading), left(measured, VALUE, Ink::Heading)], &judgement, ink);
}

fn write_landmark(page: &mut Page<'_>, labels: usize, label: &str, landmark: &Landmark) {
    let cells = [left(label, labels, Ink::Quiet), right(landmark.at.to_string(), VALUE, Ink::Quiet)];
    page.row(&cells, page.words(&landmark.what), Ink::Plain);
}

/// Every outage but the one the RTO is measured on.
fn write_other_outages(page: &mut Page<'_>, report: &Report, labels: usize) {
    let measured = report.objectives.rto.from.as_ref();
    let others: Vec<&Outage> =
        report.service.outages.iter().filter(|outage| Some(&outage.first_failed) != measured).collect();
    for outage in others.iter().take(MOST_LISTED) {
        let length = outage.length().map_or_else(|| page.text.labels.never_returned.to_owned(), |it| it.to_string());
        let cells = [
            left(page.text.labels.other_outage, labels, Ink::Quiet),
            right(outage.first_failed.at.to_string(), VALUE, Ink::Quiet),
        ];
        page.row(&cells, &length, Ink::Plain);
    }
    write_hidden(page, labels, others.len());
}

fn write_recovery_point(page: &mut Page<'_>, report: &Report, labels: usize) {
    let text = page.text;
    let rpo = &report.objectives.rpo;
    let measured = match (rpo.lost_commits, rpo.window) {
        (Some(lost), window) => (text.phrases.lost_commits)(lost, window.unwrap_or_default()),
        (None, _) => text.labels.unknown.to_owned(),
    };
    write_objective(page, labels, text.labels.rpo, &measured, rpo.target, rpo.met);
    for commit in report.service.lost_commits.iter().take(MOST_LISTED) {
        let cells =
            [left(text.labels.lost, labels, Ink::Bad), right(commit.acknowledged.to_string(), VALUE, Ink::Quiet)];
        page.row(&cells, &format!("{} ({}), {}", commit.name, commit.client, commit.position), Ink::Plain);
    }
    write_hidden(page, labels, report.service.lost_commits.len());
}

fn write_hidden(page: &mut Page<'_>, labels: usize, all: usize) {
    if all > MOST_LISTED {
        let words = (page.text.phrases.more_entries)(all - MOST_LISTED);
        page.row(&[left("", labels, Ink::Plain)], &words, Ink::Quiet);
    }
}

fn write_clients(page: &mut Page<'_>, report: &Report, labels: usize) {
    let clients = &report.service.clients;
    let phrases = &page.text.phrases;
    let mut words = (phrases.operations)(clients.ok, clients.failed, clients.unknown);
    if let Some(latency) = clients.latency {
        words = format!(
            "{words}{}{}",
            page.text.marks.semicolon,
            (phrases.latency)(latency.p50, latency.p99, latency.slowest)
        );
    }
    page.row(&[left(page.text.labels.clients, labels, Ink::Quiet)], &words, Ink::Plain);
}
