//! Tables as repmgr prints them: a header, a rule, padded cells.

/// A table's lines.
pub(in super::super) fn table(header: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} "));
        padded.collect::<Vec<_>>().join("|").trim_end().to_owned()
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
    let mut lines = vec![line(header.to_vec()), rule.join("+")];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_padded_to_the_widest() {
        let rows = vec![vec!["1".to_owned(), "node1".to_owned()], vec!["2".to_owned(), "n".to_owned()]];
        assert_eq!(table(&["ID", "Name"], &rows), [" ID | Name", "----+-------", " 1  | node1", " 2  | n"]);
    }
}
