//! openGauss resource pooling as a whole: a cluster comes up, serves, and survives.

use std::time::Duration;

use nodes::fields;
use nodes::opengauss_dms::messages::{GAUSSDB_CONTROL_PORT, GaussdbControl, GaussdbStatus};
use nodes::parts::service::{Action, Answer, Transaction, TransactionId};
use nodes::product::{Cluster, ClusterPlan, HostPlan, ParameterValue};
use nodes::world::executor::Limits;
use nodes::world::port::Address;
use nodes::world::streams::Seed;
use nodes::world::time::Instant;
use nodes::world::trace::{HostId, Trace, What, field};
use nodes::world::{World, WorldOptions};
use std::rc::Rc;

fn plan() -> ClusterPlan {
    let host = |name: &str, role: &str| HostPlan { name: name.to_owned(), role: role.to_owned() };
    ClusterPlan {
        hosts: vec![host("dn1", "primary"), host("dn2", "standby"), host("dn3", "standby")],
        initial: (0..8).map(|key| (key, vec![0])).collect(),
        ..ClusterPlan::default()
    }
}

type Script = Box<dyn FnOnce(World, Rc<dyn Cluster>)>;

fn run(seed: u64, seconds: u64, script: Script) -> Trace {
    run_set(&[], seed, seconds, script)
}

/// A run with some parameters set to lengths of time.
fn run_set(set: &[(&str, u64)], seed: u64, seconds: u64, script: Script) -> Trace {
    let mut plan = plan();
    let values =
        set.iter().map(|(name, seconds)| ((*name).to_owned(), ParameterValue::Duration(Duration::from_secs(*seconds))));
    plan.set.extend(values);
    let world = World::new(WorldOptions { seed: Seed(seed), ..WorldOptions::default() });
    let limits = Limits { time: Instant::START + Duration::from_secs(seconds), ..Limits::default() };
    world.run(limits, move |world| {
        let cluster = nodes::opengauss_dms::PRODUCT.build_in(world, &plan).expect("a cluster");
        cluster.start();
        add_client(world, &*cluster);
        script(world.clone(), cluster);
    });
    world.take_trace()
}

/// A client that writes without a pause, and follows the primary.
fn add_client(world: &World, cluster: &dyn Cluster) {
    let services = cluster.services();
    let host = world.add_host("client");
    let client = world.add_process(host, "client", move |process| {
        let services = services.clone();
        async move {
            let mut at = 0;
            for number in 1.. {
                let id = TransactionId { client: 1, number };
                let actions = vec![Action::Write { key: 1, value: i64::from(number) }];
                let transaction = Transaction { id, actions };
                let answer = process.call::<Answer>(services[at], transaction, Duration::from_secs(5)).await;
                let committed = matches!(answer, Ok(Answer::Committed(_)));
                process.announce("client.answered", fields! { committed: committed });
                if !committed {
                    at = (at + 1) % services.len();
                    process.sleep(Duration::from_millis(100)).await;
                }
                process.sleep(Duration::from_millis(10)).await;
            }
            0
        }
    });
    world.start(client);
}

/// Types the signal that `gs_ctl switchover` sends to a node's gaussdb.
fn ask_for_switchover(world: &World, cluster: &dyn Cluster, host: &str) {
    let host = world.find_host(host).expect("a host");
    let to = Address::new(cluster.database(host), GAUSSDB_CONTROL_PORT);
    let asker = world.add_process(host, "gs_ctl", move |process| async move {
        let sent = process.call::<GaussdbStatus>(to, GaussdbControl::Switchover, Duration::from_secs(5)).await;
        i32::from(sent.is_err())
    });
    world.start(asker);
}

fn announced(trace: &Trace, wanted: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for event in trace.events() {
        if let What::Announced { name, fields } = &event.what
            && wanted.contains(name)
        {
            let kind = field(fields, "kind").or(field(fields, "role")).map_or(String::new(), |kind| format!(" {kind}"));
            lines
                .push(format!("{} {name}{kind}", trace.host_of(event.place).map_or("?", |host| trace.host_name(host))));
        }
    }
    lines
}

fn log_lines<'a>(trace: &'a Trace, host: &str, file: &str) -> Vec<&'a str> {
    let host = trace.hosts.iter().position(|name| &**name == host).map(|index| HostId(index as u16));
    let lines = trace.events().iter().filter(|event| trace.host_of(event.place) == host);
    lines
        .filter_map(|event| match &event.what {
            What::Log { file: written, line } if written.contains(file) => Some(&**line),
            _ => None,
        })
        .collect()
}

#[test]
fn a_cluster_comes_up_with_the_static_primary() {
    let trace = run(1, 40, Box::new(|_, _| {}));
    let ready = trace.announced("cluster.ready").next();
    assert!(ready.is_some_and(|(event, _)| event.at < Instant::START + Duration::from_secs(30)));
}

