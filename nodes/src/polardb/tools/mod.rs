//! What an operator types on a host: pg_ctl, psql, polar-initdb.sh, and the shell commands of the runbooks.
//!
//! | file | what |
//! |---|---|
//! | `words` | the command table, for scenarios |
//! | `arguments` | options apart from other words |
//! | `pg_ctl` | start, stop, promote, status |
//! | `psql` | one statement, printed as psql prints it |
//! | `files` | touch, rm, mkdir, echo into a file, initdb, polar-initdb.sh |

mod arguments;
mod files;
mod pg_ctl;
mod psql;
mod words;

use crate::parts::shell::Terminal;

use super::plan::Shared;

pub(super) use words::COMMANDS;

/// The shell of a host: runs what was typed; 127 for a program that is not there.
pub(super) async fn run(terminal: Terminal, words: Vec<String>, plan: Shared, me: usize) -> i32 {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let words = words.strip_prefix(&["sudo"]).unwrap_or(&words);
    let Some((program, arguments)) = words.split_first() else { return 0 };
    match *program {
        "pg_ctl" => pg_ctl::pg_ctl(&terminal, arguments, &plan, me).await,
        "psql" => psql::psql(&terminal, arguments, &plan, me).await,
        "touch" => files::touch(&terminal, arguments),
        "rm" => files::rm(&terminal, arguments),
        "mkdir" | "chmod" | "chown" => 0,
        "echo" => files::echo(&terminal, arguments),
        "initdb" => files::initdb(&terminal, arguments),
        "cp" => files::cp(&terminal, arguments),
        "polar-initdb.sh" => files::polar_initdb(&terminal, arguments).await,
        other => {
            terminal.print(format!("{other}: command not found"));
            127
        }
    }
}
