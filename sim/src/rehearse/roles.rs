//! Who does what at a drill (人员分工), from its steps: on which host with which tool, who injects the faults, who watches
//! what, who verifies. Names and telephone numbers are left blank for people.

use std::collections::BTreeMap;

use reports::handout::{Block, Cell, Section};
use reports::{Sentence, StepKind};

use super::plan::{Deed, Material, deeds};
use super::words::{columns, say, section};

/// Steps of one host by their numbers, with the tools they are typed with.
#[derive(Default)]
struct Part {
    numbers: Vec<usize>,
    tools: Vec<String>,
}

impl Part {
    fn add(&mut self, number: usize, tool: &str) {
        self.numbers.push(number);
        if !self.tools.iter().any(|known| known == tool) {
            self.tools.push(tool.to_owned());
        }
    }

    fn numbers(&self) -> String {
        list(&self.numbers)
    }

    fn tools(&self) -> String {
        self.tools.join(", ")
    }
}

pub(super) fn roles(from: &Material<'_>) -> Section {
    let (mut typed, mut looked, mut faults) = (BTreeMap::new(), BTreeMap::new(), Part::default());
    for (index, deed) in deeds(from.typical).into_iter().enumerate() {
        let number = index + 1;
        match deed {
            Deed::Step(step) => {
                let of = if step.kind == StepKind::Change { &mut typed } else { &mut looked };
                let part: &mut Part = of.entry(step.host.clone()).or_default();
                part.add(number, step.command.split_whitespace().next().unwrap_or(&step.command));
            }
            Deed::Fault(fault) => faults.add(number, &fault.target),
        }
    }
    let mut rows = vec![row(
        say("Leader", "总指挥"),
        say(
            "decides on go or no go, at every decision point, on abort, rollback and switch back",
            "决定启动与否、各决策点、终止、回退与回切",
        ),
    )];
    rows.extend(typed.iter().map(|(host, part)| {
        row(
            say(format!("Operator on {host}"), format!("操作人({host})")),
            say(
                format!("types {} with {}", named("step", &part.numbers), part.tools()),
                format!("用 {} 执行步骤 {}", part.tools(), part.numbers()),
            ),
        )
    }));
    if !typed.is_empty() {
        let mut all: Vec<usize> = typed.values().flat_map(|part| part.numbers.clone()).collect();
        all.sort_unstable();
        rows.push(row(
            say("Reviewer", "复核人"),
            say(
                format!("reads the commands of {} before they are typed", named("step", &all)),
                format!("执行前逐条复核步骤 {} 的命令与主机", list(&all)),
            ),
        ));
    }
    if !faults.numbers.is_empty() {
        rows.push(row(
            say("Injects the faults", "故障注入人"),
            say(
                format!("{} on {}", named("fault", &faults.numbers), faults.tools()),
                format!("在 {} 注入序号 {} 的故障,并负责撤除", faults.tools(), faults.numbers()),
            ),
        ));
    }
    rows.push(row(say("Watcher", "监控人"), watches(from, &looked)));
    rows.push(row(say("Verifies the business", "业务验证人"), verifies(from)));
    rows.push(row(
        say("Writes down", "记录人"),
        say("actual time and result of every step, outputs, decisions", "记录各步骤实际耗时与结果、命令输出、决策"),
    ));
    let heads = [("Role", "角色"), ("Task", "任务"), ("Name", "姓名"), ("Contact", "联系方式")];
    section("roles", "Roles", "人员分工", vec![Block::Table { columns: columns(&heads), rows }])
}

/// `step 1`, `steps 1, 4`.
fn named(what: &str, numbers: &[usize]) -> String {
    let plural = if numbers.len() == 1 { "" } else { "s" };
    format!("{what}{plural} {}", list(numbers))
}

fn list(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

fn row(role: Sentence, task: Sentence) -> Vec<Cell> {
    vec![Cell::Words(role), Cell::Words(task), Cell::Blank, Cell::Blank]
}

/// The status command, the steps that only look, and the logs.
fn watches(from: &Material<'_>, looked: &BTreeMap<String, Part>) -> Sentence {
    let on = |words: &dyn Fn(&str, &Part) -> String| {
        let each = looked.iter().map(|(host, part)| words(host, part));
        each.collect::<Vec<String>>()
    };
    let english = on(&|host, part| format!("{} on {host}", named("step", &part.numbers)));
    let chinese = on(&|host, part| format!("在 {host} 执行步骤 {}", part.numbers()));
    let status = from.operations.map(|operations| operations.status.command);
    let (mut words, mut words_zh) = (String::new(), String::new());
    if let Some(status) = status {
        words.push_str(&format!("types `{status}` throughout; "));
        words_zh.push_str(&format!("全程执行 `{status}`;"));
    }
    if !english.is_empty() {
        words.push_str(&format!("{}; ", english.join(", ")));
        words_zh.push_str(&format!("{};", chinese.join(",")));
    }
    say(
        format!("{words}watches logs and alerts, calls out abort conditions"),
        format!("{words_zh}观察日志与告警,发现终止条件立即报告"),
    )
}

fn verifies(from: &Material<'_>) -> Sentence {
    let queries = from.operations.map(|operations| operations.verification.len()).unwrap_or_default();
    say(
        format!("{queries} queries and the business checks under Business verification, before and after"),
        format!("演练前后执行“业务验证”中的 {queries} 条查询与业务核对"),
    )
}
