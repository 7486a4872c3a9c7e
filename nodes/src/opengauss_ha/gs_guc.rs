//! `gs_guc reload`: writes a setting into `postgresql.conf` and tells the server to read it anew.
//!
//! Source: reference section 1.3 and section 7, row 9 (`guc.cpp`, `syncrep.cpp`).

use super::files;
use super::messages::{PostmasterSignal, SIGNAL_PORT};
use super::plan::Shared;
use crate::parts::shell::Terminal;
use crate::product::{ArgumentKind, CommandWord, OptionWord};
use crate::world::port::Address;

/// The commands of gs_guc.
pub(super) const COMMANDS: &[CommandWord] = &[CommandWord {
    program: "gs_guc",
    words: &["reload"],
    options: &[
        OptionWord { flags: &["-D"], value: Some(ArgumentKind::Path), required: false, doc: "the data directory" },
        OptionWord {
            flags: &["-c"],
            value: Some(ArgumentKind::OneOf(&["most_available_sync=on", "most_available_sync=off"])),
            required: true,
            doc: "the setting, as name=value",
        },
    ],
    positionals: &[],
    doc: "Changes a setting of the server of this host while it runs.",
}];

/// The program of gs_guc.
pub(super) async fn gs_guc(terminal: Terminal, words: Vec<String>, plan: Shared, me: usize) -> i32 {
    let setting = words.iter().position(|word| word == "-c").and_then(|at| words.get(at + 1));
    let Some((name, value)) = setting.and_then(|setting| setting.split_once('=')) else {
        terminal.print("gs_guc: the parameter must be given as -c name=value");
        return 1;
    };
    if name != files::MOST_AVAILABLE || !matches!(value, "on" | "off") {
        terminal.print(format!("gs_guc: parameter \"{name}\" cannot be set to \"{value}\" here"));
        return 1;
    }
    let process = terminal.process();
    process.write_file(files::CONFIGURATION, format!("{name} = {value}\n"));
    let sent = process.send(Address::new(plan.node(me).database, SIGNAL_PORT), PostmasterSignal::Reload);
    terminal.print(format!("expected instance path: [{}/postgresql.conf]", plan.node(me).directory()));
    terminal.print(format!("gs_guc reload: {name}={value}: [{}/postgresql.conf]", plan.node(me).directory()));
    let outcome = if sent.is_ok() { "Success to perform gs_guc!" } else { "Failed to reload: no server runs" };
    terminal.print(outcome);
    i32::from(sent.is_err())
}
