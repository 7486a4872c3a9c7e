//! The exports other programs draw: Chrome traces and ShiViz logs.

mod sample;

use std::collections::BTreeMap;

use reports::render::shiviz::shiviz;
use reports::render::trace::trace;
use sample::{hostile, surprise, switchover_fail};
use serde_json::Value;

#[test]
fn a_shiviz_log() {
    insta::assert_snapshot!(shiviz(&switchover_fail()));
}

/// What ShiViz refuses: a host missing from its own clock, or a local clock that does not count 1, 2, 3.
#[test]
fn every_host_counts_its_own_events_from_one() {
    for report in [switchover_fail(), surprise(), hostile()] {
        let log = shiviz(&report);
        let mut ticks: BTreeMap<String, u64> = BTreeMap::new();
        for line in log.lines().skip(2) {
            let (host, _) = line.split_once(" \"").expect("a host");
            let (_, clock) = line.rsplit_once("\" {").expect("a clock");
            let clock: BTreeMap<String, u64> = serde_json::from_str(&format!("{{{clock}")).expect("JSON");
            assert!(!host.contains(' '));
            let tick = ticks.entry(host.to_owned()).or_default();
            *tick += 1;
            assert_eq!(clock[host], *tick, "{line}");
        }
        assert!(!ticks.is_empty());
    }
}

#[test]
fn a_message_brings_what_its_sender_knew_and_a_lost_one_does_not() {
    let log = shiviz(&switchover_fail());
    let received =
        log.lines().find(|line| line.contains("receives SYNC_NEXT_STEP") && line.starts_with("dn3")).expect("received");
    assert!(received.contains("\"dn1\":"), "{received}");
    assert_eq!(log.matches("receives SYNC_STEP").count(), 1);
    assert!(log.contains("sends, lost: SYNC_STEP to dn2"));
}

#[test]
fn a_chrome_trace() {
    let text = trace(&surprise());
    let parsed: Value = serde_json::from_str(&text).expect("JSON");
    let mut events: Vec<String> =
        parsed["traceEvents"].as_array().expect("events").iter().map(Value::to_string).collect();
    // Counters repeat for every second: a few tell the shape.
    events.retain(|event| !event.contains("\"ph\":\"C\"") || event.contains("\"ts\":20000000"));
    insta::assert_snapshot!(events.join("\n"));
}

#[test]
fn every_arrow_of_a_trace_begins_and_ends_in_a_slice_of_a_named_thread() {
    for report in [switchover_fail(), hostile()] {
        let parsed: Value = serde_json::from_str(&trace(&report)).expect("JSON");
        let events = parsed["traceEvents"].as_array().expect("events");
        let place = |event: &Value| (event["pid"].to_string(), event["tid"].to_string());
        let of_phase = |phase: &'static str| events.iter().filter(move |event| event["ph"] == phase);
        let threads: Vec<_> = of_phase("M").filter(|event| event["name"] == "thread_name").map(place).collect();
        for arrow in of_phase("s").chain(of_phase("f")) {
            assert!(threads.contains(&place(arrow)), "{arrow}");
            assert!(of_phase("X").any(|slice| place(slice) == place(arrow) && slice["ts"] == arrow["ts"]), "{arrow}");
        }
        assert_eq!(of_phase("s").count(), of_phase("f").count());
        assert!(of_phase("X").all(|slice| slice["dur"].is_u64()));
    }
}
