//! Written traces, and searches over the test product.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nodes::world::digest::Digest;
use nodes::world::time::Instant;
use nodes::world::trace::{
    HostId, Incarnation, Keep, MessageFate, Place, ProcessChange, ProcessId, ProcessName, Trace, What,
};

use super::cone::{Answered, Cone, Goal};
use super::flow::{Actor, Flow, Flows, Lives, Medium};
use super::search::{Heard, Plan, Search, SearchError, Searched, Size};
use super::{deeds, devices, messages, report, usual_kinds};
use crate::document::explicit::explicit;
use crate::draws::Draws;
use crate::run::testing::{PAIR, accepted, vocabulary};
use crate::sweep::faults::{self, CUT, FaultKind, KINDS};
use crate::sweep::{Answer, Setting};

/// A trace that is written by hand: moments are milliseconds, each process is alone on its host.
struct Written {
    trace: Trace,
    lives: Vec<u32>,
}

impl Written {
    fn of(processes: u16) -> Written {
        let mut trace = Trace::new(Keep { detail: true, ..Keep::default() });
        trace.hosts = (0..processes).map(|host| format!("h{host}").into()).collect();
        trace.processes = (0..processes).map(|host| ProcessName { host: HostId(host), name: "db".into() }).collect();
        let mut written = Written { trace, lives: vec![0; usize::from(processes)] };
        (0..processes).for_each(|process| written.starts(0, process));
        written
    }

    fn put(&mut self, at: u64, process: u16, what: What) {
        let place = Place::Process(ProcessId(process), Incarnation(self.lives[usize::from(process)]));
        self.trace.record(moment(at), place, what);
    }

    fn starts(&mut self, at: u64, process: u16) {
        self.lives[usize::from(process)] += 1;
        self.put(at, process, What::Process(ProcessChange::Started));
    }

    fn exits(&mut self, at: u64, process: u16) {
        self.put(at, process, What::Process(ProcessChange::Exited(1)));
    }

    fn message(&mut self, at: u64, (from, to): (u16, u16), fate: MessageFate, text: &str) {
        let digest = Digest::of(text);
        let what = What::Message { from: ProcessId(from), to: ProcessId(to), fate, text: text.into(), digest };
        self.put(at, if fate == MessageFate::Sent { from } else { to }, what);
    }

    /// A message that arrives a millisecond after it was sent.
    fn says(&mut self, at: u64, way: (u16, u16), text: &str) {
        self.message(at, way, MessageFate::Sent, text);
        self.message(at + 1, way, MessageFate::Delivered, text);
    }

    fn asks(&mut self, at: u64, process: u16, text: &str) {
        self.put(at, process, What::Device { device: 0, text: text.into(), digest: 0 });
    }
}

fn moment(milliseconds: u64) -> Instant {
    Instant::START + Duration::from_millis(milliseconds)
}

fn life(process: u16, incarnation: u32) -> Actor {
    Actor::Life(ProcessId(process), Incarnation(incarnation))
}

/// Until when each life was needed for what a process did at a moment.
fn needed(flows: Vec<Flow>, goal: &Goal) -> Vec<(Actor, u64)> {
    let cone = Cone::of(goal, &Flows::of(flows));
    cone.needed.iter().map(|(actor, until)| (*actor, until.as_millis())).collect()
}

fn goal(process: u16, at: u64) -> Goal {
    Goal { needs: vec![(life(process, 1), moment(at))], operation: None }
}

#[test]
fn what_led_to_something_is_found_through_whoever_passed_it_on() {
    let mut written = Written::of(4);
    written.says(10, (0, 1), "Order { number: 1 }");
    written.says(20, (1, 2), "Order { number: 1 }");
    // Too late to matter, lost, and told to somebody else.
    written.says(40, (3, 1), "Order { number: 2 }");
    written.message(15, (3, 2), MessageFate::Sent, "Hint");
    written.message(16, (3, 2), MessageFate::Dropped, "Hint");
    written.says(25, (2, 3), "Done");
    let found = messages::messages(&written.trace);
    assert_eq!(found.len(), 4);
    assert_eq!(needed(found.clone(), &goal(2, 30)), [(life(0, 1), 10), (life(1, 1), 20), (life(2, 1), 30)]);
    assert_eq!(needed(found, &goal(2, 20)), [(life(2, 1), 20)], "before the order came");
}

