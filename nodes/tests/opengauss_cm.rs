//! CM around stub databases: locks, restarts, kicks, the fence, and the change of the primary cm_server.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use nodes::fields;
use nodes::opengauss_dms::cm::{
    CmRegions, Defects, Directory, Extent, Node, Parameters, Plan, SHARE_DISK_LENGTH, cm_agent, cm_ctl, cm_server,
    lock_key, read_share_disk,
};
use nodes::opengauss_dms::messages::{
    AGENT_CLIENT_PORT, ClientAnswer, ClientRequest, DSS_COMMAND_PORT, DssAnswer, DssCommand, GAUSSDB_CONTROL_PORT,
    GaussdbControl, GaussdbStatus, InstanceId, Resource,
};
use nodes::parts::shell::{CommandOutput, Shell};
use nodes::product::events::{FENCED, LOCK_CHANGED};
use nodes::world::device::{DeviceOptions, Paths, ReservationCommand, ReservationType, SectorRange};
use nodes::world::disk::DeviceId;
use nodes::world::executor::Limits;
use nodes::world::network::{Effect, End, Rule, RuleId};
use nodes::world::port::Address;
use nodes::world::process::{Process, Status};
use nodes::world::streams::Seed;
use nodes::world::time::Instant;
use nodes::world::trace::{HostId, ProcessId, Trace, What, field};
use nodes::world::{World, WorldOptions};

/// What a scripted test may touch.
#[derive(Clone)]
struct Cluster {
    world: World,
    hosts: Vec<HostId>,
    directory: Directory,
    shells: Vec<Shell>,
    volume: DeviceId,
    share_disk: DeviceId,
    /// The instance whose stub says that it is primary.
    primary: Rc<Cell<InstanceId>>,
    /// Whether gaussdb dies as soon as it is started.
    broken: Rc<Cell<bool>>,
    /// Answers the stubs got from CM.
    answers: Rc<RefCell<Vec<String>>>,
}

/// A gaussdb that asks for the reformer lock twice a second, as the preempt thread does.
async fn stub_gaussdb(process: Process, plan: Rc<Plan>, node: usize, cluster: Stub) -> i32 {
    if cluster.broken.get() && node == 0 {
        return 1;
    }
    let control = process.bind::<GaussdbControl>(GAUSSDB_CONTROL_PORT);
    let client = process.clone();
    let agent = Address::new(plan.processes().cm_agent[node], AGENT_CLIENT_PORT);
    process.spawn(async move {
        loop {
            let instance = node as InstanceId;
            let limit = Duration::from_secs(5);
            let owner = client.call(agent, ClientRequest::GetOwner(Resource::Dms, instance), limit).await;
            if owner == Ok(ClientAnswer::NoOwner) {
                let _ = client.call::<ClientAnswer>(agent, ClientRequest::Lock(Resource::Dms, instance), limit).await;
            }
            client.sleep(Duration::from_millis(500)).await;
        }
    });
    loop {
        let incoming = control.recv().await;
        if incoming.message == GaussdbControl::Switchover {
            let limit = Duration::from_secs(5);
            let from = cluster.primary.replace(node as InstanceId);
            let old_agent = Address::new(plan.processes().cm_agent[from as usize], AGENT_CLIENT_PORT);
            let request = ClientRequest::Transfer { resource: Resource::Dms, from, to: node as InstanceId };
            let answer = process.call::<ClientAnswer>(old_agent, request, limit).await;
            cluster.answers.borrow_mut().push(format!("{answer:?}"));
        }
        let role = if cluster.primary.get() == node as InstanceId { "Primary" } else { "Standby" };
        control.reply(&incoming, GaussdbStatus { role, state: "Normal" });
        if incoming.message == GaussdbControl::Stop {
            return 0;
        }
    }
}

