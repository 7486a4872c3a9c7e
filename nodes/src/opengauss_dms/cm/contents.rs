//! What cm_server keeps in the DDB, under the real keys: the owner of each lock, the cluster, the status lists.
//!
//! Values look as the real ones do. The versions of the locks are the model's own addition (`LockVersion`).
//! Sources: `CM: src/cm_server/cms_arbitrate_cluster.cpp`, `cms_common_res.cpp`, `cms_process_messages_res.cpp`.

use super::ddb::KeyValues;
use super::locks::{Lock, Locks};
use super::node_set::NodeSet;
use crate::opengauss_dms::messages::{Health, InstanceId, Resource, StatusList};

/// Both resources, in the order of CM's lists.
pub(super) const RESOURCES: [Resource; 2] = [Resource::Dms, Resource::Dss];

/// The nodes that form the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Goes up with every change.
    pub version: u64,
    /// Its nodes.
    pub nodes: NodeSet,
}

/// The key under which the owner of a resource's lock stands.
pub fn lock_key(resource: Resource) -> String {
    format!("/omm/CM/LockOwner/{}/{}", resource.name(), resource.lock())
}

fn lock_version_key(resource: Resource) -> String {
    format!("/omm/CM/LockVersion/{}/{}", resource.name(), resource.lock())
}

/// The key under which the cluster stands.
pub const CLUSTER_KEY: &str = "/omm/CM/CMServer/Cluster";

fn status_key(resource: Resource) -> String {
    format!("/omm/CM/CMServer/ResStatus/{}", resource.name())
}

/// The first CM instance number of a resource.
fn first_instance(resource: Resource) -> u64 {
    u64::from(resource.cm_instance(0))
}

fn number(values: &KeyValues, key: &str) -> Option<u64> {
    values.get(key).and_then(|value| value.parse().ok())
}

/// The locks as they stand.
pub(super) fn locks(values: &KeyValues) -> Locks {
    let lock = |resource| {
        let owner = number(values, &lock_key(resource)).and_then(|owner| owner.checked_sub(first_instance(resource)));
        let version = number(values, &lock_version_key(resource)).unwrap_or(0);
        Lock::of(owner.map(|owner| owner as InstanceId), version)
    };
    Locks { reformer: lock(Resource::Dms), dss: lock(Resource::Dss) }
}

/// Writes the locks down.
pub(super) fn put_locks(values: &mut KeyValues, locks: &Locks) {
    for resource in RESOURCES {
        let lock = locks.of(resource);
        match lock.owner {
            Some(owner) => values.insert(lock_key(resource), resource.cm_instance(owner).to_string()),
            None => values.remove(&lock_key(resource)),
        };
        if lock.version > 0 {
            values.insert(lock_version_key(resource), lock.version.to_string());
        }
    }
}

/// The cluster as it stands; all nodes if none was ever written.
pub(super) fn cluster(values: &KeyValues, node_count: usize) -> Cluster {
    let numbers = values.get(CLUSTER_KEY).map(|value| numbers_in(value)).unwrap_or_default();
    match numbers.split_first() {
        Some((version, ids)) => {
            let nodes = ids.iter().filter_map(|id| id.checked_sub(1)).map(|node| node as usize).collect();
            Cluster { version: *version, nodes }
        }
        None => Cluster { version: 1, nodes: NodeSet::first(node_count) },
    }
}

/// The cluster as its value.
pub(super) fn cluster_value(cluster: Cluster) -> String {
    let ids: Vec<String> = cluster.nodes.iter().map(|node| format!("{{\"id\":{}}}", node + 1)).collect();
    format!("[{{\"version\":\"{}\", \"nodes\": [{}]}}]", cluster.version, ids.join(", "))
}

/// The status list of a resource as it stands; everybody an offline member if none was ever written.
pub(super) fn status_list(values: &KeyValues, resource: Resource, node_count: usize) -> StatusList {
    let mut list = StatusList {
        version: 1,
        instances: (0..node_count).map(|node| (node as InstanceId, Health::Unknown, true)).collect(),
    };
    let numbers = values.get(&status_key(resource)).map(|value| numbers_in(value)).unwrap_or_default();
    let Some((version, entries)) = numbers.split_first() else { return list };
    list.version = *version;
    for entry in entries.chunks_exact(3) {
        let instance = entry[0].wrapping_sub(first_instance(resource));
        if let Some(known) = list.instances.iter_mut().find(|known| u64::from(known.0) == instance) {
            (known.1, known.2) = (health_of(entry[2]), entry[1] == 1);
        }
    }
    list
}

/// Writes a status list down.
pub(super) fn put_status_list(values: &mut KeyValues, resource: Resource, list: &StatusList) {
    let instances: Vec<String> = list
        .instances
        .iter()
        .map(|(instance, health, member)| {
            let (instance, member) = (resource.cm_instance(*instance), u8::from(*member));
            format!("{{\"cmInstId\":{instance},\"isWorkMember\":{member},\"status\":{}}}", health_number(*health))
        })
        .collect();
    let value = format!("{{\"version\":\"{}\",\"instStatus\":[{}]}}", list.version, instances.join(","));
    values.insert(status_key(resource), value);
}

fn health_number(health: Health) -> u8 {
    match health {
        Health::Unknown => 0,
        Health::Online => 1,
        Health::Offline => 2,
    }
}

fn health_of(number: u64) -> Health {
    match number {
        1 => Health::Online,
        2 => Health::Offline,
        _ => Health::Unknown,
    }
}

fn numbers_in(text: &str) -> Vec<u64> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_come_back_and_a_free_lock_keeps_its_version() {
        let mut values = KeyValues::new();
        assert_eq!(locks(&values), Locks::default());
        let written = Locks { reformer: Lock::of(Some(1), 4), dss: Lock::of(None, 2) };
        put_locks(&mut values, &written);
        assert_eq!(values[&lock_key(Resource::Dms)], "6002");
        assert_eq!(locks(&values), written);
    }

    #[test]
    fn the_cluster_comes_back_as_the_log_shows_it() {
        let mut values = KeyValues::new();
        assert_eq!(cluster(&values, 3), Cluster { version: 1, nodes: NodeSet::first(3) });
        let written = Cluster { version: 7, nodes: [0, 2].into_iter().collect() };
        let value = cluster_value(written);
        assert_eq!(value, r#"[{"version":"7", "nodes": [{"id":1}, {"id":3}]}]"#);
        values.insert(CLUSTER_KEY.to_owned(), value);
        assert_eq!(cluster(&values, 3), written);
    }

    #[test]
    fn a_status_list_comes_back() {
        let mut values = KeyValues::new();
        let mut list = status_list(&values, Resource::Dss, 2);
        assert_eq!(list.instances, [(0, Health::Unknown, true), (1, Health::Unknown, true)]);
        list.version = 9;
        list.instances = vec![(0, Health::Online, true), (1, Health::Offline, false)];
        put_status_list(&mut values, Resource::Dss, &list);
        assert_eq!(status_list(&values, Resource::Dss, 2), list);
    }
}
