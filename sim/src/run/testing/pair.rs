//! The test product: two hosts, one device, `pairctl` to start, stop, promote and switch over. Nothing fences anybody.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use nodes::operations::Told;
use nodes::parts::service::PORT;
use nodes::parts::shell::{Shell, Terminal};
use nodes::parts::standstill::Reason;
use nodes::product::{
    ArgumentKind, Breakage, BuildError, Cluster, ClusterPlan, CommandWord, Content, DeviceWord, NodeState,
    PortableStep, PositionalWord, Product, Region, RoleWord, StatusOutput, VerbWord, Wait, Word,
};
use nodes::world::World;
use nodes::world::device::DeviceOptions;
use nodes::world::disk::DeviceId;
use nodes::world::port::Address;
use nodes::world::trace::{HostId, ProcessId};

use super::database::{self, ADMIN, LOG_START, Look, Obeyed, Order, Settings};

const HOST: PositionalWord =
    PositionalWord { name: "HOST", kind: ArgumentKind::Text, required: false, repeated: false };

const fn command(word: &'static [&'static str], doc: &'static str) -> CommandWord {
    CommandWord { program: "pairctl", words: word, options: &[], positionals: &[HOST], doc }
}

/// The test product.
pub(crate) const PAIR: Product = Product {
    model: "pair",
    title: "a pair of databases for tests",
    profiles: &[Word { name: "1", doc: "the only one" }],
    roles: &[
        RoleWord { name: "primary", doc: "serves at first", database: "db", processes: &["db"] },
        RoleWord { name: "standby", doc: "waits at first", database: "db", processes: &["db"] },
    ],
    selectors: &[],
    devices: &[DeviceWord {
        name: "shared",
        doc: "turn and log",
        shared: true,
        regions: &[Word { name: "wal", doc: "one sector a transaction" }],
    }],
    parameters: &[],
    defects: &[
        Word { name: "answers-early", doc: "commits are acknowledged before they are stable" },
        Word { name: "panics", doc: "the model itself is broken" },
        Word { name: "talks", doc: "no defect: the databases tell each other that they live, and nobody acts on it" },
        Word { name: "forces-elections", doc: "a standby that hears nothing makes the primary step down, for ever" },
    ],
    events: &[Word { name: "copied", doc: "a file was copied with ssh" }],
    headlines: &[],
    procedures: &[],
    commands: &[
        command(&["start"], "starts the database of a host"),
        command(&["stop"], "stops the database of a host"),
        command(&["promote"], "makes a host primary"),
        command(&["switchover"], "hands the primary's role over"),
        command(&["status"], "shows who is who"),
        command(&["copy"], "copies a file with ssh"),
        command(&["hang"], "never ends"),
    ],
    looking: &[&["pairctl", "status"]],
    status_output: StatusOutput::Plain,
    verbs: &[
        VerbWord { verb: "switchover", command: "pairctl switchover HOST" },
        VerbWord { verb: "promote", command: "pairctl promote HOST" },
        VerbWord { verb: "start", command: "pairctl start HOST" },
        VerbWord { verb: "stop", command: "pairctl stop HOST" },
    ],
    files: &[Word { name: "pair.conf", doc: "read by nobody" }],
    external_commands: &[Word { name: "ssh", doc: "copies files" }],
    limits: &[Told { en: "nothing fences the old primary", zh: "没有机制隔离旧主" }],
    build,
};

struct Pair {
    world: World,
    hosts: Vec<HostId>,
    databases: Vec<ProcessId>,
    shells: Vec<Shell>,
    looks: Vec<Rc<RefCell<Look>>>,
    device: DeviceId,
    breakage: RefCell<Vec<Option<Breakage>>>,
    broken_calls: Cell<u64>,
}

