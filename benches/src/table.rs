//! Figures set for people: thousands grouped, columns aligned.

/// A whole number with its thousands grouped, as in `1,953,125`.
pub fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A figure with one decimal, so that JSON does not carry digits that no stopwatch earned.
pub fn one_decimal(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(7.0), "7");
        assert_eq!(grouped(512.4), "512");
        assert_eq!(grouped(71_000.0), "71,000");
        assert_eq!(grouped(1_953_125.0), "1,953,125");
    }

    #[test]
    fn figures_keep_one_decimal() {
        assert_eq!(one_decimal(512.347), 512.3);
    }
}
