//! Every mistake a scenario file can contain, with its code and an explanation.
//!
//! A code is part of the public face: scripts match on it and `simrun explain S014` prints its entry. Codes are
//! added at the end and never reused.

use std::fmt;

/// One entry of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeEntry {
    /// The mistake.
    pub code: Code,
    /// Its code: `S014`.
    pub number: &'static str,
    /// Its name in a few words.
    pub title: &'static str,
    /// What it means and what to do.
    pub explanation: &'static str,
}

/// Declares the enum and the list from one table, so that neither can miss an entry.
macro_rules! codes {
    ($($number:ident $name:ident $title:literal, $explanation:literal;)+) => {
        /// A mistake a scenario file can contain.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $name,)+
        }

        /// Every code, in order.
        pub const CODES: &[CodeEntry] = &[
            $(CodeEntry {
                code: Code::$name,
                number: stringify!($number),
                title: $title,
                explanation: $explanation,
            },)+
        ];
    };
}

codes! {
    S001 FileMissing "there is no such file",
        "The path names nothing. Paths are taken from the directory in which simrun was started.";
    S002 NotAFile "this is not a file",
        "A scenario is a single text file. To run a whole directory, name the directory itself; it is searched for files that end in .toml.";
    S003 FileTooLarge "the file is too large",
        "Scenario files are small: the limit is 256 KiB, checked before anything is read. A file this large is something else, perhaps a log or a backup.";
    S004 NotText "the file is not text",
        "Scenario files are UTF-8 text. Convert files in other encodings (such as GBK) to UTF-8 first.";
    S005 Unreadable "the file cannot be read",
        "The operating system refused to read the file; its own words are in the message.";
    S006 NewerFormat "the file is written for another version of the language",
        "`format` says which version of the language a file uses. This program reads format 1. Nothing else in the file was looked at.";
    S007 Syntax "the file is not valid TOML",
        "The text breaks a rule of TOML (a missing quote, a bracket, a key given twice). Every such place is listed; the meaning of the file is looked at once they are mended.";
    S008 UnknownKey "there is no such key here",
        "Keys are kebab-case and each table has a closed list of them; a misspelled key is refused rather than ignored. `simrun schema` gives the list to an editor.";
    S009 WrongType "this value has the wrong type",
        "The key takes another kind of TOML value: text in quotes, a whole number, true or false, a list in [ ] or a table in { }.";
    S010 MissingKey "something required is missing",
        "Few keys are required: `format`, `[drill] id` and `title`, `[product] model`, at least one `[[node]]`, and names and targets where nothing sensible can be assumed.";
    S011 NoUnit "a number has no unit",
        "Lengths of time and sizes always carry their unit (\"20s\", \"50ms\", \"64MB\"), so that nobody has to guess whether 20 means seconds or milliseconds.";
    S012 NotAValue "this text cannot be read as the value wanted here",
        "The key takes a value of a certain form (a length of time, a range, a rate, a size, an address of sectors). The help says which.";
    S013 RangeUpsideDown "a range begins after it ends",
        "Ranges are written `low..high`, both ends included.";
    S014 AfterNothing "`after` names nothing",
        "`after` takes the name of a step or a fault of this file, `NAME.started` or `NAME.ended`, or an event that a node announces: `dn2.reformer-lock.acquired`. `simrun list events` prints the events.";
    S015 AfterCycle "steps and faults wait for each other in a circle",
        "Each of them waits for another, so none of them can ever happen. Give one of them a time with `at`, or let it wait for an event.";
    S016 NoVerb "the entry does nothing",
        "A step carries one verb or a `command`, a fault carries one verb. `simrun list steps` and `simrun list faults` print them.";
    S017 TwoVerbs "the entry does two things",
        "One entry, one verb: split it in two. The second may say `after = \"NAME OF THE FIRST\"`.";
    S018 NoTime "the entry has no time",
        "Say when it happens: `at = \"20s\"`, or `after = \"NAME\"` with an optional `delay`.";
    S019 TwoTimes "the entry has two times",
        "`at` and `after` exclude each other. Use `after` with `delay` for a time counted from another moment.";
    S020 RatioMalformed "this is not a ratio",
        "Ratios are fractions of whole numbers, such as \"1/1000\". A probability is at most 1. There are no percentages and no decimals.";
    S021 DuplicateName "this name is used twice",
        "Nodes, steps and faults are referred to by name, so every name is used once in a file; steps and faults share their names.";
    S022 BadName "this cannot be a name",
        "A name has letters, digits, `-` and `_`, at most 64 of them, and is not a word of the language such as `primary`.";
    S023 UnknownNode "there is no such node",
        "A target is the name of a node of this file, or a role that is bound when the entry happens: `primary`, `old-primary`, `new-primary`, `any-standby`, `every-standby`, `all`, and those the product adds.";
    S024 UnknownProcess "no such process runs on this node",
        "A target is `host` or `host/process`. Which processes run on a host follows from its role.";
    S025 UnknownRole "the product has no such role",
        "A node's role says which processes run on it; roles belong to the product.";
    S026 UnknownProduct "there is no model of this product",
        "`[product] model` is one of the modelled products. There is no generic one.";
    S027 UnknownProfile "the product has no such profile",
        "A profile is a version of the product whose behaviour differs.";
    S028 UnknownParameter "the product has no such parameter",
        "`[product] set` takes the product's own parameters under their real names.";
    S029 UnknownDefect "the product has no such defect",
        "A defect is a real bug of the product that its model can switch back on.";
    S030 UnknownEvent "no node announces such an event",
        "Events have dotted kebab-case names. `simrun list events --product MODEL` prints them.";
    S031 UnknownCommand "the product has no such command",
        "A `command` is looked up in the product's own command table. Nothing reaches a shell: no pipes, no variables, no other programs.";
    S032 BadCommandLine "the command does not take these words",
        "The command exists, but an option or an argument is unknown, missing or malformed.";
    S033 UnknownCheck "there is no such check",
        "Checks come from the catalogue, which `simrun list checks` prints.";
    S034 CheckMode "a check says one of always, eventually and sometimes",
        "`always` is for what must never break, `eventually` for what must come true within a time, `sometimes` for what the run must have reached to prove anything.";
    S035 UnknownWorkload "there is no such workload",
        "A workload drives traffic and knows how its answers are judged; a product serves some of them.";
    S036 ExpectUndeclared "a check is expected to break, but the file does not declare it",
        "`[expect] of` lists checks of this file's own `[[check]]` entries.";
    S037 UnknownWord "this is not one of the words that are possible here",
        "The key takes one of a few words; the help lists them.";
    S038 UnknownDevice "the product has no such device, region, file or external command",
        "Devices, their regions, files and the external commands a fault may break belong to the product.";
    S039 OutOfBounds "a number is out of bounds",
        "The number is well formed but makes no sense here; the help says what does.";
    S040 NotTogether "these keys do not go together",
        "One of the keys has no meaning beside the other, or without one that is missing; the help says what to remove or add.";
    S041 VerbNotOffered "the product has no command for this verb",
        "A portable verb is an alias of the product's own command. Use `command` with what an operator of this product would type.";
    S042 NeverHappens "this would never happen",
        "The moment lies behind `[run] time-limit`, so the run ends first. A warning: the rest of the scenario still runs.";
    S043 NothingChecked "the scenario checks nothing",
        "Without a `[[check]]` a run can only crash or not. A warning: it still runs.";
    S044 FaultCount "this is not asked of a fault, or not like this",
        "A check asks three things of a fault of its file: `sometimes = \"FAULT.observed\"` (somebody met what it did), `sometimes = \"FAULT.repaired\"` (damage on a device was written over) and `always = \"FAULT.survived\"` (it struck, no node changed its role, clients went on writing).";
}

impl Code {
    /// Its entry in the list.
    pub fn entry(self) -> &'static CodeEntry {
        // The macro lists entries in the order in which it declares variants.
        &CODES[self as usize]
    }

    /// The code called `number` (`S014`, in either case).
    pub fn find(number: &str) -> Option<&'static CodeEntry> {
        CODES.iter().find(|entry| entry.number.eq_ignore_ascii_case(number))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry().number)
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbered_without_gaps_and_found_by_number() {
        for (index, entry) in CODES.iter().enumerate() {
            assert_eq!(entry.number, format!("S{:03}", index + 1));
            assert_eq!(entry.code.entry(), entry);
            assert_eq!(Code::find(&entry.number.to_lowercase()), Some(entry));
        }
        assert_eq!(Code::AfterNothing.to_string(), "S014");
        assert_eq!(Code::find("S999"), None);
    }
}
