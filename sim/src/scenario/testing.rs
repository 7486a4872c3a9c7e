//! A small vocabulary for the tests, modelled on two real products.

use std::time::Duration;

use super::vocabulary::{
    ArgumentKind, CheckKind, CheckWord, CommandWord, Device, OptionWord, Parameter, ParameterKind, PositionalWord,
    Product, Role, VerbAlias, Vocabulary, Word,
};

/// Two products, the shared checks, two workloads.
pub(crate) fn vocabulary() -> Vocabulary {
    Vocabulary {
        products: vec![opengauss_dms(), polardb()],
        checks: vec![
            safety("single-writer"),
            safety("log-intact"),
            safety("no-lost-commit"),
            liveness("writable"),
            liveness("converged"),
        ],
        workloads: words(&["bank-transfer", "register"]),
        events: words(&["process.exited", "process.started"]),
    }
}

fn opengauss_dms() -> Product {
    let processes = strings(&["gaussdb", "dssserver", "cm_agent", "cm_server"]);
    let role = |name: &str| Role {
        name: name.to_owned(),
        doc: String::new(),
        database: "gaussdb".to_owned(),
        processes: processes.clone(),
    };
    Product {
        model: "opengauss_dms".to_owned(),
        title: "openGauss resource pooling".to_owned(),
        profiles: words(&["6.0", "5.0"]),
        roles: vec![role("primary"), role("standby")],
        selectors: words(&["reformer", "cm-primary"]),
        devices: vec![
            Device {
                name: "shared".to_owned(),
                doc: "WAL, pages and control files".to_owned(),
                shared: true,
                regions: words(&["wal", "control"]),
            },
            Device { name: "voting".to_owned(), doc: "voting disk".to_owned(), shared: true, regions: Vec::new() },
        ],
        parameters: vec![
            parameter(
                "agent_heartbeat_timeout",
                ParameterKind::Duration { bare_unit: Some(Duration::from_secs(1)) },
                "6s",
            ),
            parameter("ss_work_thread_count", ParameterKind::Integer { low: 1, high: 64 }, "4"),
            parameter("enable_dss", ParameterKind::Boolean, "on"),
            parameter("sync_mode", ParameterKind::OneOf(strings(&["on", "remote_write"])), "on"),
        ],
        defects: words(&["kick-keeps-lock", "fence-before-kick"]),
        events: words(&["reformer-lock.acquired", "dss-lock.acquired", "self-exit", "reform.finished"]),
        commands: vec![
            command("switchover", &[("-n", true, true), ("-D", true, true), ("-t", true, false)], "switches over"),
            command("start", &[("-n", true, false), ("-D", true, false)], "starts"),
            command("stop", &[("-n", true, false), ("-D", true, false)], "stops"),
            command(
                "query",
                &[
                    ("-C", false, false),
                    ("-v", false, false),
                    ("-i", false, false),
                    ("-p", false, false),
                    ("-d", false, false),
                ],
                "shows the state",
            ),
        ],
        verbs: ["switchover", "start", "stop", "restart"]
            .into_iter()
            .map(|verb| VerbAlias { verb: verb.to_owned(), command: format!("cm_ctl {verb} -n N -D DIR") })
            .collect(),
        checks: vec![safety("one-reformer")],
        workloads: strings(&["bank-transfer", "register"]),
        files: words(&["postgresql.conf", "pg_hba.conf"]),
        external_commands: words(&["ssh"]),
    }
}

fn polardb() -> Product {
    let role = |name: &str| Role {
        name: name.to_owned(),
        doc: String::new(),
        database: "postgres".to_owned(),
        processes: strings(&["postgres", "pfsd"]),
    };
    Product {
        model: "polardb".to_owned(),
        title: "PolarDB for PostgreSQL".to_owned(),
        profiles: words(&["pg15", "pg11"]),
        roles: vec![role("rw"), role("ro")],
        devices: vec![
            Device { name: "shared".to_owned(), shared: true, ..Device::default() },
            Device { name: "local".to_owned(), shared: false, ..Device::default() },
        ],
        parameters: vec![parameter("polar_logindex_mem_size", ParameterKind::Size, "512MB")],
        events: words(&["promote.finished"]),
        commands: vec![
            CommandWord {
                program: "pg_ctl".to_owned(),
                words: vec!["promote".to_owned()],
                options: vec![option("-D", true, true)],
                positionals: Vec::new(),
                doc: "promotes".to_owned(),
            },
            CommandWord {
                program: "rm".to_owned(),
                positionals: vec![PositionalWord {
                    name: "FILE".to_owned(),
                    kind: ArgumentKind::Path,
                    required: true,
                    repeated: true,
                }],
                options: vec![option("-f", false, false)],
                ..CommandWord::default()
            },
        ],
        verbs: vec![VerbAlias { verb: "stop".to_owned(), command: "pg_ctl stop -m fast -D DIR".to_owned() }],
        workloads: strings(&["bank-transfer"]),
        ..Product::default()
    }
}

fn command(word: &str, options: &[(&str, bool, bool)], doc: &str) -> CommandWord {
    CommandWord {
        program: "cm_ctl".to_owned(),
        words: vec![word.to_owned()],
        options: options.iter().map(|(flag, takes_value, required)| option(flag, *takes_value, *required)).collect(),
        positionals: Vec::new(),
        doc: doc.to_owned(),
    }
}

fn option(flag: &str, takes_value: bool, required: bool) -> OptionWord {
    let kind = if matches!(flag, "-n" | "-t") { ArgumentKind::Integer } else { ArgumentKind::Path };
    OptionWord { flags: vec![flag.to_owned()], value: takes_value.then_some(kind), required, doc: String::new() }
}

fn parameter(name: &str, kind: ParameterKind, default: &str) -> Parameter {
    Parameter { name: name.to_owned(), doc: String::new(), kind, default: default.to_owned() }
}

fn safety(name: &str) -> CheckWord {
    CheckWord { name: name.to_owned(), promise: format!("{name} holds"), kind: CheckKind::Safety }
}

fn liveness(name: &str) -> CheckWord {
    CheckWord { name: name.to_owned(), promise: format!("the cluster is {name}"), kind: CheckKind::Liveness }
}

fn words(names: &[&str]) -> Vec<Word> {
    names.iter().map(|name| Word::new(*name, format!("about {name}"))).collect()
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
