//! The plan of a drill (演练方案), made from the scenario and its rehearsal: what is done in which order, what it shows,
//! how long it takes, when to stop and how to get back. What a run cannot know is left blank for people.

use nodes::operations::Operations;
use nodes::product::Product;
use reports::handout::{Block, Cell, Handout, Section};
use reports::{Fault, Moment, Report, Sentence, Span, Step, sentence};

use super::decisions::{abort, decisions};
use super::roles::roles;
use super::slips;
use super::words::{columns, distribution, objectives, outcomes, percent, say, section, time, times};
use super::{Rehearsal, StepTimes};
use crate::scenario::Scenario;
use crate::scenario::model::{ExpectedVerdict, Fault as PlannedFault};

/// So many lines of an output stand in the plan.
const MOST_LINES: usize = 40;

/// A look at the healthy cluster, as it was before the first deed.
#[derive(Clone, Debug)]
pub struct Precondition {
    /// The command.
    pub command: String,
    /// Where it was typed.
    pub host: String,
    /// What it must show, in words.
    pub healthy: Sentence,
    /// What it showed.
    pub lines: Vec<String>,
}

/// How the role is handed back to the node that had it first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back {
    /// The role is where it was.
    NotMoved,
    /// This command, typed on this host.
    Command {
        /// The host.
        host: String,
        /// The command.
        command: String,
    },
    /// The role has moved to another node, and the product has no single command for the way back.
    NoCommand,
}

/// What a plan is made from.
#[derive(Clone, Copy)]
pub struct Material<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The product.
    pub product: &'a Product,
    /// How it is looked at.
    pub operations: Option<&'a Operations>,
    /// The distribution.
    pub rehearsal: &'a Rehearsal,
    /// How long each step took, in the order of the scenario.
    pub steps: &'a [StepTimes],
    /// How long nodes stayed in states that pass: the state, the longest stay of all runs, and in how many runs a node
    /// never left it.
    pub stays: &'a [(String, Span, u64)],
    /// A run that ended as most do.
    pub typical: &'a Report,
    /// The healthy cluster.
    pub before: &'a [Precondition],
    /// How the role is handed back to whom it was taken from.
    pub back: &'a Back,
}

/// What every paper of a simulation must say.
pub(super) fn simulated() -> Sentence {
    say(
        "Made from simulated runs (仿真演练). It does not replace a drill on the real cluster.",
        "由仿真演练生成,不替代实战演练。",
    )
}

/// A drill that is meant to show a hazard is no drill for a cluster whose data matter.
pub(super) fn hazard(from: &Material<'_>) -> Option<Sentence> {
    let expect = &from.scenario.expect;
    let ExpectedVerdict::Violation(of) = &expect.verdict else { return None };
    let checks = if of.is_empty() { "…".to_owned() } else { of.join(", ") };
    let (why, why_zh) = match &expect.because {
        Some(because) => (format!(" {}", because.en), because.zh.clone().unwrap_or_else(|| because.en.clone())),
        None => (String::new(), String::new()),
    };
    Some(say(
        format!(
            "This drill shows a hazard and is not to be done where data matter: it is expected to break {checks}.{why}"
        ),
        format!("本演练用于展示危险,不得在有业务数据的集群上执行:预期违反 {checks}。{why_zh}"),
    ))
}

/// The plan.
pub fn plan(from: &Material<'_>) -> Handout {
    let drill = &from.scenario.drill;
    let title = drill.title_zh.as_ref().unwrap_or(&drill.title);
    let (first, last) = from.rehearsal.seeds;
    Handout {
        number: format!("{} {}", drill.id, from.scenario.name),
        title: say(format!("Drill plan: {}", drill.title), format!("演练方案:{title}")),
        notes: hazard(from)
            .into_iter()
            .chain([
                simulated(),
                say(
                    format!(
                        "Times are those of {} runs (seeds {first} to {last}); outputs are those of seed {}.",
                        from.rehearsal.ran, from.typical.run.seed
                    ),
                    format!(
                        "时间取自 {} 次仿真(种子 {first} 至 {last}),输出取自种子 {}。",
                        from.rehearsal.ran, from.typical.run.seed
                    ),
                ),
            ])
            .collect(),
        sections: vec![
            overview(from),
            roles(from),
            preconditions(from),
            go_or_not(from),
            steps(from),
            decisions(from),
            abort(from),
            section("rollback", "Rollback", "回退", rollback(from)),
            section("switch-back", "Switch back", "回切", switch_back(from)),
            verification(from),
            section("expected-times", "Rehearsed times", "演练时间分布", rehearsed(from)),
            section("outcomes", "What may happen", "可能的结局", vec![outcomes(from.rehearsal)]),
            section("slips", "Dangerous slips", "危险的操作失误", vec![slips::block(&from.rehearsal.slips)]),
            sign_off(),
        ],
    }
}

