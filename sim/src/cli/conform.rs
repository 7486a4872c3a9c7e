//! `simrun conform`: logs of a real cluster, held against a product's model.

use std::io::Write;

use super::arguments::{ConformArguments, TextFormat};
use super::run::language;
use super::{CliError, Exit};
use crate::conform::{Clock, as_json, judge, told};

/// Judges log files.
pub fn conform(arguments: &ConformArguments) -> Result<Exit, CliError> {
    let product = arguments.product.as_str();
    let clock = if arguments.clock_jumps { Clock::MayJump } else { Clock::Forward };
    let kinds = nodes::catalogue::logs(product);
    if kinds.is_empty() {
        return Err(unknown(product));
    }
    let (mut verdicts, mut unread) = (Vec::new(), Vec::new());
    for path in &arguments.logs {
        let bytes = std::fs::read(path).map_err(|source| CliError::Unreadable { path: path.clone(), source })?;
        let name = path.to_string_lossy();
        let judged = judge(kinds, &name, &String::from_utf8_lossy(&bytes), clock);
        if judged.is_empty() {
            unread.push(name.into_owned());
        }
        verdicts.extend(judged);
    }
    let mut out = anstream::stdout().lock();
    if arguments.format == TextFormat::Json {
        writeln!(out, "{}", as_json(product, &verdicts))?;
    } else {
        for judged in &verdicts {
            write!(out, "{}", told(judged, language(arguments.lang)))?;
        }
    }
    for name in unread {
        let known: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
        anstream::eprintln!("note: {name}: no line that the model of {product} writes; it knows {}", known.join(", "));
    }
    Ok(match verdicts.iter().all(|judged| judged.is_consistent()) {
        _ if verdicts.is_empty() => Exit::Inconclusive,
        true => Exit::AsExpected,
        false => Exit::NotAsExpected,
    })
}

fn unknown(product: &str) -> CliError {
    let models = nodes::catalogue::products().iter().map(|product| product.model);
    let with_logs: Vec<&str> = models.filter(|model| !nodes::catalogue::logs(model).is_empty()).collect();
    let hint = format!("logs can be judged of {}", with_logs.join(", "));
    CliError::Unknown { name: product.to_owned(), hint: Some(hint) }
}
