//! Matching words to a product's command table, in the manner of getopt: options anywhere, short ones in a cluster
//! (`-Cvipd`), values attached (`-n2`, `--node=2`) or as the next word, `--` ends the options.

use std::ops::Range;

use super::{Command, GivenOption, Word};
use crate::scenario::codes::Code;
use crate::scenario::suggest::did_you_mean;
use crate::scenario::vocabulary::{ArgumentKind, CommandWord, OptionWord};

/// Why words are not a command of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which mistake of the catalogue this is.
    pub code: Code,
    /// Which bytes of the line are wrong; `None` is the line as a whole.
    pub span: Option<Range<usize>>,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// Finds the command that `words` type. Several mistakes in one line are all reported.
pub fn match_command(line: &str, words: &[Word], table: &[CommandWord]) -> Result<Command, Vec<Mismatch>> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(vec![unknown(None, "this command line is empty".to_owned(), None)]);
    };
    let of_program: Vec<&CommandWord> = table.iter().filter(|command| command.program == program.text).collect();
    if of_program.is_empty() {
        let programs: std::collections::BTreeSet<&str> = table.iter().map(|command| &*command.program).collect();
        let help = did_you_mean(&program.text, programs);
        return Err(vec![unknown(Some(program.span.clone()), format!("no program `{}`", program.text), help)]);
    }
    let attempts = of_program.iter().map(|command| Attempt::read(command, arguments));
    let chosen = attempts.filter(|attempt| attempt.is_meant()).max_by_key(Attempt::merit);
    match chosen {
        Some(attempt) => attempt.finish(line),
        None => Err(vec![unknown_words(program, arguments, &of_program)]),
    }
}

fn unknown(span: Option<Range<usize>>, problem: String, help: Option<String>) -> Mismatch {
    Mismatch { code: Code::UnknownCommand, span, problem, help }
}

/// The program is known, what it is told to do is not.
fn unknown_words(program: &Word, arguments: &[Word], of_program: &[&CommandWord]) -> Mismatch {
    let said = arguments.iter().find(|word| !word.text.starts_with('-'));
    let known: Vec<String> = of_program.iter().map(|command| command.words.join(" ")).collect();
    let written = said.map_or("", |word| &*word.text);
    let help = did_you_mean(written, known.iter().map(String::as_str));
    let problem = match said {
        Some(word) => format!("`{}` cannot `{}`", program.text, word.text),
        None => format!("`{}` needs to be told what to do", program.text),
    };
    unknown(Some(said.unwrap_or(program).span.clone()), problem, help)
}

/// One command of the table, tried on the words.
struct Attempt<'t> {
    command: &'t CommandWord,
    options: Vec<(GivenOption, Range<usize>)>,
    others: Vec<Word>,
    mistakes: Vec<Mismatch>,
    has_unknown_option: bool,
}

