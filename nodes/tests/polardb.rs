//! PolarDB in a world: nothing asks whether the old writer still lives.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use nodes::polardb::PRODUCT;
use nodes::product::{Cluster, ClusterPlan, HostPlan, ParameterValue};
use nodes::world::executor::Limits;
use nodes::world::streams::Seed;
use nodes::world::time::Instant;
use nodes::world::trace::{HostId, Trace, What};
use nodes::world::{World, WorldOptions};

/// 2024-12-18 14:29:05, when the incident's replica was started.
const AFTERNOON: u64 = 1_734_532_145_000_000_000;

#[derive(Clone)]
struct Drill {
    world: World,
    cluster: Rc<dyn Cluster>,
}

impl Drill {
    async fn at(&self, seconds: u64) {
        self.world.sleep_until(Instant::START + Duration::from_secs(seconds)).await;
    }

    /// Types words on a host; its exit code and what it printed.
    async fn type_words(&self, host: u16, words: &[&str]) -> (i32, String) {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let output = self.cluster.shell(HostId(host)).run(words).await;
        let text = output.lines.iter().map(|(_, line)| format!("{line}\n")).collect();
        (output.exit_code.unwrap_or(-1), text)
    }

    async fn type_on(&self, host: u16, line: &str) -> (i32, String) {
        self.type_words(host, &line.split_whitespace().collect::<Vec<_>>()).await
    }

    async fn succeeds(&self, host: u16, line: &str) -> String {
        let (code, text) = self.type_on(host, line).await;
        let log = self.world.with_trace(logged);
        assert_eq!(code, 0, "{line}\n{text}\n{}", log.join("\n"));
        text
    }

    fn states(&self) -> Vec<String> {
        let shown = |node: &nodes::product::NodeState| format!("{} {} {}", node.role, node.state, node.writable);
        self.cluster.nodes().iter().map(shown).collect()
    }
}

#[derive(Clone, Default)]
struct Setting {
    hosts: Vec<(&'static str, &'static str)>,
    profile: &'static str,
    set: Vec<(&'static str, ParameterValue)>,
    defects: Vec<&'static str>,
}

fn two_nodes() -> Setting {
    Setting { hosts: vec![("pb1", "rw"), ("pb2", "ro")], ..Setting::default() }
}

fn run(seed: u64, seconds: u64, setting: Setting, script: impl AsyncFnOnce(Drill) + 'static) -> Trace {
    let world = World::new(WorldOptions { seed: Seed(seed), wall_start: AFTERNOON, ..Default::default() });
    let finished = Rc::new(Cell::new(false));
    let end = finished.clone();
    let limits = Limits { time: Instant::START + Duration::from_secs(seconds), ..Default::default() };
    world.run(limits, move |world| {
        let plan = ClusterPlan {
            hosts: setting
                .hosts
                .iter()
                .map(|(name, role)| HostPlan { name: (*name).to_owned(), role: (*role).to_owned() })
                .collect(),
            profile: setting.profile.to_owned(),
            set: setting.set.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            defects: setting.defects.iter().map(|name| (*name).to_owned()).collect(),
            initial: (0..4).map(|key| (key, vec![0])).collect(),
            ..ClusterPlan::default()
        };
        let cluster = (PRODUCT.build)(world, &plan).expect("a sound plan");
        cluster.start();
        let drill = Drill { world: world.clone(), cluster };
        world.spawn_outside(async move {
            script(drill).await;
            end.set(true);
        });
    });
    let trace = world.take_trace();
    assert!(finished.get(), "the script did not come to its end:\n{}", logged(&trace).join("\n"));
    trace
}

fn logged(trace: &Trace) -> Vec<String> {
    let lines = trace.events().iter().filter_map(|event| match &event.what {
        What::Log { line, .. } => Some(format!("{} {}: {line}", event.at, trace.place_name(event.place))),
        What::Announced { name, fields } if *name != "replica.read" && *name != "replica.applied" => {
            Some(format!("{} {} {name} {fields:?}", event.at, trace.place_name(event.place)))
        }
        _ => None,
    });
    lines.collect()
}

#[test]
fn a_promote_beside_an_idle_writer_makes_two_writers() {
    run(3, 100, two_nodes(), async |drill| {
        drill.at(20).await;
        drill.succeeds(1, "pg_ctl promote -D ~/replica1").await;
        assert_eq!(drill.states(), ["primary running true", "primary running true"]);
    });
}
