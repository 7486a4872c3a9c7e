//! What `-v` and `RUST_LOG` show, stamped with model time.

use std::fmt;

use nodes::world::World;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// Model time inside a run, nothing outside one.
struct ModelTime;

impl FormatTime for ModelTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        match World::current() {
            Some(world) => write!(writer, "{:>12}", world.now().to_string()),
            None => write!(writer, "{:>12}", "-"),
        }
    }
}

/// Starts logging to standard error.
pub fn start(verbose: u8) {
    let level = match verbose {
        0 => "off",
        1 => "simrun=info",
        _ => "simrun=debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_timer(ModelTime).with_ansi(colour);
    subscriber.with_target(false).with_writer(std::io::stderr).init();
}
