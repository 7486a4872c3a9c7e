//! What the processes of an openGauss resource-pooling node say to each other across process borders.
//!
//! Three borders: a database or storage process asks its local cm_agent (the CM client library of the real system);
//! cm_agent runs scripts against the local dssserver and gaussdb; gaussdb and dssserver talk to their peers. What
//! cm_agent, cm_server and cm_ctl say among themselves is in `cm/messages.rs`.

use crate::world::port::PortNumber;

/// cm_agent listens here for the CM clients of its own host (`agent.socket`).
pub const AGENT_CLIENT_PORT: PortNumber = PortNumber(1);
/// gaussdb listens here for signals and status queries of its own host (`gs_ctl`, the agent's SQL check).
pub const GAUSSDB_CONTROL_PORT: PortNumber = PortNumber(2);
/// dssserver listens here for `dsscmd` and for the gaussdb of its own host (UDS).
pub const DSS_COMMAND_PORT: PortNumber = PortNumber(3);
/// gaussdb listens here for other gaussdb (MES).
pub const MES_PORT: PortNumber = PortNumber(4);
/// dssserver listens here for other dssserver (MES).
pub const DSS_MES_PORT: PortNumber = PortNumber(5);

/// The number of an instance: 0 for the first host of the cluster.
pub type InstanceId = u32;

/// A resource that CM manages. Source: `OGS: src/gausskernel/ddes/script/dms_contrl.sh`, `dss_contrl.sh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// `dms_res`: gaussdb.
    Dms,
    /// `dss`: dssserver.
    Dss,
}

impl Resource {
    /// Its name in CM.
    pub const fn name(self) -> &'static str {
        match self {
            Resource::Dms => "dms_res",
            Resource::Dss => "dss",
        }
    }

    /// The instance number that CM shows: 6001 and up for gaussdb, 20001 and up for dssserver.
    pub const fn cm_instance(self, instance: InstanceId) -> u32 {
        match self {
            Resource::Dms => 6001 + instance,
            Resource::Dss => 20001 + instance,
        }
    }

    /// The one lock of this resource that matters.
    pub const fn lock(self) -> &'static str {
        match self {
            Resource::Dms => "dms_reformer_lock",
            Resource::Dss => "dss cm lock",
        }
    }
}

/// What a CM client asks its agent, which passes lock requests on to the primary cm_server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClientRequest {
    /// Take the resource's lock for this instance.
    Lock(Resource, InstanceId),
    /// Give it up.
    Unlock(Resource, InstanceId),
    /// Who owns it?
    GetOwner(Resource, InstanceId),
    /// Give it to another instance.
    Transfer {
        /// The resource.
        resource: Resource,
        /// Who asks.
        from: InstanceId,
        /// Who shall own it.
        to: InstanceId,
    },
    /// The status list of a resource, as the agent last received it.
    Status(Resource),
}

/// The return codes of the CM client. Source: `CM: src/include/cm/cm_client/cm_client_api.h`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClientAnswer {
    /// 0: done.
    Ok,
    /// 0 with an owner.
    Owner(InstanceId),
    /// 6: nobody owns it.
    NoOwner,
    /// 1: not allowed.
    CannotDo,
    /// 2: the DDB failed.
    DdbFailed,
    /// 4: no connection to a primary cm_server.
    ConnectionError,
    /// 5: no answer in time.
    TimedOut,
    /// The status list.
    Status(StatusList),
}

/// How CM sees one instance of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Health {
    /// The check script finds it (an abnormal one counts as online).
    Online,
    /// The process is not there.
    Offline,
    /// The check timed out, or nobody reported for `agent_network_timeout`.
    Unknown,
}

/// The members of a resource as cm_server last published them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct StatusList {
    /// Goes up with every change.
    pub version: u64,
    /// Instance, health, and whether it is a work member, in the order of instances. Empty before the first list.
    pub instances: Vec<(InstanceId, Health, bool)>,
}

/// What cm_agent sends to the local gaussdb.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GaussdbControl {
    /// `gs_ctl switchover`: a signal to the postmaster. Answered at once with [`GaussdbStatus`].
    Switchover,
    /// The agent's status query. Answered with [`GaussdbStatus`].
    Status,
    /// `gs_ctl stop -m fast`. Answered with [`GaussdbStatus`]; then the process exits with code 0.
    Stop,
}

/// What gaussdb tells its agent. Roles and states are the words of `cm_ctl query`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GaussdbStatus {
    /// Primary, Standby, Pending…
    pub role: &'static str,
    /// Normal, Starting, Demoting, Promoting…
    pub state: &'static str,
}

/// What `dsscmd` (run by the agent's script) asks the local dssserver; the answer is [`DssAnswer`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DssCommand {
    /// `dsscmd kickh`: preempt another instance's key.
    Kick(InstanceId),
    /// `dsscmd inq_reg`: is the key of that instance registered?
    InquireRegistration(InstanceId),
    /// Of the local gaussdb: become the main (read-write) instance; answered when it is.
    SetMain,
}

/// What the local dssserver answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DssAnswer {
    /// Done.
    Done,
    /// The key is registered.
    Registered,
    /// The key is not registered.
    Unregistered,
    /// It failed.
    Failed,
}
