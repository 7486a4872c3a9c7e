//! `node check`: what stands between a node and a switchover, one line a check.
//!
//! Thresholds are strict for archive files and inclusive for a critical lag: 16 pending files are OK and 17 a warning,
//! 128 are a warning and 129 critical (KingbaseES reference, sections 1.4 and 3.1).

use super::{Repmgr, code};
use crate::kingbase::metadata::{NodeRecord, NodeType};
use crate::kingbase::plan::DATA;
use crate::kingbase::sql::{Identity, Memory};

/// What a check comes to; the exit code of a single check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Ok = 0,
    Warning = 1,
    Critical = 2,
    Unknown = 3,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Status::Ok => "OK",
            Status::Warning => "WARNING",
            Status::Critical => "CRITICAL",
            Status::Unknown => "UNKNOWN",
        }
    }

    /// From the word.
    pub(super) fn of_word(word: &str) -> Status {
        let all = [Status::Ok, Status::Warning, Status::Critical];
        all.into_iter().find(|status| status.word() == word).unwrap_or(Status::Unknown)
    }
}

/// A check and what it found.
struct Found {
    name: &'static str,
    option: &'static str,
    status: Status,
    text: String,
    /// With `--optformat`; nothing is printed for some.
    short: String,
    nagios: Option<String>,
}

/// How many pending files are how bad, and the threshold that is passed.
pub(super) fn judge_archive(files: i64, warning: i64, critical: i64) -> (Status, Option<i64>) {
    match files {
        files if files > critical => (Status::Critical, Some(critical)),
        files if files > warning => (Status::Warning, Some(warning)),
        _ => (Status::Ok, None),
    }
}

/// How much lag is how bad.
fn judge_lag(lag: u64, warning: u64, critical: u64) -> Status {
    match lag {
        lag if lag >= critical => Status::Critical,
        lag if lag > warning => Status::Warning,
        _ => Status::Ok,
    }
}

pub(super) async fn check(run: &Repmgr) -> i32 {
    let identity = match run.connections.identity(&run.me).await {
        Ok(identity) => identity,
        Err(why) if run.options.has("--optformat") => {
            run.speech.print("--error=DB_CONNECTION");
            let _ = why;
            return code::DB_CONN;
        }
        Err(why) => {
            run.say_no_connection(&run.me, &why);
            return code::DB_CONN;
        }
    };
    let records = run.connections.records(&run.me).await.unwrap_or_default();
    let all = all_checks(run, &identity, &records).await;
    let single = all.iter().find(|found| run.options.has(found.option));
    match single {
        Some(found) => {
            print_single(run, found);
            found.status as i32
        }
        None => {
            if run.options.has("--nagios") {
                run.speech.error("--nagios can only be used with a specific check");
                run.speech.hint("execute \"repmgr node --help\" for details");
                return code::BAD_CONFIG;
            }
            let only_single = ["repmgrd", "DB", OWNER];
            let shown: Vec<&Found> = all.iter().filter(|found| !only_single.contains(&found.name)).collect();
            match run.options.has("--csv") {
                true => print_csv(run, &shown),
                false => {
                    run.speech.print(&format!("Node \"{}\":", run.me.name));
                    for found in &shown {
                        run.speech.print(&format!("\t{}: {} ({})", found.name, found.status.word(), found.text));
                    }
                }
            }
            let bad = shown.iter().any(|found| found.status != Status::Ok);
            if bad { code::NODE_STATUS } else { code::SUCCESS }
        }
    }
}

/// The real tool leaves the upstream line out and does not escape quotes (KingbaseES reference, section 3.1).
fn print_csv(run: &Repmgr, shown: &[&Found]) {
    for found in shown.iter().filter(|found| found.option != "--upstream") {
        run.speech.print(&format!("\"{}\",\"{}\",\"{}\"", found.name, found.status.word(), found.text));
    }
}

/// What `repmgr.conf` says of the data directory against where it is.
fn data_directory(run: &Repmgr) -> Found {
    let bytes = run.process().read_file("repmgr.conf").unwrap_or_default();
    let settings = crate::kingbase::conf::parse(&String::from_utf8_lossy(&bytes));
    let configured = settings.get("data_directory").cloned().unwrap_or_default();
    let (status, text) = match configured == DATA {
        true => (Status::Ok, format!("configured \"data_directory\" is \"{DATA}\"")),
        false => (
            Status::Critical,
            format!("configured \"data_directory\" is \"{configured}\", actual data directory is \"{DATA}\""),
        ),
    };
    let short = format!("--configured-data-directory={}", status.word());
    Found { short, ..found("Configured data directory", "--data-directory-config", status, text) }
}

const OWNER: &str = "Replication config owner";

