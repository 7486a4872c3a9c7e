//! `report.json`: the whole Report, for tools and for rendering again later.
//!
//! Keys are sorted, so that two reports can be compared with `diff`. Numbers are integers.

use crate::report::Report;

/// The Report as indented JSON with sorted keys and a newline at its end.
pub fn json(report: &Report) -> String {
    let mut value = serde_json::to_value(report).expect("a Report holds only strings, integers and lists of them");
    // serde_json sorts by itself unless some crate of the build asks it to keep insertion order.
    value.sort_all_objects();
    let mut text = serde_json::to_string_pretty(&value).expect("a JSON value can be printed");
    text.push('\n');
    text
}
