//! The `kingbase` process: the shared server, its configuration files, and what tools ask it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::conf;
use super::metadata::{self, NodeId, NodeRecord};
use super::plan::{Node, Shared};
use super::sql::{Identity, Memory, MemoryView, SQL_PORT, Sql, SqlAnswer};
use crate::fields;
use crate::parts::streaming_replication::server::{
    ArchiveMode, Mode, Server, ServerSettings, Surroundings, SynchronousCommit, Upstream,
};
use crate::product::{CommandFailure, NodeState, events};
use crate::world::World;
use crate::world::executor::LocalFuture;
use crate::world::process::Process;
use crate::world::time::Instant;

/// The file that makes a node a standby when it starts.
pub(super) const STANDBY_SIGNAL: &str = "data/standby.signal";
/// The external command that archives a file.
pub(super) const ARCHIVE_COMMAND: &str = "archive_command";
/// There while a clone is being copied: such a node has no control file yet.
pub(super) const HALF_A_CLONE: &str = "data/sys_basebackup.partial";
/// Where a pause is kept.
const PAUSE_FILE: &str = "data/sys_stat/repmgrd_state.txt";

/// What this node's server knows of its surroundings.
struct Site {
    process: Process,
    plan: Shared,
    id: NodeId,
}

impl Site {
    fn node(&self) -> Option<&Node> {
        self.plan.node(self.id)
    }

    fn number(&self, settings: &std::collections::BTreeMap<String, String>, name: &str, default: i64) -> i64 {
        settings.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }
}

impl Surroundings for Site {
    fn settings(&self) -> ServerSettings {
        let settings = conf::read(self.process.world(), self.process.host());
        let parameters = &self.plan.parameters;
        let text = |name: &str| settings.get(name).cloned().unwrap_or_default();
        let upstream = settings.get("primary_conninfo").and_then(|conninfo| self.plan.node_at(conninfo));
        let archive_mode = match text("archive_mode").as_str() {
            "off" => ArchiveMode::Off,
            "always" => ArchiveMode::Always,
            _ => ArchiveMode::On,
        };
        let archive_command = text("archive_command");
        let seconds = u64::try_from(self.number(&settings, "archive_timeout", 0)).unwrap_or(0);
        ServerSettings {
            archive_mode,
            archive_timeout: Duration::from_secs(seconds),
            synchronous_standby_names: text("synchronous_standby_names"),
            synchronous_commit: match text("synchronous_commit").as_str() {
                "off" => SynchronousCommit::Off,
                "local" => SynchronousCommit::Local,
                _ => SynchronousCommit::On,
            },
            wal_keep_segments: u64::try_from(self.number(&settings, "wal_keep_segments", 0)).unwrap_or(0),
            wal_sender_timeout: parameters.wal_sender_timeout,
            wal_receiver_timeout: parameters.wal_receiver_timeout,
            wal_retrieve_retry_interval: parameters.wal_retrieve_retry_interval,
            checkpoint_timeout: parameters.checkpoint_timeout,
            max_wal_senders: usize::try_from(parameters.max_wal_senders).unwrap_or(0),
            upstream: upstream.map(|node| Upstream { process: node.server, name: node.name.clone() }),
            application_name: self.node().map(|node| node.name.clone()).unwrap_or_default(),
            primary_slot_name: settings.get("primary_slot_name").filter(|name| !name.is_empty()).cloned(),
            // In the incident the segment was ended only while a command was set; upstream ends it whenever
            // archive_mode is on (KingbaseES reference, section 2.5).
            switches_segment_at_shutdown: !archive_command.is_empty() || !self.plan.is_kingbase(),
            archive_command,
            spread_checkpoint: parameters.spread_checkpoint,
            waits_for_standbys: !self.plan.has_defect("shutdown-leaves-standbys-behind"),
            looks_for_used_timelines: !self.plan.has_defect("timeline-used-twice"),
            checks_forks: !self.plan.has_defect("stream-past-the-fork"),
            keeps_unarchived: !self.plan.has_defect("unarchived-is-recycled"),
        }
    }

    fn serves_clients(&self) -> bool {
        self.node().is_none_or(|node| node.first_type != metadata::NodeType::Witness)
    }

    fn is_standby(&self) -> bool {
        self.process.read_file(STANDBY_SIGNAL).is_some()
    }

    fn leave_recovery(&self) {
        self.process.remove_file(STANDBY_SIGNAL);
    }