/// Whether this user may write the file that a follow or a rejoin has to write.
fn config_owner(run: &Repmgr) -> Found {
    let owner = run.config_owner();
    let (status, text) = match owner == crate::kingbase::conf::USER {
        true => (Status::Ok, "replication configuration file is owned by the user of the database".to_owned()),
        false => (Status::Critical, format!("replication configuration file is owned by \"{owner}\"")),
    };
    let short = format!("--replication-config-owner={}", status.word());
    Found { short, ..found(OWNER, "--replication-config-owner", status, text) }
}

impl Repmgr {
    /// Who owns this node's `kingbase.auto.conf`.
    pub(super) fn config_owner(&self) -> String {
        use crate::kingbase::conf;
        conf::owner(self.process().world(), self.me.host, conf::AUTO)
    }
}

fn print_single(run: &Repmgr, found: &Found) {
    if run.options.has("--optformat") {
        if !found.short.is_empty() {
            run.speech.print(&found.short);
        }
    } else if run.options.has("--nagios") {
        let values = found.nagios.as_ref().map(|values| format!(" | {values}")).unwrap_or_default();
        let name = found.option.trim_start_matches('-').replace('-', "_").to_uppercase();
        run.speech.print(&format!("REPMGR_{name} {}: {}{values}", found.status.word(), found.text));
    } else {
        run.speech.print(&format!("{} ({})", found.status.word(), found.text));
    }
}

async fn all_checks(run: &Repmgr, identity: &Identity, records: &[NodeRecord]) -> Vec<Found> {
    let own = records.iter().find(|record| record.id == run.me.id);
    let is_witness = own.is_some_and(|own| own.kind == NodeType::Witness);
    vec![
        role(own, identity),
        lag(run, identity, is_witness),
        archive(run),
        upstream(run, own, identity).await,
        downstream(run, records).await,
        slots(run).await,
        missing_slots(run, records).await,
        data_directory(run),
        repmgrd(run).await,
        config_owner(run),
        Found {
            name: "DB",
            option: "--db-connection",
            status: Status::Ok,
            text: "connected".to_owned(),
            short: "--db-connection=OK".to_owned(),
            nagios: None,
        },
    ]
}

fn found(name: &'static str, option: &'static str, status: Status, text: String) -> Found {
    Found { name, option, status, text, short: String::new(), nagios: None }
}

fn role(own: Option<&NodeRecord>, identity: &Identity) -> Found {
    let registered = own.map_or(NodeType::Standby, |own| own.kind);
    let (status, text) = match (registered, identity.in_recovery) {
        (NodeType::Primary, true) => {
            (Status::Critical, "node is registered as primary but running as standby".to_owned())
        }
        (NodeType::Standby, false) => {
            (Status::Critical, "node is registered as standby but running as primary".to_owned())
        }
        (NodeType::Witness, true) => {
            (Status::Critical, "node is registered as witness but running as standby".to_owned())
        }
        _ => (Status::Ok, format!("node is {}", registered.word())),
    };
    found("Server role", "--role", status, text)
}

fn lag(run: &Repmgr, identity: &Identity, is_witness: bool) -> Found {
    let (warning, critical) =
        (run.plan.parameters.replication_lag_warning.as_secs(), run.plan.parameters.replication_lag_critical.as_secs());
    let lag = if identity.in_recovery { identity.lag_seconds } else { 0 };
    let (status, text) = match (is_witness, identity.in_recovery) {
        (true, _) => (Status::Ok, "N/A - node is witness".to_owned()),
        (false, false) => (Status::Ok, "N/A - node is primary".to_owned()),
        (false, true) => match judge_lag(lag, warning, critical) {
            Status::Critical => (Status::Critical, format!("{lag} seconds, critical threshold: {critical})")),
            Status::Warning => (Status::Warning, format!("{lag} seconds, warning threshold: {warning})")),
            status => (status, format!("{lag} seconds")),
        },
    };
    Found {
        short: format!("--status={} --lag={lag}", status.word()),
        nagios: Some(format!("lag={lag};{warning};{critical}")),
        ..found("Replication lag", "--replication-lag", status, text)
    }
}

fn archive(run: &Repmgr) -> Found {
    let files = run.plan.files(run.process().world(), &run.me).ready().len() as i64;
    let parameters = &run.plan.parameters;
    let (warning, critical) = (parameters.archive_ready_warning, parameters.archive_ready_critical);
    let (status, threshold) = judge_archive(files, warning, critical);
    let mut text = format!("{files} pending archive ready files");
    let mut short = format!("--status={} --files={files}", status.word());
    if let Some(threshold) = threshold {
        match status {
            Status::Critical => text.push_str(&format!(", critical threshold: {threshold}")),
            _ => text.push_str(&format!(" (threshold: {threshold})")),
        }
        short.push_str(&format!(" --threshold={threshold}"));
    }
    Found {
        short,
        nagios: Some(format!("files={files};{warning};{critical}")),
        ..found("WAL archiving", "--archive-ready", status, text)
    }
}

