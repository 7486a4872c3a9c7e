//! Reads EDN, the notation in which Jepsen writes its histories.
//!
//! Only what histories hold: nil, booleans, numbers, strings, keywords, symbols, vectors, lists, maps and sets.
//! A tag (`#jepsen.history.Op{…}`) is dropped and its value kept. Commas are blanks, `;` begins a comment, `#_`
//! hides the next form.

use std::fmt;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edn {
    /// `nil`
    Nil,
    /// `true` or `false`
    Bool(bool),
    /// A whole number that fits.
    Integer(i64),
    /// Any other number, a character or a symbol, as written.
    Symbol(String),
    /// `:name`, without its colon.
    Keyword(String),
    /// `"text"`
    Text(String),
    /// A vector or a list.
    Vector(Vec<Edn>),
    /// A map, in the order written.
    Map(Vec<(Edn, Edn)>),
    /// A set, in the order written.
    Set(Vec<Edn>),
}

/// Where and why reading stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdnError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong there.
    pub reason: String,
}

/// How deep forms may nest: histories need five or six.
const DEEPEST: usize = 64;

impl Edn {
    /// The value under a keyword, if this is a map that has it.
    pub fn get(&self, keyword: &str) -> Option<&Edn> {
        let Edn::Map(entries) = self else { return None };
        entries.iter().find(|(key, _)| matches!(key, Edn::Keyword(name) if name == keyword)).map(|(_, value)| value)
    }

    /// The elements of a vector or list.
    pub fn elements(&self) -> Option<&[Edn]> {
        match self {
            Edn::Vector(elements) => Some(elements),
            _ => None,
        }
    }

    /// The name of a keyword, or of a string or symbol used as one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Edn::Keyword(name) | Edn::Symbol(name) | Edn::Text(name) => Some(name),
            _ => None,
        }
    }

    /// The whole number.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Edn::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

