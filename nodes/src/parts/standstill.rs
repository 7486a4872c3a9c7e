//! Why a part of a cluster may stand still: what products share of it.

/// That so many whole nodes are no majority of all, in words; `None` if they are one.
pub fn no_majority(whole: usize, all: usize, whose: &str) -> Option<String> {
    (whole * 2 <= all).then(|| format!("{whole} of {all} nodes are no majority, and {whose} needs one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_is_no_majority() {
        assert!(no_majority(1, 2, "the election").is_some_and(|why| why.starts_with("1 of 2 nodes")));
        assert_eq!(no_majority(2, 3, "the election"), None);
    }
}
