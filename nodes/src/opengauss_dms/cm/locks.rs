//! CM's lock service: who owns `dms_reformer_lock` and `dss cm lock`, and who may change that.
//!
//! There is no lease, no time limit and no fencing token: a lock belongs to its owner until the owner transfers or
//! gives it up, or until cm_server takes the owner out of the cluster. A restart of the owner changes nothing. The
//! version of each change exists only in this model, so that a checker can order the owners; the real DDB stores the
//! bare instance number. Source: `CM: src/cm_server/cms_process_messages_res.cpp`.

use crate::parts::lock_service::{self, Refused};

use crate::opengauss_dms::messages::{ClientAnswer, InstanceId, Resource};

/// One lock and its owner; CM's locks have no lease.
pub type Lock = lock_service::Lock<InstanceId>;

/// What the caller is told of a change that was made or refused.
fn answer(changed: Result<u64, Refused>) -> ClientAnswer {
    changed.map_or(ClientAnswer::CannotDo, |_| ClientAnswer::Ok)
}

/// Both locks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Locks {
    /// `dms_reformer_lock`.
    pub reformer: Lock,
    /// `dss cm lock`.
    pub dss: Lock,
}

/// What the lock service must know to decide.
pub struct Rules<'a> {
    /// Whether an instance of a resource is a work member.
    pub is_member: &'a dyn Fn(Resource, InstanceId) -> bool,
    /// The node with the static role P, the "official" primary.
    pub static_primary: InstanceId,
    /// Defect: nobody gets a lock while the static primary is not a member.
    pub first_reform_refuses_all: bool,
}

impl Locks {
    /// The lock of a resource.
    pub fn of(&self, resource: Resource) -> Lock {
        match resource {
            Resource::Dms => self.reformer,
            Resource::Dss => self.dss,
        }
    }

    fn of_mut(&mut self, resource: Resource) -> &mut Lock {
        match resource {
            Resource::Dms => &mut self.reformer,
            Resource::Dss => &mut self.dss,
        }
    }

    /// LOCK. Refused if anybody owns it, the caller included.
    ///
    /// Before anything else the first-reform rule runs, whichever lock was asked for: a free reformer lock goes to the
    /// static primary if that is a member.
    pub fn lock(&mut self, rules: &Rules<'_>, resource: Resource, caller: InstanceId) -> ClientAnswer {
        let official = rules.static_primary;
        let official_is_member = (rules.is_member)(Resource::Dms, official);
        if rules.first_reform_refuses_all && !official_is_member {
            return ClientAnswer::CannotDo;
        }
        if official_is_member {
            // Refused where the lock has an owner, and then nothing is to be done.
            let _ = self.reformer.compare_and_set(None, Some(official));
        }
        if !(rules.is_member)(resource, caller) {
            return ClientAnswer::CannotDo;
        }
        answer(self.of_mut(resource).compare_and_set(None, Some(caller)))
    }

    /// UNLOCK. Only by the owner.
    pub fn unlock(&mut self, resource: Resource, caller: InstanceId) -> ClientAnswer {
        answer(self.of_mut(resource).compare_and_set(Some(caller), None))
    }

    /// GET_OWNER.
    pub fn owner(&self, resource: Resource) -> ClientAnswer {
        self.of(resource).owner.map_or(ClientAnswer::NoOwner, ClientAnswer::Owner)
    }

    /// TRANS. Only by the owner, only to a member.
    pub fn transfer(
        &mut self,
        rules: &Rules<'_>,
        resource: Resource,
        from: InstanceId,
        to: InstanceId,
    ) -> ClientAnswer {
        if !(rules.is_member)(resource, to) {
            return ClientAnswer::CannotDo;
        }
        answer(self.of_mut(resource).compare_and_set(Some(from), Some(to)))
    }

