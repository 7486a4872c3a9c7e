//! The JSON Schema of scenario files, for editors and for finding misspelled keys.
//!
//! It is derived from the raw types, so it cannot drift from the parser. Editors' support for JSON Schema is uneven,
//! hence draft-07 without references and without alternatives: objects, arrays and plain types only.

use std::sync::LazyLock;

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::Value;

use super::raw::RawScenario;

/// The schema as data.
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(generate);
    &SCHEMA
}

/// The schema as text, as it is kept in `schema/scenario.schema.json`.
pub fn schema_json() -> String {
    format!("{:#}\n", schema())
}

fn generate() -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<RawScenario>();
    RecursiveTransform(plain).transform(&mut schema);
    schema.insert("title".to_owned(), "simrun scenario".into());
    schema.to_value()
}

/// TOML has no null, and widths of integers mean nothing to the author of a file.
fn plain(schema: &mut Schema) {
    let without_null = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().find(|name| *name != "null").cloned(),
        _ => None,
    };
    if let Some(only) = without_null {
        schema.insert("type".to_owned(), only);
    }
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    for noise in ["format", "title", "default"] {
        schema.remove(noise);
    }
}
