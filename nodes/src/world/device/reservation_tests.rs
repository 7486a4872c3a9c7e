//! The conflict rules as a table, and the fence as clusters use it.

use super::ReservationCommand::*;
use super::ReservationType::*;
use super::*;

const KINDS: [ReservationType; 6] = [
    WriteExclusive,
    ExclusiveAccess,
    WriteExclusiveRegistrantsOnly,
    ExclusiveAccessRegistrantsOnly,
    WriteExclusiveAllRegistrants,
    ExclusiveAccessAllRegistrants,
];

/// Hosts 1 and 2 registered with keys 11 and 22, host 1 holding a reservation; host 3 a stranger.
fn table(kind: ReservationType) -> Reservations {
    let mut table = Reservations::default();
    for (host, new_key) in [(1, 11), (2, 22)] {
        table.execute(host, Register { current_key: 0, new_key }).unwrap();
    }
    table.execute(1, Reserve { key: 11, kind }).unwrap();
    table
}

fn conflict<T>() -> Result<T, IoError> {
    Err(IoError::ReservationConflict)
}

#[test]
fn who_may_read_and_write_under_each_type() {
    // For each type: (read, write) for the holder, a registrant and a stranger.
    let (yes, no) = (true, false);
    let expected = [
        (WriteExclusive, [(yes, yes), (yes, no), (yes, no)]),
        (ExclusiveAccess, [(yes, yes), (no, no), (no, no)]),
        (WriteExclusiveRegistrantsOnly, [(yes, yes), (yes, yes), (yes, no)]),
        (ExclusiveAccessRegistrantsOnly, [(yes, yes), (yes, yes), (no, no)]),
        (WriteExclusiveAllRegistrants, [(yes, yes), (yes, yes), (yes, no)]),
        (ExclusiveAccessAllRegistrants, [(yes, yes), (yes, yes), (no, no)]),
    ];
    for (kind, rights) in expected {
        let table = table(kind);
        let found = [1, 2, 3].map(|host| (table.allows(host, Access::Read), table.allows(host, Access::Write)));
        assert_eq!(found, rights, "{kind:?}");
    }
}

#[test]
fn registrations_alone_forbid_nothing() {
    let mut table = Reservations::default();
    table.execute(1, Register { current_key: 0, new_key: 11 }).unwrap();
    assert!(table.allows(3, Access::Write));
}

#[test]
fn a_key_is_changed_only_by_one_who_knows_it() {
    let mut table = table(WriteExclusiveRegistrantsOnly);
    assert_eq!(table.execute(1, Register { current_key: 99, new_key: 12 }), conflict());
    assert_eq!(table.execute(3, Register { current_key: 99, new_key: 33 }), conflict());
    assert_eq!(table.execute(1, Register { current_key: 0, new_key: 12 }), conflict());
    assert!(table.execute(1, Register { current_key: 11, new_key: 12 }).is_ok());
    assert_eq!(table.key_of(1), Some(12));
    assert!(table.execute(1, RegisterAndIgnore { new_key: 13 }).is_ok());
    assert_eq!(table.key_of(1), Some(13));
    assert!(table.held().is_some(), "a new key keeps the reservation");
}

#[test]
fn every_command_but_registering_needs_the_hosts_own_key() {
    for kind in KINDS {
        let commands = |key| {
            [
                Reserve { key, kind },
                Release { key, kind },
                Preempt { key, victim_key: 11, kind },
                PreemptAndAbort { key, victim_key: 11, kind },
                Clear { key },
                Unregister { current_key: key },
            ]
        };
        for (host, key) in [(3, 0), (3, 11), (2, 11), (2, 0)] {
            for command in commands(key) {
                let mut table = table(kind);
                let before = table.clone();
                assert_eq!(table.execute(host, command), conflict(), "{command:?} by host {host}");
                assert_eq!(table, before, "a refused command changes nothing");
            }
        }
    }
}

#[test]
fn a_second_reservation_conflicts_and_the_same_one_again_does_not() {
    let mut table = table(WriteExclusiveRegistrantsOnly);
    assert!(table.execute(1, Reserve { key: 11, kind: WriteExclusiveRegistrantsOnly }).is_ok());
    assert_eq!(table.execute(1, Reserve { key: 11, kind: WriteExclusive }), conflict());
    assert_eq!(table.execute(2, Reserve { key: 22, kind: WriteExclusiveRegistrantsOnly }), conflict());
    let mut shared = self::table(WriteExclusiveAllRegistrants);
    assert!(shared.execute(2, Reserve { key: 22, kind: WriteExclusiveAllRegistrants }).is_ok());
}

