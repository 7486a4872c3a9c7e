//! A value together with where it stands in the file.
//!
//! It exists because every mistake must underline its own words: TOML's `Spanned` knows the place, but not how to
//! describe itself in a JSON Schema. This wrapper adds only that.

use std::borrow::Cow;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use toml::Spanned;

/// A range of bytes in the text of a scenario file.
pub type Span = Range<usize>;

/// A value and the bytes of the file that say it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent, bound(deserialize = "T: Deserialize<'de>"))]
pub struct Located<T>(Spanned<T>);

impl<T> Located<T> {
    /// `value`, said at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Located(Spanned::new(span, value))
    }

    /// What was said.
    pub fn value(&self) -> &T {
        self.0.get_ref()
    }

    /// Where it was said.
    pub fn span(&self) -> Span {
        self.0.span()
    }
}

impl Located<String> {
    /// The text.
    pub fn text(&self) -> &str {
        self.value()
    }
}

impl<T: JsonSchema> JsonSchema for Located<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
