//! The shape of a file: every key known, every value of the right type.
//!
//! A deserialiser stops at the first wrong key, and the author would mend a file one run at a time. So the parsed
//! file is walked beside its own JSON Schema first; what does not fit is reported and taken away, and the rest goes
//! on to be deserialised and lowered. Tables that lost a key are remembered, so that nobody reports the loss again.

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::codes::Code;
use super::diagnostic::Diagnostic;
use super::located::Span;
use super::suggest::did_you_mean;

/// What the walk found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Keys and values that do not fit.
    pub diagnostics: Vec<Diagnostic>,
    /// Tables from which something was taken away.
    pub bruised: Vec<Span>,
}

/// Walks the table at `span`, reports what does not fit `schema`, and takes it away.
pub fn check_table(table: &mut DeTable<'_>, span: &Span, schema: &Value, findings: &mut Findings) {
    let known = schema.get("properties").and_then(Value::as_object);
    let any_other = schema.get("additionalProperties").filter(|other| **other != Value::Bool(false));
    let mut unfit: Vec<String> = Vec::new();
    for (key, value) in table.iter_mut() {
        let name: &str = key.get_ref();
        let is_fit = match known.and_then(|known| known.get(name)).or(any_other) {
            Some(expected) => {
                let value_span = value.span();
                fits(value.get_mut(), &value_span, name, expected, findings)
            }
            None => {
                let known = known.into_iter().flatten().map(|(name, _)| name.as_str());
                findings.diagnostics.push(unknown_key(name, key.span(), known));
                false
            }
        };
        if !is_fit {
            unfit.push(name.to_owned());
        }
    }
    for name in &unfit {
        table.remove(name.as_str());
    }
    if !unfit.is_empty() {
        findings.bruised.push(span.clone());
    }
}

/// True if the value may stay, perhaps without some of its parts.
fn fits(value: &mut DeValue<'_>, span: &Span, key: &str, schema: &Value, findings: &mut Findings) -> bool {
    let Some(wanted) = schema.get("type").and_then(Value::as_str) else { return true };
    match (wanted, value) {
        ("object", DeValue::Table(table)) => {
            check_table(table, span, schema, findings);
            true
        }
        ("array", DeValue::Array(items)) => {
            let item_schema = schema.get("items").unwrap_or(&Value::Bool(true));
            let mut all_fit = true;
            for item in items.iter_mut() {
                let item_span = item.span();
                all_fit &= fits(item.get_mut(), &item_span, key, item_schema, findings);
            }
            all_fit
        }
        ("string", DeValue::String(_)) | ("boolean", DeValue::Boolean(_)) => true,
        ("integer", DeValue::Integer(number)) => {
            let is_small = i64::from_str_radix(number.as_str(), number.radix()).is_ok();
            if !is_small {
                let message = format!("`{key}` is too large a number");
                findings
                    .diagnostics
                    .push(Diagnostic::error(Code::OutOfBounds, message).label(span.clone(), "too large"));
            }
            is_small
        }
        (wanted, value) => {
            findings.diagnostics.push(wrong_type(key, wanted, value, span.clone()));
            false
        }
    }
}

fn unknown_key<'k>(key: &str, span: Span, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    Diagnostic::error(Code::UnknownKey, format!("there is no key `{key}` here"))
        .label(span, "unknown key")
        .maybe_help(did_you_mean(key, known))
}

fn wrong_type(key: &str, wanted: &str, value: &DeValue<'_>, span: Span) -> Diagnostic {
    let (wanted, example) = match wanted {
        "string" => ("text", format!("{key} = \"…\"")),
        "integer" => ("a whole number", format!("{key} = 3")),
        "boolean" => ("true or false", format!("{key} = true")),
        "array" => ("a list", format!("{key} = […]")),
        _ => ("a table", format!("{key} = {{ … }}")),
    };
    let given = match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time of day",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    Diagnostic::error(Code::WrongType, format!("`{key}` takes {wanted}"))
        .label(span, format!("this is {given}"))
        .help(format!("write `{example}`"))
}
