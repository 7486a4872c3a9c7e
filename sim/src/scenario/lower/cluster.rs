//! The drill, its objectives, the product, its hosts, the limits of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use reports::Sentence;

use crate::scenario::codes::Code;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::located::{Located, Span};
use crate::scenario::model::{Drill, DrillKind, Node, Objectives, ParameterValue, ProductChoice, Run};
use crate::scenario::raw::{RawDrill, RawNode, RawObjectives, RawProduct, RawRun, Text};
use crate::scenario::reader::{Reader, shown};
use crate::scenario::values::{Ratio, SeedRange, Size, print_duration};
use crate::scenario::vocabulary::{Parameter, ParameterKind, Product, Role};

/// The most hosts a scenario may have.
const MOST_HOSTS: usize = 128;

impl<'a> Reader<'a> {
    pub(super) fn drill(&mut self, raw: &Option<Located<RawDrill>>, file: Span) -> Option<Drill> {
        let Some(table) = raw else {
            self.missing(file, "the table `[drill]` with `id` and `title`");
            return None;
        };
        let raw = table.value();
        let id = self.required(&raw.id, "id", table.span());
        let title = self.required(&raw.title, "title", table.span());
        let kind = self.or(
            &raw.kind,
            &DrillKind::Simulation,
            Some("drill.kind"),
            |_| "simulation".to_owned(),
            |reader, kind| reader.word(kind, DrillKind::WORDS),
        );
        Some(Drill {
            id: id?.text().to_owned(),
            title: title?.text().to_owned(),
            title_zh: said(&raw.title_zh),
            kind: kind?,
            level: said(&raw.level),
            hypothesis: in_both(&raw.hypothesis, &raw.hypothesis_zh),
            scope: in_both(&raw.scope, &raw.scope_zh),
            rollback: in_both(&raw.rollback, &raw.rollback_zh),
            owner: said(&raw.owner),
            tags: raw.tags.iter().flatten().map(|tag| tag.text().to_owned()).collect(),
        })
    }

    pub(super) fn objectives(&mut self, raw: &Option<Located<RawObjectives>>) -> Option<Objectives> {
        let Some(table) = raw else { return Some(Objectives { rto: None, rpo: None }) };
        let rto = self.optional(&table.value().rto, Self::value);
        let rpo = self.optional(&table.value().rpo, Self::value);
        Some(Objectives { rto: rto?, rpo: rpo? })
    }

    pub(super) fn product(&mut self, raw: &Option<Located<RawProduct>>, file: Span) -> Option<ProductChoice> {
        let Some(table) = raw else {
            self.missing(file, "the table `[product]` with `model`");
            return None;
        };
        let raw = table.value();
        let model = self.required(&raw.model, "model", table.span())?;
        let Some(product) = self.vocabulary.product(model.text()) else {
            let known = self.vocabulary.products.iter().map(|product| product.model.as_str());
            self.unknown(Code::UnknownProduct, model, "product", known);
            return None;
        };
        self.product = Some(product);
        let profile = self.profile(product, &raw.profile);
        let set = self.parameters(product, raw);
        let defects = self.defects(product, raw.defects.as_deref().unwrap_or_default());
        Some(ProductChoice { model: product.model.clone(), profile: profile?, set: set?, defects: defects? })
    }

    fn profile(&mut self, product: &Product, raw: &Text) -> Option<Option<String>> {
        match raw {
            Some(profile) => self
                .word_of_product(Code::UnknownProfile, profile, "profile", &product.profiles)
                .then(|| Some(profile.text().to_owned())),
            None => {
                let first = product.profiles.first().map(|profile| profile.name.clone());
                if let Some(profile) = &first {
                    self.default_used("product.profile", profile);
                }
                Some(first)
            }
        }
    }

    fn parameters(&mut self, product: &Product, raw: &RawProduct) -> Option<BTreeMap<String, ParameterValue>> {
        let mut all = Some(BTreeMap::new());
        for (name, value) in raw.set.iter().flatten() {
            let name = Located::new(name.get_ref().clone(), name.span());
            let lowered = match product.parameter(name.text()) {
                Some(parameter) => self.parameter(parameter, value),
                None => {
                    let known = product.parameters.iter().map(|parameter| parameter.name.as_str());
                    self.unknown(Code::UnknownParameter, &name, "parameter", known);
                    None
                }
            };
            match (lowered, &mut all) {
                (Some(lowered), Some(set)) => drop(set.insert(name.text().to_owned(), lowered)),
                _ => all = None,
            }
        }
        all
    }

