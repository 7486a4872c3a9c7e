//! The picture of the timeline: steps, faults, a lane for each host, client outcomes, and the strip "who may write".
//!
//! Names stand in a column of their own, so that they stay when the picture is zoomed and scrolled. Rows have
//! fixed heights that the style sheet repeats.

use maud::{Markup, html};

use super::marks::{Shape, kind_class, mark};
use super::scale::{Place, Scale, WHOLE};
use super::timeline::shown;
use super::words::{both, tooltip};
use crate::render::hosts::hosts;
use crate::report::{ClientBucket, LaneInterval, Moment, Report, Standing, WriteInterval};

const AXIS: u64 = 36;
const DEED: u64 = 22;
const LANE: u64 = 44;
const CLIENTS: u64 = 44;
const WRITER: u64 = 18;

/// Marks beyond this many would cover each other.
const MOST_MARKS: usize = 600;

pub(super) fn picture(report: &Report, scale: &Scale) -> Markup {
    let acts = |host: &&str| {
        let is_lane = report.lanes.iter().any(|lane| lane.node == *host);
        is_lane || report.timeline.iter().any(|entry| entry.lane.as_deref() == Some(*host))
    };
    let hosts: Vec<&str> = hosts(report).into_iter().filter(acts).collect();
    let writers: Vec<&str> =
        hosts.iter().copied().filter(|host| report.writers.iter().any(|writer| writer.node == *host)).collect();
    let lanes = AXIS + 2 * DEED;
    let clients = lanes + LANE * hosts.len() as u64;
    let strip = clients + CLIENTS;
    let height = strip + WRITER * writers.len().max(1) as u64;
    html! {
        div.picture {
            (row_names(&hosts, &writers))
            div.scroll.wide tabindex="0" {
                svg.zoomed width="100%" height=(height) role="img" aria-labelledby="heading-timeline" {
                    (patterns())
                    (axis(scale, height))
                    (outages(report, scale, height))
                    (fault_shades(report, scale, height))
                    (steps(report, scale))
                    (faults(report, scale))
                    @for (index, host) in hosts.iter().enumerate() {
                        (lane(report, scale, host, lanes + LANE * index as u64))
                    }
                    (events(report, scale, &hosts, lanes))
                    (client_outcomes(report, scale, clients))
                    @for (index, writer) in writers.iter().enumerate() {
                        (write_row(report, scale, writer, index, strip + WRITER * index as u64))
                    }
                    (conflicts(report, scale, strip, height - strip))
                    (first_violation(report, scale, height))
                    line id="cursor" class="cursor" x1="0" x2="0" y1="0" y2=(height) visibility="hidden" {}
                }
            }
        }
    }
}

fn row_names(hosts: &[&str], writers: &[&str]) -> Markup {
    html! {
        div.names aria-hidden="true" {
            div.axis-row { }
            div.deed-row { (both(|text| text.labels.step)) }
            div.deed-row { (both(|text| text.labels.fault)) }
            @for host in hosts { div.lane-row { (host) } }
            div.client-row { (both(|text| text.labels.clients)) }
            @for writer in writers { div.writer-row { (both(|text| text.labels.could_write)) " " (writer) } }
            @if writers.is_empty() { div.writer-row { (both(|text| text.labels.nobody)) } }
        }
    }
}

/// Hatching, so that the states of a lane differ without colour.
fn patterns() -> Markup {
    let hatch = |id: &str, path: &str| {
        html! {
            pattern id=(id) width="8" height="8" patternUnits="userSpaceOnUse" {
                rect class=(id) width="8" height="8" {}
                path class="hatch" d=(path) {}
            }
        }
    };
    html! {
        defs {
            (hatch("fill-down", "M0 0L8 8M8 0L0 8"))
            (hatch("fill-starting", "M0 8L8 0"))
            (hatch("fill-changing", "M0 4H8"))
            (hatch("fill-conflict", "M0 8L8 0M-2 2L2 -2M6 10L10 6"))
        }
    }
}

