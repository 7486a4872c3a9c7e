//! Splitting a line into words as a shell would, with quotes and backslashes but without everything else.

use std::ops::Range;

/// A word and which bytes of the line say it, quotes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word, without its quotes.
    pub text: String,
    /// Its bytes in the line.
    pub span: Range<usize>,
}

/// A quote that is never closed, by its byte in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenQuote(pub usize);

/// Splits a line into words.
pub fn split(line: &str) -> Result<Vec<Word>, OpenQuote> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut characters = line.char_indices();
    while let Some((at, character)) = characters.next() {
        if character.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let current = word.get_or_insert_with(|| Word { text: String::new(), span: at..at });
        match character {
            '\'' | '"' => quoted(&mut characters, character, &mut current.text).ok_or(OpenQuote(at))?,
            '\\' => current.text.extend(characters.next().map(|(_, escaped)| escaped)),
            plain => current.text.push(plain),
        }
        current.span.end = characters.offset();
    }
    words.extend(word);
    Ok(words)
}

/// Reads up to the closing quote; `None` if there is none. A backslash escapes inside double quotes only.
fn quoted(characters: &mut std::str::CharIndices<'_>, quote: char, word: &mut String) -> Option<()> {
    loop {
        match characters.next()?.1 {
            end if end == quote => return Some(()),
            '\\' if quote == '"' => word.push(characters.next()?.1),
            plain => word.push(plain),
        }
    }
}

/// The line that is split into these words, here and by a shell: what a reader may copy and type.
pub fn joined(words: &[String]) -> String {
    words.iter().map(|word| guarded(word)).collect::<Vec<_>>().join(" ")
}

/// A word in quotes if a shell would take it for anything but one word as it stands. Variables and
/// patterns stay what they are: `$HOME/*.conf`.
fn guarded(word: &str) -> String {
    const MEANS_SOMETHING: &str = "'\"\\;&|<>()`#";
    let plain = |letter: char| !letter.is_whitespace() && !MEANS_SOMETHING.contains(letter);
    match word {
        word if !word.is_empty() && word.chars().all(plain) => word.to_owned(),
        // Within double quotes a shell still reads these.
        word if !word.contains(['"', '\\', '`']) => format!("\"{word}\""),
        word if !word.contains('\'') => format!("'{word}'"),
        word => {
            let escaped = word.chars().flat_map(|letter| match letter {
                '"' | '\\' | '`' => vec!['\\', letter],
                letter => vec![letter],
            });
            format!("\"{}\"", escaped.collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        split(line).unwrap().into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_split_at_blanks_outside_quotes() {
        assert_eq!(texts("cm_ctl  switchover -n 2"), ["cm_ctl", "switchover", "-n", "2"]);
        assert_eq!(texts("psql -c 'select 1; | rm' \"a b\"c d\\ e"), ["psql", "-c", "select 1; | rm", "a bc", "d e"]);
        assert_eq!(texts("x ''"), ["x", ""]);
        assert_eq!(texts("  "), [""; 0]);
        assert_eq!(split("a 'b"), Err(OpenQuote(2)));
    }

    #[test]
    fn a_line_that_is_shown_is_the_one_that_was_typed() {
        for line in [
            "cm_ctl switchover -n 2 -D /data/cluster/dn1",
            "pg_ctl stop -m fast -D ~/primary",
            "psql -c \"select pg_is_in_recovery()\"",
            "psql -c 'select \"a\" from t'",
            "cp /tmp/primary/*.conf $HOME/primary/",
            "x \"\" y",
        ] {
            assert_eq!(joined(&texts(line)), line);
        }
        for words in [vec!["it's \"so\"", "$HOME", "a\\b"], vec!["`x` 'y' \"z\"", "select 1; select 2"]] {
            let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            assert_eq!(texts(&joined(&words)), words, "{}", joined(&words));
        }
    }

    #[test]
    fn spans_cover_quotes() {
        let words = split("a 'b c' 中文").unwrap();
        assert_eq!(words[1].span, 2..7);
        assert_eq!(words[2].span, 8..14);
    }
}
