//! Why a part of a cluster may stand still: what products share of it.

/// Why a part of a cluster may stand still, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

impl Reason {
    /// A reason in both languages.
    pub fn new(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Reason { en: english.into(), zh: chinese.into() }
    }
}

/// That so many whole nodes are no majority of all, and who needs one, in English and Chinese; `None` if they are one.
pub fn no_majority(whole: usize, all: usize, (whose, whose_zh): (&str, &str)) -> Option<Reason> {
    (whole * 2 <= all).then(|| {
        Reason::new(
            format!("{whole} of {all} nodes are no majority, and {whose} needs one"),
            format!("{all} 个节点中的 {whole} 个不构成多数,而{whose_zh}需要多数"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_is_no_majority() {
        assert!(no_majority(1, 2, ("the election", "选举")).is_some_and(|why| why.en.starts_with("1 of 2 nodes")));
        assert_eq!(no_majority(2, 3, ("the election", "选举")), None);
    }
}
