//! Typed mailboxes of processes, and calls that wait for an answer.
//!
//! A process binds a [`Port`] for each protocol it speaks. Messages are plain values; a port takes one type of message,
//! and a message of another type is a mistake in the model, so it panics.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::marker::PhantomData;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::executor::first_of;
use super::network::{Body, Broken, Message};
use super::process::Process;
use super::trace::{Incarnation, ProcessId};

/// The number of a port within its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortNumber(pub u16);

/// Where a message goes: a port of a process, whichever life of it is there when it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The process.
    pub process: ProcessId,
    /// Its port.
    pub port: PortNumber,
}

impl Address {
    /// The address of a port of a process.
    pub const fn new(process: ProcessId, port: PortNumber) -> Self {
        Address { process, port }
    }

    pub(crate) const fn of(process: ProcessId) -> Self {
        Address { process, port: PortNumber(u16::MAX) }
    }
}

/// Why a call has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nobody listened there: the process does not run or has not bound the port.
    #[error("connection refused")]
    Refused,
    /// The process died before it answered.
    #[error("connection reset by peer")]
    Reset,
    /// No answer in time.
    #[error("timed out")]
    TimedOut,
}

/// What a port received.
#[derive(Debug)]
pub enum Delivery<M> {
    /// A message.
    Message(Incoming<M>),
    /// The connection with that process ended.
    Closed(ProcessId, CallError),
}

/// A message and where it came from.
#[derive(Debug)]
pub struct Incoming<M> {
    /// Its sender.
    pub from: Address,
    /// Which life of the sender sent it.
    pub incarnation: Incarnation,
    /// The message.
    pub message: M,
    /// What [`Port::reply`] needs, if the sender waits for an answer.
    pub call: Option<CallId>,
}

/// Names a call to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallId {
    number: u64,
    from: Address,
    incarnation: Incarnation,
}

enum Raw {
    Message { from: Address, incarnation: Incarnation, payload: Rc<dyn Message>, call: Option<u64> },
    Closed(ProcessId, CallError),
}

#[derive(Default)]
struct Mailbox {
    queue: VecDeque<Raw>,
    waker: Option<Waker>,
}

struct Call {
    peer: ProcessId,
    answer: Option<Result<Rc<dyn Message>, CallError>>,
    waker: Option<Waker>,
}

/// The mailboxes and the open calls of one life of a process.
#[derive(Default)]
pub(crate) struct Ports {
    mailboxes: Vec<(PortNumber, Mailbox)>,
    calls: BTreeMap<u64, Call>,
    next_call: u64,
}

impl Ports {
    pub(crate) fn is_bound(&self, port: PortNumber) -> bool {
        self.mailboxes.iter().any(|(number, _)| *number == port)
    }

    fn mailbox(&mut self, port: PortNumber) -> Option<&mut Mailbox> {
        self.mailboxes.iter_mut().find(|(number, _)| *number == port).map(|(_, mailbox)| mailbox)
    }

    pub(crate) fn put(
        &mut self,
        port: PortNumber,
        from: Address,
        incarnation: Incarnation,
        payload: Rc<dyn Message>,
        call: Option<u64>,
    ) {
        if let Some(mailbox) = self.mailbox(port) {
            mailbox.push(Raw::Message { from, incarnation, payload, call });
        }
    }

    pub(crate) fn answer(&mut self, call: u64, answer: Result<Rc<dyn Message>, CallError>) {
        if let Some(call) = self.calls.get_mut(&call)
            && call.answer.is_none()
        {
            call.answer = Some(answer);
            if let Some(waker) = call.waker.take() {
                waker.wake();
            }
        }
    }

    pub(crate) fn connection_ended(&mut self, peer: ProcessId, error: CallError) {
        let waiting: Vec<u64> =
            self.calls.iter().filter(|(_, call)| call.peer == peer).map(|(number, _)| *number).collect();
        for call in waiting {
            self.answer(call, Err(error));
        }
        for (_, mailbox) in &mut self.mailboxes {
            mailbox.push(Raw::Closed(peer, error));
        }
    }
}

