//! Numbers for keys and values that are not numbers, so that the checkers see numbers only.

use std::collections::BTreeMap;

use super::edn::Edn;

/// Numbers for forms. A whole number stands for itself, anything else gets a number far below all that occur.
#[derive(Default)]
pub struct Numbers {
    numbers: BTreeMap<Edn, i64>,
}

impl Numbers {
    /// The number of a form.
    pub fn of(&mut self, form: &Edn) -> i64 {
        if let Edn::Integer(number) = form {
            return *number;
        }
        let next = i64::MIN + self.numbers.len() as i64;
        *self.numbers.entry(form.clone()).or_insert(next)
    }

    /// The names of all numbers that stand for something else; strings without quotation marks.
    pub fn names(self) -> BTreeMap<i64, String> {
        let name = |form: Edn| match form {
            Edn::Text(text) => text,
            other => other.to_string(),
        };
        self.numbers.into_iter().map(|(form, number)| (number, name(form))).collect()
    }
}
