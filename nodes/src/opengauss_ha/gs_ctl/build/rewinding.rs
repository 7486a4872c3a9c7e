//! The search for the common checkpoint, on the real log: back by the pointers, a question to the source at each
//! checkpoint.

use std::time::Duration;

use super::super::super::records;
use super::super::super::rules::rewind::{Met, Next, Walk, is_common};
use super::super::super::store::Store;
use super::super::Tool;
use super::BuildError;
use crate::fields;
use crate::parts::wal::{Lsn, Record};

/// How long 2.0.0 searches; it looks at the time only after a question.
const LIMIT: Duration = Duration::from_secs(60);
/// From 5.0 on.
const LATER_LIMIT: Duration = Duration::from_secs(300);

/// The last checkpoint that both logs share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Common {
    pub(super) checkpoint: Lsn,
    pub(super) redo: Lsn,
}

fn met(record: &Record) -> Met {
    Met {
        lsn: record.lsn,
        previous: record.previous,
        crc: records::crc(record),
        redo: records::as_checkpoint(&record.body).map(|checkpoint| checkpoint.redo),
    }
}

impl Tool {
    pub(super) async fn find_common_checkpoint(
        &self,
        store: &Store,
        source: usize,
        of_source: Lsn,
        of_target: Lsn,
    ) -> Result<Common, BuildError> {
        let say = |text: &str| self.say_as("gs_rewind", text);
        let (last, ..) = store.last_record().await?.ok_or(BuildError::NoLocalRecord)?;
        say(&format!("find max lsn success, find max lsn rec ({}) success.", last.lsn));
        let begun = self.process.monotonic();
        let limit = if self.plan.is_profile_3 { LATER_LIMIT } else { LIMIT };
        let walk = Walk::new(of_source, of_target);
        let mut here = met(&last);
        loop {
            let next = match walk.at(here) {
                Next::Ask(checkpoint) => {
                    let crc = self.crc_of(source, checkpoint.lsn).await?;
                    say(&format!(
                        "request lsn is {} and its crc(source, target):[{crc}, {}]",
                        checkpoint.lsn, checkpoint.crc
                    ));
                    if let (true, Some(redo)) = (is_common(crc, checkpoint.crc), checkpoint.redo) {
                        return self.found(store, Common { checkpoint: checkpoint.lsn, redo }).await;
                    }
                    if self.process.monotonic().since(begun) > limit {
                        return Err(BuildError::SearchTimedOut);
                    }
                    Walk::before(checkpoint)
                }
                other => other,
            };
            let Next::Read(position) = next else { return Err(BuildError::NoCommonCheckpoint) };
            let record = store.record_at(position).await?.ok_or(BuildError::NoPreviousRecord(position))?;
            here = met(&record);
        }
    }

    async fn found(&self, store: &Store, common: Common) -> Result<Common, BuildError> {
        let say = |text: &str| self.say_as("gs_rewind", text);
        say(&format!("find common checkpoint {}", common.checkpoint));
        say("find diverge point success");
        if store.record_at(common.redo).await?.is_none() {
            return Err(BuildError::NoRedo(common.redo));
        }
        say(&format!("read checkpoint redo ({}) success before rewinding.", common.redo));
        say(&format!("rewinding from checkpoint redo point at {} on timeline 1", common.redo));
        let number = store.log.shape().segment_of(common.redo);
        let size = store.log.shape().segment_size;
        let name = super::super::streamer::segment_name(number, size);
        say(&format!("diverge xlogfile is {name}, older ones will not be copied or removed."));
        self.process.announce("build.common-checkpoint", fields! { lsn: common.checkpoint, redo: common.redo });
        Ok(common)
    }
}
