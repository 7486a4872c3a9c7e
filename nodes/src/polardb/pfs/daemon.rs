//! pfsd: carries the requests of a host's processes to the disk, first in first out, as many at a time as it has
//! workers (`-w`).

use std::rc::Rc;

use crate::fields;
use crate::world::device::Answer;
use crate::world::process::Process;

use super::super::log::daemon_line;
use super::super::plan::Shared;
use super::channel::Channel;

/// The program of a pfsd.
pub(in crate::polardb) async fn pfsd(process: Process, plan: Shared, me: usize) -> i32 {
    let channel = plan.channel(me);
    let epoch = channel.begin_epoch();
    daemon_line(&process, &format!("pfsd_main.cc|pfsd started, -w {}, epoch {epoch}", plan.parameters.pfsd_workers));
    for _ in 1..plan.parameters.pfsd_workers {
        process.spawn(work(process.clone(), channel.clone()));
    }
    work(process, channel).await;
    0
}

async fn work(process: Process, channel: Rc<Channel>) {
    loop {
        let job = channel.next().await;
        let disk = process.disk(job.device);
        let answer = disk.request_for(job.client, job.stamp, job.request.clone()).await;
        if job.is_abandoned() && answer == Ok(Answer::Written) {
            process.announce("pfs.late-write", fields! { client: job.client.0.0 });
        }
        channel.finish(&job, answer);
    }
}