    fn parameter(&mut self, parameter: &Parameter, value: &toml::Spanned<toml::Value>) -> Option<ParameterValue> {
        let span = value.span();
        let text = |text: &String| Located::new(text.clone(), span.clone());
        match (&parameter.kind, value.get_ref()) {
            (ParameterKind::Text, toml::Value::String(said)) => Some(ParameterValue::Text(said.clone())),
            (ParameterKind::Duration { .. }, toml::Value::String(said)) => {
                self.value(&text(said)).map(ParameterValue::Duration)
            }
            (ParameterKind::Duration { bare_unit: Some(unit) }, toml::Value::Integer(units)) => {
                let length = u32::try_from(*units).ok().and_then(|units| unit.checked_mul(units));
                if length.is_none() {
                    self.out_of_bounds(span, "not a length of time", "write a number with a unit, such as \"6s\"");
                }
                length.map(ParameterValue::Duration)
            }
            (ParameterKind::Integer { low, high }, toml::Value::Integer(number)) => {
                self.number(&Located::new(*number, span), *low, *high).map(ParameterValue::Integer)
            }
            (ParameterKind::Ratio, toml::Value::String(said)) => {
                self.value::<Ratio>(&text(said)).map(ParameterValue::Ratio)
            }
            (ParameterKind::Size, toml::Value::String(said)) => {
                self.value::<Size>(&text(said)).map(ParameterValue::Size)
            }
            (ParameterKind::Boolean, toml::Value::Boolean(on)) => Some(ParameterValue::Boolean(*on)),
            (ParameterKind::Boolean, toml::Value::String(said)) => {
                self.word(&text(said), &[("on", true), ("off", false)]).map(ParameterValue::Boolean)
            }
            (ParameterKind::OneOf(known), toml::Value::String(said)) => {
                let known: Vec<(&str, String)> = known.iter().map(|word| (word.as_str(), word.clone())).collect();
                self.word(&text(said), &known).map(ParameterValue::Text)
            }
            (kind, _) => {
                let message = format!("`{}` takes {}", parameter.name, spoken(kind));
                let diagnostic = Diagnostic::error(Code::WrongType, message)
                    .label(span, format!("this is {}", spoken_type(value.get_ref())))
                    .help(format!("its default is {}", parameter.default));
                self.report(diagnostic);
                None
            }
        }
    }

    fn defects(&mut self, product: &Product, raw: &[Located<String>]) -> Option<Vec<String>> {
        let all =
            raw.iter().filter(|defect| !self.word_of_product(Code::UnknownDefect, defect, "defect", &product.defects));
        if all.count() > 0 {
            return None;
        }
        let defects: std::collections::BTreeSet<String> = raw.iter().map(|name| name.text().to_owned()).collect();
        Some(defects.into_iter().collect())
    }

    pub(super) fn nodes(&mut self, raw: &Option<Vec<Located<RawNode>>>, file: Span) -> Option<Vec<Node>> {
        let tables = raw.as_deref().unwrap_or_default();
        if tables.is_empty() {
            self.missing(file, "at least one `[[node]]`");
            return None;
        }
        let lowered: Vec<Option<Vec<Node>>> = tables.iter().map(|table| self.node(table)).collect();
        let nodes: Vec<Node> = lowered.into_iter().collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
        if nodes.len() > MOST_HOSTS {
            let help = format!("a scenario has at most {MOST_HOSTS} hosts");
            self.out_of_bounds(tables[0].span(), &format!("{} hosts are too many", nodes.len()), &help);
            return None;
        }
        Some(nodes)
    }

    fn node(&mut self, table: &Located<RawNode>) -> Option<Vec<Node>> {
        let raw = table.value();
        let name = self.required(&raw.name, "name", table.span());
        let role = self.required(&raw.role, "role", table.span());
        let count = self.optional(&raw.count, |reader, count| reader.number(count, 1, MOST_HOSTS as i64));
        let known_role = role.and_then(|role| self.role(role));
        let name = name?;
        let names: Vec<String> = match count.flatten() {
            Some(count) => (1..=count).map(|number| format!("{}{number}", name.text())).collect(),
            None => vec![name.text().to_owned()],
        };
        let mut all = self.valid_name(name, "node").is_some();
        for host in &names {
            all &= self.new_host(host, name, known_role);
        }
        let (role, _) = (role?, count?);
        let is_known = known_role.is_some() || self.product.is_none();
        let node = |name| Node { name, role: role.text().to_owned(), zone: said(&raw.zone) };
        (all && is_known).then(|| names.into_iter().map(node).collect())
    }

