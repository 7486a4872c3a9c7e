//! The same seed twice: is it the same run, and if not, where do they part?

use nodes::product::Product;
use nodes::world::trace::{Event, Keep, Trace};

use crate::draws::Draws;
use crate::run::{RunError, RunOptions, run_scenario};
use crate::scenario::Scenario;

/// Runs a seed twice; the first event that differs, told in a sentence, or nothing.
pub fn difference(scenario: &Scenario, product: &Product, draws: &Draws) -> Result<Option<String>, RunError> {
    let options = RunOptions { keep: Keep { detail: true, prefix_hashes: true }, ..RunOptions::default() };
    let first = run_scenario(scenario, product, draws, &options)?.trace;
    let second = run_scenario(scenario, product, draws, &options)?.trace;
    Ok(first_difference(&first, &second))
}

fn first_difference(first: &Trace, second: &Trace) -> Option<String> {
    if first.hash() == second.hash() && first.count() == second.count() {
        return None;
    }
    let (ours, theirs) = (first.prefix_hashes().unwrap_or_default(), second.prefix_hashes().unwrap_or_default());
    let number = ours.iter().zip(theirs).position(|(one, other)| one != other);
    let number = number.unwrap_or(ours.len().min(theirs.len())) as u64;
    let told = |trace: &Trace| match event(trace, number) {
        Some(event) => format!("{} at {}: {:?}", trace.place_name(event.place), event.at, event.what),
        None => "nothing more".to_owned(),
    };
    Some(format!("event {number} differs: first {}; then {}", told(first), told(second)))
}

fn event(trace: &Trace, number: u64) -> Option<&Event> {
    let index = trace.events().binary_search_by_key(&number, |event| event.number).ok()?;
    trace.events().get(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodes::world::time::Instant;
    use nodes::world::trace::{Place, What};

    fn trace(names: &[&'static str]) -> Trace {
        let mut trace = Trace::new(Keep { detail: true, prefix_hashes: true });
        for (index, name) in names.iter().enumerate() {
            trace.record(Instant(index as u64), Place::Outside, What::Announced { name, fields: vec![] });
        }
        trace
    }

    #[test]
    fn the_first_event_that_differs_is_named() {
        assert_eq!(first_difference(&trace(&["a", "b"]), &trace(&["a", "b"])), None);
        let told = first_difference(&trace(&["a", "b", "c"]), &trace(&["a", "x", "c"])).unwrap_or_default();
        assert!(told.starts_with("event 1 differs") && told.contains("\"b\"") && told.contains("\"x\""), "{told}");
        let longer = first_difference(&trace(&["a"]), &trace(&["a", "b"])).unwrap_or_default();
        assert!(longer.contains("nothing more"), "{longer}");
    }
}