/// A dssserver that preempts keys and asks for the DSS lock; the first node's comes first.
async fn stub_dssserver(process: Process, plan: Rc<Plan>, node: usize) -> i32 {
    let commands = process.bind::<DssCommand>(DSS_COMMAND_PORT);
    let client = process.clone();
    let agent = Address::new(plan.processes().cm_agent[node], AGENT_CLIENT_PORT);
    process.spawn(async move {
        let (instance, limit) = (node as InstanceId, Duration::from_secs(5));
        client.sleep(Duration::from_secs(6 * node as u64)).await;
        loop {
            let owner = client.call(agent, ClientRequest::GetOwner(Resource::Dss, instance), limit).await;
            if owner == Ok(ClientAnswer::NoOwner) {
                let _ = client.call::<ClientAnswer>(agent, ClientRequest::Lock(Resource::Dss, instance), limit).await;
            }
            client.sleep(Duration::from_millis(500)).await;
        }
    });
    loop {
        let incoming = commands.recv().await;
        let answer = match incoming.message {
            DssCommand::Kick(instance) => {
                let command = ReservationCommand::PreemptAndAbort {
                    key: node as u64 + 1,
                    victim_key: u64::from(instance) + 1,
                    kind: ReservationType::ExclusiveAccessRegistrantsOnly,
                };
                let kicked = process.disk(plan.volumes[0]).reservation(command).await.is_ok();
                if kicked {
                    process.announce(FENCED, fields! { host: plan.nodes[instance as usize].name.as_str() });
                }
                if kicked { DssAnswer::Done } else { DssAnswer::Failed }
            }
            _ => DssAnswer::Registered,
        };
        commands.reply(&incoming, answer);
    }
}

#[derive(Clone, Default)]
struct Stub {
    primary: Rc<Cell<InstanceId>>,
    broken: Rc<Cell<bool>>,
    answers: Rc<RefCell<Vec<String>>>,
}

fn device(world: &World, name: &str, bytes: u64) -> DeviceId {
    world.add_shared_device(DeviceOptions::new(name, bytes.div_ceil(512))).expect("a sound device")
}

fn build(world: &World, defects: Defects) -> Cluster {
    let (voting, share) = (device(world, "voting", 64 * 512), device(world, "share", SHARE_DISK_LENGTH));
    let volume = device(world, "volume", 1 << 20);
    let directory = Rc::new(OnceCell::new());
    let names = ["dn1", "dn2", "dn3"];
    let plan = Rc::new(Plan {
        nodes: names
            .iter()
            .enumerate()
            .map(|(index, name)| Node {
                name: (*name).to_owned(),
                address: format!("192.168.0.{}", index + 1),
                cm_directory: "/opt/cm".to_owned(),
                data_directory: format!("/opt/{name}"),
                port: 12703,
            })
            .collect(),
        static_primary: 0,
        directory: directory.clone(),
        regions: CmRegions {
            voting_disk: Extent { device: voting, offset: 0, length: 64 * 512 },
            share_disk: Extent { device: share, offset: 0, length: SHARE_DISK_LENGTH },
        },
        volumes: vec![volume],
        parameters: Parameters::default(),
        defects,
    });
    let stub = Stub::default();
    let mut processes = Directory::default();
    let (mut hosts, mut shells) = (Vec::new(), Vec::new());
    for (node, name) in names.into_iter().enumerate() {
        let host = world.add_host(name);
        hosts.push(host);
        let (kept, own) = (plan.clone(), stub.clone());
        let gaussdb = move |process| stub_gaussdb(process, kept.clone(), node, own.clone());
        processes.gaussdb.push(world.add_process(host, "gaussdb", gaussdb));
        let kept = plan.clone();
        let dssserver = move |process| stub_dssserver(process, kept.clone(), node);
        processes.dssserver.push(world.add_process(host, "dssserver", dssserver));
        let kept = plan.clone();
        let agent = world.add_process(host, "cm_agent", move |process| cm_agent(process, kept.clone(), node));
        processes.cm_agent.push(agent);
        let kept = plan.clone();
        let server = world.add_process(host, "cm_server", move |process| cm_server(process, kept.clone(), node));
        processes.cm_server.push(server);
        for process in [agent, server] {
            world.set_starts_at_boot(process, true);
        }
        let kept = plan.clone();
        let table = Rc::new(move |terminal, words| -> nodes::world::executor::LocalFuture<i32> {
            Box::pin(cm_ctl(terminal, words, kept.clone()))
        });
        shells.push(Shell::add(world, host, table));
    }
    directory.set(processes.clone()).expect("filled once");
    let shells_run = shells.iter().map(Shell::process);
    for process in processes.cm_server.iter().chain(&processes.cm_agent).copied().chain(shells_run) {
        world.start(process);
    }
    Cluster {
        world: world.clone(),
        hosts,
        directory: processes,
        shells,
        volume,
        share_disk: share,
        primary: stub.primary,
        broken: stub.broken,
        answers: stub.answers,
    }
}

