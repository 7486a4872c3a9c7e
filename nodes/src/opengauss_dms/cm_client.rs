//! The CM client library that gaussdb and dssserver link (`CM: src/cm_client`): one question at a time to the agent of
//! their own host. Its errors change nothing: whoever asks keeps what it last knew.

use crate::world::process::Process;

use super::messages::{ClientAnswer, ClientRequest, InstanceId, Resource, StatusList};
use super::plan::Shared;

/// The client of one process.
#[derive(Clone)]
pub struct CmClient {
    process: Process,
    plan: Shared,
    resource: Resource,
    instance: InstanceId,
}

impl CmClient {
    /// The client of an instance of a resource.
    pub fn new(process: Process, plan: Shared, resource: Resource, instance: InstanceId) -> Self {
        CmClient { process, plan, resource, instance }
    }

    async fn ask(&self, request: ClientRequest) -> ClientAnswer {
        let wait = self.plan.timers.client_wait;
        let answer = self.process.call::<ClientAnswer>(self.plan.agent(self.instance), request, wait).await;
        answer.unwrap_or(ClientAnswer::ConnectionError)
    }

    /// Who owns the resource's lock, as CM says now.
    pub async fn owner(&self) -> ClientAnswer {
        self.ask(ClientRequest::GetOwner(self.resource, self.instance)).await
    }

    /// The owner if CM could name one.
    pub async fn owner_if_known(&self) -> Option<InstanceId> {
        match self.owner().await {
            ClientAnswer::Owner(owner) => Some(owner),
            _ => None,
        }
    }

    /// Asks for the lock.
    pub async fn lock(&self) -> ClientAnswer {
        self.ask(ClientRequest::Lock(self.resource, self.instance)).await
    }

    /// Gives the lock to another instance.
    pub async fn transfer(&self, to: InstanceId) -> ClientAnswer {
        self.ask(ClientRequest::Transfer { resource: self.resource, from: self.instance, to }).await
    }

    /// The members of the resource, if a list has ever arrived.
    pub async fn status(&self) -> Option<StatusList> {
        match self.ask(ClientRequest::Status(self.resource)).await {
            ClientAnswer::Status(list) if !list.instances.is_empty() => Some(list),
            _ => None,
        }
    }
}