    fn role(&mut self, role: &Located<String>) -> Option<&'a Role> {
        let product = self.product?;
        let known = product.role(role.text());
        if known.is_none() {
            let roles = product.roles.iter().map(|role| role.name.as_str());
            self.unknown(Code::UnknownRole, role, "role", roles);
        }
        known
    }

    fn new_host(&mut self, host: &str, name: &Located<String>, role: Option<&'a Role>) -> bool {
        let is_new = self.hosts.insert(host.to_owned(), role).is_none();
        if !is_new {
            let diagnostic = Diagnostic::error(Code::DuplicateName, format!("there are two nodes `{}`", shown(host)))
                .label(name.span(), "used before")
                .help("give every node a name of its own");
            self.report(diagnostic);
        }
        is_new
    }

    /// A name that can be referred to.
    pub(super) fn valid_name(&mut self, name: &Located<String>, what: &str) -> Option<()> {
        let text = name.text();
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        let is_taken = self.role_words().any(|word| word == text);
        let (label, help) = match (fits, is_taken) {
            (true, false) => return Some(()),
            (true, true) => ("a word of the language", "a role word is bound while the run goes on: choose another"),
            (false, _) => ("cannot be a name", "use letters, digits, `-` and `_`, at most 64 of them"),
        };
        let message = format!("`{}` cannot be the name of a {what}", shown(text));
        self.report(Diagnostic::error(Code::BadName, message).label(name.span(), label).help(help));
        None
    }

    pub(super) fn run(&mut self, raw: &Option<Located<RawRun>>) -> Option<Run> {
        let omitted = RawRun::default();
        let raw = raw.as_ref().map_or(&omitted, Located::value);
        let one = SeedRange { first: 1, last: 1 };
        let seeds = self.or(&raw.seeds, &one, Some("run.seeds"), ToString::to_string, Self::value);
        let five_minutes = Duration::from_secs(300);
        let shown = |length: &Duration| print_duration(*length);
        let time_limit =
            self.or(&raw.time_limit, &five_minutes, Some("run.time-limit"), shown, Self::positive_duration);
        let steps_limit =
            self.or(&raw.steps_limit, &50_000_000, Some("run.steps-limit"), ToString::to_string, |reader, number| {
                reader.number(number, 1, i64::MAX)
            });
        Some(Run { seeds: seeds?, time_limit: time_limit?, steps_limit: steps_limit?.unsigned_abs() })
    }

    /// A length of time that is not zero.
    pub(super) fn positive_duration(&mut self, text: &Located<String>) -> Option<Duration> {
        let length: Duration = self.value(text)?;
        if length.is_zero() {
            self.out_of_bounds(text.span(), "this length of time is zero", "write a longer one, such as \"30s\"");
            return None;
        }
        Some(length)
    }
}

/// A text that is only printed.
/// What is said in English, with its Chinese; Chinese alone says nothing.
pub(super) fn in_both(english: &Text, chinese: &Text) -> Option<Sentence> {
    Sentence::of(said(english).as_deref(), said(chinese).as_deref())
}

fn said(text: &Text) -> Option<String> {
    text.as_ref().map(|text| text.text().to_owned())
}

fn spoken_type(value: &toml::Value) -> &'static str {
    match value {
        toml::Value::String(_) => "text",
        toml::Value::Integer(_) => "a whole number",
        toml::Value::Float(_) => "a decimal number",
        toml::Value::Boolean(_) => "true or false",
        toml::Value::Datetime(_) => "a date or time of day",
        toml::Value::Array(_) => "a list",
        toml::Value::Table(_) => "a table",
    }
}

fn spoken(kind: &ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Duration { .. } => "a length of time in quotes, such as \"6s\"",
        ParameterKind::Integer { .. } => "a whole number",
        ParameterKind::Ratio => "a fraction in quotes, such as \"1/1000\"",
        ParameterKind::Size => "a size in quotes, such as \"64MB\"",
        ParameterKind::Text => "text in quotes",
        ParameterKind::Boolean => "true or false, or \"on\" or \"off\"",
        ParameterKind::OneOf(_) => "one of a few words in quotes",
    }
}
