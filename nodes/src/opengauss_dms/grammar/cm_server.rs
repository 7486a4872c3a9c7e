//! The log of a cm_server: the locks it gives away and the versions of the cluster it writes.
//!
//! What another cm_server did meanwhile is not in this file: with each change of duty the owners and the version have
//! to be learned again.

use std::collections::BTreeMap;

use crate::grammar::{LogLine, Machine, Phase, filled, holes, moment};

use super::super::messages::Resource;

/// `2024-10-09 15:07:52.019 tid=4001 THREAD LOG: MESSAGE`.
pub(super) fn split(line: &str) -> Option<LogLine<'_>> {
    let (at, rest) = moment(line)?;
    let rest = rest.strip_prefix(" tid=")?;
    let (_, rest) = rest.split_once(' ')?;
    let levels = [" LOG: ", " WARNING: ", " ERROR: "];
    let message = levels.iter().find_map(|level| rest.split_once(level))?.1;
    Some(LogLine { at: Some(at), message: message.trim_end() })
}

/// What a cm_server on duty knows, as far as its log has told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Known {
    /// The owner of the lock of each resource.
    owners: BTreeMap<String, Option<String>>,
    /// The version of the cluster.
    version: Option<u64>,
    /// The version that is about to be written.
    decided: Option<u64>,
}

const TO_PRIMARY: &str = "node({}) cm_server change to primary.";
const TO_STANDBY: &str = "node({}) cm_server change to standby.";
const DECIDED: &str = "last({}) is different from current({}), result is {}.";
const WRITES: &str = "cms will set key({}) value([{\"version\":\"{}\", \"nodes\": [{}]}]) to ddb.";
const NOT_WRITTEN: &str = "the cluster stays as it was: {}.";
const LOCKED: &str = "[CLIENT] res({}) instance({}) ({})lock success.";
const UNLOCKED: &str = "[CLIENT] res({}) instance({}) unlock success.";
const MOVED: &str = "[CLIENT] res({}) inst({}) trans to inst({}) success.";
const RELEASED: &str = "[CLIENT] release lock success. key={}, value={}.";
const OFFICIAL: &str = "[CLIENT] official id set for key({}): {}";

const SHAPES: &[&str] =
    &[TO_PRIMARY, TO_STANDBY, DECIDED, WRITES, NOT_WRITTEN, LOCKED, UNLOCKED, MOVED, RELEASED, OFFICIAL];

/// The locks and the cluster under one cm_server.
pub(super) struct Duty;

impl Machine for Duty {
    type State = Known;

    fn knows(&self, message: &str) -> bool {
        SHAPES.iter().any(|shape| holes(shape, message).is_some())
    }

    fn begin(&self, message: &str) -> Vec<Known> {
        self.after(&Known::default(), message)
    }

    fn after(&self, state: &Known, message: &str) -> Vec<Known> {
        let mut next = state.clone();
        let fits = next.take(message);
        fits.then_some(next).into_iter().collect()
    }

    fn allowed(&self, state: &Known) -> Vec<String> {
        state.allowed()
    }

    fn phase(&self, _state: &Known, message: &str) -> Option<Phase> {
        let phase = |track: &str, procedure: &str, step: String| {
            // A duty and a lock are held, not passed through.
            Some(Phase { track: track.to_owned(), procedure: procedure.to_owned(), step, rests: true })
        };
        if let Some([node]) = filled(TO_PRIMARY, message) {
            return phase("cm_server", "duty", format!("node {node} is primary"));
        }
        if let Some([resource, _, to]) = filled(MOVED, message) {
            return phase(resource, "owner of the lock", to.to_owned());
        }
        if let Some([resource, owner, _]) = filled(LOCKED, message) {
            return phase(resource, "owner of the lock", owner.to_owned());
        }
        None
    }
}

