//! Numbers as people read them.

/// A count with a comma between groups of three digits: `61,234`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn groups_of_three_from_the_right() {
        assert_eq!([0, 999, 1_000, 61_234, 1_000_000].map(grouped), ["0", "999", "1,000", "61,234", "1,000,000"]);
    }
}