async fn upstream(run: &Repmgr, own: Option<&NodeRecord>, identity: &Identity) -> Found {
    let name = |text: String, status| found("Upstream connection", "--upstream", status, text);
    if !identity.in_recovery {
        return name("N/A - node is primary".to_owned(), Status::Ok);
    }
    let me = &run.me;
    let Some(upstream) = own.and_then(|own| own.upstream).and_then(|id| run.node(id)) else {
        return name(format!("node \"{}\" (ID: {}) has no registered upstream node", me.name, me.id), Status::Critical);
    };
    let attached = run.connections.is_attached(&upstream, me).await.unwrap_or(false);
    let (word, status) = if attached { ("is", Status::Ok) } else { ("is not", Status::Critical) };
    let (node, up) =
        (format!("\"{}\" (ID: {})", me.name, me.id), format!("\"{}\" (ID: {})", upstream.name, upstream.id));
    name(format!("node {node} {word} attached to expected upstream node {up}"), status)
}

async fn downstream(run: &Repmgr, records: &[NodeRecord]) -> Found {
    let expected: Vec<_> = records
        .iter()
        .filter(|record| record.upstream == Some(run.me.id) && record.active && record.kind == NodeType::Standby)
        .filter_map(|record| run.node(record.id))
        .collect();
    let attached = run.connections.standbys(&run.me).await.unwrap_or_default();
    let missing: Vec<String> = expected
        .iter()
        .filter(|node| !attached.iter().any(|view| view.name == node.name))
        .map(|node| format!("{} (ID: {})", node.name, node.id))
        .collect();
    let (all, gone) = (expected.len(), missing.len());
    let (status, text) = match (all, gone) {
        (0, _) => (Status::Ok, "this node has no downstream nodes".to_owned()),
        (_, 0) => (Status::Ok, format!("{all} of {all} downstream nodes attached")),
        _ => {
            let list = missing.join(", ");
            (Status::Critical, format!("{gone} of {all} downstream nodes not attached; missing: {list}"))
        }
    };
    found("Downstream servers", "--downstream", status, text)
}

async fn slots(run: &Repmgr) -> Found {
    let slots = run.connections.slots(&run.me).await.unwrap_or_default();
    let (all, active) = (slots.len(), slots.iter().filter(|(_, active, _)| *active).count());
    let (status, text) = match (all, all - active) {
        (0, _) => (Status::Ok, "node has no physical replication slots".to_owned()),
        (_, 0) => (Status::Ok, format!("{all} of {all} physical replication slots are active")),
        (_, gone) => (Status::Critical, format!("{gone} of {all} physical replication slots are inactive")),
    };
    found("Replication slots", "--slots", status, text)
}

async fn missing_slots(run: &Repmgr, records: &[NodeRecord]) -> Found {
    let slots = run.connections.slots(&run.me).await.unwrap_or_default();
    let uses_slots = run.plan.parameters.use_replication_slots;
    let expected = records.iter().filter(|it| it.upstream == Some(run.me.id) && it.kind == NodeType::Standby);
    let names = expected.filter_map(|record| run.node(record.id)).map(|node| node.slot());
    let missing: Vec<String> =
        names.filter(|name| uses_slots && !slots.iter().any(|(known, _, _)| known == name)).collect();
    let (status, text) = match missing.len() {
        0 => (Status::Ok, "node has no missing physical replication slots".to_owned()),
        count => (Status::Critical, format!("{count} physical replication slots are missing: {}", missing.join(", "))),
    };
    found("Missing physical replication slots", "--missing-slots", status, text)
}

async fn repmgrd(run: &Repmgr) -> Found {
    let runs = run.connections.memory(&run.me, Memory::Read).await.is_ok_and(|view| view.pid.is_some());
    let (status, text) = match runs {
        true => (Status::Ok, "repmgrd running".to_owned()),
        false => (Status::Critical, "repmgrd not running".to_owned()),
    };
    Found { short: format!("--repmgrd={}", status.word()), ..found("repmgrd", "--repmgrd", status, text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_strict_for_files() {
        let judged = [16, 17, 128, 129, 134].map(|files| judge_archive(files, 16, 128));
        let expected = [
            (Status::Ok, None),
            (Status::Warning, Some(16)),
            (Status::Warning, Some(16)),
            (Status::Critical, Some(128)),
            (Status::Critical, Some(128)),
        ];
        assert_eq!(judged, expected);
    }

    #[test]
    fn a_lag_at_the_critical_threshold_is_critical_and_at_the_warning_one_is_not() {
        let judged = [0, 300, 301, 600].map(|lag| judge_lag(lag, 300, 600));
        assert_eq!(judged, [Status::Ok, Status::Ok, Status::Warning, Status::Critical]);
    }
}
