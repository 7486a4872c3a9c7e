//! Panics of a model: caught, with their message and place, and kept off the screen.
//!
//! A panic inside a run is a mistake of ours, not of the scenario. It must end that run alone, name the seed, and not
//! bury the results of other seeds under a backtrace.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static CAUGHT: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// A panic and where it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// What it said.
    pub message: String,
    /// The file and line, if known.
    pub place: Option<String>,
}

/// Runs `work`; a panic in it is returned and printed by nobody.
pub(super) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    install_hook();
    let outer = CATCHING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(outer);
    let caught = CAUGHT.take();
    result.map_err(|payload| caught.unwrap_or_else(|| Panic { message: said(&*payload), place: None }))
}

/// Puts a hook before the present one that keeps what is thrown while this thread is catching.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |information| if CATCHING.get() { keep(information) } else { usual(information) }));
    });
}

fn keep(information: &PanicHookInfo<'_>) {
    let place = information.location().map(|location| format!("{}:{}", location.file(), location.line()));
    let panic = Panic { message: said(information.payload()), place };
    // The first panic is the cause; a second one comes from tidying up after it.
    CAUGHT.with_borrow_mut(|caught| _ = caught.get_or_insert(panic));
}

fn said(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "(no message)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_words_and_place() {
        let panic = catch(|| assert_eq!(1 + 1, 3, "sums are broken")).unwrap_err();
        assert!(panic.message.contains("sums are broken"), "{panic:?}");
        assert!(panic.place.is_some_and(|place| place.contains("panics.rs")));
        assert_eq!(catch(|| 7), Ok(7));
    }
}
