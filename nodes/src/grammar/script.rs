//! What a procedure prints, as a table: its lines, after which of them each may stand, and what their values must be.
//!
//! It exists because the tools of several products tell what they do line by line. A product's grammar is then its table
//! and the few rules that are its own; keeping what was said, and asking for the same again, is done once, here.

use std::collections::BTreeMap;

use super::{Machine, Phase, holes};

/// What stands in a hole of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hole {
    /// Anything.
    Free,
    /// The same wherever the procedure tells of it: the name of a node, a number of files.
    Same(&'static str),
    /// One more than last time, from 1.
    Next(&'static str),
    /// A place in a log, not before the one that was told last.
    Rising(&'static str),
    /// What the product's own rules judge.
    Own(&'static str),
}

/// Where a line may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// After one of these lines; an empty name is the beginning, when nothing was said yet.
    These(&'static [&'static str]),
    /// Anywhere: a procedure can be cut short at any line, and then another one begins.
    Any,
}

/// A line of a procedure.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What it is called in this table.
    pub name: &'static str,
    /// Its words, with `{}` for what differs.
    pub pattern: &'static str,
    /// What stands in its holes.
    pub holes: &'static [Hole],
    /// Where it may stand.
    pub after: After,
    /// Whether a procedure begins with it: nothing that was said before holds any longer.
    pub begins: bool,
    /// Which of the parties that print side by side says it; its neighbours are those of the same party.
    pub party: &'static str,
}

impl Row {
    /// The same line as another party says it.
    pub const fn of(self, party: &'static str) -> Row {
        Row { party, ..self }
    }
}

/// A line within a procedure.
pub const fn row(
    name: &'static str,
    pattern: &'static str,
    holes: &'static [Hole],
    after: &'static [&'static str],
) -> Row {
    Row { name, pattern, holes, after: After::These(after), begins: false, party: "" }
}

/// The first line of a procedure, which may stand anywhere.
pub const fn first(name: &'static str, pattern: &'static str, holes: &'static [Hole]) -> Row {
    Row { name, pattern, holes, after: After::Any, begins: true, party: "" }
}

/// The names of several lists as one list; `N` is how many there are.
pub const fn joined<const N: usize>(lists: &[&[&'static str]]) -> [&'static str; N] {
    let (mut all, mut count, mut list) = ([""; N], 0, 0);
    while list < lists.len() {
        let mut name = 0;
        while name < lists[list].len() {
            all[count] = lists[list][name];
            (count, name) = (count + 1, name + 1);
        }
        list += 1;
    }
    assert!(count == N, "a list of another length");
    all
}

/// What a procedure has said so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said<M> {
    /// The procedure's first line.
    pub procedure: &'static str,
    last: BTreeMap<&'static str, &'static str>,
    same: BTreeMap<&'static str, String>,
    counted: BTreeMap<&'static str, u64>,
    /// What the product's own rules keep.
    pub own: M,
}

impl<M> Said<M> {
    /// The last line of a party; nothing if it has said none.
    pub fn last_of(&self, party: &str) -> &'static str {
        self.last.get(party).copied().unwrap_or_default()
    }

    /// What was said of this.
    pub fn same(&self, what: &str) -> Option<&str> {
        self.same.get(what).map(String::as_str)
    }

    /// Keeps a value; false if another one was said of the same.
    pub fn agree(&mut self, what: &'static str, value: &str) -> bool {
        self.same.entry(what).or_insert_with(|| value.to_owned()) == value
    }

    /// Something else is meant from now on by the same words.
    pub fn forget(&mut self, what: &str) {
        self.same.remove(what);
    }

    /// How far it has counted.
    pub fn counted(&self, what: &str) -> u64 {
        self.counted.get(what).copied().unwrap_or(0)
    }
}

/// A procedure: its table and the rules that are its own.
pub trait Procedure {
    /// What its own rules keep.
    type Memory: Clone + Default + PartialEq;

    /// Its lines.
    fn rows(&self) -> &'static [Row];

    /// Whether a log may begin at any of its lines: those in front of it are in another file, or gone.
    fn begins_anywhere(&self) -> bool {
        false
    }

    /// Whether what was said so far lets this line be the next.
    fn may_follow(&self, _said: &Said<Self::Memory>, _row: &Row) -> bool {
        true
    }

