//! The world as its users see it: order, connections, power, pauses, cancellation.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use nodes::fields;
use nodes::world::executor::{Ending, Limits};
use nodes::world::network::{Effect, PriorityOptions, Rule};
use nodes::world::port::{Address, PortNumber};
use nodes::world::process::{Process, Status};
use nodes::world::streams::Seed;
use nodes::world::time::Instant;
use nodes::world::trace::{Keep, Place, ProcessId, Trace};
use nodes::world::{World, WorldOptions};

const ECHO: PortNumber = PortNumber(1);

#[derive(Clone, Debug, Hash, PartialEq)]
struct Ping(u64);

async fn echo(process: Process) -> i32 {
    let port = process.bind::<Ping>(ECHO);
    loop {
        let incoming = port.recv().await;
        let answer = Ping(incoming.message.0 + 1);
        port.reply(&incoming, answer);
    }
}

fn world(seed: u64) -> World {
    World::new(WorldOptions {
        seed: Seed(seed),
        keep: Keep { detail: true, prefix_hashes: true },
        ..Default::default()
    })
}

fn limits(seconds: u64) -> Limits {
    Limits { time: Instant::START + Duration::from_secs(seconds), ..Default::default() }
}

type Log = Rc<RefCell<Vec<String>>>;

/// A client on `a` that calls the echo server on `b` each `every`, and writes down what it got and when.
fn client_and_server(world: &World, every: Duration, limit: Duration) -> (ProcessId, ProcessId, Log) {
    let log = Log::default();
    let (a, b) = (world.add_host("a"), world.add_host("b"));
    let server = world.add_process(b, "server", echo);
    let written = log.clone();
    let client = world.add_process(a, "client", move |process| {
        let log = written.clone();
        async move {
            for number in 0.. {
                let answer = process.call::<Ping>(Address::new(server, ECHO), Ping(number), limit).await;
                let at = process.monotonic().as_millis();
                log.borrow_mut().push(match answer {
                    Ok(Ping(n)) => format!("{n} at {at}"),
                    Err(error) => format!("{error} at {at}"),
                });
                process.announce("answered", fields! { number: number });
                process.sleep(every).await;
            }
            0
        }
    });
    (client, server, log)
}

fn run_pair(seconds: u64, script: impl AsyncFnOnce(World, ProcessId, ProcessId) + 'static) -> (Vec<String>, Trace) {
    let world = world(7);
    let out = Rc::new(RefCell::new(None));
    let kept = out.clone();
    world.run(limits(seconds), move |world| {
        let (client, server, log) = client_and_server(world, Duration::from_secs(1), Duration::from_secs(5));
        world.start(server);
        world.start(client);
        *kept.borrow_mut() = Some(log);
        let scripted = world.clone();
        world.spawn_outside(async move { script(scripted, client, server).await });
    });
    let log = out.borrow().as_ref().map(|log| log.borrow().clone()).unwrap_or_default();
    (log, world.take_trace())
}

async fn wait(world: &World, seconds: u64) {
    world.sleep_until(Instant::START + Duration::from_secs(seconds)).await;
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let hash = |seed| {
        let world = world(seed);
        world.run(limits(60), |world| {
            let (client, server, _) = client_and_server(world, Duration::from_millis(10), Duration::from_secs(5));
            world.start(server);
            world.start(client);
        });
        world.take_trace().hash()
    };
    assert_eq!(hash(1), hash(1));
    assert_ne!(hash(1), hash(2));
    let on_another_thread = std::thread::scope(|scope| scope.spawn(|| hash(1)).join().ok());
    assert_eq!(on_another_thread, Some(hash(1)));
}

#[test]
fn calls_are_answered() {
    let (log, _) = run_pair(3, async |_, _, _| {});
    assert_eq!(log.len(), 3);
    assert!(log[0].starts_with("1 at 0"), "{log:?}");
}

