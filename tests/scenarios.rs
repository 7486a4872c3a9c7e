//! Every shipped scenario: it ends as it says, the same way twice, with the hash that is pinned, and differently when
//! its faults and defects are taken away. Its page and its plan can be handed in, in Chinese too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nodes::product::NodeState;
use rayon::prelude::*;
use reports::handout::{Block, Cell, Handout};
use reports::render::html;
use reports::{Language, Report, Sentence};
use simrun::check::Answer;
use simrun::closeup::{self, Effort};
use simrun::draws::Draws;
use simrun::rehearse::{
    Back, Ending, Material, Phases, Sample, page as rehearsal_page, plan, rehearsal, stays, step_times, together,
};
use simrun::run::{Record, RunOptions, run_scenario};
use simrun::scenario::model::{Promise, Trigger, When};
use simrun::scenario::{self, Scenario};
use simrun::tell::{self, Tale};
use simrun::verdict::{self, Judged, Outcome, Verdict};
use simrun::vocabulary;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The shipped scenario files, below the root, in order. While one works on a product, its folder is enough:
/// `SIMRUN_SCENARIOS=scenarios/kingbase cargo test --workspace --test scenarios`.
fn files() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("scenarios")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).expect("the folder of scenarios") {
            let path = folder.join(entry.expect("a folder entry").file_name());
            if root().join(&path).is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
    }
    files.sort();
    let only = std::env::var("SIMRUN_SCENARIOS").unwrap_or_default();
    files.retain(|file| file.starts_with(&only));
    assert!(!files.is_empty(), "no scenario file below {only}");
    files
}

fn load(file: &Path) -> Scenario {
    match scenario::load(&root().join(file), &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("{} is rejected: {:#?}", file.display(), rejected.diagnostics),
    }
}

fn run(scenario: &Scenario, seed: u64) -> (Record, Verdict) {
    let product = nodes::catalogue::find(&scenario.product.model).expect("a product of the catalogue");
    let draws = Draws::of(scenario, seed);
    let record = run_scenario(scenario, product, &draws, &RunOptions::default())
        .unwrap_or_else(|error| panic!("{} seed {seed}: {error}", scenario.name));
    let verdict = verdict::judge(scenario, &record);
    (record, verdict)
}

fn first_seed(scenario: &Scenario) -> u64 {
    scenario.run.seeds.first
}

/// What the tests of this file ask of the first seed of a scenario. It runs twice, and once more without its faults and
/// defects.
struct First {
    file: PathBuf,
    hashes: [u64; 2],
    events: u64,
    outcome: Outcome,
    /// The cause of the outcome and the answers of the checks.
    why: String,
    /// Sentences of the report and of the plan that say nothing in Chinese.
    untold: Vec<String>,
    /// What is wrong with the page.
    page: Vec<String>,
    /// How it ends with and without its faults and defects, if it ends the same.
    idle: Option<String>,
}

/// The first seed of every scenario, run once for all tests.
fn first_seeds() -> &'static [First] {
    static FIRST: OnceLock<Vec<First>> = OnceLock::new();
    FIRST.get_or_init(|| files().par_iter().map(|file| first(file)).collect())
}

fn first(file: &Path) -> First {
    let scenario = load(file);
    let product = nodes::catalogue::find(&scenario.product.model).expect("a product of the catalogue");
    let seed = first_seed(&scenario);
    let draws = Draws::of(&scenario, seed);
    let text = std::fs::read_to_string(root().join(file)).expect("the file that was just read");
    let page = |report: &Report| html::html(report, None, Language::Chinese);
    // The page with and without messages and outputs of the status command; it is handed in with them.
    let told = |looks_closely: bool| {
        let (record, verdict) = run(&scenario, seed);
        let tale =
            Tale { scenario: &scenario, text: &text, product, draws: &draws, record: &record, verdict: &verdict };
        let mut report = tell::report(&tale);
        let (papers, plain) = (papers_of(&tale, &report), page(&report));
        let untold = untold(&report, &papers);
        let whole = looks_closely.then(|| {
            closeup::complete_with(&tale, &mut report, EFFORT).unwrap_or_else(|error| panic!("{error}"));
            page(&report)
        });
        (record, verdict, untold, (papers, plain), whole)
    };
    let (record, verdict, untold, same, whole) = told(true);
    let idle = idle(&scenario, seed, &record);
    let (hash, events) = (record.trace.hash(), record.trace.count());
    drop(record);
    let (again, _, _, same_again, whole_again) = told(is_first_of_its_folder(file));
    let mut troubles = page_troubles(whole.as_deref().unwrap_or_default());
    if same != same_again || (whole_again.is_some() && whole != whole_again) {
        troubles.push("the page or the plan is another one the second time".to_owned());
    }
    let answer = |check: &Judged| format!("{} {}: {}", check.name, check.finding.answer, check.finding.told());
    let answers: Vec<String> = verdict.checks.iter().map(answer).collect();
    First {
        file: file.to_owned(),
        hashes: [hash, again.trace.hash()],
        events,
        outcome: verdict.outcome,
        why: format!("{:?}\n{}", verdict.cause, answers.join("\n")),
        untold,
        page: troubles,
        idle,
    }
}

