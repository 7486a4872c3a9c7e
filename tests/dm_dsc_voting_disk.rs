//! Dameng DSC: every block of the voting disk damaged in every way, on each host, in a start, a crash and a rejoin.
//!
//! Two hosts, CSS0 is the control CSS. In the first drill DSC0 is killed at 25 s and started again by its CSS; while the groups
//! start, or between two commands of crash handling or of the rejoin, one fault meets one block. In the second CSS0 dies at
//! 25 s and the fault comes before CSS1 takes over. Whatever that does: in the end one CSS is the control node, and whoever can
//! serve does, or the check says so whose promise that is. Which check may break where is a rule ([`breaks`]), and every
//! other one holds in every cell.

use rayon::prelude::*;
use simrun::check::Answer;
use simrun::draws::Draws;
use simrun::run::{Record, RunOptions, run_scenario};
use simrun::scenario::{self, Scenario};
use simrun::verdict;
use simrun::vocabulary;

use nodes::world::device::SectorRange;

/// The blocks in use by two EPs in three groups: their sectors (records from 1, member `8 g + e` from 16 on) and names.
fn blocks() -> Vec<(u64, String)> {
    let groups = ["CSS", "ASM", "DB"];
    let records = groups.iter().enumerate().map(|(group, name)| (1 + group as u64, format!("record of {name}")));
    let members = groups.iter().enumerate().flat_map(|(group, name)| {
        (0..2u64).flat_map(move |ep| {
            let slot = 16 + 2 * (8 * group as u64 + ep);
            [(slot, format!("slot of {name}{ep}")), (slot + 1, format!("mailbox of {name}{ep}"))]
        })
    });
    records.chain(members).collect()
}

/// The ways to damage a block, and whether it matters whose requests are hit.
const FAULTS: [(&str, &str, bool); 4] = [
    ("unreadable", "read-error = { device = \"vote\", mode = \"latent\", count = 1, ", false),
    ("rotten", "bit-rot = { device = \"vote\", ", false),
    ("write lost", "lose-write = { device = \"vote\", count = 1, ", true),
    ("read stale", "stale-read = { device = \"vote\", count = 1, ", true),
];

const CHECKS: [&str; 9] = [
    "single-writer",
    "log-intact",
    "no-lost-commit",
    "linearizable",
    "dsc-one-control-css",
    "dsc-killed-writes-nothing-after-redo",
    "dsc-status-sequence",
    ADDRESS,
    SERVICE,
];

/// The check that says when nobody serves.
const SERVICE: &str = "dsc-open-again";
/// The check that says when an address is up twice.
const ADDRESS: &str = "dsc-vip-on-one-host";

/// The checks that break in a cell; every other one holds. In the first drill that is none, but where the order to take
/// the address down is lost: it is written again a poll later, and so long the address is up twice. In the second nobody is left
/// who could take the address of dsc0 down there, so it is up twice when dsc1 has it (reference, section 8, incident 9).
///
/// And there a fault can cost the last EP that could open the group: while nobody leads, an EP that cannot read its mailbox
/// and an ASM that is halted for want of its group's record take the database of dsc1 with them. It comes back as an ERROR
/// EP, and the only OK one is on the host without a CSS: it waits for its operator (reference, section 1.1, rule c).
fn breaks(case: &Case) -> &'static [&'static str] {
    let lasts = ["unreadable", "rotten"].contains(&case.fault);
    let is_blind = case.fault == "unreadable" && ["mailbox of ASM1", "mailbox of DB1"].contains(&case.block.as_str());
    match case.block.as_str() {
        "mailbox of CSS1" if case.what.ends_with("write lost for dsc0 at 48s") => &[ADDRESS],
        _ if case.drill.kill != "dsc0/dmcss" => &[],
        "record of ASM" if lasts => &[SERVICE],
        _ if is_blind => &[SERVICE],
        // The group is halted and starts anew: no crash is handled, and no address moves.
        "record of DB" if lasts => &[],
        _ => &[ADDRESS],
    }
}

/// What happens beside the fault.
struct Drill {
    kill: &'static str,
    /// When the fault strikes.
    moments: &'static [&'static str],
    /// The CSS that live in the end; as many instances serve then.
    css: &'static [u64],
    /// How long a run is: long enough for two minutes in which somebody could have served.
    length: &'static str,
}

const DRILLS: [Drill; 2] = [
    Drill { kill: "dsc0", moments: &["2s", "28s", "48s"], css: &[0, 1], length: "180s" },
    Drill { kill: "dsc0/dmcss", moments: &["30s"], css: &[1], length: "240s" },
];

/// One cell of the table.
struct Case {
    drill: &'static Drill,
    what: String,
    fault: &'static str,
    block: String,
    /// The fault as the scenario has it; empty for none.
    entry: String,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (drill, at) in DRILLS.iter().flat_map(|drill| drill.moments.iter().map(move |at| (drill, at))) {
        for (fault, verb, of_hosts) in FAULTS {
            for (sector, block) in blocks() {
                let hosts = if of_hosts { vec![Some(0), Some(1)] } else { vec![None] };
                for host in hosts {
                    let place = format!("region = \"voting-disk\", sectors = \"{sector}..{sector}\"");
                    let of_host = host.map_or(String::new(), |host| format!(", host = \"dsc{host}\""));
                    let entry = format!("[[fault]]\nname = \"it\"\nat = \"{at}\"\n{verb}{place}{of_host} }}\n");
                    let host = host.map_or(String::new(), |host| format!(" for dsc{host}"));
                    let what = format!("{} dies; {block}: {fault}{host} at {at}", drill.kill);
                    cases.push(Case { drill, what, fault, block: block.clone(), entry });
                }
            }
        }
    }
    cases
}