impl Cluster {
    async fn at(&self, seconds: u64) {
        self.world.sleep_until(Instant::START + Duration::from_secs(seconds)).await;
    }

    fn runs(&self, process: ProcessId) -> bool {
        self.world.status(process) == Status::Running
    }

    /// The owner of the reformer lock as the bytes of the share disk have it.
    fn durable_owner(&self, resource: Resource) -> Option<String> {
        let (now, range) = (self.world.now(), SectorRange::new(0, SHARE_DISK_LENGTH / 512));
        let bytes = self.world.with_device(self.share_disk, |device| device.visible_image(now).read(range));
        read_share_disk(&bytes.expect("the disk is sound")).get(&lock_key(resource)).cloned()
    }

    fn keys(&self) -> Vec<u64> {
        self.world.with_device(self.volume, |device| {
            device.reservations().registrations().iter().map(|registration| registration.key).collect()
        })
    }

    /// Cuts a node from the network, not from the storage.
    fn cut_off(&self, node: usize) -> Vec<RuleId> {
        let one = vec![End::Host(self.hosts[node])];
        let others: Vec<End> =
            self.hosts.iter().filter(|host| **host != self.hosts[node]).map(|h| (*h).into()).collect();
        [(one.clone(), others.clone()), (others, one)]
            .into_iter()
            .map(|(from, to)| self.world.add_rule(Rule { from, to, message: None, effect: Effect::Cut }))
            .collect()
    }

    /// The node whose cm_server is primary, as `cm_ctl query` shows it.
    async fn primary_server(&self) -> usize {
        let mut screens = Vec::new();
        for node in 0..3 {
            screens.push(text(&self.type_on(node, "cm_ctl query -Cv").await));
        }
        let line = |node: usize| format!("{}  dn{} {}        Primary", node + 1, node + 1, node + 1);
        let shown = |node: &usize| screens.iter().any(|screen| screen.contains(&line(*node)));
        (0..3).find(shown).unwrap_or_else(|| panic!("no cm_server is primary: {screens:?}"))
    }

    /// A node whose cm_server is not primary.
    async fn standby_server(&self) -> usize {
        (self.primary_server().await + 1) % 3
    }

    async fn type_on(&self, node: usize, line: &str) -> CommandOutput {
        self.shells[node].run(line.split_whitespace().map(str::to_owned).collect()).await
    }
}

fn text(output: &CommandOutput) -> String {
    output.lines.iter().map(|(_, line)| format!("{line}\n")).collect()
}

fn run(seed: u64, seconds: u64, defects: Defects, script: impl AsyncFnOnce(Cluster) + 'static) -> Trace {
    let world = World::new(WorldOptions { seed: Seed(seed), ..Default::default() });
    let finished = Rc::new(Cell::new(false));
    let end = finished.clone();
    let limits = Limits { time: Instant::START + Duration::from_secs(seconds), ..Default::default() };
    world.run(limits, move |world| {
        let cluster = build(world, defects);
        world.spawn_outside(async move {
            script(cluster).await;
            end.set(true);
        });
    });
    assert!(finished.get(), "the script did not come to its end");
    world.take_trace()
}

/// Second, owner and version of each change of a lock.
fn lock_changes(trace: &Trace, lock: &str) -> Vec<(u64, i64, i64)> {
    trace
        .announced(LOCK_CHANGED)
        .filter(|(_, fields)| field(fields, "lock").and_then(|value| value.text()) == Some(lock))
        .map(|(event, fields)| {
            let number = |name| field(fields, name).and_then(|value| value.number()).unwrap_or(i64::MIN);
            (event.at.as_millis() / 1000, number("owner"), number("version"))
        })
        .collect()
}

