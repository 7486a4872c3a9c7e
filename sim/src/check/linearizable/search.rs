//! The general case: a search for an order that explains every answer (Wing and Gong, with the memory of Lowe).
//!
//! ```text
//!     calls and answers in time:   A( B( A) C( B) C)
//! ```
//!
//! Whatever was called before the first answer may come first: here `A` or `B`. Choose one whose replies fit the
//! row, take it out of the list, go on with the rest. If the first answer is reached and nothing fits, the last
//! choice was wrong: take it back. A configuration (which operations are placed, and the row after them) that was
//! met before leads nowhere new and is not entered twice: that memory turns the factorial into something usable.
//!
//! Operations with an unknown outcome stand outside the list. They may be placed any time after their call but
//! need never be; they are tried last, because most of them explain nothing.
//!
//! A counter-example for those who want the search to stop at the first dead end: with `write 1`, `write 2` and a
//! read of 1 all concurrent, placing `write 1` and `write 2` first is a dead end, and yet the history is fine.

use super::deeds::Candidate;
use super::rows::{RowNumber, Rows};
use super::table::WordSet;
use crate::check::Budget;
use crate::history::END;

/// What the search found.
pub enum Verdict {
    /// There is an order that explains everything.
    Explained,
    /// There is none.
    Stuck(Stuck),
    /// The budget ended before it was known.
    OutOfBudget,
}

/// The furthest that any order came.
pub struct Stuck {
    /// The candidate whose answer no order can pass.
    pub answered: usize,
    /// How many operations the longest order placed before it.
    pub placed: usize,
    /// The last of them, in order.
    pub last_placed: Vec<usize>,
    /// The row after them.
    pub row: RowNumber,
    /// The candidates that could have come next by time but were refused.
    pub refused: Vec<usize>,
}

/// How many operations of the longest order are kept to be told.
const TOLD: usize = 6;

/// Searches for an order of the candidates that begins with this row. Spends from the budget.
pub fn search(candidates: &[Candidate], start: RowNumber, rows: &mut Rows, budget: &mut Budget) -> Verdict {
    Search::new(candidates, start, rows).run(budget)
}

/// A place in the list of calls and answers. Place 0 is the head.
#[derive(Clone, Copy)]
enum Entry {
    Head,
    Call(usize),
    Answer(usize),
}

/// What is tried next in the present configuration.
#[derive(Clone, Copy)]
enum Cursor {
    /// The entry at this place of the list.
    Place(usize),
    /// The unknown operation with this number, none before it.
    Unknown(usize),
}

struct Search<'a> {
    candidates: &'a [Candidate],
    rows: &'a mut Rows,
    row: RowNumber,
    entries: Vec<Entry>,
    next: Vec<usize>,
    previous: Vec<usize>,
    /// For each candidate, where its call and its answer stand in the list; zero for an unknown one.
    places: Vec<(usize, usize)>,
    /// Candidates with an unknown outcome, by call.
    unknown: Vec<usize>,
    placed: Placed,
    /// The candidates placed, with the row before each and what to try if it is taken back.
    order: Vec<(usize, RowNumber, Cursor)>,
    /// Candidates with an answer that are not placed yet.
    remaining: usize,
    known: WordSet,
    furthest: Option<(usize, Stuck)>,
}

impl<'a> Search<'a> {
    fn new(candidates: &'a [Candidate], start: RowNumber, rows: &'a mut Rows) -> Self {
        let mut moments = Vec::new();
        let mut unknown = Vec::new();
        for (number, candidate) in candidates.iter().enumerate() {
            if candidate.interval.returned == END {
                unknown.push(number);
            } else {
                moments.push((candidate.interval.called, Entry::Call(number)));
                moments.push((candidate.interval.returned, Entry::Answer(number)));
            }
        }
        moments.sort_by_key(|(position, _)| *position);
        unknown.sort_by_key(|number| candidates[*number].interval.called);
        let entries: Vec<Entry> =
            std::iter::once(Entry::Head).chain(moments.into_iter().map(|(_, entry)| entry)).collect();
        let mut places = vec![(0, 0); candidates.len()];
        for (place, entry) in entries.iter().enumerate() {
            match *entry {
                Entry::Head => {}
                Entry::Call(number) => places[number].0 = place,
                Entry::Answer(number) => places[number].1 = place,
            }
        }
        let length = entries.len();
        Search {
            placed: Placed::new(candidates, &entries, &unknown),
            remaining: (length - 1) / 2,
            next: (1..=length).map(|place| place % length).collect(),
            previous: (0..length).map(|place| (place + length - 1) % length).collect(),
            row: start,
            order: Vec::new(),
            known: WordSet::default(),
            furthest: None,
            candidates,
            rows,
            entries,
            places,
            unknown,
        }
    }