fn scenario(case: &Case) -> Scenario {
    let checks: String = CHECKS.iter().map(|check| format!("[[check]]\nalways = \"{check}\"\n")).collect();
    let text = format!(
        r#"
format = 1
[drill]
id = "DM-T"
title = "a damaged block of the voting disk"
kind = "simulation"
hypothesis = "one CSS leads, and whoever can serve does"
[product]
model = "dm_dsc"
[product.set]
DCR_GRP_DSKCHK_CNT = "15s"
DMDCR_ASM_RESTART_INTERVAL = "10s"
DMDCR_DB_RESTART_INTERVAL = "15s"
DMDCR_AUTO_OPEN_CHECK = "30s"
[[node]]
name = "dsc0"
role = "instance"
[[node]]
name = "dsc1"
role = "instance"
[storage]
damage = "unbounded"
[workload]
kind = "register"
clients = 2
rate = "10/s"
keys = 4
[[fault]]
name = "kill"
at = "25s"
kill = "{}"
{}
{checks}
[run]
seeds = "1..1"
time-limit = "{}"
"#,
        case.drill.kill, case.entry, case.drill.length
    );
    let source = scenario::source::Source::new("table.toml", text.as_str());
    match scenario::check(source, &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("rejected: {:#?}\n{text}", rejected.diagnostics),
    }
}

/// What came of a case.
struct End {
    fired: u64,
    /// The CSS that call themselves the control node in their slots, with their reigns.
    control: Vec<(u64, u64)>,
    serving: usize,
    violated: Vec<String>,
}

impl End {
    fn of(case: &Case) -> End {
        let scenario = scenario(case);
        let product = nodes::catalogue::find("dm_dsc").expect("the product");
        let draws = Draws::of(&scenario, 1);
        let record = &run_scenario(&scenario, product, &draws, &RunOptions::default()).expect("a run to its end");
        let verdict = verdict::judge(&scenario, record);
        let violated = verdict.checks.iter().filter(|check| check.finding.answer == Answer::Violated);
        let last = record.states.last().map(|snapshot| snapshot.nodes.as_slice()).unwrap_or_default();
        let reigns = case.drill.css.iter().map(|css| (*css, reign_in_slot(record, *css)));
        End {
            fired: record.fault("it").and_then(|fault| fault.effects.counts).map_or(0, |counts| counts.fired),
            control: reigns.filter(|(_, reign)| *reign > 0).collect(),
            serving: last.iter().filter(|node| node.writable).count(),
            violated: violated.map(|check| check.name.clone()).collect(),
        }
    }

    fn shown(&self) -> String {
        let control: Vec<String> =
            self.control.iter().map(|(css, reign)| format!("CSS{css} in reign {reign}")).collect();
        let violated = if self.violated.is_empty() { "no check" } else { &self.violated.join(", ") };
        let (fired, control, serving) = (self.fired, control.join(" and "), self.serving);
        format!("fired {fired}; control {control}; {serving} serve; {violated} violated")
    }
}

/// The reign that a CSS names in its slot at the end: behind magic number, checksum and length (10 bytes) come guid,
/// counter, status, last command and its result (26 bytes), then the reign.
fn reign_in_slot(record: &Record, css: u64) -> u64 {
    let region = record.regions.iter().find(|region| region.name == "voting-disk").expect("a voting disk");
    let visible = &record.device(region.device).expect("its device").visible;
    let first = region.offset / visible.sector_size() + 16 + 2 * css;
    let bytes = visible.read(SectorRange::new(first, 1)).expect("CSS writes its slot each second");
    bytes.get(36..44).and_then(|reign| reign.try_into().ok()).map_or(0, u64::from_le_bytes)
}

#[test]
fn a_damaged_block_leaves_one_control_node_and_service_or_is_seen() {
    for drill in &DRILLS {
        let calm = Case { drill, what: String::new(), fault: "", block: String::new(), entry: String::new() };
        let end = End::of(&calm);
        assert_eq!((end.control.len(), end.serving), (1, drill.css.len()), "{}", end.shown());
        assert_eq!(end.violated, breaks(&calm), "{}", end.shown());
    }
    let cases = cases();
    let ends: Vec<End> = cases.par_iter().map(End::of).collect();
    let mut lines = Vec::new();
    let mut wrong = Vec::new();
    for (case, end) in cases.iter().zip(&ends) {
        let serving = if breaks(case).contains(&SERVICE) { 0 } else { case.drill.css.len() };
        if (end.control.len(), end.serving) != (1, serving) || end.violated != breaks(case) {
            wrong.push(format!("{}: {}, and should: {}", case.what, end.shown(), breaks(case).join(", ")));
        }
        lines.push(format!("{:62} {}", case.what, end.shown()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The control CSS writes nothing into its own mailbox, and what was never written can be neither rotten nor lost.
    let may_miss = |fault: &str, block: &str| {
        block == "mailbox of CSS0" && matches!(fault, "rotten" | "write lost" | "read stale")
    };
    for (fault, ..) in FAULTS {
        for (_, block) in blocks() {
            let of_block = cases.iter().zip(&ends).filter(|(case, _)| case.fault == fault && case.block == block);
            let met = of_block.into_iter().any(|(_, end)| end.fired > 0);
            assert!(met || may_miss(fault, &block), "{block} was never {fault}");
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}
