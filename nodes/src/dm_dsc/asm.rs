//! dmasmsvr: the file server of a host. Its EPs form a group of their own, and the database of the host dies with it.
//!
//! Files are left out: databases write the data disk themselves, as the real ones do, and ASM keeps none of them from
//! writing.

use std::rc::Rc;

use crate::world::process::Process;

use super::ep::Ep;
use super::plan::{STOP_PORT, Shared};
use super::vote::Status;
use super::words::{Command, GroupKind, Seqno};

/// The program of a dmasmsvr.
pub(super) async fn dmasmsvr(process: Process, plan: Shared, me: Seqno) -> i32 {
    let stop = process.bind::<()>(STOP_PORT);
    let ep = Ep::new(&process, &plan, GroupKind::Asm, me);
    if plan.parameters.check_css {
        let (watcher, css) = (process.clone(), plan.node(me).css);
        process.spawn(async move {
            watcher.local_exit(css).await;
            watcher.exit(1).await;
        });
    }
    ep.set_status(Status::Startup2);
    let obeying = ep.clone();
    process.spawn(ep.clone().serve(Rc::new(move |order| {
        let ep = obeying.clone();
        Box::pin(async move {
            match order.command {
                Command::EpStart => ep.set_status(Status::Startup),
                Command::EpOpen | Command::ResumeWorkers => ep.set_status(Status::Open),
                Command::SuspendWorkers => ep.set_status(Status::Suspend),
                _ => {}
            }
        })
    })));
    let asked = stop.recv().await;
    stop.reply(&asked, ());
    ep.end_in_order().await;
    0
}
