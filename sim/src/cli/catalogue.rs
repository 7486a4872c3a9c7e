//! `simrun list` and `simrun explain`: the catalogues, for people and as JSON.

use std::io::Write;
use std::path::PathBuf;

use nodes::product::{Product, events};
use serde_json::json;

use super::arguments::Listed;
use super::{CliError, Exit, files};
use crate::check::catalogue;
use crate::scenario::codes::Code;
use crate::scenario::model::FaultCount;
use crate::scenario::verbs::{FAULT_VERBS, STEP_VERBS};
use crate::verdict::liveness;

/// A name and what it is.
struct Row {
    name: String,
    doc: String,
    product: Option<&'static str>,
}

impl Row {
    fn new(name: impl Into<String>, doc: impl Into<String>) -> Self {
        Row { name: name.into(), doc: doc.into().trim().to_owned(), product: None }
    }

    fn of(product: &Product, name: &str, doc: &str) -> Self {
        Row { product: Some(product.model), ..Row::new(name, doc) }
    }
}

/// Lists what there is.
pub fn list(out: &mut dyn Write, what: Listed, product: Option<&str>, as_json: bool) -> Result<(), CliError> {
    let rows = rows(what, product)?;
    if as_json {
        for row in rows {
            let mut line = json!({ "name": row.name, "doc": row.doc });
            if let Some(product) = row.product {
                line["product"] = json!(product);
            }
            writeln!(out, "{line}")?;
        }
        return Ok(());
    }
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    for row in rows {
        writeln!(out, "{:width$}  {}", row.name, row.doc)?;
    }
    Ok(())
}

fn rows(what: Listed, product: Option<&str>) -> Result<Vec<Row>, CliError> {
    let products = chosen(product)?;
    Ok(match what {
        Listed::Checks => {
            let safety = catalogue::CHECKS.iter().map(|check| Row::new(check.name, check.promise));
            let liveness = liveness::CHECKS.iter().map(|check| Row::new(check.name, check.promise));
            let counts = FaultCount::WORDS.iter().map(|word| Row::new(format!("FAULT.{}", word.name), word.promise));
            safety.chain(liveness).chain(counts).collect()
        }
        Listed::Faults => FAULT_VERBS.iter().map(|verb| Row::new(verb.name, verb.doc)).collect(),
        Listed::Steps => STEP_VERBS.iter().map(|verb| Row::new(verb.name, verb.doc)).collect(),
        Listed::Models => products.iter().map(|product| Row::new(product.model, product.title)).collect(),
        Listed::Scenarios => {
            let files = files::scenarios(&[PathBuf::from("scenarios")])?;
            let vocabulary = crate::vocabulary::known();
            let title = |file: &PathBuf| match files::load(file, &vocabulary) {
                Ok(accepted) => accepted.scenario.drill.title,
                Err(_) => "has mistakes: see `simrun check`".to_owned(),
            };
            files.iter().map(|file| Row::new(file.display().to_string(), title(file))).collect()
        }
        Listed::Events => {
            let mut rows: Vec<Row> = events::ALL.iter().map(|word| Row::new(word.name, word.doc)).collect();
            for product in products {
                rows.extend(product.events.iter().map(|word| Row::of(product, word.name, word.doc)));
            }
            rows
        }
        Listed::Defects => {
            words_of(&products, |product| product.defects.iter().map(|word| (word.name, word.doc)).collect())
        }
        Listed::Parameters => {
            words_of(&products, |product| product.parameters.iter().map(|word| (word.name, word.doc)).collect())
        }
    })
}

fn words_of(
    products: &[&'static Product],
    words: impl Fn(&'static Product) -> Vec<(&'static str, &'static str)>,
) -> Vec<Row> {
    let of = |product: &&'static Product| -> Vec<Row> {
        words(product).into_iter().map(|(name, doc)| Row::of(product, name, doc)).collect()
    };
    products.iter().flat_map(of).collect()
}

fn chosen(product: Option<&str>) -> Result<Vec<&'static Product>, CliError> {
    let all = nodes::catalogue::products();
    match product {
        None => Ok(all.iter().collect()),
        Some(model) => match nodes::catalogue::find(model) {
            Some(product) => Ok(vec![product]),
            None => {
                let names: Vec<&str> = all.iter().map(|product| product.model).collect();
                let hint = Some(format!("products: {}", names.join(", ")));
                Err(CliError::Unknown { name: model.to_owned(), hint })
            }
        },
    }
}

/// Explains one name.
pub fn explain(out: &mut dyn Write, topic: &str) -> Result<(), CliError> {
    if topic == "exit-codes" {
        for exit in Exit::ALL {
            writeln!(out, "{:>4}  {}", exit.code(), exit.meaning())?;
        }
        return Ok(());
    }
    if let Some(check) = catalogue::find(topic) {
        writeln!(out, "{} (check)\n  {}\n  {}\n", check.name, check.promise, check.promise_zh)?;
        writeln!(out, "An example that breaks it: {}", check.example.story)?;
        for line in check.example.text.lines() {
            writeln!(out, "  {line}")?;
        }
        let finding = check.judge_example();
        writeln!(out, "What is found:")?;
        for sentence in finding.explanation {
            writeln!(out, "  {}", sentence.en)?;
        }
        return Ok(());
    }
    if let Some(check) = liveness::find(topic) {
        writeln!(out, "{} (check)\n  {}\n  {}", check.name, check.promise, check.promise_zh)?;
        return Ok(());
    }
    if let Some(word) = FaultCount::find(topic.rsplit_once('.').map_or(topic, |(_, word)| word)) {
        writeln!(out, "FAULT.{} (check of a fault)\n  {}\n  {}", word.name, word.promise, word.promise_zh)?;
        writeln!(out, "  It is written {} = \"NAME OF THE FAULT.{}\".", word.mode, word.name)?;
        return Ok(());
    }
    let verbs =
        FAULT_VERBS.iter().map(|verb| ("fault verb", verb)).chain(STEP_VERBS.iter().map(|verb| ("step verb", verb)));
    let matching: Vec<_> = verbs.filter(|(_, verb)| verb.name == topic).collect();
    if !matching.is_empty() {
        for (kind, verb) in matching {
            writeln!(out, "{} ({kind})\n  {}", verb.name, verb.doc.trim())?;
            if verb.lasts {
                writeln!(out, "  It can have a `for`.")?;
            }
        }
        return Ok(());
    }
    if let Some(entry) = Code::find(topic) {
        writeln!(out, "{} {}\n  {}", entry.number, entry.title, entry.explanation)?;
        return Ok(());
    }
    let hint = Some("checks, fault and step verbs, codes such as S014, and exit-codes can be explained".to_owned());
    Err(CliError::Unknown { name: topic.to_owned(), hint })
}
