//! From a kick to the release of the locks, and back to membership.
//!
//! A node outside the cluster loses the reformer lock at once, because gaussdb has no registration that could be
//! asked for. It loses the DSS lock only when its SCSI key is gone: until then every agent is told to preempt it.

use super::Server;
use crate::fields;
use crate::opengauss_dms::cm::contents::{self, RESOURCES};
use crate::opengauss_dms::cm::locks::Locks;
use crate::opengauss_dms::cm::log::Level;
use crate::opengauss_dms::cm::messages::{Registration, ToAgent};
use crate::opengauss_dms::messages::{ClientRequest, Health, InstanceId, Resource};
use crate::product::events::LOCK_CHANGED;

const THREAD: &str = "ResReg";

/// What one look at a node orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Include(Resource),
    Exclude(Resource),
    Register,
    Unregister,
}

/// Why locks have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A CM client asked for it.
    Request(ClientRequest),
    /// The owner was taken out of the cluster.
    Release,
}

impl Cause {
    /// Why the lock of a resource went from one owner to another, in a word, and who asked.
    fn told(
        &self,
        resource: Resource,
        before: Option<InstanceId>,
        after: Option<InstanceId>,
    ) -> (&'static str, Option<InstanceId>) {
        match self {
            Cause::Release => ("release", before),
            Cause::Request(ClientRequest::Unlock(_, caller)) => ("unlock", Some(*caller)),
            Cause::Request(ClientRequest::Transfer { from, .. }) => ("transfer", Some(*from)),
            Cause::Request(ClientRequest::Lock(asked, caller)) if *asked == resource && after == Some(*caller) => {
                ("lock", Some(*caller))
            }
            // Whoever asked for whichever lock: the static primary got the free reformer lock.
            Cause::Request(_) => ("first-reform", after),
        }
    }
}

impl Server {
    pub(super) async fn walk_through_members(&self) {
        for node in 0..self.plan.nodes.len() {
            for order in self.orders_for(node) {
                self.carry_out(node, order).await;
            }
        }
    }

    fn orders_for(&self, node: usize) -> Vec<Order> {
        let instance = node as InstanceId;
        self.on_duty(|duty| {
            let inside = duty.cluster.nodes.contains(node);
            let registration = duty.registrations[node];
            let mut orders = if inside {
                let away = duty.list(Resource::Dms).instances[node].1 == Health::Offline;
                let gaussdb = away.then_some(Order::Include(Resource::Dms));
                gaussdb.into_iter().chain(orders_inside(registration)).collect()
            } else {
                let mut orders = vec![Order::Exclude(Resource::Dms)];
                orders.extend(self.orders_outside(registration));
                orders
            };
            orders.retain(|order| match order {
                Order::Include(resource) => !duty.is_member(*resource, instance),
                Order::Exclude(resource) => {
                    let owns = duty.locks.of(*resource).owner == Some(instance) && !self.plan.defects.kick_keeps_lock;
                    duty.is_member(*resource, instance) || owns
                }
                // Once the lock is released and the key is gone nothing remains to be ordered.
                Order::Register | Order::Unregister => true,
            });
            orders
        })
        .unwrap_or_default()
    }

    fn orders_outside(&self, registration: Registration) -> Vec<Order> {
        let exclude = Order::Exclude(Resource::Dss);
        match registration {
            Registration::Unregistered | Registration::NotSupported => vec![exclude],
            Registration::Registered | Registration::Pending | Registration::Init => {
                let defects = &self.plan.defects;
                match (defects.fence_skipped, defects.release_before_fence) {
                    (true, _) => vec![exclude],
                    (false, true) => vec![Order::Unregister, exclude],
                    (false, false) => vec![Order::Unregister],
                }
            }
            Registration::Unknown => Vec::new(),
        }
    }

