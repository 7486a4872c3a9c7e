//! A lock of a lock service: one owner at a time, a version that only grows, with a lease or without.
//!
//! It exists because every product that elects a primary through a service outside itself (a DDB, a repository of
//! configurations, a disk) has such a lock, and the rules by which an owner changes are the same in all of them. It is
//! a value: where it is kept, who may ask, and who tells the world of a change (`lock.changed`) is up to the product.
//!
//! It does not fence. An owner that lost a lock may not know it yet; the version is what others can refuse it by.

use thiserror::Error;

use crate::world::time::Instant;

/// Who owns a lock, and since which change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lock<Owner> {
    /// Its owner, whether or not a lease has run out.
    pub owner: Option<Owner>,
    /// How often the owner has changed. It never goes back, so of two owners the one with the higher version is newer.
    pub version: u64,
    /// When the ownership ends by itself; `None` for a lock without a lease.
    pub lease: Option<Instant>,
}

/// Why a lock was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// It has an owner, perhaps the caller.
    #[error("the lock has an owner")]
    Taken,
    /// The owner is not the one the caller takes for granted.
    #[error("the owner has changed since the caller looked")]
    Changed,
}

impl<Owner> Default for Lock<Owner> {
    fn default() -> Self {
        Lock { owner: None, version: 0, lease: None }
    }
}

impl<Owner: Copy + Eq> Lock<Owner> {
    /// A lock without a lease, as it was written down.
    pub fn of(owner: Option<Owner>, version: u64) -> Self {
        Lock { owner, version, lease: None }
    }

    /// Its owner at a moment: nobody once the lease has run out.
    pub fn holder(&self, now: Instant) -> Option<Owner> {
        self.owner.filter(|_| self.lease.is_none_or(|end| now < end))
    }

    /// Takes the lock if nobody holds it, for good or until `lease`; the version of the ownership.
    ///
    /// # Errors
    /// [`Refused::Taken`] if somebody holds it, the caller included.
    pub fn take(&mut self, caller: Owner, now: Instant, lease: Option<Instant>) -> Result<u64, Refused> {
        if self.holder(now).is_some() {
            return Err(Refused::Taken);
        }
        Ok(self.give(Some(caller), lease))
    }

    /// Makes `next` the owner if the owner is `expected` (compare and set); the version of the change.
    ///
    /// A lease is not handed on: the next owner has the lock for good until it renews it.
    ///
    /// # Errors
    /// [`Refused::Changed`] if the owner is another one.
    pub fn compare_and_set(&mut self, expected: Option<Owner>, next: Option<Owner>) -> Result<u64, Refused> {
        if self.owner != expected {
            return Err(Refused::Changed);
        }
        Ok(self.give(next, None))
    }

    /// Lets the owner keep the lock until a later moment. The version stays: it is the same ownership.
    ///
    /// # Errors
    /// [`Refused::Changed`] if the caller does not hold it any more.
    pub fn renew(&mut self, caller: Owner, now: Instant, lease: Instant) -> Result<(), Refused> {
        if self.holder(now) != Some(caller) {
            return Err(Refused::Changed);
        }
        self.lease = Some(self.lease.map_or(lease, |end| end.max(lease)));
        Ok(())
    }

    fn give(&mut self, owner: Option<Owner>, lease: Option<Instant>) -> u64 {
        self.owner = owner;
        self.lease = lease;
        self.version += 1;
        self.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: u8 = 1;
    const B: u8 = 2;

    #[test]
    fn a_free_lock_is_taken_once_and_not_even_its_owner_takes_it_again() {
        let mut lock = Lock::default();
        assert_eq!(lock.take(A, Instant(5), None), Ok(1));
        assert_eq!(lock.take(B, Instant(6), None), Err(Refused::Taken));
        assert_eq!(lock.take(A, Instant(6), None), Err(Refused::Taken));
        assert_eq!((lock.holder(Instant::NEVER), lock.version), (Some(A), 1));
    }

    #[test]
    fn the_owner_changes_only_from_the_one_the_caller_saw_and_the_version_grows_each_time() {
        let mut lock = Lock::of(Some(A), 7);
        assert_eq!(lock.compare_and_set(Some(B), Some(B)), Err(Refused::Changed));
        assert_eq!(lock.compare_and_set(None, Some(B)), Err(Refused::Changed));
        assert_eq!(lock, Lock::of(Some(A), 7));
        assert_eq!(lock.compare_and_set(Some(A), Some(B)), Ok(8));
        assert_eq!(lock.compare_and_set(Some(B), None), Ok(9));
        assert_eq!(lock.take(A, Instant(1), None), Ok(10));
    }

    #[test]
    fn a_lease_ends_by_itself_unless_its_owner_renews_it() {
        let mut lock = Lock::default();
        assert_eq!(lock.take(A, Instant(0), Some(Instant(10))), Ok(1));
        assert_eq!(lock.renew(A, Instant(9), Instant(20)), Ok(()));
        assert_eq!(lock.renew(A, Instant(10), Instant(15)), Ok(()));
        assert_eq!(lock.holder(Instant(19)), Some(A), "a renewal never shortens a lease");
        assert_eq!(lock.holder(Instant(20)), None);
        assert_eq!(lock.renew(A, Instant(20), Instant(30)), Err(Refused::Changed));
        assert_eq!(lock.take(B, Instant(20), Some(Instant(30))), Ok(2));
        assert_eq!(lock.renew(A, Instant(21), Instant(40)), Err(Refused::Changed));
    }
}
