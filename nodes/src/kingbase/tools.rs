//! The programs of a node that are no servers: what an operator types, and what comes over ssh.

use std::rc::Rc;

use super::connection::Connections;
use super::metadata::NodeType;
use super::plan::{Node, Shared};
use super::speech::{Output, Speech};
use super::sql::{Sql, SqlAnswer};
use super::{conf, ctl, files, repmgr};
use crate::parts::streaming_replication::messages::{COPY_PORT, CopyAnswer, CopyRequest};
use crate::parts::streaming_replication::server::StandbyView;
use crate::parts::streaming_replication::synchronous::SyncRule;
use crate::product::{ArgumentKind, CommandWord, OptionWord, PositionalWord};
use crate::world::executor::LocalFuture;
use crate::world::port::Address;

const fn option(flags: &'static [&'static str], doc: &'static str) -> OptionWord {
    OptionWord { flags, value: Some(ArgumentKind::Text), required: false, doc }
}

const fn argument(name: &'static str) -> PositionalWord {
    PositionalWord { name, kind: ArgumentKind::Text, required: true, repeated: false }
}

const fn many(name: &'static str) -> PositionalWord {
    PositionalWord { name, kind: ArgumentKind::Text, required: true, repeated: true }
}

const DATA_OPTION: OptionWord = option(&["-D", "--data"], "the data directory");
const MODE_OPTION: OptionWord = option(&["-m", "--mode"], "fast, smart or immediate");

const fn sys_ctl(words: &'static [&'static str], doc: &'static str) -> CommandWord {
    CommandWord { program: "sys_ctl", words, options: &[DATA_OPTION, MODE_OPTION], positionals: &[], doc }
}

/// The commands beside those of repmgr.
pub(super) const COMMANDS: &[CommandWord] = &[
    sys_ctl(&["start"], "Starts the server of this node."),
    sys_ctl(&["stop"], "Stops the server of this node."),
    sys_ctl(&["reload"], "Lets the server read its files again."),
    sys_ctl(&["promote"], "Promotes the server past repmgr."),
    CommandWord {
        program: "sys_archivecleanup",
        words: &[],
        options: &[],
        positionals: &[argument("DIRECTORY"), argument("OLDEST-KEPT")],
        doc: "Removes the WAL files older than one; their status files stay.",
    },
    CommandWord {
        program: "ksql",
        words: &[],
        options: &[option(&["-c"], "the statement"), option(&["-U"], "the user"), option(&["-d"], "the database")],
        positionals: &[],
        doc: "Carries out one statement on this node.",
    },
    CommandWord {
        program: "ls",
        words: &[],
        options: &[],
        positionals: &[argument("DIRECTORY")],
        doc: "Lists sys_wal, sys_wal/archive_status or archive.",
    },
    CommandWord {
        program: "rm",
        words: &[],
        options: &[OptionWord { flags: &["-rf", "-f"], value: None, required: false, doc: "does not ask" }],
        positionals: &[many("PATTERN")],
        doc: "Removes files of sys_wal or its archive_status; a pattern may hold * and [0-7].",
    },
    CommandWord {
        program: "vi",
        words: &[],
        options: &[],
        positionals: &[argument("FILE"), argument("NAME=VALUE")],
        doc: "Sets one value in a configuration file: what an operator does with an editor.",
    },
    CommandWord {
        program: "touch",
        words: &[],
        options: &[],
        positionals: &[argument("FILE")],
        doc: "Makes an empty file in the data directory: standby.signal by hand.",
    },
    CommandWord {
        program: "chown",
        words: &[],
        options: &[],
        positionals: &[argument("OWNER"), argument("FILE")],
        doc: "Gives a file of the data directory to a user.",
    },
    CommandWord {
        program: "restorecheck",
        words: &[],
        options: &[],
        positionals: &[],
        doc: "Says which log the archive and sys_wal hold together, and which is gone (the model's own).",
    },
];

