//! In which language the screen speaks.

use reports::Language;

use super::arguments::Lang;

/// The language meant by an option.
pub(super) fn language(lang: Lang) -> Language {
    let chinese = || {
        let variables = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let set = variables.iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty());
        set.is_some_and(|value| value.starts_with("zh"))
    };
    match lang {
        Lang::Zh => Language::Chinese,
        Lang::Auto if chinese() => Language::Chinese,
        Lang::En | Lang::Auto => Language::English,
    }
}