/// The papers as one run makes them: everything of them but the looks into the cluster before and after.
fn papers_of(tale: &Tale<'_>, report: &Report) -> [Handout; 2] {
    let (service, objectives) = tell::measured(tale);
    let outages = &service.outages;
    let ending = Ending::of(tale.record, tale.verdict, outages.len());
    let stays = stays(tale.record, &report.lanes);
    let phases = Phases::of(tale.record, outages, tale.product);
    let sample = Sample::of(tale.record, ending, phases, &objectives, stays);
    let samples = [sample];
    let material = Material {
        scenario: tale.scenario,
        product: tale.product,
        operations: nodes::catalogue::operations(tale.product.model),
        rehearsal: &rehearsal(&tale.scenario.path, &samples),
        steps: &step_times(tale.scenario, &samples),
        stays: &together(samples.iter().map(|sample| &sample.stays)),
        typical: report,
        before: &[],
        back: &Back::NotMoved,
    };
    [plan(&material), rehearsal_page(&material)]
}

/// Sentences that simrun wrote and that a reader of Chinese cannot read.
fn untold(report: &Report, papers: &[Handout]) -> Vec<String> {
    let deeds: Vec<Sentence> = report.faults.iter().flat_map(|fault| [fault.planned(), fault.deed()]).collect();
    let planned: Vec<Sentence> = report.runbook.iter().map(|step| step.planned()).collect();
    let drill = &report.drill;
    let (hypothesis, scope, rollback) = (drill.hypothesis(), drill.scope(), drill.rollback());
    let (because, workload) = (report.verdict.expectation.because(), report.cluster.workload());
    let card = [&hypothesis, &scope, &rollback, &because, &workload].into_iter().flatten();
    let outages = report.service.outages.iter();
    let landmarks = outages.flat_map(|outage| [Some(&outage.first_failed), outage.first_durable.as_ref()]).flatten();
    let checks = report.checks.iter();
    let sentences = [&report.verdict.cause]
        .into_iter()
        .chain(card)
        .chain(report.timeline.iter().map(|entry| &entry.text))
        .chain(&report.story)
        .chain(checks.flat_map(|check| [&check.promise].into_iter().chain(&check.explanation)))
        .chain(report.runbook.iter().filter_map(|step| step.expected.as_ref()))
        .chain(report.faults.iter().filter_map(|fault| fault.proof.as_ref()))
        .chain(&deeds)
        .chain(&planned)
        .chain(landmarks.map(|landmark| &landmark.what))
        .chain(&report.limits.not_simulated)
        .chain(papers.iter().flat_map(words_of));
    let mut untold: Vec<String> =
        sentences.filter(|sentence| !is_chinese(sentence)).map(|sentence| format!("{sentence:?}")).collect();
    untold.sort();
    untold.dedup();
    untold
}

/// Every sentence of a paper.
fn words_of(paper: &Handout) -> Vec<&Sentence> {
    let mut words: Vec<&Sentence> = std::iter::once(&paper.title).chain(&paper.notes).collect();
    for section in &paper.sections {
        words.push(&section.heading);
        for block in &section.blocks {
            match block {
                Block::Words(said) => words.push(said),
                Block::Points { points, .. } => words.extend(points),
                Block::Table { columns, rows } => {
                    words.extend(columns);
                    words.extend(rows.iter().flatten().filter_map(|cell| match cell {
                        Cell::Words(said) => Some(said),
                        _ => None,
                    }));
                }
                Block::Distribution { of, .. } => words.push(of),
                Block::Code(_) => {}
            }
        }
    }
    words
}

/// Whether a sentence has Chinese letters in its Chinese form. One word alone, `RTO`, is a name.
fn is_chinese(sentence: &Sentence) -> bool {
    let is_name = sentence.zh.as_deref() == Some(&sentence.en) && !sentence.en.contains(' ');
    let is_letter = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
    is_name || sentence.zh.as_deref().is_some_and(|chinese| chinese.chars().any(is_letter))
}

/// What a page may weigh. Here the status command is typed less often than for a page that is handed in, so that all
/// there may be of its outputs is kept free.
const MOST_BYTES: usize = 2_000_000 - html::MOST_STATUS_BYTES;

