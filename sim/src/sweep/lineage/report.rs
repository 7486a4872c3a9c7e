//! What was searched, as a table, and what follows from it, as a sentence.

use std::fmt::Write as _;

use super::search::{Found, Searched, Size, Supported};
use crate::sweep::report::FINDINGS_TOLD;

/// How much of the run without faults was needed for what was good in it.
pub fn lineage(searched: &Searched) -> String {
    let ((announced, events), (passed, messages)) = (searched.announced, searched.messages);
    format!("{announced} of {events} events and {passed} of {messages} messages support what is good without faults")
}

/// The good outcomes of the run without faults, and what each rests on.
pub fn outcomes(outcomes: &[Supported]) -> String {
    let width = outcomes.iter().map(|it| it.name.chars().count()).max().unwrap_or(0).max("good outcome".len());
    let mut table = String::new();
    let _ = writeln!(table, "  {:width$}  {:>12}  events  messages  faults", "good outcome", "came true");
    for Supported { name, at, announced, messages, faults } in outcomes {
        let at = at.map_or("never".to_owned(), |at| at.to_string());
        let _ = writeln!(table, "  {name:width$}  {at:>12}  {announced:>6}  {messages:>8}  {faults:>6}");
    }
    table
}

/// The sets that were tried, by their size, beside all there are of so many single faults at events; then what broke.
pub fn sizes(searched: &Searched, singles: u64) -> String {
    let mut table = String::new();
    let head = "faults at once    sets  ruled out  tried  held  broke  could not tell  did not bite  spared";
    let _ = writeln!(table, "  {head}");
    for size in &searched.sizes {
        let Size { faults, sets, ruled_out, counts } = size;
        let _ = writeln!(
            table,
            "  {faults:>14}  {sets:>6}  {ruled_out:>9}  {:>5}  {:>4}  {:>5}  {:>14}  {:>12}  {}",
            size.tried(),
            counts.held,
            counts.broke,
            counts.could_not_tell,
            counts.did_not_bite + counts.refused,
            spared(size, singles),
        );
    }
    for Found { signature, times, runs, first } in searched.found.iter().take(FINDINGS_TOLD) {
        let (what, at) = (&first.attempt.what.en, &first.attempt.at);
        let _ = writeln!(table, "  {signature}");
        let _ = writeln!(table, "    {times} times, first in run {runs}: {what} at {at}");
    }
    if let Some(more) = searched.found.len().checked_sub(FINDINGS_TOLD).filter(|more| *more > 0) {
        let _ = writeln!(table, "  and {more} more");
    }
    table
}

/// How many sets of a size need not be tried: an exhaustive sweep would try each fault at each event, and all that can
/// be put together of these.
fn spared(size: &Size, singles: u64) -> String {
    let all = sets_of(singles.into(), size.faults as u128);
    all.map_or("countless".to_owned(), |all| all.saturating_sub(size.sets as u128).to_string())
}

/// In how many ways `count` can be taken out of `all`; `None` if that is beyond counting.
fn sets_of(all: u128, count: u128) -> Option<u128> {
    // Each product is that of so many numbers in a row, so that it can be divided.
    (0..count).try_fold(1u128, |sets, taken| Some(sets.checked_mul(all.saturating_sub(taken))? / (taken + 1)))
}

/// The sentence that a search is made for: what breaks it, or up to how many faults nothing does.
pub fn bound(searched: &Searched, most: usize) -> String {
    if searched.outcomes.iter().all(|outcome| outcome.at.is_none()) {
        return "Nothing good came of the run without faults, so nothing could be taken away.".to_owned();
    }
    if searched.outcomes.iter().all(|outcome| outcome.faults == 0) {
        return "No fault at an announcement takes anything away from what is good.".to_owned();
    }
    let broken = searched.sizes.iter().find(|size| size.counts.broke > 0);
    let certain = searched.sizes.iter().take_while(|size| is_certain(size)).count();
    let open = [
        told_of(searched, "Not tried", |size| (size.sets as u64).saturating_sub(size.tried())),
        told_of(searched, "Could not be told", |size| size.counts.could_not_tell),
        told_of(searched, "Did not bite", |size| size.counts.did_not_bite + size.counts.refused),
    ]
    .concat();
    let interrupted = if searched.interrupted { " It was interrupted." } else { "" };
    let found = match broken {
        Some(size) if certain + 1 == size.faults && certain > 0 => {
            format!(
                "{} break{} it, and {} does.",
                broken_by(size.counts.broke, size.faults),
                ending(size),
                nothing(certain)
            )
        }
        Some(size) => format!("{} break{} it.", broken_by(size.counts.broke, size.faults), ending(size)),
        // If it ended before the largest size, there was no set left of the next one.
        None if certain == searched.sizes.len() && !searched.interrupted => {
            capital(&format!("{} breaks it.", nothing(most)))
        }
        None if certain > 0 => {
            format!("{}; of more, none that was tried.", capital(&format!("{} breaks it", nothing(certain))))
        }
        None => "No set that was tried breaks it.".to_owned(),
    };
    format!("{found}{open}{interrupted}")
}