    fn log(&self, level: &str, text: &str) {
        let stamp = self.process.wall_clock().with_millis();
        let number = 4000 + u64::from(self.process.id().0) * 7 + u64::from(self.process.incarnation().0) * 100;
        self.process.log("data/sys_log/kingbase.log", format!("{stamp} CST [{number}] {level}:  {text}"));
    }

    fn show(&self, change: &mut dyn FnMut(&mut NodeState)) {
        let mut board = self.plan.board.borrow_mut();
        if let Some(state) = board.get_mut(self.id as usize - 1) {
            let was_writable = state.writable;
            change(state);
            if state.writable && !was_writable {
                self.plan.last_primary.set(Some(self.id));
            }
        }
    }

    fn archive(&self, name: &str, bytes: Vec<u8>) -> LocalFuture<bool> {
        let (process, plan, name) = (self.process.clone(), self.plan.clone(), name.to_owned());
        Box::pin(async move {
            process.sleep(plan.parameters.archive_time).await;
            match plan.meet(process.host(), ARCHIVE_COMMAND) {
                Some(CommandFailure::Fails | CommandFailure::Refused) => return false,
                Some(CommandFailure::Hangs) => {
                    while plan.is_broken(process.host(), ARCHIVE_COMMAND) {
                        process.sleep(Duration::from_millis(500)).await;
                    }
                }
                None => {}
            }
            let Some(node) = plan.node_on(process.host()) else { return false };
            node.directory.write(&format!("archive/{name}"), bytes);
            true
        })
    }
}

/// The memory that repmgr shares with the server: gone with its process, but for the pause.
#[derive(Default)]
struct SharedMemory {
    pid: Cell<Option<u64>>,
    upstream_seen: Cell<Option<(NodeId, Instant)>>,
    notified: Cell<Option<NodeId>>,
    paused: Cell<bool>,
    /// Exclusive backup mode.
    backup: Cell<bool>,
}

/// The superuser of the incident's database.
const SUPERUSER: &str = "system";

/// One life of `kingbase`.
struct Kingbase {
    process: Process,
    plan: Shared,
    id: NodeId,
    server: Rc<Server>,
    memory: SharedMemory,
}

/// The program.
pub(super) async fn kingbase(process: Process, plan: Shared, id: NodeId) -> i32 {
    let Some(node) = plan.node(id).cloned() else { return 1 };
    if process.read_file(HALF_A_CLONE).is_some() {
        let line = "FATAL:  could not open file \"global/sys_control\": No such file or directory";
        process.log("data/sys_log/kingbase.log", line);
        return 1;
    }
    let site = Site { process: process.clone(), plan: plan.clone(), id };
    let files = plan.files(process.world(), &node);
    let initial = plan.initial.clone();
    let server = match Server::new(&process, &node.place, &files, &node.name, initial, Rc::new(site)) {
        Ok(server) => server,
        Err(error) => {
            process.log("data/sys_log/kingbase.log", format!("FATAL:  {error}"));
            return 1;
        }
    };
    let memory = SharedMemory::default();
    memory.paused.set(is_paused(process.world(), &node));
    let kingbase = Rc::new(Kingbase { process: process.clone(), plan, id, server: server.clone(), memory });
    process.spawn(kingbase.clone().serve());
    process.spawn(kingbase.clone().announce_ready());
    process.sleep(kingbase.plan.parameters.start_time).await;
    server.run().await
}

/// Whether the repmgrd of a node is paused, as its server has written down.
pub(super) fn is_paused(world: &World, node: &Node) -> bool {
    let text = world.read_file(node.host, PAUSE_FILE).unwrap_or_default();
    String::from_utf8_lossy(&text).trim() == format!("{}:1", node.id)
}

impl Kingbase {
    async fn serve(self: Rc<Self>) {
        let port = self.process.bind::<Sql>(SQL_PORT);
        loop {
            let incoming = port.recv().await;
            let Some(call) = incoming.call else { continue };
            let kingbase = self.clone();
            self.process.spawn(async move {
                let answer = kingbase.answer(incoming.message).await;
                kingbase.process.reply(call, answer);
            });
        }
    }

    /// The cluster is ready when the first primary serves and every other node follows it.
    async fn announce_ready(self: Rc<Self>) {
        let others = self.plan.nodes().iter().filter(|node| node.first_type == metadata::NodeType::Standby).count();
        while !self.plan.ready.get() {
            self.process.sleep(Duration::from_millis(200)).await;
            let attached = self.server.standbys().iter().filter(|standby| standby.streaming).count();
            if self.server.mode() == Mode::Primary && attached >= others && !self.plan.ready.get() && !self.is_witness()
            {
                self.plan.ready.set(true);
                self.process.announce(events::CLUSTER_READY, fields! {});
            }
        }
    }