fn moments(trace: &Trace, event: &str) -> Vec<u64> {
    trace.announced(event).map(|(event, _)| event.at.as_millis() / 1000).collect()
}

fn log_lines(trace: &Trace) -> String {
    let lines = trace.events().iter().filter_map(|event| match &event.what {
        What::Log { line, .. } => Some(format!("{line}\n")),
        _ => None,
    });
    lines.collect()
}

#[test]
fn the_static_primary_gets_the_lock_and_a_transfer_moves_it() {
    let trace = run(1, 40, Defects::default(), async |cluster| {
        cluster.at(15).await;
        assert_eq!(cluster.durable_owner(Resource::Dms).as_deref(), Some("6001"));
        let output = cluster.type_on(2, "cm_ctl switchover -n 2 -D /opt/dn2").await;
        assert_eq!(output.exit_code, Some(0), "{}", text(&output));
        assert!(text(&output).ends_with("cm_ctl: switchover successfully.\n"), "{}", text(&output));
        assert_eq!(*cluster.answers.borrow(), ["Ok(Ok)"]);
        assert_eq!(cluster.durable_owner(Resource::Dms).as_deref(), Some("6002"));
    });
    let owners: Vec<_> = lock_changes(&trace, "dms_reformer_lock").iter().map(|(_, owner, _)| *owner).collect();
    assert_eq!(owners, [0, 1]);
    assert_eq!(moments(&trace, "member.kicked"), []);
    assert_eq!(moments(&trace, "cms.primary").len(), 1);
}

#[test]
fn a_killed_database_is_restarted_in_time_and_keeps_the_lock() {
    let trace = run(2, 40, Defects::default(), async |cluster| {
        cluster.at(20).await;
        let gaussdb = cluster.directory.gaussdb[0];
        cluster.world.kill(gaussdb);
        cluster.at(25).await;
        assert!(cluster.runs(gaussdb));
        cluster.at(39).await;
    });
    assert_eq!(lock_changes(&trace, "dms_reformer_lock").len(), 1);
    assert_eq!(moments(&trace, "member.kicked"), []);
}

#[test]
fn a_database_that_cannot_be_started_stops_its_node_which_is_kicked_and_loses_both_locks() {
    let trace = run(3, 120, Defects::default(), async |cluster| {
        cluster.at(20).await;
        let dss_owner = cluster.durable_owner(Resource::Dss);
        assert!(dss_owner.is_some());
        cluster.broken.set(true);
        cluster.world.kill(cluster.directory.gaussdb[0]);
        cluster.at(80).await;
        assert!(!cluster.runs(cluster.directory.gaussdb[0]) && !cluster.runs(cluster.directory.dssserver[0]));
        assert_ne!(cluster.durable_owner(Resource::Dms).as_deref(), Some("6001"));
        assert!(cluster.durable_owner(Resource::Dms).is_some(), "a survivor took it");
        assert_ne!(cluster.durable_owner(Resource::Dss).as_deref(), Some("20001"));
        assert_eq!(cluster.keys(), [2, 3]);
        let output = cluster.type_on(1, "cm_ctl query -Cvipd").await;
        assert!(text(&output).contains("P Down    Manually stopped | 2"), "{}", text(&output));
        assert!(text(&output).contains("dms_res  6001      Deleted"), "{}", text(&output));

        cluster.broken.set(false);
        let output = cluster.type_on(1, "cm_ctl start -n 1 -t 40").await;
        assert!(text(&output).ends_with("cm_ctl: start node successfully.\n"), "{}", text(&output));
        assert_eq!(cluster.keys(), [1, 2, 3]);
    });
    let log = log_lines(&trace);
    assert!(log.contains("res(dms_res) inst(6001) is offline, but restart times (5) >= limit (5)"), "{log}");
    assert!(log.contains("kick out result: node(1) res inst manual stop or report timeout."));
    assert_eq!((moments(&trace, "manual-stop.written").len(), moments(&trace, "member.kicked").len()), (1, 1));
    assert_eq!(moments(&trace, "member.joined").len(), 1);
}

