//! Crash states: which there are, in which order they come, and what a restored device is like.

use super::*;

fn image_of(state: &CrashState, count: u64) -> Vec<u8> {
    Driver::bytes_of(&Device::restore(state).visible_image(Instant::START), 0, count)
}

/// Two overlapping writes in the cache, w1 to sectors 0 and 1, w2 to sectors 1 and 2.
fn overlapping() -> Driver {
    let mut driver = Driver::new(options());
    driver.call(1, write(0, &[1, 1])).unwrap();
    driver.call(1, write(1, &[2, 2])).unwrap();
    driver
}

#[test]
fn below_the_budget_every_choice_is_there_once() {
    let mut driver = overlapping();
    let mut states = driver.device.crash_states(driver.now, 4096, Garbage::None);
    assert_eq!((states.total(), states.is_exhaustive()), (Some(12), true));
    let images: Vec<Vec<u8>> = states.by_ref().map(|state| image_of(&state, 3)).collect();
    let different: BTreeSet<_> = images.iter().cloned().collect();
    let expected: BTreeSet<Vec<u8>> = [0, 1]
        .into_iter()
        .flat_map(|a| [0, 1, 2].into_iter().flat_map(move |b| [0, 2].map(|c| vec![a, b, c])))
        .collect();
    assert_eq!((images.len(), different), (12, expected));
    assert_eq!((states.tried(), states.duplicates()), (12, 0));
}

#[test]
fn choices_that_give_the_same_bytes_are_one_state() {
    let mut driver = Driver::new(options());
    for _ in 0..3 {
        driver.call(1, write(0, &[1, 0])).unwrap();
    }
    let mut states = driver.device.crash_states(driver.now, 4096, Garbage::None);
    assert_eq!(states.total(), Some(16));
    assert_eq!(states.by_ref().count(), 2, "the second sector holds zeros either way");
    assert_eq!(states.duplicates(), 14);
}

#[test]
fn what_is_on_the_way_counts_and_may_be_unreadable() {
    let mut driver = Driver::new(options());
    driver.submit(1, write(0, &[1]));
    let mut count = |garbage| driver.device.crash_states(at(0), 100, garbage).count();
    assert_eq!((count(Garbage::None), count(Garbage::Unreadable)), (2, 3));
}

#[test]
fn what_a_reservation_would_refuse_does_not_count() {
    let mut driver = Driver::new(options());
    let kind = ReservationType::WriteExclusive;
    for command in [ReservationCommand::RegisterAndIgnore { new_key: 2 }, ReservationCommand::Reserve { key: 2, kind }]
    {
        driver.call(2, Request::Reservation(command)).unwrap();
    }
    driver.submit(1, write(0, &[1]));
    assert_eq!(driver.device.crash_states(driver.now, 100, Garbage::None).count(), 1);
}

#[test]
fn above_the_budget_the_telling_states_come_first() {
    let mut driver = Driver::new(options());
    for number in 0..10 {
        driver.call(1, write(number * 4, &[1; 4])).unwrap();
    }
    let mut states = driver.device.crash_states(driver.now, 200, Garbage::None);
    assert_eq!((states.total(), states.is_exhaustive()), (Some(1 << 40), false));
    let choices: Vec<(Choice, Vec<u8>)> = states.by_ref().map(|state| (state.choice, image_of(&state, 40))).collect();
    assert_eq!(choices.len(), 200);
    assert_eq!((choices[0].0, &choices[0].1), (Choice::Nothing, &vec![0; 40]));
    assert_eq!((choices[1].0, &choices[1].1), (Choice::Everything, &vec![1; 40]));
    let written = |image: &[u8]| image.iter().filter(|byte| **byte == 1).count();
    let mut kinds = BTreeSet::new();
    for (choice, image) in &choices {
        let name = match choice {
            Choice::Nothing | Choice::Everything | Choice::Random => continue,
            Choice::Beginning(length) => {
                assert!(image[..length * 4].iter().all(|byte| *byte == 1) && written(image) == length * 4);
                "beginning"
            }
            Choice::Only(_) => {
                assert_eq!(written(image), 4);
                "only"
            }
            Choice::AllBut(_) => {
                assert_eq!(written(image), 36);
                "all but"
            }
            Choice::FirstSectorMissing(_) | Choice::LastSectorMissing(_) => {
                assert_eq!(written(image), 39);
                let missing = image.iter().position(|byte| *byte == 0).unwrap();
                let first = matches!(choice, Choice::FirstSectorMissing(_));
                assert_eq!(missing % 4, if first { 0 } else { 3 });
                if first { "first" } else { "last" }
            }
            other => panic!("{other:?} was not called for"),
        };
        kinds.insert(name);
    }
    assert_eq!(kinds.len(), 5);
    assert!(choices.iter().any(|(choice, _)| *choice == Choice::Random));
}

