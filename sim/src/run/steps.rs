//! The operator: does what the runbook says, types the product's own commands, reads what they print.
//!
//! Each step waits for its moment by itself, as an operator with several terminals would. A step that fails makes the
//! operator put the runbook aside, unless the scenario says to carry on. What is typed and printed goes into the trace
//! at the moment it is typed or printed.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use nodes::product::PortableStep;
use nodes::world::executor::first_of;
use nodes::world::trace::{HostId, Place, What};

use super::record::{CommandRecord, StepOutcome, StepRecord};
use super::stage::Stage;
use super::trigger;
use crate::draws::Drawn;
use crate::scenario::model::{HostSelector, IfFails, Moment, NodeSelector, Step};
use crate::scenario::verbs::StepVerb;

/// What `ssh` prints and returns when the machine is gone.
const NO_ROUTE: &str = "ssh: connect to host port 22: No route to host";
const NO_ROUTE_CODE: i32 = 255;

/// What the operator has written down so far.
#[derive(Clone, Default)]
pub(super) struct Logbook {
    steps: Rc<RefCell<Vec<StepRecord>>>,
    put_aside: Rc<RefCell<Option<String>>>,
}

impl Logbook {
    /// A logbook with a page for each step.
    pub(super) fn of(steps: &[Step]) -> Self {
        let page = |step: &Step| StepRecord {
            name: step.name.clone(),
            began: None,
            ended: None,
            outcome: StepOutcome::NeverStarted,
            commands: Vec::new(),
        };
        Logbook { steps: Rc::new(RefCell::new(steps.iter().map(page).collect())), ..Logbook::default() }
    }

    /// Everything written down.
    pub(super) fn take(&self) -> Vec<StepRecord> {
        self.steps.take()
    }
}

/// One step in the hands of the operator.
pub(super) struct Operator {
    pub(super) stage: Stage,
    pub(super) logbook: Logbook,
    pub(super) number: usize,
    pub(super) step: Step,
    pub(super) drawn: Drawn<StepVerb>,
}

impl Operator {
    /// Does the step when its moment has come.
    pub(super) async fn work(self) {
        trigger::wait(&self.stage, &self.drawn.when).await;
        self.stage.unless_frozen().await;
        if let Some(failed) = self.logbook.put_aside.borrow().clone() {
            return self.write(|page| page.outcome = StepOutcome::PutAside(failed));
        }
        let began = self.stage.world().now();
        self.write(|page| {
            page.began = Some(began);
            page.outcome = StepOutcome::Unfinished;
        });
        self.stage.signals().give(&self.step.name, Moment::Started);
        let outcome = match self.step.timeout {
            Some(limit) => self.within(limit, self.act()).await,
            None => self.act().await,
        };
        let ended = self.stage.world().now();
        self.stage.aim_at(None);
        if outcome != StepOutcome::Succeeded && self.step.if_fails == IfFails::Stop {
            self.logbook.put_aside.borrow_mut().get_or_insert_with(|| self.step.name.clone());
        }
        self.note(&format!("step {}", told(&outcome)));
        self.write(|page| {
            page.ended = Some(ended);
            page.outcome = outcome;
        });
        self.stage.signals().give(&self.step.name, Moment::Ended);
    }

    async fn within(&self, limit: Duration, act: impl Future<Output = StepOutcome>) -> StepOutcome {
        let deadline = self.stage.world().now() + limit;
        first_of(act, self.stage.world().sleep_until(deadline)).await.unwrap_or(StepOutcome::TimedOut)
    }

    async fn act(&self) -> StepOutcome {
        match &self.drawn.verb {
            StepVerb::Command(command) => {
                let hosts = self.hosts_typed_on();
                self.type_on(hosts.into_iter().map(|host| (host, command.typed())).collect()).await
            }
            StepVerb::WaitFor(wait) => {
                trigger::announced(&self.stage, &wait.node, &wait.event, 1).await;
                StepOutcome::Succeeded
            }
            StepVerb::Switchover(verb) => self.portable(&verb.to, true).await,
            StepVerb::Failover(verb) => self.portable(&verb.to, true).await,
            StepVerb::Promote(verb) => self.portable(&verb.host, true).await,
            StepVerb::Demote(verb) => self.portable(&verb.host, false).await,
            StepVerb::StartDatabase(verb) => self.portable(&verb.host, false).await,
            StepVerb::StopDatabase(verb) => self.portable(&verb.host, false).await,
            StepVerb::RestartDatabase(verb) => self.portable(&verb.host, false).await,
            StepVerb::Fence(verb) => self.portable(&verb.host, false).await,
            StepVerb::Unfence(verb) => self.portable(&verb.host, false).await,
        }
    }