#[test]
fn when_the_new_primary_dies_after_the_lock_moved_the_old_one_exits_and_rejoins() {
    let trace = run(
        1,
        100,
        Box::new(|world, cluster| {
            let outside = world.clone();
            world.spawn_outside(async move {
                outside.sleep_until(Instant::START + Duration::from_secs(30)).await;
                ask_for_switchover(&outside, &*cluster, "dn2");
                let dn2 = outside.find_host("dn2");
                outside.announced(dn2, "reformer-lock.acquired", 1).await;
                outside.sleep_until(outside.now() + Duration::from_millis(700)).await;
                assert!(outside.kill(cluster.database(dn2.expect("dn2"))));
            });
        }),
    );
    let story =
        announced(&trace, &["self-exit", "database.starts", "reform.finished", "role.changed", "reform.failed"]);
    assert!(story.iter().any(|line| line == "dn3 reform.failed switchover"));
    let story: Vec<&String> = story.iter().filter(|line| !line.contains("reform.failed")).collect();
    let failed_over = story.iter().position(|line| *line == "dn1 self-exit").expect("the old primary exits");
    let (failover, normal) = story[failed_over..].split_at(5);
    assert_eq!(
        failover,
        [
            "dn1 self-exit",
            "dn1 database.starts",
            "dn2 role.changed primary",
            "dn2 reform.finished failover",
            "dn3 reform.finished failover",
        ]
    );
    // All three end the NORMAL round within a millisecond, in any order.
    let mut normal = normal.to_vec();
    normal.sort();
    assert_eq!(normal, ["dn1 reform.finished normal", "dn2 reform.finished normal", "dn3 reform.finished normal"]);
    let told: Vec<&str> = log_lines(&trace, "dn1", "DMS/run")
        .into_iter()
        .filter(|line| line.contains("ERROR") || line.contains("dms_reform_fail enter"))
        .collect();
    let expected = [
        "is not same as share reformer version",
        "reformer abort during reform",
        "node exit, reform fail during switchover, old primary node need restart after reformer lock transfered",
        "dms_reform_fail enter",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    assert!(told.iter().zip(expected).all(|(line, part)| line.contains(part)), "{told:#?}");
    let found = log_lines(&trace, "dn1", "pg_log/dn_6001");
    assert_eq!(found.iter().filter(|line| line.contains("Node:0 starts, found cluster PRIMARY:0")).count(), 2);
}

/// Asks for a switchover to dn2 at 40 s.
fn switchover_at_forty() -> Script {
    Box::new(|world, cluster| {
        let outside = world.clone();
        world.spawn_outside(async move {
            outside.sleep_until(Instant::START + Duration::from_secs(40)).await;
            ask_for_switchover(&outside, &*cluster, "dn2");
        });
    })
}

#[test]
fn sessions_that_do_not_end_and_a_demotion_that_cannot_be_finished_end_the_old_primary() {
    let cases = [
        (("sim_backend_exit", 400), "reform failed, backends can not exit"),
        (("ss_demote_timeout", 0), "demote failed after the shutdown checkpoint had begun"),
    ];
    for (set, reason) in cases {
        let trace = run_set(&[set], 1, 180, switchover_at_forty());
        let exits: Vec<&str> = trace
            .announced("database.forced-exit")
            .filter_map(|(event, fields)| {
                assert_eq!(trace.place_name(event.place), "dn1/gaussdb");
                field(fields, "reason")?.text()
            })
            .collect();
        assert_eq!(exits, [reason]);
        // It kept the lock, so CM's restart makes it primary again, without a failover.
        let story = announced(&trace, &["database.forced-exit", "reform.finished", "writes.opened"]);
        let after = &story[story.iter().position(|line| line.contains("forced-exit")).expect("an exit")..];
        assert!(after.contains(&"dn1 writes.opened".to_owned()), "{after:#?}");
        assert!(!story.iter().any(|line| line.contains("failover")), "{story:#?}");
    }
}

#[test]
fn an_instance_that_does_not_get_its_latch_in_time_ends() {
    let trace = run_set(&[("sim_latch_held", 60)], 1, 60, Box::new(|_, _| {}));
    let reasons: Vec<&str> =
        trace.announced("database.panic").filter_map(|(_, fields)| field(fields, "reason")?.text()).collect();
    assert!(reasons.contains(&"instance latch not obtained"), "{reasons:?}");
    assert_eq!(trace.announced("reform.finished").count(), 0);
}

#[test]
fn om_monitor_brings_back_an_agent_that_died_or_hangs_before_its_node_is_kicked() {
    for hang in [false, true] {
        let script: Script = Box::new(move |world, _| {
            let outside = world.clone();
            world.spawn_outside(async move {
                outside.sleep_until(Instant::START + Duration::from_secs(40)).await;
                let dn1 = outside.find_host("dn1").expect("a host");
                let agent = outside.find_process(dn1, "cm_agent").expect("an agent");
                assert!(if hang { outside.pause(agent) } else { outside.kill(agent) });
            });
        });
        let trace = run(1, 80, script);
        let at = |name| trace.announced(name).map(|(event, _)| event.at).collect::<Vec<_>>();
        let restarted = at("agent.restarted");
        let limit = Duration::from_secs(if hang { 5 } else { 2 });
        assert_eq!(restarted.len(), 1, "hang: {hang}");
        assert!(restarted[0].since(Instant::START + Duration::from_secs(40)) <= limit, "hang: {hang}, {restarted:?}");
        assert_eq!(at("member.kicked"), [], "hang: {hang}");
    }
}
