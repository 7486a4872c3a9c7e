//! Ctrl-C: the first one lets what runs end and tells what is known; the second one ends the program at once.

use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Listens from now on. If that cannot be had, Ctrl-C simply ends the program.
pub fn listen() {
    let heard = || {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        eprintln!("interrupted: finishing what runs (again to stop at once)");
    };
    if let Err(error) = ctrlc::set_handler(heard) {
        tracing::warn!("Ctrl-C cannot be caught: {error}");
    }
}

/// Whether Ctrl-C was heard.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
