//! How far a campaign is: a bar where a person watches, a line now and then where nobody does.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::stopwatch::Stopwatch;

/// How often a line is written where nobody watches.
const EVERY: Duration = Duration::from_secs(10);

/// Shows progress on standard error.
pub struct Progress {
    command: &'static str,
    bar: Option<ProgressBar>,
    all: Option<u64>,
    done: u64,
    failed: u64,
    begun: Stopwatch,
    told: Stopwatch,
}

impl Progress {
    /// Begins; `all` is how many seeds there will be, if that is known, and `done` how many were resumed.
    pub fn begin(command: &'static str, all: Option<u64>, done: u64) -> Progress {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(all, ProgressDrawTarget::stderr());
            let template = match all {
                Some(_) => "{bar:40} {pos}/{len}  {per_sec}  {eta}  {msg}",
                None => "{spinner} {pos}  {per_sec}  {msg}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_position(done);
            bar
        });
        let now = Stopwatch::start();
        Progress { command, bar, all, done, failed: 0, begun: now, told: now }
    }

    /// One more seed is done.
    pub fn step(&mut self, as_expected: bool) {
        self.done += 1;
        self.failed += u64::from(!as_expected);
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
            if !as_expected {
                bar.set_message(format!("{} not as expected or inconclusive", self.failed));
            }
        } else if self.told.elapsed() >= EVERY {
            self.tell();
        }
    }

    /// The end: the bar goes away, the last batch gets its line.
    pub fn finish(&mut self) {
        match &self.bar {
            Some(bar) => bar.finish_and_clear(),
            None => self.tell(),
        }
    }

    fn tell(&mut self) {
        self.told = Stopwatch::start();
        let of = self.all.map_or(String::new(), |all| format!(" of {all}"));
        anstream::eprintln!(
            "{}: {}{of} runs after {} s, {} not as expected or inconclusive",
            self.command,
            self.done,
            self.begun.elapsed().as_secs(),
            self.failed
        );
    }
}
