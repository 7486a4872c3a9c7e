//! A sentence for people, in English and, where somebody wrote it, in Chinese.
//!
//! Names of checks, events and commands are the same in every language and stay plain strings; what explains
//! them is a sentence. Nothing here translates: a sentence without Chinese is shown in English.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

/// The languages a report can be rendered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

/// A sentence in the languages it was written in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Sentence {
    /// The English words.
    pub en: String,
    /// The Chinese words, when there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zh: Option<String>,
}

impl Sentence {
    /// A sentence in both languages.
    pub fn new(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self { en: english.into(), zh: Some(chinese.into()) }
    }

    /// A sentence that exists in English only.
    pub fn english(english: impl Into<String>) -> Self {
        Self { en: english.into(), zh: None }
    }

    /// What is written in English, with its Chinese where there is any; none if nothing is written.
    pub fn of(english: Option<&str>, chinese: Option<&str>) -> Option<Self> {
        english.map(|english| Self { en: english.to_owned(), zh: chinese.map(str::to_owned) })
    }

    /// Several as one, with this between them.
    pub fn joined(parts: &[Sentence], between: &str) -> Self {
        let words = |language| parts.iter().map(|part| part.words(language)).collect::<Vec<_>>().join(between);
        Self::new(words(Language::English), words(Language::Chinese))
    }

    /// The Chinese words, or the English ones where there are no others.
    pub fn chinese(&self) -> &str {
        self.zh.as_deref().unwrap_or(&self.en)
    }

    /// The words in `language`, or the English ones where there are no others.
    pub fn words(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Chinese => self.chinese(),
        }
    }
}

/// What can stand in a sentence: a value, which is the same in both languages, or words of its own.
pub trait Words {
    /// As it stands in the English sentence.
    fn in_english(&self) -> impl Display;
    /// As it stands in the Chinese sentence.
    fn in_chinese(&self) -> impl Display;
}

impl<Value: Display + ?Sized> Words for Value {
    fn in_english(&self) -> impl Display {
        self
    }

    fn in_chinese(&self) -> impl Display {
        self
    }
}

impl Words for Sentence {
    fn in_english(&self) -> impl Display {
        &self.en
    }

    fn in_chinese(&self) -> impl Display {
        self.chinese()
    }
}

/// A sentence in both languages around the same values, written as for `format!`. Values that are sentences themselves
/// stand in it in its language; they cannot be named between the braces.
///
/// ```
/// use reports::{Language, Sentence, sentence};
///
/// let who = Sentence::new("nobody", "无人");
/// let at = "12s";
/// let told = sentence!("At {at} {} wrote {} pages.", "{at} 时,{} 写了 {} 页。", who, 3);
/// assert_eq!(told.words(Language::Chinese), "12s 时,无人 写了 3 页。");
/// ```
#[macro_export]
macro_rules! sentence {
    ($english:literal, $chinese:literal $(, $value:expr)* $(,)?) => {
        $crate::Sentence::new(
            format!($english $(, $crate::Words::in_english(&$value))*),
            format!($chinese $(, $crate::Words::in_chinese(&$value))*),
        )
    };
}

impl From<&str> for Sentence {
    fn from(english: &str) -> Self {
        Self::english(english)
    }
}

impl From<(&str, &str)> for Sentence {
    fn from((english, chinese): (&str, &str)) -> Self {
        Self::new(english, chinese)
    }
}

impl From<String> for Sentence {
    fn from(english: String) -> Self {
        Self::english(english)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_without_chinese_is_shown_in_english() {
        assert_eq!(Sentence::from("It holds.").words(Language::Chinese), "It holds.");
        assert_eq!(Sentence::new("It holds.", "成立。").words(Language::Chinese), "成立。");
    }
}