impl Mailbox {
    fn push(&mut self, raw: Raw) {
        self.queue.push_back(raw);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// A mailbox of this life of a process, for messages of type `M`.
pub struct Port<M> {
    process: Process,
    number: PortNumber,
    kind: PhantomData<fn() -> M>,
}

impl<M> Clone for Port<M> {
    fn clone(&self) -> Self {
        Port { process: self.process.clone(), number: self.number, kind: PhantomData }
    }
}

impl Process {
    /// Begins to listen on a port. Before that, whoever sends to it is refused.
    pub fn bind<M: Message + Clone>(&self, number: PortNumber) -> Port<M> {
        self.world.with_process(self.id, |state| {
            if state.incarnation == self.incarnation && !state.ports.is_bound(number) {
                state.ports.mailboxes.push((number, Mailbox::default()));
            }
        });
        Port { process: self.clone(), number, kind: PhantomData }
    }

    /// Sends a message on the connection to that process, opening it if there is none.
    ///
    /// # Errors
    /// [`Broken`] once after the connection was reset: the message was not sent, the next send opens a new connection.
    pub fn send(&self, to: Address, message: impl Message) -> Result<(), Broken> {
        self.send_from(Address::of(self.id), to, message)
    }

    fn send_from(&self, from: Address, to: Address, message: impl Message) -> Result<(), Broken> {
        let body = Body::Message { payload: Rc::new(message), call: None, reply_to: None };
        self.world.transmit(from, self.incarnation, to, body, false)
    }

    /// Sends a datagram: it may be lost, doubled or overtaken.
    pub fn send_datagram(&self, to: Address, message: impl Message) {
        let body = Body::Message { payload: Rc::new(message), call: None, reply_to: None };
        // A datagram has no connection that could be broken.
        let _ = self.world.transmit(Address::of(self.id), self.incarnation, to, body, true);
    }

    /// Sends a request and waits for its answer, for at most `limit` on the host's clock.
    ///
    /// # Errors
    /// [`CallError`] says whether nobody listened, the other died, or the time was over.
    pub async fn call<R: Message + Clone>(
        &self,
        to: Address,
        request: impl Message,
        limit: Duration,
    ) -> Result<R, CallError> {
        let number = self.world.with_process(self.id, |state| {
            let number = state.ports.next_call;
            state.ports.next_call += 1;
            state.ports.calls.insert(number, Call { peer: to.process, answer: None, waker: None });
            number
        });
        let _open = OpenCall { process: self, number };
        let body = Body::Message { payload: Rc::new(request), call: Some(number), reply_to: None };
        self.world
            .transmit(Address::of(self.id), self.incarnation, to, body, false)
            .map_err(|Broken| CallError::Reset)?;
        let answer = poll_fn(|cx| {
            self.world.with_process(self.id, |state| match state.ports.calls.get_mut(&number) {
                Some(call) => match call.answer.take() {
                    Some(answer) => Poll::Ready(answer),
                    None => {
                        call.waker = Some(cx.waker().clone());
                        Poll::Pending
                    }
                },
                None => Poll::Ready(Err(CallError::Reset)),
            })
        });
        match first_of(answer, self.sleep(limit)).await {
            Ok(answer) => answer.map(unwrap_payload),
            Err(_) => Err(CallError::TimedOut),
        }
    }

    /// Gives up the connection with a process, as a program does that has not heard from the other for too long. What
    /// is on its way is lost, and the next message opens a new connection, past any retransmission of the old one.
    pub fn disconnect(&self, peer: ProcessId) {
        self.world.disconnect(self.id, peer);
    }

    /// Answers a call, from whichever task of the process.
    pub fn reply(&self, call: CallId, answer: impl Message) {
        let body =
            Body::Message { payload: Rc::new(answer), call: None, reply_to: Some((call.number, call.incarnation)) };
        // If the connection is gone the caller has noticed by itself.
        let _ = self.world.transmit(Address::of(self.id), self.incarnation, call.from, body, false);
    }
}

/// Forgets a call when its caller no longer waits for it.
struct OpenCall<'a> {
    process: &'a Process,
    number: u64,
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        if let Ok(mut processes) = self.process.world.inner.processes.try_borrow_mut() {
            let state = &mut processes[usize::from(self.process.id.0)];
            if state.incarnation == self.process.incarnation {
                state.ports.calls.remove(&self.number);
            }
        }
    }
}

impl<M: Message + Clone> Port<M> {
    /// The address others send to.
    pub fn address(&self) -> Address {
        Address::new(self.process.id, self.number)
    }

    /// The next message; ends of connections are passed over.
    pub async fn recv(&self) -> Incoming<M> {
        loop {
            if let Delivery::Message(incoming) = self.recv_any().await {
                return incoming;
            }
        }
    }

    /// The next message or end of a connection.
    pub async fn recv_any(&self) -> Delivery<M> {
        let raw = poll_fn(|cx| {
            self.process.world.with_process(self.process.id, |state| {
                let Some(mailbox) = state.ports.mailbox(self.number) else { return Poll::Pending };
                match mailbox.queue.pop_front() {
                    Some(raw) => Poll::Ready(raw),
                    None => {
                        mailbox.waker = Some(cx.waker().clone());
                        Poll::Pending
                    }
                }
            })
        })
        .await;
        match raw {
            Raw::Closed(peer, error) => Delivery::Closed(peer, error),
            Raw::Message { from, incarnation, payload, call } => Delivery::Message(Incoming {
                from,
                incarnation,
                message: unwrap_payload(payload),
                call: call.map(|number| CallId { number, from, incarnation }),
            }),
        }
    }

    /// Sends a message on the connection to that process; the receiver can send back to this port.
    ///
    /// # Errors
    /// See [`Process::send`].
    pub fn send(&self, to: Address, message: impl Message) -> Result<(), Broken> {
        self.process.send_from(self.address(), to, message)
    }

    /// Answers a call; does nothing for a message that was no call.
    pub fn reply(&self, incoming: &Incoming<M>, answer: impl Message) {
        if let Some(call) = incoming.call {
            self.process.reply(call, answer);
        }
    }
}

fn unwrap_payload<M: Message + Clone>(payload: Rc<dyn Message>) -> M {
    let printed = std::any::type_name::<M>();
    let payload: Rc<dyn Any> = payload;
    match payload.downcast::<M>() {
        Ok(message) => Rc::try_unwrap(message).unwrap_or_else(|shared| (*shared).clone()),
        Err(_) => panic!("a message of another type than {printed} reached a port that takes only that"),
    }
}
