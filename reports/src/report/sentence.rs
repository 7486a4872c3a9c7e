//! A sentence for people, in English and, where somebody wrote it, in Chinese.
//!
//! Names of checks, events and commands are the same in every language and stay plain strings; what explains
//! them is a sentence. Nothing here translates: a sentence without Chinese is shown in English.

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

    /// The words in `language`, or the English ones where there are no others.
    pub fn words(&self, language: Language) -> &str {
        match (language, &self.zh) {
            (Language::Chinese, Some(chinese)) => chinese,
            _ => &self.en,
        }
    }
}

impl From<&str> for Sentence {
    fn from(english: &str) -> Self {
        Self::english(english)
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