/// What the drill is: its card, with what nobody has written left blank.
pub(super) fn overview(from: &Material<'_>) -> Section {
    let (drill, cluster) = (&from.scenario.drill, &from.typical.cluster);
    let mut rows = Vec::new();
    let mut row = |name: Sentence, value: Option<Cell>| {
        rows.push(vec![Cell::Words(name), value.unwrap_or(Cell::Blank)]);
    };
    let value = |text: &Option<String>| text.clone().map(Cell::Value);
    let said = |text: &Option<Sentence>| text.clone().map(Cell::Words);
    let target = |span: Option<reports::Span>| span.map(|span| Cell::Value(span.to_string()));
    let nodes: Vec<String> = cluster.nodes.iter().map(|node| format!("{} ({})", node.name, node.role)).collect();
    row(say("Hypothesis", "稳态假设"), said(&drill.hypothesis));
    row(say("Scope", "影响范围"), said(&drill.scope));
    row(say("Product", "产品"), Some(Cell::Value(from.product.title.to_owned())));
    row(say("Cluster", "集群"), Some(Cell::Value(nodes.join(", "))));
    row(say("Workload", "负载"), said(&cluster.workload()));
    row(say("RTO objective", "RTO 目标"), target(from.typical.objectives.rto.target));
    row(say("RPO objective", "RPO 目标"), target(from.typical.objectives.rpo.target));
    row(say("Level", "级别"), value(&drill.level));
    row(say("Owner", "责任人"), value(&drill.owner));
    row(say("Date and window", "演练日期与窗口"), None);
    section("overview", "Overview", "演练概述", vec![Block::Table { columns: columns(&[("", ""), ("", "")]), rows }])
}

fn preconditions(from: &Material<'_>) -> Section {
    let rows = from.before.iter().map(|look| {
        vec![
            Cell::Command(look.command.clone()),
            Cell::Value(look.host.clone()),
            Cell::Words(look.healthy.clone()),
            Cell::Blank,
        ]
    });
    let heads = [("Command", "命令"), ("Host", "主机"), ("Must show", "应满足"), ("Actual", "实际")];
    let mut blocks = vec![Block::Table { columns: columns(&heads), rows: rows.collect() }];
    for look in from.before {
        blocks.extend(printed(&look.host, &look.command, &look.lines));
    }
    section("preconditions", "Preconditions to check", "前置检查", blocks)
}

/// What a command printed in the rehearsal, below the table: lines of a status table are wider than its cells.
fn printed(host: &str, command: &str, lines: &[String]) -> Vec<Block> {
    if lines.is_empty() {
        return Vec::new();
    }
    let told = say(
        format!("`{command}` on {host} printed in the rehearsal:"),
        format!("仿真中 {host} 上 `{command}` 的输出:"),
    );
    vec![Block::Words(told), Block::Code(short(lines))]
}

fn go_or_not(from: &Material<'_>) -> Section {
    let as_expected: u64 =
        from.rehearsal.endings.iter().filter(|it| it.ending.verdict == "as-expected").map(|it| it.seeds).sum();
    let share = percent(as_expected, from.rehearsal.ran);
    let mut points = vec![match from.scenario.expect.verdict {
        ExpectedVerdict::Pass => say(
            format!(
                "The rehearsal ended as expected in {share} of the runs, and every other outcome below is accepted"
            ),
            format!("仿真结果 {share} 符合预期,其余结局已知悉并接受"),
        ),
        ExpectedVerdict::Violation(_) => say(
            format!("The rehearsal showed the hazard in {share} of the runs; the cluster is one that may be lost"),
            format!("{share} 的仿真出现了该危险;所用集群允许损坏"),
        ),
    }];
    points.extend(objectives(from.rehearsal));
    points.extend([
        say("Every precondition above shows what it must", "前置检查全部满足"),
        say("A restorable backup exists; the restore was tried on", "备份可恢复,最近一次恢复验证日期:"),
        say("The business was told the window and agrees", "业务方已知悉窗口并同意"),
        say("Monitoring and alerts of the cluster are watched", "监控与告警已有人值守"),
        say("Everybody knows the abort conditions and who decides", "全员知悉终止条件与决策人"),
        say("Go / no go, decided by, at", "启动/不启动,决策人与时间:"),
    ]);
    section("go-no-go", "Go or no go", "启动条件", vec![Block::Points { points, boxes: true }])
}