/// Fewer looks than at a page that is handed in: each costs a run.
const EFFORT: Effort = Effort { alone: 2, rounds: 0 };

/// The pages of these are made twice; looking twice into each drill would take too long.
fn is_first_of_its_folder(file: &Path) -> bool {
    files().iter().find(|other| other.parent() == file.parent()).is_some_and(|first| first == file)
}

/// What makes a page too heavy to be mailed, or not whole without a network.
fn page_troubles(page: &str) -> Vec<String> {
    let mut troubles = Vec::new();
    if page.len() >= MOST_BYTES {
        troubles.push(format!("{} bytes", page.len()));
    }
    if !page.contains("content=\"default-src 'none';") {
        troubles.push("no policy that forbids to load anything".to_owned());
    }
    // What would be fetched: attributes of elements and rules of a style sheet, not words of a scenario.
    let fetched =
        ["src=\"", "url(", "@import", "<link", "<iframe", "<img", "<object", "<embed", "<base", "http-equiv=\"refresh"];
    // What a picture of the page refers to by `url(#name)` stands in the page itself.
    let page = page.replace("url(#", "");
    let fetching = |text: &str| fetched.into_iter().find(|word| text.contains(word));
    let tags = page.split('<').map(|tag| format!("<{}", tag.split('>').next().unwrap_or_default()));
    troubles.extend(tags.filter(|tag| fetching(tag).is_some()));
    let style = page.split("<style>").nth(1).and_then(|style| style.split("</style>").next()).unwrap_or_default();
    troubles.extend(fetching(style).map(|word| format!("{word} in the style")));
    let links = page.split("href=\"").skip(1).filter(|link| !link.starts_with('#'));
    troubles.extend(links.map(|link| format!("a link to {}", link.chars().take(40).collect::<String>())));
    troubles
}

#[test]
fn a_page_that_would_fetch_something_is_found() {
    let troubles = |body: &str, style: &str| {
        let policy = "<meta content=\"default-src 'none';\">";
        page_troubles(&format!("{policy}<style>{style}</style><svg>{body}</svg>")).len()
    };
    assert_eq!(troubles("<line marker-end=\"url(#arrow)\"/><a href=\"#n\">", "path { fill: url(#hatch) }"), 0);
    assert_eq!(troubles("<line marker-end=\"url(arrow.svg#arrow)\"/>", ""), 1);
    assert_eq!(troubles("<img alt=\"\">", ""), 1);
    assert_eq!(troubles("", "path { fill: url(hatch.svg#hatch) }"), 1);
    assert_eq!(troubles("<a href=\"https://example.org\">", ""), 1);
    assert_eq!(page_troubles("").len(), 1, "no policy");
}

#[test]
fn every_sentence_of_every_scenario_has_chinese_words() {
    let untold = first_seeds().iter().filter(|first| !first.untold.is_empty());
    let untold: Vec<String> =
        untold.map(|first| format!("{}:\n  {}", first.file.display(), first.untold.join("\n  "))).collect();
    assert!(untold.is_empty(), "{} scenarios\n{}", untold.len(), untold.join("\n"));
}