#[test]
fn a_killed_process_resets_at_once_and_refuses_until_it_runs_again() {
    let (log, _) = run_pair(10, async |world, _, server| {
        wait(&world, 1).await;
        // The client's second call comes just after one second: let it arrive, then kill before the answer.
        world.pause(server);
        wait(&world, 3).await;
        world.kill(server);
        wait(&world, 6).await;
        world.start(server);
    });
    assert!(log[1].starts_with("connection reset by peer at 300"), "{log:?}");
    assert!(log[2].starts_with("connection refused at 400"), "{log:?}");
    assert!(log.last().is_some_and(|last| !last.contains("refused")), "{log:?}");
}

#[test]
fn a_host_without_power_is_silent() {
    let (log, _) = run_pair(10, async |world, _, server| {
        wait(&world, 1).await;
        world.lose_power(world.host_of(server));
    });
    assert!(log[1].starts_with("timed out at 600"), "{log:?}");
}

#[test]
fn a_paused_process_accepts_and_answers_when_it_goes_on() {
    let (log, _) = run_pair(10, async |world, _, server| {
        wait(&world, 1).await;
        world.pause(server);
        wait(&world, 4).await;
        world.resume(server);
    });
    assert!(log[1].starts_with("2 at 400"), "{log:?}");
}

#[test]
fn a_message_sent_into_a_cut_comes_with_a_retransmission_after_it_heals() {
    let (log, _) = run_pair(10, async |world, client, server| {
        wait(&world, 1).await;
        let rule = world.add_rule(Rule {
            from: vec![world.host_of(client).into()],
            to: vec![world.host_of(server).into()],
            message: None,
            effect: Effect::Cut,
        });
        wait(&world, 3).await;
        assert!(world.remove_rule(rule) > 0);
    });
    // Sent just after 1 s; retransmissions 0.2, 0.6, 1.4, 3.0 s later: the first after 3 s is at about 4 s.
    assert!(log[1].starts_with("2 at 400"), "{log:?}");
}

#[test]
fn a_connection_into_a_cut_is_given_up_after_the_user_timeout() {
    let world = world(3);
    let seen = Rc::new(RefCell::new(Vec::new()));
    let written = seen.clone();
    world.run(limits(60), move |world| {
        world.set_tcp_user_timeout(Duration::from_secs(10));
        let (a, b) = (world.add_host("a"), world.add_host("b"));
        let server = world.add_process(b, "server", echo);
        let client = world.add_process(a, "client", move |process| {
            let written = written.clone();
            async move {
                let to = Address::new(server, ECHO);
                loop {
                    let sent = process.send(to, Ping(0)).is_ok();
                    written.borrow_mut().push((process.monotonic().as_millis() / 1000, sent));
                    process.sleep(Duration::from_secs(1)).await;
                }
            }
        });
        world.start(server);
        world.start(client);
        world.add_rule(Rule { from: vec![], to: vec![], message: None, effect: Effect::Cut });
    });
    let broken: Vec<u64> = seen.borrow().iter().filter(|(_, sent)| !sent).map(|(at, _)| *at).collect();
    assert!(!broken.is_empty() && (10..20).contains(&broken[0]), "{broken:?}");
}

#[test]
fn datagrams_are_lost_doubled_and_reordered_as_told() {
    let received = |effect| {
        let world = world(5);
        let numbers = Rc::new(RefCell::new(Vec::new()));
        let written = numbers.clone();
        world.run(limits(60), move |world| {
            let (a, b) = (world.add_host("a"), world.add_host("b"));
            let server = world.add_process(b, "server", move |process| {
                let written = written.clone();
                async move {
                    let port = process.bind::<Ping>(ECHO);
                    loop {
                        let number = port.recv().await.message.0;
                        written.borrow_mut().push(number);
                    }
                }
            });
            let client = world.add_process(a, "client", move |process| async move {
                for number in 0..1000 {
                    process.send_datagram(Address::new(server, ECHO), Ping(number));
                    process.sleep(Duration::from_millis(20)).await;
                }
                0
            });
            world.start(server);
            world.start(client);
            if let Some(effect) = effect {
                world.add_rule(Rule { from: vec![a.into()], to: vec![b.into()], message: None, effect });
            }
        });
        numbers.take()
    };
    let plain = received(None);
    assert_eq!(plain, (0..1000).collect::<Vec<_>>());
    let dropped = received(Some(Effect::Drop((1, 10))));
    assert!((850..950).contains(&dropped.len()), "{}", dropped.len());
    let doubled = received(Some(Effect::Duplicate((1, 10))));
    assert!((1050..1150).contains(&doubled.len()), "{}", doubled.len());
    let late = nodes::world::latency::Latency::fixed(Duration::from_millis(50));
    let reordered = received(Some(Effect::Reorder((1, 10), late)));
    assert_eq!(reordered.len(), 1000);
    assert!(!reordered.is_sorted());
}

