//! What was typed after `cm_ctl`, as data.

use thiserror::Error;

use crate::opengauss_dms::cm::display::Flags;

/// What cm_ctl shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    Query,
    Switchover,
    Start,
    Stop,
    Pause,
    Resume,
}

/// The options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) program: Program,
    /// `-n`
    pub(super) node: Option<u64>,
    /// `-D`
    pub(super) directory: Option<String>,
    /// `-t`, in seconds
    pub(super) wait_seconds: Option<u64>,
    /// `-m i`
    pub(super) immediate: bool,
    /// The columns of `query`.
    pub(super) flags: Flags,
}

/// What is wrong with what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum OptionError {
    #[error("no operation specified.")]
    NoOperation,
    #[error("unrecognized operation mode \"{0}\".")]
    UnknownOperation(String),
    #[error("invalid option -- '{0}'")]
    UnknownOption(String),
    #[error("option requires an argument -- '{0}'")]
    NoArgument(char),
    #[error("invalid argument \"{argument}\" for option -- '{option}'")]
    BadArgument { option: char, argument: String },
    #[error("node id must be specified when data directory is specified.")]
    DirectoryWithoutNode,
    #[error("node id and data directory must be specified for switchover.")]
    SwitchoverWithoutTarget,
}

impl Options {
    pub(super) fn parse(words: &[String]) -> Result<Options, OptionError> {
        let (operation, rest) = words.split_first().ok_or(OptionError::NoOperation)?;
        let program = match operation.as_str() {
            "query" => Program::Query,
            "switchover" => Program::Switchover,
            "start" => Program::Start,
            "stop" => Program::Stop,
            "pause" => Program::Pause,
            "resume" => Program::Resume,
            other => return Err(OptionError::UnknownOperation(other.to_owned())),
        };
        let mut options = Options {
            program,
            node: None,
            directory: None,
            wait_seconds: None,
            immediate: false,
            flags: Flags::default(),
        };
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            let letters = word.strip_prefix('-').ok_or_else(|| OptionError::UnknownOption(word.clone()))?;
            options.take_letters(letters, &mut words)?;
        }
        options.check()
    }

    /// Letters may stand together; the last of them may take the next word, or the rest of this one.
    fn take_letters<'a>(
        &mut self,
        letters: &str,
        words: &mut impl Iterator<Item = &'a String>,
    ) -> Result<(), OptionError> {
        for (index, letter) in letters.char_indices() {
            if self.take_flag(letter) {
                continue;
            }
            if !matches!(letter, 'n' | 'D' | 't' | 'm') {
                return Err(OptionError::UnknownOption(letter.to_string()));
            }
            let attached = &letters[index + letter.len_utf8()..];
            let argument = match attached {
                "" => words.next().cloned().ok_or(OptionError::NoArgument(letter))?,
                attached => attached.to_owned(),
            };
            return self.take_argument(letter, argument);
        }
        Ok(())
    }

    fn take_flag(&mut self, letter: char) -> bool {
        let query = self.program == Program::Query;
        let flag = match letter {
            'C' if query => &mut self.flags.coupled,
            'v' if query => &mut self.flags.verbose,
            'i' if query => &mut self.flags.addresses,
            'p' if query => &mut self.flags.ports,
            'd' if query => &mut self.flags.directories,
            'w' if query => &mut self.flags.one_per_line,
            // The model's gaussdb has no buffers to write out before, so a fast switchover is no faster.
            'f' => return self.program == Program::Switchover,
            _ => return false,
        };
        *flag = true;
        true
    }

    fn take_argument(&mut self, option: char, argument: String) -> Result<(), OptionError> {
        let bad = |argument: &str| OptionError::BadArgument { option, argument: argument.to_owned() };
        let number = |argument: &str| argument.parse::<u64>().map_err(|_| bad(argument));
        match option {
            'n' => self.node = Some(number(&argument)?),
            't' => self.wait_seconds = Some(number(&argument)?),
            'D' => self.directory = Some(argument),
            _ => match argument.as_str() {
                "i" | "immediate" => self.immediate = true,
                "f" | "fast" | "s" | "smart" => self.immediate = false,
                _ => return Err(bad(&argument)),
            },
        }
        Ok(())
    }

    fn check(self) -> Result<Options, OptionError> {
        match (self.program, self.node.is_some(), self.directory.is_some()) {
            (Program::Switchover, false, _) | (Program::Switchover, _, false) => {
                Err(OptionError::SwitchoverWithoutTarget)
            }
            (_, false, true) => Err(OptionError::DirectoryWithoutNode),
            _ => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, OptionError> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn letters_stand_together_and_arguments_may_be_attached() {
        let flags = parse("query -Cvipd").map(|options| options.flags);
        let expected = Flags {
            coupled: true,
            verbose: true,
            addresses: true,
            ports: true,
            directories: true,
            one_per_line: false,
        };
        assert_eq!(flags, Ok(expected));
        assert_eq!(parse("query -C -v -i -p -d").map(|options| options.flags), Ok(expected));
        assert_eq!(parse("stop -n2 -mi").map(|options| (options.node, options.immediate)), Ok((Some(2), true)));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(parse(""), Err(OptionError::NoOperation));
        assert_eq!(parse("swichover"), Err(OptionError::UnknownOperation("swichover".to_owned())));
        assert_eq!(parse("switchover -n 2"), Err(OptionError::SwitchoverWithoutTarget));
        assert_eq!(parse("switchover -n"), Err(OptionError::NoArgument('n')));
        assert_eq!(parse("start -x"), Err(OptionError::UnknownOption("x".to_owned())));
        assert_eq!(parse("start -C"), Err(OptionError::UnknownOption("C".to_owned())));
        assert_eq!(parse("start -D /data"), Err(OptionError::DirectoryWithoutNode));
        let argument = "two".to_owned();
        assert_eq!(parse("start -n two"), Err(OptionError::BadArgument { option: 'n', argument }));
    }
}