fn build(world: &World, plan: &ClusterPlan) -> Result<Rc<dyn Cluster>, BuildError> {
    if plan.hosts.len() != 2 {
        let has = format!("{} hosts", plan.hosts.len());
        return Err(BuildError::Hosts { model: "pair", needs: "two hosts", has });
    }
    let options = plan.devices.get("shared").cloned().unwrap_or_else(|| DeviceOptions::new("shared", 1 << 20));
    let device = world.add_shared_device(options)?;
    let mut hosts = Vec::new();
    let mut databases = Vec::new();
    let mut looks = Vec::new();
    let everybody: Rc<OnceCell<Vec<ProcessId>>> = Rc::default();
    for host in &plan.hosts {
        let id = world.add_host(&host.name);
        let look: Rc<RefCell<Look>> = Rc::default();
        let settings = Rc::new(Settings {
            device,
            initial: plan.initial.clone(),
            begins_as_primary: host.role == "primary",
            answers_early: plan.has_defect("answers-early"),
            panics: plan.has_defect("panics"),
            talks: plan.has_defect("talks") || plan.has_defect("forces-elections"),
            forces_elections: plan.has_defect("forces-elections"),
            everybody: everybody.clone(),
            look: look.clone(),
        });
        world.write_file(id, "pair.conf", b"nothing".to_vec());
        databases.push(world.add_process(id, "db", move |process| database::main(process, settings.clone())));
        hosts.push(id);
        looks.push(look);
    }
    let _ = everybody.set(databases.clone());
    Ok(Rc::new_cyclic(|pair: &std::rc::Weak<Pair>| {
        let shells = hosts.iter().map(|host| {
            let pair = pair.clone();
            let table = move |terminal: Terminal, words: Vec<String>| {
                let pair = pair.clone();
                let work: nodes::world::executor::LocalFuture<i32> = Box::pin(async move {
                    match pair.upgrade() {
                        Some(pair) => pair.command(terminal, words).await,
                        None => 1,
                    }
                });
                work
            };
            Shell::add(world, *host, Rc::new(table))
        });
        let shells = shells.collect();
        let (breakage, broken_calls) = (RefCell::new(vec![None; 2]), Cell::new(0));
        Pair { world: world.clone(), hosts, databases, shells, looks, device, breakage, broken_calls }
    }))
}

impl Pair {
    fn number(&self, name: &str) -> Option<usize> {
        self.hosts.iter().position(|host| *self.world.host_name(*host) == *name)
    }

    async fn command(&self, terminal: Terminal, words: Vec<String>) -> i32 {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let own = self.hosts.iter().position(|host| *host == terminal.process().host()).unwrap_or(0);
        match words.as_slice() {
            ["pairctl", "status"] => self.status(&terminal),
            ["pairctl", "hang"] => std::future::pending().await,
            ["pairctl", "copy"] => self.copy(&terminal, own).await,
            ["pairctl", verb, name] => match self.number(name) {
                Some(number) => self.act(&terminal, verb, number).await,
                None => 1,
            },
            _ => 127,
        }
    }

    fn status(&self, terminal: &Terminal) -> i32 {
        for node in self.nodes() {
            terminal.print(format!("{} {}", node.host, node.role));
        }
        0
    }

    async fn copy(&self, terminal: &Terminal, own: usize) -> i32 {
        terminal.process().sleep(Duration::from_millis(100)).await;
        if self.breakage.borrow()[own].is_some() {
            self.broken_calls.set(self.broken_calls.get() + 1);
            terminal.print("ssh: connection refused");
            return 1;
        }
        terminal.process().announce("copied", Vec::new());
        0
    }

    async fn act(&self, terminal: &Terminal, verb: &str, number: usize) -> i32 {
        terminal.print(format!("{verb} {}", self.world.host_name(self.hosts[number])));
        let done = match verb {
            "start" => self.world.start(self.databases[number]),
            "stop" => self.world.kill(self.databases[number]),
            "promote" => self.order(terminal, number, Order::Promote).await,
            "switchover" => {
                self.order(terminal, 1 - number, Order::Demote).await
                    && self.order(terminal, number, Order::Promote).await
            }
            _ => false,
        };
        terminal.print(if done { "done" } else { "failed" });
        i32::from(!done)
    }