    async fn carry_out(&self, node: usize, order: Order) {
        match order {
            Order::Include(resource) => self.set_member(resource, node, true).await,
            Order::Exclude(resource) => self.set_member(resource, node, false).await,
            Order::Register => {
                self.log(THREAD, Level::Log, &format!("Send to node({}) res(dss) reg msg (resMode = 1).", node + 1));
                self.tell(node, ToAgent::Register);
            }
            Order::Unregister => {
                self.log(THREAD, Level::Log, &format!("Broadcast res(dss) unreg node({}) (resMode = 0).", node + 1));
                self.process.announce("unreg.ordered", fields! { node: node + 1 });
                self.tell_connected(&ToAgent::Unregister(node as InstanceId));
            }
        }
    }

    /// Makes a node's instance of a resource a work member or not; one that is none loses its lock.
    async fn set_member(&self, resource: Resource, node: usize, member: bool) {
        let instance = node as InstanceId;
        let changed = self
            .ddb
            .change(|values| {
                let before = contents::locks(values);
                let mut locks = before;
                if !member && !self.plan.defects.kick_keeps_lock {
                    locks.release(resource, instance);
                }
                self.on_duty(|duty| {
                    let list = duty.list_mut(resource);
                    list.instances[node].2 = member;
                    list.version += 1;
                    contents::put_status_list(values, resource, list);
                })?;
                contents::put_locks(values, &locks);
                Some((before, locks))
            })
            .await;
        match changed {
            Ok(Some((before, locks))) => {
                self.locks_changed(&before, &locks, &Cause::Release);
                let name = if member { "instance.included" } else { "instance.excluded" };
                let fields = fields! { resource: resource.name(), lock: resource.lock(), instance: instance };
                self.process.announce(name, fields);
            }
            Ok(None) => return,
            Err(error) => {
                let text = format!("[CLIENT] release lock failed. res({}): {error}.", resource.name());
                self.log(THREAD, Level::Error, &text);
            }
        }
        self.publish(resource);
    }

    /// The locks in the DDB have changed: remember, log and announce it.
    pub(super) fn locks_changed(&self, before: &Locks, after: &Locks, cause: &Cause) {
        self.on_duty(|duty| duty.locks = *after);
        for resource in RESOURCES {
            let (old, new) = (before.of(resource), after.of(resource));
            if old.version == new.version {
                continue;
            }
            if *cause == Cause::Release
                && let Some(owner) = old.owner
            {
                let key = contents::lock_key(resource);
                let owner = resource.cm_instance(owner);
                self.log(THREAD, Level::Log, &format!("[CLIENT] release lock success. key={key}, value={owner}."));
            }
            let owner = new.owner.map_or(-1, i64::from);
            let (why, by) = cause.told(resource, old.owner, new.owner);
            let fields = fields! { lock: resource.lock(), owner: owner, version: new.version, why: why, by: by.map_or(-1, i64::from) };
            self.process.announce(LOCK_CHANGED, fields);
        }
    }
}

/// What the registration of a node inside the cluster asks for.
fn orders_inside(registration: Registration) -> Option<Order> {
    match registration {
        Registration::Registered | Registration::NotSupported => Some(Order::Include(Resource::Dss)),
        Registration::Unregistered | Registration::Pending | Registration::Init => Some(Order::Register),
        Registration::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_a_lock_is_told_with_its_cause() {
        let lock = Cause::Request(ClientRequest::Lock(Resource::Dss, 2));
        assert_eq!(lock.told(Resource::Dss, None, Some(2)), ("lock", Some(2)));
        assert_eq!(lock.told(Resource::Dms, None, Some(0)), ("first-reform", Some(0)));
        let transfer = ClientRequest::Transfer { resource: Resource::Dms, from: 0, to: 1 };
        assert_eq!(Cause::Request(transfer).told(Resource::Dms, Some(0), Some(1)), ("transfer", Some(0)));
        let unlock = Cause::Request(ClientRequest::Unlock(Resource::Dms, 1));
        assert_eq!(unlock.told(Resource::Dms, Some(1), None), ("unlock", Some(1)));
        assert_eq!(Cause::Release.told(Resource::Dms, Some(1), None), ("release", Some(1)));
    }
}