#[test]
fn a_host_without_power_is_kicked_in_seven_seconds_and_fenced_before_it_loses_the_dss_lock() {
    let trace = run(4, 100, Defects::default(), async |cluster| {
        cluster.at(30).await;
        cluster.world.lose_power(cluster.hosts[0]);
        cluster.at(60).await;
        assert_eq!(cluster.keys(), [2, 3]);
        assert_ne!(cluster.durable_owner(Resource::Dms).as_deref(), Some("6001"));
        assert_ne!(cluster.durable_owner(Resource::Dss).as_deref(), Some("20001"));
        cluster.world.restore_power(cluster.hosts[0]);
        cluster.at(90).await;
        assert_eq!(cluster.keys(), [1, 2, 3]);
        assert!(cluster.runs(cluster.directory.gaussdb[0]));
    });
    let kicked = moments(&trace, "member.kicked");
    // If the dead host was that of the primary cm_server, its successor comes first and waits ten seconds.
    let same_server = moments(&trace, "cms.primary").len() == 1;
    assert!(if same_server { (35..=37).contains(&kicked[0]) } else { (46..=58).contains(&kicked[0]) }, "{kicked:?}");
    assert_eq!(moments(&trace, "member.joined").len(), 1);
    let order = first_numbers(&trace);
    assert!(order.reformer_released < order.fenced && order.fenced < order.dss_released, "{order:?}");
}

#[test]
fn with_the_early_release_the_dss_lock_goes_before_the_fence() {
    let slow_kick = |defects: Defects| {
        let trace = run(4, 70, defects, async |cluster| {
            cluster.at(30).await;
            cluster.world.lose_power(cluster.hosts[0]);
            for node in [1, 2] {
                cluster.world.pause(cluster.directory.dssserver[node]);
            }
            cluster.at(50).await;
            for node in [1, 2] {
                cluster.world.resume(cluster.directory.dssserver[node]);
            }
            cluster.at(69).await;
        });
        first_numbers(&trace)
    };
    let order = slow_kick(Defects { release_before_fence: true, ..Defects::default() });
    assert!(order.dss_released < order.fenced && order.fenced < u64::MAX, "{order:?}");
    let order = slow_kick(Defects::default());
    assert!(order.fenced < order.dss_released && order.dss_released < u64::MAX, "{order:?}");
}

/// The numbers of the events of a fence.
#[derive(Debug)]
struct FenceOrder {
    reformer_released: u64,
    dss_released: u64,
    fenced: u64,
}

fn first_numbers(trace: &Trace) -> FenceOrder {
    let released = |lock: &str| {
        let mut changes = trace.announced(LOCK_CHANGED).filter(|(_, fields)| {
            field(fields, "lock").and_then(|value| value.text()) == Some(lock)
                && field(fields, "owner").and_then(|value| value.number()) == Some(-1)
        });
        changes.next().map_or(u64::MAX, |(event, _)| event.number)
    };
    FenceOrder {
        reformer_released: released("dms_reformer_lock"),
        dss_released: released("dss cm lock"),
        fenced: trace.announced(FENCED).next().map_or(u64::MAX, |(event, _)| event.number),
    }
}

#[test]
fn another_cm_server_takes_over_with_the_ddb_intact() {
    let trace = run(5, 60, Defects::default(), async |cluster| {
        cluster.at(20).await;
        let before = (cluster.durable_owner(Resource::Dms), cluster.durable_owner(Resource::Dss));
        let primary = cluster.primary_server().await;
        // Its agent would start it again; without the agent another must take over.
        cluster.world.kill(cluster.directory.cm_agent[primary]);
        cluster.world.kill(cluster.directory.cm_server[primary]);
        cluster.world.start(cluster.directory.cm_agent[primary]);
        cluster.at(45).await;
        assert_eq!((cluster.durable_owner(Resource::Dms), cluster.durable_owner(Resource::Dss)), before);
    });
    let primaries = moments(&trace, "cms.primary");
    assert_eq!(primaries.len(), 2, "{primaries:?}");
    assert!((26..=31).contains(&primaries[1]), "{primaries:?}");
    assert_eq!(moments(&trace, "member.kicked"), []);
}