#[test]
fn heartbeats_lead_nowhere_until_they_say_something_new() {
    let mut written = Written::of(2);
    for number in 0..20 {
        let state = if number < 12 { "Standby" } else { "Primary" };
        written.says(number * 100, (0, 1), &format!("Alive {{ number: {number}, state: {state} }}"));
    }
    let found = messages::messages(&written.trace);
    let new: Vec<u64> = found.iter().filter(|flow| !flow.repeats).map(|flow| flow.left.as_millis()).collect();
    assert_eq!(new, [0, 1_200]);
    // What is said seldom is no heartbeat, however alike.
    let mut written = Written::of(2);
    (0..7).for_each(|number| written.says(number * 100, (0, 1), &format!("Vote {{ term: {number} }}")));
    assert!(messages::messages(&written.trace).iter().all(|flow| !flow.repeats));
}

#[test]
fn while_an_operation_waits_an_acknowledgement_counts_that_was_heard_a_thousand_times() {
    let mut written = Written::of(3);
    for number in 0..20 {
        written.says(number * 100, (0, 1), &format!("Acknowledged {{ position: {number} }}"));
    }
    written.put(1_899, 2, What::Client { client: 1, operation: 0, phase: "called", digest: 0 });
    written.says(1_899, (2, 1), "Write");
    written.says(1_902, (1, 2), "Committed");
    let found = messages::messages(&written.trace);
    assert!(found.iter().all(|flow| flow.from != life(2, 1)), "a client supports nothing");
    let operation = Answered { client: life(2, 1), called: moment(1_899), returned: moment(1_903) };
    let waiting = Goal { needs: Vec::new(), operation: Some(operation) };
    assert_eq!(needed(found.clone(), &waiting), [(life(0, 1), 1_900), (life(1, 1), 1_902)]);
    assert_eq!(needed(found, &goal(1, 1_902)), [(life(0, 1), 0), (life(1, 1), 1_902)], "nobody waits");
}

#[test]
fn bytes_lead_from_who_wrote_them_last_to_who_reads_them() {
    let mut written = Written::of(4);
    written.asks(10, 0, "write offset 0 length 4096");
    written.asks(11, 0, "done");
    written.asks(20, 1, "write through offset 1024 length 512");
    written.asks(30, 2, "read offset 512 length 512");
    written.asks(40, 3, "read offset 1024 length 1024");
    written.asks(50, 0, "read offset 0 length 512");
    let found = devices::readings(&written.trace);
    let told: Vec<(Actor, u64, Actor)> = found.iter().map(|flow| (flow.from, flow.left.as_millis(), flow.to)).collect();
    assert_eq!(told, [(life(0, 1), 10, life(2, 1)), (life(1, 1), 20, life(3, 1)), (life(0, 1), 10, life(3, 1)),]);
    assert!(found.iter().all(|flow| flow.medium == Medium::Device && !flow.repeats));
}

#[test]
fn a_block_that_is_read_again_and_again_counts_once() {
    let mut written = Written::of(2);
    for number in 0..10 {
        written.asks(number * 100, 0, "write offset 512 length 512");
        written.asks(number * 100 + 50, 1, "read offset 0 length 4096");
    }
    let found = devices::readings(&written.trace);
    assert_eq!(found.len(), 10);
    assert_eq!(found.iter().filter(|flow| !flow.repeats).count(), 1);
}

#[test]
fn a_life_rests_on_how_the_one_before_it_ended_and_on_what_runs_beside_it() {
    let mut written = Written::of(2);
    written.trace.processes[1].host = HostId(0);
    written.exits(100, 0);
    written.starts(200, 0);
    let found = deeds::starts(&Lives::of(&written.trace));
    let goal = Goal { needs: vec![(life(0, 2), moment(300))], operation: None };
    assert_eq!(needed(found, &goal), [(life(0, 1), 100), (life(0, 2), 300), (life(1, 1), 200)]);
}

const SWITCHOVER: &str = r#"
[[step]]
name = "switch"
at = "5s"
switchover = { to = "b" }
if-fails = "continue"
[[step]]
name = "back"
at = "8s"
switchover = { to = "a" }
if-fails = "continue"
[[fault]]
name = "freeze"
at = "12s"
for = "1s"
pause = "a"
[[check]]
always = "linearizable"
[[check]]
eventually = "writable"
after = "back"
within = "10s"
"#;

