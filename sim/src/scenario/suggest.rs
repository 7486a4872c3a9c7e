//! "Did you mean": the known word closest to a misspelled one.

/// The one of `known` that `written` most probably meant, if any is close enough.
///
/// Close means at most one slip (a letter missing, added, changed, or two swapped) for every three letters. Ties
/// go to the word that comes first.
pub fn closest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = folded(written);
    let allowed = (written.len() / 3).max(1);
    known
        .into_iter()
        .map(|word| (slips(&written, &folded(word)), word))
        .filter(|(slips, _)| *slips <= allowed)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, word)| word)
}

/// `did you mean "x"?`, or the list of what is known if nothing is close and the list is short.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(word) = closest(written, known.iter().copied()) {
        return Some(format!("did you mean \"{word}\"?"));
    }
    (!known.is_empty()).then(|| format!("known here: {}", list(&known)))
}

/// At most twelve words, with a count of the rest.
pub fn list(words: &[&str]) -> String {
    const SHOWN: usize = 12;
    match words.len().checked_sub(SHOWN) {
        None | Some(0) => words.join(", "),
        Some(rest) => format!("{} and {rest} more", words[..SHOWN].join(", ")),
    }
}

/// Case and the choice between `-` and `_` are not slips. Very long texts are cut: no known word is that long.
fn folded(word: &str) -> Vec<char> {
    word.chars().take(64).map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// How many slips turn one word into the other (optimal string alignment).
fn slips(from: &[char], to: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let changed = last[j] + usize::from(a != b);
            let mut best = changed.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        let count = |a, b| slips(&folded(a), &folded(b));
        assert_eq!(count("promote-nwe", "promote-new"), 1);
        assert_eq!(count("kil", "kill"), 1);
        assert_eq!(count("", "kill"), 4);
        assert_eq!(count("time_limit", "time-limit"), 0);
    }

    #[test]
    fn only_a_close_word_is_offered() {
        assert_eq!(closest("dn22", ["dn1", "dn2"]), Some("dn2"));
        assert_eq!(closest("zebra", ["dn1", "dn2"]), None);
        assert_eq!(did_you_mean("zebra", ["dn1", "dn2"]).as_deref(), Some("known here: dn1, dn2"));
        assert_eq!(did_you_mean("zebra", []), None);
    }
}