impl<'t> Attempt<'t> {
    fn read(command: &'t CommandWord, arguments: &[Word]) -> Self {
        let (options, others, mistakes) = (Vec::new(), Vec::new(), Vec::new());
        let mut attempt = Attempt { command, options, others, mistakes, has_unknown_option: false };
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            if word.text == "--" {
                attempt.others.extend(rest.by_ref().cloned());
            } else if let Some(long) = word.text.strip_prefix("--") {
                attempt.long_option(long, word, &mut rest);
            } else if word.text.len() > 1 && word.text.starts_with('-') {
                attempt.short_options(word, &mut rest);
            } else {
                attempt.others.push(word.clone());
            }
        }
        attempt
    }

    /// True if the words choose this command, whatever else may be wrong with the line.
    fn is_meant(&self) -> bool {
        self.command.words.len() <= self.others.len()
            && self.command.words.iter().zip(&self.others).all(|(wanted, said)| *wanted == said.text)
    }

    /// The better of two commands that are both meant: fewer mistakes, then more words.
    fn merit(&self) -> (std::cmp::Reverse<usize>, usize) {
        (std::cmp::Reverse(self.mistakes.len()), self.command.words.len())
    }

    fn long_option<'w>(&mut self, long: &str, word: &Word, rest: &mut impl Iterator<Item = &'w Word>) {
        let (name, attached) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (long, None),
        };
        let flag = format!("--{name}");
        let Some(option) = self.find(&flag) else { return self.unknown_option(&flag, word) };
        match (&option.value, attached) {
            (None, Some(_)) => self.mistake(word, format!("`{flag}` takes no value"), None),
            (None, None) => self.give(option, None, word),
            (Some(_), Some(value)) => self.give(option, Some(value), word),
            (Some(_), None) => self.give_next(option, word, rest),
        }
    }

    fn short_options<'w>(&mut self, word: &Word, rest: &mut impl Iterator<Item = &'w Word>) {
        // Some programs have long options with a single dash.
        if let Some(option) = self.find(&word.text) {
            return match option.value {
                Some(_) => self.give_next(option, word, rest),
                None => self.give(option, None, word),
            };
        }
        for (at, letter) in word.text.char_indices().skip(1) {
            let flag = format!("-{letter}");
            let Some(option) = self.find(&flag) else { return self.unknown_option(&flag, word) };
            if option.value.is_none() {
                self.give(option, None, word);
                continue;
            }
            let attached = &word.text[at + letter.len_utf8()..];
            return match attached {
                "" => self.give_next(option, word, rest),
                value => self.give(option, Some(value.to_owned()), word),
            };
        }
    }

    fn find(&self, flag: &str) -> Option<&'t OptionWord> {
        self.command.options.iter().find(|option| option.flags.iter().any(|known| known == flag))
    }

    fn give_next<'w>(&mut self, option: &'t OptionWord, word: &Word, rest: &mut impl Iterator<Item = &'w Word>) {
        match rest.next() {
            Some(value) => self.give(option, Some(value.text.clone()), value),
            None => self.mistake(word, format!("`{}` needs a value", word.text), None),
        }
    }

    fn give(&mut self, option: &'t OptionWord, value: Option<String>, word: &Word) {
        if let (Some(kind), Some(value)) = (&option.value, &value) {
            self.check(kind, value, word);
        }
        let flag = option.flags.first().cloned().unwrap_or_default();
        self.options.push((GivenOption { flag, value }, word.span.clone()));
    }

    fn check(&mut self, kind: &ArgumentKind, value: &str, word: &Word) {
        match kind {
            ArgumentKind::Integer if value.parse::<i64>().is_err() => {
                self.mistake(word, format!("`{value}` is not a whole number"), None);
            }
            ArgumentKind::OneOf(known) if !known.iter().any(|word| word == value) => {
                let help = did_you_mean(value, known.iter().map(String::as_str));
                self.mistake(word, format!("`{value}` is not possible here"), help);
            }
            ArgumentKind::Path if value.is_empty() => self.mistake(word, "this path is empty".to_owned(), None),
            ArgumentKind::Text | ArgumentKind::Integer | ArgumentKind::Path | ArgumentKind::OneOf(_) => {}
        }
    }

    fn unknown_option(&mut self, flag: &str, word: &Word) {
        self.has_unknown_option = true;
        let known = self.command.options.iter().flat_map(|option| option.flags.iter().map(String::as_str));
        // Any two short options are one slip apart: offering the first would be a guess.
        let long_enough = flag.len() > 2;
        let help = match long_enough {
            true => did_you_mean(flag, known),
            false => Some(format!("options here: {}", known.collect::<Vec<_>>().join(", "))),
        };
        self.mistake(word, format!("`{}` has no option `{flag}`", self.shown()), help);
    }

    fn mistake(&mut self, word: &Word, problem: String, help: Option<String>) {
        self.mistakes.push(Mismatch { code: Code::BadCommandLine, span: Some(word.span.clone()), problem, help });
    }

    fn shown(&self) -> String {
        let mut shown = self.command.program.clone();
        for word in &self.command.words {
            shown.push(' ');
            shown.push_str(word);
        }
        shown
    }

    fn finish(mut self, line: &str) -> Result<Command, Vec<Mismatch>> {
        self.check_required_options();
        let positionals = self.others.split_off(self.command.words.len());
        self.check_positionals(&positionals);
        if !self.mistakes.is_empty() {
            return Err(self.mistakes);
        }
        Ok(Command {
            line: line.to_owned(),
            program: self.command.program.clone(),
            words: self.command.words.clone(),
            options: self.options.into_iter().map(|(option, _)| option).collect(),
            positionals: positionals.into_iter().map(|word| word.text).collect(),
        })
    }

    fn check_required_options(&mut self) {
        for option in self.command.options.iter().filter(|option| option.required) {
            let Some(flag) = option.flags.first() else { continue };
            if !self.options.iter().any(|(given, _)| given.flag == *flag) && self.mistakes.is_empty() {
                let problem = format!("`{}` needs the option `{flag}`", self.shown());
                let help = (!option.doc.is_empty()).then(|| format!("`{flag}`: {}", option.doc));
                self.mistakes.push(Mismatch { code: Code::BadCommandLine, span: None, problem, help });
            }
        }
    }

    /// After an unknown option nobody can say whether the next word was its value.
    fn check_positionals(&mut self, given: &[Word]) {
        if self.has_unknown_option {
            return;
        }
        let command = self.command;
        for (index, word) in given.iter().enumerate() {
            let known = command.positionals.get(index).or(command.positionals.last().filter(|last| last.repeated));
            match known {
                Some(positional) => self.check(&positional.kind, &word.text, word),
                None => self.mistake(word, format!("`{}` does not take `{}`", self.shown(), word.text), None),
            }
        }
        for missing in command.positionals.iter().skip(given.len()).filter(|positional| positional.required) {
            let problem = format!("`{}` needs {}", self.shown(), missing.name);
            self.mistakes.push(Mismatch { code: Code::BadCommandLine, span: None, problem, help: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::split;
    use super::*;
    use crate::scenario::testing::vocabulary;

    fn read(line: &str) -> Result<Command, Vec<String>> {
        let vocabulary = vocabulary();
        let table = &vocabulary.product("opengauss_dms").unwrap().commands;
        match_command(line, &split(line).unwrap(), table)
            .map_err(|mistakes| mistakes.into_iter().map(|mistake| mistake.problem).collect())
    }

    #[test]
    fn options_may_be_clustered_attached_or_apart() {
        let query = read("cm_ctl query -Cvipd").unwrap();
        assert!(["-C", "-v", "-i", "-p", "-d"].iter().all(|flag| query.has(flag)));
        for line in ["cm_ctl switchover -n 2 -D /d", "cm_ctl -n2 switchover -D/d", "cm_ctl switchover -D /d -n 2"] {
            let command = read(line).unwrap();
            assert_eq!(command.words, ["switchover"]);
            assert_eq!((command.option("-n"), command.option("-D")), (Some("2"), Some("/d")), "{line}");
        }
    }

    #[test]
    fn every_mistake_of_a_line_is_reported() {
        assert_eq!(
            read("cm_ctl switchover -n two -D /d -z now"),
            Err(vec!["`two` is not a whole number".to_owned(), "`cm_ctl switchover` has no option `-z`".to_owned(),])
        );
        assert_eq!(read("cm_ctl switchover -n 2"), Err(vec!["`cm_ctl switchover` needs the option `-D`".to_owned()]));
        assert_eq!(read("cm_ctl switchover -D /d -n"), Err(vec!["`-n` needs a value".to_owned()]));
        assert_eq!(read("rm -rf /"), Err(vec!["no program `rm`".to_owned()]));
        assert_eq!(read("cm_ctl swichover"), Err(vec!["`cm_ctl` cannot `swichover`".to_owned()]));
        assert_eq!(read("cm_ctl"), Err(vec!["`cm_ctl` needs to be told what to do".to_owned()]));
        assert_eq!(read(""), Err(vec!["this command line is empty".to_owned()]));
        assert_eq!(read("cm_ctl query -C | grep x").unwrap_err().len(), 3);
    }
}
