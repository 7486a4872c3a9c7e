//! `simrun at`: a command typed at any moment of a run.

use std::io::Write;

use nodes::operations::Whom;
use nodes::product::Product;
use nodes::world::time::Instant;

use super::arguments::{AtArguments, MistakeFormat};
use super::interrupt::interrupted;
use super::{CliError, Exit, files};
use crate::draws::Draws;
use crate::run::{Look, RunOptions, Subject, glance};
use crate::scenario::command::typed;
use crate::scenario::values::{parse_duration, print_duration};
use crate::vocabulary;

/// A glance must change nothing.
fn only_looks(product: &Product, line: &str, words: &[String]) -> Result<(), CliError> {
    if product.only_looks(words) {
        return Ok(());
    }
    let readable = product.looking.iter().map(|words| words.join(" ")).collect();
    Err(CliError::NotReadOnly { command: line.to_owned(), model: product.model.to_owned(), readable })
}

/// Runs a seed up to a moment, types the command and shows what it prints.
pub fn at(arguments: &AtArguments) -> Result<Exit, CliError> {
    let accepted = match files::load(&arguments.scenario, &vocabulary::known()) {
        Ok(accepted) => accepted,
        Err(mistakes) => {
            files::show_mistakes(&mistakes, MistakeFormat::Carets);
            return Err(CliError::Rejected(mistakes));
        }
    };
    let scenario = &accepted.scenario;
    let at = parse_duration(&arguments.moment).map_err(|error| CliError::NotTyped(error.to_string()))?;
    if let Some(host) = arguments.on.as_ref().filter(|host| scenario.node(host).is_none()) {
        let hosts: Vec<&str> = scenario.nodes.iter().map(|node| node.name.as_str()).collect();
        let hint = Some(format!("the hosts are {}", hosts.join(", ")));
        return Err(CliError::Unknown { name: host.clone(), hint });
    }
    let Some(product) = nodes::catalogue::find(&scenario.product.model) else {
        return Err(CliError::Unknown { name: scenario.product.model.clone(), hint: None });
    };
    let seed = arguments.seed.unwrap_or(scenario.run.seeds.first);
    let words = typed(&arguments.command);
    only_looks(product, &arguments.command, &words)?;
    let look = Look { at: Instant::START + at, host: arguments.on.clone(), whom: Whom::Any, words };
    let options = RunOptions { interrupted, ..RunOptions::default() };
    let draws = Draws::of(scenario, seed);
    let shown = glance(&Subject { scenario, product, draws: &draws, options }, &look);
    let seen = match shown.map(|(record, mut shown)| (record, shown.pop())) {
        Ok((_, Some(command))) => command,
        Ok((record, None)) => {
            let text = format!("the run of seed {seed} was over at {}, before {}", record.ended, print_duration(at));
            return Err(CliError::NotTyped(text));
        }
        Err(error) => {
            let exit = if error.is_our_bug() { Exit::OurBug } else { Exit::Usage };
            anstream::eprintln!("error: {} seed {seed}: {error}", scenario.path);
            return Ok(exit);
        }
    };
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}  seed {seed}  {}  {}$ {}", scenario.path, print_duration(at), seen.host, seen.line())?;
    for (_, line) in &seen.lines {
        writeln!(out, "{line}")?;
    }
    match seen.exit_code {
        Some(0) => {}
        Some(code) => anstream::eprintln!("exit code {code}"),
        None => anstream::eprintln!("it had not ended when the run did"),
    }
    Ok(Exit::AsExpected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_says_how_it_is_looked_at_and_its_looks_change_nothing() {
        for product in nodes::catalogue::products() {
            let operations = nodes::catalogue::operations(product.model).expect("a product has operations");
            for look in operations.before.iter().chain([&operations.status]) {
                let words = typed(look.command);
                assert!(only_looks(product, look.command, &words).is_ok(), "{}", look.command);
            }
        }
    }
}