const SYNC_NAMES: &str = "synchronous_standby_names";

/// Runs a program; its exit code.
pub(super) fn run(speech: Speech, plan: Shared, words: Vec<String>) -> LocalFuture<i32> {
    Box::pin(async move {
        let Some(node) = plan.node_on(speech.process.host()).cloned() else { return 1 };
        let rest: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        match words.first().map(String::as_str) {
            Some("repmgr") if rest == ["--version"] => {
                speech.print("repmgr 5.0.0");
                0
            }
            Some("repmgr") => repmgr::repmgr(speech, plan, &words[1..]).await,
            Some("sys_ctl") => run_ctl(&speech, &plan, &node, &rest).await,
            Some("ksql") => ksql(&speech, &plan, &node, &rest).await,
            Some("sys_archivecleanup") => files::archive_cleanup(&speech, &plan, &node, &rest),
            Some("ls") => files::list(&speech, &plan, &node, &rest),
            Some("rm") => files::remove(&speech, &plan, &node, &rest),
            Some("restorecheck") => files::restore_check(&speech, &plan, &node).await,
            Some("vi") => edit(&speech, &node, &rest),
            Some("touch") => touch(&speech, &rest),
            Some("chown") => change_owner(&speech, &node, &rest),
            Some("true") => 0,
            Some("test") => test(&speech, &rest),
            Some("check-replication") => check_replication(&speech, &plan, &rest).await,
            Some("log-to") => log_to(&speech, &plan, &words).await,
            program => {
                speech.print(&format!("{}: command not found", program.unwrap_or_default()));
                127
            }
        }
    })
}

/// Whether a file exists.
fn test(speech: &Speech, words: &[&str]) -> i32 {
    let found = words.last().and_then(|file| speech.process.read_file(file)).is_some();
    i32::from(!found)
}

/// Whether this node can open a replication connection to an address.
async fn check_replication(speech: &Speech, plan: &Shared, words: &[&str]) -> i32 {
    let node = words.first().and_then(|address| plan.node_at(&format!("host={address}")));
    let Some(node) = node else { return 1 };
    let to = Address::new(node.server, COPY_PORT);
    let answer = speech.process.call::<CopyAnswer>(to, CopyRequest::Identify, plan.parameters.connect_timeout).await;
    i32::from(!matches!(answer, Ok(CopyAnswer::Identity { .. })))
}

/// Runs a program whose lines go into a file; 1 or 0 is printed.
async fn log_to(speech: &Speech, plan: &Shared, words: &[String]) -> i32 {
    let lines = Rc::default();
    let inner = Speech { output: Output::Kept(Rc::clone(&lines)), ..speech.clone() };
    let code = run(inner, plan.clone(), words[2..].to_vec()).await;
    let lines: Vec<String> = lines.take();
    for line in &lines {
        speech.process.log(words[1].as_str(), line.as_str());
    }
    speech.process.write_file(&words[1], lines.join("\n"));
    speech.print(if code == 0 { "1" } else { "0" });
    code
}

async fn run_ctl(speech: &Speech, plan: &Shared, node: &Node, words: &[&str]) -> i32 {
    let connections = Connections { process: speech.process.clone(), plan: plan.clone() };
    let actions = ["start", "stop", "reload", "promote"];
    match words.iter().find(|word| actions.contains(word)) {
        Some(&"start") => {
            let code = ctl::start(&connections, node).await;
            speech.print(if code == 0 { "server started" } else { "sys_ctl: could not start server" });
            code
        }
        Some(&"stop") => {
            let code = ctl::stop(&connections, node, true).await;
            speech.print(if code == 0 { "server stopped" } else { "sys_ctl: server does not shut down" });
            code
        }
        Some(&"reload") => {
            let code = ctl::reload(&connections, node).await;
            speech.print(if code == 0 { "server signaled" } else { "sys_ctl: PID file does not exist" });
            code
        }
        Some(_) => {
            let code = ctl::promote(&connections, node).await;
            speech.print(if code == 0 { "server promoting" } else { "sys_ctl: cannot promote server" });
            code
        }
        None => 1,
    }
}

