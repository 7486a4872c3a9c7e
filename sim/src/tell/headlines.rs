//! Which entries of the timeline are headlines: what a person reads on the one screen.
//!
//! A drill of two minutes announces thousands of things and a screen has room for thirty. What was done, what clients
//! noticed and when writing began and ended are always headlines. Of the rest, what several nodes announce together,
//! or one node again and again, is told once; and what is rare goes before what is usual, over the whole run, so that
//! the end of a drill is told as well as its beginning. Everything else stays in the timeline, for the page.

use std::collections::BTreeMap;

use reports::{Entry, EntryKind, Importance, Moment, Sentence};

/// The most headlines, unless what is always told is more.
const MOST: usize = 32;
/// The same thing within this time, in milliseconds, is one headline.
const TOGETHER: u64 = 2_000;

/// An entry of the timeline, and by what it is the same as another.
pub(super) struct Draft {
    /// The entry, with the importance that it would have alone.
    pub(super) entry: Entry,
    /// What it is about, the same for equal things: the name of an event, a complaint without its numbers.
    pub(super) subject: Option<String>,
    /// Whether it is told however many there are.
    pub(super) always: bool,
}

/// Several entries that say the same, close to one another: the first is told for all.
struct Group {
    first: usize,
    last: Moment,
    times: usize,
    others: Vec<String>,
}

/// The entries in the order they came in, with the importance that they have on the one screen.
pub(super) fn choose(drafts: Vec<Draft>) -> Vec<Entry> {
    let groups = together(&drafts);
    let mut drafts = drafts;
    let mut how_often: BTreeMap<String, usize> = BTreeMap::new();
    for group in &groups {
        *how_often.entry(subject(&drafts[group.first])).or_default() += 1;
    }
    for draft in &mut drafts {
        let told_alone = draft.subject.is_none();
        if !told_alone && draft.entry.importance == Importance::Major {
            draft.entry.importance = Importance::Normal;
        }
    }
    let told_anyway = drafts.iter().filter(|draft| draft.entry.importance == Importance::Major).count();
    let (always, mut rest): (Vec<Group>, Vec<Group>) = groups.into_iter().partition(|group| drafts[group.first].always);
    let room = MOST.saturating_sub(told_anyway + always.len());
    rest.sort_by_key(|group| {
        let first = &drafts[group.first];
        let is_log = first.entry.kind == EntryKind::Log;
        (usual(how_often[&subject(first)]), is_log, group.first)
    });
    rest.truncate(room);
    for group in always.iter().chain(&rest) {
        tell(&mut drafts[group.first].entry, group);
    }
    drafts.into_iter().map(|draft| draft.entry).collect()
}

/// How little is told by a headline of which there are that many.
fn usual(how_often: usize) -> usize {
    match how_often {
        ..=3 => 0,
        4..=8 => 1,
        _ => 2,
    }
}

fn subject(draft: &Draft) -> String {
    draft.subject.clone().unwrap_or_default()
}

/// The groups of major entries that have a subject, in order of their first ones.
fn together(drafts: &[Draft]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut open: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        let Some(subject) = draft.subject.as_deref().filter(|_| draft.entry.importance == Importance::Major) else {
            continue;
        };
        let at = draft.entry.at;
        let same = (subject, draft.entry.text.en.as_str());
        let recent = open.get(&same).copied().filter(|group| at.since(groups[*group].last).as_millis() < TOGETHER);
        match recent {
            Some(group) => groups[group].join(drafts, draft, at),
            None => {
                open.insert(same, groups.len());
                groups.push(Group { first: index, last: at, times: 1, others: Vec::new() });
            }
        }
    }
    groups
}

impl Group {
    fn join(&mut self, drafts: &[Draft], draft: &Draft, at: Moment) {
        self.last = at;
        self.times += 1;
        let Some(lane) = &draft.entry.lane else { return };
        if drafts[self.first].entry.lane.as_ref() != Some(lane) && !self.others.contains(lane) {
            self.others.push(lane.clone());
        }
    }
}

/// Makes an entry the headline of its group.
fn tell(entry: &mut Entry, group: &Group) {
    entry.importance = Importance::Major;
    let mut english = entry.text.en.clone();
    let mut chinese = entry.text.zh.clone();
    if !group.others.is_empty() {
        let others = group.others.join(", ");
        english.push_str(&format!("; also {others}"));
        chinese = chinese.map(|chinese| format!("{chinese};{others} 亦然"));
    }
    if group.times > 1 + group.others.len() {
        let lasting = group.last.since(entry.at);
        english.push_str(&format!("; {} times in {}", group.times, lasting));
        chinese = chinese.map(|chinese| format!("{chinese};{lasting} 内 {} 次", group.times));
    }
    entry.text = match chinese {
        Some(chinese) => Sentence::new(english, chinese),
        None => Sentence::english(english),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(millis: u64, lane: &str, subject: Option<&str>) -> Draft {
        let entry = Entry {
            at: Moment::from_millis(millis),
            event: None,
            lane: Some(lane.to_owned()),
            component: None,
            kind: EntryKind::Announced,
            importance: Importance::Major,
            text: Sentence::new(subject.unwrap_or("a deed"), "某事"),
        };
        Draft { entry, subject: subject.map(str::to_owned), always: subject.is_none() }
    }

    fn headlines(drafts: Vec<Draft>) -> Vec<String> {
        let told = choose(drafts);
        let major = told.iter().filter(|entry| entry.importance == Importance::Major);
        major.map(|entry| format!("{} {}", entry.at, entry.text.en)).collect()
    }

    #[test]
    fn what_several_nodes_announce_together_is_told_once() {
        let drafts = vec![
            draft(1_000, "dn2", Some("reform.started")),
            draft(1_010, "dn1", Some("reform.started")),
            draft(1_020, "dn3", Some("reform.started")),
            draft(9_000, "dn1", Some("reform.started")),
        ];
        assert_eq!(headlines(drafts), ["1.000s reform.started; also dn1, dn3", "9.000s reform.started"]);
    }

    #[test]
    fn what_a_node_repeats_is_told_once_with_how_often() {
        let drafts = (0..9).map(|number| draft(1_000 + number * 500, "dn2", Some("reform.blocked"))).collect();
        assert_eq!(headlines(drafts), ["1.000s reform.blocked; 9 times in 4s"]);
    }

    #[test]
    fn when_there_is_too_much_the_rare_is_told_over_the_whole_run_and_deeds_always() {
        let mut drafts: Vec<Draft> = (0..60).map(|number| draft(number * 10_000, "dn1", Some("usual"))).collect();
        drafts.push(draft(610_000, "dn1", Some("rare")));
        drafts.push(draft(620_000, "dn1", None));
        let told = headlines(drafts);
        assert_eq!(told.len(), MOST);
        assert_eq!(told[MOST - 2..], ["610.000s rare", "620.000s a deed"]);
    }
}
