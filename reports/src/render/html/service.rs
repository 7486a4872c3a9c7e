//! Throughput and latency over time, with faults and outages shaded.
//!
//! Outcomes are stacked and kept apart: ok, failed, unknown. Latency is drawn on a scale of doublings, because
//! the slowest operation of a failover is a thousand times the median.

use maud::{Markup, html};

use super::scale::{Place, Scale};
use super::words::{both, section as with_heading};
use crate::report::{ClientBucket, ClientStatistics, Moment, Report, Span};

const HEIGHT: u64 = 120;

/// Bars beyond this many are merged with their neighbours.
const MOST_BARS: usize = 360;

/// The latency scale reaches from 64 microseconds to 70 seconds, twenty doublings.
const FASTEST: u32 = 16;
const DOUBLINGS: u64 = 20;

/// Latencies that get a line.
const ROUND_LATENCIES: [Span; 5] =
    [Span::from_millis(1), Span::from_millis(10), Span::from_millis(100), Span::from_secs(1), Span::from_secs(10)];

pub(super) fn section(report: &Report, scale: &Scale) -> Markup {
    let clients = &report.service.clients;
    if clients.buckets.is_empty() {
        return Markup::default();
    }
    let bars = merged(clients);
    let body = html! {
        p { (both(|text| (text.phrases.operations)(clients.ok, clients.failed, clients.unknown))) }
        @if let Some(latency) = clients.latency {
            p { (both(|text| (text.phrases.latency)(latency.p50, latency.p99, latency.slowest))) }
        }
        h3 { (both(|text| text.page.operations.throughput)) }
        (chart(report, scale, throughput(report, scale, &bars)))
        h3 { (both(|text| text.page.operations.latency)) }
        (chart(report, scale, latency(report, scale, &bars)))
    };
    with_heading("service", |text| text.page.sections.service, body)
}

/// Buckets, as few neighbours put together as leave no more bars than fit.
fn merged(clients: &ClientStatistics) -> Vec<ClientBucket> {
    let together = clients.buckets.len().div_ceil(MOST_BARS).max(1);
    let add = |buckets: &[ClientBucket]| {
        buckets.iter().skip(1).fold(buckets[0], |sum, bucket| ClientBucket {
            ok: sum.ok + bucket.ok,
            failed: sum.failed + bucket.failed,
            unknown: sum.unknown + bucket.unknown,
            // Medians cannot be added; the larger one hides no slowness.
            median: sum.median.max(bucket.median),
            slowest: sum.slowest.max(bucket.slowest),
            ..sum
        })
    };
    clients.buckets.chunks(together).map(add).collect()
}

fn chart(report: &Report, scale: &Scale, content: Markup) -> Markup {
    html! {
        div.scroll.wide tabindex="0" {
            svg.zoomed width="100%" height=(HEIGHT + 20) role="img" aria-labelledby="heading-service" {
                @for fault in &report.faults {
                    @if let Some(fired) = fault.fired {
                        @let (x, width) = scale.stretch(fired, fault.ended.unwrap_or(fired));
                        rect class="shade" x=(x) y="0" width=(width) height=(HEIGHT) { title { (fault.name) } }
                    }
                }
                (content)
                line class="row" x1="0" x2="100%" y1=(HEIGHT) y2=(HEIGHT) {}
                @for at in scale.ticks() {
                    (scale.place(at).label(HEIGHT + 15, at))
                }
            }
        }
    }
}

/// Each bar with the place it begins at and the width it has.
fn placed<'a>(
    report: &Report,
    scale: &'a Scale,
    bars: &'a [ClientBucket],
) -> impl Iterator<Item = (Place, Place, &'a ClientBucket)> {
    let end = report.end();
    bars.iter().enumerate().map(move |(index, bar)| {
        let next = bars.get(index + 1).map_or(end, |next: &ClientBucket| next.from);
        let (x, width) = scale.stretch(bar.from, Moment(next.0.max(bar.from.0 + 1)));
        (x, width, bar)
    })
}

fn throughput(report: &Report, scale: &Scale, bars: &[ClientBucket]) -> Markup {
    let most = bars.iter().map(|bar| bar.ok + bar.failed + bar.unknown).max().unwrap_or(0).max(1);
    let height = |count: u64| if count == 0 { 0 } else { (count * (HEIGHT - 8) / most).max(2) };
    html! {
        @for (x, width, bar) in placed(report, scale, bars) {
            @let (ok, failed, unknown) = (height(bar.ok), height(bar.failed), height(bar.unknown));
            @let words = format!("{}: {} / {} / {}", bar.from, bar.ok, bar.failed, bar.unknown);
            g {
                title { (words) }
                rect class="ok" x=(x) width=(width) y=(HEIGHT - ok) height=(ok) {}
                rect class="failed" x=(x) width=(width) y=(HEIGHT.saturating_sub(ok + failed)) height=(failed) {}
                rect class="unknown" x=(x) width=(width) y=(HEIGHT.saturating_sub(ok + failed + unknown)) height=(unknown) {}
            }
        }
        text class="tick" x="2" y="10" { (most) }
    }
}

fn latency(report: &Report, scale: &Scale, bars: &[ClientBucket]) -> Markup {
    html! {
        @for round in ROUND_LATENCIES {
            @let y = HEIGHT - doublings(round);
            line class="tick" x1="0" x2="100%" y1=(y) y2=(y) {}
            text class="tick" x="2" y=(y - 2) { (round) }
        }
        @for (x, width, bar) in placed(report, scale, bars) {
            @if let (Some(median), Some(slowest)) = (bar.median, bar.slowest) {
                @let (low, high) = (doublings(median), doublings(slowest));
                rect class="latency" x=(x) width=(width) y=(HEIGHT - high) height=((high - low.min(high)).max(2)) {
                    title { (bar.from) ": " (median) " - " (slowest) }
                }
            }
        }
    }
}

/// The height of a latency: so many doublings, and a straight line between two of them.
fn doublings(span: Span) -> u64 {
    let span = span.0.max(1 << FASTEST);
    let power = span.ilog2();
    let fraction = ((u128::from(span - (1 << power)) * 1_000) >> power) as u64;
    ((u64::from(power - FASTEST) * 1_000 + fraction) * HEIGHT / (DOUBLINGS * 1_000)).min(HEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_as_slow_is_one_step_higher_and_nothing_leaves_the_chart() {
        let step = HEIGHT / DOUBLINGS;
        assert_eq!(doublings(Span(1 << 21)) - doublings(Span(1 << 20)), step);
        assert_eq!(doublings(Span(0)), 0);
        assert_eq!(doublings(Span(u64::MAX)), HEIGHT);
    }

    #[test]
    fn merging_loses_no_operation() {
        let buckets: Vec<ClientBucket> = (0..1_000)
            .map(|second| ClientBucket { from: Moment(second), ok: 3, failed: 2, unknown: 1, ..Default::default() })
            .collect();
        let bars = merged(&ClientStatistics { buckets, ..Default::default() });
        assert!(bars.len() <= MOST_BARS);
        assert_eq!(bars.iter().map(|bar| bar.ok + bar.failed + bar.unknown).sum::<u64>(), 6_000);
    }
}