    fn hosts_typed_on(&self) -> Vec<HostId> {
        let on = |selector: &NodeSelector| self.stage.hosts(&selector.host, self.drawn.pick);
        self.step.on.as_ref().map(on).unwrap_or_default()
    }

    /// Turns a portable verb into the product's own commands and types those.
    async fn portable(&self, target: &HostSelector, makes_primary: bool) -> StepOutcome {
        let targets = self.stage.hosts(target, self.drawn.pick);
        if makes_primary {
            self.stage.aim_at(targets.first().copied());
        }
        let typed_on = self.hosts_typed_on();
        let commands = targets.into_iter().filter_map(|target| {
            let verb = self.drawn.verb.name().to_owned();
            let (host, words) = self.stage.cluster().command_for(&PortableStep { verb, target })?;
            Some((typed_on.first().copied().unwrap_or(host), words))
        });
        self.type_on(commands.collect()).await
    }

    /// Types commands one after the other; all must succeed. None at all means that nobody has the role now.
    async fn type_on(&self, commands: Vec<(HostId, Vec<String>)>) -> StepOutcome {
        if commands.is_empty() {
            self.note("nobody is meant by this step now");
            return StepOutcome::Failed;
        }
        let mut outcome = StepOutcome::Succeeded;
        for (host, words) in commands {
            if self.type_one(host, words).await != 0 {
                outcome = StepOutcome::Failed;
            }
        }
        outcome
    }

    async fn type_one(&self, host: HostId, words: Vec<String>) -> i32 {
        let world = self.stage.world();
        let name = world.host_name(host).to_string();
        self.note(&format!("{name}$ {}", words.join(" ")));
        let began = world.now();
        let command = self.write(|page| {
            let record = CommandRecord {
                host: name,
                words: words.clone(),
                began,
                ended: None,
                exit_code: None,
                lines: Vec::new(),
            };
            page.commands.push(record);
            page.commands.len() - 1
        });
        let code = if world.is_powered(host) {
            self.read_along(host, words, command).await
        } else {
            self.read_line(command, NO_ROUTE.to_owned());
            NO_ROUTE_CODE
        };
        let ended = world.now();
        self.note(&format!("exit code {code}"));
        self.write(|page| {
            page.commands[command].ended = Some(ended);
            page.commands[command].exit_code = Some(code);
        });
        code
    }

    /// Runs a command in the shell of a host and reads each line when it is printed.
    async fn read_along(&self, host: HostId, words: Vec<String>, command: usize) -> i32 {
        let running = self.stage.cluster().shell(host).begin(words);
        let mut seen = 0;
        loop {
            let lines = running.lines_after(seen).await;
            if lines.is_empty() {
                return running.exit_code().await;
            }
            seen += lines.len();
            for (_, line) in lines {
                self.read_line(command, line);
            }
        }
    }

    fn read_line(&self, command: usize, line: String) {
        self.note(&line);
        let now = self.stage.world().now();
        self.write(|page| page.commands[command].lines.push((now, line)));
    }

    fn note(&self, text: &str) {
        let name = self.step.name.as_str().into();
        self.stage.world().record(Place::Outside, What::Step { name, text: text.into() });
    }

    fn write<T>(&self, write: impl FnOnce(&mut StepRecord) -> T) -> T {
        write(&mut self.logbook.steps.borrow_mut()[self.number])
    }
}

fn told(outcome: &StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Succeeded => "succeeded",
        StepOutcome::Failed => "failed",
        StepOutcome::TimedOut => "timed out",
        StepOutcome::Unfinished | StepOutcome::NeverStarted | StepOutcome::PutAside(_) => "did not end",
    }
}