/// `vi es_rep.conf archive_command=/bin/cp ...`
fn edit(speech: &Speech, node: &Node, words: &[&str]) -> i32 {
    let [file, setting] = words else { return 1 };
    let Some((name, value)) = setting.split_once('=') else { return 1 };
    let file = match *file {
        "repmgr.conf" => "repmgr.conf".to_owned(),
        file => in_data(file),
    };
    let (name, value) = (name.trim(), value.trim().trim_matches('\''));
    conf::set(speech.process.world(), node.host, &file, name, value);
    0
}

fn in_data(file: &str) -> String {
    format!("data/{}", file.trim_start_matches("data/"))
}

/// `touch standby.signal`
fn touch(speech: &Speech, words: &[&str]) -> i32 {
    let [file] = words else { return 1 };
    let file = in_data(file);
    if speech.process.read_file(&file).is_none() {
        speech.process.write_file(&file, "");
    }
    0
}

/// `chown root kingbase.auto.conf`
fn change_owner(speech: &Speech, node: &Node, words: &[&str]) -> i32 {
    let [owner, file] = words else { return 1 };
    conf::set_owner(speech.process.world(), node.host, &in_data(file), owner);
    0
}

/// One statement of the few an operator needs in these drills.
async fn ksql(speech: &Speech, plan: &Shared, node: &Node, words: &[&str]) -> i32 {
    let connections = Connections { process: speech.process.clone(), plan: plan.clone() };
    let position = words.iter().position(|word| *word == "-c");
    let statement = position.and_then(|at| words.get(at + 1)).copied().unwrap_or_default();
    let lower = statement.trim().trim_end_matches(';').to_lowercase();
    let sql = match statement_of(&lower, statement) {
        Some(sql) => sql,
        None if lower == "select * from sys_stat_replication" => return replication(speech, &connections, node).await,
        None if lower.contains("like '%archive%'") => return archive_settings(speech, &connections, node).await,
        None if lower.contains("clear upstream") => return clear_upstream(speech, &connections, node).await,
        None => {
            speech.print(&format!("ERROR:  syntax error at or near \"{statement}\""));
            return 1;
        }
    };
    match connections.query(node, sql).await {
        Ok(SqlAnswer::Text(text)) => speech.print(&text),
        Ok(SqlAnswer::Position(position)) => speech.print(&position.to_string()),
        Ok(_) => speech.print("OK"),
        Err(why) => {
            speech.print(&why);
            return 1;
        }
    }
    0
}

fn statement_of(lower: &str, statement: &str) -> Option<Sql> {
    if let Some(rest) = lower.strip_prefix("insert into bulk select generate_series(1,") {
        return rest.trim_end_matches(')').trim().parse().ok().map(Sql::Bulk);
    }
    if let Some(name) = lower.strip_prefix("show ") {
        return Some(Sql::Show(name.trim().to_owned()));
    }
    if lower.starts_with("alter system set ") {
        let rest = &statement.trim().trim_end_matches(';')["alter system set ".len()..];
        let (name, value) = rest.split_once('=').or_else(|| rest.split_once(" to "))?;
        let (name, value) = (name.trim().to_owned(), value.trim().trim_matches('\'').to_owned());
        return Some(Sql::AlterSystem { name, value });
    }
    if lower.starts_with("select sys_start_backup(") {
        return Some(Sql::ExclusiveBackup(true));
    }
    match lower {
        "select sys_stop_backup()" => Some(Sql::ExclusiveBackup(false)),
        "checkpoint" => Some(Sql::Checkpoint),
        "select sys_switch_wal()" => Some(Sql::SwitchWal),
        "select sys_reload_conf()" => Some(Sql::Reload),
        "select sys_wal_replay_pause()" => Some(Sql::PauseReplay(true)),
        "select sys_wal_replay_resume()" => Some(Sql::PauseReplay(false)),
        _ => None,
    }
}