    /// Whether a value can stand in a hole of its own in any line; a line with another value is somebody else's.
    fn has_the_shape(&self, _hole: &'static str, _value: &str) -> bool {
        true
    }

    /// What of its memory still holds when another procedure begins.
    fn outlasts(&self, _memory: &Self::Memory) -> Self::Memory {
        Self::Memory::default()
    }

    /// Takes the values of a line together, before those of its own holes; false if they cannot stand side by side.
    fn take_line(&self, _said: &mut Said<Self::Memory>, _row: &Row, _values: &[&str]) -> bool {
        true
    }

    /// Takes what stands in a hole of its own; false if it cannot stand there.
    fn take(&self, _said: &mut Said<Self::Memory>, _row: &Row, _hole: &'static str, _value: &str) -> bool {
        true
    }

    /// What a line begins.
    fn phase(&self, _said: &Said<Self::Memory>, _row: &Row) -> Option<Phase> {
        None
    }
}

/// The machine of a procedure that is printed again and again.
pub struct Script<P>(pub P);

impl<P: Procedure> Script<P> {
    /// The rows a message has the shape of: the same words can stand in several places.
    fn rows_of<'a>(&self, message: &'a str) -> impl Iterator<Item = (&'static Row, Vec<&'a str>)> {
        let shaped = |row: &&'static Row, values: &[&str]| {
            let mut holes = row.holes.iter().zip(values);
            holes.all(|(hole, value)| !matches!(hole, Hole::Own(what) if !self.0.has_the_shape(what, value)))
        };
        let rows = self.0.rows().iter().filter_map(move |row| Some((row, holes(row.pattern, message)?)));
        rows.filter(move |(row, values)| shaped(row, values))
    }

    /// What was said after this row; nothing if it cannot stand here with these values.
    fn said(&self, state: &Said<P::Memory>, row: &Row, values: &[&str]) -> Option<Said<P::Memory>> {
        if !self.stands(state, row) {
            return None;
        }
        let mut next = match row.begins {
            true => Said { procedure: row.name, own: self.0.outlasts(&state.own), ..Said::default() },
            false => state.clone(),
        };
        let fits = self.0.take_line(&mut next, row, values)
            && row.holes.iter().zip(values).all(|(hole, value)| self.take(&mut next, row, *hole, value));
        next.last.insert(row.party, row.name);
        fits.then_some(next)
    }

    fn stands(&self, said: &Said<P::Memory>, row: &Row) -> bool {
        let place = match row.after {
            After::Any => true,
            After::These(names) => names.contains(&said.last_of(row.party)),
        };
        let cut = said.last.is_empty() && self.0.begins_anywhere();
        (place || cut) && self.0.may_follow(said, row)
    }

    fn take(&self, said: &mut Said<P::Memory>, row: &Row, hole: Hole, value: &str) -> bool {
        match hole {
            Hole::Free => true,
            Hole::Same(what) => said.agree(what, value),
            Hole::Next(what) => {
                let count = said.counted.entry(what).or_insert(0);
                *count += 1;
                value.parse::<u64>() == Ok(*count)
            }
            Hole::Rising(what) => {
                let Some(place) = place(value) else { return false };
                let last = said.counted.insert(what, place);
                last.is_none_or(|last| last <= place)
            }
            Hole::Own(what) => self.0.take(said, row, what, value),
        }
    }

    /// A line that could come next, with what is known of it.
    fn filled(&self, said: &Said<P::Memory>, row: &Row) -> String {
        let mut parts = row.pattern.split("{}");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for (hole, part) in row.holes.iter().zip(parts) {
            match hole {
                Hole::Same(what) | Hole::Own(what) if !row.begins => text.push_str(said.same(what).unwrap_or("{}")),
                Hole::Next(what) => text.push_str(&(said.counted(what) + 1).to_string()),
                _ => text.push_str("{}"),
            }
            text.push_str(part);
        }
        text
    }
}

impl<P: Procedure> Machine for Script<P> {
    type State = Said<P::Memory>;

    fn knows(&self, message: &str) -> bool {
        self.rows_of(message).next().is_some()
    }

    fn begin(&self, message: &str) -> Vec<Self::State> {
        self.after(&Said::default(), message)
    }

    fn after(&self, state: &Self::State, message: &str) -> Vec<Self::State> {
        self.rows_of(message).filter_map(|(row, values)| self.said(state, row, &values)).collect()
    }