    /// The automatic release, when the owner is taken out of the cluster; whether there was anything to release.
    pub fn release(&mut self, resource: Resource, owner: InstanceId) -> bool {
        self.unlock(resource, owner) == ClientAnswer::Ok
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_members<T>(members: &[InstanceId], run: impl FnOnce(&Rules<'_>) -> T) -> T {
        let members = members.to_vec();
        let is_member = move |_, instance| members.contains(&instance);
        run(&Rules { is_member: &is_member, static_primary: 0, first_reform_refuses_all: false })
    }

    #[test]
    fn a_free_reformer_lock_goes_to_the_static_primary_whoever_asks() {
        with_members(&[0, 1, 2], |rules| {
            let mut locks = Locks::default();
            assert_eq!(locks.lock(rules, Resource::Dms, 2), ClientAnswer::CannotDo);
            assert_eq!(locks.reformer, Lock::of(Some(0), 1));
            assert_eq!(locks.lock(rules, Resource::Dms, 0), ClientAnswer::CannotDo, "the owner cannot lock again");
            assert_eq!(locks.owner(Resource::Dms), ClientAnswer::Owner(0));
        });
    }

    #[test]
    fn without_the_static_primary_the_first_to_ask_gets_it() {
        with_members(&[1, 2], |rules| {
            let mut locks = Locks::default();
            assert_eq!(locks.lock(rules, Resource::Dms, 2), ClientAnswer::Ok);
            assert_eq!(locks.lock(rules, Resource::Dms, 1), ClientAnswer::CannotDo);
            assert_eq!(locks.reformer, Lock::of(Some(2), 1));
        });
    }

    #[test]
    fn with_the_defect_nobody_gets_a_lock_without_the_static_primary() {
        with_members(&[1, 2], |rules| {
            let rules = Rules { first_reform_refuses_all: true, ..*rules };
            let mut locks = Locks::default();
            assert_eq!(locks.lock(&rules, Resource::Dms, 2), ClientAnswer::CannotDo);
            assert_eq!(locks, Locks::default());
        });
    }

    #[test]
    fn asking_for_the_dss_lock_gives_the_reformer_lock_to_the_static_primary_too() {
        with_members(&[0, 1], |rules| {
            let mut locks = Locks::default();
            assert_eq!(locks.lock(rules, Resource::Dss, 1), ClientAnswer::Ok);
            assert_eq!((locks.dss.owner, locks.reformer.owner), (Some(1), Some(0)));
        });
    }

    #[test]
    fn only_members_lock() {
        with_members(&[0, 1], |rules| {
            let mut locks = Locks::default();
            assert_eq!(locks.lock(rules, Resource::Dss, 2), ClientAnswer::CannotDo);
            assert_eq!(locks.dss, Lock::default());
        });
    }

    #[test]
    fn only_the_owner_transfers_and_only_to_a_member() {
        with_members(&[0, 1], |rules| {
            let mut locks = Locks::default();
            locks.lock(rules, Resource::Dms, 0);
            assert_eq!(locks.transfer(rules, Resource::Dms, 1, 1), ClientAnswer::CannotDo);
            assert_eq!(locks.transfer(rules, Resource::Dms, 0, 2), ClientAnswer::CannotDo);
            assert_eq!(locks.transfer(rules, Resource::Dms, 0, 1), ClientAnswer::Ok);
            assert_eq!(locks.reformer, Lock::of(Some(1), 2));
        });
    }

    #[test]
    fn unlock_and_release_are_for_the_owner_only() {
        with_members(&[0, 1], |rules| {
            let mut locks = Locks::default();
            locks.lock(rules, Resource::Dms, 0);
            assert_eq!(locks.unlock(Resource::Dms, 1), ClientAnswer::CannotDo);
            assert!(!locks.release(Resource::Dms, 1));
            assert!(locks.release(Resource::Dms, 0));
            assert_eq!(locks.owner(Resource::Dms), ClientAnswer::NoOwner);
            assert_eq!(locks.reformer.version, 2);
        });
    }
}
