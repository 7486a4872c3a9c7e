//! gs_om: cluster-wide commands, carried out by `gs_ctl` on each host over ssh.
//!
//! It starts hosts one after the other and stops them side by side, and takes for the primary whom its configuration
//! names, not who was primary last: that is only known after `refreshconf`. Source: reference sections 2.3 and 3
//! (`OmImplOLAP.py`, `Kernel.py`, `DbClusterInfo.py`).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::files;
use super::messages::{RemoteCommand, RemoteOutput, SSH_PORT};
use super::plan::Shared;
use super::rules::om_status::{NodeStatus, Queried, cluster_state};
use crate::parts::encoding::{Decoder, Encoder};
use crate::parts::shell::Terminal;
use crate::parts::signal::Signal;
use crate::product::{ArgumentKind, CommandWord, OptionWord};
use crate::world::port::Address;

const LINE: &str = "=========================================";
/// How long a command on another host may take.
const LIMIT: Duration = Duration::from_secs(300);
/// How long gs_om looks at the cluster after a start.
const CHECK_LIMIT: Duration = Duration::from_secs(30);

/// The commands of gs_om.
pub(super) const COMMANDS: &[CommandWord] = &[CommandWord {
    program: "gs_om",
    words: &[],
    options: &[
        OptionWord {
            flags: &["-t"],
            value: Some(ArgumentKind::OneOf(&["start", "stop", "status", "refreshconf"])),
            required: true,
            doc: "what to do with the cluster",
        },
        OptionWord { flags: &["--detail"], value: None, required: false, doc: "with status: every node" },
    ],
    positionals: &[],
    doc: "Starts, stops or shows the cluster, or writes down who is primary.",
}];

struct Om {
    terminal: Terminal,
    plan: Shared,
}

/// The program of gs_om.
pub(super) async fn gs_om(terminal: Terminal, words: Vec<String>, plan: Shared) -> i32 {
    let position = words.iter().position(|word| word == "-t");
    let operation = position.and_then(|at| words.get(at + 1)).cloned();
    let om = Om { terminal, plan };
    match operation.as_deref() {
        Some("status") => om.status(words.iter().any(|word| word == "--detail")).await,
        Some("start") => om.start().await,
        Some("stop") => om.stop().await,
        Some("refreshconf") => om.refresh().await,
        Some(other) => {
            om.print(&format!("[GAUSS-50004] : The parameter '-t' value is incorrect: {other}."));
            1
        }
        None => {
            om.print("[GAUSS-50001] : Incorrect parameter. Parameter '-t' is required.");
            1
        }
    }
}

impl Om {
    fn print(&self, line: &str) {
        self.terminal.print(line);
    }

    async fn ssh(&self, node: usize, words: &[&str]) -> RemoteOutput {
        let to = Address::new(self.plan.node(node).sshd, SSH_PORT);
        let command = RemoteCommand(words.iter().map(|word| (*word).to_owned()).collect());
        match self.terminal.process().call::<RemoteOutput>(to, command, LIMIT).await {
            Ok(output) => output,
            Err(error) => RemoteOutput { exit_code: 255, lines: vec![format!("ssh: connect to host: {error}")] },
        }
    }

    /// Does something on every host at once, and waits for all.
    async fn ssh_everywhere(&self, words: &[&str]) -> Vec<RemoteOutput> {
        let count = self.plan.nodes().len();
        let outputs: Rc<RefCell<Vec<Option<RemoteOutput>>>> = Rc::new(RefCell::new(vec![None; count]));
        let done: Rc<Signal> = Rc::default();
        for node in 0..count {
            let (outputs, done) = (outputs.clone(), done.clone());
            let om = Om { terminal: self.terminal.clone(), plan: self.plan.clone() };
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            self.terminal.process().spawn(async move {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let output = om.ssh(node, &words).await;
                outputs.borrow_mut()[node] = Some(output);
                done.notify();
            });
        }
        done.wait_until(|| outputs.borrow().iter().all(Option::is_some)).await;
        let outputs = outputs.take();
        outputs.into_iter().flatten().collect()
    }

    async fn query(&self) -> Vec<NodeStatus> {
        let outputs = self.ssh_everywhere(&["gs_ctl", "query"]).await;
        outputs
            .iter()
            .map(|output| Queried::of_output(Some(output.exit_code), &output.lines.join("\n")).status())
            .collect()
    }

    async fn status(&self, detail: bool) -> i32 {
        let nodes = self.query().await;
        self.print("[   Cluster State   ]");
        self.print("");
        self.print(&format!("cluster_state   : {}", cluster_state(&nodes)));
        self.print("redistributing  : No");
        self.print("current_az      : AZ_ALL");
        if detail {
            self.print("");
            self.print("[  Datanode State   ]");
            self.print("");
            self.table(&nodes);
        }
        0
    }

    /// The form of 2021: nodes side by side.
    fn table(&self, nodes: &[NodeStatus]) {
        let head = "node      node_ip         instance                            state           ";
        let heads = vec![head; nodes.len()].join(" | ");
        self.print(heads.trim_end());
        self.print(&"-".repeat(heads.len()));
        let columns: Vec<String> =
            nodes.iter().enumerate().map(|(number, status)| self.column(number, status)).collect();
        self.print(&columns.join(" | "));
    }