#[test]
fn a_rule_that_never_bites_changes_nothing() {
    let events = |with_rule: bool| {
        let world = world(9);
        world.run(limits(20), |world| {
            let (client, server, _) = client_and_server(world, Duration::from_millis(7), Duration::from_secs(5));
            let c = world.add_host("c");
            world.start(server);
            world.start(client);
            if with_rule {
                let scripted = world.clone();
                world.spawn_outside(async move {
                    wait(&scripted, 3).await;
                    let rule = scripted.add_rule(Rule {
                        from: vec![c.into()],
                        to: vec![],
                        message: None,
                        effect: Effect::Cut,
                    });
                    wait(&scripted, 6).await;
                    assert_eq!(scripted.remove_rule(rule), 0);
                });
            }
        });
        world.take_trace()
    };
    let (with, without) = (events(true), events(false));
    assert!(with.count() > 5_000);
    assert_eq!(with.events(), without.events());
}

#[test]
fn a_restart_is_a_new_incarnation_and_kills_the_tasks_of_the_old_one() {
    let world = world(1);
    let lives = Rc::new(RefCell::new(Vec::new()));
    let written = lives.clone();
    let ending = world.run(limits(10), move |world| {
        let host = world.add_host("a");
        let process = world.add_process(host, "p", move |process| {
            let written = written.clone();
            async move {
                let inner = process.clone();
                process.spawn(async move {
                    loop {
                        inner.sleep(Duration::from_secs(1)).await;
                        written.borrow_mut().push(inner.incarnation().0);
                    }
                });
                process.sleep(Duration::from_secs(100)).await;
                0
            }
        });
        world.start(process);
        let scripted = world.clone();
        world.spawn_outside(async move {
            scripted.sleep_until(Instant(3_500_000_000)).await;
            assert!(scripted.kill(process));
            assert_eq!(scripted.status(process), Status::Killed);
            assert!(scripted.start(process));
            assert!(!scripted.start(process));
        });
    });
    assert_eq!(ending, Ending::TimeLimit);
    assert_eq!(*lives.borrow(), [1, 1, 1, 2, 2, 2, 2, 2, 2]);
}

#[test]
fn an_exit_code_is_seen_by_whoever_waits() {
    let world = world(1);
    let seen = Rc::new(RefCell::new(None));
    let written = seen.clone();
    world.run(limits(10), move |world| {
        let host = world.add_host("a");
        let child = world.add_process(host, "child", |process| async move {
            process.sleep(Duration::from_secs(2)).await;
            process.exit(7).await;
            0
        });
        let parent = world.add_process(host, "parent", move |process| {
            let written = written.clone();
            async move {
                process.start_local(child);
                let status = process.local_exit(child).await;
                *written.borrow_mut() = Some((status, process.monotonic().as_millis()));
                0
            }
        });
        world.start(parent);
    });
    assert_eq!(*seen.borrow(), Some((Status::Exited(7), 2_000)));
}

#[test]
fn a_watcher_hears_the_nth_announcement_of_its_host_only() {
    let (_, trace) = run_pair(10, async |world, client, server| {
        let elsewhere = world.host_of(server);
        let heard = world.announced(Some(world.host_of(client)), "answered", 3).await;
        assert_eq!(heard.fields, fields! { number: 2 });
        world.announce(Place::Outside, "heard", vec![]);
        world.announced(Some(elsewhere), "answered", 1).await;
        world.announce(Place::Outside, "never", vec![]);
    });
    assert_eq!(trace.announced("heard").count(), 1);
    assert_eq!(trace.announced("never").count(), 0);
}

