//! dmserver: an instance of the database. All instances are open at once, on the same rows.
//!
//! | file | what |
//! |---|---|
//! | `database` | transactions, pages of this EP |
//! | `directory` | which EP has which page, kept by the control EP |
//! | `redo` | the logs of all EPs merged |
//! | `links` | whether the other EPs can be reached |
//! | `checkpoint` | pages on the data disk |
//! | `crash` | what an EP does when another one has died |
//! | `recovery` | what one EP does with the data disk when all others are dead |
//! | `messages` | what EPs say to each other |

mod checkpoint;
mod crash;
mod database;
mod directory;
mod links;
mod messages;
mod recovery;
mod redo;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::fields;
use crate::parts::fencing::scsi;
use crate::parts::wal::{Body, Lsn, WalError, recover};
use crate::product::events;
use crate::world::device::{Answer, IoError, ReservationCommand};
use crate::world::process::Process;

use super::ep::Ep;
use super::plan::{STOP_PORT, Shared, reservation_key};
use super::vote::{Order, Status};
use super::words::{Command, EpMask, GroupKind, NOBODY, Seqno};
use database::{Database, Hold};
use directory::Directory;
pub(super) use recovery::recover_alone;
use redo::Redone;

struct Server {
    ep: Rc<Ep>,
    database: Rc<Database>,
    /// The EPs of the group, as the last order named them.
    belonging: Cell<EpMask>,
    /// Which crash handling is under way: one that was undone may not go on.
    handling: Cell<u64>,
}

/// The program of a dmserver.
pub(super) async fn dmserver(process: Process, plan: Shared, me: Seqno) -> i32 {
    let stop = process.bind::<()>(STOP_PORT);
    let ep = Ep::new(&process, &plan, GroupKind::Db, me);
    plan.show(me, |state| state.writable = false);
    let disk = process.disk(plan.data);
    disk.set_reservation_key(reservation_key(me));
    let database = Database::new(&process, &plan, me, disk);
    let server = Rc::new(Server {
        ep: ep.clone(),
        database: database.clone(),
        belonging: Cell::default(),
        handling: Cell::default(),
    });
    process.spawn(server.clone().end_with_the_host_services());
    database.spawn();
    let obeying = server.clone();
    process.spawn(ep.clone().serve(Rc::new(move |order| {
        let server = obeying.clone();
        Box::pin(async move { server.obey(order).await })
    })));
    process.spawn(server.clone().wait_for_asm());
    process.spawn(server.clone().watch_links());
    process.spawn(server.clone().write_pages());
    let asked = stop.recv().await;
    stop.reply(&asked, ());
    database.shut_down().await;
    ep.end_in_order().await;
    0
}

impl Server {
    /// A database uses the ASM of its host through shared memory and dies with it; with `DMDCR_CHECK_CSS_ACTIVE` also
    /// with the CSS.
    async fn end_with_the_host_services(self: Rc<Self>) {
        let (process, plan) = (&self.ep.process, &self.ep.plan);
        let node = plan.node(self.ep.me);
        if plan.parameters.check_css {
            let (watcher, css) = (process.clone(), node.css);
            process.spawn(async move {
                watcher.local_exit(css).await;
                watcher.exit(1).await;
            });
        }
        process.local_exit(node.asm).await;
        process.exit(1).await;
    }

    /// The EP may be commanded once the ASM of its host is open.
    async fn wait_for_asm(self: Rc<Self>) {
        let (process, plan) = (&self.ep.process, &self.ep.plan);
        let vote = plan.voting_disk(process);
        while !vote.heartbeat(GroupKind::Asm, self.ep.me).await.is_ok_and(|beat| beat.status == Status::Open) {
            process.sleep(plan.parameters.poll).await;
        }
        self.ep.set_status(Status::Startup2);
    }