/// `select name,setting,context from sys_settings where name like '%archive%'`
async fn archive_settings(speech: &Speech, connections: &Connections, node: &Node) -> i32 {
    let names = [
        ("archive_cleanup_command", "sighup"),
        ("archive_command", "sighup"),
        ("archive_dest", "sighup"),
        ("archive_mode", "kingbase"),
        ("archive_timeout", "sighup"),
        ("max_standby_archive_delay", "sighup"),
    ];
    let mut rows = Vec::new();
    for (name, context) in names {
        match connections.show(node, name).await {
            Ok(value) => rows.push((name, value, context)),
            Err(why) => {
                speech.print(&why);
                return 1;
            }
        }
    }
    let width = rows.iter().map(|(_, value, _)| value.len()).max().unwrap_or(0).max("setting".len());
    speech.print(format!("{:^25} | {:^width$} | {:^8}", "name", "setting", "context").trim_end());
    speech.print(&format!("{}+{}+{}", "-".repeat(27), "-".repeat(width + 2), "-".repeat(10)));
    for (name, value, context) in rows {
        speech.print(&format!(" {name:<25} | {value:<width$} | {context}"));
    }
    speech.print("(6 rows)");
    0
}

/// `select * from sys_stat_replication`: how far each standby is.
async fn replication(speech: &Speech, connections: &Connections, node: &Node) -> i32 {
    let (standbys, names) = match (connections.standbys(node).await, connections.show(node, SYNC_NAMES).await) {
        (Ok(standbys), Ok(names)) => (standbys, names),
        (Err(why), _) | (_, Err(why)) => {
            speech.print(&why);
            return 1;
        }
    };
    let rule = SyncRule::parse(&names).ok().flatten();
    let header = ["application_name", "state", "sent_lsn", "write_lsn", "flush_lsn", "replay_lsn", "sync_state"];
    let row = |view: &StandbyView| {
        let state = if view.streaming { "streaming" } else { "catchup" };
        let sync = rule.as_ref().map_or("async", |rule| rule.state_of(&view.name));
        let positions = [view.sent, view.write, view.flush, view.replay].map(|position| position.to_string());
        let mut cells = vec![view.name.clone(), state.to_owned()];
        cells.extend(positions);
        cells.push(sync.to_owned());
        cells
    };
    let rows: Vec<Vec<String>> = standbys.iter().map(row).collect();
    repmgr::table(&header, &rows).iter().for_each(|line| speech.print(line));
    speech.print(&format!("({} rows)", rows.len()));
    0
}

/// `clear upstream`: an operator's slip in the nodes table, as in one of the incidents.
async fn clear_upstream(speech: &Speech, connections: &Connections, node: &Node) -> i32 {
    let Ok(mut records) = connections.records(node).await else { return 1 };
    records.retain(|record| record.kind == NodeType::Standby);
    for record in &mut records {
        record.upstream = None;
    }
    match connections.change(node, &records, None).await {
        Ok(()) => {
            speech.print(&format!("UPDATE {}", records.len()));
            0
        }
        Err(why) => {
            speech.print(&why);
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_of_the_drills_are_understood() {
        assert_eq!(statement_of("insert into bulk select generate_series(1,134)", ""), Some(Sql::Bulk(134)));
        let set = "ALTER SYSTEM SET archive_command = '/bin/cp -f %p archive/%f'";
        let expected =
            Sql::AlterSystem { name: "archive_command".to_owned(), value: "/bin/cp -f %p archive/%f".to_owned() };
        assert_eq!(statement_of(&set.to_lowercase(), set), Some(expected));
        assert_eq!(statement_of("show archive_command", ""), Some(Sql::Show("archive_command".to_owned())));
        assert_eq!(statement_of("drop table t", ""), None);
    }
}
