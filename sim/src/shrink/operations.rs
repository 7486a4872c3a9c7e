//! Taking operations of clients away: halves of all that were sent first (ddmin), then one at a time.
//!
//! An operation that is not sent is drawn all the same, so the others stay what they were.

use std::collections::BTreeMap;

use toml::Value;

use super::Shrinker;
use crate::document::Document;
use crate::history::History;
use crate::scenario::model::Workload;
use crate::scenario::values::ClientOperations;

/// A client, and the number of one of its operations.
type Sent = (u32, u32);

/// Thousands of operations are cut into so many parts at most; if no part can go, each of them is needed by something.
const MOST_PARTS: usize = 32;

/// So few are tried one by one.
pub(super) const FEW: usize = 48;

impl Shrinker<'_> {
    /// As few operations as still show the same; whether any went.
    pub(super) fn cut_operations(&mut self) -> bool {
        let base = self.best.clone();
        let all = sent(&self.shown.sent);
        if base.get(&["workload"]).is_none() || all.len() < 2 {
            return false;
        }
        let before = all.len();
        self.ddmin(all, MOST_PARTS, |kept| only(&base, kept)).len() < before
    }

    /// Every operation alone, if they are few; whether any went.
    pub(super) fn remove_single_operations(&mut self) -> bool {
        let mut found = false;
        loop {
            let all = sent(&self.shown.sent);
            if self.best.get(&["workload"]).is_none() || !(2..=FEW).contains(&all.len()) {
                return found;
            }
            let candidates = (0..all.len()).map(|gone| {
                let mut rest = all.clone();
                rest.remove(gone);
                only(&self.best, &rest)
            });
            if !self.take_first(candidates.collect()) {
                return found;
            }
            found = true;
        }
    }
}

fn sent(operations: &[ClientOperations]) -> Vec<Sent> {
    operations.iter().flat_map(|of| of.numbers().map(|number| (of.client, number))).collect()
}

/// The file in which nothing else is sent.
fn only(document: &Document, kept: &[Sent]) -> Document {
    let mut by_client: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (client, number) in kept {
        by_client.entry(*client).or_default().push(*number);
    }
    let texts = by_client.into_iter().map(|(client, numbers)| ClientOperations::new(client, numbers).to_string());
    let mut fewer = document.clone();
    fewer.set(&["workload", "only"], texts.map(Value::String).collect::<Vec<_>>());
    fewer
}

/// What the clients of a run sent: of each the first so many of what it may send.
pub(super) fn sent_in(history: &History, workload: &Workload) -> Vec<ClientOperations> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for operation in &history.operations {
        if let Ok(client) = u32::try_from(operation.client) {
            *counts.entry(client).or_default() += 1;
        }
    }
    let sent = |(client, count): (u32, usize)| {
        let numbers = (1..=u32::MAX).filter(|number| workload.sends(client, *number)).take(count);
        ClientOperations::new(client, numbers)
    };
    counts.into_iter().map(sent).collect()
}