/// Searches for sets of up to two faults.
fn searched(
    body: &str,
    kinds: &[FaultKind],
    jobs: usize,
    interrupted: fn() -> bool,
) -> Result<(Searched, Vec<Answer>), SearchError> {
    let (original, vocabulary) = (accepted(body), vocabulary());
    let alone = faults::undisturbed(&explicit(&original, &Draws::of(&original.scenario, 1)));
    let alone = faults::with_room(&alone, &original.scenario, 2);
    let undisturbed = alone.accept("scenarios/test.toml", &vocabulary).expect("a scenario");
    let setting =
        Setting { path: "scenarios/test.toml", vocabulary: &vocabulary, product: &PAIR, seed: 1, jobs, interrupted };
    let plan = Plan {
        undisturbed: &alone,
        scenario: &undisturbed.scenario,
        kinds,
        words: &[],
        occurrences: None,
        most: 2,
        singles: usize::MAX,
        sets: usize::MAX,
    };
    let mut answers = Vec::new();
    let searched = Search::begin(setting, plan)?.run(|heard| match heard {
        Heard::Begins { .. } => {}
        Heard::Made(made) => answers.push(made.answer),
    });
    Ok((searched, answers))
}

#[test]
fn it_finds_what_breaks_and_does_not_depend_on_how_many_run_at_once() {
    let (one, answers) = searched(SWITCHOVER, &usual_kinds(), 1, || false).expect("a search");
    // Nobody restarts a database of the test product, so the last primary must not die.
    assert!(one.found.iter().any(|found| found.first.attempt.what.en.contains("kill a/db")), "{:?}", one.found);
    assert_eq!(one.sizes.len(), 1, "nothing larger is tried when something broke");
    assert_eq!(answers.len() as u64, one.sizes[0].tried());
    let (two, answers_of_two) = searched(SWITCHOVER, &usual_kinds(), 2, || false).expect("a search");
    let first = |searched: &Searched| -> Vec<(String, u64)> {
        searched.found.iter().map(|found| (found.first.attempt.at.clone(), found.runs)).collect()
    };
    assert_eq!(first(&one), first(&two));
    assert_eq!((one.sizes, answers), (two.sizes, answers_of_two));
}

#[test]
fn an_answer_that_is_lost_leaves_nobody_primary() {
    let (searched, _) = searched(SWITCHOVER, &[CUT], 2, || false).expect("a search");
    // The order to step down is obeyed, and whoever gave it never hears so and promotes nobody.
    let cuts: Vec<&str> = searched.found.iter().map(|found| found.first.attempt.what.en.as_str()).collect();
    assert_eq!(cuts, ["partition b to a"]);
}

const RESTART: &str = r#"
[[step]]
name = "stop"
at = "5s"
stop = "b"
[[step]]
name = "start"
at = "7s"
start = "b"
[[check]]
always = "linearizable"
[[check]]
eventually = "writable"
after = "start"
within = "90s"
[[check]]
eventually = "converged"
after = "start"
within = "90s"
"#;

#[test]
fn what_survives_every_set_gets_its_bound() {
    let pause = KINDS.into_iter().find(|kind| kind.verb == "pause").expect("a kind");
    let (searched, answers) = searched(RESTART, &[pause], 2, || false).expect("a search");
    assert!(searched.found.is_empty(), "{:?}", searched.found);
    assert!(searched.outcomes.iter().all(|outcome| outcome.at.is_some() && outcome.faults > 0));
    assert_eq!(searched.sizes.len(), 2);
    let held = answers.iter().filter(|answer| **answer == Answer::Held).count();
    assert!(held > 2 && answers.iter().all(|it| [Answer::Held, Answer::DidNotBite].contains(it)), "{answers:?}");
    let bound = report::bound(&searched, 2);
    assert!(bound.starts_with("No set of up to 2 of these faults breaks it. Did not bite: "), "{bound}");
}

#[test]
fn somebody_who_ends_it_hears_what_is_known() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    static LAST: AtomicU32 = AtomicU32::new(u32::MAX);
    let impatient = || ASKED.fetch_add(1, Ordering::SeqCst) > LAST.load(Ordering::SeqCst);
    let (whole, _) = searched(SWITCHOVER, &KINDS, 1, impatient).expect("a search");
    assert!(!whole.interrupted);
    // In the last of its runs.
    LAST.store(ASKED.swap(0, Ordering::SeqCst) - 10, Ordering::SeqCst);
    let (part, _) = searched(SWITCHOVER, &KINDS, 1, impatient).expect("a search");
    let tried = |searched: &Searched| searched.sizes.iter().map(Size::tried).sum::<u64>();
    assert!(part.interrupted && (1..tried(&whole)).contains(&tried(&part)), "{:?} {:?}", part.sizes, whole.sizes);
    assert!(report::bound(&part, 2).ends_with("It was interrupted."), "{}", report::bound(&part, 2));
    assert!(matches!(searched(SWITCHOVER, &KINDS, 1, || true), Err(SearchError::NotSound(_))));
}