    fn is_witness(&self) -> bool {
        self.plan.node(self.id).is_some_and(|node| node.first_type == metadata::NodeType::Witness)
    }

    async fn answer(&self, statement: Sql) -> SqlAnswer {
        if statement == Sql::Stop {
            self.server.request_stop();
            return SqlAnswer::Done;
        }
        if let Some(refusal) = self.refusal() {
            return SqlAnswer::Rejects(refusal.to_owned());
        }
        if statement == Sql::Ping {
            return SqlAnswer::Accepts;
        }
        let settings = conf::read(self.process.world(), self.process.host());
        if settings.get("max_connections").is_some_and(|most| most == "0") {
            return SqlAnswer::Error("FATAL:  sorry, too many clients already".to_owned());
        }
        match statement {
            Sql::Memory(request) => self.use_memory(request),
            Sql::Identity => SqlAnswer::Identity(self.identity()),
            Sql::Nodes => SqlAnswer::Nodes(self.records()),
            Sql::Standbys => SqlAnswer::Standbys(self.server.standbys()),
            Sql::Slots => SqlAnswer::Slots(self.server.slots()),
            Sql::Superuser(name) if name == SUPERUSER => SqlAnswer::Done,
            Sql::Superuser(name) => SqlAnswer::Error(format!("FATAL:  role \"{name}\" does not exist")),
            Sql::ExclusiveBackup(on) => {
                self.memory.backup.set(on);
                SqlAnswer::Done
            }
            Sql::IsInBackup => SqlAnswer::Text(if self.memory.backup.get() { "t" } else { "f" }.to_owned()),
            Sql::Show(name) => SqlAnswer::Text(settings.get(&name).cloned().unwrap_or_default()),
            other => self.carry_out(other).await,
        }
    }