    async fn order(&self, terminal: &Terminal, number: usize, order: Order) -> bool {
        let to = Address::new(self.databases[number], ADMIN);
        let answer = terminal.process().call::<Obeyed>(to, order, Duration::from_secs(5)).await;
        answer == Ok(Obeyed(true))
    }
}

impl Cluster for Pair {
    fn start(&self) {
        for (database, shell) in self.databases.iter().zip(&self.shells) {
            self.world.start(shell.process());
            self.world.start(*database);
        }
    }

    fn shell(&self, host: HostId) -> Shell {
        self.shells[self.hosts.iter().position(|known| *known == host).unwrap_or(0)].clone()
    }

    fn database(&self, host: HostId) -> ProcessId {
        self.databases[self.hosts.iter().position(|known| *known == host).unwrap_or(0)]
    }

    fn services(&self) -> Vec<Address> {
        self.databases.iter().map(|database| Address::new(*database, PORT)).collect()
    }

    fn select(&self, role: &str) -> Option<HostId> {
        let nodes = self.nodes();
        nodes.iter().find(|node| node.role == role).and_then(|node| self.world.find_host(&node.host))
    }

    fn command_for(&self, step: &PortableStep) -> Option<(HostId, Vec<String>)> {
        let name = self.world.host_name(step.target).to_string();
        Some((step.target, vec!["pairctl".to_owned(), step.verb.clone(), name]))
    }

    fn regions(&self) -> Vec<Region> {
        vec![Region {
            name: "wal".to_owned(),
            device: self.device,
            offset: LOG_START,
            length: (1 << 20) - LOG_START,
            content: Content::Log,
        }]
    }

    fn nodes(&self) -> Vec<NodeState> {
        let node = |number: usize| {
            let look = self.looks[number].borrow();
            let runs = self.world.status(self.databases[number]).exists();
            let role = if runs { look.role.clone() } else { "down".to_owned() };
            NodeState {
                host: self.world.host_name(self.hosts[number]).to_string(),
                state: format!("{role} normal"),
                writable: role == "primary",
                role,
                epoch: look.epoch,
                log_position: look.log_position,
                ..NodeState::default()
            }
        };
        (0..2).map(node).collect()
    }

    fn recovery_path(&self) -> Vec<Wait> {
        let wait = |name, seconds| Wait { name, length: Duration::from_secs(seconds) };
        vec![wait("silence", 2), wait("rest", 1)]
    }

    /// Whose turn it is stands on the device, and nobody takes it by himself.
    fn may_stand_still(&self, whole: &[HostId]) -> Option<Reason> {
        let newest = self.looks.iter().map(|look| look.borrow().epoch).max().unwrap_or(0);
        let has_turn = |number: &usize| self.looks[*number].borrow().epoch == newest && newest > 0;
        let owner = (0..2).find(|number| has_turn(number)).map(|number| self.hosts[number]);
        let is_there = owner.is_some_and(|owner| whole.contains(&owner));
        (!is_there).then(|| {
            Reason::new(
                "it is the turn of a host outside, and nobody takes it by himself",
                "轮到核心之外的主机,且没有人自行接替",
            )
        })
    }

    fn waiting_for(&self) -> Vec<NodeState> {
        self.nodes().into_iter().filter(|node| !node.writable).collect()
    }

    fn set_external_command(&self, host: HostId, command: &str, breakage: Option<Breakage>) -> bool {
        let number = self.hosts.iter().position(|known| *known == host).unwrap_or(0);
        self.breakage.borrow_mut()[number] = breakage;
        command == "ssh"
    }

    fn broken_calls(&self, _: HostId, _: &str) -> u64 {
        self.broken_calls.get()
    }
}
