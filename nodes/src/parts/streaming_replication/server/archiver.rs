//! The archiver: one file after the other, history files first, and what it does when the command fails.
//!
//! Three tries a second apart, then a warning, and the next cycle at a wake-up or after a minute. An empty command
//! attempts nothing; a status file whose WAL file is gone is removed once there is a command (KingbaseES reference,
//! section 4.1).

use std::rc::Rc;
use std::time::Duration;

use super::{ArchiveMode, Mode, Server};
use crate::fields;
use crate::parts::streaming_replication::{chunk, names};

const TRIES: u32 = 3;
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
const CYCLE: Duration = Duration::from_secs(60);

impl Server {
    pub(super) fn wake_archiver(&self) {
        self.archiver_wanted.set(true);
        self.changed.notify();
    }

    pub(super) async fn run_archiver(self: Rc<Self>) {
        if self.settings().archive_mode == ArchiveMode::Off {
            self.last_archive_cycle.set(true);
            return;
        }
        while self.mode.get() == Mode::Primary {
            self.archiver_wanted.set(false);
            self.archive_all().await;
            let woken = self.changed.wait_until(|| self.archiver_wanted.get() || self.mode.get() != Mode::Primary);
            // Whichever comes first.
            let _ = self.process.timeout(CYCLE, woken).await;
        }
        // The server stops: one last full cycle.
        self.archive_all().await;
        self.last_archive_cycle.set(true);
        self.changed.notify();
    }

    /// Archives until nothing waits any more, or a file fails three times.
    async fn archive_all(&self) {
        loop {
            let ready = self.files.ready();
            let Some(name) = ready.first() else { return };
            if self.settings().archive_command.is_empty() {
                self.log("WARNING", "archive_mode enabled, yet archiving is not configured");
                return;
            }
            if !self.files.exists(name) {
                self.log("WARNING", &format!("removed orphan archive status file \"{name}.ready\""));
                self.files.remove_status(&format!("{name}.ready"));
                self.process.announce("orphan.removed", fields! { file: name });
                continue;
            }
            if !self.archive_one(name).await {
                return;
            }
        }
    }

    async fn archive_one(&self, name: &str) -> bool {
        for attempt in 1..=TRIES {
            let bytes = match self.bytes_of(name).await {
                Ok(bytes) => bytes,
                Err(error) => self.panic(error).await,
            };
            if self.surroundings.archive(name, bytes).await {
                self.files.mark_done(name);
                self.process.announce("wal.archived", fields! { file: name });
                return true;
            }
            self.log("LOG", "archive command failed with exit code 1");
            if attempt < TRIES {
                self.process.sleep(BETWEEN_TRIES).await;
            }
        }
        let warning = format!("archiving write-ahead log file \"{name}\" failed too many times, will try again later");
        self.log("WARNING", &warning);
        self.process.announce("archive.failed", fields! { file: name });
        false
    }

    /// The content of a file as the command would copy it.
    async fn bytes_of(&self, name: &str) -> Result<Vec<u8>, crate::world::device::IoError> {
        match names::parse_segment_name(name, self.files.segment_size()) {
            Some((_, segment)) => chunk::read_segment(&self.store.log, segment, u64::MAX).await,
            None => Ok(self.files.read(name).unwrap_or_default()),
        }
    }
}
