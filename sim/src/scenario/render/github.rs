//! Mistakes as GitHub annotations: one workflow command a line, shown beside the lines of the file.

use super::ends;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::source::Source;

/// One line for each diagnostic.
pub fn github(diagnostics: &[Diagnostic], source: &Source) -> String {
    diagnostics.iter().map(|diagnostic| annotation(diagnostic, source) + "\n").collect()
}

fn annotation(diagnostic: &Diagnostic, source: &Source) -> String {
    let file = escaped_property(source.path());
    let place = diagnostic.labels.first().map_or(String::new(), |label| {
        let (start, end) = ends(&label.span, source);
        let (line, column) = (start.line, start.column);
        // GitHub shows columns only where the words stand on one line.
        match end.line == line {
            true => format!(",line={line},endLine={line},col={column},endColumn={}", end.column),
            false => format!(",line={line},endLine={}", end.line),
        }
    });
    let title = escaped_property(&format!("{}: {}", diagnostic.code, diagnostic.code.entry().title));
    let mut message = diagnostic.message.clone();
    for more in diagnostic.labels.first().map(|label| &label.text).into_iter().chain(&diagnostic.help) {
        message.push('\n');
        message.push_str(more);
    }
    format!("::{} file={file}{place},title={title}::{}", diagnostic.severity, escaped(&message))
}

/// Names and messages come from files: nothing in them may begin another command.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escaped_property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::codes::Code;

    #[test]
    fn nothing_can_begin_another_command() {
        let source = Source::new("a,b.toml", "x = 1\n");
        let diagnostic = Diagnostic::error(Code::UnknownKey, "50%\n::error::x").label(0..1, "unknown key");
        assert_eq!(
            github(&[diagnostic], &source),
            "::error file=a%2Cb.toml,line=1,endLine=1,col=1,endColumn=2,title=S008%3A there is no such key here\
             ::50%25%0A::error::x%0Aunknown key\n"
        );
    }
}