    fn allowed(&self, state: &Self::State) -> Vec<String> {
        let stands =
            |begins: bool| self.0.rows().iter().filter(move |row| row.begins == begins && self.stands(state, row));
        stands(false).chain(stands(true)).map(|row| self.filled(state, row)).collect()
    }

    fn phase(&self, state: &Self::State, message: &str) -> Option<Phase> {
        let (row, _) = self.rows_of(message).find(|(row, _)| state.last_of(row.party) == row.name)?;
        self.0.phase(state, row)
    }
}

/// `0/8CADF0C0` as a number.
pub fn place(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    Some((u64::from_str_radix(high, 16).ok()? << 32) + u64::from_str_radix(low, 16).ok()?)
}

/// The mistakes of a table: lines whose holes are not as many as their pattern has, and neighbours that do not exist.
#[cfg(test)]
pub(crate) fn mistakes(rows: &[Row]) -> Vec<String> {
    let mut mistakes = Vec::new();
    for row in rows {
        if row.pattern.matches("{}").count() != row.holes.len() {
            mistakes.push(format!("{}: holes", row.name));
        }
        let After::These(names) = row.after else { continue };
        let is_there =
            |name: &str| name.is_empty() || rows.iter().any(|other| (other.name, other.party) == (name, row.party));
        let unknown = names.iter().filter(|name| !is_there(name));
        mistakes.extend(unknown.map(|name| format!("{} after {name}", row.name)));
    }
    mistakes
}

/// The steps of a procedure that have no Chinese name.
#[cfg(test)]
pub(crate) fn without_chinese<P: Procedure>(procedure: &P, words: &[crate::operations::Phrase]) -> Vec<String> {
    let phases = procedure.rows().iter().filter_map(|row| procedure.phase(&Said::default(), row));
    phases.map(|phase| phase.step).filter(|step| !words.iter().any(|(english, _)| english == step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::{Replay, Taken, Tracker};

    struct Count;

    const ROWS: &[Row] = &[
        first("begins", "begins {}", &[Hole::Same("name")]),
        row("counts", "counts {} at {}", &[Hole::Next("count"), Hole::Rising("log")], &["begins", "counts"]),
        row("ends", "ends {}", &[Hole::Same("name")], &["counts"]),
    ];

    impl Procedure for Count {
        type Memory = ();

        fn rows(&self) -> &'static [Row] {
            ROWS
        }
    }

    fn first_unexplained(lines: &[&str]) -> Option<(usize, Vec<String>)> {
        let mut replay = Tracker::new(Script(Count));
        lines.iter().enumerate().find_map(|(number, line)| match replay.take(line) {
            Taken::Unexplained(allowed) => Some((number, allowed)),
            _ => None,
        })
    }

    #[test]
    fn lines_follow_their_table_and_repeat_what_was_said() {
        assert_eq!(mistakes(ROWS), Vec::<String>::new());
        let whole = ["begins a", "counts 1 at 0/10", "foreign", "counts 2 at 0/10", "ends a"];
        assert_eq!(first_unexplained(&whole), None);
        let twice = ["begins a", "counts 1 at 0/10", "begins b", "counts 1 at 0/8", "ends b"];
        assert_eq!(first_unexplained(&twice), None);
        for (edited, at) in [
            (vec!["counts 1 at 0/10"], 0),
            (vec!["begins a", "ends a"], 1),
            (vec!["begins a", "counts 2 at 0/10"], 1),
            (vec!["begins a", "counts 1 at 0/10", "counts 2 at 0/8"], 2),
            (vec!["begins a", "counts 1 at 0/10", "ends b"], 2),
        ] {
            assert_eq!(first_unexplained(&edited).map(|(at, _)| at), Some(at), "{edited:?}");
        }
    }

    #[test]
    fn what_could_come_is_told_with_what_is_known() {
        let (_, allowed) = first_unexplained(&["begins a", "counts 1 at 0/10", "counts 1 at 0/10"]).expect("a stray");
        assert_eq!(allowed, ["counts 2 at {}", "ends a", "begins {}"], "what goes on comes first");
    }

    #[test]
    fn a_place_in_the_log_is_a_number() {
        assert_eq!(place("1/1F000028"), Some(0x1_1F00_0028));
        assert_eq!(place("1F000028"), None);
    }
}
