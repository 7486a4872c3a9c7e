//! Names of segments, history files and positions, as PostgreSQL and its children write them.

use crate::parts::wal::Lsn;

/// A timeline: it goes up by one with each promotion.
pub type Timeline = u64;

/// How many segments share the middle part of a name: a name's last part counts within 4 GiB of log.
fn segments_per_id(segment_size: u64) -> u64 {
    (0x1_0000_0000 / segment_size).max(1)
}

/// The file of a segment: timeline, then the number in two parts, eight hexadecimal digits each.
pub fn segment_name(timeline: Timeline, segment: u64, segment_size: u64) -> String {
    let per_id = segments_per_id(segment_size);
    format!("{timeline:08X}{:08X}{:08X}", segment / per_id, segment % per_id)
}

/// The timeline and the number of a segment, from the name of its file; `None` for any other name.
pub fn parse_segment_name(name: &str, segment_size: u64) -> Option<(Timeline, u64)> {
    let is_name = name.len() == 24 && name.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte));
    if !is_name {
        return None;
    }
    let part = |from: usize| u64::from_str_radix(&name[from..from + 8], 16).ok();
    let (timeline, id, rest) = (part(0)?, part(8)?, part(16)?);
    Some((timeline, id * segments_per_id(segment_size) + rest))
}

/// The file that tells where a timeline comes from.
pub fn history_name(timeline: Timeline) -> String {
    format!("{timeline:08X}.history")
}

/// The timeline a history file is of; `None` for any other name.
pub fn parse_history_name(name: &str) -> Option<Timeline> {
    let digits = name.strip_suffix(".history").filter(|digits| digits.len() == 8)?;
    u64::from_str_radix(digits, 16).ok()
}

/// A position as it is printed: `1/1F000028`.
pub fn parse_lsn(text: &str) -> Option<Lsn> {
    let (high, low) = text.split_once('/')?;
    let (high, low) = (u64::from_str_radix(high, 16).ok()?, u64::from_str_radix(low, 16).ok()?);
    Some(Lsn(high << 32 | low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_incident() {
        let size = 16 << 20;
        assert_eq!(segment_name(1, 0x8c, size), "00000001000000000000008C");
        assert_eq!(segment_name(2, 0x11e, size), "00000002000000010000001E");
        for (timeline, segment) in [(1, 0), (1, 0x8c), (2, 0x100), (0xab, 0x12345)] {
            assert_eq!(parse_segment_name(&segment_name(timeline, segment, size), size), Some((timeline, segment)));
        }
        assert_eq!(parse_segment_name("00000001000000000000008C.partial", size), None);
        assert_eq!(parse_segment_name("00000002.history", size), None);
        assert_eq!(parse_history_name(&history_name(3)), Some(3));
        assert_eq!(parse_history_name("00000001000000000000008C"), None);
    }

    #[test]
    fn positions_are_read_as_they_are_printed() {
        let position = Lsn(0x1_1F00_0028);
        assert_eq!(position.to_string(), "1/1F000028");
        assert_eq!(parse_lsn("1/1F000028"), Some(position));
        assert_eq!(parse_lsn("no position"), None);
    }
}