/// A step of the operator or a fault, in the order in which they happened.
pub(super) enum Deed<'a> {
    /// The step.
    Step(&'a Step),
    /// The fault.
    Fault(&'a Fault),
}

/// Steps and faults together, in the order of the plan.
pub(super) fn deeds(report: &Report) -> Vec<Deed<'_>> {
    let steps = report.runbook.iter().map(|step| (step.started, Deed::Step(step)));
    let faults = report.faults.iter().filter(|fault| fault.fired != Some(Moment(0)));
    let faults = faults.map(|fault| (fault.fired, Deed::Fault(fault)));
    let mut deeds: Vec<(Option<Moment>, Deed<'_>)> = steps.chain(faults).collect();
    deeds.sort_by_key(|(at, _)| (at.is_none(), *at));
    deeds.into_iter().map(|(_, deed)| deed).collect()
}

fn steps(from: &Material<'_>) -> Section {
    let rows = deeds(from.typical).into_iter().enumerate().map(|(index, deed)| {
        let mut cells = vec![Cell::Value((index + 1).to_string())];
        cells.extend(match deed {
            Deed::Step(step) => step_cells(from, step),
            Deed::Fault(fault) => fault_cells(fault),
        });
        cells.extend([Cell::Blank, Cell::Blank]);
        cells
    });
    let heads = [
        ("#", "序号"),
        ("Step", "步骤"),
        ("Host", "主机"),
        ("Command", "命令"),
        ("When", "时机"),
        ("Expected result", "预期结果"),
        ("Expected time", "预期耗时"),
        ("Worst time", "最差耗时"),
        ("Actual time", "实际耗时"),
        ("Result", "实际结果"),
    ];
    let mut blocks = vec![Block::Table { columns: columns(&heads), rows: rows.collect() }];
    for step in &from.typical.runbook {
        let output = if step.excerpt.is_empty() { &step.output } else { &step.excerpt };
        blocks.extend(printed(&step.host, &step.command, output));
    }
    section("steps", "Steps", "操作步骤", blocks)
}

fn step_cells(from: &Material<'_>, step: &Step) -> Vec<Cell> {
    let times = from.steps.iter().find(|times| times.name == step.name);
    let took = times.and_then(|times| times.took.as_ref());
    let half = took.and_then(|took| took.quantiles.first()).map(|quantile| time(quantile.value));
    let succeeded = times.map_or(0, |times| times.succeeded);
    let share = percent(succeeded, from.rehearsal.ran);
    let expected = match &step.expected {
        Some(rule) => say(
            format!("{}; succeeded in {share} of the runs", rule.en),
            format!("{};仿真中成功率 {share}", rule.zh.as_deref().unwrap_or(&rule.en)),
        ),
        None => say(format!("succeeded in {share} of the runs"), format!("仿真中成功率 {share}")),
    };
    vec![
        Cell::Value(step.name.clone()),
        Cell::Value(step.host.clone()),
        Cell::Command(step.command.clone()),
        Cell::Words(step.planned()),
        Cell::Words(expected),
        Cell::Value(half.unwrap_or_else(|| "-".to_owned())),
        Cell::Value(took.map_or_else(|| "-".to_owned(), |took| time(took.worst))),
    ]
}

fn fault_cells(fault: &Fault) -> Vec<Cell> {
    let proof = fault.proof.clone().unwrap_or_else(|| say("no effect seen", "未观察到效果"));
    vec![
        Cell::Words(say(format!("inject {}", fault.name), format!("注入故障 {}", fault.name))),
        Cell::Value(fault.target.clone()),
        Cell::Words(fault.deed()),
        Cell::Words(fault.planned()),
        Cell::Words(proof),
        Cell::Value("-".to_owned()),
        Cell::Value("-".to_owned()),
    ]
}

/// The first lines of an output.
fn short(lines: &[String]) -> Vec<String> {
    let mut shown: Vec<String> = lines.iter().take(MOST_LINES).cloned().collect();
    if lines.len() > MOST_LINES {
        shown.push(format!("… ({})", lines.len() - MOST_LINES));
    }
    shown
}

/// What the author says; then what follows from the drill and the product: faults are undone, and the product's own way.
fn rollback(from: &Material<'_>) -> Vec<Block> {
    let mut blocks: Vec<Block> = from.scenario.drill.rollback.clone().map(Block::Words).into_iter().collect();
    let undone = |fault: &PlannedFault| {
        let (name, undo) = (&fault.name, fault.verb.undo()?);
        Some(sentence!("After fault {name}, {}", "故障 {name} 之后,{}", undo))
    };
    let mut points: Vec<Sentence> = from.scenario.faults.iter().filter_map(undone).collect();
    points.extend(
        from.operations
            .map(|operations| operations.rollback)
            .unwrap_or_default()
            .iter()
            .map(|told| say(told.en, told.zh)),
    );
    points.push(say(
        "Every precondition holds again, then the business verification below; else restore from the backup",
        "重新满足全部前置检查并完成业务验证;否则用备份恢复",
    ));
    blocks.push(Block::Points { points, boxes: true });
    blocks
}

fn switch_back(from: &Material<'_>) -> Vec<Block> {
    let status = from.operations.map(|operations| operations.status);
    let (host, command) = match from.back {
        Back::Command { host, command } => (host, command),
        Back::NotMoved => {
            return vec![Block::Words(say(
                "In the rehearsal the role ends where it was: there is nothing to hand back. If it has moved in the drill, hold the status against the outcomes below.",
                "仿真结束时主角色未移动,无需回切。若演练中主角色已移动,请对照下文各种结局核对状态。",
            ))];
        }
        Back::NoCommand => {
            return vec![Block::Words(say(
                "The role has moved, and this product has no single command that hands it back: when every precondition holds again, repeat the steps with the nodes exchanged.",
                "主角色已移动,而该产品无一步回切命令:待前置检查全部满足后,互换节点重复上述步骤。",
            ))];
        }
    };
    let mut blocks = vec![
        Block::Words(say(
            format!("When every precondition holds again, type on {host}:"),
            format!("前置检查再次全部满足后,在 {host} 上执行:"),
        )),
        Block::Code(vec![command.clone()]),
    ];
    if let Some(status) = status {
        blocks.push(Block::Words(say(
            format!("Then `{}` must show: {}", status.command, status.healthy.en),
            format!("随后 `{}` 应显示:{}", status.command, status.healthy.zh),
        )));
    }
    blocks
}

fn verification(from: &Material<'_>) -> Section {
    let of_product = from.operations.map(|operations| operations.verification).unwrap_or_default();
    let mut rows: Vec<Vec<Cell>> = of_product
        .iter()
        .map(|it| vec![Cell::Command(it.command.to_owned()), Cell::Words(say(it.shows.en, it.shows.zh)), Cell::Blank])
        .collect();
    let business = [
        ("write one business transaction and read it back", "提交一笔业务交易并读回"),
        ("read the last transaction that was acknowledged before the drill", "读取演练前最后一笔已确认交易"),
        ("compare the sums or row counts noted before the drill", "核对演练前记录的合计或行数"),
    ];
    rows.extend(business.map(|(english, chinese)| {
        vec![
            Cell::Words(say(english, chinese)),
            Cell::Words(say("succeeds, nothing is missing", "成功且无缺失")),
            Cell::Blank,
        ]
    }));
    let heads = [("Query", "查询"), ("Must show", "应满足"), ("Actual", "实际")];
    let table = Block::Table { columns: columns(&heads), rows };
    section("verification", "Business verification", "业务验证", vec![table])
}

fn rehearsed(from: &Material<'_>) -> Vec<Block> {
    let mut blocks: Vec<Block> = objectives(from.rehearsal).into_iter().map(Block::Words).collect();
    blocks.push(times(from.rehearsal));
    blocks.extend(distribution(from.rehearsal, from.typical.objectives.rto.target));
    blocks
}

fn sign_off() -> Section {
    let roles = [("Leader", "总指挥"), ("Operator", "操作人"), ("Reviewer", "复核人"), ("Business", "业务方")];
    let rows =
        roles.map(|(english, chinese)| vec![Cell::Words(say(english, chinese)), Cell::Blank, Cell::Blank, Cell::Blank]);
    let heads = [("Role", "角色"), ("Name", "姓名"), ("Passed?", "是否通过"), ("Signature and date", "签字与日期")];
    section(
        "sign-off",
        "Result and sign-off",
        "结论与签字",
        vec![Block::Table { columns: columns(&heads), rows: rows.into() }],
    )
}
