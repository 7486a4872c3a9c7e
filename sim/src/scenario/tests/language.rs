//! The JSON Schema that is kept beside the scenarios.

use std::path::PathBuf;

use serde_json::Value;

use crate::scenario::schema_json;

fn kept() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "schema", "scenario.schema.json"].iter().collect()
}

#[test]
fn the_kept_schema_is_fresh() {
    if std::env::var_os("SIMRUN_UPDATE_SCHEMA").is_some() {
        std::fs::write(kept(), schema_json()).unwrap();
    }
    let kept = std::fs::read_to_string(kept()).unwrap_or_default();
    assert!(
        kept == schema_json(),
        "schema/scenario.schema.json is stale: run `simrun schema > schema/scenario.schema.json`"
    );
}

/// Editors differ in what they understand of JSON Schema: only what all of them do is used.
#[test]
fn the_schema_is_plain() {
    fn walk(value: &Value) {
        match value {
            Value::Object(object) => {
                for puzzle in ["oneOf", "anyOf", "allOf", "$ref", "definitions", "$defs", "not", "if"] {
                    assert!(!object.contains_key(puzzle) || object[puzzle].get("type").is_some(), "{puzzle}");
                }
                object.values().for_each(walk);
            }
            Value::Array(values) => values.iter().for_each(walk),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let schema: Value = serde_json::from_str(&schema_json()).unwrap();
    walk(&schema);
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(schema["properties"]["step"]["items"]["additionalProperties"], false);
    assert_eq!(schema["properties"]["drill"]["properties"]["kind"]["enum"][1], "simulation");
}
