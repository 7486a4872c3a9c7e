//! The network between hosts: latency, loss, cuts, and connections that behave as TCP does.
//!
//! Detection time is what drills measure, so connections matter: a process that dies resets its connections at once;
//! a host without power and a cut link stay silent until a time-out; a paused process accepts and never answers.
//! Messages on a connection arrive once and in order, later if packets were lost; a message sent into a cut waits
//! for the next retransmission after the cut heals. Datagrams may be lost, doubled and reordered.
//!
//! A fault is a [`Rule`] that looks at a packet and gives an effect; rules are asked in the order they were added, and
//! a cut or a drop ends the questions. Draws are keyed by the moment and the content of a message, so removing one
//! message moves no other.
//!
//! | file | what it holds |
//! |---|---|
//! | `links` | the weather of links, and the rules of faults |
//! | `packet` | what is on the wire |
//! | `priorities` | messages held up by the priority of their sender |
//! | `path` | the way of a packet from its sender to its receiver |
//! | `connection` | retransmission, time-outs, resets |

mod connection;
mod links;
mod packet;
mod path;
mod priorities;

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::Hash;
use std::time::Duration;

use super::digest::Digest;
use super::latency::Latency;
use super::streams::Seed;
use super::time::Instant;
use super::trace::HostId;
use connection::Session;
use links::ActiveRule;
pub use links::{Effect, End, LinkOptions, Ratio, Rule, RuleId};
pub(crate) use packet::{Body, Packet};
pub use priorities::PriorityOptions;

/// What can be sent: any plain type that can be printed and hashed.
pub trait Message: Any + fmt::Debug {
    /// Folds the content into a digest.
    fn fold(&self, digest: &mut Digest);
}

impl<T: Any + fmt::Debug + Hash> Message for T {
    fn fold(&self, digest: &mut Digest) {
        self.hash(digest);
    }
}

pub(crate) struct Network {
    seed: Seed,
    /// The weather of every link that has no weather of its own.
    default_link: LinkOptions,
    links: BTreeMap<(HostId, HostId), LinkOptions>,
    busy_until: BTreeMap<(HostId, HostId), Instant>,
    loopback: Latency,
    rules: Vec<ActiveRule>,
    /// Hosts among which no rule holds any more.
    healed: Vec<HostId>,
    next_rule: u64,
    sessions: Vec<Vec<Session>>,
    /// How long a connection waits for an acknowledgement before it gives up.
    user_timeout: Duration,
}

impl Network {
    pub(crate) fn new(seed: Seed) -> Self {
        Network {
            seed,
            default_link: LinkOptions::default(),
            links: BTreeMap::new(),
            busy_until: BTreeMap::new(),
            loopback: Latency::even(Duration::from_micros(10), Duration::from_micros(40)),
            rules: Vec::new(),
            healed: Vec::new(),
            next_rule: 0,
            sessions: Vec::new(),
            user_timeout: Duration::from_secs(15 * 60),
        }
    }
}

/// The connection to that process is broken; the next send opens a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection was reset")]
pub struct Broken;
