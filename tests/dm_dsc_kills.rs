//! Dameng DSC: every process killed at every status of crash handling and of rejoin, and what came of it, as a table.
//!
//! Two hosts, CSS0 is the control CSS. DSC0 is killed; its CSS starts it again after a while, and it rejoins. In each run
//! one process more dies at one status. `DCR_GRP_DSKCHK_CNT` and the restart intervals are short, so that a run is.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use nodes::product::{Cluster, ClusterPlan, HostPlan, ParameterValue};
use nodes::world::executor::Limits;
use nodes::world::streams::Seed;
use nodes::world::time::Instant;
use nodes::world::trace::{HostId, What, field};
use nodes::world::{World, WorldOptions};
use rayon::prelude::*;
use simrun::check::dm_dsc::status_sequence::{CRASH_2021, CRASH_2024, REJOIN};

/// Who is killed, by host and program.
type Victim = (u16, &'static str);

const SURVIVORS: &[Victim] = &[(0, "dmcss"), (1, "dmcss"), (1, "dmasmsvr"), (1, "dmserver")];
const REJOINING: &[Victim] = &[(0, "dmasmsvr"), (0, "dmserver")];

/// One run: where one process more dies.
#[derive(Clone, Copy)]
struct Case {
    profile: &'static str,
    hosts: u16,
    path: &'static str,
    status: &'static str,
    victim: Victim,
}

/// What came of a run.
#[derive(Debug, PartialEq, Eq)]
struct End {
    halted: bool,
    /// Seconds from the death to the DB group being open again; `None` if it never was.
    open_after: Option<u64>,
    nodes: Vec<String>,
}

impl End {
    fn shown(&self) -> String {
        let open = self.open_after.map_or("never open again".to_owned(), |after| format!("open after {after:>3} s"));
        let halted = if self.halted { "all halted, " } else { "" };
        format!("{halted}{open}; {}", self.nodes.join(", "))
    }
}

fn settings() -> Vec<(&'static str, ParameterValue)> {
    let seconds = |seconds| ParameterValue::Duration(Duration::from_secs(seconds));
    vec![
        ("DCR_GRP_DSKCHK_CNT", seconds(15)),
        ("DMDCR_ASM_RESTART_INTERVAL", seconds(15)),
        ("DMDCR_DB_RESTART_INTERVAL", seconds(20)),
    ]
}

fn run(case: Case) -> End {
    let world = World::new(WorldOptions { seed: Seed(1), ..Default::default() });
    let limits = Limits { time: Instant::START + Duration::from_secs(200), ..Default::default() };
    let killed_at: Rc<Cell<Option<Instant>>> = Rc::default();
    let nodes: Rc<RefCell<Vec<String>>> = Rc::default();
    let (killed, seen) = (killed_at.clone(), nodes.clone());
    world.run(limits, move |world| {
        let host = |number| HostPlan { name: format!("dsc{number}"), role: "instance".to_owned() };
        let plan = ClusterPlan {
            hosts: (0..case.hosts).map(host).collect(),
            profile: case.profile.to_owned(),
            set: settings().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            ..ClusterPlan::default()
        };
        let cluster = (nodes::dm_dsc::PRODUCT.build)(world, &plan).expect("a sound plan");
        cluster.start();
        let world_outside = world.clone();
        world.spawn_outside(async move { kill_at(case, world_outside, cluster, killed, seen).await });
    });
    let trace = world.take_trace();
    let killed_at = killed_at.get().unwrap_or_else(|| panic!("{} {} was never reached", case.path, case.status));
    let of_group = |name: &str, fields: &nodes::world::trace::Fields| -> Option<String> {
        let text = |it: &str| field(fields, it).and_then(|value| value.text()).unwrap_or_default().to_owned();
        (name == "group.status" && text("group") == "DB").then(|| text("status"))
    };
    let later = trace.events().iter().filter(|event| event.at > killed_at);
    let statuses: Vec<(Instant, String)> = later
        .filter_map(|event| match &event.what {
            What::Announced { name, fields } => Some((event.at, of_group(name, fields)?)),
            _ => None,
        })
        .collect();
    let opened = statuses.iter().find(|(_, status)| status == "OPEN");
    End {
        halted: statuses.iter().any(|(_, status)| status == "SYS_HALT"),
        open_after: opened.map(|(at, _)| at.since(killed_at).as_secs()),
        nodes: nodes.take(),
    }
}

/// Kills DSC0, waits for the status, kills the victim, and looks at the end.
async fn kill_at(
    case: Case,
    world: World,
    cluster: Rc<dyn Cluster>,
    killed: Rc<Cell<Option<Instant>>>,
    seen: Rc<RefCell<Vec<String>>>,
) {
    world.sleep_until(Instant::START + Duration::from_secs(25)).await;
    world.kill(cluster.database(HostId(0)));
    let status = format!("({}, {})", case.path, case.status);
    while cluster.nodes().iter().all(|node| node.state != status) {
        world.announced(None, "group.status", 1).await;
    }
    let (host, program) = case.victim;
    let process = world.find_process(HostId(host), program).expect("a process");
    world.kill(process);
    killed.set(Some(world.now()));
    world.sleep_until(Instant::START + Duration::from_secs(199)).await;
    let open = |node: &nodes::product::NodeState| match node.writable {
        true => format!("{} {}", node.host, node.role),
        false => format!("{} down", node.host),
    };
    *seen.borrow_mut() = cluster.nodes().iter().map(open).collect();
}

fn table(cases: &[Case]) -> String {
    let line = |case: &Case| {
        let (host, program) = case.victim;
        format!("{:34} {program:8} of dsc{host}: {}", case.status, run(*case).shown())
    };
    cases.par_iter().map(line).collect::<Vec<String>>().join("\n")
}

fn cases(
    profile: &'static str,
    hosts: u16,
    path: &'static str,
    statuses: &[&'static str],
    victims: &[Victim],
) -> Vec<Case> {
    let of_status = |status: &&'static str| {
        let status = *status;
        victims.iter().map(move |victim| Case { profile, hosts, path, status, victim: *victim })
    };
    statuses.iter().flat_map(of_status).collect()
}

#[test]
fn each_process_dies_at_each_status_of_crash_handling() {
    insta::assert_snapshot!(table(&cases("", 2, "PROCESS_EP_CRASH", CRASH_2021, SURVIVORS)));
}

#[test]
fn each_process_dies_at_each_status_of_a_rejoin() {
    let victims = [SURVIVORS, REJOINING].concat();
    insta::assert_snapshot!(table(&cases("", 2, "PROCESS_RECOVER", REJOIN, &victims)));
}

/// With a third EP the death of the second is undone and handled with the first, and nobody is halted; in 2021 it is the end of
/// all of them.
#[test]
fn a_second_ep_dies_at_each_status_of_crash_handling_of_2024() {
    let of_2024 = cases("dm8-2024", 3, "PROCESS_CRASH", CRASH_2024, &[(1, "dmserver"), (2, "dmserver")]);
    insta::assert_snapshot!(table(&of_2024));
    let of_2021 = cases("", 3, "PROCESS_EP_CRASH", CRASH_2021, &[(1, "dmserver")]);
    for (case, halts) in of_2024.iter().map(|case| (case, false)).chain(of_2021.iter().map(|case| (case, true))) {
        assert_eq!(run(*case).halted, halts, "{} {}", case.path, case.status);
    }
}
