//! Bounded mode: the atlas keeps permanent damage where it is allowed.

use super::*;

fn bounded(sectors: SectorRange) -> Driver {
    // Two copies of one chunk on two devices: one of the two may be damaged. Take a seed that chose this one.
    let replicas = ["shared", "other"].map(|device| Replica { device: device.to_owned(), first: sectors.first });
    let region = Region {
        name: "mirror".to_owned(),
        sectors: sectors.count(),
        chunk: sectors.count(),
        replicas: replicas.into(),
        redundancy: Redundancy::AnyCopy,
    };
    let atlas = (0..)
        .map(|seed| Atlas::draw(Seed(seed), std::slice::from_ref(&region)).unwrap())
        .find(|atlas| atlas.may_damage("shared", sectors))
        .expect("one of the two");
    let mut driver = Driver::new(options());
    driver.device.keep_within(&atlas);
    driver.call(1, write(0, &[1; 32])).unwrap();
    driver.call(1, Request::Flush).unwrap();
    driver
}

#[test]
fn damage_stays_inside_the_atlas() {
    let allowed = SectorRange::new(8, 8);
    let mut driver = bounded(allowed);
    assert!(driver.device.is_bounded());
    let everywhere = SectorRange::new(0, 32);
    assert_eq!(driver.device.damage(driver.now, Damage::FlippedBit, everywhere).sectors, 8);
    assert_eq!(driver.device.faults().of(FaultKind::BitRot).withheld, 24);
    assert_eq!(driver.device.damage_some(driver.now, Damage::Unreadable, everywhere, 100).sectors, 8);
    assert!(driver.device.damaged(driver.now).iter().all(|range| range.intersection(allowed) == *range));
}

#[test]
fn permanent_faults_outside_are_withheld_and_passing_ones_are_not() {
    let permanent = [
        (DeviceFault::LostWrite, write(0, &[2])),
        (DeviceFault::MisdirectedWrite, write(0, &[2])),
        (DeviceFault::BitRot, read(0, 1)),
        (DeviceFault::LatentSectorError, read(0, 1)),
    ];
    for (fault, request) in permanent {
        let mut driver = bounded(SectorRange::new(8, 8));
        driver.arm(Arming::new(fault));
        driver.call(1, request).unwrap();
        let counts = driver.device.faults().of(fault.kind());
        assert_eq!((counts.fired, counts.withheld), (0, 1), "{fault:?}");
        assert!(driver.device.damaged(driver.now).is_empty());
    }
    let mut driver = bounded(SectorRange::new(8, 8));
    driver.arm(Arming::new(DeviceFault::ReadError { sticky: false }));
    assert!(driver.call(1, read(0, 1)).is_err());
}

#[test]
fn a_lost_write_inside_is_lost() {
    let mut driver = bounded(SectorRange::new(8, 8));
    driver.arm(Arming::new(DeviceFault::LostWrite));
    driver.call(1, write(8, &[2])).unwrap();
    assert_eq!(driver.read(8, 1), [1]);
}

#[test]
fn a_flush_lies_only_about_what_may_be_damaged() {
    let mut driver = bounded(SectorRange::new(8, 8));
    driver.call(1, write(0, &[2])).unwrap();
    driver.call(1, write(8, &[2])).unwrap();
    driver.arm(Arming::new(DeviceFault::LyingFlush));
    driver.call(1, Request::Flush).unwrap();
    driver.power_cycle(Survivors::Nothing);
    assert_eq!((driver.read(0, 1), driver.read(8, 1)), (vec![2], vec![1]));
}

#[test]
fn every_permanent_kind_is_bounded() {
    let permanent: Vec<FaultKind> = FaultKind::ALL.into_iter().filter(|kind| kind.is_permanent()).collect();
    assert_eq!(permanent.len(), 5, "a new permanent fault needs its own line in the tests above");
}