    fn run(mut self, budget: &mut Budget) -> Verdict {
        let mut cursor = self.first();
        while self.remaining > 0 {
            if budget.steps == 0 || !self.fits_in(budget.memory) {
                return Verdict::OutOfBudget;
            }
            budget.steps -= 1;
            cursor = match self.advance(cursor) {
                Some(cursor) => cursor,
                None => match self.take_back() {
                    Some(cursor) => cursor,
                    None => return Verdict::Stuck(self.furthest.expect("the search got stuck somewhere").1),
                },
            };
        }
        Verdict::Explained
    }

    fn first(&self) -> Cursor {
        Cursor::Place(self.next[0])
    }

    /// Tries what the cursor points at; gives what to try next, or `None` if nothing is left here.
    fn advance(&mut self, cursor: Cursor) -> Option<Cursor> {
        match cursor {
            Cursor::Place(place) => match self.entries[place] {
                Entry::Call(number) => {
                    let otherwise = Cursor::Place(self.next[place]);
                    Some(if self.place(number, otherwise) { self.first() } else { otherwise })
                }
                Entry::Answer(_) => Some(Cursor::Unknown(0)),
                Entry::Head => unreachable!("an answer stands before the end while operations remain"),
            },
            Cursor::Unknown(index) => self.advance_unknown(index),
        }
    }

    fn advance_unknown(&mut self, index: usize) -> Option<Cursor> {
        let barrier = self.barrier();
        let called_in_time =
            |number: usize| self.candidates[number].interval.called < self.candidates[barrier].interval.returned;
        match self.unknown.get(index).copied().filter(|number| called_in_time(*number)) {
            Some(number) => {
                let otherwise = Cursor::Unknown(index + 1);
                let fresh = !self.placed.contains(number);
                Some(if fresh && self.place(number, otherwise) { self.first() } else { otherwise })
            }
            None => {
                self.note_dead_end(barrier);
                None
            }
        }
    }

    /// The candidate whose answer is the first in the list: all that is called before it may come next.
    fn barrier(&self) -> usize {
        let mut place = self.next[0];
        loop {
            match self.entries[place] {
                Entry::Answer(number) => return number,
                Entry::Call(_) => place = self.next[place],
                Entry::Head => unreachable!("an answer stands before the end while operations remain"),
            }
        }
    }

    /// Places a candidate if its replies fit the row and the configuration is new.
    fn place(&mut self, number: usize, otherwise: Cursor) -> bool {
        let is_unknown = self.places[number].0 == 0;
        let Some(after) = self.candidates[number].step(self.row, self.rows) else { return false };
        if is_unknown && after == self.row {
            // It explains nothing that its absence would not.
            return false;
        }
        self.placed.insert(number);
        if !self.known.insert(self.placed.words(after)) {
            self.placed.remove(number);
            return false;
        }
        self.order.push((number, self.row, otherwise));
        self.row = after;
        if !is_unknown {
            self.unlink(number);
        }
        true
    }

    /// Takes the last placed candidate back; gives what to try instead.
    fn take_back(&mut self) -> Option<Cursor> {
        let (number, before, otherwise) = self.order.pop()?;
        self.row = before;
        self.placed.remove(number);
        if self.places[number].0 != 0 {
            self.relink(number);
        }
        Some(otherwise)
    }

    fn unlink(&mut self, number: usize) {
        let (call, answer) = self.places[number];
        for place in [call, answer] {
            self.next[self.previous[place]] = self.next[place];
            self.previous[self.next[place]] = self.previous[place];
        }
        self.remaining -= 1;
    }

    fn relink(&mut self, number: usize) {
        let (call, answer) = self.places[number];
        for place in [answer, call] {
            self.next[self.previous[place]] = place;
            self.previous[self.next[place]] = place;
        }
        self.remaining += 1;
    }