impl fmt::Display for Edn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn all(f: &mut fmt::Formatter<'_>, open: &str, elements: &[Edn], close: &str) -> fmt::Result {
            f.write_str(open)?;
            for (number, element) in elements.iter().enumerate() {
                write!(f, "{}{element}", if number == 0 { "" } else { " " })?;
            }
            f.write_str(close)
        }
        match self {
            Edn::Nil => f.write_str("nil"),
            Edn::Bool(value) => write!(f, "{value}"),
            Edn::Integer(number) => write!(f, "{number}"),
            Edn::Symbol(name) => f.write_str(name),
            Edn::Keyword(name) => write!(f, ":{name}"),
            Edn::Text(text) => write!(f, "{text:?}"),
            Edn::Vector(elements) => all(f, "[", elements, "]"),
            Edn::Set(elements) => all(f, "#{", elements, "}"),
            Edn::Map(entries) => {
                f.write_str("{")?;
                for (number, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key} {value}", if number == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}

/// All forms of a line or a file.
pub fn read_all(text: &str) -> Result<Vec<Edn>, EdnError> {
    let mut reader = Reader::new(text);
    let mut forms = Vec::new();
    while let Some((_, form)) = reader.next_form()? {
        forms.push(form);
    }
    Ok(forms)
}

/// The entries of a history, each with its line: the forms of the file, or the elements of its one vector.
pub fn read_entries(text: &str) -> Result<Vec<(u64, Edn)>, EdnError> {
    let mut reader = Reader::new(text);
    reader.skip_blanks();
    let close = match reader.peek() {
        Some('[') => Some(']'),
        Some('(') => Some(')'),
        _ => None,
    };
    if close.is_some() {
        reader.take();
    }
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_form()? {
        entries.push(entry);
    }
    if let Some(close) = close {
        if !reader.take_if(close) {
            return Err(reader.error(&format!("the history does not end: a `{close}` is missing")));
        }
        if let Some((line, _)) = reader.next_form()? {
            return Err(EdnError { line, reason: "something follows the vector that holds the history".to_string() });
        }
    }
    match reader.peek() {
        None => Ok(entries),
        Some(letter) => Err(reader.error(&format!("unexpected `{letter}`"))),
    }
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: u64,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Reader { rest: text.chars().peekable(), line: 1, depth: 0 }
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().copied()
    }

    fn take(&mut self) -> Option<char> {
        let letter = self.rest.next();
        if letter == Some('\n') {
            self.line += 1;
        }
        letter
    }

    fn take_if(&mut self, wanted: char) -> bool {
        let is_next = self.peek() == Some(wanted);
        if is_next {
            self.take();
        }
        is_next
    }

    fn error(&self, reason: &str) -> EdnError {
        EdnError { line: self.line, reason: reason.to_string() }
    }

    fn skip_blanks(&mut self) {
        while let Some(letter) = self.peek() {
            if letter.is_whitespace() || letter == ',' {
                self.take();
            } else if letter == ';' {
                while self.peek().is_some_and(|letter| letter != '\n') {
                    self.take();
                }
            } else {
                break;
            }
        }
    }

    /// The next form with the line on which it begins; `None` at the end or at a closing bracket.
    fn next_form(&mut self) -> Result<Option<(u64, Edn)>, EdnError> {
        loop {
            self.skip_blanks();
            let line = self.line;
            let Some(letter) = self.peek() else { return Ok(None) };
            if matches!(letter, ']' | ')' | '}') {
                return Ok(None);
            }
            if letter != '#' {
                return Ok(Some((line, self.form()?)));
            }
            self.take();
            if self.take_if('_') {
                self.inner("the form that `#_` hides")?;
                continue;
            }
            if self.take_if('{') {
                return Ok(Some((line, Edn::Set(self.until('}')?))));
            }
            // A tag: what it says of its value is of no use here.
            self.token();
            return Ok(Some((line, self.inner("the value after a tag")?)));
        }
    }

    /// One form that must be there, one level down.
    fn inner(&mut self, what: &str) -> Result<Edn, EdnError> {
        self.descend()?;
        let form = self.next_form()?;
        self.depth -= 1;
        form.map(|(_, form)| form).ok_or_else(|| self.error(&format!("{what} is missing")))
    }

    fn descend(&mut self) -> Result<(), EdnError> {
        self.depth += 1;
        if self.depth > DEEPEST { Err(self.error(&format!("nested more than {DEEPEST} deep"))) } else { Ok(()) }
    }

    fn form(&mut self) -> Result<Edn, EdnError> {
        match self.peek() {
            Some('[') => self.bracket(']').map(Edn::Vector),
            Some('(') => self.bracket(')').map(Edn::Vector),
            Some('{') => self.map(),
            Some('"') => self.text(),
            Some(':') => {
                self.take();
                match self.token() {
                    name if name.is_empty() => Err(self.error("a `:` without a name")),
                    name => Ok(Edn::Keyword(name)),
                }
            }
            Some('\\') => {
                self.take();
                let first = self.take().map(String::from).unwrap_or_default();
                Ok(Edn::Symbol(format!("\\{first}{}", self.token())))
            }
            _ => self.atom(),
        }
    }

    fn bracket(&mut self, close: char) -> Result<Vec<Edn>, EdnError> {
        self.take();
        self.until(close)
    }

    /// The forms up to a closing bracket.
    fn until(&mut self, close: char) -> Result<Vec<Edn>, EdnError> {
        let opened = self.line;
        self.descend()?;
        let mut forms = Vec::new();
        while let Some((_, form)) = self.next_form()? {
            forms.push(form);
        }
        self.depth -= 1;
        if self.take_if(close) {
            return Ok(forms);
        }
        let found = self.peek().map_or("the end".to_string(), |letter| format!("`{letter}`"));
        Err(self.error(&format!("expected `{close}` for what line {opened} opens, found {found}")))
    }

    fn map(&mut self) -> Result<Edn, EdnError> {
        let forms = self.bracket('}')?;
        if forms.len() % 2 == 1 {
            return Err(self.error("a map has a key without a value"));
        }
        let mut forms = forms.into_iter();
        let mut entries = Vec::new();
        while let (Some(key), Some(value)) = (forms.next(), forms.next()) {
            entries.push((key, value));
        }
        Ok(Edn::Map(entries))
    }

    fn text(&mut self) -> Result<Edn, EdnError> {
        self.take();
        let mut text = String::new();
        loop {
            match self.take() {
                None => return Err(self.error("a string does not end")),
                Some('"') => return Ok(Edn::Text(text)),
                Some('\\') => text.push(self.escaped()?),
                Some(letter) => text.push(letter),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, EdnError> {
        match self.take() {
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            Some('r') => Ok('\r'),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some(letter @ ('"' | '\\' | '/')) => Ok(letter),
            Some('u') => {
                let digits: String = (0..4).filter_map(|_| self.take()).collect();
                let code = u32::from_str_radix(&digits, 16).ok();
                code.and_then(char::from_u32).ok_or_else(|| self.error(&format!("`\\u{digits}` is no letter")))
            }
            _ => Err(self.error("a string has a `\\` that escapes nothing")),
        }
    }

    /// Letters up to a blank or a bracket.
    fn token(&mut self) -> String {
        let mut token = String::new();
        while let Some(letter) = self.peek() {
            if letter.is_whitespace() || matches!(letter, ',' | ';' | '"' | '[' | ']' | '(' | ')' | '{' | '}') {
                break;
            }
            token.push(letter);
            self.take();
        }
        token
    }

    fn atom(&mut self) -> Result<Edn, EdnError> {
        let token = self.token();
        Ok(match token.as_str() {
            "" => {
                let letter = self.peek().unwrap_or(' ');
                return Err(self.error(&format!("unexpected `{letter}`")));
            }
            "nil" => Edn::Nil,
            "true" => Edn::Bool(true),
            "false" => Edn::Bool(false),
            _ => match token.trim_end_matches('N').trim_start_matches('+').parse() {
                Ok(number) => Edn::Integer(number),
                Err(_) => Edn::Symbol(token),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Edn {
        let mut forms = read_all(text).unwrap();
        assert_eq!(forms.len(), 1, "{text}");
        forms.remove(0)
    }

    #[test]
    fn every_kind_of_form_is_read() {
        for (text, printed) in [
            ("nil", "nil"),
            ("true", "true"),
            ("-12", "-12"),
            ("12N", "12"),
            ("1.5", "1.5"),
            (":append", ":append"),
            ("\"a \\\"b\\\" \\u0041\"", "\"a \\\"b\\\" A\""),
            ("[1, 2 (3)]", "[1 2 [3]]"),
            ("{:a 1, :b [nil]}", "{:a 1, :b [nil]}"),
            ("#{1 2}", "#{1 2}"),
            ("#jepsen.history.Op{:index 0}", "{:index 0}"),
            ("#inst \"2020\"", "\"2020\""),
            ("; comment\n 1 #_ [2 3]", "1"),
            ("\\a", "\\a"),
        ] {
            assert_eq!(one(text).to_string(), printed);
        }
    }

    #[test]
    fn entries_know_their_lines() {
        let lines = |text| read_entries(text).unwrap().iter().map(|(line, _)| *line).collect::<Vec<_>>();
        assert_eq!(lines("{:a 1}\n\n{:b\n 2}\n{:c 3}"), [1, 3, 5]);
        assert_eq!(lines("[{:a 1}\n {:b 2}]\n"), [1, 2]);
    }

    #[test]
    fn what_cannot_be_read_is_named_by_line() {
        for (text, line, words) in [
            ("{:a 1}\n{:a", 2, "expected `}`"),
            ("{:a 1}\n{:a}", 2, "key without a value"),
            ("[{:a 1}\n", 2, "a `]` is missing"),
            ("[{:a 1}]\n{:b 2}", 2, "follows the vector"),
            ("{:a \"x}", 1, "does not end"),
            ("{:a 1}\n]", 2, "unexpected `]`"),
            ("[1 2)", 1, "a `]` is missing"),
            ("#_", 1, "is missing"),
        ] {
            let error = read_entries(text).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error:?}");
            assert!(error.reason.contains(words), "{text}: {error:?}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_overflow() {
        for open in ["[", "{", "#{", "#a ", "#_"] {
            assert!(read_all(&open.repeat(100_000)).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[\\[\\]{}()#_:\"\\\\a1 \n;,]{0,40}") {
            let _ = read_all(&text);
            let _ = read_entries(&text);
        }
    }
}