    async fn obey(&self, order: Order) {
        if order.control != NOBODY {
            self.database.control.set(order.control);
        }
        if order.belonging != 0 {
            self.belongs(order.belonging);
        }
        let result = match order.command {
            Command::EpCrashStep1 => self.stop_for_crash(order).await,
            Command::EpCrashStep2 => self.recover_dead(order).await,
            Command::EpCrash => self.handle_crash_at_once(order).await,
            Command::CrashRollback => {
                self.undo_crash_handling();
                Ok(())
            }
            Command::LinkCheck => {
                self.look_at_links().await;
                Ok(())
            }
            Command::ConfigVip => {
                self.database.release(Hold::Crash);
                Ok(())
            }
            Command::SuspendWorkers => {
                self.database.hold(Hold::Suspended);
                self.database.quiesce().await;
                self.ep.set_status(Status::Suspend);
                Ok(())
            }
            Command::ResumeWorkers => {
                self.database.release(Hold::Suspended);
                self.ep.set_status(Status::Open);
                Ok(())
            }
            Command::EpStart => self.start().await,
            Command::EpStart2 => self.open_logs(order.control == self.ep.me).await,
            Command::EpOpen => {
                self.ep.set_status(Status::Open);
                Ok(())
            }
            Command::EpRealOpen => {
                self.database.open();
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(error) = result {
            self.database.crash(error).await;
        }
    }

    /// The host joins the data disk.
    async fn start(&self) -> Result<(), WalError> {
        self.ep.set_status(Status::Startup);
        if self.ep.plan.parameters.pr_fence {
            self.register().await.map_err(WalError::Failed)?;
        }
        Ok(())
    }

    /// The control EP of a starting group replays all logs; a joining EP only finds the end of its own.
    async fn open_logs(&self, everything: bool) -> Result<(), WalError> {
        let (database, plan, me) = (&self.database, &self.ep.plan, self.ep.me);
        let log = plan.redo_log(&database.disk, me)?;
        if everything {
            let mut redone = redo::redo(&database.process, plan, &database.disk).await?;
            let end = redone.ends[&me];
            let writer = redo::open_writer(&database.process, &log, end, redone.lsn).await?;
            if redone.empty && !plan.initial.is_empty() {
                redone = self.write_initial_rows(&writer).await?;
            }
            database.begin_writing(writer, redone.lsn);
            *database.directory.borrow_mut() = Some(Directory::rebuilt(redone.pages, &BTreeMap::new()));
            self.report_redo(redone.lsn);
        } else {
            let recovered = recover(&log, Lsn::FIRST).await;
            let lsn = recovered.records.iter().map(|record| record.epoch).max().unwrap_or(0);
            let writer = redo::open_writer(&database.process, &log, recovered.end, lsn).await?;
            database.begin_writing(writer, lsn);
        }
        self.ep.set_status(Status::AfterRedo);
        Ok(())
    }

    /// The rows of a fresh database are the first commit of the first control EP.
    async fn write_initial_rows(&self, writer: &crate::parts::wal::Writer) -> Result<Redone, WalError> {
        let (database, plan) = (&self.database, &self.ep.plan);
        writer.set_epoch(1);
        let changes = plan.initial.clone().into_iter().collect();
        let appended = writer.append(None, &Body::Commit { changes })?;
        writer.flush_to(appended.end).await?;
        redo::redo(&database.process, plan, &database.disk).await
    }

    /// Puts this host's key on the data disk, and the reservation if nobody holds it.
    async fn register(&self) -> Result<(), IoError> {
        let (disk, key) = (&self.database.disk, reservation_key(self.ep.me));
        let held = match disk.reservation(ReservationCommand::ReadReservation).await? {
            Answer::Held { held, .. } => held,
            _ => None,
        };
        for command in scsi::joining(key, held) {
            disk.reservation(command).await?;
        }
        Ok(())
    }

    /// Takes a dead EP's key off the data disk, and its writes that the disk has accepted.
    async fn fence(&self, dead: Seqno) -> Result<(), IoError> {
        let (key, victim_key) = (reservation_key(self.ep.me), reservation_key(dead));
        let disk = &self.database.disk;
        let Answer::Registrations { registrations, .. } = disk.reservation(ReservationCommand::ReadKeys).await? else {
            return Ok(());
        };
        if let Some(preempt) = scsi::fencing(key, victim_key, &registrations) {
            disk.reservation(preempt).await?;
        }
        let host = self.ep.plan.node(dead).host;
        self.ep.process.announce(events::FENCED, fields! { host: host.0, key: victim_key, instance: dead });
        Ok(())
    }
}