#[test]
fn runs_leave_no_tasks_behind() {
    for _ in 0..200 {
        let world = world(1);
        world.run(limits(1), |world| {
            let (client, server, _) = client_and_server(world, Duration::from_millis(1), Duration::from_secs(5));
            world.start(server);
            world.start(client);
        });
        assert_eq!(world.tasks_alive(), 0);
        assert_eq!(world.handles(), 1, "somebody still holds the world");
    }
}

/// A future that is woken again each time it is asked.
async fn spin() {
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        std::task::Poll::<()>::Pending
    })
    .await
}

#[test]
fn a_task_that_lets_no_time_pass_ends_the_run() {
    let ending = world(1).run(Limits { events: 10_000, ..limits(10) }, |world| world.spawn_outside(spin()));
    assert_eq!(ending, Ending::EventLimit);
    let ending = world(1).run(Limits { interrupted: || true, ..limits(10) }, |world| world.spawn_outside(spin()));
    assert_eq!(ending, Ending::Interrupted, "a person can end it too");
}

#[test]
fn a_slow_process_takes_its_time_for_each_turn() {
    let (log, _) = run_pair(10, async |world, _, server| {
        wait(&world, 1).await;
        world.slow(server, Some(Duration::from_millis(700)));
    });
    let answered: u64 = log[2].rsplit(' ').next().and_then(|at| at.parse().ok()).unwrap_or(0);
    assert!(answered >= 2_000, "{log:?}");
}

#[test]
fn what_happens_to_a_process_can_be_waited_for() {
    let (_, trace) = run_pair(10, async |world, _, server| {
        let gone = world.clone();
        world.spawn_outside(async move {
            let heard = gone.announced(Some(gone.host_of(server)), "process.killed", 1).await;
            gone.announce(heard.place, "seen", vec![]);
        });
        wait(&world, 3).await;
        world.kill(server);
    });
    let seen: Vec<u64> = trace.announced("seen").map(|(event, _)| event.at.as_millis()).collect();
    assert_eq!(seen, [3_000]);
}

#[test]
fn a_rule_about_a_process_leaves_its_host_alone() {
    let (log, _) = run_pair(10, async |world, client, server| {
        wait(&world, 1).await;
        let bystander = world.add_process(world.host_of(client), "bystander", echo);
        let cut = |process: ProcessId| Rule {
            from: vec![process.into()],
            to: vec![world.host_of(server).into()],
            message: None,
            effect: Effect::Cut,
        };
        let idle = world.add_rule(cut(bystander));
        wait(&world, 4).await;
        assert_eq!(world.rule_hits(idle), 0);
        world.add_rule(cut(client));
    });
    assert!(log[3].starts_with("4 at 300"), "{log:?}");
    assert!(log[4].starts_with("timed out"), "{log:?}");
}

/// What a server on `b` received over one connection from a client on `a` that sent 300 numbered messages, and when each came.
fn over_a_connection(rules: Vec<Effect>, every: Duration) -> Vec<(u64, u128)> {
    let world = world(6);
    let received = Rc::new(RefCell::new(Vec::new()));
    let written = received.clone();
    world.run(limits(600), move |world| {
        let (a, b) = (world.add_host("a"), world.add_host("b"));
        let server = world.add_process(b, "server", move |process| {
            let written = written.clone();
            async move {
                let port = process.bind::<Ping>(ECHO);
                loop {
                    let Ping(number) = port.recv().await.message;
                    written.borrow_mut().push((number, process.monotonic().as_millis().into()));
                }
            }
        });
        let client = world.add_process(a, "client", move |process| async move {
            for number in 0..300 {
                process.send(Address::new(server, ECHO), Ping(number)).expect("a connection that holds");
                process.sleep(every).await;
            }
            // A process that ends resets its connections, with all that is still on the way.
            process.sleep(Duration::from_secs(300)).await;
            0
        });
        world.start(server);
        world.start(client);
        for effect in rules {
            world.add_rule(Rule { from: vec![a.into()], to: vec![b.into()], message: None, effect });
        }
    });
    received.take()
}

