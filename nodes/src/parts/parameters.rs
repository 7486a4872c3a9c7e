//! Parameters of a product, written down once: the field, what it sets, its real name, its kind and its default.
//!
//! `parameters!` makes of such a table the struct that the processes read, the function that fills it from a plan, and
//! the description that a scenario is checked against. A default is written as a scenario would write it and read at
//! compile time, so that it cannot differ from what the description says.

use std::time::Duration;

/// Makes the parameters of a product out of a table:
///
/// ```text
/// parameters! {
///     /// The timers of one cluster.
///     pub struct Timers, described by TIMERS;
///     /// How often DMS asks CM who owns its lock.
///     lock_poll: time(0) = "dms_lock_poll_interval", "500ms";
/// }
/// ```
///
/// | kind | in the struct | its argument |
/// |---|---|---|
/// | `time(unit)` | `Duration` | milliseconds of one unit of a bare integer; 0: a unit must be written |
/// | `number(low, high)` | `i64` | the bounds |
/// | `switch` | `bool` | |
/// | `size` | `u64` bytes | |
/// | `text` | `String` | |
/// | `word("a", "b")` | `String` | the words there are |
macro_rules! parameters {
    (
        $(#[$about:meta])*
        $visibility:vis struct $name:ident, described by $list:ident;
        $($(#[doc = $doc:literal])+ $field:ident : $kind:ident $(($($argument:literal),+))? = $word:literal, $default:literal;)*
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        $visibility struct $name { $($(#[doc = $doc])+ $visibility $field: $crate::parts::parameters::parameters!(@type $kind),)* }

        impl $name {
            /// What a plan sets, and defaults for the rest.
            $visibility fn of(plan: &$crate::product::ClusterPlan) -> Self {
                $name { $($field: $crate::parts::parameters::parameters!(@read $kind, plan, $word, $default),)* }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                $name::of(&$crate::product::ClusterPlan::default())
            }
        }

        /// Their description.
        $visibility const $list: &[$crate::product::ParameterWord] = &[$($crate::product::ParameterWord {
            name: $word,
            doc: concat!($($doc),+).trim_ascii_start(),
            kind: $crate::parts::parameters::parameters!(@kind $kind $(($($argument),+))?),
            default: $default,
        },)*];
    };
    (@type time) => { ::std::time::Duration };
    (@type number) => { i64 };
    (@type switch) => { bool };
    (@type size) => { u64 };
    (@type text) => { String };
    (@type word) => { String };
    (@read time, $plan:ident, $word:literal, $default:literal) => {
        $plan.duration($word, const { $crate::parts::parameters::duration($default) })
    };
    (@read number, $plan:ident, $word:literal, $default:literal) => {
        $plan.integer($word, const { $crate::parts::parameters::integer($default) })
    };
    (@read switch, $plan:ident, $word:literal, $default:literal) => {
        $plan.boolean($word, const { $crate::parts::parameters::switch($default) })
    };
    (@read size, $plan:ident, $word:literal, $default:literal) => {
        $plan.size($word, const { $crate::parts::parameters::size($default) })
    };
    (@read text, $plan:ident, $word:literal, $default:literal) => { $plan.text($word, $default) };
    (@read word, $plan:ident, $word:literal, $default:literal) => { $plan.text($word, $default) };
    (@kind time($unit:literal)) => { $crate::product::ParameterKind::Duration { bare_unit_ms: $unit } };
    (@kind number($low:literal, $high:literal)) => {
        $crate::product::ParameterKind::Integer { low: $low, high: $high }
    };
    (@kind switch) => { $crate::product::ParameterKind::Boolean };
    (@kind size) => { $crate::product::ParameterKind::Size };
    (@kind text) => { $crate::product::ParameterKind::Text };
    (@kind word($($word:literal),+)) => { $crate::product::ParameterKind::OneOf(&[$($word),+]) };
}
pub(crate) use parameters;

/// The number at the front of a text, and where what follows it begins.
const fn number_and_rest(text: &str) -> (u64, usize) {
    let bytes = text.as_bytes();
    let (mut number, mut at) = (0, 0);
    while at < bytes.len() && bytes[at].is_ascii_digit() {
        number = number * 10 + (bytes[at] - b'0') as u64;
        at += 1;
    }
    assert!(at > 0, "a default begins with a number");
    (number, at)
}

/// A length of time, as a scenario writes it: `500ms`, `6s`, `5m`, `1h`.
///
/// # Panics
/// If it is not written so; a default of a table then does not compile.
pub const fn duration(text: &str) -> Duration {
    let (number, unit) = number_and_rest(text);
    match text.as_bytes().split_at(unit).1 {
        b"us" => Duration::from_micros(number),
        b"ms" => Duration::from_millis(number),
        b"s" => Duration::from_secs(number),
        b"m" => Duration::from_secs(number * 60),
        b"h" => Duration::from_secs(number * 3600),
        _ => panic!("a length of time ends with us, ms, s, m or h"),
    }
}

/// A number of bytes, as a scenario writes it: `0B`, `16MB`.
///
/// # Panics
/// If it is not written so.
pub const fn size(text: &str) -> u64 {
    let (number, unit) = number_and_rest(text);
    match text.as_bytes().split_at(unit).1 {
        b"B" => number,
        b"KB" => number << 10,
        b"MB" => number << 20,
        b"GB" => number << 30,
        _ => panic!("a number of bytes ends with B, KB, MB or GB"),
    }
}

/// A whole number.
///
/// # Panics
/// If it is none.
pub const fn integer(text: &str) -> i64 {
    let negative = text.as_bytes()[0] == b'-';
    let digits = if negative { text.split_at(1).1 } else { text };
    let (number, end) = number_and_rest(digits);
    assert!(end == digits.len(), "a whole number has digits only");
    if negative { -(number as i64) } else { number as i64 }
}

/// `on` or `off`.
///
/// # Panics
/// If it is neither.
pub const fn switch(text: &str) -> bool {
    match text.as_bytes() {
        b"on" => true,
        b"off" => false,
        _ => panic!("a switch is on or off"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::{ClusterPlan, ParameterKind, ParameterValue};

    parameters! {
        /// For the tests.
        pub(super) struct Sample, described by SAMPLE;
        /// How long
        /// it waits.
        wait: time(1000) = "wait_time", "1500ms";
        /// How often.
        times: number(-1, 9) = "times", "-1";
        /// Whether.
        fast: switch = "fast", "on";
        /// How much.
        room: size = "room", "16MB";
        /// What.
        name: text = "name", "none";
        /// Which.
        level: word("low", "high") = "level", "low";
    }

    #[test]
    fn defaults_are_what_the_description_says() {
        let sample = Sample::default();
        assert_eq!(sample.wait, Duration::from_millis(1500));
        assert_eq!((sample.times, sample.fast, sample.room), (-1, true, 16 << 20));
        assert_eq!((sample.name.as_str(), sample.level.as_str()), ("none", "low"));
        assert_eq!((SAMPLE[0].name, SAMPLE[0].doc, SAMPLE[0].default), ("wait_time", "How long it waits.", "1500ms"));
        assert!(matches!(SAMPLE[0].kind, ParameterKind::Duration { bare_unit_ms: 1000 }));
        assert!(matches!(SAMPLE[1].kind, ParameterKind::Integer { low: -1, high: 9 }));
        assert!(matches!(SAMPLE[5].kind, ParameterKind::OneOf(["low", "high"])));
    }

    #[test]
    fn what_a_plan_sets_is_read_by_its_real_name() {
        let mut plan = ClusterPlan::default();
        plan.set.insert("wait_time".to_owned(), ParameterValue::Duration(Duration::from_secs(9)));
        plan.set.insert("times".to_owned(), ParameterValue::Integer(3));
        plan.set.insert("fast".to_owned(), ParameterValue::Boolean(false));
        plan.set.insert("room".to_owned(), ParameterValue::Size(5));
        plan.set.insert("name".to_owned(), ParameterValue::Text("dn1".to_owned()));
        plan.set.insert("level".to_owned(), ParameterValue::Text("high".to_owned()));
        let expected = Sample {
            wait: Duration::from_secs(9),
            times: 3,
            fast: false,
            room: 5,
            name: "dn1".to_owned(),
            level: "high".to_owned(),
        };
        assert_eq!(Sample::of(&plan), expected);
    }

    #[test]
    fn values_are_read_as_scenarios_write_them() {
        assert_eq!(duration("0s"), Duration::ZERO);
        assert_eq!(duration("250us"), Duration::from_micros(250));
        assert_eq!(duration("5m"), Duration::from_secs(300));
        assert_eq!((size("0B"), size("1GB")), (0, 1 << 30));
        assert_eq!((integer("77"), integer("-1")), (77, -1));
        assert!(std::panic::catch_unwind(|| duration("5")).is_err(), "without a unit it is not clear");
    }
}
