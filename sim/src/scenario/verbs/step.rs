//! The list of step verbs.

use super::operator::{
    Demote, Failover, Fence, Promote, RestartDatabase, StartDatabase, StopDatabase, Switchover, Unfence, WaitFor,
};
use super::{Verb, VerbWord, verbs};
use crate::draws::drawer::Drawer;
use crate::scenario::command::Command;
use crate::scenario::located::{Located, Span};
use crate::scenario::reader::Reader;

verbs! {
    /// What the operator does: one verb or one command, at one time.
    raw RawStep {
        /// Its name, by which others wait for it. Used once among steps and faults.
        name: Located<String>,
        /// The time of the run at which it begins: "20s", or a range that the seed draws from, "10s..30s".
        at: Located<String>,
        /// What it waits for: a step (it has ended), a fault (it has begun), NAME.started, NAME.ended, or an event that a node announces: "dn2.reformer-lock.acquired".
        after: Located<String>,
        /// How long after that it begins: "5s" or "0s..50ms". Default: at once.
        delay: Located<String>,
        /// Which occurrence of `after` counts, from 1. Default: the first.
        nth: Located<i64>,
        /// The host on which the command is typed. Required beside `command`.
        on: Located<String>,
        /// How long the operator waits for it. Default: as long as the command itself does.
        timeout: Located<String>,
        /// What becomes of later steps when it fails: "stop" (default) or "continue".
        #[schemars(extend("enum" = ["stop", "continue"]))]
        if_fails: Located<String>,
    }
    /// What a step does.
    verbs StepVerb, STEP_VERBS {
        /// The product's own command line, as an operator would type it. It is looked up in the product's command table; nothing reaches a shell.
        command "command" r#"command = "cm_ctl query -Cvipd"
on = "dn1""# => Command,
        /// Hands the primary's role over to another host, in good order.
        switchover "switchover" r#"switchover = { to = "dn2" }"# => Switchover,
        /// Makes another host primary because the old one is gone.
        failover "failover" r#"failover = { to = "dn2" }"# => Failover,
        /// Makes a standby primary, whatever the others do.
        promote "promote" r#"promote = "dn2""# => Promote,
        /// Makes a primary a standby.
        demote "demote" r#"demote = "dn1""# => Demote,
        /// Starts the database on a host.
        start "start" r#"start = "dn1""# => StartDatabase,
        /// Stops the database on a host, in good order.
        stop "stop" r#"stop = "dn1""# => StopDatabase,
        /// Stops and starts the database on a host.
        restart "restart" r#"restart = "dn1""# => RestartDatabase,
        /// Keeps a host from writing to shared storage.
        fence "fence" r#"fence = "dn1""# => Fence,
        /// Lets a fenced host write again.
        unfence "unfence" r#"unfence = "dn1""# => Unfence,
        /// Waits until a node announces an event, counted from when the step begins.
        wait_for "wait-for" r#"wait-for = "dn1.self-exit""# => WaitFor,
    }
}
