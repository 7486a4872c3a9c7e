//! I1: at most one server writes a shared volume.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use nodes::world::trace::Event;
use reports::{Sentence, sentence};

use super::{
    Check, Example, Finding, Life, Story, announcement, judge_written, kept, life, number, text, violated, volume, who,
};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-one-writer",
    promise: "Once another server has written a volume, the one that wrote it before writes nothing of it any more.",
    promise_zh: "共享卷一旦被新的实例写入,原写入实例不再写入该卷的任何内容。",
    example: Example {
        story: "pb2 is promoted and writes log and pg_control; pb1 goes on and writes over both.",
        text: "\
1s pb1/postgres disk.written volume=wal structure=wal first=100 sectors=1
2s pb2/postgres disk.written volume=wal structure=wal first=100 sectors=1
3s pb2/postgres disk.written volume=wal structure=control first=1 sectors=1
4s pb1/postgres disk.written volume=wal structure=wal first=100 sectors=2
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// What a structure is called; `None` for the marks of the fencing module, which every server may read and write.
fn shown(structure: &str) -> Option<&str> {
    Some(match structure {
        "wal" => "the log",
        "pages" => "data pages",
        "control" => "pg_control",
        "clog" => "pg_xact",
        "slots" => "pg_replslot",
        "pfs" => "the metadata of PFS",
        "fence" => return None,
        other => other,
    })
}

/// A structure in a sentence.
fn in_words(structure: &str) -> Sentence {
    match structure {
        "the log" => ("the log", "日志").into(),
        "data pages" => ("data pages", "数据页").into(),
        "the metadata of PFS" => ("the metadata of PFS", "PFS 元数据").into(),
        name => name.into(),
    }
}

/// One write of a volume.
struct Write<'a> {
    event: &'a Event,
    writer: Life,
    structure: &'a str,
    first: i64,
    sectors: i64,
}

fn write(event: &Event) -> Option<(String, Write<'_>)> {
    let ("disk.written", fields) = announcement(event)? else { return None };
    let (writer, structure) = (life(event.place)?, shown(text(fields, "structure")?)?);
    let (first, sectors) = (number(fields, "first")?, number(fields, "sectors")?);
    Some((volume(fields), Write { event, writer, structure, first, sectors }))
}

/// Judges the writes in the order in which they took effect. A write is wrong if it falls between two writes of another
/// server: that one was not finished. Told are the first wrong write of each structure that changes a sector which the
/// other server wrote last, in order, and then what else was written meanwhile.
pub(super) fn judge(story: &Story) -> Finding {
    let mut volumes: BTreeMap<String, Vec<Write<'_>>> = BTreeMap::new();
    for event in story.events() {
        if let Some((volume, write)) = write(event) {
            volumes.entry(volume).or_default().push(write);
        }
    }
    let damage = volumes.values().filter_map(|writes| damage(story, writes));
    let earliest = damage.min_by_key(|(event, _)| event.at);
    match earliest {
        Some((event, explanation)) => violated(&CHECK, event, explanation),
        None => kept(&CHECK, story, &["disk.written"]),
    }
}

/// The first and the last write of each server.
fn tenures(writes: &[Write<'_>]) -> BTreeMap<Life, (Instant, Instant)> {
    let mut tenures: BTreeMap<Life, (Instant, Instant)> = BTreeMap::new();
    for write in writes {
        tenures
            .entry(write.writer)
            .and_modify(|(_, last)| *last = write.event.at)
            .or_insert((write.event.at, write.event.at));
    }
    tenures
}

fn damage<'a>(story: &Story, writes: &[Write<'a>]) -> Option<(&'a Event, Vec<Sentence>)> {
    let tenures = tenures(writes);
    let unfinished = |writer: Life, at: Instant| {
        tenures.iter().any(|(other, (first, last))| *other != writer && *first < at && at < *last)
    };
    let mut sectors: BTreeMap<i64, &Write<'a>> = BTreeMap::new();
    let mut first_wrong: Option<&'a Event> = None;
    let mut over: Vec<(&str, Life, Sentence)> = Vec::new();
    let mut beside: Vec<(&str, Life, Sentence)> = Vec::new();
    for write in writes {
        let (name, at) = (who(story.trace, write.event), write.event.at);
        let wrong = unfinished(write.writer, at);
        if wrong {
            first_wrong = first_wrong.or(Some(write.event));
        }
        let mut lost = None;
        for sector in write.first..write.first + write.sectors {
            if let Some(old) = sectors.insert(sector, write)
                && old.writer != write.writer
            {
                lost = lost.or(Some((sector, old)));
            }
        }
        let known = |list: &[(&str, Life, Sentence)]| {
            list.iter().any(|(structure, writer, _)| (*structure, *writer) == (write.structure, write.writer))
        };
        match lost.filter(|_| wrong) {
            Some((sector, old)) if !known(&over) => {
                let text = sentence!(
                    "{0} wrote {1} at {at}, sector {sector}, over what {2} had written at {3}.",
                    "{0} 于 {at} 写入{1}(扇区 {sector}),覆盖了 {2} 于 {3} 写入的内容。",
                    name,
                    in_words(write.structure),
                    who(story.trace, old.event),
                    old.event.at
                );
                over.push((write.structure, write.writer, text));
            }
            None if wrong && !known(&over) && !known(&beside) => {
                let text = sentence!(
                    "{0} wrote {1} at {at}, while another server was writing the volume.",
                    "{0} 于 {at} 写入{1},而此时另一实例正在写该卷。",
                    name,
                    in_words(write.structure)
                );
                beside.push((write.structure, write.writer, text));
            }
            _ => {}
        }
    }
    beside.retain(|(structure, writer, _)| over.iter().all(|(other, by, _)| (other, by) != (structure, writer)));
    let told = over.into_iter().chain(beside).map(|(_, _, text)| text).collect();
    first_wrong.map(|event| (event, told))
}
