//! When a part of the cluster that is whole must serve, and how soon.

use crate::parts::standstill::Reason;
use crate::product::Wait;

use super::parameters::Parameters;

/// The waits until a writer serves again whose replicas are gone: their streams are given up, slots become inactive.
pub(super) fn recovery_path(parameters: &Parameters) -> Vec<Wait> {
    let wait = |name, length| Wait { name, length };
    vec![
        wait("wal_sender_timeout", parameters.sender_timeout),
        wait("wal_receiver_timeout", parameters.receiver_timeout),
        wait("wal_receiver_status_interval", parameters.status_interval),
        wait("wal_retrieve_retry_interval", parameters.retry_interval),
        wait("polar_wait_old_version_page_timeout", parameters.old_version_timeout),
    ]
}

/// Why the core may stand still; `writers` says for each of its hosts that takes writes whether its pfsd runs.
pub(super) fn may_stand_still(writers: &[bool]) -> Option<Reason> {
    match writers {
        [] => Some(Reason::new(
            "no server of the core is the writer, and nobody promotes a replica by himself",
            "核心中没有写节点,且不会有人自动提升只读节点",
        )),
        writers if writers.iter().any(|has_storage| *has_storage) => None,
        _ => Some(Reason::new(
            "the pfsd under the writer is gone, and nothing starts it again",
            "写节点之下的 pfsd 已不在,且没有机制重新启动它",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_needs_a_writer_with_its_storage() {
        assert!(may_stand_still(&[]).is_some_and(|why| why.en.contains("writer")));
        assert!(may_stand_still(&[false]).is_some_and(|why| why.en.contains("pfsd")));
        assert_eq!(may_stand_still(&[false, true]), None);
    }
}