#[test]
fn with_the_fence_defect_the_dss_lock_goes_while_the_key_is_still_there() {
    let owners = |defects: Defects| -> Vec<i64> {
        let trace = run(6, 70, defects, async move |cluster| {
            cluster.at(20).await;
            // Cut the node from its peers and from CM, but not from the storage.
            cluster.cut_off(0);
            cluster.at(69).await;
            assert_eq!(cluster.keys().contains(&1), defects.fence_skipped, "{:?}", cluster.keys());
        });
        lock_changes(&trace, "dss cm lock").iter().map(|(_, owner, _)| *owner).collect()
    };
    assert_eq!(owners(Defects::default()), [0, -1, 1]);
    assert_eq!(owners(Defects { fence_skipped: true, ..Defects::default() }), [0, -1, 1]);
}

#[test]
fn without_arbitration_or_with_kept_locks_nobody_takes_over() {
    for defects in [
        Defects { arbitration_off: true, ..Defects::default() },
        Defects { kick_keeps_lock: true, ..Defects::default() },
    ] {
        let trace = run(7, 70, defects, async |cluster| {
            cluster.at(20).await;
            cluster.world.lose_power(cluster.hosts[0]);
            cluster.at(69).await;
        });
        let owners: Vec<_> = lock_changes(&trace, "dms_reformer_lock").iter().map(|(_, owner, _)| *owner).collect();
        assert_eq!(owners, [0], "{defects:?}");
    }
}

#[test]
fn an_agent_finds_its_way_back_soon_after_a_partition() {
    run(8, 120, Defects::default(), async |cluster| {
        cluster.at(20).await;
        let rules = cluster.cut_off(2);
        cluster.at(80).await;
        for rule in rules {
            cluster.world.remove_rule(rule);
        }
        cluster.at(115).await;
        assert_eq!(cluster.keys(), [1, 2, 3]);
        assert!(cluster.runs(cluster.directory.gaussdb[2]));
    });
}

#[test]
fn stop_and_start_of_the_cluster_kick_nobody() {
    let trace = run(9, 150, Defects::default(), async |cluster| {
        cluster.at(20).await;
        let output = cluster.type_on(0, "cm_ctl stop").await;
        assert!(text(&output).ends_with("cm_ctl: stop cluster successfully.\n"), "{}", text(&output));
        assert!(cluster.directory.gaussdb.iter().all(|gaussdb| !cluster.runs(*gaussdb)));
        cluster.at(80).await;
        let output = cluster.type_on(0, "cm_ctl start").await;
        assert!(text(&output).ends_with("cm_ctl: start cluster successfully.\n"), "{}", text(&output));
    });
    assert_eq!(moments(&trace, "member.kicked"), []);
    assert_eq!(lock_changes(&trace, "dms_reformer_lock").len(), 1);
}

#[test]
fn a_stop_gives_up_when_its_time_is_over_though_an_agent_does_not_answer() {
    run(9, 90, Defects::default(), async |cluster| {
        cluster.at(20).await;
        cluster.world.pause(cluster.directory.cm_agent[1]);
        let began = cluster.world.now();
        let output = cluster.type_on(0, "cm_ctl stop -n 2 -t 20").await;
        assert_eq!(output.exit_code, Some(255), "{}", text(&output));
        assert!(text(&output).contains("stop node failed in (20)s!"), "{}", text(&output));
        let took = cluster.world.now().since(began).as_secs();
        assert!((20..=25).contains(&took), "{took}s");
    });
}

#[test]
fn a_pause_stops_arbitration_and_a_resume_brings_it_back() {
    let trace = run(10, 120, Defects::default(), async |cluster| {
        cluster.at(20).await;
        let output = cluster.type_on(1, "cm_ctl pause").await;
        assert!(text(&output).ends_with("cm_ctl: The cluster has been paused.\n"), "{}", text(&output));
        cluster.world.kill(cluster.directory.cm_agent[2]);
        cluster.at(60).await;
        cluster.world.start(cluster.directory.cm_agent[2]);
        cluster.at(62).await;
        let output = cluster.type_on(1, "cm_ctl resume").await;
        assert_eq!(output.exit_code, Some(0), "{}", text(&output));
        cluster.world.kill(cluster.directory.cm_agent[2]);
    });
    let kicked = moments(&trace, "member.kicked");
    assert_eq!(kicked.len(), 1);
    assert!(kicked[0] >= 68, "{kicked:?}");
}

