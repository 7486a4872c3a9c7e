//! Text in columns: widths, padding and wrapping as a terminal shows them.
//!
//! A Chinese character fills two columns and has no blanks around it to break a line at. Text that comes from
//! scenarios and from products' output may hold tabs or escape sequences; they are made harmless here, so that
//! nothing a node prints can move the cursor or change colours.

use unicode_width::UnicodeWidthChar;

/// How many columns `text` fills.
pub fn width(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// `text` with tabs as blanks and other control characters spelled out.
pub(super) fn harmless(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => clean.push_str("    "),
            // Two of these would let a line be shown in another order than it is stored in.
            control if control.is_control() || ('\u{202a}'..='\u{202e}').contains(&control) => {
                clean.extend(control.escape_default());
            }
            plain => clean.push(plain),
        }
    }
    clean
}

/// `text` followed by blanks until it fills `columns`.
pub(super) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// `text` cut to `columns`, with three dots when something is missing.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used + 3 > columns {
            break;
        }
        kept.push(character);
    }
    kept + "..."
}

/// `text` broken into lines of at most `columns`; always at least one line.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for piece in pieces(text) {
        let fits = width(&line) + width(piece.trim_end()) <= columns;
        if !fits && !line.is_empty() {
            lines.push(line.trim_end().to_owned());
            line.clear();
        }
        if line.is_empty() && width(piece.trim_end()) > columns {
            break_anywhere(piece, columns, &mut lines, &mut line);
        } else {
            line.push_str(piece);
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// A word without a blank that is wider than a line: filled up to the edge.
fn break_anywhere(word: &str, columns: usize, lines: &mut Vec<String>, line: &mut String) {
    for character in word.chars() {
        if width(line) + character.width().unwrap_or(0) > columns && !line.is_empty() {
            lines.push(std::mem::take(line));
        }
        line.push(character);
    }
}

/// The pieces a line may be broken between: words with the blanks after them, and single wide characters with
/// the punctuation after them, which must not begin a line.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut previous: Option<char> = None;
    for (index, character) in text.char_indices() {
        if previous.is_some_and(|previous| breaks_between(previous, character)) {
            pieces.push(&text[start..index]);
            start = index;
        }
        previous = Some(character);
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

fn breaks_between(previous: char, next: char) -> bool {
    if next == ' ' || ",.;:!?)],。;:、!?)》」』”".contains(next) {
        return false;
    }
    let wide = |character: char| character.width() == Some(2);
    previous == ' ' || wide(next) || (wide(previous) && !"(《「『“".contains(previous))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_fills_two_columns() {
        assert_eq!(width("升主 dn2"), 8);
        assert_eq!(padded("升主", 6), "升主  ");
        assert_eq!(cut("升主节点升主失败", 11), "升主节点...");
    }

    #[test]
    fn words_stay_whole_and_chinese_breaks_between_characters() {
        assert_eq!(wrapped("the lock has moved", 8), ["the lock", "has", "moved"]);
        assert_eq!(wrapped("转移锁后,升主失败", 8), ["转移锁", "后,升主", "失败"]);
        assert_eq!(wrapped("", 8), [""]);
    }

    #[test]
    fn a_word_wider_than_the_line_is_broken() {
        assert_eq!(wrapped("at 0123456789abcdef", 8), ["at", "01234567", "89abcdef"]);
    }

    #[test]
    fn no_line_is_ever_wider_than_asked_and_nothing_is_lost() {
        let text = "dn2 的 gaussdb (pid 4,711) 在 21.162s 被 SIGKILL 终止:supercalifragilistic。";
        for columns in 4..40 {
            let lines = wrapped(text, columns);
            assert!(lines.iter().all(|line| width(line) <= columns + 2), "{columns}: {lines:?}");
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }

    #[test]
    fn escape_sequences_are_spelled_out() {
        assert_eq!(harmless("a\tb\u{1b}[31mc\u{202e}"), "a    b\\u{1b}[31mc\\u{202e}");
    }
}