impl Known {
    /// Whether the message can come now; what it tells is kept.
    fn take(&mut self, message: &str) -> bool {
        if holes(TO_PRIMARY, message).or_else(|| holes(TO_STANDBY, message)).is_some() {
            *self = Known::default();
            return true;
        }
        if let Some([last, current, _]) = filled(DECIDED, message) {
            let (Ok(last), Ok(current)) = (last.parse::<u64>(), current.parse::<u64>()) else { return false };
            self.decided = Some(current);
            return self.version.is_none_or(|known| known == last) && current == last + 1;
        }
        if let Some([_, version, _]) = filled(WRITES, message) {
            let Ok(version) = version.parse::<u64>() else { return false };
            let known = self.decided.take().or(self.version.map(|known| known + 1));
            self.version = Some(version);
            return known.is_none_or(|decided| decided == version);
        }
        if holes(NOT_WRITTEN, message).is_some() {
            self.version = self.version.and_then(|version| version.checked_sub(1));
            return true;
        }
        if let Some([resource, owner, _]) = filled(LOCKED, message) {
            return self.gives(resource, None, Some(owner));
        }
        if let Some([resource, owner]) = filled(UNLOCKED, message) {
            return self.gives(resource, Some(owner), None);
        }
        if let Some([resource, from, to]) = filled(MOVED, message) {
            return self.gives(resource, Some(from), Some(to));
        }
        if let Some([key, owner]) = filled(RELEASED, message) {
            return self.gives(resource_of(key), Some(owner), None);
        }
        match filled(OFFICIAL, message) {
            Some([key, owner]) => self.gives(resource_of(key), None, Some(owner)),
            None => false,
        }
    }

    /// A lock leaves its owner for another one; false if it is known to have been somebody else's.
    fn gives(&mut self, resource: &str, from: Option<&str>, to: Option<&str>) -> bool {
        let known = self.owners.insert(resource.to_owned(), to.map(str::to_owned));
        if to.is_none() && resource == Resource::Dms.name() {
            // A free reformer lock goes to the static primary when anybody asks for any lock, and if that request
            // itself succeeds the log does not say so.
            self.owners.remove(resource);
        }
        known.is_none_or(|known| known.as_deref() == from)
    }

    fn allowed(&self) -> Vec<String> {
        if let Some(version) = self.decided {
            return vec![format!("cms will set key({{}}) value([{{\"version\":\"{version}\", …")];
        }
        let mut allowed = vec![TO_STANDBY.to_owned()];
        match self.version {
            Some(version) => {
                allowed.push(format!("last({version}) is different from current({}), result is {{}}.", version + 1));
            }
            None => allowed.push(DECIDED.to_owned()),
        }
        for (resource, owner) in &self.owners {
            allowed.push(match owner {
                Some(owner) => format!("[CLIENT] res({resource}) inst({owner}) trans to inst({{}}) success."),
                None => format!("[CLIENT] res({resource}) instance({{}}) ({{}})lock success."),
            });
        }
        allowed
    }
}

/// The resource whose lock a key of the DDB holds.
fn resource_of(key: &str) -> &str {
    holes("/omm/CM/LockOwner/{}/{}", key).map_or(key, |found| found[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::{Replay, Taken, Tracker};

    fn last_of(messages: &[&str]) -> Taken {
        let mut replay = Tracker::new(Duty);
        messages.iter().map(|message| replay.take(message)).last().expect("a message")
    }

    #[test]
    fn a_lock_moves_only_from_its_owner() {
        let moved = |from, to| format!("[CLIENT] res(dms_res) inst({from}) trans to inst({to}) success.");
        let (first, second, wrong) = (moved(6001, 6002), moved(6002, 6001), moved(6003, 6001));
        assert!(matches!(last_of(&[&first, &second]), Taken::Explained(Some(_))));
        let Taken::Unexplained(allowed) = last_of(&[&first, &wrong]) else { panic!("explained") };
        assert!(allowed.iter().any(|line| line.contains("inst(6002) trans to")), "{allowed:?}");
    }

    #[test]
    fn versions_of_the_cluster_go_up_by_one() {
        let decided = "last(4) is different from current(5), result is 0.";
        let writes = |version| {
            format!("cms will set key(/k) value([{{\"version\":\"{version}\", \"nodes\": [{{\"id\":1}}]}}]) to ddb.")
        };
        assert_eq!(last_of(&[decided, &writes(5)]), Taken::Explained(None));
        assert!(matches!(last_of(&[decided, &writes(6)]), Taken::Unexplained(_)));
        assert!(matches!(last_of(&[decided, &writes(5), decided]), Taken::Unexplained(_)));
    }
}