#[test]
fn bad_commands_are_refused_with_words_and_a_code() {
    run(11, 40, Defects::default(), async |cluster| {
        cluster.at(15).await;
        for (line, code, words) in [
            ("cm_ctl switchover -n 9 -D /opt/dn9", 255, "can't find the node_id:9, data_path:/opt/dn9."),
            ("cm_ctl switchover -n 1 -D /opt/dn1", 255, "can not do switchover at current role"),
            ("cm_ctl frobnicate", 1, "unrecognized operation mode \"frobnicate\"."),
        ] {
            let output = cluster.type_on(1, line).await;
            assert_eq!(output.exit_code, Some(code), "{}", text(&output));
            assert!(text(&output).contains(words), "{}", text(&output));
        }
        cluster.primary.set(7);
        cluster.at(25).await;
        assert!(text(&cluster.type_on(1, "cm_ctl query -C").await).contains("Unavailable"));
    });
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let hash = |seed| {
        let trace = run(seed, 60, Defects::default(), async |cluster| {
            cluster.at(30).await;
            cluster.world.lose_power(cluster.hosts[0]);
            cluster.at(59).await;
        });
        (trace.hash(), trace.count())
    };
    assert_eq!(hash(1), hash(1));
    assert_ne!(hash(1), hash(2));
}

#[test]
fn whichever_host_loses_power_the_others_go_on_and_it_comes_back() {
    for seed in 0..18 {
        let victim = (seed % 3) as usize;
        let trace = run(seed, 140, Defects::default(), async move |cluster| {
            cluster.at(20).await;
            cluster.world.lose_power(cluster.hosts[victim]);
            cluster.at(65).await;
            let lost = Some((6001 + victim).to_string());
            let owner = cluster.durable_owner(Resource::Dms);
            assert!(owner.is_some() && owner != lost, "seed {seed}: {owner:?} owns the lock");
            assert!(!cluster.keys().contains(&(victim as u64 + 1)), "seed {seed}: not fenced");
            cluster.world.restore_power(cluster.hosts[victim]);
            cluster.at(139).await;
            assert_eq!(cluster.keys(), [1, 2, 3], "seed {seed}");
            let processes = cluster.directory.gaussdb.iter().chain(&cluster.directory.dssserver);
            assert!(processes.into_iter().all(|process| cluster.runs(*process)), "seed {seed}");
        });
        assert_eq!(moments(&trace, "member.kicked").len(), 1, "seed {seed}");
        assert_eq!(moments(&trace, "member.joined").len(), 1, "seed {seed}");
    }
}

#[test]
fn a_wall_clock_that_jumps_back_looks_like_a_dead_disk() {
    let trace = run(12, 80, Defects::default(), async |cluster| {
        cluster.at(20).await;
        let node = cluster.standby_server().await;
        cluster.world.jump_clock(cluster.hosts[node], -300_000_000_000);
        cluster.at(40).await;
        cluster.world.jump_clock(cluster.hosts[node], 300_000_000_000);
        cluster.at(79).await;
        assert_eq!(cluster.keys(), [1, 2, 3]);
    });
    assert!(log_lines(&trace).contains("disk heartbeat timeout."), "{}", log_lines(&trace));
    let (kicked, joined) = (moments(&trace, "member.kicked"), moments(&trace, "member.joined"));
    assert_eq!((kicked.len(), joined.len()), (1, 1), "{kicked:?} {joined:?}");
    assert!(kicked[0] <= 23 && (40..44).contains(&joined[0]), "{kicked:?} {joined:?}");
}

#[test]
fn one_silent_direction_between_two_agents_kicks_nobody_unless_the_defect_is_on() {
    let kicked = |defects: Defects| {
        let trace = run(13, 60, defects, async |cluster| {
            cluster.at(20).await;
            let (from, to) = (vec![End::Host(cluster.hosts[1])], vec![End::Host(cluster.hosts[2])]);
            cluster.world.add_rule(Rule { from, to, message: Some("Rhb".to_owned()), effect: Effect::Cut });
            cluster.at(59).await;
        });
        moments(&trace, "member.kicked").len()
    };
    assert_eq!(kicked(Defects::default()), 0);
    assert_eq!(kicked(Defects { one_way_rhb_kicks: true, ..Defects::default() }), 1);
}

