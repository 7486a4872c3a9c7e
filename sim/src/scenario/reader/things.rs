//! What belongs to the product and its hosts: devices, regions, files, external commands, command lines.

use super::Reader;
use crate::scenario::codes::Code;
use crate::scenario::command::{Command, match_command, split};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::located::{Located, Span};

use crate::scenario::target::DeviceTarget;
use crate::scenario::vocabulary::{Word, names};

impl Reader<'_> {
    /// A device of the product, and whose requests or whose device.
    pub(crate) fn device_target(
        &mut self,
        device: &Option<Located<String>>,
        host: &Option<Located<String>>,
        table: Span,
    ) -> Option<DeviceTarget> {
        let name = match device {
            Some(device) => self.device(device),
            None => self.first_device(table.clone()),
        };
        let lowered = self.optional(host, Self::host);
        let (name, lowered) = (name?, lowered?);
        let is_shared = self.product.and_then(|product| product.device(&name)).is_none_or(|device| device.shared);
        if !is_shared && host.is_none() {
            self.missing(table, &format!("`host` (every host has a device `{name}` of its own)"));
            return None;
        }
        Some(DeviceTarget { device: name, host: lowered })
    }

    fn first_device(&mut self, table: Span) -> Option<String> {
        let Some(product) = self.product else { return Some(String::new()) };
        match product.devices.first() {
            Some(device) => Some(device.name.clone()),
            None => {
                self.missing(table, "`device`");
                None
            }
        }
    }

    /// A device by name.
    pub(in crate::scenario) fn device(&mut self, device: &Located<String>) -> Option<String> {
        let Some(product) = self.product else { return Some(device.text().to_owned()) };
        if product.device(device.text()).is_none() {
            let known = product.devices.iter().map(|device| device.name.as_str());
            self.unknown(Code::UnknownDevice, device, "device", known);
            return None;
        }
        Some(device.text().to_owned())
    }

    /// A named part of a device; nothing is known of it while the device itself is a mistake.
    pub(crate) fn region(&mut self, region: &Located<String>, device: Option<&str>) -> Option<String> {
        let device = device.and_then(|device| self.product?.device(device));
        self.one_of(region, device.map(|device| device.regions.as_slice()), "region")
    }

    /// A file that the product's model reads.
    pub(crate) fn file(&mut self, file: &Located<String>) -> Option<String> {
        self.one_of(file, self.product.map(|product| product.files.as_slice()), "file")
    }

    /// A command that the product's processes call.
    pub(crate) fn external_command(&mut self, command: &Located<String>) -> Option<String> {
        self.one_of(command, self.product.map(|product| product.external_commands.as_slice()), "external command")
    }

    fn one_of(&mut self, name: &Located<String>, known: Option<&[Word]>, what: &str) -> Option<String> {
        let is_fine = known.is_none_or(|known| self.word_of_product(Code::UnknownDevice, name, what, known));
        is_fine.then(|| name.text().to_owned())
    }

    /// Reports a portable verb for which the product has no command.
    pub(crate) fn portable(&mut self, verb: &str, span: Span) {
        let Some(product) = self.product else { return };
        if product.verbs.iter().any(|alias| alias.verb == verb) {
            return;
        }
        let known: Vec<&str> = product.verbs.iter().map(|alias| alias.verb.as_str()).collect();
        let help = format!("verbs of {}: {}; or use `command` with `on`", product.model, known.join(", "));
        let diagnostic =
            Diagnostic::error(Code::VerbNotOffered, format!("{} has no command for `{verb}`", product.model))
                .label(span, "cannot be done with this product")
                .help(help);
        self.report(diagnostic);
    }

    /// A command line of the product.
    pub(crate) fn command(&mut self, line: &Located<String>) -> Option<Command> {
        let words = match split(line.text()) {
            Ok(words) => words,
            Err(open) => {
                let span = self.part(line, &(open.0..line.text().len()));
                let diagnostic = Diagnostic::error(Code::BadCommandLine, "a quote is never closed")
                    .label(span, "opened here")
                    .help("close it, or write \\\\ before it to mean the character itself");
                self.report(diagnostic);
                return None;
            }
        };
        let product = self.product?;
        match match_command(line.text(), &words, &product.commands) {
            Ok(command) => Some(command),
            Err(mistakes) => {
                for mistake in mistakes {
                    let span = mistake.span.map_or_else(|| line.span(), |span| self.part(line, &span));
                    let label = match mistake.code {
                        Code::UnknownCommand => format!("not a command of {}", product.model),
                        _ => "in this command".to_owned(),
                    };
                    let diagnostic = Diagnostic::error(mistake.code, mistake.problem).label(span, label);
                    self.report(diagnostic.maybe_help(mistake.help));
                }
                None
            }
        }
    }

    /// Reports a name the product does not have among some words; true if it has it.
    pub(in crate::scenario) fn word_of_product(
        &mut self,
        code: Code,
        name: &Located<String>,
        what: &str,
        known: &[Word],
    ) -> bool {
        let is_known = names(known).any(|word| word == name.text());
        if !is_known {
            self.unknown(code, name, what, names(known));
        }
        is_known
    }
}