#[test]
fn on_a_connection_everything_arrives_once_and_in_order_whatever_the_weather() {
    let late = nodes::world::latency::Latency::even(Duration::from_millis(1), Duration::from_millis(80));
    let weather =
        vec![Effect::Drop((1, 5)), Effect::Duplicate((1, 3)), Effect::Reorder((1, 3), late), Effect::Delay(late)];
    let received = over_a_connection(weather, Duration::from_millis(5));
    let numbers: Vec<u64> = received.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (0..300).collect::<Vec<_>>());
    assert!(received.is_sorted_by_key(|(_, at)| *at));
    // What was lost comes a retransmission later, and holds up what was sent behind it.
    let quiet = over_a_connection(Vec::new(), Duration::from_millis(5));
    assert!(received[299].1 > quiet[299].1 + 100, "{} {}", received[299].1, quiet[299].1);
}

#[test]
fn a_narrow_link_makes_messages_wait_for_one_another() {
    let last = |effects| over_a_connection(effects, Duration::from_millis(1)).last().map_or(0, |(_, at)| *at);
    let (wide, narrow, narrower) =
        (last(vec![]), last(vec![Effect::Bandwidth(8_000)]), last(vec![Effect::Bandwidth(4_000)]));
    // 300 messages of a few dozen bytes in 0.3 s are more than the link carries, so the last one has all others before it.
    assert!(wide < 400, "{wide}");
    assert!(narrow > wide + 500, "{narrow}");
    let ratio = (narrower * 100) / narrow;
    assert!((180..220).contains(&ratio), "half the bandwidth takes twice as long: {narrow} {narrower}");
}

#[test]
fn messages_of_the_lowest_priority_arrive_later() {
    let answered = |bound: Option<Duration>| {
        let (_, trace) = run_pair(20, async move |world: World, _, _| {
            if let Some(bound) = bound {
                let effect = Effect::Priorities(PriorityOptions { depth: 1, messages: 1, bound });
                world.add_rule(Rule { from: vec![], to: vec![], message: None, effect });
            }
        });
        trace.announced("answered").count()
    };
    // A call each second; one of the two that talk is the lowest, whose messages take a second then.
    let (free, held_up) = (answered(None), answered(Some(Duration::from_secs(1))));
    assert!(free >= 19 && (9..=11).contains(&held_up), "{free} {held_up}");
}

#[test]
fn a_cut_of_one_direction_leaves_the_other() {
    let world = world(8);
    let arrived = Rc::new(RefCell::new((0, 0)));
    let counted = arrived.clone();
    world.run(limits(10), move |world| {
        let (a, b) = (world.add_host("a"), world.add_host("b"));
        let listener = |host, of_a: bool| {
            let counted = counted.clone();
            world.add_process(host, "listener", move |process| {
                let counted = counted.clone();
                async move {
                    let port = process.bind::<Ping>(ECHO);
                    loop {
                        port.recv().await;
                        let mut counted = counted.borrow_mut();
                        if of_a { counted.0 += 1 } else { counted.1 += 1 }
                    }
                }
            })
        };
        let (on_a, on_b) = (listener(a, true), listener(b, false));
        let talk = move |to: ProcessId| {
            move |process: Process| async move {
                for number in 0..50 {
                    process.send_datagram(Address::new(to, ECHO), Ping(number));
                    process.sleep(Duration::from_millis(20)).await;
                }
                0
            }
        };
        let (from_a, from_b) = (world.add_process(a, "talker", talk(on_b)), world.add_process(b, "talker", talk(on_a)));
        for process in [on_a, on_b, from_a, from_b] {
            world.start(process);
        }
        world.add_rule(Rule { from: vec![a.into()], to: vec![b.into()], message: None, effect: Effect::Cut });
    });
    assert_eq!(*arrived.borrow(), (50, 0), "b is heard and a is not");
}
