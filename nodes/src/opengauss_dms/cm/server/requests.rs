//! The requests that change the DDB, one after the other.

use super::Server;
use super::membership::Cause;
use crate::opengauss_dms::cm::contents;
use crate::opengauss_dms::cm::locks::{Locks, Rules};
use crate::opengauss_dms::cm::log::Level;
use crate::opengauss_dms::cm::messages::ToAgent;
use crate::opengauss_dms::messages::{ClientAnswer, ClientRequest, InstanceId, Resource};

const THREAD: &str = "ResLock";

/// A request for the DDB.
pub(super) enum Job {
    /// Of a CM client, through its agent.
    Client { node: usize, number: u64, request: ClientRequest },
    /// Write a status list down.
    SaveStatus(Resource),
}

impl Server {
    pub(super) async fn work_on_requests(&self) {
        loop {
            match self.jobs.next().await {
                Job::Client { node, number, request } => {
                    let answer = self.serve_client(&request).await;
                    self.tell(node, ToAgent::ClientAnswer { number, answer });
                }
                Job::SaveStatus(resource) => self.save_status(resource).await,
            }
        }
    }

    async fn save_status(&self, resource: Resource) {
        let saved = self
            .ddb
            .change(|values| {
                self.on_duty(|duty| contents::put_status_list(values, resource, duty.list(resource)));
            })
            .await;
        if let Err(error) = saved {
            let text = format!("set res status to ddb failed, save res({}) status failed: {error}.", resource.name());
            self.log(THREAD, Level::Error, &text);
        }
    }

    async fn serve_client(&self, request: &ClientRequest) -> ClientAnswer {
        let changed = self
            .ddb
            .change(|values| {
                let before = contents::locks(values);
                let mut after = before;
                let answer = self.decide_lock(&mut after, request)?;
                contents::put_locks(values, &after);
                Some((answer, before, after))
            })
            .await;
        match changed {
            Ok(Some((answer, before, after))) => {
                self.locks_changed(&before, &after, &Cause::Request(request.clone()));
                self.log_lock(request, &answer, &before, &after);
                answer
            }
            Ok(None) => ClientAnswer::ConnectionError,
            Err(error) => {
                self.log(THREAD, Level::Error, &format!("[CLIENT] ddb set failed: {error}."));
                ClientAnswer::DdbFailed
            }
        }
    }

    /// `None` if this cm_server is not the primary (any more).
    fn decide_lock(&self, locks: &mut Locks, request: &ClientRequest) -> Option<ClientAnswer> {
        self.on_duty(|duty| {
            let is_member = |resource, instance| duty.is_member(resource, instance);
            let rules = Rules {
                is_member: &is_member,
                static_primary: self.plan.static_primary as InstanceId,
                first_reform_refuses_all: self.plan.defects.first_reform_refuses_all,
            };
            match *request {
                ClientRequest::Lock(resource, caller) => locks.lock(&rules, resource, caller),
                ClientRequest::Unlock(resource, caller) => locks.unlock(resource, caller),
                ClientRequest::Transfer { resource, from, to } => locks.transfer(&rules, resource, from, to),
                ClientRequest::GetOwner(resource, _) => locks.owner(resource),
                ClientRequest::Status(resource) => ClientAnswer::Status(duty.list(resource).clone()),
            }
        })
    }

    fn log_lock(&self, request: &ClientRequest, answer: &ClientAnswer, before: &Locks, after: &Locks) {
        if let (ClientRequest::Lock(..), None, Some(owner)) = (request, before.reformer.owner, after.reformer.owner)
            && *answer != ClientAnswer::Ok
        {
            let key = contents::lock_key(Resource::Dms);
            let owner = Resource::Dms.cm_instance(owner);
            self.log(THREAD, Level::Log, &format!("[CLIENT] official id set for key({key}): {owner}"));
        }
        if *answer != ClientAnswer::Ok {
            return;
        }
        let line = match *request {
            ClientRequest::Lock(resource, caller) => {
                let (name, instance) = (resource.name(), resource.cm_instance(caller));
                format!("[CLIENT] res({name}) instance({instance}) ({})lock success.", resource.lock())
            }
            ClientRequest::Unlock(resource, caller) => {
                let (name, instance) = (resource.name(), resource.cm_instance(caller));
                format!("[CLIENT] res({name}) instance({instance}) unlock success.")
            }
            ClientRequest::Transfer { resource, from, to } => {
                let (from, to) = (resource.cm_instance(from), resource.cm_instance(to));
                format!("[CLIENT] res({}) inst({from}) trans to inst({to}) success.", resource.name())
            }
            ClientRequest::GetOwner(..) | ClientRequest::Status(_) => return,
        };
        self.log(THREAD, Level::Log, &line);
    }
}