pub(super) fn standing_class(standing: Standing) -> &'static str {
    match standing {
        Standing::Down => "down",
        Standing::Starting => "starting",
        Standing::Standby => "standby",
        Standing::Changing => "changing",
        Standing::Primary => "primary",
    }
}

fn axis(scale: &Scale, height: u64) -> Markup {
    html! {
        @for at in scale.ticks() {
            @let place = scale.place(at);
            line class="tick" x1=(place) x2=(place) y1=(AXIS - 6) y2=(height) {}
            (place.label(AXIS - 10, at))
        }
    }
}

/// A band over the whole height while nobody was served.
fn outages(report: &Report, scale: &Scale, height: u64) -> Markup {
    html! {
        @for outage in &report.service.outages {
            @let until = outage.first_durable.as_ref().map_or(report.end(), |durable| durable.at);
            @let (x, width) = scale.stretch(outage.first_failed.at, until);
            rect class="outage" x=(x) y=(AXIS) width=(width) height=(height - AXIS) {
                title { (tooltip(&outage.first_failed.what)) }
            }
        }
    }
}

fn fault_shades(report: &Report, scale: &Scale, height: u64) -> Markup {
    html! {
        @for fault in &report.faults {
            @if let Some(fired) = fault.fired {
                @let (x, width) = scale.stretch(fired, fault.ended.unwrap_or(fired));
                rect class="shade" x=(x) y=(AXIS) width=(width) height=(height - AXIS) { title { (fault.name) } }
            }
        }
    }
}

/// A bar with its name in it, as much of the name as fits.
fn bar(x: Place, width: Place, top: u64, height: u64, class: &str, name: &str, words: &str) -> Markup {
    html! {
        svg x=(x) y=(top) width=(width) height=(height) {
            rect class=(class) width="100%" height="100%" {}
            text class="name" x="4" y=(height / 2 + 4) { (name) }
            title { (words) }
        }
    }
}

fn steps(report: &Report, scale: &Scale) -> Markup {
    html! {
        @for step in &report.runbook {
            @if let Some(started) = step.started {
                @let (x, width) = scale.stretch(started, step.ended.unwrap_or(report.end()));
                @let words = format!("{started} {}: {}", step.name, step.command);
                (bar(x, width, AXIS + 2, DEED - 4, "deed step", &step.name, &words))
            }
        }
    }
}

/// A fault that has no end gets the rest of the row for its name.
fn faults(report: &Report, scale: &Scale) -> Markup {
    html! {
        @for fault in &report.faults {
            @if let Some(fired) = fault.fired {
                @let words = format!("{fired} {}: {}", fault.name, tooltip(&fault.deed()));
                @match fault.ended {
                    Some(ended) => {
                        @let (x, width) = scale.stretch(fired, ended);
                        (bar(x, width, AXIS + DEED + 2, DEED - 4, "deed fault", &fault.name, &words))
                    }
                    None => {
                        @let x = scale.place(fired);
                        (mark(x, AXIS + DEED + DEED / 2, "mark fault", Shape::Cross, &words))
                        svg x=(x) y=(AXIS + DEED) width=(Place(WHOLE.0 - x.0)) height=(DEED) {
                            text class="name" x="9" y=(DEED / 2 + 4) { (fault.name) }
                        }
                    }
                }
            }
        }
    }
}

fn lane(report: &Report, scale: &Scale, host: &str, top: u64) -> Markup {
    let intervals = report.lanes.iter().filter(|lane| lane.node == host).flat_map(|lane| &lane.intervals);
    html! {
        line class="row" x1="0" x2="100%" y1=(top) y2=(top) {}
        @for interval in intervals {
            (lane_interval(interval, report.end(), scale, top))
        }
    }
}

