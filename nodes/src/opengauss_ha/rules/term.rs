//! Terms: the one thing beside the role that tells a stale primary from a newer one.
//!
//! A term is stamped into every record. It is the larger of what the file `term_file` says and what replay has met;
//! both begin at 1, and plain `gs_ctl` writes 1 into the file before every switchover and failover, even where that
//! lowers it. Source: reference section 1.2 and 4.1 step 1 (`xloginsert.cpp`, `pg_ctl.cpp do_switchover`).

/// The term of a database nobody has promoted.
pub const FIRST: u64 = 1;

/// The term a server writes under. Where `trusts_file_alone` (a planted defect), a lowered file lowers it.
pub fn effective(of_file: u64, of_log: u64, trusts_file_alone: bool) -> u64 {
    if trusts_file_alone { of_file.max(FIRST) } else { of_file.max(of_log).max(FIRST) }
}

/// The term in a `term_file`; a file that is missing or makes no sense counts as the first.
pub fn read(file: Option<&[u8]>) -> u64 {
    let bytes = file.and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(FIRST, |bytes| u64::from(u32::from_le_bytes(bytes)))
}

/// A `term_file`: four bytes.
pub fn file(term: u64) -> Vec<u8> {
    u32::try_from(term).unwrap_or(u32::MAX).to_le_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lowered_file_does_not_lower_the_term() {
        assert_eq!(effective(1, 7, false), 7);
        assert_eq!(effective(9, 7, false), 9);
        assert_eq!(effective(0, 0, false), FIRST);
        assert_eq!(effective(1, 7, true), 1, "the defect believes the file");
    }

    #[test]
    fn the_file_has_four_bytes_and_garbage_counts_as_the_first_term() {
        assert_eq!(file(3), [3, 0, 0, 0]);
        assert_eq!(read(Some(&file(700))), 700);
        assert_eq!(read(None), FIRST);
        assert_eq!(read(Some(b"7")), FIRST);
    }
}
