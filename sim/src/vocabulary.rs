//! The words a scenario may use, gathered from the catalogues of products, checks and workloads.
//!
//! The scenario language knows no product, and no product knows the scenario language; this is where the names of the
//! one are handed to the other.

use std::time::Duration;

use nodes::product::{self, Product, events};

use crate::check::catalogue::CHECKS;
use crate::run::workload::WORKLOADS;
use crate::scenario::vocabulary;
use crate::scenario::vocabulary::{
    ArgumentKind, CheckKind, CheckWord, CommandWord, Device, OptionWord, Parameter, ParameterKind, PositionalWord,
    Role, VerbAlias, Vocabulary, Word,
};
use crate::verdict::liveness;

/// The words of every product there is.
pub fn known() -> Vocabulary {
    of_products(nodes::catalogue::products())
}

/// The words of some products.
pub fn of_products(products: &[Product]) -> Vocabulary {
    let workloads: Vec<Word> = WORKLOADS.iter().map(|workload| Word::new(workload.name, workload.doc)).collect();
    let served: Vec<String> = workloads.iter().map(|workload| workload.name.clone()).collect();
    Vocabulary {
        products: products.iter().map(|product| of_product(product, &served)).collect(),
        checks: checks(),
        workloads,
        events: words(events::ALL),
    }
}

fn checks() -> Vec<CheckWord> {
    let safety = CHECKS.iter().map(|check| (check.name, check.promise, CheckKind::Safety));
    let liveness = liveness::CHECKS.iter().map(|check| (check.name, check.promise, CheckKind::Liveness));
    let word = |(name, promise, kind): (&str, &str, CheckKind)| CheckWord {
        name: name.to_owned(),
        promise: promise.to_owned(),
        kind,
    };
    safety.chain(liveness).map(word).collect()
}

fn of_product(product: &Product, workloads: &[String]) -> vocabulary::Product {
    vocabulary::Product {
        model: product.model.to_owned(),
        title: product.title.to_owned(),
        profiles: words(product.profiles),
        roles: product.roles.iter().map(role).collect(),
        selectors: words(product.selectors),
        devices: product.devices.iter().map(device).collect(),
        parameters: product.parameters.iter().map(parameter).collect(),
        defects: words(product.defects),
        events: words(product.events),
        commands: product.commands.iter().map(command).collect(),
        verbs: product.verbs.iter().map(verb).collect(),
        checks: Vec::new(),
        workloads: workloads.to_vec(),
        files: words(product.files),
        external_commands: words(product.external_commands),
    }
}

fn words(words: &[product::Word]) -> Vec<Word> {
    words.iter().map(|word| Word::new(word.name, word.doc)).collect()
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn role(role: &product::RoleWord) -> Role {
    Role {
        name: role.name.to_owned(),
        doc: role.doc.to_owned(),
        database: role.database.to_owned(),
        processes: strings(role.processes),
    }
}

fn device(device: &product::DeviceWord) -> Device {
    Device {
        name: device.name.to_owned(),
        doc: device.doc.to_owned(),
        shared: device.shared,
        regions: words(device.regions),
    }
}

fn parameter(parameter: &product::ParameterWord) -> Parameter {
    let kind = match parameter.kind {
        product::ParameterKind::Duration { bare_unit_ms } => {
            let bare_unit = (bare_unit_ms > 0).then(|| Duration::from_millis(bare_unit_ms));
            ParameterKind::Duration { bare_unit }
        }
        product::ParameterKind::Integer { low, high } => ParameterKind::Integer { low, high },
        product::ParameterKind::Ratio => ParameterKind::Ratio,
        product::ParameterKind::Size => ParameterKind::Size,
        product::ParameterKind::Text => ParameterKind::Text,
        product::ParameterKind::Boolean => ParameterKind::Boolean,
        product::ParameterKind::OneOf(words) => ParameterKind::OneOf(strings(words)),
    };
    let (name, doc) = (parameter.name.to_owned(), parameter.doc.to_owned());
    Parameter { name, doc, kind, default: parameter.default.to_owned() }
}

fn command(command: &product::CommandWord) -> CommandWord {
    CommandWord {
        program: command.program.to_owned(),
        words: strings(command.words),
        options: command.options.iter().map(option).collect(),
        positionals: command.positionals.iter().map(positional).collect(),
        doc: command.doc.to_owned(),
    }
}

fn option(option: &product::OptionWord) -> OptionWord {
    OptionWord {
        flags: strings(option.flags),
        value: option.value.map(argument),
        required: option.required,
        doc: option.doc.to_owned(),
    }
}

fn positional(positional: &product::PositionalWord) -> PositionalWord {
    PositionalWord {
        name: positional.name.to_owned(),
        kind: argument(positional.kind),
        required: positional.required,
        repeated: positional.repeated,
    }
}

fn argument(kind: product::ArgumentKind) -> ArgumentKind {
    match kind {
        product::ArgumentKind::Text => ArgumentKind::Text,
        product::ArgumentKind::Integer => ArgumentKind::Integer,
        product::ArgumentKind::Path => ArgumentKind::Path,
        product::ArgumentKind::OneOf(words) => ArgumentKind::OneOf(strings(words)),
    }
}

fn verb(verb: &product::VerbWord) -> VerbAlias {
    VerbAlias { verb: verb.verb.to_owned(), command: verb.command.to_owned() }
}
