//! What cm_server, cm_agent and cm_ctl say among themselves.
//!
//! cm_server listens for agents and cm_ctl on [`SERVER_PORT`], an agent for cm_server, other agents and cm_ctl on
//! [`AGENT_PORT`]. A fault rule can name a message by the beginning of its printed form: `Report`, `Rhb`,
//! `StatusList`, `Unregister`, `ClientRequest`.

use crate::opengauss_dms::messages::{
    ClientAnswer, ClientRequest, GaussdbStatus, Health, InstanceId, Resource, StatusList,
};
use crate::world::port::PortNumber;

/// cm_server listens here.
pub const SERVER_PORT: PortNumber = PortNumber(10);
/// cm_agent listens here for cm_server, other agents and cm_ctl.
pub const AGENT_PORT: PortNumber = PortNumber(11);

/// What `isreg` found about a resource instance. Source: `CM: src/include/cm/cm_misc_res.h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Registration {
    /// Nobody has asked yet.
    #[default]
    Init,
    /// The question failed.
    Unknown,
    /// On no volume.
    Unregistered,
    /// On some volumes.
    Pending,
    /// On every volume.
    Registered,
    /// The resource has no registration.
    NotSupported,
}

/// How gaussdb looks to its agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DatabaseView {
    /// The process is not there, and the agent tries to start it.
    #[default]
    Starting,
    /// It is not there, and shall not be.
    ManuallyStopped,
    /// It is there and does not answer.
    Silent,
    /// It answers.
    Answers {
        /// Its role.
        role: &'static str,
        /// Its state.
        state: &'static str,
    },
}

impl From<GaussdbStatus> for DatabaseView {
    fn from(status: GaussdbStatus) -> Self {
        DatabaseView::Answers { role: status.role, state: status.state }
    }
}

/// What an agent reports each second.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AgentReport {
    /// The node.
    pub node: usize,
    /// What the check scripts found: gaussdb, dssserver.
    pub health: [Health; 2],
    /// Whether a resource of the node was stopped by hand.
    pub manually_stopped: bool,
    /// How gaussdb looks.
    pub database: DatabaseView,
    /// How often in a row gaussdb did not answer.
    pub phony_dead_times: i64,
    /// When the node last heard each other node: seconds on its wall clock, 0 for never.
    pub heard: Vec<u64>,
    /// What it found about the registrations it shall look after.
    pub registrations: Vec<(InstanceId, Registration)>,
    /// The versions of the status lists it has: gaussdb, dssserver.
    pub list_versions: [u64; 2],
}

/// To cm_server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ToServer {
    /// An agent's report.
    Report(AgentReport),
    /// A client's request, passed on by its agent.
    ClientRequest {
        /// The agent's own number for it.
        number: u64,
        /// The request.
        request: ClientRequest,
    },
    /// Of cm_ctl; answered with [`ServerAnswer`].
    Role,
    /// Of cm_ctl: everything `query` shows; answered with [`ServerAnswer`].
    Query,
    /// Of cm_ctl; answered with [`ServerAnswer`].
    Switchover {
        /// The node that shall become primary.
        node: usize,
        /// How long cm_ctl will wait, in seconds.
        wait_seconds: u64,
    },
    /// Of `cm_ctl stop` of the whole cluster: arbitrate no more; answered with [`ServerAnswer`].
    ClusterStops,
    /// Of `cm_ctl start`: the cluster is starting; answered with [`ServerAnswer`].
    ClusterStarts,
}

/// What cm_server answers cm_ctl.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ServerAnswer {
    /// This cm_server is not the primary.
    NotPrimary,
    /// It is, and did it (or will).
    Accepted,
    /// There is a switchover already.
    AnotherCommandRunning,
    /// The target is not a standby.
    CannotAtCurrentRole,
    /// The answer to [`ToServer::Query`].
    State(ClusterView),
}

/// What the primary cm_server knows of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClusterView {
    /// gaussdb of each node; `None` if nobody reports about it.
    pub databases: Vec<Option<DatabaseView>>,
    /// The status lists: gaussdb, dssserver.
    pub resources: [StatusList; 2],
    /// Whether arbitration is paused.
    pub pausing: bool,
}

/// What cm_ctl does to the files of a node (through ssh in the real system).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeCommand {
    /// Stop everything.
    StopNode {
        /// Kill instead of stopping in order.
        immediate: bool,
    },
    /// Stop gaussdb.
    StopInstance {
        /// Kill instead of stopping in order.
        immediate: bool,
    },
    /// Start everything.
    StartNode,
    /// Start gaussdb.
    StartInstance,
    /// No arbitration and no locks until further notice.
    Pause,
    /// The end of that.
    Resume,
    /// Do the resources of the node run?
    Inquire,
}

/// What an agent answers cm_ctl.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeAnswer {
    /// Whether gaussdb runs.
    pub gaussdb: bool,
    /// Whether dssserver runs.
    pub dssserver: bool,
}

/// To an agent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ToAgent {
    /// Of the primary cm_server, for each report: it is there.
    Heartbeat,
    /// Of another agent: it lives.
    Rhb {
        /// Its node.
        node: usize,
    },
    /// The status list of a resource.
    StatusList(Resource, StatusList),
    /// The answer to [`ToServer::ClientRequest`].
    ClientAnswer {
        /// The agent's number for it.
        number: u64,
        /// The answer.
        answer: ClientAnswer,
    },
    /// To all agents: preempt the key of an instance (`dss_contrl.sh -unreg`).
    Unregister(InstanceId),
    /// To one agent: register the key of its own instance (`-reg`).
    Register,
    /// Look after the registrations of these instances.
    CheckList(Vec<InstanceId>),
    /// Run `gs_ctl switchover`.
    Switchover {
        /// The limit given to it, in seconds.
        wait_seconds: u64,
    },
    /// Kill gaussdb, it is as good as dead.
    KillPhonyDead,
    /// Of cm_ctl; answered with [`NodeAnswer`].
    Node(NodeCommand),
}