/// Whether it is known of every set of this size whether it breaks anything.
fn is_certain(size: &Size) -> bool {
    size.counts.broke == 0 && size.counts.could_not_tell == 0 && size.tried() == size.sets as u64
}

/// Of how many sets of each size something is so: ` Not tried: 3 of 5 single faults.`; nothing if of none.
fn told_of(searched: &Searched, what: &str, count: impl Fn(&Size) -> u64) -> String {
    let some = searched.sizes.iter().filter(|size| count(size) > 0).map(|size| {
        let kind = if size.faults == 1 { "single faults".to_owned() } else { format!("sets of {}", size.faults) };
        format!("{} of {} {kind}", count(size), size.sets)
    });
    let some: Vec<String> = some.collect();
    if some.is_empty() { String::new() } else { format!(" {what}: {}.", some.join(", ")) }
}

fn broken_by(count: u64, faults: usize) -> String {
    match (count, faults) {
        (1, 1) => "1 of these faults".to_owned(),
        (count, 1) => format!("{count} of these faults"),
        (1, faults) => format!("1 set of {faults} of these faults"),
        (count, faults) => format!("{count} sets of {faults} of these faults"),
    }
}

/// The ending of the verb after so many sets that broke something.
fn ending(size: &Size) -> &'static str {
    if size.counts.broke == 1 { "s" } else { "" }
}

fn nothing(faults: usize) -> String {
    match faults {
        1 => "no single one of these faults".to_owned(),
        faults => format!("no set of up to {faults} of these faults"),
    }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::report::Counts;

    fn size(faults: usize, sets: usize, held: u64, broke: u64, could_not_tell: u64) -> Size {
        let counts = Counts { held, broke, could_not_tell, ..Counts::default() };
        Size { faults, sets, ruled_out: 0, counts }
    }

    fn searched(sizes: Vec<Size>) -> Searched {
        let outcome = Supported {
            name: "writable".to_owned(),
            at: Some(nodes::world::time::Instant(1)),
            announced: 1,
            messages: 1,
            faults: 1,
        };
        Searched {
            outcomes: vec![outcome],
            announced: (1, 1),
            messages: (1, 1),
            sizes,
            found: Vec::new(),
            interrupted: false,
        }
    }

    #[test]
    fn the_bound_says_what_is_certain_and_what_is_open() {
        let cases = [
            (vec![size(1, 3, 3, 0, 0), size(2, 3, 3, 0, 0)], "No set of up to 2 of these faults breaks it."),
            // There was no pair left.
            (vec![size(1, 3, 3, 0, 0)], "No set of up to 2 of these faults breaks it."),
            (
                vec![size(1, 3, 3, 0, 0), size(2, 3, 2, 0, 0)],
                "No single one of these faults breaks it; of more, none that was tried. Not tried: 1 of 3 sets of 2.",
            ),
            (
                vec![size(1, 3, 2, 0, 1), size(2, 1, 1, 0, 0)],
                "No set that was tried breaks it. Could not be told: 1 of 3 single faults.",
            ),
            (vec![size(1, 3, 1, 2, 0)], "2 of these faults break it."),
            (
                vec![size(1, 3, 3, 0, 0), size(2, 3, 2, 1, 0)],
                "1 set of 2 of these faults breaks it, and no single one of these faults does.",
            ),
        ];
        for (sizes, expected) in cases {
            assert_eq!(bound(&searched(sizes), 2), expected);
        }
        let mut ended = searched(vec![size(1, 3, 3, 0, 0), size(2, 3, 2, 0, 0)]);
        ended.interrupted = true;
        let told = "No single one of these faults breaks it; of more, none that was tried. Not tried: 1 of 3 sets of 2. \
                    It was interrupted.";
        assert_eq!(bound(&ended, 2), told);
        let nothing = Searched { outcomes: Vec::new(), ..searched(Vec::new()) };
        assert!(bound(&nothing, 2).starts_with("Nothing good came of the run"));
    }

    #[test]
    fn sets_are_counted_until_there_are_too_many() {
        let cases =
            [(5, 0, Some(1)), (5, 2, Some(10)), (5, 5, Some(1)), (2, 3, Some(0)), (u128::from(u64::MAX), 3, None)];
        for (all, count, expected) in cases {
            assert_eq!(sets_of(all, count), expected, "{count} of {all}");
        }
    }
}