    /// The letter is the role in the static configuration, whatever the node is now.
    fn column(&self, number: usize, status: &NodeStatus) -> String {
        let node = self.plan.node(number);
        let letter = if node.is_static_primary { "P" } else { "S" };
        let (id, directory) = (number + 1, node.directory());
        let NodeStatus { role, state } = status;
        format!("{id}  {} {:<15} {} {directory} {letter} {role:<7} {state}", node.name, node.address, node.instance)
    }

    async fn stop(&self) -> i32 {
        self.print("Stopping cluster.");
        self.print(LINE);
        let outputs = self.ssh_everywhere(&["gs_ctl", "stop", "-m", "fast"]).await;
        let is_down = |output: &RemoteOutput| {
            output.exit_code == 0 || output.lines.iter().any(|line| line.contains("Is server running"))
        };
        let failed: Vec<usize> = (0..outputs.len()).filter(|node| !is_down(&outputs[*node])).collect();
        for node in &failed {
            self.print(&format!("[FAILURE] {}:", self.plan.node(*node).name));
            outputs[*node].lines.iter().for_each(|line| self.print(line));
        }
        if failed.is_empty() {
            self.print("Successfully stopped cluster.");
        }
        self.print(LINE);
        self.print("End stop cluster.");
        i32::from(!failed.is_empty())
    }

    async fn start(&self) -> i32 {
        self.print("Starting cluster.");
        self.print(LINE);
        let primary = self.configured_primary().await;
        let mut failed = Vec::new();
        for (number, node) in self.plan.nodes().iter().enumerate() {
            // The real defect: a removed node left two nodes configured as the primary.
            let is_second = self.plan.has_defect("two-masters-configured");
            let mode = if number == primary || is_second { "primary" } else { "standby" };
            let output = self.ssh(number, &["gs_ctl", "start", "-M", mode, "-t", "300"]).await;
            match output.exit_code {
                0 => self.print(&format!("[SUCCESS] {}", node.name)),
                _ => failed.push((node.name.clone(), output)),
            }
        }
        self.print(LINE);
        if failed.is_empty() {
            return self.check_started().await;
        }
        self.print("[GAUSS-53600]: Can not start the database,  Error:");
        for (name, output) in &failed {
            self.print(&format!("[FAILURE] {name}:"));
            self.print(
                "[GAUSS-51607] : Failed to start instance. Error: Please check the gs_ctl log for failure details.",
            );
            output.lines.iter().for_each(|line| self.print(line));
        }
        1
    }

    /// Looks at the cluster until it is normal, for half a minute.
    async fn check_started(&self) -> i32 {
        self.print("Waiting for check cluster state...");
        let begun = self.terminal.process().monotonic();
        loop {
            let state = cluster_state(&self.query().await);
            if state == "Normal" {
                self.print("Successfully started.");
                return 0;
            }
            if self.terminal.process().monotonic().since(begun) >= CHECK_LIMIT {
                self.print(&format!("[GAUSS-51607] : Failed to start cluster: cluster_state is {state}."));
                return 1;
            }
            self.terminal.process().sleep(Duration::from_secs(2)).await;
        }
    }

    /// The newest dynamic configuration of any node wins; without one the static configuration counts.
    async fn configured_primary(&self) -> usize {
        let outputs = self.ssh_everywhere(&["cat", files::DYNAMIC]).await;
        let read = |output: &RemoteOutput| -> Option<(u64, u64)> {
            let mut words = output.lines.first()?.split_whitespace();
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        };
        let newest = outputs.iter().filter(|output| output.exit_code == 0).filter_map(read).max();
        let of_static = || self.plan.nodes().iter().position(|node| node.is_static_primary).unwrap_or(0);
        newest.map_or_else(of_static, |(_, primary)| primary as usize)
    }

    async fn refresh(&self) -> i32 {
        self.print("Generating dynamic configuration file for all nodes.");
        let nodes = self.query().await;
        let primaries: Vec<usize> = (0..nodes.len()).filter(|node| nodes[*node].role == "Primary").collect();
        let [primary] = primaries[..] else {
            self.print(&format!(
                "[GAUSS-51637] : The cluster has {} primary nodes, exactly one is needed.",
                primaries.len()
            ));
            return 1;
        };
        let now = self.terminal.process().wall_clock().seconds();
        let (now, primary) = (now.to_string(), primary.to_string());
        self.ssh_everywhere(&["write", files::DYNAMIC, &now, &primary]).await;
        self.print("Successfully generated dynamic configuration file.");
        0
    }
}

/// `cluster_dynamic_config`: when it was written, and the number of the primary.
pub(super) fn dynamic_config(seconds: u64, primary: u64) -> Vec<u8> {
    let mut file = Encoder::new();
    file.u64(seconds).u64(primary);
    file.into_bytes()
}

/// Reads it.
pub(super) fn read_dynamic_config(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut file = Decoder::new(bytes);
    Some((file.u64().ok()?, file.u64().ok()?))
}
