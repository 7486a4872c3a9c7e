//! psql: one statement to the server of this host, its result as psql prints it.

use std::time::Duration;

use crate::parts::shell::Terminal;
use crate::world::port::Address;

use super::super::plan::{QUERY_PORT, Shared};
use super::super::server::{Query, Table};
use super::arguments::Arguments;

/// psql itself waits for ever; a drill needs an end.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// Runs `psql -c STATEMENT`; its exit code.
pub(super) async fn psql(terminal: &Terminal, line: &[&str], plan: &Shared, me: usize) -> i32 {
    let arguments = Arguments::parse(line, &["-c"]);
    let statement = arguments.value("-c").unwrap_or_default();
    let Some(query) = understand(statement) else {
        terminal.print(format!("ERROR:  the model knows no statement \"{statement}\""));
        return 1;
    };
    let server = Address::new(plan.node(me).database, QUERY_PORT);
    let asked = terminal.process().call::<Result<Table, String>>(server, query, PATIENCE).await;
    match asked {
        Ok(Ok(table)) => {
            let text = if arguments.has("-x") { expanded(&table) } else { aligned(&table) };
            terminal.print_text(&text);
            0
        }
        Ok(Err(error)) => {
            terminal.print(error);
            1
        }
        Err(error) => {
            terminal.print(format!("psql: error: connection to server on socket failed: {error}"));
            2
        }
    }
}

fn understand(statement: &str) -> Option<Query> {
    let statement = statement.trim().trim_end_matches(';').to_lowercase();
    let words: Vec<&str> = statement.split_whitespace().collect();
    match words.as_slice() {
        ["select", "*", "from", "pg_replication_slots"] => return Some(Query::ReplicationSlots),
        ["select", "*", "from", "pg_stat_replication"] => return Some(Query::StatReplication),
        ["select", "pg_is_in_recovery()"] => return Some(Query::IsInRecovery),
        ["checkpoint"] => return Some(Query::Checkpoint),
        _ => {}
    }
    let call = statement.strip_prefix("select ")?.trim();
    let (function, rest) = call.split_once('(')?;
    if function == "pg_xact_status" {
        return rest.trim_end_matches(')').trim_matches('\'').parse().ok().map(Query::XactStatus);
    }
    let name = rest.split('\'').nth(1)?.to_owned();
    match function {
        "pg_create_physical_replication_slot" => Some(Query::CreateSlot(name)),
        "pg_drop_replication_slot" => Some(Query::DropSlot(name)),
        _ => None,
    }
}

/// Columns beside each other.
fn aligned(table: &Table) -> String {
    if table.columns.is_empty() {
        return "CHECKPOINT".to_owned();
    }
    let width = |column: usize| {
        let cells = table.rows.iter().map(|row| row[column].len());
        cells.chain([table.columns[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let line = |cells: &[String]| -> String {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} "));
        padded.collect::<Vec<_>>().join("|")
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
    let mut lines = vec![line(&table.columns), rule.join("+")];
    lines.extend(table.rows.iter().map(|row| line(row)));
    let rows = table.rows.len();
    lines.push(format!("({rows} row{})", if rows == 1 { "" } else { "s" }));
    lines.join("\n")
}

/// One column a line (`\x`).
fn expanded(table: &Table) -> String {
    let name = table.columns.iter().map(String::len).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (number, row) in table.rows.iter().enumerate() {
        let value = row.iter().map(String::len).max().unwrap_or(0);
        let head = format!("-[ RECORD {} ]", number + 1);
        lines.push(format!("{head:-<0$}+{1}", name + 1, "-".repeat(value + 1)));
        lines.extend(table.columns.iter().zip(row).map(|(column, cell)| format!("{column:<name$} | {cell}")));
    }
    if table.rows.is_empty() {
        lines.push("(0 rows)".to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_the_runbook_are_understood() {
        assert_eq!(understand("select * from pg_replication_slots;"), Some(Query::ReplicationSlots));
        let create = "SELECT pg_create_physical_replication_slot('replica1');";
        assert_eq!(understand(create), Some(Query::CreateSlot("replica1".to_owned())));
        assert_eq!(understand("drop table accounts"), None);
    }

    #[test]
    fn tables_look_as_psql_prints_them() {
        let table = Table {
            columns: vec!["slot_name".to_owned(), "active".to_owned()],
            rows: vec![vec!["replica1".to_owned(), "f".to_owned()]],
        };
        assert_eq!(aligned(&table), " slot_name | active \n-----------+--------\n replica1  | f      \n(1 row)");
        assert_eq!(expanded(&table), "-[ RECORD 1 ]+---------\nslot_name | replica1\nactive    | f");
    }
}
