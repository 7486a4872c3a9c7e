//! All rows that a search has met, each with a number.
//!
//! A row is a path in a tree: the row `[1 2 3]` is a child of `[1 2]`. So equal rows have equal numbers, a read is
//! one comparison however long the list is, and a thousand versions of a list share their beginnings.

use super::table::{Table, mix};
use crate::history::Value;

/// The number of a row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RowNumber(u32);

/// The row that holds nothing.
pub const EMPTY: RowNumber = RowNumber(0);

/// The tree of rows.
#[derive(Default)]
pub struct Rows {
    /// The row before its last value, and that value. Row number *n* is `nodes[n - 1]`; number 0 is the empty row.
    nodes: Vec<(RowNumber, Value)>,
    table: Table,
}

impl Rows {
    /// The row with one more value at its end.
    pub fn append(&mut self, row: RowNumber, value: Value) -> RowNumber {
        let hash = mix(mix(0, u64::from(row.0)), value as u64);
        let nodes = &self.nodes;
        let (number, is_new) = self.table.find_or_add(hash, |number| nodes[number] == (row, value));
        if is_new {
            self.nodes.push((row, value));
        }
        RowNumber(number as u32 + 1)
    }

    /// The number of a row.
    pub fn number_of(&mut self, row: &[Value]) -> RowNumber {
        self.extend(EMPTY, row)
    }

    /// The row with more values at its end.
    pub fn extend(&mut self, row: RowNumber, values: &[Value]) -> RowNumber {
        values.iter().fold(row, |row, value| self.append(row, *value))
    }

    /// The row with a number.
    pub fn values(&self, row: RowNumber) -> Vec<Value> {
        let mut values = Vec::new();
        let mut rest = row;
        while rest != EMPTY {
            let (before, value) = self.nodes[rest.0 as usize - 1];
            values.push(value);
            rest = before;
        }
        values.reverse();
        values
    }

    /// The number as a word of a configuration.
    pub fn word(row: RowNumber) -> u64 {
        u64::from(row.0)
    }

    /// Bytes in use.
    pub fn memory(&self) -> usize {
        self.nodes.capacity() * size_of::<(RowNumber, Value)>() + self.table.memory()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_have_equal_numbers() {
        let mut rows = Rows::default();
        let long = rows.number_of(&[1, 2, 3]);
        let short = rows.number_of(&[1, 2]);
        assert_ne!(long, short);
        assert_eq!(rows.append(short, 3), long);
        assert_eq!(rows.values(long), [1, 2, 3]);
        assert_eq!(rows.number_of(&[]), EMPTY);
    }
}
