//! Options of a command line apart from its other words.

/// The words of a command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments<'a> {
    options: Vec<(&'a str, &'a str)>,
    /// The words that are no options, in order.
    pub(super) words: Vec<&'a str>,
}

impl<'a> Arguments<'a> {
    /// Reads a line; the options in `with_value` take the next word, or what is attached to them.
    pub(super) fn parse(line: &[&'a str], with_value: &[&str]) -> Self {
        let mut arguments = Arguments::default();
        let mut rest = line.iter();
        while let Some(word) = rest.next() {
            let attached = with_value.iter().find(|flag| word.len() > flag.len() && word.starts_with(**flag));
            if with_value.contains(word) {
                arguments.options.push((word, rest.next().copied().unwrap_or_default()));
            } else if let Some(flag) = attached {
                arguments.options.push((&word[..flag.len()], &word[flag.len()..]));
            } else if word.len() > 1 && word.starts_with('-') {
                arguments.options.push((word, ""));
            } else {
                arguments.words.push(word);
            }
        }
        arguments
    }

    /// The value of an option, the last if it is given more than once.
    pub(super) fn value(&self, flag: &str) -> Option<&'a str> {
        self.options.iter().rev().find(|(given, _)| *given == flag).map(|(_, value)| *value)
    }

    /// Whether an option is given.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.value(flag).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_may_stand_anywhere_and_carry_their_value() {
        let arguments = Arguments::parse(&["stop", "-m", "fast", "-D~/primary", "-w"], &["-m", "-D"]);
        assert_eq!(arguments.words, ["stop"]);
        assert_eq!((arguments.value("-m"), arguments.value("-D")), (Some("fast"), Some("~/primary")));
        assert!(arguments.has("-w") && !arguments.has("-t"));
    }
}