#[test]
fn release_is_for_the_holder_and_the_same_type() {
    let mut table = table(WriteExclusiveRegistrantsOnly);
    let wrong = Release { key: 11, kind: WriteExclusive };
    assert_eq!(table.execute(1, wrong), Err(IoError::InvalidCommand));
    assert!(table.execute(2, Release { key: 22, kind: WriteExclusiveRegistrantsOnly }).is_ok());
    assert!(table.held().is_some(), "releasing what one does not hold changes nothing");
    assert!(table.execute(1, Release { key: 11, kind: WriteExclusiveRegistrantsOnly }).is_ok());
    assert_eq!(table.held(), None);
    assert_eq!(table.registrations().len(), 2);
}

#[test]
fn preempting_the_holder_takes_the_reservation_over() {
    let mut table = table(WriteExclusiveRegistrantsOnly);
    let kind = WriteExclusiveRegistrantsOnly;
    let effect = table.execute(2, PreemptAndAbort { key: 22, victim_key: 11, kind }).unwrap();
    assert_eq!(effect, Effect { removed: vec![1], abort: true });
    assert_eq!(table.held().unwrap().holder, Some(Registration { host: 2, key: 22 }));
    assert!(!table.allows(1, Access::Write));
    // The loser of the race comes second, is no longer registered, and is refused.
    assert_eq!(table.execute(1, PreemptAndAbort { key: 11, victim_key: 22, kind }), conflict());
}

#[test]
fn plain_preempt_aborts_nothing() {
    let kind = WriteExclusiveRegistrantsOnly;
    let effect = table(kind).execute(2, Preempt { key: 22, victim_key: 11, kind }).unwrap();
    assert_eq!(effect, Effect { removed: vec![1], abort: false });
}

#[test]
fn preempting_a_registrant_leaves_the_reservation_with_its_holder() {
    let mut table = table(WriteExclusiveRegistrantsOnly);
    let kind = WriteExclusiveRegistrantsOnly;
    assert!(table.execute(1, Preempt { key: 11, victim_key: 22, kind }).is_ok());
    assert_eq!(table.held().unwrap().holder, Some(Registration { host: 1, key: 11 }));
    assert!(!table.allows(2, Access::Write));
    assert_eq!(table.execute(1, Preempt { key: 11, victim_key: 22, kind }), conflict(), "no such key any more");
    assert_eq!(table.execute(1, Preempt { key: 11, victim_key: 0, kind }), Err(IoError::InvalidCommand));
}

#[test]
fn preempting_key_zero_of_all_registrants_removes_every_other_one() {
    let mut table = table(WriteExclusiveAllRegistrants);
    let kind = WriteExclusiveRegistrantsOnly;
    let effect = table.execute(2, PreemptAndAbort { key: 22, victim_key: 0, kind }).unwrap();
    assert_eq!(effect.removed, [1]);
    assert_eq!(table.held(), Some(ReservationHeld { holder: Some(Registration { host: 2, key: 22 }), kind }));
}

#[test]
fn the_reservation_goes_with_its_holder() {
    for (kind, gone) in [(WriteExclusiveRegistrantsOnly, true), (WriteExclusiveAllRegistrants, false)] {
        let mut table = table(kind);
        assert!(table.execute(1, Unregister { current_key: 11 }).is_ok());
        assert_eq!(table.held().is_none(), gone, "{kind:?}");
        assert!(table.execute(2, Register { current_key: 22, new_key: 0 }).is_ok());
        assert_eq!(table.held(), None, "the last registrant is gone");
    }
}

#[test]
fn clear_removes_everything() {
    let mut table = table(WriteExclusiveRegistrantsOnly);
    assert!(table.execute(2, Clear { key: 22 }).is_ok());
    assert_eq!((table.held(), table.registrations()), (None, vec![]));
    assert!(table.allows(3, Access::Write));
}

#[test]
fn the_generation_rises_with_registrations_only() {
    let mut table = table(WriteExclusiveRegistrantsOnly);
    let kind = WriteExclusiveRegistrantsOnly;
    assert_eq!(table.generation(), 2);
    table.execute(1, Release { key: 11, kind }).unwrap();
    table.execute(1, Reserve { key: 11, kind }).unwrap();
    table.execute(1, ReadKeys).unwrap();
    assert_eq!(table.generation(), 2);
    table.execute(1, Preempt { key: 11, victim_key: 22, kind }).unwrap();
    assert_eq!(table.generation(), 3);
    table.execute(1, Clear { key: 11 }).unwrap();
    assert_eq!(table.generation(), 4);
}