#[test]
fn a_database_that_does_not_answer_is_killed_after_fifty_seconds_and_a_dssserver_after_thirty() {
    let trace = run(14, 150, Defects::default(), async |cluster| {
        cluster.at(20).await;
        cluster.world.pause(cluster.directory.gaussdb[1]);
        cluster.at(65).await;
        assert_eq!(cluster.world.status(cluster.directory.gaussdb[1]), Status::Paused);
        let output = cluster.type_on(0, "cm_ctl query -Cv").await;
        assert!(text(&output).contains("S Down    Starting"), "{}", text(&output));
        cluster.at(90).await;
        assert!(cluster.runs(cluster.directory.gaussdb[1]));
        cluster.world.pause(cluster.directory.dssserver[2]);
        cluster.at(115).await;
        assert_eq!(cluster.world.status(cluster.directory.dssserver[2]), Status::Paused);
        cluster.at(140).await;
        assert!(cluster.runs(cluster.directory.dssserver[2]) && cluster.runs(cluster.directory.gaussdb[2]));
    });
    assert!(log_lines(&trace).contains("phony dead"));
    assert_eq!(moments(&trace, "member.kicked"), []);
}

#[test]
fn without_its_network_card_a_node_stops_at_once() {
    let trace = run(15, 100, Defects::default(), async |cluster| {
        cluster.at(20).await;
        let node = cluster.standby_server().await;
        cluster.at(21).await;
        cluster.world.set_nic(cluster.hosts[node], false);
        cluster.at(27).await;
        assert!(!cluster.runs(cluster.directory.gaussdb[node]) && !cluster.runs(cluster.directory.dssserver[node]));
        assert!(cluster.runs(cluster.directory.cm_server[node]));
        cluster.at(40).await;
        cluster.world.set_nic(cluster.hosts[node], true);
        cluster.at(99).await;
        assert!(cluster.runs(cluster.directory.gaussdb[node]));
        assert_eq!(cluster.keys(), [1, 2, 3]);
    });
    assert_eq!((moments(&trace, "member.kicked").len(), moments(&trace, "member.joined").len()), (1, 1));
}

/// The primary cm_server has nothing to go by but the reports it gets: alone, it takes the majority for dead after
/// six seconds, four seconds before it steps down for want of agents.
#[test]
fn a_primary_cm_server_that_is_cut_off_kicks_the_others_before_it_steps_down() {
    let trace = run(17, 120, Defects::default(), async |cluster| {
        cluster.at(20).await;
        let alone = cluster.primary_server().await;
        cluster.cut_off(alone);
        cluster.at(110).await;
        let owner = cluster.durable_owner(Resource::Dms);
        assert!(owner.is_some() && owner != Some((6001 + alone).to_string()), "{owner:?}");
        let others: Vec<u64> = (0..3).filter(|node| *node != alone).map(|node| node as u64 + 1).collect();
        assert_eq!(cluster.keys(), others);
    });
    let kicked = moments(&trace, "member.kicked");
    assert_eq!(kicked.len(), 3, "first the majority, then, by its successor, the node itself: {kicked:?}");
    assert!(kicked[0] < moments(&trace, "cms.standby")[0] && kicked[2] > moments(&trace, "cms.primary")[1]);
}

#[test]
fn a_primary_cm_server_that_cannot_reach_its_disk_steps_down() {
    let trace = run(16, 80, Defects::default(), async |cluster| {
        cluster.at(20).await;
        let primary = cluster.primary_server().await;
        cluster.world.lose_path(cluster.share_disk, cluster.hosts[primary], Paths::All);
        cluster.at(79).await;
        assert_ne!(cluster.primary_server().await, primary);
    });
    assert_eq!(moments(&trace, "cms.standby").len(), 1);
    assert_eq!(moments(&trace, "member.kicked"), []);
}