#[test]
fn a_state_tells_what_is_left_of_each_write() {
    let mut driver = overlapping();
    for state in driver.device.crash_states(driver.now, 4096, Garbage::None) {
        let image = image_of(&state, 3);
        let survival: Vec<Survival> = state.writes().into_iter().map(|(_, survival)| survival).collect();
        let of = |landed: bool, lost: bool| match (landed, lost) {
            (_, false) => Survival::Whole,
            (true, true) => Survival::Part,
            (false, true) => Survival::Nothing,
        };
        let first = of(image[0] == 1 || image[1] == 1, image[0] == 0 || image[1] == 0);
        let second = of(image[1] == 2 || image[2] == 2, image[1] != 2 || image[2] != 2);
        assert_eq!(survival, [first, second], "{image:?}");
    }
}

#[test]
fn the_hash_of_a_state_is_that_of_its_image() {
    for personality in [Personality::RawVolatileCache, Personality::BatteryArray] {
        let mut driver = Driver::new(DeviceOptions { personality, unwritten: Unwritten::Noise, ..options() });
        driver.call(1, write(0, &[1, 1])).unwrap();
        for host in [1, 2] {
            driver.submit(host, write(1, &[host as u8, 2]));
            driver.submit(host, write(0, &[host as u8]));
        }
        driver.run_until(driver.now + ms(2));
        for state in driver.device.crash_states(driver.now, 1000, Garbage::Unreadable) {
            assert_eq!(Device::restore(&state).visible_image(Instant::START).hash(), state.hash, "{personality:?}");
        }
    }
}

#[test]
fn a_restored_device_works_and_can_be_cut_again() {
    let mut driver = overlapping();
    let states: Vec<CrashState> = driver.device.crash_states(driver.now, 4096, Garbage::None).collect();
    let before = driver.read(0, 3);
    let mut restored = Driver::of(Device::restore(&states[0]));
    assert!(restored.device.journal().entries().is_empty());
    restored.call(1, write(0, &[9])).unwrap();
    assert_eq!(restored.read(0, 3), [9, 0, 0]);
    let nested: BTreeSet<Vec<u8>> =
        restored.device.crash_states(restored.now, 10, Garbage::None).map(|state| image_of(&state, 3)).collect();
    assert_eq!(nested, [vec![0, 0, 0], vec![9, 0, 0]].into());
    assert_eq!(driver.read(0, 3), before, "the device itself goes on");
}

#[test]
fn a_broken_promise_is_known_in_every_state() {
    let mut driver = Driver::new(DeviceOptions { personality: Personality::LyingController, ..options() });
    driver.call(1, write(0, &[1])).unwrap();
    driver.call(1, Request::Flush).unwrap();
    driver.call(1, write(1, &[1])).unwrap();
    for state in driver.device.crash_states(driver.now, 100, Garbage::None) {
        let mut device = Device::restore(&state);
        let image = image_of(&state, 2);
        let pristine = Driver::bytes_of(&device.pristine_image(Instant::START), 0, 2);
        assert_eq!(pristine, [1, image[1]], "what was flushed should be there, the other may be");
        assert_eq!(device.damaged(Instant::START).is_empty(), image[0] == 1);
    }
}

#[test]
fn an_idle_device_has_one_state() {
    let mut driver = Driver::new(options());
    driver.call(1, write_through(0, &[1])).unwrap();
    let states: Vec<CrashState> = driver.device.crash_states(driver.now, 0, Garbage::None).collect();
    assert!(states.is_empty(), "a budget of none is none");
    let states: Vec<CrashState> = driver.device.crash_states(driver.now, 10, Garbage::None).collect();
    assert_eq!(states.len(), 1);
    assert_eq!(image_of(&states[0], 1), [1]);
}

#[test]
fn a_restored_device_goes_on_though_a_flush_had_lied() {
    let mut driver = Driver::new(options());
    for sector in 0..4 {
        driver.call(1, write(sector, &[1])).unwrap();
    }
    driver.arm(Arming::new(DeviceFault::LyingFlush));
    driver.call(1, Request::Flush).unwrap();
    let now = driver.now;
    for state in driver.device.crash_states(now, 100, Garbage::None) {
        let mut restored = Driver { device: Device::restore(&state), ..Driver::new(options()) };
        restored.call(1, write(9, &[2])).unwrap();
        restored.call(1, Request::Flush).unwrap();
        assert_eq!(restored.read(9, 1), [2]);
    }
    let mut rested = Driver { device: driver.device.at_rest(now), ..Driver::new(options()) };
    assert_eq!(rested.read(0, 4), [1, 1, 1, 1]);
}
