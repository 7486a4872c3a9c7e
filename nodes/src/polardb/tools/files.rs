//! The shell commands of the runbooks, on the local files of a host.

use std::time::Duration;

use crate::parts::shell::Terminal;
use crate::world::process::Process;

use super::super::data_directory::{CONFIGURATION_FILE, VERSION_FILE, resolve};
use super::arguments::Arguments;

/// How long polar-initdb.sh works: it lists the shared directory and makes the local one.
const INITDB: Duration = Duration::from_secs(2);

fn all_below(process: &Process, path: &str) -> Vec<String> {
    let folder = format!("{path}/");
    process.list_files(path).into_iter().filter(|name| name == path || name.starts_with(&folder)).collect()
}

/// `touch FILE`
pub(super) fn touch(terminal: &Terminal, line: &[&str]) -> i32 {
    let process = terminal.process();
    for path in Arguments::parse(line, &[]).words {
        let name = resolve(path);
        if process.read_file(&name).is_none() {
            process.write_file(&name, Vec::new());
        }
    }
    0
}

/// `rm [-rf] PATH`
pub(super) fn rm(terminal: &Terminal, line: &[&str]) -> i32 {
    let arguments = Arguments::parse(line, &[]);
    let may_be_missing = ["-f", "-rf", "-fr"].iter().any(|flag| arguments.has(flag));
    for path in &arguments.words {
        let files = all_below(terminal.process(), &resolve(path));
        if files.is_empty() && !may_be_missing {
            terminal.print(format!("rm: cannot remove '{path}': No such file or directory"));
            return 1;
        }
        for file in files {
            terminal.process().remove_file(&file);
        }
    }
    0
}

/// `echo TEXT >> FILE`, `echo TEXT > FILE`
pub(super) fn echo(terminal: &Terminal, line: &[&str]) -> i32 {
    let [text, arrow @ (">>" | ">"), file] = line else {
        terminal.print(line.join(" "));
        return 0;
    };
    let name = resolve(file);
    let process = terminal.process();
    let mut bytes = if *arrow == ">>" { process.read_file(&name).unwrap_or_default() } else { Vec::new() };
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(b'\n');
    process.write_file(&name, bytes);
    0
}

/// `initdb -D DIRECTORY`: only its configuration files matter here.
pub(super) fn initdb(terminal: &Terminal, line: &[&str]) -> i32 {
    let arguments = Arguments::parse(line, &["-D", "--pgdata"]);
    let path = resolve(arguments.value("-D").or_else(|| arguments.value("--pgdata")).unwrap_or_default());
    for file in [CONFIGURATION_FILE, "pg_hba.conf", "pg_ident.conf"] {
        terminal.process().write_file(&format!("{path}/{file}"), b"# made by initdb\n".to_vec());
    }
    terminal.print("Success. You can now start the database server using:");
    terminal.print(format!("    pg_ctl -D {path} -l logfile start"));
    0
}

/// `cp FILES DIRECTORY`; a star stands for any name.
pub(super) fn cp(terminal: &Terminal, line: &[&str]) -> i32 {
    let [from, to] = line else {
        terminal.print("cp: missing file operand");
        return 1;
    };
    let (from, to, process) = (resolve(from), resolve(to), terminal.process());
    let (before, after) = from.split_once('*').unwrap_or((&from, ""));
    let matches = |name: &String| name.ends_with(after) && (from.contains('*') || *name == from);
    let files: Vec<String> = process.list_files(before).into_iter().filter(matches).collect();
    if files.is_empty() {
        terminal.print(format!("cp: cannot stat '{from}': No such file or directory"));
        return 1;
    }
    for file in files {
        let base = file.rsplit('/').next().unwrap_or_default();
        let bytes = process.read_file(&file).unwrap_or_default();
        process.write_file(&format!("{to}/{base}"), bytes);
    }
    0
}

/// `polar-initdb.sh LOCAL SHARED replica`: the folders of a node's local directory. It makes no role file.
pub(super) async fn polar_initdb(terminal: &Terminal, line: &[&str]) -> i32 {
    let [local, shared, kind] = line else {
        terminal.print("usage: polar-initdb.sh LOCAL SHARED primary|replica|standby");
        return 1;
    };
    let local = resolve(local);
    if !all_below(terminal.process(), &local).is_empty() {
        terminal.print(format!("polar-initdb.sh: {local} is not empty"));
        return 1;
    }
    terminal.process().sleep(INITDB).await;
    terminal.process().write_file(&format!("{local}/{VERSION_FILE}"), b"15\n".to_vec());
    terminal.print(format!("init PolarDB data directory as {kind}: {local} of {shared}"));
    0
}