    /// Remembers the dead end if no other order came as far.
    fn note_dead_end(&mut self, barrier: usize) {
        let position = self.candidates[barrier].interval.returned;
        let further = match &self.furthest {
            None => true,
            Some((best, stuck)) => (position, self.order.len()) > (*best, stuck.placed),
        };
        if !further {
            return;
        }
        let from = self.order.len().saturating_sub(TOLD);
        let stuck = Stuck {
            answered: barrier,
            placed: self.order.len(),
            last_placed: self.order[from..].iter().map(|(number, ..)| *number).collect(),
            row: self.row,
            refused: self.refused(),
        };
        self.furthest = Some((position, stuck));
    }

    /// The candidates in the list before the first answer whose replies do not fit the row.
    fn refused(&mut self) -> Vec<usize> {
        let mut refused = Vec::new();
        let mut place = self.next[0];
        while let Entry::Call(number) = self.entries[place] {
            if self.candidates[number].step(self.row, self.rows).is_none() {
                refused.push(number);
            }
            place = self.next[place];
        }
        refused
    }

    /// Whether memory is within its bound. What is known may be forgotten: that costs time, never truth.
    fn fits_in(&mut self, memory: usize) -> bool {
        if self.known.memory() + self.rows.memory() <= memory {
            return true;
        }
        self.known = WordSet::default();
        self.rows.memory() <= memory / 2
    }
}

/// Which candidates are placed, in a form short enough to be remembered a million times.
///
/// Candidates with an answer are numbered by call. All before `base` are placed, and nothing far beyond it can be,
/// for an operation cannot come before one that was answered earlier: so a few words after `base` say it all.
struct Placed {
    /// For each candidate its bit: among those with an answer, or after them among the unknown.
    bit: Vec<usize>,
    /// Bits of the candidates with an answer.
    answered: Vec<u64>,
    /// Bits of the others.
    unknown: Vec<u64>,
    /// How many candidates have an answer.
    split: usize,
    /// How many of them are placed.
    count: usize,
    /// The first of them that is not placed.
    base: usize,
    /// Scratch for `words`.
    words: Vec<u64>,
}

impl Placed {
    fn new(candidates: &[Candidate], entries: &[Entry], unknown: &[usize]) -> Placed {
        let mut bit = vec![0; candidates.len()];
        let mut split = 0;
        for entry in entries {
            if let Entry::Call(number) = entry {
                bit[*number] = split;
                split += 1;
            }
        }
        for (index, number) in unknown.iter().enumerate() {
            bit[*number] = split + index;
        }
        Placed {
            bit,
            answered: vec![0; split / 64 + 1],
            unknown: vec![0; unknown.len().div_ceil(64)],
            split,
            count: 0,
            base: 0,
            words: Vec::new(),
        }
    }

    fn word_and_mask(&mut self, number: usize) -> (&mut u64, u64) {
        let bit = self.bit[number];
        match bit.checked_sub(self.split) {
            None => (&mut self.answered[bit / 64], 1 << (bit % 64)),
            Some(index) => (&mut self.unknown[index / 64], 1 << (index % 64)),
        }
    }

    fn contains(&mut self, number: usize) -> bool {
        let (word, mask) = self.word_and_mask(number);
        *word & mask != 0
    }

    fn insert(&mut self, number: usize) {
        let (word, mask) = self.word_and_mask(number);
        *word |= mask;
        if self.bit[number] < self.split {
            self.count += 1;
            while self.base < self.split && self.answered[self.base / 64] >> (self.base % 64) & 1 == 1 {
                self.base += 1;
            }
        }
    }

    fn remove(&mut self, number: usize) {
        let (word, mask) = self.word_and_mask(number);
        *word &= !mask;
        if self.bit[number] < self.split {
            self.count -= 1;
            self.base = self.base.min(self.bit[number]);
        }
    }

    /// The configuration with this row as a list of words; equal configurations give equal lists.
    fn words(&mut self, row: RowNumber) -> &[u64] {
        self.words.clear();
        self.words.extend([self.base as u64, Rows::word(row)]);
        self.words.extend_from_slice(&self.unknown);
        let mut beyond = self.count - self.base;
        let mut index = self.base / 64;
        let mut word = self.answered.get(index).copied().unwrap_or(0) >> (self.base % 64) << (self.base % 64);
        while beyond > 0 {
            beyond -= word.count_ones() as usize;
            self.words.push(word);
            index += 1;
            word = self.answered.get(index).copied().unwrap_or(0);
        }
        &self.words
    }
}
