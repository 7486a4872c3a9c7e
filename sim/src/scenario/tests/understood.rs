//! Sound files and what they mean.

use std::time::Duration;

use super::{PROMOTE_BEFORE_STOP, SWITCHOVER_FAIL, accepted};
use crate::scenario::explain;
use crate::scenario::model::{
    ExpectedVerdict, HostSelector, IfFails, Moment, Promise, Reached, RoleSelector, Trigger, When,
};
use crate::scenario::verbs::{FaultVerb, StepVerb};

#[test]
fn the_switchover_example_is_understood() {
    let scenario = accepted(SWITCHOVER_FAIL);
    assert_eq!((scenario.name.as_str(), scenario.nodes.len()), ("drill", 3));

    let step = scenario.step("switchover").unwrap();
    let StepVerb::Command(command) = &step.verb else { panic!("{step:?}") };
    assert_eq!((command.words.as_slice(), command.option("-n")), (&["switchover".to_owned()][..], Some("2")));
    assert_eq!((step.if_fails, step.place.line), (IfFails::Continue, 37));

    let fault = scenario.fault("kill-new-primary").unwrap();
    let When::After { trigger: Trigger::Announced { node, event }, delay, nth: 1 } = &fault.when else {
        panic!("{fault:?}")
    };
    assert_eq!((node.to_string().as_str(), event.as_str()), ("dn2", "reformer-lock.acquired"));
    assert_eq!((delay.low, delay.high), (Duration::ZERO, Duration::from_millis(50)));
    assert!(matches!(&fault.verb, FaultVerb::Kill(kill) if kill.target.host_name() == Some("dn2")));

    assert!(matches!(&scenario.checks[2].promise, Promise::Sometimes(Reached::Announced { .. })));
    let Promise::Eventually { after: Some(Trigger::Fault(name, Moment::Started)), .. } = &scenario.checks[3].promise
    else {
        panic!("{:?}", scenario.checks[3])
    };
    assert_eq!(name, "kill-new-primary");
}

#[test]
fn the_promote_example_is_understood() {
    let scenario = accepted(PROMOTE_BEFORE_STOP);
    let stop = scenario.step("stop-old").unwrap();
    assert!(
        matches!(&stop.when, When::After { trigger: Trigger::Step(name, Moment::Ended), .. } if name == "promote-new")
    );
    assert_eq!(scenario.product.set["polar_logindex_mem_size"].to_string(), "64MB");
    assert_eq!(scenario.workload.unwrap().pause.unwrap().lasts, Duration::from_secs(1));
    let ExpectedVerdict::Violation(of) = scenario.expect.verdict else { panic!() };
    assert_eq!(of, ["single-writer", "no-lost-commit"]);
}

#[test]
fn a_file_that_says_little_means_its_defaults() {
    let scenario = accepted(LITTLE);
    let names: Vec<&str> = scenario.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["dn1", "dn2", "dn3"]);
    assert_eq!(scenario.run.time_limit, Duration::from_secs(300));
    assert_eq!(scenario.expect.verdict, ExpectedVerdict::Pass);
    assert!(scenario.workload.is_none());
    insta::assert_snapshot!("explained_little", explain(&scenario));
}

const LITTLE: &str = "
format = 1
[drill]
id = 'X'
title = 'Little'
[product]
model = 'opengauss_dms'
[[node]]
name = 'dn'
role = 'standby'
count = 3
[[check]]
always = 'single-writer'
";

#[test]
fn roles_processes_ends_and_rules_for_links_are_understood() {
    let scenario = accepted(&format!("{LITTLE}{RICH}"));
    let hit = scenario.fault("hit").unwrap();
    let FaultVerb::Kill(kill) = &hit.verb else { panic!("{hit:?}") };
    assert_eq!(kill.target.host, HostSelector::Role(RoleSelector::Product("cm-primary".to_owned())));
    assert_eq!(kill.target.process.as_deref(), Some("cm_server"));
    assert!(
        matches!(&hit.when, When::After { trigger: Trigger::Step(name, Moment::Started), nth: 2, .. } if name == "go")
    );
    assert_eq!(scenario.network.links[0].weather.loss.to_string(), "1/100");
    assert_eq!(scenario.network.links[0].weather.latency, scenario.network.default.latency);
    assert_eq!(scenario.network.between_zones.latency.to_string(), "5ms");
    assert_eq!(scenario.storage.device("voting").sector_size.to_string(), "4kB");
    assert_eq!(scenario.storage.device("voting").latency, scenario.storage.device("shared").latency);
    insta::assert_snapshot!("explained_rich", explain(&scenario));
}

const RICH: &str = "
[network]
latency = '1ms..2ms'
tail = { ratio = '1/1000', up-to = '100ms' }
between-zones = { latency = '5ms' }
[[network.link]]
between = ['dn1', 'dn2/cm_server']
loss = '1/100'
[storage]
latency = '1ms'
lose-write = '1/1000000'
[storage.device.voting]
sector-size = '4kB'
[workload]
kind = 'register'
[[step]]
name = 'go'
at = '10s..20s'
switchover = { to = 'any-standby' }
timeout = '60s'
[[step]]
name = 'wait'
after = 'go'
wait-for = 'new-primary.reform.finished'
[[fault]]
name = 'hit'
after = 'go.started'
nth = 2
delay = '1s'
kill = 'cm-primary/cm_server'
[[fault]]
name = 'dark'
at = '1m'
for = '10s..20s'
lose-power = 'all'
[[fault]]
name = 'split'
after = 'dark.ended'
for = '30s'
partition = { isolate = ['primary', 'clients'], direction = 'to' }
[[check]]
eventually = 'dn1.reform.finished'
";

#[test]
fn other_line_ends_and_a_byte_order_mark_change_nothing() {
    let scenario = accepted(&format!("\u{feff}{}", SWITCHOVER_FAIL.replace('\n', "\r\n")));
    assert_eq!(scenario.step("switchover").unwrap().place, accepted(SWITCHOVER_FAIL).step("switchover").unwrap().place);
}

#[test]
fn examples_are_explained_in_plain_english() {
    insta::assert_snapshot!("explained_switchover", explain(&accepted(SWITCHOVER_FAIL)));
    insta::assert_snapshot!("explained_promote", explain(&accepted(PROMOTE_BEFORE_STOP)));
}
