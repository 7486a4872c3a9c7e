//! The verdict about a log, for people: in English or Chinese, as plain text.

use std::fmt::Write as _;

use nodes::grammar::{Moment, holes};
use nodes::operations::Phrase;
use reports::Language;

use super::{Judged, Passage, Stay, Stray, Why};

/// Only so many lines that could have stood there are shown.
const SHOWN: usize = 8;

/// The verdict about one log.
pub fn told(judged: &Judged, language: Language) -> String {
    let mut text = String::new();
    let chinese = language == Language::Chinese;
    let Judged { file, kind, lines, explained, .. } = judged;
    let verdict = match (judged.is_consistent(), chinese) {
        (true, false) => "CONSISTENT",
        (true, true) => "一致",
        (false, false) => "NOT CONSISTENT",
        (false, true) => "不一致",
    };
    let read = match chinese {
        false => format!("{explained} of {lines} lines explained by the model"),
        true => format!("{lines} 行中 {explained} 行可由模型解释"),
    };
    let _ = writeln!(text, "{verdict}  {file}  ({kind}: {read})");
    for stay in judged.stays() {
        tell_stay(&mut text, judged.chinese, &stay, chinese);
    }
    if let Some(stray) = &judged.stray {
        tell_stray(&mut text, stray, chinese);
    }
    text
}

fn tell_stay(text: &mut String, words: &[Phrase], stay: &Stay<'_>, zh: bool) {
    let Passage { phase, from, .. } = stay.first;
    let word = |word: &str| called(words, word, zh);
    let is_single = stay.later.is_empty();
    let procedure = word(&phase.procedure);
    let name = if is_single { format!("{procedure}: {}", word(&phase.step)) } else { procedure };
    let length = length(*from, stay.ended());
    let _ = writeln!(text, "  {}  {:<9} {name:<40} {length:>10}", clock(*from), word(&phase.track));
    if is_single {
        return;
    }
    for passage in stay.steps() {
        // How long nothing went on tells nothing.
        let until = passage.until.filter(|_| !passage.phase.rests);
        let (from, length) = (clock(passage.from), self::length(passage.from, until));
        let _ = writeln!(text, "  {from}  {:<9}   {:<38} {length:>10}", "", word(&passage.phase.step));
    }
}

/// What a procedure, a step or a track is called. A word that is not in the list is the product's own.
pub(super) fn called(words: &[Phrase], word: &str, zh: bool) -> String {
    let found = words.iter().filter(|_| zh).find_map(|(english, chinese)| Some((holes(english, word)?, *chinese)));
    let Some((values, chinese)) = found else { return word.to_owned() };
    values.iter().fold(chinese.to_owned(), |text, value| text.replacen("{}", value, 1))
}

fn tell_stray(text: &mut String, stray: &Stray, chinese: bool) {
    let place = if chinese { "行" } else { "line" };
    let _ = writeln!(text, "  {place} {}: {}", stray.line, stray.text);
    match (&stray.why, chinese) {
        (Why::TimeGoesBack(back), false) => {
            let _ = writeln!(text, "  its time is {} before the line above", seconds(*back));
        }
        (Why::TimeGoesBack(back), true) => {
            let _ = writeln!(text, "  时间比上一行早 {}", seconds(*back));
        }
        (Why::NoBehaviour(allowed), chinese) => {
            let told = match chinese {
                false => "no behaviour of the model writes this line here; it could have written",
                true => "模型的任何行为都不会在此处写出这一行;此处可能出现的是",
            };
            let _ = writeln!(text, "  {told}:");
            for line in allowed.iter().take(SHOWN) {
                let _ = writeln!(text, "    {}", line.replace("{}", "…"));
            }
            if allowed.len() > SHOWN {
                let _ = writeln!(text, "    … ({})", allowed.len() - SHOWN);
            }
            if allowed.is_empty() {
                let _ = writeln!(text, "    {}", if chinese { "(无)" } else { "(nothing begins like this)" });
            }
        }
    }
}

/// `15:07:52.019`.
pub(super) fn clock(at: Moment) -> String {
    let of_day = at.0.rem_euclid(86_400_000);
    let (hours, minutes) = (of_day / 3_600_000, of_day / 60_000 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{:03}", of_day / 1_000 % 60, of_day % 1_000)
}

fn length(from: Moment, until: Option<Moment>) -> String {
    until.map_or("…".to_owned(), |until| seconds(until.0 - from.0))
}

pub(super) fn seconds(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}s", millis.abs() / 1_000, millis.abs() % 1_000)
}
