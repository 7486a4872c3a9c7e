//! `gs_ctl query` and `querybuild`.

use super::super::files;
use super::super::messages::{ReceiverShown, SenderShown};
use super::super::rules::build_tags;
use super::Tool;
use crate::world::process::Status;

impl Tool {
    pub(super) async fn query(&self) -> i32 {
        let Some(shown) = self.ask_local().await else {
            if self.is_running() {
                return self.query_file();
            }
            self.say("gs_ctl query ,datadir is");
            self.terminal
                .print("gs_ctl: could not connect to the local server: connect to server failed: Connection refused");
            self.terminal.print("\tIs the server running locally and accepting connections? Is server running?");
            return 1;
        };
        self.say(&format!("gs_ctl query ,datadir is {}", self.directory()));
        self.terminal.print(" HA state:");
        self.field("local_role", shown.mode.words());
        self.field("static_connections", &shown.peers.to_string());
        self.field("db_state", shown.state);
        self.field("detail_information", shown.detail);
        self.terminal.print("");
        self.terminal.print(" Senders info:");
        shown.senders.iter().for_each(|sender| self.sender(sender));
        if shown.senders.is_empty() {
            self.terminal.print("No information");
        }
        self.terminal.print(" Receiver info:");
        match &shown.receiver {
            Some(receiver) => self.receiver(receiver),
            None => self.terminal.print("No information"),
        }
        0
    }

    /// What `gaussdb.state` says, while the server is up and takes no connection.
    fn query_file(&self) -> i32 {
        let text = self.process.read_file(files::STATE).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut lines = text.lines();
        let mut next = || lines.next().unwrap_or("Unknown");
        let (role, state) = (next(), next());
        self.say(&format!("gs_ctl query ,datadir is {}", self.directory()));
        self.terminal.print(" HA state:");
        self.field("local_role", role);
        self.field("static_connections", &(self.plan.nodes().len() - 1).to_string());
        self.field("db_state", state);
        self.field("detail_information", "the database system is starting up");
        self.terminal.print("");
        for part in [" Senders info:", " Receiver info:"] {
            self.terminal.print(part);
            self.terminal.print("No information");
        }
        0
    }

    fn field(&self, name: &str, value: &str) {
        self.terminal.print(format!("\t{name:<30} : {value}"));
    }

    fn sender(&self, sender: &SenderShown) {
        self.field("sender_pid", &sender.pid.to_string());
        self.field("local_role", "Primary");
        self.field("peer_role", "Standby");
        self.field("peer_state", "Normal");
        self.field("state", sender.state);
        self.field("sender_sent_location", &sender.sent.to_string());
        self.field("sender_write_location", &sender.end.to_string());
        self.field("sender_flush_location", &sender.end.to_string());
        self.field("sender_replay_location", &sender.end.to_string());
        self.field("receiver_received_location", &sender.write.to_string());
        self.field("receiver_write_location", &sender.write.to_string());
        self.field("receiver_flush_location", &sender.flush.to_string());
        self.field("receiver_replay_location", &sender.replay.to_string());
        let percent = (sender.flush.0 * 100).checked_div(sender.end.0).unwrap_or(100);
        self.field("sync_percent", &format!("{percent}%"));
        self.field("sync_state", sender.sync_state);
        self.field("sync_priority", "1");
        self.field("sync_most_available", if sender.most_available { "On" } else { "Off" });
        self.field("channel", &sender.channel);
        self.terminal.print("");
    }

    fn receiver(&self, receiver: &ReceiverShown) {
        self.field("receiver_pid", &receiver.pid.to_string());
        self.field("local_role", "Standby");
        self.field("peer_role", "Primary");
        self.field("peer_state", receiver.peer_state);
        self.field("state", "Normal");
        self.field("receiver_received_location", &receiver.received.to_string());
        self.field("receiver_write_location", &receiver.received.to_string());
        self.field("receiver_flush_location", &receiver.received.to_string());
        self.field("receiver_replay_location", &receiver.replayed.to_string());
        self.field("channel", &receiver.channel);
        self.terminal.print("");
    }

    pub(super) fn query_build(&self) -> i32 {
        let pid = self.process.read_file(build_tags::PID);
        let pid = pid.and_then(|text| String::from_utf8_lossy(&text).trim().parse().ok());
        let is_alive = self.process.local_state(self.node().gs_ctl).is_some_and(Status::exists);
        self.say(&format!("gs_ctl querybuild ,datadir is {}", self.directory()));
        self.field("db_state", build_tags::progress(pid, is_alive));
        0
    }
}
