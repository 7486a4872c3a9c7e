//! Whatever a file contains, it is refused in words or understood; nothing panics.

use std::time::Duration;

use proptest::prelude::*;

use super::{PROMOTE_BEFORE_STOP, SWITCHOVER_FAIL, diagnostics};
use crate::draws::Draws;
use crate::scenario::render::{Style, carets, github, json_lines};
use crate::scenario::source::Source;
use crate::scenario::testing::vocabulary;
use crate::scenario::{check, explain};

/// Takes a text through everything that a command could do with it.
fn take_through(text: &str) {
    match check(Source::new("scenarios/drill.toml", text), &vocabulary()) {
        Ok(accepted) => {
            explain(&accepted.scenario);
            Draws::of(&accepted.scenario, 1).to_toml().unwrap();
        }
        Err(rejected) => {
            assert!(!rejected.diagnostics.is_empty(), "refused without a word: {text:?}");
            let (all, source) = (&rejected.diagnostics, &rejected.source);
            carets(all, source, Style::Coloured);
            json_lines(all, source);
            github(all, source);
        }
    }
}

/// Words that mean something somewhere, so that a mutated file gets past the first hurdles.
const PIECES: &[&str] = &[
    "\"",
    "'",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    "..",
    "/",
    ".",
    "\n",
    "\\",
    "-",
    "0",
    "18446744073709551615",
    "s",
    "中文",
    "\u{7f}",
    "after",
    "at",
    "for",
    "dn2",
    "switchover",
    "kill-new-primary",
    "primary",
    "\"1s..2s\"",
    "1/0",
    "name",
    "[[fault]]\n",
    "[[step]]\n",
    "partition = { between = [\"dn1\", \"dn2\"] }\n",
    "\"\"\"",
    "1979-05-27",
    "nan",
    "true",
];

fn mutated() -> impl Strategy<Value = String> {
    let whole = prop_oneof![Just(SWITCHOVER_FAIL), Just(PROMOTE_BEFORE_STOP)];
    let slips = prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, 0..PIECES.len()), 1..6);
    (whole, slips).prop_map(|(whole, slips)| {
        slips.into_iter().fold(whole.to_owned(), |mut text, (at, length, piece)| {
            let start = text.floor_char_boundary(at.index(text.len() + 1));
            let end = text.ceil_char_boundary((start + length).min(text.len()));
            text.replace_range(start..end, PIECES[piece]);
            text
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_refused_in_words(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        take_through(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn random_pieces_are_refused_in_words(pieces in prop::collection::vec(0..PIECES.len(), 0..60)) {
        take_through(&pieces.into_iter().map(|piece| PIECES[piece]).collect::<String>());
    }

    #[test]
    fn slips_of_the_hand_are_refused_in_words(text in mutated()) {
        take_through(&text);
    }
}

/// As large as a file may be, and built to make comparing names expensive.
#[test]
fn a_large_file_of_nonsense_is_refused_soon() {
    let repeated = |line: &str| line.repeat((200 << 10) / line.len());
    let entries = "[[fault]]\nname = \"a-rather-long-name\"\nafter = \"another-rather-long-name\"\n".repeat(499);
    for text in [
        repeated("[[fault]]\n"),
        repeated("[[step]]\nname = \"x\"\nafter = \"y\"\n"),
        entries,
        format!("x = [{}]", repeated("[[[[],")),
        (0..15_000).map(|number| format!("nonsense{number} = 1\n")).collect(),
        format!("[product]\nmodel = 'opengauss_dms'\ndefects = [{}]", repeated("'kick-keeps-lok',")),
        format!("[[step]]\non = 'dn1'\ncommand = '{}'", repeated("cm_ctl -")),
    ] {
        // A person waits for this; the bound is far above what it takes, and far below what a square of it would.
        #[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "measures this machine, not a run")]
        let begin = std::time::Instant::now();
        let (source, diagnostics) = diagnostics(&text);
        carets(&diagnostics, &source, Style::Plain);
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", &text[..40]);
        assert!(!diagnostics.is_empty());
    }
}
