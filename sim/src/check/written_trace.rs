//! Traces as text, for the examples of the checks: one event a line.
//!
//! ```text
//! # a comment
//! 10.5s dn1/gaussdb started
//! 11s dn1/gaussdb reform.started kind=failover participants=6 last_primary=0
//! 12s dn1/gaussdb killed
//! ```
//!
//! Only announcements and changes of processes can be written this way; a run's own trace is never read from text.

use std::time::Duration;

use nodes::world::time::Instant;
use nodes::world::trace::{
    HostId, Incarnation, Keep, Place, ProcessChange, ProcessId, ProcessName, Trace, Value, What,
};
use thiserror::Error;

/// What is wrong with a written trace.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line} of the written trace: {problem}")]
pub struct WrittenTraceError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

#[derive(Default)]
struct Reader {
    hosts: Vec<String>,
    processes: Vec<(usize, String)>,
    lives: Vec<u32>,
}

/// Reads a written trace.
///
/// # Errors
/// [`WrittenTraceError`] names the first line that cannot be read.
pub fn read(text: &str) -> Result<Trace, WrittenTraceError> {
    let mut reader = Reader::default();
    let mut trace = Trace::new(Keep::default());
    for (index, line) in text.lines().enumerate() {
        let line_text = line.trim();
        if line_text.is_empty() || line_text.starts_with('#') {
            continue;
        }
        let (at, place, what) =
            reader.event(line_text).map_err(|problem| WrittenTraceError { line: index + 1, problem })?;
        trace.record(at, place, what);
    }
    trace.hosts = reader.hosts.iter().map(|host| host.as_str().into()).collect();
    trace.processes = reader
        .processes
        .iter()
        .map(|(host, name)| ProcessName { host: HostId(*host as u16), name: name.as_str().into() })
        .collect();
    Ok(trace)
}

impl Reader {
    fn event(&mut self, line: &str) -> Result<(Instant, Place, What), String> {
        let mut words = line.split_whitespace();
        let at = moment(words.next().unwrap_or_default())?;
        let place = words.next().ok_or("no place")?;
        let word = words.next().ok_or("no event")?;
        let process = self.process(place)?;
        let index = usize::from(process.0);
        let what = match word {
            "started" => {
                self.lives[index] += 1;
                What::Process(ProcessChange::Started)
            }
            "killed" => What::Process(ProcessChange::Killed),
            "exited" => What::Process(ProcessChange::Exited(0)),
            name => What::Announced { name: kept(name), fields: words.map(field).collect::<Result<_, _>>()? },
        };
        Ok((at, Place::Process(process, Incarnation(self.lives[index])), what))
    }

    fn process(&mut self, place: &str) -> Result<ProcessId, String> {
        let (host, name) = place.split_once('/').ok_or_else(|| format!("`{place}` is not host/process"))?;
        let host_index = self.hosts.iter().position(|known| known == host).unwrap_or_else(|| {
            self.hosts.push(host.to_owned());
            self.hosts.len() - 1
        });
        let known = self.processes.iter().position(|process| process.0 == host_index && process.1 == name);
        let index = known.unwrap_or_else(|| {
            self.processes.push((host_index, name.to_owned()));
            self.lives.push(0);
            self.processes.len() - 1
        });
        Ok(ProcessId(index as u16))
    }
}

fn moment(word: &str) -> Result<Instant, String> {
    let wrong = || format!("`{word}` is not a moment such as 10.5s");
    let (seconds, fraction) = word
        .strip_suffix('s')
        .ok_or_else(wrong)?
        .split_once('.')
        .unwrap_or((word.strip_suffix('s').ok_or_else(wrong)?, "0"));
    let seconds: u64 = seconds.parse().map_err(|_| wrong())?;
    let millis: u64 = format!("{fraction:0<3}").parse().map_err(|_| wrong())?;
    Ok(Instant::START + Duration::from_millis(seconds * 1000 + millis))
}

fn field(word: &str) -> Result<(&'static str, Value), String> {
    let (name, value) = word.split_once('=').ok_or_else(|| format!("`{word}` is not name=value"))?;
    let value = value.parse::<i64>().map_or_else(|_| Value::from(value), Value::Number);
    Ok((kept(name), value))
}

/// Names in a trace live for ever; those of a few written examples may too.
fn kept(name: &str) -> &'static str {
    String::leak(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_trace_reads_as_it_says() {
        let trace = read("1s dn1/gaussdb started\n2.5s dn1/gaussdb lock.changed lock=a owner=2\n").expect("a trace");
        let (event, fields) = trace.announced("lock.changed").next().expect("an event");
        assert_eq!(event.at, Instant(2_500_000_000));
        assert_eq!(trace.place_name(event.place), "dn1/gaussdb");
        assert_eq!(fields[1], ("owner", Value::Number(2)));
    }

    #[test]
    fn a_bad_line_is_named() {
        assert_eq!(read("1s dn1/gaussdb started\nsoon dn1/x y").map_err(|error| error.line).err(), Some(2));
        assert!(read("1s dn1 started").is_err());
        assert!(read("1s dn1/a b c").is_err());
    }
}
