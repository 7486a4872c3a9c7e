//! The exit codes: everything a script may depend on, in one place.

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Every scenario met its expectation; a hazard drill that showed its violation is a success.
    AsExpected,
    /// A violation nobody expected, or an expected one that did not appear.
    NotAsExpected,
    /// A mistake on the command line or in a scenario file.
    Usage,
    /// A check could not decide, a fault never bit, or a `sometimes` was never reached. Never hides a 1.
    Inconclusive,
    /// The same seed gave two different runs.
    NotDeterministic,
    /// A mistake of simrun itself: a caught panic, an output that could not be written.
    OurBug,
    /// Interrupted by the person in front of it.
    Interrupted,
}

impl Exit {
    /// All of them, in the order of their codes.
    pub const ALL: &[Exit] = &[
        Exit::AsExpected,
        Exit::NotAsExpected,
        Exit::Usage,
        Exit::Inconclusive,
        Exit::NotDeterministic,
        Exit::OurBug,
        Exit::Interrupted,
    ];

    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Exit::AsExpected => 0,
            Exit::NotAsExpected => 1,
            Exit::Usage => 2,
            Exit::Inconclusive => 3,
            Exit::NotDeterministic => 4,
            Exit::OurBug => 70,
            Exit::Interrupted => 130,
        }
    }

    /// What it means.
    pub const fn meaning(self) -> &'static str {
        match self {
            Exit::AsExpected => "as expected: every scenario met its [expect]; a hazard that was to be shown was shown",
            Exit::NotAsExpected => "not as expected: an unexpected violation, or an expected one that did not appear",
            Exit::Usage => "a mistake on the command line or in a scenario file",
            Exit::Inconclusive => "inconclusive: a check could not decide, a fault never bit, a `sometimes` never came",
            Exit::NotDeterministic => "not deterministic: the same seed gave two different runs",
            Exit::OurBug => "a mistake of simrun itself, such as a panic in a model; the seed is printed",
            Exit::Interrupted => "interrupted with Ctrl-C; what was known by then is printed",
        }
    }

    /// How grave it is: of several results the gravest decides.
    const fn gravity(self) -> u8 {
        match self {
            Exit::AsExpected => 0,
            Exit::Inconclusive => 1,
            Exit::NotAsExpected => 2,
            Exit::NotDeterministic => 3,
            Exit::OurBug => 4,
            Exit::Usage => 5,
            Exit::Interrupted => 6,
        }
    }

    /// The graver of two.
    pub fn worst(self, other: Exit) -> Exit {
        if other.gravity() > self.gravity() { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undecided_seed_never_hides_a_failed_one() {
        assert_eq!(Exit::Inconclusive.worst(Exit::NotAsExpected), Exit::NotAsExpected);
        assert_eq!(Exit::NotAsExpected.worst(Exit::Inconclusive), Exit::NotAsExpected);
        assert_eq!(Exit::OurBug.worst(Exit::NotDeterministic), Exit::OurBug);
    }

    #[test]
    fn codes_are_those_of_the_documentation() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 70, 130]);
    }
}