fn lane_interval(interval: &LaneInterval, end: Moment, scale: &Scale, top: u64) -> Markup {
    let (x, width) = scale.stretch(interval.from, interval.until.unwrap_or(end));
    let class = format!("lane {}", standing_class(interval.standing));
    let name = interval.term.map_or_else(|| interval.state.clone(), |term| format!("{} ({term})", interval.state));
    let words = format!("{} {name}", interval.from);
    bar(x, width, top + 3, 22, &class, &name, &words)
}

/// Marks under the lane of the host they belong to.
fn events(report: &Report, scale: &Scale, hosts: &[&str], lanes: u64) -> Markup {
    let row = |lane: &Option<String>| hosts.iter().position(|host| Some(*host) == lane.as_deref());
    html! {
        @for entry in shown(report, MOST_MARKS) {
            @if let Some(row) = row(&entry.lane) {
                @let top = lanes + LANE * row as u64 + 34;
                @let words = format!("{} {}", entry.at, tooltip(&entry.text));
                (mark(scale.place(entry.at), top, kind_class(entry.kind), Shape::of(entry.kind), &words))
            }
        }
    }
}

/// One row of dots for each outcome; a bucket shows a dot for every outcome it had.
fn client_outcomes(report: &Report, scale: &Scale, top: u64) -> Markup {
    let outcomes = |bucket: &ClientBucket| {
        [
            (bucket.ok, "mark ok", Shape::Disc, 8),
            (bucket.failed, "mark failed", Shape::Cross, 22),
            (bucket.unknown, "mark unknown", Shape::Triangle, 36),
        ]
    };
    html! {
        line class="row" x1="0" x2="100%" y1=(top) y2=(top) {}
        @for bucket in &report.service.clients.buckets {
            @for (count, class, shape, offset) in outcomes(bucket) {
                @if count > 0 {
                    @let words = format!("{}: {}", bucket.from, count);
                    (mark(scale.place(bucket.from), top + offset, class, shape, &words))
                }
            }
        }
    }
}

fn write_row(report: &Report, scale: &Scale, node: &str, index: usize, top: u64) -> Markup {
    let class = format!("write writer-{}", index % 6);
    let intervals = report.writers.iter().filter(|writer| writer.node == node);
    html! {
        line class="row" x1="0" x2="100%" y1=(top) y2=(top) {}
        @for interval in intervals {
            (write_interval(interval, report.end(), scale, &class, top))
        }
    }
}

fn write_interval(interval: &WriteInterval, end: Moment, scale: &Scale, class: &str, top: u64) -> Markup {
    let (x, width) = scale.stretch(interval.from, interval.until.unwrap_or(end));
    let name = format!("{} {}", interval.node, interval.log);
    let words = format!("{} {name}: {}", interval.from, interval.writes);
    bar(x, width, top + 1, WRITER - 2, class, &name, &words)
}

/// Red hatching over the whole strip while two nodes could write the same log.
fn conflicts(report: &Report, scale: &Scale, top: u64, height: u64) -> Markup {
    html! {
        @for conflict in report.write_conflicts() {
            @let (x, width) = scale.stretch(conflict.from, conflict.until);
            rect class="conflict" x=(x) y=(top) width=(width) height=(height) {
                title { (conflict.nodes.join(", ")) ": " (conflict.log) }
            }
        }
    }
}

fn first_violation(report: &Report, scale: &Scale, height: u64) -> Markup {
    let check = report.first_violation();
    let evidence = check.and_then(|check| check.evidence);
    html! {
        @if let (Some(check), Some(evidence)) = (check, evidence) {
            @let place = scale.place(evidence.at);
            g id="first-violation" tabindex="-1" {
                line class="violation" data-at=(evidence.at.0) x1=(place) x2=(place) y1="0" y2=(height) {}
                text class="violation" x=(place) y="12" dx="4" { (check.name) " " (evidence.at) }
            }
        }
    }
}