    fn refusal(&self) -> Option<&'static str> {
        match self.server.mode() {
            Mode::Starting => Some("FATAL:  the database system is starting up"),
            Mode::Stopping => Some("FATAL:  the database system is shutting down"),
            Mode::Standby | Mode::Primary => None,
        }
    }

    async fn carry_out(&self, statement: Sql) -> SqlAnswer {
        let read_only = "ERROR:  cannot execute this in a read-only transaction";
        let is_primary = self.server.mode() == Mode::Primary;
        let done = |result: Result<(), String>| match result {
            Ok(()) => SqlAnswer::Done,
            Err(error) => SqlAnswer::Error(error),
        };
        match statement {
            Sql::Checkpoint => done(self.server.checkpoint().await.map_err(|error| error.to_string())),
            Sql::Promote if self.server.is_in_recovery() => {
                self.server.request_promotion();
                SqlAnswer::Done
            }
            Sql::Promote => SqlAnswer::Error("ERROR:  recovery is not in progress".to_owned()),
            Sql::PauseReplay(paused) => {
                self.server.pause_replay(paused);
                SqlAnswer::Done
            }
            Sql::CreateSlot(name) if self.slots_are_used_up(&name) => {
                SqlAnswer::Error(format!("ERROR:  all replication slots are in use, \"{name}\" cannot be created"))
            }
            Sql::CreateSlot(name) => {
                self.server.create_slot(&name);
                SqlAnswer::Done
            }
            Sql::DropSlot(name) => match self.server.drop_slot(&name) {
                true => SqlAnswer::Done,
                false => SqlAnswer::Error(format!("ERROR:  replication slot \"{name}\" is active or does not exist")),
            },
            Sql::AlterSystem { name, value } => {
                conf::set(self.process.world(), self.process.host(), conf::AUTO, &name, &value);
                SqlAnswer::Done
            }
            Sql::Reload => {
                self.server.reload();
                SqlAnswer::Done
            }
            Sql::Change { .. } | Sql::SwitchWal | Sql::Bulk(_) if !is_primary => SqlAnswer::Error(read_only.to_owned()),
            Sql::Change { changes, event } => {
                done(self.change(changes, event).await.map_err(|error| error.to_string()))
            }
            Sql::CopyNodes(records) => {
                let changes = records.iter().map(NodeRecord::change).collect();
                done(self.server.change_rows(changes).await.map_err(|error| error.to_string()))
            }
            Sql::SwitchWal => match self.server.switch_segment().await {
                Ok(position) => SqlAnswer::Position(position),
                Err(error) => SqlAnswer::Error(error.to_string()),
            },
            Sql::Bulk(segments) => {
                done(self.server.load_bulk(metadata::BULK, segments).await.map_err(|error| error.to_string()))
            }
            other => SqlAnswer::Error(format!("ERROR:  {other:?} cannot be carried out")),
        }
    }

    async fn change(
        &self,
        mut changes: Vec<crate::parts::wal::RowChange>,
        event: Option<(&'static str, NodeId, bool)>,
    ) -> Result<(), crate::parts::wal::WalError> {
        if let Some((event, node, successful)) = event {
            let counter = self.server.row(metadata::event_counter());
            let number = counter.and_then(|row| row.first().copied()).unwrap_or(0);
            changes.extend(metadata::event_change(number, event, node, successful));
            self.process.announce("repmgr.event", fields! { event: event, node: node, successful: successful });
        }
        let changed: Vec<i64> = changes
            .iter()
            .filter_map(|(key, _)| {
                self.plan.nodes().iter().map(|node| node.id).find(|id| metadata::node_key(*id) == *key)
            })
            .collect();
        self.server.change_rows(changes).await?;
        for node in changed {
            self.process.announce("metadata.changed", fields! { node: node });
        }
        Ok(())
    }

    fn slots_are_used_up(&self, name: &str) -> bool {
        let slots = self.server.slots();
        let most = usize::try_from(self.plan.parameters.max_replication_slots).unwrap_or(0);
        slots.len() >= most && !slots.iter().any(|(known, _, _)| known == name)
    }

    fn records(&self) -> Vec<NodeRecord> {
        let record = |node: &Node| NodeRecord::of_row(node.id, &self.server.row(metadata::node_key(node.id))?);
        self.plan.nodes().iter().filter_map(record).collect()
    }

    fn identity(&self) -> Identity {
        let server = &self.server;
        let behind = server.replayed() < server.log_end();
        let since =
            |at: crate::world::clock::WallTime| self.process.wall_clock().0.saturating_sub(at.0) / 1_000_000_000;
        Identity {
            in_recovery: server.is_in_recovery(),
            control_timeline: server.control().timeline,
            timeline: server.timeline(),
            log_end: server.log_end(),
            last_received: server.last_received(),
            replayed: server.replayed(),
            lag_seconds: if behind { server.last_replay().map_or(0, since) } else { 0 },
            replay_paused: server.is_replay_paused(),
            streams_from: server.streams_from().and_then(|id| self.plan.node_of_server(id)).map(|node| node.id),
        }
    }

    fn use_memory(&self, request: Memory) -> SqlAnswer {
        let (memory, now) = (&self.memory, self.process.monotonic());
        match request {
            Memory::Read => {}
            Memory::Pause(paused) => {
                memory.paused.set(paused);
                self.process.write_file(PAUSE_FILE, format!("{}:{}", self.id, i64::from(paused)));
                self.process.announce("repmgrd.paused", fields! { paused: paused });
            }
            Memory::Register { pid } => memory.pid.set(Some(pid)),
            Memory::SawUpstream(node) => memory.upstream_seen.set(Some((node, now))),
            Memory::Notify(node) => memory.notified.set(Some(node)),
            Memory::TakeNotification => {
                let notified = memory.notified.take();
                return SqlAnswer::Memory(MemoryView { notified, ..self.view(now) });
            }
        }
        SqlAnswer::Memory(self.view(now))
    }

    fn view(&self, now: Instant) -> MemoryView {
        let seen = self.memory.upstream_seen.get();
        let alive = |pid: &u64| {
            let repmgrd = self.plan.node(self.id).map(|node| node.repmgrd);
            let runs = repmgrd.and_then(|id| self.process.local_state(id)).is_some_and(|status| status.exists());
            runs && repmgrd.is_some_and(|id| pid_of(&self.process, id) == *pid)
        };
        MemoryView {
            pid: self.memory.pid.get().filter(alive),
            paused: self.memory.paused.get(),
            upstream_last_seen: seen.map(|(_, at)| now.since(at).as_secs()),
            notified: self.memory.notified.get(),
        }
    }
}

/// A process number that is new in each life.
pub(super) fn pid_of(process: &Process, id: crate::world::trace::ProcessId) -> u64 {
    4000 + u64::from(id.0) * 11 + u64::from(process.world().incarnation(id).0) * 100
}