#[test]
fn every_page_is_light_whole_without_a_network_and_the_same_twice() {
    let wrong = first_seeds().iter().filter(|first| !first.page.is_empty());
    let wrong: Vec<String> =
        wrong.map(|first| format!("{}: {}", first.file.display(), first.page.join("; "))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_scenario_ends_as_it_says_and_the_same_way_twice() {
    let mut lines = Vec::new();
    for First { file, hashes, events, outcome, why, .. } in first_seeds() {
        let file = file.display();
        assert_eq!(hashes[0], hashes[1], "{file} is not deterministic");
        assert_eq!(*outcome, Outcome::AsExpected, "{file}: {why}");
        lines.push(format!("{file} {:016x} {events} events", hashes[0]));
    }
    lines.sort();
    // A pin changes only on purpose: the commit that changes one says why. One file of pins a folder, so that a new
    // scenario of one product moves no line of another's.
    let mut by_folder: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        by_folder.entry(folder_name(&line)).or_default().push(line);
    }
    for (folder, lines) in by_folder {
        insta::assert_snapshot!(format!("pins__{folder}"), lines.join("\n"));
    }
}

/// The folder of scenarios that a line `scenarios/<folder>/<file> ...` belongs to.
fn folder_name(line: &str) -> String {
    let path = line.split(' ').next().unwrap_or(line);
    let folders: Vec<&str> = path.split('/').collect();
    match &folders[1..folders.len() - 1] {
        [] => "top".to_string(),
        folders => folders.join("_"),
    }
}

/// What a run came to, as an operator would sum it up: the verdict, the answers, how long service was away, whether
/// anything was lost, and how the nodes stand in the end. Moments, and what a fault leaves in the trace by itself, are
/// no part of it.
#[derive(Debug, PartialEq, Eq)]
struct Sum {
    verdict: (Outcome, bool),
    answers: Vec<(String, Answer)>,
    outage: &'static str,
    lost: Option<bool>,
    nodes: Vec<(String, String, String, bool)>,
}

fn sum_up(scenario: &Scenario, draws: &Draws, record: &Record, verdict: &Verdict) -> Sum {
    let product = nodes::catalogue::find(&scenario.product.model).expect("a product of the catalogue");
    let objectives = tell::report(&Tale { scenario, text: "", product, draws, record, verdict }).objectives;
    let outage = match objectives.rto.measured.map(|span| span.as_millis()) {
        None => "for ever",
        Some(0..1_000) => "none to speak of",
        Some(1_000..5_000) => "a few seconds",
        Some(5_000..30_000) => "many seconds",
        Some(_) => "long",
    };
    let last = record.states.last().map(|snapshot| snapshot.nodes.as_slice()).unwrap_or_default();
    let node = |node: &NodeState| (node.host.clone(), node.role.clone(), node.state.clone(), node.writable);
    Sum {
        verdict: (verdict.outcome, verdict.hazard_shown),
        answers: verdict.checks.iter().map(|check| (check.name.clone(), check.finding.answer)).collect(),
        outage,
        lost: objectives.rpo.lost_commits.map(|lost| lost > 0),
        nodes: last.iter().map(node).collect(),
    }
}

/// A drill is quoted by its number in plans and reports.
#[test]
fn no_two_drills_have_the_same_number() {
    let mut by_number: BTreeMap<String, PathBuf> = BTreeMap::new();
    for file in files() {
        let number = load(&file).drill.id;
        if let Some(other) = by_number.insert(number.clone(), file.clone()) {
            panic!("{number} is {} and {}", other.display(), file.display());
        }
    }
}

/// How a scenario ends with its faults and defects, if it ends the same without them.
fn idle(scenario: &Scenario, seed: u64, record: &Record) -> Option<String> {
    if scenario.faults.is_empty() && scenario.product.defects.is_empty() {
        return None;
    }
    let mut loud = scenario.clone();
    // A check that waits for a fault cannot be asked of a run without it.
    loud.checks.retain(|check| match &check.promise {
        Promise::Eventually { after: Some(trigger), .. } => !names_a_fault(scenario, trigger),
        _ => true,
    });
    let mut quiet = loud.clone();
    quiet.faults.clear();
    quiet.product.defects.clear();
    quiet.steps.retain(|step| match &step.when {
        When::After { trigger, .. } => !names_a_fault(scenario, trigger),
        When::At(_) => true,
    });
    let sum = |scenario: &Scenario, record: &Record, verdict: &Verdict| {
        sum_up(scenario, &Draws::of(scenario, seed), record, verdict)
    };
    let loud_sum = sum(&loud, record, &verdict::judge(&loud, record));
    let (quiet_record, quiet_verdict) = run(&quiet, seed);
    (loud_sum == sum(&quiet, &quiet_record, &quiet_verdict)).then(|| format!("{loud_sum:#?}"))
}

#[test]
fn without_its_faults_and_defects_a_scenario_ends_differently() {
    let idle = first_seeds().iter().filter_map(|first| {
        let sum = first.idle.as_ref()?;
        Some(format!("{} tests nothing: it ends the same without its faults\n{sum}", first.file.display()))
    });
    let idle: Vec<String> = idle.collect();
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}

fn names_a_fault(scenario: &Scenario, trigger: &Trigger) -> bool {
    trigger.entry().is_some_and(|entry| scenario.faults.iter().any(|fault| fault.name == entry))
}

#[test]
fn seeds_give_the_same_hash_alone_in_a_batch_and_on_other_threads() {
    let scenario = load(Path::new("scenarios/switchover_fail.toml"));
    let hash = |seed: u64| run(&scenario, seed).0.trace.hash();
    let in_a_batch: Vec<u64> = (1..=50).map(hash).collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
    let on_two_threads: Vec<u64> = pool.install(|| (1..=50u64).into_par_iter().map(hash).collect());
    assert_eq!(in_a_batch, on_two_threads);
    assert_eq!(hash(50), in_a_batch[49]);
    let distinct: std::collections::BTreeSet<&u64> = in_a_batch.iter().collect();
    assert_eq!(distinct.len(), 50);
}
